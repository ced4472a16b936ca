"""The cells of a graded notebook, as they are run."""

import hashlib
from dataclasses import replace

from nbformat import NotebookNode

from tito.assignments.jupyter import grade_id, is_private, is_start, kept_of
from tito.assignments.reasons import expected_type
from tito.assignments.run import GIVEN, OWN, TRUSTED, WEAKER, Code
from tito.notebook import names_read, test_of, tested_with

MARK = "# A weaker test: it runs in the same process as the code that it tests."


def code_cells(nb: NotebookNode) -> list[NotebookNode]:
    """The cells that are run when a notebook is graded."""
    return [cell for cell in nb.cells if cell.cell_type == "code" and not is_start(cell.source)]


def graded_cells(nb: NotebookNode, source: NotebookNode) -> list[Code]:
    """The cells of a submission as they are graded.

    Args:
        source: the instructor's version; what a test is not about is taken from it.
    """
    solved = {grade_id(cell): cell for cell in code_cells(source) if kept_of(cell).get("exercises")}
    exercises = exercises_of(source)
    graded = []
    for cell in code_cells(nb):
        code = as_code(cell)
        if code.is_test:
            about = about_of(cell, list(exercises)) or set(exercises)
            types = tuple((exercise, expected_type(exercises[exercise], exercise)) for exercise in sorted(about))
            code = replace(code, about=frozenset(about), returns=types)
        elif code.kind == OWN and code.name in solved:
            reference = solved[code.name]
            code = replace(code, exercises=tuple(kept_of(reference)["exercises"]), reference=reference.source)
        graded.append(code)
    return graded


def exercises_of(source: NotebookNode) -> dict[str, str]:
    """Exercise -> the source of its cell."""
    return {exercise: cell.source for cell in code_cells(source) for exercise in kept_of(cell).get("exercises", [])}


def about_of(cell: NotebookNode, exercises: list[str]) -> set[str]:
    """The exercises that a test is about: its own, and those of its `# with:`; of an instructor's private test all that it reads."""
    if is_private(cell):
        read = names_read(cell.source)
        return {exercise for exercise in exercises if exercise.partition(".")[0] in read}
    own = test_of(grade_id(cell), exercises)
    return {own, *tested_with(cell.source)} & {*exercises} if own else set()


def as_code(cell: NotebookNode) -> Code:
    name, metadata = grade_id(cell) or cell["id"], cell.metadata.get("nbgrader", {})
    if metadata.get("grade"):
        objects = kept_of(cell).get("objects")
        kind = WEAKER if cell.source.startswith(MARK) else TRUSTED
        return Code(name, cell.source, kind, None if objects is None else frozenset(objects))
    return Code(name, cell.source, GIVEN if metadata.get("locked") else OWN)


def weaker_tests(source: NotebookNode) -> list[tuple[str, int, str]]:
    """Those tests of an instructor's version that run beside the student's code: name, points, why."""
    weaker = [cell for cell in code_cells(source) if as_code(cell).kind == WEAKER]
    return [(grade_id(cell), cell.metadata.nbgrader.points, kept_of(cell).get("why_weaker", "")) for cell in weaker]


def with_tests(nb: NotebookNode, source: NotebookNode) -> NotebookNode:
    """A submission, changed so that its read-only cells, and what is known of its tests, are those of the source.

    What else says of itself that it is a test, or given, is the student's own: it must not run outside of the student's process.
    """
    locked = {grade_id(cell): cell for cell in source.cells if cell.metadata.get("nbgrader", {}).get("locked")}
    for cell in nb.cells:
        ours = locked.get(grade_id(cell))
        if ours is not None:
            cell.source, cell.metadata = ours.source, ours.metadata
        elif "nbgrader" in cell.metadata and cell.cell_type == "code":
            cell.metadata["nbgrader"] = {**cell.metadata["nbgrader"], "grade": False, "locked": False}
    return nb


def nb_key(nb: NotebookNode) -> str:
    """The same for the same code."""
    sources = "\0".join(f"{grade_id(cell)}\1{cell.source}" for cell in code_cells(nb))
    return hashlib.sha256(sources.encode()).hexdigest()
