"""What an `.ipynb` from somewhere else has and marimo has not, as cells that marimo can read. No cell is lost.

That is: Jupyter's magics, several definitions in one cell, imports of definitions outside of the setup cell, pasted
pictures. A cell from `to_ipynb` that has not been changed comes back as it is.
"""

import ast
import re
from copy import deepcopy

from nbformat import NotebookNode, v4

from tito.notebook import Definition, last_line, lines_of, names_bound, names_in_examples, names_read
from tito.syntax import parse_python

MAGIC = re.compile(r"\s*([%!?]|[\w.]+\?\??\s*$|[\w.,\s]+=\s*[%!])")
# cell magics below which there is Python
PYTHON = ("%%time", "%%timeit", "%%capture", "%%prun")
MARIMO = "import marimo as mo"


def adapted(cells: list[NotebookNode]) -> list[NotebookNode]:
    """The cells, or parts of them, in their order; what definitions need of imports comes first, as the setup cell."""
    return _with_setup([part for cell in cells for part in _parts(cell)])


def kept_of(cell: NotebookNode) -> dict:
    """What `to_ipynb` has put aside for the way back."""
    kept = cell.metadata.get("tito", {})
    return kept if isinstance(kept, dict) else {}


def _parts(cell: NotebookNode) -> list[NotebookNode]:
    if cell.cell_type != "code":
        return [
            _like(cell, _with_pictures(cell), {"tito": {"head": head} | kept_of(cell)} if (head := _name(cell)) else {})
        ]
    source = without_magics(cell.source)
    if "source" in kept_of(cell):
        return [_like(cell, source)]
    sources = _split(source)
    # what is known of the cell is known of its definition
    owner = next((number for number, part in enumerate(sources) if only_definition(part)), 0)
    return [_like(cell, part) if number == owner else v4.new_code_cell(part) for number, part in enumerate(sources)]


def _like(cell: NotebookNode, source: str, metadata: dict | None = None) -> NotebookNode:
    converted = deepcopy(cell)
    converted.source = source
    converted.metadata |= metadata or {}
    return converted


def _name(cell: NotebookNode) -> str:
    """The first lines of a cell of prose to which `marimo export ipynb` has left its name; without one, nothing."""
    marimo = cell.metadata.get("marimo", {})
    name = marimo.get("name", "") if isinstance(marimo, dict) else ""
    return f"@app.cell(hide_code=True)\ndef {name}():" if name.isidentifier() else ""


def _with_pictures(cell: NotebookNode) -> str:
    """Jupyter keeps a pasted picture beside the text; in marimo it is in the text."""
    source = cell.source
    for name, forms in cell.get("attachments", {}).items():
        for kind, data in forms.items():
            source = source.replace(f"attachment:{name}", f"data:{kind};base64,{''.join(data).strip()}")
    return source


def without_magics(source: str) -> str:
    """A cell whose lines of magic are comments. A cell that even so is not Python comes back as it is.

    >>> print(without_magics("%matplotlib inline\\nfor n in range(3):\\n    !ls\\nn % 2"))
    # %matplotlib inline
    for n in range(3):
        pass  # !ls
    n % 2
    """
    lines = source.split("\n")
    if source.lstrip().startswith("%%"):
        first = next(number for number, line in enumerate(lines) if line.strip())
        last = first + 1 if lines[first].split()[0] in PYTHON else len(lines)
        lines[first:last] = [f"# {line}".rstrip() for line in lines[first:last]]
    while (number := _error_line("\n".join(lines))) is not None:
        if not 0 < number <= len(lines) or not MAGIC.match(lines[number - 1]):
            return source
        _comment(lines, number - 1)
    return "\n".join(lines)


def _comment(lines: list[str], number: int) -> None:
    """Make a line of magic a comment, and those that it goes on in."""
    text = lines[number].lstrip()
    indent = lines[number][: len(lines[number]) - len(text)]
    lines[number] = f"{indent}pass  # {text}" if indent else f"# {text}"
    while lines[number].endswith("\\") and number + 1 < len(lines):
        number += 1
        lines[number] = f"{indent}# {lines[number].strip()}"


def _error_line(source: str) -> int | None:
    try:
        parse_python(source)
    except SyntaxError as error:
        return error.lineno or 0
    except ValueError:  # null bytes
        return 0
    return None


def statements(source: str) -> list[ast.stmt]:
    """What a cell consists of; nothing, when it does not parse."""
    return [] if _error_line(source) is not None else parse_python(source).body


def said_by(source: str) -> set[str]:
    """The statements of a cell, as something that can be compared; nothing, when it does not parse."""
    return set().union(*map(one_by_one, statements(source)))


def one_by_one(node: ast.stmt) -> set[str]:
    """A statement, as something that can be compared; an import of several names counts as several imports."""
    if not isinstance(node, ast.Import | ast.ImportFrom):
        return {ast.dump(node)}
    module = [node.module, node.level] if isinstance(node, ast.ImportFrom) else []
    return {f"import {module} {alias.name} {alias.asname}" for alias in node.names}


def only_definition(source: str) -> ast.stmt | None:
    """The definition that a cell consists of."""
    nodes = statements(source)
    return nodes[0] if len(nodes) == 1 and isinstance(nodes[0], Definition) else None


def _split(source: str) -> list[str]:
    """A cell's definitions each by itself, and the code between them: only alone in its cell is one exported and graded.

    >>> _split("import math\\n\\n# half\\ndef half(x):\\n    return x / 2\\n\\nhalf(3)")
    ['import math', '# half\\ndef half(x):\\n    return x / 2', 'half(3)']
    """
    nodes, lines = statements(source), lines_of(source)
    if len(nodes) < 2 or not any(isinstance(node, Definition) for node in nodes):
        return [source]
    groups, first = [], 0
    for node in nodes:
        if node.lineno <= first:  # behind a semicolon
            return [source]
        last = last_line(node, lines)
        if groups and not isinstance(node, Definition) and not groups[-1][0]:
            groups[-1][1].extend(lines[first:last])
        else:
            groups.append((isinstance(node, Definition), lines[first:last]))
        first = last
    groups[-1][1].extend(lines[first:])
    parts = ["\n".join(part).strip("\n") for _, part in groups]
    return parts if _are_independent(parts) else [source]


def _are_independent(parts: list[str]) -> bool:
    """Whether each part could be a cell of marimo: no name twice, and definitions use no variable of the other parts."""
    bound = [names_bound(part) for part in parts]
    every = [name for names in bound for name in names]
    if len(every) > len(set(every)) or any(name.startswith("_") for name in every):
        return False
    variables = {
        name
        for part, names in zip(parts, bound, strict=True)
        if not _is_imports(part) and not only_definition(part)
        for name in names
    }
    return not any(only_definition(part) and names_read(part) & variables for part in parts)


def _is_imports(source: str) -> bool:
    nodes = statements(source)
    return bool(nodes) and all(isinstance(node, ast.Import | ast.ImportFrom) for node in nodes) and _fits_setup(source)


def _fits_setup(source: str) -> bool:
    """Whether marimo's setup cell may have it."""
    nodes = statements(source)
    if not nodes or any(isinstance(node, Definition) for node in nodes):
        return False
    modules = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    return not any(node.module == "__future__" or node.names[0].name == "*" for node in modules) and compiles(source)


def compiles(source: str) -> bool:
    try:
        compile(source, "<cell>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True


def _with_setup(cells: list[NotebookNode]) -> list[NotebookNode]:
    """A definition may use names of the setup cell and of other definitions, of no other cell: such imports go there."""
    code = [cell for cell in cells if cell.cell_type == "code"]
    setup = next((cell for cell in code if "source" in kept_of(cell)), None)
    definitions = [cell.source for cell in code if only_definition(cell.source)]
    wanted = set().union(*(names_read(source) | names_in_examples(source) for source in definitions))
    moved = [
        cell for cell in code if cell is not setup and _is_imports(cell.source) and names_bound(cell.source) & wanted
    ]
    first = next((cell for cell in code if cell is not setup), None)
    if setup is None and first is not None and first not in moved and _begins(first, code, wanted):
        moved.insert(0, first)
    if not moved:
        return cells
    source = "\n".join(cell.source.strip("\n") for cell in moved)
    if setup is None:
        kept = "" if "mo" in names_bound(source) else MARIMO
        setup_cell = v4.new_code_cell(source, metadata={"tito": {"head": "with app.setup:", "source": kept}})
    else:
        setup_cell = _like(setup, f"{setup.source}\n{source}")
    gone = {id(cell) for cell in [*moved, setup]}
    return [setup_cell, *(cell for cell in cells if id(cell) not in gone)]


def _begins(first: NotebookNode, code: list[NotebookNode], wanted: set[str]) -> bool:
    """Whether the first cell of code is a setup cell: imports and constants that definitions use, and that use no other cell."""
    others = [cell.source for cell in code if cell is not first and statements(cell.source)]
    elsewhere = set().union(*map(names_bound, others))
    source = first.source
    return _fits_setup(source) and bool(names_bound(source) & wanted) and not names_read(source) & elsewhere


def syntax_error(source: str) -> SyntaxError | None:
    """What is wrong with a cell beyond its magics."""
    try:
        compile(without_magics(source), "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except SyntaxError as error:
        return error
    except ValueError:  # null bytes, in some versions of Python
        return SyntaxError("there are null bytes in it")
    return None


def definition_names(source: str) -> list[str]:
    return [node.name for node in statements(without_magics(source)) if isinstance(node, Definition)]


def has_star(source: str) -> bool:
    """Whether a cell has `from m import *`, which marimo refuses: it could not know which cell defines a name."""
    nodes = [node for node in statements(without_magics(source)) if isinstance(node, ast.ImportFrom)]
    return any(node.names[0].name == "*" for node in nodes)
