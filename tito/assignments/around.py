"""What runs before a graded test: the student's answers to what the test is about, and the reference's to everything else.

So one mistake costs one exercise, and no expected value is computed by code that the same student wrote. A test is about its own
exercise and those that its comment `# with: NAME` names.
"""

import ast
from dataclasses import dataclass, replace

from tito.notebook import SCOPES, names_bound, names_read
from tito.syntax import parse_python

# the kinds of cells
OWN = "own"  # a student wrote it
GIVEN = "given"  # it is the same for all students; tests may use it
TRUSTED = "trusted"  # a test that runs outside of the student's process
WEAKER = "weaker"  # a test that must run beside the student's code, which can read it and deceive it


@dataclass(frozen=True)
class Code:
    """A cell as it is run."""

    name: str  # the grade id, or what else the cell is called
    source: str
    kind: str = OWN
    # of a trusted test: which questions may be answered by an object instead of data; None if any may
    objects: frozenset[str] | None = None
    # of a test: the exercises that it is about; None if everything is the student's
    about: frozenset[str] | None = None
    # of a test: (exercise, the type that it returns), as `reasons.expected_type` has it
    returns: tuple[tuple[str, str], ...] = ()
    # of a cell with exercises: their names, and the reference's cell
    exercises: tuple[str, ...] = ()
    reference: str = ""
    # of a class: the methods that are the student's; all others are the reference's
    methods: tuple[str, ...] = ()

    @property
    def is_test(self) -> bool:
        return self.kind in (TRUSTED, WEAKER)


def before(cells: list[Code], test: Code) -> list[Code]:
    """What runs before a test, in its order.

    Args:
        cells: those above the test. A cell of the student's own is left out if nothing that the test needs depends on it: it may
            train for a minute, and would do so before every test.
    """
    if test.about is None:
        return [cell for cell in cells if not cell.is_test]
    outer = {exercise.partition(".")[0] for exercise in test.about}
    solved = [cell for cell in cells if test.about & set(cell.exercises)]
    needed = outer.union(*(_read(cell.source) for cell in [test, *solved]))
    others = [cell for cell in cells if cell.kind == OWN and cell not in solved]
    used: list[Code] = []
    while more := [cell for cell in others if cell not in used and _adds(cell) & needed]:
        used += more
        needed = needed.union(*(_read(cell.source) for cell in more))
    references = {cell.name: cell for cell in cells if cell.reference and cell not in solved}
    selected: list[Code] = []
    for cell in cells:
        if cell.is_test:
            continue
        if cell in solved:
            selected.append(_partly(cell, test.about))
        elif cell.kind == GIVEN or cell in used:
            selected.append(replace(cell, reference=""))
        selected += _references(cell, references)
    return selected


def _partly(cell: Code, about: frozenset[str]) -> Code:
    """An exercise's cell with the student's answers to `about`."""
    methods = [exercise.partition(".")[2] for exercise in cell.exercises if exercise in about]
    return replace(cell, methods=tuple(filter(None, methods)))


def _references(cell: Code, references: dict[str, Code]) -> list[Code]:
    """The reference of a cell, and of each other exercise that the cell has defined anew."""
    names = {cell.name} | (_bound(cell.source) if cell.kind == OWN else set())
    return [Code(name, references[name].reference, GIVEN) for name in names if name in references]


def _adds(cell: Code) -> set[str]:
    """The names that only the student's version of a cell defines or changes."""
    return _changed(cell.source) - (_bound(cell.reference) if cell.reference else set())


def _changed(source: str) -> set[str]:
    """The names that a cell defines, and those whose objects it may change, as in `table[key] = 1` and `table.clear()`."""
    bound, waiting = _bound(source), [*_parsed(source).body]
    while waiting:
        node = waiting.pop()
        stored = isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del)
        called = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        target = node if stored else node.value.func if called else None
        while isinstance(target, ast.Attribute | ast.Subscript):
            target = target.value
            bound |= {target.id} if isinstance(target, ast.Name) else set()
        if not isinstance(node, SCOPES):
            waiting += ast.iter_child_nodes(node)
    return bound


def _bound(source: str) -> set[str]:
    try:
        return names_bound(source)
    except SyntaxError:
        return set()


def _read(source: str) -> set[str]:
    try:
        return names_read(source)
    except SyntaxError:
        return set()


def _parsed(source: str) -> ast.Module:
    try:
        return parse_python(source)
    except SyntaxError:
        return ast.Module([], [])
