"""What a student handed in, whatever became of it on the way, as a list of cells.

A notebook comes back as `.ipynb` or `.py`; reformatted, without metadata, with Windows line ends, with a syntax error in the
middle. All of it is read as far as it can be, because a cell that cannot be read is never graded.
"""

import ast
import json
import re
import textwrap
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tito.assignments.foreign import statements, without_magics
from tito.assignments.jupyter import PLAY, is_start, without_call
from tito.errors import TitoError
from tito.notebook import Definition, is_prose_call, parse, prose
from tito.syntax import parse_python

MOST = 20_000_000  # bytes; the largest notebook of the course has 0.2 million
DEFINITION = re.compile(r"^(?:async\s+def|def|class)\s+(\w+)", re.MULTILINE)
# where a cell of a marimo file begins, when the file as a whole does not parse
CELL = re.compile(
    r"^(?:@app\.(?:cell|function|class_definition)\b.*|with app\.setup.*|app\._unparsable_cell\(.*|if __name__ ==.*)$",
    re.MULTILINE,
)
BY_MARIMO = re.compile(r"^(?:import marimo|__generated_with\s*=|app\s*=\s*marimo\.App)")


@dataclass(frozen=True)
class CellText:
    """A cell of a submission."""

    is_prose: bool
    source: str
    label: str | None = None  # what its metadata, or marimo, calls it

    @cached_property
    def names(self) -> list[str]:
        """The functions and classes that it defines; also when it has a syntax error."""
        try:
            return [node.name for node in parse_python(self.source).body if isinstance(node, Definition)]
        except SyntaxError:
            return DEFINITION.findall(self.source)


@dataclass(frozen=True)
class HandedIn:
    path: Path
    pieces: list[CellText]
    remarks: list[str] = field(default_factory=list)

    @cached_property
    def names(self) -> set[str]:
        return {name for piece in self.pieces for name in piece.names}


def read_submission(path: Path) -> HandedIn:
    """The cells of a file that was handed in.

    Raises:
        TitoError: it is not a notebook, or much too large; in one sentence that the student can also read.
    """
    if path.stat().st_size > MOST:
        raise TitoError(
            f"{path.name} has {path.stat().st_size / 1e6:.0f} MB, and a notebook without its outputs has less than one"
        )
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TitoError(f"{path.name} is not UTF-8 (byte {error.start})") from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _read_ipynb(path, text) if path.suffix == ".ipynb" else _read_py(path, text)


def _read_ipynb(path: Path, text: str) -> HandedIn:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise TitoError(f"{path.name} is broken: {error}") from None
    except RecursionError:
        raise TitoError(f"{path.name} is not a notebook") from None
    cells = content.get("cells") if isinstance(content, dict) else None
    if not isinstance(cells, list):
        raise TitoError(f"{path.name} is not a notebook: it has no list of cells")
    read_cells = (_piece(cell) for cell in cells if isinstance(cell, dict))
    return HandedIn(path, [piece for piece in read_cells if piece is not None])


def _piece(cell: dict) -> CellText | None:
    source, kind = cell.get("source", ""), cell.get("cell_type")
    source = "".join(map(str, source)) if isinstance(source, list) else str(source)
    source = source.replace("\r\n", "\n")
    if kind not in ("code", "markdown") or not source.strip() or source.strip() == PLAY:
        return None
    if kind == "code" and is_start(source):
        return None
    metadata = cell.get("metadata")
    metadata = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    label = metadata.get("grade_id") if isinstance(metadata, dict) else None
    label = label if isinstance(label, str) else None
    # `marimo export ipynb` leaves prose with a comment as code
    if kind == "code" and (text := _text_of(source)) is not None:
        return CellText(True, text, label)
    return CellText(kind == "markdown", source if kind == "markdown" else without_magics(without_call(source)), label)


def _text_of(source: str) -> str | None:
    """The text of a cell that is one `mo.md("...")`."""
    nodes = statements(source)
    if len(nodes) != 1 or not is_prose_call(nodes[0]):
        return None
    return textwrap.dedent(str(nodes[0].value.args[0].value)).strip()


def _read_py(path: Path, text: str) -> HandedIn:
    if not CELL.search(text):
        return _read_script(path, text)
    try:
        notebook = parse(path, text)
    except TitoError as error:
        reason = str(error).replace(f"{path}:", f"{path.name}:").split("\n")[0]
        return HandedIn(path, [piece for piece in _cut(text) if piece.source.strip()], [reason])
    pieces = []
    for cell in notebook.cells:
        label = None if cell.name == "_" else cell.name
        if cell.kind == "markdown":
            pieces.append(CellText(True, prose(cell), label))
        else:
            pieces.append(CellText(False, cell.source.strip("\n"), label))
    return HandedIn(path, [piece for piece in pieces if piece.source.strip()])


def _cut(text: str) -> list[CellText]:
    """The cells of a marimo file that does not parse, or that defines a name twice: cut where a cell begins."""
    starts = [match.start() for match in CELL.finditer(text)] + [len(text)]
    return [
        piece for a, b in zip(starts, starts[1:], strict=False) if (piece := cut_cell(text[a:b].rstrip())) is not None
    ]


def cut_cell(text: str) -> CellText | None:
    head, _, body = text.partition("\n")
    if head.startswith(("@app.function", "@app.class_definition")):
        return CellText(False, body.strip("\n"))
    if head.startswith("with app.setup"):
        return CellText(False, textwrap.dedent(body).strip("\n"), "setup")
    if head.startswith("app._unparsable_cell"):
        quoted = re.search(r'r?("""|\'\'\')\n?(.*?)\1', body, re.DOTALL)
        return CellText(False, textwrap.dedent(quoted[2]).strip("\n")) if quoted else None
    if head.startswith("@app.cell"):
        name = re.match(r"(?:async )?def (\w+)", body)
        inner = re.sub(r"\n?    return\b[^\n]*\Z", "", body.partition("\n")[2])
        inner = textwrap.dedent(inner).strip("\n")
        text_of = _text_of(inner)
        label = name[1] if name and name[1] != "_" else None
        return CellText(text_of is not None, inner if text_of is None else text_of, label)
    return None


def _read_script(path: Path, text: str) -> HandedIn:
    """A file of plain Python, such as the exported module or what Jupyter saves as a script: each definition is a cell."""
    try:
        nodes = parse_python(text).body
    except SyntaxError as error:
        raise TitoError(
            f"{path.name} is not a notebook, and as Python it has a syntax error in line {error.lineno}"
        ) from None
    except (ValueError, RecursionError, MemoryError):
        raise TitoError(f"{path.name} is not a notebook") from None
    lines, pieces, loose = text.split("\n"), [], []
    for node in nodes:
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        source = "\n".join(lines[first - 1 : node.end_lineno])
        if isinstance(node, Definition):
            pieces.append(CellText(False, source))
        elif not BY_MARIMO.match(source) and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            loose.append(source)
    imports = [CellText(False, "\n".join(loose), "setup")] if loose else []
    return HandedIn(path, [*imports, *pieces], [f"{path.name} is not a notebook; it was read as plain Python"])
