"""Before it is handed in, or when a student asks: what becomes of a file, and the verdict on each exercise."""

from pathlib import Path

from nbformat import reads

from tito.assignments import sandbox
from tito.assignments.cells import Code, exercises_of, graded_cells
from tito.assignments.classroom import Classroom
from tito.assignments.handed_in import read_submission
from tito.assignments.jupyter import grade_id, is_private
from tito.assignments.rebuild import Report, rebuild, share
from tito.assignments.run import Outcome, reference_before, run
from tito.course import Module
from tito.errors import TitoError
from tito.files import read
from tito.notebook import test_of
from tito.slips import placeholder_of
from tito.verdict import Judgement, judge
from tito.verdict import Outcome as Ended


def validate(
    classroom: Classroom, path: Path, unsafe_ok: bool = False
) -> tuple[Module, Report, dict[str, tuple[Judgement, str]]]:
    """Rebuild a file on the release that it fits, and run the visible tests.

    Returns:
        The module, what was found in the file, and for each exercise the verdict and why its test fails.

    Raises:
        TitoError: the file is not a notebook, or fits no assignment of the class.
    """
    handed_in = read_submission(path)
    released = {module: reads(read(classroom.release(module)), 4) for module in classroom.assignments()}
    shares = {module: share(handed_in, nb) for module, nb in released.items()}
    module = max(shares, key=shares.get, default=None)
    if module is None or not shares[module]:
        raise TitoError(f"{path.name} fits no assignment of this class: see `tito nbgrader status`")
    nb, report = rebuild(handed_in, released[module])
    source = reads(read(classroom.source(module)), 4)
    cells = graded_cells(nb, source)
    with reference_before(module) as package_in:
        outcomes = run(cells, package_in, walls=sandbox.require(unsafe_ok))
    private = {grade_id(cell) for cell in nb.cells if is_private(cell)}
    tests = [
        (cell, end) for cell, end in zip(cells, outcomes, strict=True) if cell.is_test and cell.name not in private
    ]
    return module, report, _judged(tests, list(exercises_of(source)))


def _judged(tests: list[tuple[Code, Outcome]], exercises: list[str]) -> dict[str, tuple[Judgement, str]]:
    """The verdict of each exercise, and of each test that belongs to none, with the error of the first test that fails."""
    errors: dict[str, str] = {}
    ended = []
    for cell, end in tests:
        subject = test_of(cell.name, exercises) or cell.name
        if end.error:
            errors.setdefault(subject, ": ".join(end.error))
        placeholder = placeholder_of(*end.error) if end.error else ""
        ended.append(Ended(subject, end.error is None, placeholder))
    judgements = judge(dict.fromkeys(outcome.subject for outcome in ended), ended)
    return {subject: (judgement, errors.get(subject, "")) for subject, judgement in judgements.items()}
