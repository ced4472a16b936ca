"""Which tests can run outside the student's process: each is run to find out.

Such a test is *trusted*: the code that it tests can neither read it nor deceive it. A test is trusted if the reference passes it there,
and if every known wrong solution that fails beside the code fails there, too. The others are *weaker*.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from nbformat import NotebookNode

from tito import course, solutions
from tito.assignments.cells import MARK, about_of, as_code, code_cells
from tito.assignments.jupyter import grade_id, kept_of, to_ipynb
from tito.assignments.run import GIVEN, OWN, TRUSTED, Code, Outcome, reference_before, run_each
from tito.course import Module
from tito.errors import TitoError
from tito.notebook import SOLUTION, parse
from tito.solutions import Change

CELL_SECONDS = 30.0  # enough on a busy machine; a test runs twice, and both must fit into TOTAL_SECONDS
BLOCK = re.compile(rf"^([ ]*){SOLUTION[0]}\n(.*?)^[ ]*{SOLUTION[1]}", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Kind:
    """What was found out about a test."""

    test: str
    points: int
    objects: frozenset[str] = frozenset()  # the questions that the reference answers with objects
    why_weaker: str = ""  # empty: it is trusted


def decide(module: Module, source: NotebookNode) -> list[Kind]:
    """Try every graded test of an instructor's version with the reference and with the wrong solutions, both ways.

    Raises:
        TitoError: the reference fails a test either way.
    """
    cells = {cell.name: cell for cell in map(as_code, code_cells(source))}
    graded = [
        cell for cell in source.cells if cell.cell_type == "code" and "points" in cell.metadata.get("nbgrader", {})
    ]
    wrong = _wrong_solutions(module, source)
    of = {grade_id(cell): sorted(about_of(cell, list(wrong))) for cell in graded}
    notebooks = [_tried(cells, test, exercises) for test, exercises in of.items()]
    cases = [
        (test, exercise, why) for test, exercises in of.items() for exercise in exercises for why in wrong[exercise]
    ]
    for test, exercise, why in cases:
        name = exercise.partition(".")[0]
        changed = {**cells, name: replace(cells[name], source=wrong[exercise][why])}
        notebooks.append(_tried(changed, test, of[test]))
    ends = _run(module, notebooks)
    kinds = []
    for cell, (trusted, beside) in zip(graded, ends, strict=False):
        test = grade_id(cell)
        if beside.error:
            raise TitoError(f"{module.stem}: the reference does not pass {test}: {': '.join(beside.error)}")
        reasons = [f"outside, the reference fails: {trusted.error[1]}"] if trusted.error else []
        for (other, exercise, why), (outside, inside) in zip(cases, ends[len(graded) :], strict=True):
            if other == test and inside.error and not outside.error:
                reasons.append(f"outside, {exercise} passes with a wrong solution: {why}")
        kinds.append(Kind(test, cell.metadata.nbgrader.points, trusted.objects, "; ".join(reasons[:1])))
    return kinds


@cache
def kinds_of(path: Path, text: str) -> list[Kind]:
    """The same of a notebook's file, whose text this is."""
    return decide(course.find(path.stem), to_ipynb(parse(path, text)))


def enter(kinds: list[Kind], source: NotebookNode) -> None:
    """Note them in the instructor's version, and mark the weaker tests for everybody to see."""
    cells = {grade_id(cell): cell for cell in source.cells}
    for kind in kinds:
        if kind.why_weaker:
            cells[kind.test].source = f"{MARK}\n{cells[kind.test].source}"
            cells[kind.test].metadata["tito"]["why_weaker"] = kind.why_weaker
        else:
            cells[kind.test].metadata["tito"]["objects"] = sorted(kind.objects)


def _tried(cells: dict[str, Code], test: str, exercises: list[str]) -> list[Code]:
    """A notebook up to a test, and the test both ways; what the test is not about is given, as when it is graded."""
    names, about = list(cells), {exercise.partition(".")[0] for exercise in exercises}
    needed = [cells[name] for name in names[: names.index(test)] if not cells[name].is_test]
    needed = [cell if cell.name in about or not about else replace(cell, kind=GIVEN) for cell in needed]
    return [*needed, replace(cells[test], kind=TRUSTED, objects=None), replace(cells[test], kind=OWN)]


def _run(module: Module, notebooks: list[list[Code]]) -> list[list[Outcome]]:
    """The last two outcomes of each notebook."""
    with reference_before(module) as package_in, ThreadPoolExecutor(2) as pool:
        halves = notebooks[::2], notebooks[1::2]
        first, second = pool.map(lambda half: run_each(half, package_in, CELL_SECONDS), halves)
    ends: list = [None] * len(notebooks)
    ends[::2], ends[1::2] = first, second
    return [outcomes[-2:] for outcomes in ends]


def _wrong_solutions(module: Module, source: NotebookNode) -> dict[str, dict[str, str]]:
    """Exercise -> what is wrong -> the source of its cell with that solution."""
    known = solutions.wrong(module)
    sources: dict[str, dict[str, str]] = {}
    for cell in source.cells:
        for number, exercise in enumerate(kept_of(cell).get("exercises", [])):
            mistakes = known.get(exercise, {})
            sources[exercise] = {why: solved(cell.source, number, mistakes[why].change) for why in mistakes}
    return sources


def solved(source: str, number: int, change: Change) -> str:
    """A cell's source with another solution in one of its blocks."""
    block = list(BLOCK.finditer(source))[number]
    indent, reference = block[1], block[2]
    lines = [line.removeprefix(indent) for line in reference.split("\n")]
    text = solutions.body(change, "\n".join(lines))
    inside = "".join(f"{indent}{line}\n" if line else "\n" for line in text.rstrip("\n").split("\n"))
    return source[: block.start(2)] + inside + source[block.end(2) :]
