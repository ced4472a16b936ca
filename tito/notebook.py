"""A marimo notebook as a list of cells. It is read with `ast` alone: nothing is imported, nothing is run.

Every rule about what a cell *is* lives here; what becomes of it is the business of the writers (`export`, `stub`).
"""

import ast
import re
import symtable
import textwrap
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tito.errors import TitoError
from tito.files import read

SOLUTION = ("### BEGIN SOLUTION", "### END SOLUTION")
HIDDEN = ("### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS")
MARKERS = {*SOLUTION, *HIDDEN}
MARKS = {"points", "not exported", "answered by hand"}  # what a `# ...` comment above a definition may say
LESSON_ONLY = (
    "test_",
    "measure_",
    "explore_",
    "plot_",
    "answer_",
    "question_",
)  # belongs to the notebook, not to the package

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Cell:
    kind: str  # "setup", "markdown", "code", "function" or "class"
    name: str  # the definition's name; of other cells the cell's own, "_" when it has none
    source: str  # what the editor shows: no marimo decorator, no indentation
    line: int  # where `source` begins in the file
    node: ast.stmt  # the definition, or what marimo wrapped around the cell's code
    marks: dict[str, str]  # {"points": "4", "not exported": ""}
    demoted: bool = False  # a definition that marimo keeps in an ordinary cell, because of a name it does not know

    @property
    def is_definition(self) -> bool:
        return self.kind in ("function", "class")

    @property
    def is_test(self) -> bool:
        return self.kind == "function" and self.name.startswith("test_")

    @property
    def is_exported(self) -> bool:
        return self.is_definition and not self.name.startswith(LESSON_ONLY) and "not exported" not in self.marks


@dataclass(frozen=True)
class Block:
    """The lines between two markers; `begin` and `end` are the markers' own lines, counted from 1."""

    owner: str  # the definition it stands in, "Tensor.apply" for a method
    begin: int
    end: int
    indent: str


@dataclass(frozen=True)
class Notebook:
    path: Path
    text: str
    cells: list[Cell]

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def setup(self) -> Cell | None:
        return next((cell for cell in self.cells if cell.kind == "setup"), None)

    @cached_property
    def definitions(self) -> dict[str, Cell]:
        return {cell.name: cell for cell in self.cells if cell.is_definition}

    @cached_property
    def qualified_names(self) -> dict[str, int]:
        """Every definition and every method ("Tensor.apply"), with its line."""
        names = {}
        for cell in self.definitions.values():
            names[cell.name] = cell.node.lineno
            if cell.kind == "class":
                names |= {f"{cell.name}.{method.name}": method.lineno for method in _methods(cell.node)}
        return names

    @cached_property
    def solutions(self) -> list[Block]:
        """The exercises: what a learner writes. Their `owner` is the exercise's name, which is its identity."""
        return self._blocks(*SOLUTION)

    @cached_property
    def hidden_tests(self) -> list[Block]:
        return self._blocks(*HIDDEN)

    def _blocks(self, begin: str, end: str) -> list[Block]:
        blocks, opened = [], None
        for number, line in enumerate(self.lines, 1):
            mark = line.strip()
            if mark not in (begin, end):
                continue
            if not line.startswith(" ") or (mark == begin) == (opened is not None):
                raise TitoError(
                    f"{self.path}:{number}: {mark!r} is unindented or unpaired: markers come in pairs inside a body"
                )
            if mark == begin:
                opened = Block(self._owner(number), number, number, line[: line.index("#")])
            else:
                blocks.append(Block(opened.owner, opened.begin, number, opened.indent))
                opened = None
        if opened is not None:
            raise TitoError(f"{self.path}:{opened.begin}: {begin!r} has no {end!r} below it")
        return blocks

    def _owner(self, number: int) -> str:
        for cell in self.definitions.values():
            if not cell.line <= number < cell.line + len(cell.source.splitlines()):
                continue
            methods = _methods(cell.node) if cell.kind == "class" else []
            above = [method.name for method in methods if method.lineno <= number]
            return f"{cell.name}.{above[-1]}" if above else cell.name
        raise TitoError(f"{self.path}:{number}: a marker outside of any definition: move it into a function's body")


def parse(path: Path) -> Notebook:
    """Read a notebook.

    Raises:
        TitoError: naming file and line: the file is no marimo notebook, has a syntax error (also in one of the cells that
            marimo keeps as text because they do not parse), or defines a name twice.
    """
    text = read(path)
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise _syntax_error(path, error, 0) from None
    lines = text.splitlines()
    cells = [cell for node in tree.body if (cell := _cell(path, node, lines)) is not None]
    if not any(isinstance(node, ast.Assign) and "marimo.App" in ast.unparse(node.value) for node in tree.body):
        raise TitoError(f"{path} is not a marimo notebook: it has no `app = marimo.App(...)`")
    _refuse_duplicates(path, cells)
    return Notebook(path, text, cells)


def _cell(path: Path, node: ast.stmt, lines: list[str]) -> Cell | None:
    if isinstance(node, ast.With) and ast.unparse(node.items[0].context_expr).startswith("app.setup"):
        source = textwrap.dedent("\n".join(lines[node.lineno : _end(node, lines)]))
        return Cell("setup", "setup", source, node.lineno + 1, node, {})
    if isinstance(node, ast.Expr) and ast.unparse(node).startswith("app._unparsable_cell"):
        raise _unparsable(path, node)
    if not isinstance(node, Definition):
        return None  # import marimo, app = ..., if __name__ == ...
    decorator = next((d for d in node.decorator_list if ast.unparse(d).startswith("app.")), None)
    if decorator is None:
        raise TitoError(
            f"{path}:{node.lineno}: {node.name} is in no cell, so marimo would drop it: put @app.function above it"
        )
    kind = ast.unparse(decorator).partition("(")[0].removeprefix("app.")
    if kind in ("function", "class_definition"):
        source = "\n".join(lines[decorator.end_lineno : _end(node, lines)])
        return Cell(
            "class" if isinstance(node, ast.ClassDef) else "function",
            node.name,
            source,
            decorator.end_lineno + 1,
            node,
            _marks(source),
        )
    return _code_cell(node, lines)


def _code_cell(node: ast.FunctionDef, lines: list[str]) -> Cell:
    """An `@app.cell`: prose, free code, or one definition that marimo has demoted."""
    body = node.body[:-1] if isinstance(node.body[-1], ast.Return) else node.body
    end = node.body[-1].lineno - 1 if len(body) < len(node.body) else _end(node, lines)
    start = _signature_end(node, lines)
    source = textwrap.dedent("\n".join(lines[start:end])).strip("\n")
    first = start + 1 + next((i for i, line in enumerate(lines[start:end]) if line.strip()), 0)
    if len(body) == 1 and isinstance(body[0], Definition):
        kind = "class" if isinstance(body[0], ast.ClassDef) else "function"
        return Cell(kind, body[0].name, source, first, body[0], _marks(source), demoted=True)
    is_prose = len(body) == 1 and ast.unparse(body[0]).startswith("mo.md")
    return Cell("markdown" if is_prose else "code", node.name, source, first, node, _marks(source))


def _signature_end(node: ast.FunctionDef, lines: list[str]) -> int:
    """The line of the colon of `def _(a, b):`; comments before the first statement belong to the body."""
    last = max([node.lineno, *(arg.end_lineno for arg in node.args.args)])
    while not lines[last - 1].rstrip().endswith(":"):
        last += 1
    return last


def _end(node: ast.stmt, lines: list[str]) -> int:
    """The last line of a cell. ast ends a body at its last statement; an indented comment below it belongs to it too."""
    end = node.end_lineno
    for number in range(end, len(lines)):
        line = lines[number]
        if line.strip() and not (line.startswith(" ") and line.lstrip().startswith("#")):
            break
        if line.strip():
            end = number + 1
    return end


def _marks(source: str) -> dict[str, str]:
    marks = {}
    for line in source.splitlines():
        if line.startswith("#"):
            marks |= mark_comment(line)
        elif not line.startswith("@"):
            break
    return marks


def mark_comment(line: str) -> dict[str, str]:
    """What `# points: 4, answered by hand` says; empty for any other comment.

    >>> mark_comment("# points: 4, answered by hand")
    {'points': '4', 'answered by hand': ''}
    >>> mark_comment("# a comment")
    {}
    """
    parts = [part.partition(":") for part in line.strip().lstrip("# ").split(",")]
    marks = {key.strip(): value.strip() for key, _, value in parts}
    return marks if line.strip().startswith("#") and marks.keys() <= MARKS else {}


def _methods(node: ast.ClassDef) -> list[ast.FunctionDef]:
    return [child for child in node.body if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)]


def _refuse_duplicates(path: Path, cells: list[Cell]) -> None:
    seen: dict[str, int] = {}

    def enter(name: str, line: int) -> None:
        if name in seen:
            raise TitoError(
                f"{path}:{line}: {name} is defined in line {seen[name]} already: delete or rename one of the two"
            )
        seen[name] = line

    for cell in cells:
        if cell.is_definition:
            enter(cell.name, cell.node.lineno)
        if cell.kind == "class":
            for method in _methods(cell.node):
                if not any(
                    "." in ast.unparse(d) for d in method.decorator_list
                ):  # `@shape.setter` repeats a name on purpose
                    enter(f"{cell.name}.{method.name}", method.lineno)


def _unparsable(path: Path, node: ast.Expr) -> TitoError:
    """marimo stores a cell that does not parse as a string: find the line and the column in that string."""
    literal = node.value.args[0]
    source = textwrap.dedent(literal.value)
    try:
        ast.parse(source)
    except SyntaxError as error:
        indent = next((len(line) - len(line.lstrip()) for line in literal.value.splitlines() if line.strip()), 0)
        return _syntax_error(path, error, literal.lineno - 1, indent)
    return TitoError(
        f"{path}:{node.lineno}: marimo could not read this cell: open the notebook, mend the cell and save"
    )


def _syntax_error(path: Path, error: SyntaxError, lines_above: int, indent: int = 0) -> TitoError:
    code = (error.text or "").rstrip("\n")
    caret = " " * max((error.offset or 1) - 1, 0) + "^"
    column = (error.offset or 1) + indent
    return TitoError(
        f"{path}:{lines_above + (error.lineno or 1)}:{column}: syntax error: {error.msg}\n    {code}\n    {caret}\nMend it, save, and run this again."
    )


def test_name(exercise: str) -> str:
    """The test that belongs to an exercise.

    >>> test_name("Tensor.__rsub__")
    'test_Tensor_rsub'
    """
    return "test_" + "_".join(part.strip("_") for part in exercise.split("."))


test_name.__test__ = False  # its own name would make pytest take it for one


def names_read(source: str) -> set[str]:
    """The names that a piece of top-level code takes from around it: globals, imports and builtins, not its own locals.

    >>> sorted(names_read("def f(x, y=one):\\n    z = x + two\\n    return z"))
    ['one', 'two']
    """
    top = symtable.symtable(source, "<cell>", "exec")
    own = {
        symbol.get_name()
        for symbol in top.get_symbols()
        if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
    }
    tables, found = [top], set()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        found |= {s.get_name() for s in table.get_symbols() if s.is_referenced() and (table is top or s.is_global())}
    return found - own


def line_of(cell: Cell, name: str) -> int:
    """The line in the file where a cell first mentions `name`."""
    for offset, line in enumerate(cell.source.splitlines()):
        if re.search(rf"\b{re.escape(name)}\b", line):
            return cell.line + offset
    return cell.line
