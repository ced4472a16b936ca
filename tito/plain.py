"""A notebook without marimo: its definitions and tests as an ordinary module, with the notebook's line numbers.

Importing marimo and registering seventy cells takes longer than all tests of a module. A test needs neither.
"""

from tito.export import used_names
from tito.notebook import FOR_SHOW, Cell, Notebook, lines_of, names_in_examples, names_read
from tito.syntax import parse_python


def plain_module(notebook: Notebook) -> str:
    """The text of that module. Cells that only show something are blank lines; a traceback names the notebook's lines."""
    cells = needed(notebook)
    wanted = set().union(*(names_read(cell.source) | names_in_examples(cell.source) for cell in cells))
    lines = [""] * len(notebook.lines)
    if notebook.setup:
        _place_setup(notebook.setup, wanted, lines)
    for cell in cells:
        source = lines_of(cell.source)
        lines[cell.line - 1 : cell.line - 1 + len(source)] = source
    return "\n".join(lines) + "\n"


def needed(notebook: Notebook) -> list[Cell]:
    """All definitions but those for show, unless another one calls them."""
    needed = {name for name in notebook.definitions if not name.startswith(FOR_SHOW)}
    waiting = list(needed)
    while waiting:
        called = names_read(notebook.definitions[waiting.pop()].source) & notebook.definitions.keys() - needed
        needed |= called
        waiting += called
    return [cell for name, cell in notebook.definitions.items() if name in needed]


def _place_setup(setup: Cell, wanted: set[str], lines: list[str]) -> None:
    source, statements = lines_of(setup.source), parse_python(setup.source).body
    used, first = used_names(statements, wanted), 0
    for statement in statements:
        last = statement.end_lineno
        if id(statement) in used:  # with the lines above it: a decorator may be among them
            lines[setup.line - 1 + first : setup.line - 1 + last] = source[first:last]
        first = last
