"""One notebook in two forms: a marimo `.py`, and an `.ipynb` with NBGrader's metadata. Neither way loses a cell.

Whoever an `.ipynb` is for, an instructor or a student, it is made here, so that all of them have the same cells with the same
grade ids: the names of the definitions. What Jupyter has no place for travels in the metadata, under "tito".
"""

import ast
import re
import textwrap

from nbformat import NotebookNode, v4

from tito.errors import TitoError
from tito.export import used_names
from tito.ipynb import cell_id
from tito.notebook import Cell, Notebook, lines_of, names_bound, names_in_examples, names_read, prose, test_name
from tito.plain import needed

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
PLAY = (
    "*Here the marimo notebook has something to play with: sliders, figures, measurements. Jupyter cannot run it. "
    "Open the notebook with `tito start`, or the module's page in the book.*"
)
START = """\
# Where this notebook finds your tinytorch: in the workspace around it.
from tito.lesson import in_workspace

in_workspace()"""
FOOT = 'if __name__ == "__main__":\n    app.run()\n'
HEADER = (
    '{comment}import marimo\n\n__generated_with = "{version}"\napp = marimo.App(width="medium", app_title="{title}")\n'
)

# NBGrader's roles: (grade, solution, locked)
READ_ONLY, SOLVE, TEST, ANSWER = (False, False, True), (False, True, False), (True, False, True), (True, True, False)


def to_ipynb(notebook: Notebook) -> NotebookNode:
    """The notebook for Jupyter: prose, code and tests in their order; what only marimo can run becomes a note.

    Every graded cell has NBGrader's metadata (schema 3). A test's cell ends with the call of the test, which returns nothing:
    NBGrader would take the value of a last expression for a score.

    Raises:
        TitoError: an exercise or a question has no points.
    """
    needed_cells, cells, skipped = needed(notebook), [_start()], []
    for number, cell in enumerate(notebook.cells):
        for_show = cell.kind == "code" or (cell.is_definition and cell not in needed_cells)
        if for_show:
            skipped.append(cell)
            continue
        if skipped:
            cells.append(_note(notebook, skipped, number))
            skipped = []
        cells.append(_cell(notebook, cell, number))
    if skipped:
        cells.append(_note(notebook, skipped, len(notebook.cells)))
    head = notebook.text[: notebook.text.index("\n", notebook.text.index("app = marimo.App")) + 1]
    return v4.new_notebook(
        cells=cells,
        metadata={
            "kernelspec": KERNEL,
            "language_info": {"name": "python"},
            "tito": {"module": notebook.path.stem, "header": head},
        },
    )


def graded_tests(notebook: Notebook) -> dict[str, str]:
    """Grade id -> the exercise it belongs to: tests with points, and questions that are answered by hand."""
    tests = {test_name(block.owner): block.owner for block in notebook.solutions}
    graded = {cell.name: tests[cell.name] for cell in notebook.cells if cell.name in tests}
    return graded | {cell.name: cell.name for cell in notebook.cells if "answered by hand" in cell.marks}


def _start() -> NotebookNode:
    return v4.new_code_cell(START, id="start", metadata={"tito": {"jupyter": True}})


def is_start(cell: NotebookNode) -> bool:
    """Whether a cell is the one that only Jupyter needs; a student's Jupyter may have thrown its metadata away."""
    return cell.source.strip() == START


def _note(notebook: Notebook, cells: list[Cell], number: int) -> NotebookNode:
    name = cell_id(number - 1, cells[-1]).replace("code", "play")
    return v4.new_markdown_cell(PLAY, id=name, metadata={"tito": {"cells": [_raw(notebook, cell) for cell in cells]}})


def _raw(notebook: Notebook, cell: Cell) -> str:
    """A cell as it stands in the file."""
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
        made = v4.new_markdown_cell(prose(cell), id=cell_id(number, cell))
        kept["before"] = cell.source[: cell.source.index("mo.md")]
        made.metadata["tito"] = kept
        if "answered by hand" in cell.marks:
            made.metadata["nbgrader"] = role(ANSWER, cell.name, _points(notebook, cell))
        return made
    if cell.kind == "setup":
        made = v4.new_code_cell(_setup(notebook, cell), id="setup")
        kept["source"] = cell.source
        made.metadata |= {"tito": kept, "nbgrader": role(READ_ONLY, "setup")}
        return made
    source = cell.source.rstrip("\n")
    made = v4.new_code_cell(f"{source}\n\n\n{cell.name}()" if cell.is_test else source, id=cell_id(number, cell))
    exercises = [block.owner for block in notebook.solutions if block.owner.partition(".")[0] == cell.name]
    if exercises:
        kept["exercises"] = exercises
        made.metadata["nbgrader"] = role(SOLVE, cell.name)
    elif cell.is_test and "points" in cell.marks:
        made.metadata["nbgrader"] = role(TEST, cell.name, _points(notebook, cell))
    else:
        made.metadata["nbgrader"] = role(READ_ONLY, cell.name)
    made.metadata["tito"] = kept
    return made


def _points(notebook: Notebook, cell: Cell) -> int:
    if not cell.marks.get("points", "").isdigit():
        raise TitoError(f"{notebook.path}:{cell.line}: {cell.name} has no points: say `# points: 2` above it")
    return int(cell.marks["points"])


def role(role: tuple[bool, bool, bool], name: str, points: int | None = None) -> dict:
    grade, solution, locked = role
    made = {
        "schema_version": 3,
        "grade_id": name,
        "grade": grade,
        "solution": solution,
        "locked": locked,
        "task": False,
    }
    return made if points is None else made | {"points": points}


def _setup(notebook: Notebook, setup: Cell) -> str:
    """What the other cells use of the setup cell: in Jupyter there are no sliders to import."""
    cells = needed(notebook)
    wanted = set().union(*(names_read(cell.source) | names_in_examples(cell.source) for cell in cells))
    statements, lines = ast.parse(setup.source).body, lines_of(setup.source)
    used, kept, first = used_names(statements, wanted), [], 0
    for statement in statements:
        if id(statement) in used:
            kept += lines[first : statement.end_lineno]
        first = statement.end_lineno
    return "\n".join(kept).strip("\n")


# Back to marimo


def to_marimo(nb: NotebookNode, title: str = "Notebook") -> str:
    """The marimo notebook of an `.ipynb`, whoever made it. Of one that `to_ipynb` has made and nobody changed: the same text."""
    from marimo import __version__

    header = nb.metadata.get("tito", {}).get("header") or HEADER.format(comment="", version=__version__, title=title)
    cells = [cell for cell in nb.cells if not is_start(cell) and (cell.source.strip() or cell.metadata.get("tito"))]
    code = [cell for cell in cells if cell.cell_type == "code"]
    defined = {cell["id"]: _defines(cell) for cell in code}
    chunks = [chunk for cell in cells for chunk in _chunks(cell, defined)]
    if not any(chunk.startswith("with app.setup") or "import marimo as mo" in chunk for chunk in chunks):
        chunks.insert(0, "@app.cell\ndef _():\n    import marimo as mo\n    return (mo,)")
    return header + "".join(f"\n{chunk}\n\n" for chunk in chunks) + f"\n{FOOT}"


def _chunks(cell: NotebookNode, defined: dict[str, set[str]]) -> list[str]:
    kept = cell.metadata.get("tito", {})
    if "cells" in kept and cell.source.strip() == PLAY:
        return list(kept["cells"])
    if cell.cell_type != "code":
        return [_prose_chunk(cell, kept)]
    if "source" in kept:
        return _setup_chunks(cell, kept)
    source, definition = without_call(cell.source), _only_definition(cell.source)
    if definition is not None:
        return [f"{kept.get('head') or _bare_head(definition)}\n{source.rstrip()}"]
    return [_code_chunk(source, kept, cell["id"], defined)]


def _bare_head(definition: ast.stmt) -> str:
    return f"@app.{'class_definition' if isinstance(definition, ast.ClassDef) else 'function'}"


def _prose_chunk(cell: NotebookNode, kept: dict) -> str:
    head = kept.get("head") or "@app.cell(hide_code=True)\ndef _():"
    quote = "'''" if '"""' in cell.source else '"""'
    text = textwrap.indent(cell.source.strip(), "    ", lambda line: line.strip())
    before = textwrap.indent(kept.get("before", ""), "    ")
    return f"{head}\n{before}    mo.md(r{quote}\n{text}\n    {quote})\n    return"


def _setup_chunks(cell: NotebookNode, kept: dict) -> list[str]:
    """The setup cell as it was, and what a student has added to it."""
    there = {ast.dump(node) for node in _statements(kept["source"])}
    added = [ast.unparse(node) for node in _statements(cell.source) if not _is_part_of(node, there, kept["source"])]
    source = "\n".join([kept["source"], *added])
    return [f"{kept['head']}\n{textwrap.indent(source, '    ', lambda line: line.strip())}"]


def _is_part_of(node: ast.stmt, there: set[str], source: str) -> bool:
    """Whether a statement of the shortened setup cell stands in the full one; of an import each name counts."""
    if ast.dump(node) in there:
        return True
    if not isinstance(node, ast.ImportFrom):
        return False
    names = {
        (old.module, old.level, alias.name, alias.asname)
        for old in _statements(source)
        if isinstance(old, ast.ImportFrom)
        for alias in old.names
    }
    return all((node.module, node.level, alias.name, alias.asname) in names for alias in node.names)


def _code_chunk(source: str, kept: dict, own: str, defined: dict[str, set[str]]) -> str:
    """An ordinary cell; marimo writes into its head which variables of other cells it reads."""
    try:
        reads = names_read(source)
    except SyntaxError:  # marimo keeps such a cell as text
        quoted = source.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
        return f'app._unparsable_cell(\n    r"""\n{textwrap.indent(quoted, "    ")}\n    """,\n    name="_"\n)'
    others = set().union(*(names for key, names in defined.items() if key != own))
    arguments = ", ".join(sorted(reads & others))
    names = sorted(name for name in defined.get(own, ()) if not name.startswith("_"))
    returned = f"return ({', '.join(names)}{',' if len(names) == 1 else ''})" if names else "return"
    body = textwrap.indent(source.strip("\n"), "    ", lambda line: line.strip())
    return f"@app.cell\ndef _({arguments}):\n{body}\n    {returned}"


def _defines(cell: NotebookNode) -> set[str]:
    """The variables of an ordinary cell: a definition that has a cell of its own is known everywhere without being passed."""
    if _only_definition(cell.source) is not None or "source" in cell.metadata.get("tito", {}):
        return set()
    try:
        return names_bound(cell.source)
    except SyntaxError:
        return set()


def _statements(source: str) -> list[ast.stmt]:
    try:
        return ast.parse(source).body
    except SyntaxError:
        return []


def _only_definition(source: str) -> ast.stmt | None:
    """The definition that a cell consists of; calls of a test below it do not count."""
    nodes = _statements(without_call(source))
    is_one = len(nodes) == 1 and isinstance(nodes[0], ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    return nodes[0] if is_one else None


CALL = re.compile(r"(?:check\()?(test_\w+)(?:\(\))?\)?")


def without_call(source: str) -> str:
    """A test's cell without the lines that run it: `test_relu()` or `check(test_relu)`."""
    lines = source.rstrip().split("\n")
    while lines and (not lines[-1].strip() or CALL.fullmatch(lines[-1].strip())):
        lines.pop()
    return "\n".join(lines)
