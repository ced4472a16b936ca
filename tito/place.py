"""Where a command works: in a student's workspace, or in the course repository itself."""

import os
from dataclasses import dataclass
from pathlib import Path

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
    def state(self) -> Path:
        """The folder of tito's own files: progress and backups."""
        return ROOT / "_build" / "tito" if self.is_course else self.root / ".tinytorch"

    def notebook(self, module: Module) -> Path:
        return self.root / "notebooks" / f"{module.stem}.py"

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
        TitoError: it lies in neither.
    """
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if is_workspace(folder) or folder == ROOT:
            return Place(folder)
    raise TitoError(f"{start} is not in a workspace: cd into yours, or make one with `tito init`")


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
