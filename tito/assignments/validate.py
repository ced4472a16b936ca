"""Before it is handed in, or when a student asks: what becomes of a file, and which tests of the release it passes."""

from pathlib import Path

from nbformat import reads

from tito.assignments import sandbox
from tito.assignments.cells import graded_cells
from tito.assignments.classroom import Classroom
from tito.assignments.handed_in import read_submission
from tito.assignments.jupyter import grade_id, is_private
from tito.assignments.rebuild import Report, rebuild, share
from tito.assignments.run import reference_before, run
from tito.course import Module
from tito.errors import TitoError
from tito.files import read


def validate(classroom: Classroom, path: Path, unsafe_ok: bool = False) -> tuple[Module, Report, dict[str, str]]:
    """Rebuild a file on the release that it fits, and run the visible tests.

    Returns:
        The module, what was found in the file, and for each test why it fails; empty for one that passes.

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
    cells = graded_cells(nb, reads(read(classroom.source(module)), 4))
    with reference_before(module) as package_in:
        outcomes = run(cells, package_in, walls=sandbox.require(unsafe_ok))
    private = {grade_id(cell) for cell in nb.cells if is_private(cell)}
    ends = [(cell.name, end) for cell, end in zip(cells, outcomes, strict=True) if cell.is_test]
    tests = {name: ": ".join(end.error) if end.error else "" for name, end in ends if name not in private}
    return module, report, tests
