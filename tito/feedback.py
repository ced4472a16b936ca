"""What a test says to a learner: a pytest plugin.

In a workspace a failing test is a few lines in words, and an exercise that is not solved is one calm line. `tito` reads the
results from a file and prints them itself; in marimo's editor, which runs each test below its cell, they are printed here.
Everywhere else a failing test shows its traceback, and its TIP.
"""

import doctest
import faulthandler
import json
import os
import sys
from pathlib import Path
from time import perf_counter

import pytest

from tito.console import CODES
from tito.limit import GRACE_S, test_timeout, time_limit
from tito.lines import Lines
from tito.live import report_lines
from tito.notebook import test_of
from tito.place import is_workspace
from tito.slips import MAX_REPEATED_S, diagnose, exercises_in, explain, on_line, slip_lines
from tito.verdict import COLORS


def pytest_addoption(parser):
    parser.addoption("--tinytorch-results", metavar="FILE", help="write each test's result there, a line of JSON each")
    parser.addoption("--tinytorch-notebook", metavar="FILE", help="the notebook whose exercises are tested")


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    manager = config.pluginmanager
    if file := config.getoption("tinytorch_results"):
        manager.register(ToFile(config, Path(file)), "tinytorch-results")
    elif "MARIMO_PYTEST_WASM" in os.environ:  # set by marimo's editor around each run, also without WebAssembly
        manager.unregister(name="terminalreporter")
        manager.register(InEditor(config), "tinytorch-editor")
    elif is_workspace(config.rootpath):
        manager.register(Learner(config), "tinytorch-learner")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    sections = explain(getattr(getattr(item, "function", None), "__doc__", None))
    if slip := getattr(item, "slip", None):
        report.longrepr = "\n".join(slip_lines(slip, sections))
    elif report.failed and "TIP" in sections:
        report.longrepr = f"{report.longrepr}\n\nTIP: {sections['TIP']}"
    return report


class Learner:
    """Finds words for each failure, and ends what does not end by itself."""

    last_words = None  # a file for what ran when the process had to be ended

    def __init__(self, config: pytest.Config) -> None:
        notebook = config.getoption("tinytorch_notebook")
        self.lines = Lines(Path(notebook)) if notebook else None

    def exercises(self, item: pytest.Item) -> list:
        """The exercises that a test may run."""
        is_example = isinstance(item, pytest.DoctestItem)
        namespace = item.dtest.globs if is_example else vars(item.getparent(pytest.Module).obj)
        return self.lines.exercises(namespace) if self.lines else exercises_in(namespace)

    def subject(self, item: pytest.Item) -> str:
        """The exercise that a test is about; of any other test the name."""
        name = _name(item)
        if isinstance(item, pytest.DoctestItem):
            return name.removeprefix("examples of ")
        names = self.lines.names if self.lines else [exercise.name for exercise in self.exercises(item)]
        return test_of(name, names) or name

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item):
        globs = dict(item.dtest.globs) if isinstance(item, pytest.DoctestItem) else None
        start = perf_counter()
        try:
            with time_limit(test_timeout(), self.last_words):
                return (yield)
        except (pytest.skip.Exception, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as failure:
            error = failure
        # outside of `except`: what is raised from now on did not happen while the error was handled
        item.slip = self.diagnose(item, error, globs, may_repeat=perf_counter() - start < MAX_REPEATED_S)
        raise pytest.fail.Exception(item.slip.words, pytrace=False)

    def diagnose(self, item: pytest.Item, error: BaseException, globs: dict | None, may_repeat: bool):
        def again() -> None:
            if globs is not None:
                item.dtest.globs.update(globs)
            with time_limit(test_timeout(), self.last_words):
                item.runtest()

        inner, own = _innermost(error), self.subject(item)
        locate = self.lines.locate if self.lines else on_line
        slip = diagnose(again, inner, getattr(item, "function", None), own, self.exercises(item), may_repeat, locate)
        example = _failed_example(error)
        if example and not slip.is_slip and not slip.placeholder:
            slip.words, slip.numbers, slip.place = _example_words(example, locate)
        return slip


def _innermost(error: BaseException) -> BaseException:
    """The exception that ended a test; of a docstring's examples the one inside the first that failed."""
    failure = (getattr(error, "failures", None) or [error])[0]  # pytest collects the failures of all examples
    return failure.exc_info[1] if isinstance(failure, doctest.UnexpectedException) else failure


def _failed_example(error: BaseException):
    failure = (getattr(error, "failures", None) or [error])[0]
    return failure if isinstance(failure, doctest.DocTestFailure | doctest.UnexpectedException) else None


def _example_words(failure, locate) -> tuple[str, list[str], str]:
    example = failure.example
    if isinstance(failure, doctest.UnexpectedException):
        got = f"{failure.exc_info[0].__name__}: {failure.exc_info[1]}"
    else:
        got = failure.got
    lines = [f"expected: {' '.join(example.want.split())}", f"got: {' '.join(got.split())}"]
    place = locate(failure.test.filename, (failure.test.lineno or 0) + example.lineno + 1)
    return f"the example {' '.join(example.source.split())}", lines, place


def _name(item: pytest.Item) -> str:
    dtest = getattr(item, "dtest", None)
    return f"examples of {dtest.name.partition('.')[2]}" if dtest else getattr(item, "originalname", None) or item.name


def _line(item: pytest.Item) -> int:
    dtest = getattr(item, "dtest", None)
    return (dtest.lineno if dtest else item.reportinfo()[1]) or 0


class ToFile(Learner):
    """Writes a line before and after each test, for the process that waits for this one; prints nothing but the progress."""

    def __init__(self, config: pytest.Config, path: Path) -> None:
        super().__init__(config)
        self.file = path.open("a", encoding="utf-8")
        self.last_words = path.with_suffix(".traceback").open("w", encoding="utf-8")
        faulthandler.enable(self.last_words)
        # for what runs when a file is imported; from the first test on, each one has its own limit
        faulthandler.dump_traceback_later(test_timeout() + GRACE_S, exit=True, file=self.last_words)
        config.pluginmanager.unregister(name="terminalreporter")
        self.shows_progress = sys.__stderr__ is not None and sys.__stderr__.isatty()

    def write(self, **entry: object) -> None:
        self.file.write(json.dumps(entry) + "\n")
        self.file.flush()

    def progress(self, text: str) -> None:
        if self.shows_progress:
            print(f"\r{text:<40}\r", end="", file=sys.__stderr__, flush=True)

    def pytest_collection_modifyitems(self, items):
        """In the order of the file: the examples of an exercise, then its test."""
        items.sort(key=lambda item: (str(item.path), _line(item)))
        self.count, self.done = len(items), 0

    def pytest_runtest_logstart(self, nodeid, location):
        self.done += 1
        self.progress(f"  test {self.done} of {self.count}")
        self.write(begins=nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = yield
        if report.when == "call" or not report.passed:
            sections = explain(getattr(getattr(item, "function", None), "__doc__", None))
            slip = getattr(item, "slip", None)
            entry = {"ends": report.nodeid, "name": _name(item), "subject": self.subject(item), "sections": sections}
            entry |= {"outcome": report.outcome if report.when == "call" or report.skipped else "failed"}
            if slip:
                entry |= {"lines": slip_lines(slip, sections), "placeholder": slip.placeholder}
                entry |= {"is_slip": slip.is_slip, "calls": sorted(slip.calls)}
            elif report.failed:
                entry |= {"lines": str(report.longrepr).splitlines()[-3:]}
            self.write(**entry)
        return report

    def pytest_collectreport(self, report):
        """A file that cannot be imported has no tests to report."""
        if report.failed:
            errors = [line.removeprefix("E").strip() for line in str(report.longrepr).splitlines() if line[:2] == "E "]
            self.write(broken=(errors or ["no test could be read"])[-1])

    def pytest_unconfigure(self):
        self.progress("")
        faulthandler.cancel_dump_traceback_later()
        faulthandler.disable()


class InEditor(Learner):
    """Prints a line for a test that has passed, is not done or waits, and a few for one that has failed."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = yield
        if report.when == "call":
            names = [exercise.name for exercise in self.exercises(item)]
            verdict, lines = report_lines(
                _name(item), self.subject(item), names, getattr(item, "slip", None), item.function
            )
            with item.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
                print(f"\x1b[{CODES[COLORS[verdict]]}m{lines[0]}\x1b[0m", *lines[1:], sep="\n")
        return report
