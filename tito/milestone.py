"""Milestones: what a script needs follows from its imports; it runs with the tinytorch of the workspace it lies in."""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tito import course, progress
from tito.course import Milestone, Module
from tito.editor import view
from tito.errors import TitoError
from tito.files import read
from tito.names import names_used
from tito.place import Place, find_place
from tito.syntax import parse_python


def use_own_tinytorch(script: str) -> None:
    """Called by a milestone's first line: put the `tinytorch` of the script's own workspace first, and say whose it is.

    In a browser there is no workspace; a page brings the course's reference.
    """
    if sys.platform == "emscripten":
        return
    place = find_place(Path(script).parent)
    sys.path.insert(0, str(place.root))
    print(f"{place.whose_tinytorch}\n")


def scripts(milestone: Milestone, place: Place) -> list[Path]:
    """The scripts of a milestone, in order; where a place has none of its own, the course's."""
    folder = place.root / "milestones" / milestone.folder
    return sorted((folder if folder.is_dir() else milestone.path).glob("[0-9]*.py"))


def is_notebook(script: Path) -> bool:
    """Whether it is a marimo notebook, which opens in a browser."""
    return "marimo.App(" in read(script)


def takes_options(script: Path) -> bool:
    """Whether it understands `--quick` and `--seeds`."""
    return re.search(r"^from tito\.gates import .*\boptions\b", read(script), re.MULTILINE) is not None


def resumes(script: Path) -> bool:
    """Whether it understands `--resume`, after Ctrl-C."""
    return takes_options(script) and re.search(r"\boptions\(.*\bresume=True\b", read(script)) is not None


def needs(script: Path) -> list[Module]:
    """The modules that a script imports from, and all before the last of them.

    `from tinytorch.nn import Linear` and `nn.Linear` both need the module that brings `Linear`.
    """
    used = {use.name for use in names_used(parse_python(read(script)), "tinytorch")}
    wanted = [m for m in course.MODULES if used & names_of(m)]
    return [m for m in course.MODULES if wanted and m.number <= wanted[-1].number]


def names_of(module: Module) -> set[str]:
    """Every full name under which a module can be reached."""
    return {f"tinytorch.{module.exported_as}"} | {
        f"{view}.{name}" for view, names in module.brings.items() for name in names
    }


def missing(script: Path, place: Place) -> list[Module]:
    """What a script needs and the place has not exported yet."""
    return [m for m in needs(script) if not place.exported(m).exists()]


def run(milestone: Milestone, script: Path, place: Place, options: Sequence[str] = ()) -> int:
    """Run one script with the place's tinytorch; returns its exit code, and records that it came to its end.

    Args:
        options: for scripts that take them, such as `["--quick"]`.

    Raises:
        TitoError: a module that it needs is not there yet, or the script is not: from elsewhere it would run another `tinytorch`.
    """
    if place.root not in script.parents:
        raise TitoError(f"{milestone.folder} is newer than this workspace: run `tito init .` in {place.root} to add it")
    lacking = missing(script, place)
    if lacking:
        names = ", ".join(module.stem for module in lacking)
        raise TitoError(f"{script.name} needs {names}: `tito start` opens what comes next")
    if is_notebook(script):
        code = view(place, script)
    else:
        environment = place.environment() | {"PYTHONUNBUFFERED": "1"}
        command = [sys.executable, str(script), *(options if takes_options(script) else ())]
        code = _exit_code(subprocess.Popen(command, cwd=script.parent, env=environment))
    if code == 0 and not place.is_course:
        progress.record_milestone(place, f"{milestone.folder}/{script.stem}")
    return code


def _exit_code(process: subprocess.Popen) -> int:
    """Wait for a script. Ctrl-C reaches it as well, and it may save a checkpoint before it ends; `subprocess.run` would kill it."""
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue
