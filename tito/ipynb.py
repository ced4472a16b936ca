"""A notebook for Jupyter, made from a marimo notebook's cells: for services that open nothing else."""

import re

from tito.notebook import Cell, Notebook, names_bound, names_read, prose

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
# The second cell, and what the setup cell ends with: marimo runs tests and redraws by itself, Jupyter does neither.
CONTROLS = (
    "Sliders, menus and buttons show nothing in Jupyter: each cell runs with the value that its control begins with, and "
    "what can be moved is in this module's page in the book, run in the browser, and in the marimo notebook on molab."
)
SETUP = """\
# no test runs by itself here: check(test) runs it, and says in one line how it went
from tito.lesson import check, in_jupyter

in_jupyter()"""


def to_ipynb(notebook: Notebook, install: str | None) -> str:
    """The text of a Jupyter notebook (nbformat 4) with the cells of a marimo notebook, from top to bottom.

    The same notebook makes the same text, so a version that is kept changes only when its source does.

    Args:
        notebook: the notebook as it is to be shown; for a learner `parse(path, stub(path))`.
        install: what the first cell passes to `%pip install`, quoted as for a shell; None leaves that cell out.
    """
    from nbformat import NO_CONVERT, v4, writes

    cells = [] if install is None else [v4.new_code_cell(f"%pip install --quiet {install}", id="install")]
    cells.append(v4.new_markdown_cell(CONTROLS, id="controls"))
    if notebook.setup is None:
        cells.append(v4.new_code_cell(SETUP, id="setup"))
    checks = _checks(notebook)
    for number, cell in enumerate(notebook.cells):
        make = v4.new_markdown_cell if cell.kind == "markdown" else v4.new_code_cell
        cells.append(make(_source(cell, checks[number]), id=cell_id(number, cell)))
    converted = v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL, "language_info": {"name": "python"}})
    return writes(converted, version=NO_CONVERT) + "\n"


def _source(cell: Cell, checks: list[str]) -> str:
    if cell.kind == "markdown":
        return prose(cell)
    if cell.kind == "setup":
        return f"{cell.source.strip()}\n\n{SETUP}"
    calls = "\n".join(f"check({name})" for name in checks)
    return f"{cell.source.strip()}\n\n\n{calls}" if calls else cell.source.strip()


def _checks(notebook: Notebook) -> list[list[str]]:
    """For each cell the tests that are run in it: a test's own, or one further down if the test needs what is defined there."""
    code = {number: cell.source for number, cell in enumerate(notebook.cells) if cell.kind != "markdown"}
    defined_in = {name: number for number, source in code.items() for name in names_bound(source)}
    reads = {
        number: {defined_in[name] for name in names_read(source) & set(defined_in)} for number, source in code.items()
    }
    checks = [[] for _ in notebook.cells]
    for number, cell in enumerate(notebook.cells):
        if cell.is_test:
            needed, waiting = set(), {number}
            while waiting:  # also what the functions that it calls read
                needed |= waiting
                waiting = set().union(*(reads[one] for one in waiting)) - needed
            checks[max(needed)].append(cell.name)
    return checks


def cell_id(number: int, cell: Cell) -> str:
    """Unique within the notebook, and of the letters and the length that nbformat allows."""
    name = cell.kind if cell.name == "_" else re.sub(r"\W", "", cell.name, flags=re.ASCII)
    return f"{number:03}-{name}"[:64]
