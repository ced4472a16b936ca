"""From notebook to package: `tinytorch/slug.py` is what the notebook defines, as if written by hand."""

import ast
import builtins
import difflib
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tito import course, files
from tito.backup import keep
from tito.course import Module
from tito.errors import TitoError
from tito.glue import glue
from tito.notebook import MARKERS, Cell, Notebook, line_of, mark_comment, names_read, parse
from tito.place import Place

NOT_EXPORTED = {"marimo", "matplotlib", "tito"}  # of the notebook, not of the framework
SCAFFOLD = re.compile(r"\s*(Steps|Hint):")
SIGNATURE = re.compile(r"sha256: \w*")


@dataclass(frozen=True)
class Exported:
    """What an export did to one file."""

    path: Path
    changed: bool
    kept: Path | None = None  # the backup of what was replaced
    was_edited: bool = False  # by hand, and not by export


def export(place: Place, modules: list[Module]) -> list[Exported]:
    """Write `tinytorch/` anew for `modules`, once the result has been imported in a fresh interpreter.

    Raises:
        TitoError: a notebook cannot be exported, or the result cannot be imported; then nothing was written.
    """
    texts = package(place, modules)
    with staged(place, texts) as folder:
        _import_all(folder, modules)
    return [_replace(place, name, text) for name, text in texts.items()]


def package(place: Place, modules: list[Module]) -> dict[str, str]:
    """File name -> text of what an export of `modules` would write: their files and the glue."""
    texts = {f"{module.slug}.py": module_source(parse(place.notebook(module))) for module in modules}
    there = [m for m in course.available() if m in modules or (place.package / f"{m.slug}.py").exists()]
    return texts | glue(there)


def difference(place: Place, modules: list[Module]) -> str:
    """How `tinytorch/` differs from what an export would write, as a diff; empty when they agree."""
    texts = package(place, modules)
    known = {f"{module.slug}.py" for module in course.available()} | texts.keys()
    strays = {path.name: None for path in sorted(place.package.glob("*.py")) if path.name not in known}
    parts = []
    for name, text in (texts | strays).items():
        path = place.package / name
        old = files.read(path) if path.exists() else ""
        lines = difflib.unified_diff(
            old.splitlines(), (text or "").splitlines(), f"tinytorch/{name}", f"export of {name}", lineterm=""
        )
        parts += lines
    return "\n".join(parts)


@contextmanager
def staged(place: Place, texts: dict[str, str]) -> Iterator[Path]:
    """A throw-away folder whose `tinytorch/` is the place's with `texts` written over it."""
    with tempfile.TemporaryDirectory(prefix="tito_") as folder:
        target = Path(folder) / "tinytorch"
        target.mkdir()
        for path in place.package.glob("*.py"):
            shutil.copy(path, target)
        for name, text in texts.items():
            files.write(target / name, text)
        yield Path(folder)


def is_hand_edited(path: Path) -> bool:
    """Whether an exported file no longer is what export wrote: it is signed with a hash of itself."""
    text = files.read(path)
    return SIGNATURE.search(text) is None or _signed(text) != text


def _signed(text: str) -> str:
    unsigned = SIGNATURE.sub("sha256: ", text, count=1)
    digest = hashlib.sha256(unsigned.encode()).hexdigest()[:16]
    return SIGNATURE.sub(f"sha256: {digest}", unsigned, count=1)


def _replace(place: Place, name: str, text: str) -> Exported:
    path = place.package / name
    old = files.read(path) if path.exists() else None
    if old == text:
        return Exported(path, changed=False)
    edited = old is not None and not name.startswith("_") and is_hand_edited(path)
    kept = keep(place, [path], f"export_{path.stem}") if edited or (old is not None and not place.is_course) else None
    files.write(path, text)
    return Exported(path, True, kept, edited)


def _import_all(folder: Path, modules: list[Module]) -> None:
    program = "import importlib, sys; sys.path.insert(0, sys.argv[1])\nfor name in sys.argv[2:]: importlib.import_module(name)"
    names = [f"tinytorch.{module.slug}" for module in modules]
    command = [sys.executable, "-X", "utf8", "-c", program, str(folder), *names]
    run = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", cwd=folder)
    if run.returncode:
        reason = (run.stderr.strip().splitlines() or ["the interpreter died"])[-1]
        raise TitoError(f"the export would not import, so nothing was written: {reason}")


def module_source(notebook: Notebook) -> str:
    """The text of the package module that a notebook exports.

    Raises:
        TitoError: a definition depends on something that is not exported; the sentence says how to lift it.
    """
    kept = [cell for cell in notebook.cells if cell.is_exported]
    for cell in kept:
        _refuse_dependencies(notebook, cell)
    wanted = set().union(*(names_read(cell.source) for cell in kept))
    setup = _setup_source(notebook.setup, wanted) if notebook.setup else ""
    body = "\n\n\n".join(part for part in [setup, *map(_definition_source, kept)] if part)
    body = f"\n{body}\n" if body else ""
    title = re.search(r'app_title="([^"]*)"', notebook.text)
    title = title[1] if title else notebook.path.stem
    note = f"Written by `tito export` from notebooks/{notebook.path.name}: edit that file instead. sha256: "
    return _signed(f'"""{title}.\n\n{note}\n"""\n{body}')


def _refuse_dependencies(notebook: Notebook, cell: Cell) -> None:
    """A definition stays importable only while it refers to the setup cell and to other exported definitions."""
    setup = _bound_names(ast.parse(notebook.setup.source).body) if notebook.setup else set()
    exported = {name for name, other in notebook.definitions.items() if other.is_exported}
    for name in sorted(names_read(cell.source) - setup - exported - set(dir(builtins)) - {"__file__", "__name__"}):
        where = f"{notebook.path}:{line_of(cell, name)}: {cell.name} uses {name}"
        owner = next(
            (other for other in notebook.cells if other.kind == "code" and name in _cell_variables(other)), None
        )
        if name in notebook.definitions:
            raise TitoError(
                f"{where}, which is not exported: rename {name} or take what is needed of it into {cell.name}"
            )
        if owner is not None:
            raise TitoError(
                f"{where}, a variable of the cell in line {owner.line}: pass it as an argument, or move it to the setup cell"
            )
        raise TitoError(
            f"{where}, but nothing defines that name: is it misspelt, or an import missing in the setup cell?"
        )


def _cell_variables(cell: Cell) -> set[str]:
    return _bound_names(cell.node.body)


def _bound_names(body: list[ast.stmt]) -> set[str]:
    """The names that statements bind: imports, assignments, definitions."""
    names = set()
    for node in (node for statement in body for node in ast.walk(statement)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {_alias_name(alias) for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
    return names


def _alias_name(alias: ast.alias) -> str:
    return (alias.asname or alias.name).partition(".")[0]


def _setup_source(setup: Cell, wanted: set[str]) -> str:
    """What the exported definitions use of the setup cell: its imports and constants, with the comments above them."""
    lines, statements = setup.source.splitlines(), ast.parse(setup.source).body
    used = used_names(statements, wanted)
    parts, seen, gap = [], 0, False
    for statement in statements:
        above, seen = lines[seen : statement.lineno - 1], statement.end_lineno
        gap = gap or "" in above
        if id(statement) not in used:
            continue
        code = _import_source(statement, lines, used[id(statement)])
        comments = [line for line in above if line]
        parts += [""] * gap + comments + [code]
        gap = False
    return "\n".join(parts).strip("\n")


def used_names(statements: list[ast.stmt], wanted: set[str]) -> dict[int, set[str]]:
    """id of a statement -> the names that are used of it. From the bottom: a constant may need an import above it."""
    wanted, used = set(wanted), {}
    for statement in reversed(statements):
        names = _bound_names([statement]) & wanted
        if names:
            used[id(statement)] = names
            wanted |= names_read(ast.unparse(statement))
    return used


def _import_source(statement: ast.stmt, lines: list[str], names: set[str]) -> str:
    """The text of a statement of the setup cell; of an import only the names that are used."""
    text = "\n".join(lines[statement.lineno - 1 : statement.end_lineno])
    if not isinstance(statement, ast.Import | ast.ImportFrom):
        return text
    module = getattr(statement, "module", None) or statement.names[0].name
    if module.partition(".")[0] in NOT_EXPORTED:
        raise TitoError(
            f"an exported definition uses {sorted(names)[0]} ({module}), which the package must not need:"
            " put `# not exported` above that definition"
        )
    aliases = [alias for alias in statement.names if _alias_name(alias) in names]
    if len(aliases) == len(statement.names):
        return text
    statement.names = aliases
    return ast.unparse(statement)


def _definition_source(cell: Cell) -> str:
    """A definition as it stands in the package: no markers, no marks, and docstrings without the exercise's scaffold."""
    lines = cell.source.splitlines()
    for begin, end in reversed(_docstrings(cell)):
        lines[begin:end] = _without_scaffold(lines[begin:end])
    first = next(number for number, line in enumerate(lines) if not line.startswith(("#", "@")))
    kept = [
        line
        for number, line in enumerate(lines)
        if line.strip() not in MARKERS and not (number < first and mark_comment(line))
    ]
    return "\n".join(kept).rstrip("\n")


def _docstrings(cell: Cell) -> list[tuple[int, int]]:
    """Where docstrings of several lines stand in a cell's source: (first line, line after the last), counted from 0."""
    found, lines = [], cell.source.splitlines()
    for node in ast.walk(ast.parse(cell.source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and ast.get_docstring(node):
            text = node.body[0]
            if lines[text.end_lineno - 1].strip() == '"""':
                found.append((text.lineno - 1, text.end_lineno))
    return sorted(found)


def _without_scaffold(docstring: list[str]) -> list[str]:
    """Drop the sections `Steps:` and `Hint:`: they help to write the function, not to use it."""
    kept, skipping = [], False
    for line in docstring[:-1]:
        skipping = bool(SCAFFOLD.match(line)) or (skipping and bool(line.strip()))
        if not skipping and (line.strip() or (kept and kept[-1].strip())):
            kept.append(line)
    while not kept[-1].strip():
        kept.pop()
    return [kept[0] + '"""'] if len(kept) == 1 else [*kept, docstring[-1]]
