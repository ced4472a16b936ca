"""A marimo notebook as a list of cells. It is read with `ast` alone: nothing is imported, nothing is run.

Every rule about what a cell *is* lives here; what becomes of it is the business of the writers (`export`, `stub`).
"""

import ast
import io
import re
import symtable
import textwrap
import tokenize
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tito.errors import TitoError
from tito.files import read
from tito.syntax import parse_python

SOLUTION = ("### BEGIN SOLUTION", "### END SOLUTION")
HIDDEN = ("### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS")
MARKERS = {*SOLUTION, *HIDDEN}
REPEATS = re.compile(r"\.(setter|getter|deleter|register)\b")  # decorators whose method repeats a name on purpose
MARKS = {"points", "with", "not exported", "answered by hand"}  # what a `# ...` comment above a definition may say
# what belongs to the notebook, not to the package
FOR_SHOW = ("explore_", "measure_", "plot_")
LESSON_ONLY = ("test_", *FOR_SHOW, "answer_", "question_")

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
# what has names of its own inside
SCOPES = Definition | ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


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

    owner: str  # the definition that has it, "Tensor.apply" for a method
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
        return lines_of(self.text)

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

    def definition(self, name: str) -> Definition:
        """The syntax tree of a definition, or of a method ("Tensor.apply")."""
        outer, _, inner = name.partition(".")
        node = self.definitions[outer].node
        return next(method for method in _methods(node) if method.name == inner) if inner else node

    @cached_property
    def solutions(self) -> list[Block]:
        """The exercises: what a learner writes. Their `owner` is the exercise's name, which is its identity."""
        return self._blocks(*SOLUTION)

    def body(self, block: Block) -> list[str]:
        """The lines between a block's markers, unindented."""
        return [line.removeprefix(block.indent) for line in self.lines[block.begin : block.end - 1]]

    @cached_property
    def hidden_tests(self) -> list[Block]:
        return self._blocks(*HIDDEN)

    @cached_property
    def _comments(self) -> list[int]:
        return sorted(comment_lines(self.text))

    def _blocks(self, begin: str, end: str) -> list[Block]:
        blocks, opened = [], None
        for number in self._comments:
            line = self.lines[number - 1]
            mark = line.strip()
            if mark not in (begin, end):
                continue
            is_pair = mark == begin if opened is None else mark == end and self._owner(number) == opened.owner
            if not line.startswith(" ") or not is_pair:
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
            if not cell.line <= number < cell.line + len(lines_of(cell.source)):
                continue
            methods = _methods(cell.node) if cell.kind == "class" else []
            above = [method.name for method in methods if method.lineno <= number]
            return f"{cell.name}.{above[-1]}" if above else cell.name
        raise TitoError(f"{self.path}:{number}: a marker outside of any definition: move it into a function's body")


def parse(path: Path, text: str | None = None) -> Notebook:
    """Read a notebook.

    Raises:
        TitoError: naming file and line: the file is not a marimo notebook, has a syntax error (also in one of the cells that
            marimo keeps as text because they do not parse), or defines a name twice.
    """
    text = read(path) if text is None else text
    lines = lines_of(text)
    if "\0" in text:  # some versions of Python have no line and no column for these
        number = text[: text.index("\0")].count("\n") + 1
        raise TitoError(f"{path}:{number}: there are null bytes in this line: delete them, save, and run this again")
    try:
        tree = parse_python(text, path)
        # sees what the grammar does not: a parameter named twice, `return` outside of a function
        compile(tree, str(path), "exec", dont_inherit=True)
    except SyntaxError as error:
        raise _syntax_error(path, error, lines) from None
    if not any(isinstance(node, ast.Assign) and "marimo.App" in ast.unparse(node.value) for node in tree.body):
        raise TitoError(f"{path} is not a marimo notebook: it has no `app = marimo.App(...)`")
    cells = [cell for node in tree.body if (cell := _cell(path, node, lines)) is not None]
    _refuse_duplicates(path, cells)
    return Notebook(path, text, cells)


def _cell(path: Path, node: ast.stmt, lines: list[str]) -> Cell | None:
    if isinstance(node, ast.With) and ast.unparse(node.items[0].context_expr).startswith("app.setup"):
        start = _head_end(node, node.items[0].context_expr.end_lineno, lines)
        source = _dedent(lines[start : last_line(node, lines)], _indent(node, lines))
        return Cell("setup", "setup", source, start + 1, node, {})
    if isinstance(node, ast.Expr) and ast.unparse(node).startswith("app._unparsable_cell"):
        raise _unparsable(path, node, lines)
    if not isinstance(node, Definition):
        return None  # import marimo, app = ..., if __name__ == ...
    decorator = next((d for d in node.decorator_list if ast.unparse(d).startswith("app.")), None)
    if decorator is None:
        raise TitoError(
            f"{path}:{node.lineno}: {node.name} is in no cell, so marimo would drop it: put @app.function above it"
        )
    kind = ast.unparse(decorator).partition("(")[0].removeprefix("app.")
    if kind in ("function", "class_definition"):
        source = "\n".join(lines[decorator.end_lineno : last_line(node, lines)])
        return Cell(
            "class" if isinstance(node, ast.ClassDef) else "function",
            node.name,
            source,
            decorator.end_lineno + 1,
            node,
            _marks(lines[decorator.end_lineno : node.lineno - 1]),
        )
    return _code_cell(node, lines)


def _code_cell(node: ast.FunctionDef, lines: list[str]) -> Cell:
    """An `@app.cell`: prose, free code, or one definition that marimo has demoted."""
    body = node.body[:-1] if isinstance(node.body[-1], ast.Return) else node.body
    end = node.body[-1].lineno - 1 if len(body) < len(node.body) else last_line(node, lines)
    start = _head_end(node, max([node.lineno, *(arg.end_lineno for arg in node.args.args)]), lines)
    while start < end and not lines[start].strip():
        start += 1
    while start < end and not lines[end - 1].strip():
        end -= 1
    source = _dedent(lines[start:end], _indent(node, lines))
    marks = _marks(lines[start : node.body[0].lineno - 1])
    if len(body) == 1 and isinstance(body[0], Definition):
        kind = "class" if isinstance(body[0], ast.ClassDef) else "function"
        return Cell(kind, body[0].name, source, start + 1, body[0], marks, demoted=True)
    is_prose = len(body) == 1 and is_prose_call(body[0])
    return Cell("markdown" if is_prose else "code", node.name, source, start + 1, node, marks)


def is_prose_call(node: ast.stmt) -> bool:
    """Whether a statement is `mo.md` of a text and nothing else; what it shows of an f-string only a run can tell."""
    call = node.value if isinstance(node, ast.Expr) else None
    is_md = isinstance(call, ast.Call) and ast.unparse(call.func) == "mo.md"
    return is_md and len(call.args) == 1 and not call.keywords and isinstance(call.args[0], ast.Constant)


def _head_end(node: ast.FunctionDef | ast.With, last: int, lines: list[str]) -> int:
    """The line of the colon of `def _(a, b):`; comments before the first statement belong to the body."""
    while last < node.body[0].lineno and not re.search(r":\s*(#.*)?$", lines[last - 1]):
        last += 1
    return last


def _indent(node: ast.FunctionDef | ast.With, lines: list[str]) -> str:
    first = node.body[0]
    return lines[first.lineno - 1][: first.col_offset]


def _dedent(lines: list[str], indent: str) -> str:
    """A body as the editor shows it. A string's lines may be indented less than the code: those stay as they are."""
    return "\n".join(line.removeprefix(indent) for line in lines)


def last_line(node: ast.stmt, lines: list[str]) -> int:
    """The last line of a statement, or of a cell. ast ends a body at its last statement; an indented comment below it belongs to it too."""
    end = node.end_lineno
    for number in range(end, len(lines)):
        line = lines[number]
        if line.strip() and not (line.startswith(" ") and line.lstrip().startswith("#")):
            break
        if line.strip():
            end = number + 1
    return end


def _marks(head: list[str]) -> dict[str, str]:
    """What the lines above a definition, or above a cell's first statement, say."""
    marks = {}
    for line in head:
        marks |= mark_comment(line)
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
                if not any(REPEATS.search(ast.unparse(d)) for d in method.decorator_list):
                    enter(f"{cell.name}.{method.name}", method.lineno)


def _unparsable(path: Path, node: ast.Expr, lines: list[str]) -> TitoError:
    """marimo stores a cell that does not parse as a string: find the line and the column in that string."""
    literal = node.value.args[0]
    # blank lines above it, so that lines count as in the file, also in "'(' on line 3"
    source = "\n" * (literal.lineno - 1) + textwrap.dedent(literal.value)
    try:
        compile(source, str(path), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except SyntaxError as error:
        return _syntax_error(path, error, lines_of(source), lines)
    return TitoError(f"{path}:{node.lineno}: marimo could not read this cell: open the notebook, fix the cell and save")


def _syntax_error(path: Path, error: SyntaxError, source: list[str], lines: list[str] | None = None) -> TitoError:
    """`lines` are those of the file, when it holds `source` as a string: indented, with quotes escaped."""
    number, offset = error.lineno or 1, max(error.offset or 1, 1)
    code, quoted = source[number - 1], (error.text or "").strip()
    if quoted.startswith("(") and quoted not in code:  # Python 3.11 quotes `{x y}` of an f-string as "(x y)"
        offset += code.find(quoted[1:-1]) - 1
    column = offset
    if lines is not None:
        stored, before = lines[number - 1], code[: offset - 1]
        column += len(stored) - len(stored.lstrip()) - (len(code) - len(code.lstrip()))
        column += 0 if code.strip() in stored else before.count('"') + before.count("\\")
    return TitoError(
        f"{path}:{number}:{column}: syntax error: {error.msg}\n    {code}\n    {' ' * (offset - 1)}^\n"
        "Fix it, save, and run this again."
    )


def test_name(exercise: str) -> str:
    """The test that belongs to an exercise.

    >>> test_name("Tensor.__rsub__")
    'test_Tensor_rsub'
    """
    return "test_" + "_".join(part.strip("_") for part in exercise.split("."))


def test_of(test: str, exercises: Iterable[str]) -> str | None:
    """The exercise that a test is about: `test_relu` about relu, and `test_relu_memory`, too.

    >>> test_of("test_relu_memory", ["relu", "gelu"]), test_of("test_gelus", ["relu", "gelu"])
    ('relu', None)
    """
    names = {test_name(exercise): exercise for exercise in exercises}
    fitting = [name for name in names if test == name or test.startswith(f"{name}_")]
    return names[max(fitting, key=len)] if fitting else None


def tested_with(source: str) -> list[str]:
    """The exercises besides its own that a test is about, as the comment above it says.

    >>> tested_with("# points: 2, with: relu gelu\\ndef test_two_layers(): ...")
    ['relu', 'gelu']
    """
    head = source.partition("\ndef ")[0].split("\n")
    return [name for line in head for name in mark_comment(line).get("with", "").split()]


test_name.__test__ = test_of.__test__ = tested_with.__test__ = (
    False  # their own names would make pytest take them for tests
)


def lines_of(text: str) -> list[str]:
    """Lines as Python counts them: `splitlines` would cut at a form feed or a Unicode line separator, too."""
    return text.removesuffix("\n").split("\n")


def comment_lines(source: str) -> set[int]:
    """The numbers of the lines that are a comment and nothing else; the same text inside a string is none."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {t.start[0] for t in tokens if t.type == tokenize.COMMENT and not t.line[: t.start[1]].strip()}


def modules_imported(node: ast.AST) -> list[str]:
    """The modules that a statement imports from; none if it is not an import.

    >>> modules_imported(ast.parse("import a.b, c").body[0])
    ['a.b', 'c']
    """
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []


def prose(cell: Cell) -> str:
    """The text of a cell `mo.md(...)`, as Markdown."""
    call = next(node for node in ast.walk(parse_python(cell.source)) if isinstance(node, ast.Call))
    return textwrap.dedent(ast.literal_eval(call.args[0])).strip()


def names_bound(source: str) -> set[str]:
    """The names that a piece of top-level code defines: what it imports, assigns or declares with def and class.

    >>> sorted(names_bound("import a.b\\nc = [d for d in a]"))
    ['a', 'c']
    """
    names, waiting = set(), [*parse_python(source).body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Definition):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        if not isinstance(node, SCOPES):
            waiting += ast.iter_child_nodes(node)
    return names


def names_read(source: str) -> set[str]:
    """The names that a piece of top-level code takes from around it: globals, imports and builtins, not its own locals.

    >>> sorted(names_read("def f(x, y=one):\\n    z = x + two\\n    return z"))
    ['one', 'two']
    """
    top = symtable.symtable(source, "<cell>", "exec")
    own = {s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported() or s.is_namespace()}
    tables, names = [top], set()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        names |= {s.get_name() for s in table.get_symbols() if s.is_referenced() and (table is top or s.is_global())}
        names |= {s.get_name() for s in table.get_symbols() if s.is_declared_global()}  # `global n; n += 1` reads it
    return (names | _names_in_quoted_hints(source)) - own


def _names_in_quoted_hints(source: str) -> set[str]:
    """The names in type hints that are strings, as in `other: "Tensor | None"`.

    >>> sorted(_names_in_quoted_hints('def f(x: "A | None", how: Literal["b"]) -> list["C.D"]: ...'))
    ['A', 'C']
    """
    hints = []
    for node in ast.walk(parse_python(source)):
        hints += [getattr(node, "annotation", None), getattr(node, "returns", None)]
    names = set()
    while hints:
        hint = hints.pop()
        if isinstance(hint, ast.Subscript) and ast.unparse(hint.value).rpartition(".")[2] in ("Literal", "Annotated"):
            continue  # their strings are values
        if isinstance(hint, ast.Constant) and isinstance(hint.value, str):
            with suppress(SyntaxError):
                inner = parse_python(hint.value, mode="eval").body
                names |= {node.id for node in ast.walk(inner) if isinstance(node, ast.Name)}
        elif hint is not None:
            hints += ast.iter_child_nodes(hint)
    return names


def names_in_examples(source: str) -> set[str]:
    """Words of the lines after `>>>`: an example is run, and may use an import that nothing else uses."""
    examples = re.findall(r"^\s*(?:>>>|\.\.\.) (.*)$", source, re.MULTILINE)
    return {word for example in examples for word in re.findall(r"\w+", example)}


def line_of(cell: Cell, name: str) -> int:
    """The line in the file where a definition's code first mentions `name`."""
    mentions = (node for node in ast.walk(cell.node) if isinstance(node, ast.Name) and node.id == name)
    return min((node.lineno for node in mentions), default=cell.line)
