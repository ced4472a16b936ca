"""What a test says to a learner: a pytest plugin.

A failing test ends with its TIP, and an exercise that is not solved is one calm sentence instead of a traceback. With
`--tinytorch` every test prints its name, WHAT it checks and WHY, as it finishes.
"""

import doctest
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
        report.longrepr = f"{MARIMO_CELL.sub('line ', str(report.longrepr))}{tip}"
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
        self.said = set()

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
        not_done = getattr(report, "not_done", None)
        if not_done:
            self._say_once(not_done)
            return
        word = WORDS[report.outcome]
        self.terminal.write(f"  {word}  ", green=word == "pass", red=word == "FAIL", yellow=word == "skip")
        self.terminal.line(report.example or report.nodeid.rpartition("::")[2])
        for section in ("WHAT", "WHY") if self.verbose or report.failed else ():
            if section in report.tinytorch:
                self._indented(f"{section}: {report.tinytorch[section]}")
        if report.failed:
            self._indented(str(report.longrepr))

    def pytest_collectreport(self, report):
        """A file that cannot be imported has no tests to report."""
        if report.failed:
            self.terminal.write("  FAIL  ", red=True)
            self.terminal.line(report.nodeid)
            self._indented(str(report.longrepr))

    def _say_once(self, not_done):
        """The test of an exercise, its examples and every test that uses it would all say the same."""
        if not_done not in self.said:
            self.terminal.write("  todo  ", yellow=True)
            self.terminal.line(not_done)
            self.said.add(not_done)

    def _indented(self, text):
        for line in text.splitlines():
            self.terminal.line(f"        {line}".rstrip())


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    if config.getoption("tinytorch") or config.getoption("tinytorch_brief"):
        config.pluginmanager.register(Reporter(config), "tinytorch-reporter")
