"""What is installed, which `tinytorch` is imported, and what is wrong with it."""

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from tito import __version__, course, progress
from tito.course import ROOT
from tito.errors import TitoError
from tito.export import is_hand_edited
from tito.notebook import parse
from tito.place import MARK, Place, find_place
from tito.update import age

INSTALL = "git clone the course, then in the clone: python -m pip install -e ."
REINSTALL = f'"{sys.executable}" -m pip install -e "{ROOT}[data]"'


@dataclass(frozen=True)
class Finding:
    """One check; `fix` is the command that solves the problem, empty if there is none."""

    what: str
    state: str
    fix: str = ""


def info() -> list[tuple[str, str]]:
    """Facts for a bug report: what there is, and where."""
    place = _place_or_none()
    rows = [
        ("tito", f"{__version__} in {ROOT}"),
        ("python", f"{platform.python_version()} in {sys.prefix}"),
        ("system", f"{platform.system()} {platform.release()} on {platform.machine()}, {os.cpu_count()} cores"),
        *(
            (name, _version(name) or "not installed")
            for name in ("numpy", "marimo", "pytest", "typer", "matplotlib", "scikit-learn")
        ),
        ("workspace", str(place.root) if place and not place.is_course else "none here"),
    ]
    return [*rows, ("tinytorch", imported_tinytorch(place) if place else "none here")]


def imported_tinytorch(place: Place) -> str:
    """The path of the `tinytorch` that a program of this place imports, found by importing it."""
    program = "import tinytorch; print(tinytorch.__file__)"
    command = [sys.executable, "-c", program]
    run = subprocess.run(
        command, capture_output=True, encoding="utf-8", errors="replace", cwd=place.root, env=place.environment()
    )
    if run.returncode:
        return (run.stderr.strip().splitlines() or ["the interpreter died"])[-1]
    return run.stdout.strip()


def doctor() -> list[Finding]:
    """Look at everything that tends to break; findings with a `fix` are problems."""
    if reason := course.missing_files():  # everything else follows from this
        return [_python(), Finding("course", reason, INSTALL)]
    findings = [_python(), *_requirements(), _command(), _course(), *_grading()]
    place = _place_or_none()
    if place is None:
        return [*findings, Finding("workspace", "none here", "tito init my-tinytorch")]
    return [*findings, *_place_findings(place)]


def _place_or_none() -> Place | None:
    try:
        return find_place()
    except TitoError:
        return None


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _python() -> Finding:
    good = sys.version_info >= (3, 11)
    return Finding(
        "python",
        platform.python_version(),
        "" if good else "install Python 3.11 or newer, then make a new environment with it",
    )


def _requirements() -> list[Finding]:
    """The packages that pyproject.toml asks for, against those that are installed."""
    from packaging.requirements import Requirement

    try:
        wanted = [Requirement(text) for text in metadata.requires("tinytorch-course") or []]
    except metadata.PackageNotFoundError:
        return [Finding("installation", "the course is not installed in this environment", REINSTALL)]
    findings = []
    for requirement in wanted:
        if requirement.marker and not requirement.marker.evaluate({"extra": "data"}):
            continue
        version = _version(requirement.name)
        good = version is not None and requirement.specifier.contains(version, prereleases=True)
        state = f"{version or 'not installed'}" + ("" if good else f", wanted {requirement}")
        findings.append(Finding(requirement.name, state, "" if good else REINSTALL))
    return findings


def _command() -> Finding:
    command = shutil.which("tito")
    here = Path(sys.executable).parent
    if command and Path(command).parent.resolve() == here.resolve():
        return Finding("tito command", command)
    activate = here / ("Activate.ps1" if os.name == "nt" else "activate")
    line = f"& '{activate}'" if os.name == "nt" else f"source '{activate}'"
    return Finding("tito command", f"{command} belongs to another environment" if command else "not on your PATH", line)


def _course() -> Finding:
    return Finding("course", f"{len(course.available())} modules in {ROOT}")


def _grading() -> list[Finding]:
    """For instructors: what holds the memory of students' code on this machine."""
    if _version("nbgrader") is None:
        return []
    from tito.assignments import sandbox

    if not sandbox.is_there():
        return [Finding("grading sandbox", "not available: students' code would run with your rights (--unsafe-ok)")]
    held_by = sandbox.memory_held_by()
    if held_by == sandbox.BY_PROCESS:
        return [Finding("grading sandbox", "limits the memory of each process, not of a submission as a whole")]
    return [Finding("grading sandbox", f"limits the memory of a submission through {held_by}")]


def _place_findings(place: Place) -> list[Finding]:
    findings = [] if place.is_course else [_workspace(place)]
    where = imported_tinytorch(place)
    own = where == str(place.package / "__init__.py")
    findings.append(Finding("imported tinytorch", where, "" if own else _fix_import(place, where)))
    for module in course.available():
        findings += _module_findings(place, module)
    return findings


def _workspace(place: Place) -> Finding:
    settings = (place.root / "pyproject.toml").read_text(encoding="utf-8", errors="replace")
    needed = (MARK, "reactive_tests = true", "auto_instantiate = true", 'auto_reload = "autorun"')
    lost = [line for line in needed if line not in settings]
    lost += [name for name in ("conftest.py",) if not (place.root / name).exists()]
    if lost:
        return Finding(
            "workspace",
            f"{place.root} lacks {', '.join(lost)}",
            "delete its pyproject.toml, or put the line back; then tito init .",
        )
    return Finding("workspace", str(place.root))


def _fix_import(place: Place, where: str) -> str:
    if "site-packages" in where:
        return f'"{sys.executable}" -m pip uninstall tinytorch'
    return (
        "tito export --all"
        if place.is_course
        else "tito init . adds missing glue; tito export NN writes a broken module anew"
    )


def _module_findings(place: Place, module: course.Module) -> list[Finding]:
    findings = []
    notebook, exported = place.notebook(module), place.exported(module)
    if not notebook.exists():
        findings.append(Finding(f"notebooks/{module.stem}.py", "missing", "tito init ."))
    else:
        try:
            parse(notebook)
        except TitoError as error:
            findings.append(
                Finding(
                    f"notebooks/{module.stem}.py",
                    str(error),
                    f"tito module start {module.number}, or tito module restore {module.number}",
                )
            )
        if (old := age(place, module)) and old.is_certain:
            state, fix = "from an earlier version of the course", f"tito module update {module.number}"
            findings.append(Finding(f"notebooks/{module.stem}.py", state, fix))
    if exported.exists() and is_hand_edited(exported):
        findings.append(
            Finding(
                f"tinytorch/{module.file}",
                "edited by hand",
                f"tito export {module.number} (your edit is kept aside)",
            )
        )
    elif not exported.exists() and not place.is_course and module.number in progress.completed(place):
        findings.append(
            Finding(f"tinytorch/{module.file}", "complete, but not exported", f"tito export {module.number}")
        )
    return findings
