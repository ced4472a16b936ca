"""A submission, rebuilt on the released notebook: the student's cells go where their definitions' names say, all else is as released."""

import ast
import copy
import difflib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from nbformat import NotebookNode, from_dict

from tito.assignments.foreign import one_by_one, said_by
from tito.assignments.handed_in import CellText, HandedIn, cut_cell
from tito.assignments.jupyter import grade_id, is_private, without_call
from tito.notebook import names_bound, names_read
from tito.syntax import parse_python

ELSEWHERE = "# {name} is in the cell of {other}."


@dataclass
class Report:
    """What was found in a submission, by name; facts for the instructor."""

    filled: list[str] = field(default_factory=list)  # solved or answered, or at least changed
    unchanged: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)  # put back as released
    duplicated: list[str] = field(default_factory=list)  # the last one that is not the stub counts
    altered: list[str] = field(default_factory=list)  # tests and given code; put back as released
    added: int = 0  # cells of the student's own
    remarks: list[str] = field(default_factory=list)

    def as_json(self) -> dict:
        return asdict(self)


def rebuild(handed_in: HandedIn, released: NotebookNode) -> tuple[NotebookNode, Report]:
    """The released notebook with what a student wrote.

    Args:
        handed_in: the submission's cells.
        released: what students were given.

    Returns:
        The notebook to grade, and a report. Every cell of the release is in it, with its grade id, exactly once.
    """
    nb, report = copy.deepcopy(released), Report(remarks=list(handed_in.remarks))
    slots = {cell.metadata.nbgrader.grade_id: cell for cell in nb.cells if "nbgrader" in cell.metadata}
    matches, extra = _match(handed_in.pieces, slots, _known(nb))
    placed: dict[int, str] = {}
    for name, cell in slots.items():
        pieces = matches.get(name, [])
        if not pieces:
            if name != "setup" and not is_private(cell):
                report.missing.append(name)
        elif cell.metadata.nbgrader.solution:
            _fill(name, cell, pieces, placed, report)
        elif name == "setup":
            extra = [(None, piece) for piece in _more_setup(pieces, cell)] + extra
        elif not any(same(piece.source, without_call(cell.source)) for piece in pieces):
            report.altered.append(name)
    report.remarks += [
        f"{name} is missing: was it renamed to {new}?" for name, new in meant(set(slots), handed_in.names).items()
    ]
    _insert(nb, extra)
    report.added = len(extra)
    return nb, report


def _known(nb: NotebookNode) -> set[str]:
    """The cells of the course that are not graded: prose, and what only marimo can run, which a `.py` has and an `.ipynb` not."""
    known = {_normal(cell.source) for cell in nb.cells if "nbgrader" not in cell.metadata}
    raw = (text for cell in nb.cells for text in cell.metadata.get("tito", {}).get("cells", []))
    return known | {_normal(piece.source) for piece in map(cut_cell, raw) if piece is not None}


def _match(pieces: list[CellText], slots: dict[str, NotebookNode], known: set[str]):
    """Which pieces belong to which cell of the release; the others with the name of the cell above them."""
    questions = {name: cell.source for name, cell in slots.items() if cell.cell_type == "markdown"}
    by_name: dict[str, list[CellText]] = {}
    extra: list[tuple[str | None, CellText]] = []
    above = None
    for piece in pieces:
        if piece.is_prose:
            names = [name for name in [_question(piece, questions)] if name]
        else:
            names = [name for name in piece.names if name in slots]
            if not names and piece.label in slots and (piece.label == "setup" or not piece.names):
                names = [piece.label]
            if not names and _is_setup(piece, slots):
                names = ["setup"]
        if not names and _normal(piece.source) in known:
            continue
        for name in names:
            by_name.setdefault(name, []).append(piece)
        if names:
            above = names[-1]
        else:
            extra.append((above, piece))
    return by_name, extra


def _question(piece: CellText, questions: dict[str, str]) -> str | None:
    """The question that a text answers: by its metadata, or because it begins as the question does."""
    if piece.label in questions:
        return piece.label
    text = _squeezed(piece.source)
    return next((name for name, asked in questions.items() if text.startswith(_squeezed(asked)[:60])), None)


def _is_setup(piece: CellText, slots: dict[str, NotebookNode]) -> bool:
    """A setup cell without its name: it begins with the same imports."""
    return "setup" in slots and bool(said_by(piece.source) & said_by(slots["setup"].source))


def _fill(name: str, cell: NotebookNode, pieces: list[CellText], placed: dict[int, str], report: Report) -> None:
    solved = [piece for piece in pieces if not same(piece.source, cell.source)]
    if len(pieces) > 1:
        report.duplicated.append(name)
    if not solved:
        report.unchanged.append(name)
        return
    piece = solved[-1]
    report.filled.append(name)
    if id(piece) in placed:  # a student put two definitions into one cell
        cell.source = ELSEWHERE.format(name=name, other=placed[id(piece)])
        return
    placed[id(piece)] = name
    cell.source = piece.source


def _more_setup(pieces: list[CellText], cell: NotebookNode) -> list[CellText]:
    """What a student has added to the setup cell: imports and constants."""
    statements = said_by(cell.source) | said_by(cell.metadata.get("tito", {}).get("source", ""))
    added = [text for piece in pieces for text in added_statements(piece.source, statements)]
    return [CellText(False, "\n".join(added))] if added else []


def added_statements(source: str, existing: set[str]) -> list[str]:
    """The statements of a cell that another one, as `said_by` has it, lacks; the whole cell if it does not parse."""
    try:
        nodes = parse_python(source).body
    except SyntaxError:
        return [source]
    return [ast.unparse(node) for node in nodes if not one_by_one(node) <= existing]


def _insert(nb: NotebookNode, extra: list[tuple[str | None, CellText]]) -> None:
    """Put a student's own cells where they were; one that an earlier cell needs goes above that cell.

    In marimo a helper may be below its use; Jupyter runs from top to bottom. Each cell is parsed once: there may be thousands.
    """
    cells = list(nb.cells)
    order = list(range(len(cells)))  # numbers of cells, from top to bottom
    numbers = {grade_id(cell): number for number, cell in reversed([*enumerate(cells)])}
    readers: dict[str, set[int]] = defaultdict(set)
    for number, cell in enumerate(cells):
        _enter(readers, number, cell)
    for above, piece in reversed(extra):
        above = above or "setup"
        place = order.index(numbers[above]) + 1 if above in numbers else 0
        if not piece.is_prose:
            users = set().union(*(readers.get(name, set()) for name in _names(names_bound, piece.source)))
            place = next((n for n, number in enumerate(order[:place]) if number in users), place) if users else place
        order.insert(place, len(cells))
        cells.append(_own_cell(piece, len(cells)))
        _enter(readers, len(cells) - 1, cells[-1])
    nb.cells = [cells[number] for number in order]


def _enter(readers: dict[str, set[int]], number: int, cell: NotebookNode) -> None:
    """Note which names a cell reads."""
    for name in _names(names_read, cell.source) if cell.cell_type == "code" else ():
        readers[name].add(number)


def _names(of: Callable[[str], set[str]], source: str) -> set[str]:
    try:
        return of(source)
    except SyntaxError:
        return set()


def _own_cell(piece: CellText, number: int) -> NotebookNode:
    """A cell of the student's own; nbformat's functions check each one, which takes longer than all the rest."""
    cell = {"id": f"own-{number}", "metadata": {}, "source": piece.source}
    code = {"cell_type": "code", "execution_count": None, "outputs": []}
    return from_dict(cell | ({"cell_type": "markdown"} if piece.is_prose else code))


def same(a: str, b: str) -> bool:
    """Whether two pieces of code are the same but for comments and formatting; two texts, but for white space."""
    return _normal(a) == _normal(b)


def _normal(text: str) -> str:
    try:
        return ast.dump(parse_python(text))
    except SyntaxError:
        return _squeezed(text)


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def share(handed_in: HandedIn, released: NotebookNode) -> float:
    """How much of an assignment is in a submission: the share of its graded and its solution cells that are there by name."""
    wanted = {
        cell.metadata.nbgrader.grade_id
        for cell in released.cells
        if cell.cell_type == "code" and "nbgrader" in cell.metadata and cell.metadata.nbgrader.solution
    }
    names_handed_in = handed_in.names | {piece.label for piece in handed_in.pieces}
    return len(wanted & names_handed_in) / len(wanted) if wanted else 0.0


def meant(wanted: set[str], names: set[str]) -> dict[str, str]:
    """Definitions that are missing -> what they may have been renamed to."""
    others, matches = sorted(names - wanted), {}
    for name in wanted - names:
        longer = [other for other in others if name in other or other in name]
        if close := difflib.get_close_matches(name, others, n=1, cutoff=0.7) or longer:
            matches[name] = close[0]
    return matches
