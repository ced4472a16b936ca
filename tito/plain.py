"""A notebook without marimo: its definitions and tests as an ordinary module, every line where it stands in the notebook.

Importing marimo and registering seventy cells takes longer than all tests of a module. A test needs neither.
"""

import ast

from tito.export import used_names
from tito.notebook import Cell, Notebook, names_read

FOR_SHOW = ("explore_", "plot_", "measure_")


def plain_module(notebook: Notebook) -> str:
    """The text of that module. Cells that only show something are blank lines; a traceback names the notebook's lines."""
    cells = _needed(notebook)
    wanted = set().union(*(names_read(cell.source) for cell in cells))
    lines = [""] * len(notebook.lines)
    if notebook.setup:
        _place_setup(notebook.setup, wanted, lines)
    for cell in cells:
        source = cell.source.splitlines()
        lines[cell.line - 1 : cell.line - 1 + len(source)] = source
    return "\n".join(lines) + "\n"


def _needed(notebook: Notebook) -> list[Cell]:
    """All definitions but those for show, unless another one calls them."""
    needed = {name for name in notebook.definitions if not name.startswith(FOR_SHOW)}
    waiting = list(needed)
    while waiting:
        called = names_read(notebook.definitions[waiting.pop()].source) & notebook.definitions.keys() - needed
        needed |= called
        waiting += called
    return [cell for name, cell in notebook.definitions.items() if name in needed]


def _place_setup(setup: Cell, wanted: set[str], lines: list[str]) -> None:
    source, statements = setup.source.splitlines(), ast.parse(setup.source).body
    used = used_names(statements, wanted)
    for statement in statements:
        if id(statement) in used:
            first, last = statement.lineno - 1, statement.end_lineno
            lines[setup.line - 1 + first : setup.line - 1 + last] = source[first:last]
