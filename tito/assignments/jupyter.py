"""One notebook in two forms: a marimo `.py`, and an `.ipynb` with NBGrader's metadata. Neither way loses a cell.

Each `.ipynb`, for an instructor or a student, is made here, so that all of them have the same cells with the same
grade ids: the names of the definitions. What Jupyter has no place for travels in the metadata, under "tito".
"""

import ast
import re
import textwrap

from nbformat import NotebookNode, v4

from tito.assignments.foreign import (
    adapted,
    compiles,
    kept_of,
    one_by_one,
    only_definition,
    said_by,
    statements,
    syntax_error,
)
from tito.errors import TitoError
from tito.export import used_names
from tito.ipynb import KERNEL, cell_id
from tito.notebook import Cell, Notebook, lines_of, names_bound, names_in_examples, names_read, prose, test_name
from tito.plain import needed
from tito.syntax import parse_python

PLAY = (
    "*Here the marimo notebook has something to play with: sliders, figures, measurements. Jupyter cannot run it. "
    "Open the notebook with `tito start`, or the module's page in the book.*"
)
START = """\
# Where this notebook finds your tinytorch: in the workspace around it.
from tito.lesson import in_workspace

in_workspace()"""
FOOT = 'if __name__ == "__main__":\n    app.run()\n'
HEADER = 'import marimo\n\n__generated_with = "{version}"\napp = marimo.App(width="medium", app_title="{title}")\n'

# NBGrader's roles: (grade, solution, locked)
READ_ONLY, SOLVE, TEST, ANSWER = (False, False, True), (False, True, False), (True, False, True), (True, True, False)


def to_ipynb(notebook: Notebook) -> NotebookNode:
    """The notebook for Jupyter: prose, code and tests in their order; what only marimo can run becomes a note.

    Every graded cell has NBGrader's metadata (schema 3). A test's cell ends with the call of the test, which returns nothing:
    NBGrader would take the value of a last expression for a score.

    Raises:
        TitoError: an exercise or a question has no points.
    """
    kept, cells, skipped = _kept(notebook), [_start()], []
    for number, cell in enumerate(notebook.cells):
        if cell not in kept:
            skipped.append(cell)
            continue
        if skipped:
            cells.append(_note(notebook, skipped, number))
            skipped = []
        cells.append(_cell(notebook, cell, number))
    if skipped:
        cells.append(_note(notebook, skipped, len(notebook.cells)))
    app = next(node for node in parse_python(notebook.text).body if "marimo.App" in ast.unparse(node))
    head = "\n".join(notebook.lines[: app.end_lineno]) + "\n"
    return v4.new_notebook(
        cells=cells,
        metadata={
            "kernelspec": KERNEL,
            "language_info": {"name": "python"},
            "tito": {"module": notebook.path.stem, "header": head},
        },
    )


def _kept(notebook: Notebook) -> list[Cell]:
    """The cells that Jupyter gets: all but those for show. A student's definition may use a variable of an ordinary cell."""
    kept = [cell for cell in notebook.cells if cell.kind in ("markdown", "setup")] + needed(notebook)
    waiting = [*kept]
    while waiting:
        cell = waiting.pop()
        reads = names_read(cell.source) if cell.kind != "markdown" else set()
        used = [o for o in notebook.cells if o.kind == "code" and o not in kept and names_bound(o.source) & reads]
        kept += used
        waiting += used
    return kept


def graded_tests(notebook: Notebook) -> dict[str, str]:
    """Grade id -> the exercise it belongs to, or its own name: tests with points, and questions that are answered by hand."""
    tests = {test_name(block.owner): block.owner for block in notebook.solutions}
    graded = {c.name: tests.get(c.name, c.name) for c in notebook.cells if c.is_test and "points" in c.marks}
    return graded | {cell.name: cell.name for cell in notebook.cells if "answered by hand" in cell.marks}


def _start() -> NotebookNode:
    return v4.new_code_cell(START, id="start", metadata={"tito": {"jupyter": True}})


def is_start(source: str) -> bool:
    """Whether a cell is the one that only Jupyter needs; a student's Jupyter may have thrown its metadata away."""
    return source.strip() == START


def grade_id(cell: NotebookNode) -> str | None:
    """NBGrader's name of a cell; None for one that it knows nothing of."""
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def is_private(cell: NotebookNode) -> bool:
    """Whether a cell is an instructor's own test, whose code no student has."""
    return "private" in kept_of(cell)


def _note(notebook: Notebook, cells: list[Cell], number: int) -> NotebookNode:
    name = cell_id(number - 1, cells[-1]).replace("code", "play")
    return v4.new_markdown_cell(PLAY, id=name, metadata={"tito": {"cells": [_raw(notebook, cell) for cell in cells]}})


def _raw(notebook: Notebook, cell: Cell) -> str:
    """A cell as the file has it."""
    if cell.demoted:
        return f"{_bare_head(cell.node)}\n{cell.source}"
    first = _first_line(cell)
    foot = next(
        (n for n, line in enumerate(notebook.lines, 1) if line.startswith("if __name__")), len(notebook.lines) + 1
    )
    end = min(line for line in [*map(_first_line, notebook.cells), foot] if line > first)
    return "\n".join(notebook.lines[first - 1 : end - 1]).rstrip()


def _first_line(cell: Cell) -> int:
    decorators = getattr(cell.node, "decorator_list", [])
    return decorators[0].lineno if decorators else cell.node.lineno


def _cell(notebook: Notebook, cell: Cell, number: int) -> NotebookNode:
    head = _bare_head(cell.node) if cell.demoted else "\n".join(notebook.lines[_first_line(cell) - 1 : cell.line - 1])
    kept = {"head": head}
    if cell.kind == "markdown":
        converted = v4.new_markdown_cell(prose(cell), id=cell_id(number, cell))
        kept["before"] = cell.source[: cell.source.index("mo.md")]
        converted.metadata["tito"] = kept
        if "answered by hand" in cell.marks:
            converted.metadata["nbgrader"] = role(ANSWER, cell.name, _points(notebook, cell))
        return converted
    if cell.kind == "setup":
        converted = v4.new_code_cell(_setup(notebook, cell), id="setup")
        kept["source"] = cell.source
        converted.metadata["tito"], converted.metadata["nbgrader"] = kept, role(READ_ONLY, "setup")
        return converted
    source = cell.source.rstrip("\n")
    if cell.kind == "code":
        return v4.new_code_cell(source, id=cell_id(number, cell))
    converted = v4.new_code_cell(f"{source}\n\n\n{cell.name}()" if cell.is_test else source, id=cell_id(number, cell))
    exercises = [block.owner for block in notebook.solutions if block.owner.partition(".")[0] == cell.name]
    if exercises:
        kept["exercises"] = exercises
        converted.metadata["nbgrader"] = role(SOLVE, cell.name)
    elif cell.is_test and "points" in cell.marks:
        converted.metadata["nbgrader"] = role(TEST, cell.name, _points(notebook, cell))
    else:
        converted.metadata["nbgrader"] = role(READ_ONLY, cell.name)
    converted.metadata["tito"] = kept
    return converted


def _points(notebook: Notebook, cell: Cell) -> int:
    if not cell.marks.get("points", "").isdigit():
        raise TitoError(f"{notebook.path}:{cell.line}: {cell.name} has no points: say `# points: 2` above it")
    return int(cell.marks["points"])


def role(kind: tuple[bool, bool, bool], name: str, points: int | None = None) -> dict:
    """NBGrader's metadata of a cell."""
    grade, solution, locked = kind
    metadata = {
        "schema_version": 3,
        "grade_id": name,
        "grade": grade,
        "solution": solution,
        "locked": locked,
        "task": False,
    }
    return metadata if points is None else metadata | {"points": points}


def _setup(notebook: Notebook, setup: Cell) -> str:
    """What the other cells use of the setup cell: in Jupyter there are no sliders to import."""
    cells = needed(notebook)
    wanted = set().union(*(names_read(cell.source) | names_in_examples(cell.source) for cell in cells))
    statements, lines = parse_python(setup.source).body, lines_of(setup.source)
    used, kept, first = used_names(statements, wanted), [], 0
    for statement in statements:
        if id(statement) in used:
            kept += lines[first : statement.end_lineno]
        first = statement.end_lineno
    return "\n".join(kept).strip("\n")


# Back to marimo


def to_marimo(nb: NotebookNode, title: str = "Notebook") -> str:
    """The marimo notebook of any `.ipynb`. For an unchanged one from `to_ipynb`: the same text."""
    from marimo import __version__

    header = nb.metadata.get("tito", {}).get("header") or HEADER.format(
        version=__version__, title=title.replace("\\", "").replace('"', "'")
    )
    cells = [
        cell for cell in nb.cells if not is_start(cell.source) and (cell.source.strip() or cell.metadata.get("tito"))
    ]
    cells = adapted([_uncalled(cell) for cell in cells])
    defined = [_defines(cell) if cell.cell_type == "code" else set() for cell in cells]
    chunks = [chunk for number, cell in enumerate(cells) for chunk in _chunks(cell, number, defined)]
    has_mo = any(chunk.startswith("with app.setup") or "import marimo as mo" in chunk for chunk in chunks)
    if not has_mo and any("mo.md(" in chunk for chunk in chunks):
        chunks.insert(0, "@app.cell\ndef _():\n    import marimo as mo\n    return (mo,)")
    gap = "" if chunks and chunks[0].startswith("with app.setup") else "\n"  # as marimo has it
    return header + gap + "".join(f"\n{chunk}\n\n" for chunk in chunks) + f"\n{FOOT}"


def _uncalled(cell: NotebookNode) -> NotebookNode:
    """marimo runs tests by itself."""
    return NotebookNode(cell | {"source": without_call(cell.source)}) if cell.cell_type == "code" else cell


def _chunks(cell: NotebookNode, number: int, defined: list[set[str]]) -> list[str]:
    kept = kept_of(cell)
    if "cells" in kept and cell.source.strip() == PLAY:
        return list(kept["cells"])
    if cell.cell_type != "code":
        return [_prose_chunk(cell, kept)]
    if "source" in kept:
        return _setup_chunks(cell, kept)
    definition = only_definition(cell.source)
    if definition is not None:
        return [_definition_chunk(cell.source.rstrip(), kept, definition)]
    return [_code_chunk(cell.source, number, defined)]


def _bare_head(definition: ast.stmt) -> str:
    return f"@app.{'class_definition' if isinstance(definition, ast.ClassDef) else 'function'}"


def _definition_chunk(source: str, kept: dict, definition: ast.stmt) -> str:
    chunk = f"{kept.get('head') or _bare_head(definition)}\n{source}"
    return chunk if compiles(chunk) else _unparsable_chunk(source)


def _prose_chunk(cell: NotebookNode, kept: dict) -> str:
    head = kept.get("head") or "@app.cell(hide_code=True)\ndef _():"
    text, quote, raw = cell.source.strip(), '"""', "r"
    if quote in text:
        quote = "'''"
    if quote in text:  # both kinds: no raw string can hold them
        text, raw = text.replace("\\", "\\\\").replace("'''", "\\'\\'\\'"), ""
    text = textwrap.indent(text, "    ", lambda line: line.strip())
    before = textwrap.indent(kept.get("before", ""), "    ")
    return f"{head}\n{before}    mo.md({raw}{quote}\n{text}\n    {quote})\n    return"


def _setup_chunks(cell: NotebookNode, kept: dict) -> list[str]:
    """The setup cell as it was, and what a student has added to it."""
    known, lines, first, parts = said_by(kept["source"]), lines_of(cell.source), 0, [kept["source"]]
    for node in statements(cell.source):
        if not one_by_one(node) <= known:
            parts.append("\n".join(lines[first : node.end_lineno]).strip("\n"))
            known |= one_by_one(node)
        first = node.end_lineno
    source = textwrap.indent("\n".join(part for part in parts if part), "    ", lambda line: line.strip())
    broken = [] if compiles(cell.source) else [_unparsable_chunk(cell.source)]
    return [f"{kept['head']}\n{source}", *broken]


def _code_chunk(source: str, number: int, defined: list[set[str]]) -> str:
    """An ordinary cell; marimo writes into its head which variables of other cells it reads."""
    if syntax_error(source) is not None:
        return _unparsable_chunk(source)
    reads, others = names_read(source), set().union(*defined[:number], *defined[number + 1 :])
    arguments = ", ".join(sorted(reads & others))
    names = sorted(name for name in defined[number] if not name.startswith("_"))
    returned = f"return ({', '.join(names)}{',' if len(names) == 1 else ''})" if names else "return"
    body = textwrap.indent(source.strip("\n"), "    ", lambda line: line.strip())
    ways = (f"@app.cell\n{kind}def _({arguments}):\n{body}\n    {returned}" for kind in ("", "async "))
    return next(filter(compiles, ways), None) or _unparsable_chunk(source)


def _unparsable_chunk(source: str) -> str:
    """marimo keeps as text what is not Python, or what no function may contain."""
    raw, text = "r", source.strip("\n")
    if '"""' in text:
        raw, text = "", text.replace("\\", "\\\\").replace('"', '\\"')
    text = textwrap.indent(text, "    ", lambda line: line.strip())
    return f'app._unparsable_cell(\n    {raw}"""\n{text}\n    """,\n    name="_"\n)'


def _defines(cell: NotebookNode) -> set[str]:
    """The variables of an ordinary cell: a definition that has a cell of its own is known everywhere without being passed."""
    if only_definition(cell.source) is not None or "source" in kept_of(cell) or not statements(cell.source):
        return set()
    return names_bound(cell.source)


CALL = re.compile(r"(?:check\()?(test_\w+)(?:\(\))?\)?")


def without_call(source: str) -> str:
    """A test's cell without the lines that run it: `test_relu()` or `check(test_relu)`."""
    lines = source.rstrip().split("\n")
    while lines and (not lines[-1].strip() or CALL.fullmatch(lines[-1].strip())):
        lines.pop()
    return "\n".join(lines)
