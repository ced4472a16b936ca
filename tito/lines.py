"""Where a line of tested code is in the learner's notebook: the file's line, and the line of the cell as marimo shows it."""

import sys
from functools import cached_property
from pathlib import Path

from tito import course
from tito.course import ROOT
from tito.errors import TitoError
from tito.files import read
from tito.notebook import Cell, Notebook, lines_of, parse
from tito.slips import Exercise, exercises_in


class Lines:
    """The exercises and lines of one notebook, of which a copy or the export is tested."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def notebook(self) -> Notebook:
        return parse(self.path)

    @cached_property
    def names(self) -> list[str]:
        """The exercises, in the order of the notebook."""
        return [block.owner for block in self.notebook.solutions]

    @cached_property
    def exported_as(self) -> str:
        try:
            return course.find(self.path.stem).exported_as
        except TitoError:  # a notebook that is not a module of the course
            return self.path.stem

    def exercises(self, namespace: dict) -> list[Exercise]:
        """Those of the namespace of a notebook's copy, or those of the exported module that the tests have imported."""
        exported = sys.modules.get(f"tinytorch.{self.exported_as}")
        own = exercises_in(namespace, self.names) if "__file__" not in namespace or self.is_copy(namespace) else []
        return own or (exercises_in(vars(exported), self.names) if exported else [])

    def is_copy(self, namespace: dict) -> bool:
        return Path(namespace["__file__"] or "").name == self.path.name

    def locate(self, file: str, number: int) -> str:
        """ "line 7 of its cell (notebooks/02_activations.py:153)"; of a line that is not in the notebook the file."""
        path = Path(file)
        if path.name == self.path.name:
            return self._in_notebook(number)
        if path.name == f"{self.exported_as}.py" and path.parent.name == "tinytorch":
            location = self._before_export(path, number)
            return self._in_notebook(location) if location else f"line {number} of tinytorch/{path.name}"
        shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else Path(path.name)
        return f"line {number} of {shown.as_posix()}"

    def _in_notebook(self, number: int) -> str:
        shown = f"{self.path.parent.name}/{self.path.name}:{number}"
        cell = next((cell for cell in self.notebook.cells if number in _range(cell)), None)
        return f"line {number - cell.line + 1} of its cell ({shown})" if cell else f"line {number} ({shown})"

    def _before_export(self, path: Path, number: int) -> int | None:
        """The notebook's line of a line of an exported definition, which lacks some lines of the cell."""
        exported = lines_of(read(path))
        for cell in self.notebook.definitions.values():
            head = lines_of(cell.source)[cell.node.lineno - cell.line]
            if head not in exported[:number]:
                continue
            position = len(exported[:number]) - 1 - exported[:number][::-1].index(head)
            end = cell.node.end_lineno
            at = cell.node.lineno
            for line in exported[position:number]:
                while at <= end and self.notebook.lines[at - 1].strip() != line.strip():
                    at += 1
                at += 1
            if at - 1 <= end:
                return at - 1
        return None


def _range(cell: Cell) -> range:
    return range(cell.line, cell.line + len(lines_of(cell.source)))
