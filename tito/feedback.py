"""What a test says to a learner: a pytest plugin.

A failing test ends with its TIP, and an exercise that is not solved is one calm sentence instead of a traceback. With
`--tinytorch` every test prints its name, WHAT it checks and WHY, as it finishes.
"""

import doctest
import os
import re

import pytest

MARIMO_CELL = re.compile(r"^\S*__marimo__cell_\S*\.py:", re.MULTILINE)  # where a cell lies is nobody's business
SECTIONS = ("WHAT", "WHY", "TIP")
WORDS = {"passed": "pass", "failed": "FAIL", "skipped": "skip"}


def explain(docstring: str | None) -> dict[str, str]:
    """The sections of a test's docstring.

    >>> explain('''WHAT: rows add up.
    ... WHY: they are probabilities.
    ... TIP: which axis?''')["WHY"]
    'they are probabilities.'
    """
    parts = re.split(rf"^\s*({'|'.join(SECTIONS)}):", docstring or "", flags=re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def pytest_addoption(parser):
    parser.addoption("--tinytorch", action="store_true", help="say of every test WHAT it checks and WHY")
    parser.addoption("--tinytorch-brief", action="store_true", help="the same without WHAT and WHY")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    sections = explain(getattr(getattr(item, "function", None), "__doc__", None))
    report.tinytorch = sections
    dtest = getattr(item, "dtest", None)  # a docstring's examples
    report.example = f"examples of {dtest.name.partition('.')[2]}" if dtest else None
    error = _error(call)
    if isinstance(error, NotImplementedError):
        report.not_done = f"Not done yet. {error}"
        report.longrepr = report.not_done
    elif error is not None and report.failed:
        tip = f"\n\nTIP: {sections['TIP']}" if "TIP" in sections else ""
        where = str(item.config.rootpath) + os.sep  # tito tests a copy of the notebook: the path below it says enough
        report.longrepr = f"{MARIMO_CELL.sub('line ', str(report.longrepr).replace(where, ''))}{tip}"
    return report


def _error(call):
    """The exception that ended a test; of a docstring example the one inside it."""
    error = call.excinfo.value if call.excinfo else None
    if isinstance(error, doctest.UnexpectedException):
        return error.exc_info[1]
    failures = getattr(error, "failures", None)  # pytest collects the failures of all examples of a docstring
    if failures and isinstance(failures[0], doctest.UnexpectedException):
        return failures[0].exc_info[1]
    return error


def _line(item):
    dtest = getattr(item, "dtest", None)
    return (dtest.lineno if dtest else item.reportinfo()[1]) or 0


class Reporter:
    """Prints a line for every test, instead of pytest's dots; pytest counts as always."""

    def __init__(self, config):
        self.verbose = config.getoption("tinytorch")
        self.terminal = config.pluginmanager.get_plugin("terminalreporter")
        # said already: the test of an exercise, its examples and every test that uses it would all say the same
        self.not_done = set()
        self.cases = []  # reports of one test function that has parameters: they become one line

    def pytest_collection_modifyitems(self, items):
        """In the order of the file: the examples of an exercise, then its test."""
        items.sort(key=lambda item: (str(item.path), _line(item)))

    def pytest_report_teststatus(self, report):
        if report.when == "call" or not report.passed:
            category = report.outcome if report.when == "call" or report.skipped else "error"
            return category, "", ""
        return "", "", ""

    def pytest_runtest_logreport(self, report):
        if report.when != "call" and report.passed:
            return
        if self.cases and _function(self.cases[0]) != _function(report):
            self._say()
        self.cases.append(report)

    def pytest_collectreport(self, report):
        """A file that cannot be imported has no tests to report."""
        if report.failed:
            self._line("FAIL", report.nodeid, red=True)
            self._indented(str(report.longrepr))

    def pytest_sessionfinish(self):
        if self.cases:
            self._say()

    def _say(self):
        """What there is to say of a test function: the first case that failed, or that all passed."""
        worst = next((report for report in self.cases if report.failed), self.cases[0])
        count = f" ({len(self.cases)} cases)" if len(self.cases) > 1 else ""
        self.cases = []
        not_done = getattr(worst, "not_done", None)
        if not_done:
            if not_done not in self.not_done:
                self._line("todo", not_done, yellow=True)
                self.not_done.add(not_done)
            return
        word = WORDS[worst.outcome]
        name = worst.example or (worst.nodeid.rpartition("::")[2] if worst.failed else _function(worst)) + count
        self._line(word, name, green=word == "pass", red=word == "FAIL", yellow=word == "skip")
        for section in ("WHAT", "WHY") if self.verbose or worst.failed else ():
            if section in worst.tinytorch:
                self._indented(f"{section}: {worst.tinytorch[section]}")
        if worst.failed:
            self._indented(str(worst.longrepr))

    def _line(self, word, text, **color):
        self.terminal.write(f"  {word}  ", **color)
        self.terminal.line(text)

    def _indented(self, text):
        for line in text.splitlines():
            self.terminal.line(f"        {line}".rstrip())


def _function(report):
    """The name of a test without its parameters; of docstring examples the whole."""
    return report.example or report.nodeid.rpartition("::")[2].partition("[")[0]


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    if config.getoption("tinytorch") or config.getoption("tinytorch_brief"):
        config.pluginmanager.register(Reporter(config), "tinytorch-reporter")
