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
from tito.glue import FORMER, glue, is_stand_in, is_template
from tito.notebook import (
    MARKERS,
    Cell,
    Definition,
    Notebook,
    comment_lines,
    line_of,
    lines_of,
    mark_comment,
    modules_imported,
    names_bound,
    names_in_examples,
    names_read,
    parse,
)
from tito.place import Place
from tito.stub import is_unsolved
from tito.syntax import parse_python

NOT_EXPORTED = {"marimo", "matplotlib", "tito"}  # of the notebook, not of the framework
SCAFFOLD = re.compile(r"(Steps|Hint):")
SIGNATURE = re.compile(r"sha256: \w*")


@dataclass(frozen=True)
class Exported:
    """What an export did to one file."""

    path: Path
    changed: bool
    kept: Path | None = None  # the backup of what was replaced
    was_edited: bool = False  # by hand, and not by export
    renamed_to: str = ""  # the name under which the module is exported now

    @property
    def remark(self) -> str:
        """What to tell the learner; empty when nothing unusual happened."""
        if self.renamed_to:
            return f"tinytorch/{self.path.name} is called {self.renamed_to} now: the old file is kept in {self.kept}"
        if self.was_edited:
            return f"tinytorch/{self.path.name} had been edited by hand: that version is kept in {self.kept}"
        return ""


def export(place: Place, modules: list[Module]) -> list[Exported]:
    """Write `tinytorch/` anew for `modules`, once the result has been imported in a fresh interpreter.

    Raises:
        TitoError: a notebook cannot be exported, or the result cannot be imported; then nothing was written.
    """
    notebooks = {module: parse(place.notebook(module)) for module in modules}
    for notebook in notebooks.values():
        _refuse_unsolved_guard(notebook)
    texts = _texts(place, notebooks)
    with staged(place, texts) as folder:
        # a template that does not fit an old notebook is a warning of the package, and no reason to refuse the notebook
        _import_all(folder, [name for name in texts if not is_template(name) and not is_stand_in(name)])
    written = _write(place, texts)
    return written + [file for module in modules if (file := _retire(place, module))]


def write_glue(place: Place) -> None:
    """Make the package's glue fit the modules that are in it."""
    _write(place, package(place, []))


def _write(place: Place, texts: dict[str, str]) -> list[Exported]:
    for path in (place.package / name for name in FORMER):
        if path.exists():
            keep(place, [path], f"export_{path.stem}")
            path.unlink()
    return [_replace(place, name, text) for name, text in texts.items()]


def _retire(place: Place, module: Module) -> Exported | None:
    """Move what an earlier version of the course exported under another name into a backup."""
    old = place.package / module.former_file if module.former_file else None
    if old is None or not old.exists() or f"from notebooks/{module.stem}.py" not in files.read(old):
        return None
    edited, kept = is_hand_edited(old), keep(place, [old], f"export_{old.stem}")
    old.unlink()
    return Exported(old, True, kept, edited, module.file)


def _refuse_unsolved_guard(notebook: Notebook) -> None:
    """What a decorator puts into every tensor's way must be solved, or no tensor would work any more."""
    for block in notebook.solutions:
        decorators = map(ast.unparse, notebook.definition(block.owner).decorator_list)
        if "Tensor.set_recorder" in decorators and is_unsolved(notebook.text, block.owner):
            raise TitoError(
                f"{block.owner} is unsolved, and every operation on a tensor would call it: solve it before you export"
                f" {notebook.path.stem}"
            )


def package(place: Place, modules: list[Module]) -> dict[str, str]:
    """File name -> text of what an export of `modules` would write: their files and the glue."""
    return _texts(place, {module: parse(place.notebook(module)) for module in modules})


def _texts(place: Place, notebooks: dict[Module, Notebook]) -> dict[str, str]:
    texts = {module.file: module_source(notebook) for module, notebook in notebooks.items()}
    exported = [m for m in course.available() if m in notebooks or place.exported(m).exists()]
    sources = {m: texts[m.file] if m.file in texts else files.read(place.exported(m)) for m in exported}
    return texts | glue(exported, {m: names_bound(source) for m, source in sources.items()})


def difference(place: Place, modules: list[Module]) -> str:
    """How `tinytorch/` differs from what an export would write, as a diff; empty when they agree."""
    texts = package(place, modules)
    known = {module.file for module in course.available()} | texts.keys()
    existing = (path.relative_to(place.package).as_posix() for path in sorted(place.package.rglob("*.py")))
    strays = {name: None for name in existing if name not in known}
    parts = []
    for name, text in (texts | strays).items():
        path = place.package / name
        # split, so that an empty file differs from no file, and a missing last line end counts
        old = files.read(path).split("\n") if path.exists() else []
        new = text.split("\n") if text is not None else []
        parts += difflib.unified_diff(old, new, f"tinytorch/{name}", f"export of {name}", lineterm="")
    return "\n".join(parts)


@contextmanager
def staged(place: Place, texts: dict[str, str]) -> Iterator[Path]:
    """A throw-away folder whose `tinytorch/` is the place's with `texts` written over it."""
    with tempfile.TemporaryDirectory(prefix="tito_") as folder:
        target = Path(folder) / "tinytorch"
        if place.package.exists():
            shutil.copytree(place.package, target, ignore=shutil.ignore_patterns("__pycache__"))
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
    is_module = name in {module.file for module in course.MODULES}
    edited = old is not None and is_module and is_hand_edited(path)
    kept = keep(place, [path], f"export_{path.stem}") if edited or (old is not None and not place.is_course) else None
    files.write(path, text)
    return Exported(path, True, kept, edited)


def _import_all(folder: Path, names: list[str]) -> None:
    program = "import importlib, sys; sys.path.insert(0, sys.argv[1])\nfor name in sys.argv[2:]: importlib.import_module(name)"
    modules = [f"tinytorch/{name}".removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in names]
    command = [sys.executable, "-X", "utf8", "-c", program, str(folder), *modules]
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
    if notebook.setup:
        wanted |= set().union(*(names_in_examples(cell.source) for cell in kept)) - _lesson_only(notebook.setup).keys()
    setup = _setup_source(notebook.setup, wanted) if notebook.setup else ""
    body = "\n\n\n".join(part for part in [setup, *map(_definition_source, kept)] if part)
    blank = "\n" if setup else "\n\n"  # as ruff format has it
    body = f"{blank}{body}\n" if body else ""
    title = re.search(r'app_title="([^"]*)"', notebook.text)
    title = title[1] if title else notebook.path.stem
    note = f"Written by `tito export` from notebooks/{notebook.path.name}: edit that file instead. sha256: "
    return _signed(f'"""{title}.\n\n{note}\n"""\n{body}')


def _refuse_dependencies(notebook: Notebook, cell: Cell) -> None:
    """A definition stays importable only while it refers to the setup cell and to other exported definitions."""
    setup = names_bound(notebook.setup.source) if notebook.setup else set()
    lesson_only = _lesson_only(notebook.setup) if notebook.setup else {}
    exported = {name for name, other in notebook.definitions.items() if other.is_exported}
    known = (setup | exported | set(dir(builtins)) | {"__file__", "__name__"}) - lesson_only.keys()
    for name in sorted(names_read(cell.source) - known):
        where = f"{notebook.path}:{line_of(cell, name)}: {cell.name} uses {name}"
        owner = next(
            (other for other in notebook.cells if other.kind == "code" and name in names_bound(other.source)), None
        )
        if name in lesson_only:
            raise TitoError(
                f"{where}, which needs {lesson_only[name]}, and the package must not: put `# not exported` above"
                f" {cell.name}, or write it without {name}"
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


def _lesson_only(setup: Cell) -> dict[str, str]:
    """Names of the setup cell that need marimo, matplotlib or tito, directly or through another one, and which."""
    package_of: dict[str, str] = {}
    statements = parse_python(setup.source).body
    for statement, names in zip(statements, _bound_by(statements), strict=True):
        packages = {_package(name) for node in ast.walk(statement) for name in modules_imported(node)} & NOT_EXPORTED
        packages |= {package_of[name] for name in names_read(ast.unparse(statement)) & package_of.keys()}
        if packages:
            package_of |= dict.fromkeys(names, min(packages))
    return package_of


def _package(module: str) -> str:
    return module.partition(".")[0]


def _alias_name(alias: ast.alias) -> str:
    return _package(alias.asname or alias.name)


def _setup_source(setup: Cell, wanted: set[str]) -> str:
    """What the exported definitions use of the setup cell: its imports and constants, with the comments above them."""
    lines, statements = lines_of(setup.source), parse_python(setup.source).body
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
    """id of a statement -> the names that are used of it, by `wanted` or by another statement that is used."""
    bound = dict(zip(map(id, statements), _bound_by(statements), strict=True))
    reads = {id(statement): names_read(ast.unparse(statement)) for statement in statements}
    wanted, before = set(wanted), -1
    while len(wanted) > before:  # a constant needs what is above it, a function also what is below
        before = len(wanted)
        wanted |= set().union(*(reads[key] for key, names in bound.items() if names & wanted))
    return {key: names & wanted for key, names in bound.items() if names & wanted}


def _bound_by(statements: list[ast.stmt]) -> list[set[str]]:
    """For each statement the names it defines, or whose object it changes in place."""
    bound = [names_bound(ast.unparse(statement)) for statement in statements]
    is_import = [isinstance(statement, ast.Import | ast.ImportFrom) for statement in statements]
    imported = set().union(*(names for names, yes in zip(bound, is_import, strict=True) if yes))
    # `table["a"] = 1` belongs to `table`; `sys.path[:0] = ...` does not define `sys`
    return [names | (_changed_by(node) - imported) for names, node in zip(bound, statements, strict=True)]


def _changed_by(statement: ast.stmt) -> set[str]:
    """`table` of `table["a"] = 1` and of `table.update(b=2)`."""
    if isinstance(statement, Definition):
        return set()
    nodes = list(ast.walk(statement))
    changed = [node.value.func for node in nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]
    changed += [node for node in nodes if isinstance(getattr(node, "ctx", None), ast.Store | ast.Del)]
    owners = [ast.unparse(node) for node in changed if isinstance(node, ast.Attribute | ast.Subscript)]
    return {re.match(r"\w*", owner)[0] for owner in owners}


def _import_source(statement: ast.stmt, lines: list[str], names: set[str]) -> str:
    """The text of a statement of the setup cell; of an import only the names that are used."""
    text = "\n".join(lines[statement.lineno - 1 : statement.end_lineno])
    if not isinstance(statement, ast.Import | ast.ImportFrom):
        return text
    aliases = [alias for alias in statement.names if _alias_name(alias) in names]
    if len(aliases) == len(statement.names):
        return text
    statement.names = aliases
    return ast.unparse(statement)


def _definition_source(cell: Cell) -> str:
    """A definition as the package has it: no markers, no marks, and docstrings without the exercise's scaffold."""
    lines, comments, head = lines_of(cell.source), comment_lines(cell.source), cell.node.lineno - cell.line
    dropped = {
        number - 1
        for number in comments
        if lines[number - 1].strip() in MARKERS or (number <= head and mark_comment(lines[number - 1]))
    }
    for number in sorted(dropped, reverse=True):
        del lines[number]
    return "\n".join(_without_scaffolds(lines)).rstrip("\n")


def _without_scaffolds(lines: list[str]) -> list[str]:
    lines = list(lines)
    for begin, end in reversed(_docstrings(lines)):
        lines[begin:end] = _without_scaffold(lines[begin:end])
    return lines


def _docstrings(lines: list[str]) -> list[tuple[int, int]]:
    """The line ranges of a definition's multi-line docstrings: (first line, line after the last), counted from 0."""
    ranges = []
    for node in ast.walk(parse_python("\n".join(lines))):
        if isinstance(node, Definition) and ast.get_docstring(node):
            text = node.body[0]
            if text.end_lineno > text.lineno and lines[text.end_lineno - 1].endswith('"""'):
                ranges.append((text.lineno - 1, text.end_lineno))
    return sorted(ranges)


def _without_scaffold(docstring: list[str]) -> list[str]:
    """Drop the sections `Steps:` and `Hint:`: they help to write the function, not to use it.

    A section goes on over blank lines for as long as the lines below them are indented.
    """
    indent = docstring[0][: -len(docstring[0].lstrip())]
    if not any(SCAFFOLD.match(line.removeprefix(indent)) for line in docstring):
        return docstring
    kept, skipping, above = [docstring[0]], False, docstring[0]
    for line in [*docstring[1:-1], docstring[-1].removesuffix('"""').rstrip()]:
        if SCAFFOLD.match(line.removeprefix(indent)):
            skipping = True
        elif line.strip() and not above.strip() and not line.startswith(indent + " "):
            skipping = False
        is_dropped = skipping if line.strip() else not kept[-1].strip()  # of several blank lines one stays
        if not is_dropped:
            kept.append(line)
        above = line
    while not kept[-1].strip():
        kept.pop()
    if len(kept) > 1:
        return [*kept, indent + '"""']
    return [kept[0] + (' """' if kept[0].endswith('"') else '"""')]
