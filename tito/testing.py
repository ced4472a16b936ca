"""The tests of a module, each phase a pytest of its own with the student's `tinytorch` in front, and what they say.

The pytest process writes its results to a file (`tito/feedback.py`). If it ends in the middle of a test, because it was stopped
or because the student's code ended it, the rest is run in another one.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from time import perf_counter

from tito import course
from tito.course import ROOT, Module
from tito.errors import TitoError
from tito.export import package, staged
from tito.files import read, write
from tito.limit import TEST_TIMEOUT_S, TIMEOUT_VARIABLE
from tito.notebook import Notebook, parse, test_of
from tito.place import Place
from tito.plain import plain_module
from tito.slips import ended_python, endless
from tito.stub import is_unsolved, is_untouched
from tito.verdict import Judgement, Outcome, Verdict, judge

OPTIONS = ["-q", "--capture=sys", "-p", "no:cacheprovider", "-p", "no:faulthandler", "-p", "tito.feedback"]
EXPORTED_TIMEOUT_S = 4 * TEST_TIMEOUT_S  # some train a network
MAX_PROCESSES = 5  # for the tests of one phase, when they keep ending their process


@dataclass(frozen=True)
class Result:
    """How a test ended."""

    id: str  # pytest's
    name: str  # "test_relu", "examples of relu"
    subject: str  # the exercise that it tests; its own name where there is none
    outcome: str  # "passed", "failed" or "skipped"
    lines: tuple[str, ...] = ()  # what is said about a failure
    placeholder: str = ""
    calls: frozenset[str] = frozenset()
    sections: dict[str, str] | None = None  # WHAT, WHY and TIP
    is_slip: bool = False

    @property
    def as_outcome(self) -> Outcome:
        return Outcome(self.subject, self.outcome != "failed", self.placeholder, self.calls)


@dataclass(frozen=True)
class Phase:
    """The results of some tests of a notebook, and what follows from them."""

    name: str
    notebook: Notebook
    results: tuple[Result, ...]
    broken: str = ""  # why no test could be run
    seconds: float = 0.0

    @property
    def code(self) -> int:
        """The exit code: 0 when all tests have passed, and there were some."""
        return int(bool(self.broken) or not self.results or any(result.outcome == "failed" for result in self.results))

    @cached_property
    def judgements(self) -> dict[str, Judgement]:
        """The verdict of each exercise that was tested, in the order of the notebook, and of whatever else was."""
        exercises = [block.owner for block in self.notebook.solutions]
        tested = dict.fromkeys(result.subject for result in self.results)
        subjects = [
            *(name for name in exercises if name in tested),
            *(name for name in tested if name not in exercises),
        ]
        unsolved = [name for name in exercises if is_unsolved(self.notebook.text, name)]
        return judge(subjects, [result.as_outcome for result in self.results], unsolved)

    def verdict_of(self, result: Result) -> Verdict:
        """Of a single test: one that has passed is solved, whatever becomes of its exercise."""
        return self.judgements[result.subject].verdict if result.outcome == "failed" else Verdict.SOLVED

    def count(self, verdict: Verdict) -> int:
        """How many tests ended like that; skipped ones are not counted."""
        return sum(self.verdict_of(result) is verdict for result in self.results if result.outcome != "skipped")


def run(place: Place, module: Module, phases: tuple[str, ...]) -> Iterator[Phase]:
    """Run phases of a module's tests ("inline", "module", "integration"), and stop after the first that fails.

    The first works on the notebook. The others work on what an export of it would be, so that they test what is in the
    notebook now; nothing in the workspace changes.
    """
    path = place.notebook(module)
    if not path.exists():
        raise TitoError(f"there is no notebooks/{path.name} here: `tito module start {module.number}` writes it")
    texts = package(place, [module])  # before any test: a notebook that cannot be read has no tests to run
    notebook = parse(path)
    for name in phases:
        if name == "inline":
            phase = test_notebook(place, notebook)
        else:
            files = _exported_tests(name, module)
            if not files:
                continue
            with staged(place, texts) as folder:
                phase = _run(name, place, notebook, folder, files, EXPORTED_TIMEOUT_S)
        yield phase
        if phase.code:
            return


def test_notebook(place: Place, notebook: Notebook, timeout: float = TEST_TIMEOUT_S) -> Phase:
    """Run a notebook's own tests, those that a student sees, with the place's `tinytorch`."""
    with tempfile.TemporaryDirectory(prefix="tito_") as folder:
        copy = Path(folder) / "notebooks" / f"{notebook.path.stem}.py"
        write(copy, plain_module(notebook))
        return _run("inline", place, notebook, place.root, [copy], timeout)


test_notebook.__test__ = False


def exercise_judgements(place: Place, module: Module) -> dict[str, Judgement]:
    """The verdict of each exercise of a module's notebook now. Nothing is run while all of them are unsolved.

    Empty when there is no notebook, or when no test can be run: `tito module test` says why.
    """
    path = place.notebook(module)
    if not path.exists():
        return {}
    try:
        notebook = parse(path)
    except TitoError:
        return {}
    exercises = [block.owner for block in notebook.solutions]
    if is_untouched(notebook.text):
        return dict.fromkeys(exercises, Judgement(Verdict.UNSOLVED))
    phase = test_notebook(place, notebook)
    return {} if phase.broken else {name: phase.judgements[name] for name in exercises if name in phase.judgements}


def _exported_tests(phase: str, module: Module) -> list[Path]:
    if phase == "module":
        return [ROOT / "tests" / "modules" / f"test_{module.stem}.py"]
    numbers = {other.number for other in [*course.earlier(module), module]}
    return [path for path in sorted((ROOT / "tests" / "integration").glob("test_*.py")) if path.name[5:7] in numbers]


def _run(name: str, place: Place, notebook: Notebook, package_in: Path, files: list[Path], timeout: float) -> Phase:
    start, results, broken = perf_counter(), [], ""
    with _scratch(notebook) as (folder, source):
        for number in range(MAX_PROCESSES):
            report = folder / f"{number}.jsonl"
            command = [sys.executable, "-m", "pytest", *OPTIONS, "-c", place.root / "pyproject.toml"]
            command += ["--rootdir", files[0].parent.parent, "-o", f"pythonpath={package_in}", "-o", "addopts="]
            command += ["--tinytorch-results", report, "--tinytorch-notebook", source, *files]
            command += [part for result in results for part in ("--deselect", result.id)]
            command += ["--doctest-modules"] if name == "inline" else []
            environment = {
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                "PYTEST_ADDOPTS": "",
                TIMEOUT_VARIABLE: f"{timeout:g}",
            }
            if TIMEOUT_VARIABLE in os.environ:
                environment[TIMEOUT_VARIABLE] = os.environ[TIMEOUT_VARIABLE]
            # not in tests/: Python would take tests/tito for the package `tito`, which the tests import
            ended = _start(
                [str(part) for part in command], files[0].parent, place.environment(package_in) | environment
            )
            new, broken, unfinished = _read(report)
            results += new
            if not unfinished:
                broken = broken or ("" if results else _why_no_test_ran(report, ended))
                break
            results.append(_stopped(unfinished, notebook, report, ended.returncode, environment[TIMEOUT_VARIABLE]))
    return Phase(name, notebook, tuple(results), broken, perf_counter() - start)


@contextmanager
def _scratch(notebook: Notebook) -> Iterator[tuple[Path, Path]]:
    """A folder for results, and in it the notebook itself, which may come from Jupyter, for its lines."""
    with tempfile.TemporaryDirectory(prefix="tito_") as folder:
        source = Path(folder) / "notebooks" / f"{notebook.path.stem}.py"
        write(source, notebook.text)
        yield Path(folder), source


def _start(command: list[str], cwd: Path, environment: dict[str, str]) -> subprocess.CompletedProcess:
    """Run pytest; on a terminal it shows there how far it is."""
    stderr = None if sys.stderr is not None and sys.stderr.isatty() else subprocess.PIPE
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": stderr}
    return subprocess.run(command, cwd=cwd, env=environment, encoding="utf-8", errors="replace", **options)


def _read(report: Path) -> tuple[list[Result], str, str]:
    """The results in a file, why there are none, and the test that began and did not end."""
    results, broken, begun = [], "", ""
    for line in read(report).splitlines() if report.exists() else ():
        entry = json.loads(line)
        if "begins" in entry:
            begun = entry["begins"]
        elif "broken" in entry:
            broken = entry["broken"]
        else:
            begun, lines, calls = "", tuple(entry.pop("lines", ())), frozenset(entry.pop("calls", ()))
            results.append(Result(entry.pop("ends"), lines=lines, calls=calls, **entry))
    return results, broken, begun


def _stopped(test: str, notebook: Notebook, report: Path, code: int, seconds: str) -> Result:
    """The result of a test whose process has ended with it."""
    name = test.rpartition("::")[2].partition("[")[0]
    example = name.removeprefix(f"{notebook.path.stem}.")
    exercises = [block.owner for block in notebook.solutions]
    subject = test_of(name, exercises) or (example if example in exercises else name)
    last_words = _last_words(report)
    if last_words.startswith("Timeout"):
        words = endless(subject, float(seconds))
    else:
        fatal = re.search(r"Fatal Python error: (.+)", last_words)
        words = ended_python(subject, fatal[1] if fatal else f"exit code {code}")
    return Result(test, name, subject, "failed", (words,), is_slip=True)


def _last_words(report: Path) -> str:
    """What ran when the process was ended, as faulthandler has written it."""
    path = report.with_suffix(".traceback")
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def _why_no_test_ran(report: Path, ended: subprocess.CompletedProcess) -> str:
    if _last_words(report).startswith("Timeout"):
        return "reading the notebook took too long: is there a loop outside of its functions that never ends?"
    if ended.returncode in (0, 5):
        return ""
    return ((ended.stderr or "").strip().splitlines() or ["Python ended before the first test"])[-1]
