"""The three phases of a module's tests, each a pytest run of its own with the student's `tinytorch` in front."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from xml.etree import ElementTree

from tito import course
from tito.course import ROOT, Module
from tito.errors import TitoError
from tito.export import package, staged
from tito.files import write
from tito.notebook import Notebook, parse
from tito.place import Place
from tito.plain import plain_module

PLAIN = ["-q", "--no-header", "--no-summary", "-o", "console_output_style=classic", "-p", "no:cacheprovider"]


@dataclass(frozen=True)
class Phase:
    name: str
    code: int  # pytest's exit code
    passed: int
    failed: int
    skipped: int
    seconds: float


def run(place: Place, module: Module, phases: tuple[str, ...], verbose: bool = False) -> Iterator[Phase]:
    """Run phases of a module's tests ("inline", "module", "integration"), and stop after the first that fails.

    The first works on the notebook. The others work on what an export of it would be, so that they test what is in the
    notebook now; nothing in the workspace changes.
    """
    notebook = place.notebook(module)
    if not notebook.exists():
        raise TitoError(f"there is no notebooks/{notebook.name} here: `tito module start {module.number}` writes it")
    texts = package(place, [module])  # before any test: a notebook that cannot be read has no tests to run
    for name in phases:
        with _target(name, place, module, texts) as (folder, files):
            if not files:
                continue
            phase = _pytest(name, place, folder, files, verbose)
        yield phase
        if phase.code:
            return


@contextmanager
def _target(name: str, place: Place, module: Module, texts: dict[str, str]) -> Iterator[tuple[Path, list[Path]]]:
    """The folder whose `tinytorch` a phase imports, and the files with its tests."""
    numbers = {other.number for other in [*course.earlier(module), module]}
    if name == "inline":
        with tempfile.TemporaryDirectory(prefix="tito_") as folder:
            copy = Path(folder) / "notebooks" / f"{module.stem}.py"
            write(copy, plain_module(parse(place.notebook(module))))
            yield place.root, [copy]
        return
    if name == "module":
        files = [ROOT / "tests" / "modules" / f"test_{module.stem}.py"]
    else:
        there = sorted((ROOT / "tests" / "integration").glob("test_*.py"))
        files = [path for path in there if path.name[5:7] in numbers]
    with staged(place, texts) as folder:
        yield folder, files


def _pytest(name: str, place: Place, folder: Path, files: list[Path], verbose: bool) -> Phase:
    with tempfile.TemporaryDirectory(prefix="tito_") as scratch:
        report = Path(scratch) / "report.xml"
        command = _command(place, folder, files, report)
        command += ["--tinytorch" if verbose or name != "inline" else "--tinytorch-brief"]
        command += ["--doctest-modules"] if name == "inline" else []
        start = perf_counter()
        code = subprocess.run(command, cwd=files[0].parent.parent, env=_environment(place, folder)).returncode
        seconds = perf_counter() - start
        suite = ElementTree.parse(report).getroot().find("testsuite").attrib if report.exists() else {}
    total, skipped = int(suite.get("tests", 0)), int(suite.get("skipped", 0))
    failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
    return Phase(name, code, total - failed - skipped, failed, skipped, seconds)


def _command(place: Place, folder: Path, files: list[Path], report: Path) -> list[str]:
    command = [sys.executable, "-m", "pytest", *PLAIN, "-c", place.root / "pyproject.toml"]
    command += ["--rootdir", files[0].parent.parent, "-o", f"pythonpath={folder}", "--junitxml", report]
    return [str(part) for part in [*command, "-p", "tito.feedback", *files]]


def _environment(place: Place, folder: Path) -> dict[str, str]:
    return place.environment(folder) | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def outcomes(place: Place, notebook: Notebook, seconds: float = 120) -> dict[str, str]:
    """Test -> "passes", "fails" or the sentence that says what is not done yet; of a notebook's own tests, in silence.

    Args:
        seconds: how long they may take together.

    Raises:
        TitoError: none of them could be run, and why.
    """
    with tempfile.TemporaryDirectory(prefix="tito_") as scratch:
        report, copy = Path(scratch) / "report.xml", Path(scratch) / "notebooks" / f"{notebook.path.stem}.py"
        write(copy, plain_module(notebook))
        command, environment = _command(place, place.root, [copy], report), _environment(place, place.root)
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        try:
            subprocess.run(command, cwd=scratch, env=environment, timeout=seconds, **quiet)
        except subprocess.TimeoutExpired:
            raise TitoError(f"they had not ended after {seconds:g} seconds") from None
        if not report.exists():
            raise TitoError("Python ended while they were running")
        cases = ElementTree.parse(report).getroot().findall("testsuite/testcase")
    found: dict[str, str] = {}
    for case in cases:
        name = case.get("name", "").partition("[")[0]
        failure = case.find("failure")
        if case.find("error") is not None and not name.startswith("test_"):
            raise TitoError(_last_line(case.find("error").text))
        if failure is None:
            found.setdefault(name, "passes" if case.find("error") is None else "fails")
        elif found.get(name, "passes") == "passes":
            found[name] = failure.text if (failure.text or "").startswith("Not done yet") else "fails"
    return found


def _last_line(text: str | None) -> str:
    """What an exception says, without the way that led to it."""
    lines = [line.removeprefix("E").strip() for line in (text or "").splitlines() if line.startswith("E ")]
    return (lines or ["nothing says why"])[-1]
