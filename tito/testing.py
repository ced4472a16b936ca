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
from tito.notebook import parse
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
        command = [sys.executable, "-m", "pytest", *PLAIN, "-c", place.root / "pyproject.toml"]
        command += ["--rootdir", files[0].parent.parent, "-o", f"pythonpath={folder}", "--junitxml", report]
        command += ["-p", "tito.feedback", "--tinytorch" if verbose or name != "inline" else "--tinytorch-brief"]
        command += ["--doctest-modules"] if name == "inline" else []
        environment = place.environment(folder) | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        start = perf_counter()
        code = subprocess.run(
            [str(part) for part in [*command, *files]], cwd=files[0].parent.parent, env=environment
        ).returncode
        seconds = perf_counter() - start
        suite = ElementTree.parse(report).getroot().find("testsuite").attrib if report.exists() else {}
    total, skipped = int(suite.get("tests", 0)), int(suite.get("skipped", 0))
    failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
    return Phase(name, code, total - failed - skipped, failed, skipped, seconds)
