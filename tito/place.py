"""Where a command works: in a student's workspace, or in the course repository itself."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from tito import __version__
from tito.course import ROOT, Module
from tito.errors import TitoError

MARK = "[tool.tinytorch]"  # in the pyproject.toml of a workspace


@dataclass(frozen=True)
class Place:
    root: Path

    @property
    def is_course(self) -> bool:
        return self.root == ROOT

    @property
    def package(self) -> Path:
        return self.root / "tinytorch"

    @property
    def whose_tinytorch(self) -> str:
        """A line that says which package runs, and whose it is."""
        whose = "the course's reference" if self.is_course else "yours"
        return f"tinytorch: {self.package} ({whose})"

    @property
    def state(self) -> Path:
        """The folder of tito's own files: progress and backups."""
        return ROOT / "_build" / "tito" if self.is_course else self.root / ".tinytorch"

    def notebook(self, module: Module) -> Path:
        return self.root / "notebooks" / f"{module.stem}.py"

    def stub(self, module: Module) -> Path:
        """The stub that this place's notebook was made from, kept to tell later what the student wrote."""
        return self.state / "stubs" / f"{module.stem}.py"

    def exported(self, module: Module) -> Path:
        return self.package / module.file

    def environment(self, package_in: Path | None = None) -> dict[str, str]:
        """The environment for a Python that is to import this place's `tinytorch`, or the one in another folder."""
        return os.environ | {"PYTHONPATH": str(package_in or self.root), "PYTHONUTF8": "1"}


COURSE = Place(ROOT)


def is_workspace(folder: Path) -> bool:
    settings = folder / "pyproject.toml"
    return settings.is_file() and MARK in settings.read_text(encoding="utf-8", errors="replace")


def find_place(start: Path | None = None) -> Place:
    """The workspace that `start` (or the current folder) lies in, else the course repository around it.

    Raises:
        TitoError: it lies in neither, or in a workspace that a newer version of the course has made.
    """
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if is_workspace(folder):
            _refuse_newer(folder)
        if is_workspace(folder) or folder == ROOT:
            return Place(folder)
    raise TitoError(f"{start} is not in a workspace: cd into yours, or make one with `tito init`")


def _refuse_newer(workspace: Path) -> None:
    """Its notebooks may have exercises and tests that this version knows nothing of."""
    settings = (workspace / "pyproject.toml").read_text(encoding="utf-8", errors="replace")
    made_with = re.search(r'^course = "(\d+(?:\.\d+)*)"', settings, re.MULTILINE)
    if made_with and _parts(made_with[1]) > _parts(__version__):
        raise TitoError(
            f"this workspace was made with version {made_with[1]} of the course, and this is {__version__}:"
            f" update the course (git pull in {ROOT})"
        )


def _parts(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def find_workspace(start: Path | None = None) -> Place:
    """Like `find_place`, for commands that change notebooks: the course repository is refused."""
    place = find_place(start)
    if place.is_course:
        yours = next((child.name for child in sorted(ROOT.iterdir()) if child.is_dir() and is_workspace(child)), None)
        advice = (
            f"your workspace is {yours}: cd {yours}" if yours else "make a workspace with `tito init` and cd into it"
        )
        raise TitoError(f"this is the course itself, whose notebooks hold the solutions; {advice}")
    return place
