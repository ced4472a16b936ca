"""A notebook from an earlier version of the course: how it is recognized, and how it gets the present one with the student's answers.

What a student was given is known from the stub as it was written, which is kept in `.tinytorch/stubs/`. So three texts are
compared: what was given then, what is given now, and what the student made of it.
"""

import ast
import copy
import re
import subprocess
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tito import course, progress
from tito.backup import keep
from tito.course import ROOT, Module
from tito.errors import TitoError
from tito.files import read, write
from tito.notebook import HIDDEN, SOLUTION, Cell, Definition, Notebook, last_line, lines_of, names_bound, parse
from tito.place import COURSE, Place
from tito.stub import is_unsolved, replace_blocks, stub, unsolved
from tito.syntax import parse_python

SETUP, UNNAMED = "the setup cell", "cells without a name"
MOST_NAMED = 6  # in one sentence
# what an answer written for an earlier version may still use
RENAMED = {
    ".data": "`x.data` is a Tensor now; the array is `x.array`",
    ".node": "`x.node` is called `x.grad_fn` now",
    "generator()": "`generator()` is called `default_generator()` now",
}


# Is it from an earlier version?


@dataclass(frozen=True)
class Age:
    """How what was given differs from what the course gives now."""

    module: Module
    changed: list[str]  # definitions whose code, and exercises whose text, changed
    is_certain: bool  # False: the student may have changed them; what was given is unknown

    @property
    def notice(self) -> str:
        """What happened, and what to do."""
        notebook, command = f"notebooks/{self.module.stem}.py", f"`tito module update {self.module.number}`"
        what = _listed(self.changed)
        if self.is_certain:
            return (
                f"{notebook} is from an earlier version of the course; since then {what} changed."
                f" {command} brings it up to date and keeps your answers."
            )
        return (
            f"{notebook} differs from the course in {what}. If you didn't change that, the notebook is from an earlier version"
            f" of the course: {command} brings it up to date and keeps your answers."
        )


def _listed(changed: list[str]) -> str:
    tests = [name for name in changed if name.startswith("test_")]
    others = [name for name in changed if name not in tests]
    shown = others[:MOST_NAMED]
    if others[MOST_NAMED:]:
        shown.append(f"{len(others) - MOST_NAMED} more")
    if tests:
        shown.append(f"{len(tests)} test{'s' * (len(tests) > 1)}")
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


def age(place: Place, module: Module) -> Age | None:
    """How old a student's notebook is; None while it is as the course is now, is missing, or cannot be read."""
    path = place.notebook(module)
    if place.is_course or not path.exists():
        return None
    try:
        given = given_text(place, module)
        if given is None:
            changed = _changes(_answered(parse(path)), _present(module))
        elif given_lines(given) == given_lines(read(COURSE.notebook(module))):
            return None
        else:
            changed = _changes(Given(parse(place.stub(module), given)), _present(module))
    except TitoError:  # a syntax error: running the notebook's tests reports it
        return None
    return Age(module, changed, given is not None) if changed else None


def notice(place: Place, module: Module, is_sure: bool = False) -> str:
    """What to tell a student about an old notebook; empty if there is nothing to tell, or with `is_sure` if it is not certain."""
    notebook_age = age(place, module)
    return notebook_age.notice if notebook_age and (notebook_age.is_certain or not is_sure) else ""


def given_lines(text: str) -> list[str]:
    """A notebook's lines outside of solutions and hidden tests: the same of a stub and of what it was made from."""
    lines, inside = [], False
    for line in lines_of(text):
        mark = line.strip()
        inside = inside or mark in (SOLUTION[0], HIDDEN[0])
        if not inside:
            lines.append(line)
        inside = inside and mark not in (SOLUTION[1], HIDDEN[1])
    return lines


def given_text(place: Place, module: Module) -> str | None:
    """The stub that a notebook was made from, found in the course's history if it was not recorded; None if it cannot be known."""
    record = place.stub(module)
    if record.exists():
        return read(record)
    notebook = parse(place.notebook(module))
    given = _from_history(module, notebook)
    if given is None and not _changes(_answered(notebook), _present(module)):
        given = stub(COURSE.notebook(module))
    if given is not None:
        write(record, given)
    return given


def _from_history(module: Module, notebook: Notebook) -> str | None:
    """Of all versions that the course's repository has of a notebook, the stub of the one nearest to a student's."""
    path = f"./notebooks/{module.stem}.py"
    if _git("rev-parse", "--is-shallow-repository").strip() != "false":
        return None
    versions = [read(COURSE.notebook(module))]
    versions += [_git("show", f"{commit}:{path}") for commit in _git("log", "--format=%H", "--", path).split()]
    mine = set(given_lines(notebook.text))
    nearest = min(filter(None, versions), key=lambda text: len(mine.symmetric_difference(given_lines(text))))
    try:
        return stub(COURSE.notebook(module), nearest)
    except TitoError:  # a version that was never whole
        return None


def _git(*arguments: str) -> str:
    """What git prints, in the course's repository; nothing if it is none, or there is no git."""
    try:
        run = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return run.stdout if run.returncode == 0 else ""


# What was given


@dataclass(frozen=True)
class Given:
    """What a stub consists of, as something that can be compared."""

    notebook: Notebook
    is_stub: bool = True  # False: a student may have added to it

    @cached_property
    def exercises(self) -> set[str]:
        return {block.owner for block in self.notebook.solutions}

    @cached_property
    def code(self) -> dict[str, str]:
        """Every definition and method by its name, without comments; docstrings count only if they are an exercise's."""
        sources = {UNNAMED: ""}
        for cell in self.notebook.cells:
            if cell.kind == "setup":
                sources[SETUP] = "\n".join(map(ast.dump, cell.node.body))
            elif cell.kind == "code":
                sources[UNNAMED] += _normal(cell.source)
            elif cell.is_definition:
                sources |= self._definition(cell.name, cell.node)
        return sources

    def _definition(self, name: str, node: Definition) -> dict[str, str]:
        is_class = isinstance(node, ast.ClassDef)
        methods = [child for child in node.body if is_class and isinstance(child, Definition)]
        methods_code = {}
        for method in methods:  # a property and its setter have one name
            inner = f"{name}.{method.name}"
            methods_code[inner] = methods_code.get(inner, "") + self._dump(inner, method, method.body)
        rest = [child for child in node.body if child not in methods]
        return {name: self._dump(name, node, rest)} | methods_code

    def _dump(self, name: str, node: Definition, body: list[ast.stmt]) -> str:
        node_copy = copy.copy(node)
        node_copy.decorator_list = [d for d in node.decorator_list if not ast.unparse(d).startswith("app.")]
        has_text = body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
        node_copy.body = body[1:] if has_text and name not in self.exercises else body
        return ast.dump(node_copy)

    @cached_property
    def sources(self) -> set[str]:
        return {_normal(cell.source) for cell in self.notebook.cells}


def _present(module: Module) -> Given:
    path = COURSE.notebook(module)
    return Given(parse(path, stub(path)))


def _answered(notebook: Notebook) -> Given:
    """A student's notebook without its answers, as something to compare with a stub."""
    text = replace_blocks(notebook, {block: unsolved(block) for block in notebook.solutions}, keep_hidden=True)
    return Given(parse(notebook.path, text), is_stub=False)


def _changes(old: Given, new: Given) -> list[str]:
    """The names of what `new` has otherwise or in addition, in its order, and then of what it has no more."""
    changed = [name for name, code in new.code.items() if old.code.get(name) != code]
    if old.is_stub:
        return changed + [name for name in old.code if name not in new.code]
    # an exercise whose markers a student deleted cannot be compared, and the rest may have been added to
    unmarked = (new.exercises - old.exercises) & old.code.keys()
    return [name for name in changed if name not in unmarked | {SETUP, UNNAMED}]


def _normal(source: str) -> str:
    return ast.dump(parse_python(source))


# Bringing it up to date


@dataclass
class Updated:
    """What became of what a student had written."""

    module: Module
    kept: Path  # the backup of the notebook as it was
    carried: list[str] = field(default_factory=list)  # exercises and questions
    unsolved: list[str] = field(default_factory=list)
    reworded: dict[str, str] = field(default_factory=dict)  # exercise that is carried over -> what of it changed
    left: list[str] = field(default_factory=list)  # what is in the backup only
    own_cells: int = 0
    renamed: dict[str, list[str]] = field(default_factory=dict)  # what changed -> the answers that use it
    must_complete: bool = False
    again: list[Module] = field(default_factory=list)  # what is to be completed again

    def lines(self) -> list[str]:
        """The report, a line for each thing that there is to say."""
        parts = {
            "carried over": self.carried,
            "new or not solved": self.unsolved,
            "its text changed": [f"{name} ({what})" for name, what in self.reworded.items()],
            "in the old notebook only": self.left,
            "your own cells": [f"{self.own_cells}, kept"] if self.own_cells else [],
        }
        lines = [f"{what}: {', '.join(names)}" for what, names in parts.items() if names]
        return lines + [f"{what}: check {', '.join(names)}" for what, names in self.renamed.items()]


def update(place: Place, module: Module) -> Updated | None:
    """Write the present stub of a module with the student's answers and own cells in it; the old notebook becomes a backup.

    Returns:
        What was done; None if the notebook is the present version's already.

    Raises:
        TitoError: there is no notebook, or it cannot be read; then nothing was written.
    """
    from tito.export import write_glue

    path, record = place.notebook(module), place.stub(module)
    if not path.exists():
        raise TitoError(
            f"there is no notebooks/{path.name} here, so nothing to update: `tito module start {module.number}` writes it"
        )
    given, present = given_text(place, module), _present(module)
    if given == present.notebook.text:
        return None
    draft = _Draft(module, parse(path), Given(parse(record, given)) if given is not None else None, present)
    text = draft.text()
    parse(path, text)  # before anything is replaced
    done = draft.report
    done.again = stale = _stale(place, module) if done.must_complete else []
    exported = [place.package / name for old in stale for name in (old.file, old.former_file) if name]
    done.kept = keep(place, [file for file in (path, record, *exported) if file.exists()], f"update_{module.number}")
    for old in stale:
        progress.forget(place, old)
    for file in exported:
        file.unlink(missing_ok=True)
    if stale and place.package.exists():
        write_glue(place)
    write(path, text)
    write(record, present.notebook.text)
    return done


def _stale(place: Place, module: Module) -> list[Module]:
    """The module, and those whose exported code imports from it: they were made for what it was.

    An old `autograd.py` would get every operation of a new `Tensor`.
    """
    stale = [module]
    for other in course.available():
        path = place.exported(other)
        imported = (
            re.findall(r"^\s*(?:from|import) tinytorch\.(\w+)", read(path), re.MULTILINE) if path.exists() else []
        )
        if other.number > module.number and {old.exported_as for old in stale}.intersection(imported):
            stale.append(other)
    return stale


class _Draft:
    """The new notebook while it is put together."""

    def __init__(self, module: Module, mine: Notebook, given: Given | None, new: Given):
        self.mine, self.given, self.new = mine, given, new
        self.ours = parse(COURSE.notebook(module))
        self.answered = _answered(mine)
        self.before = given or self.answered
        self.report = Updated(module, Path(), must_complete=bool(_changes(self.before, self.new)))

    def text(self) -> str:
        text = replace_blocks(self.ours, self._bodies())
        self._compare_given()
        chunks = _chunks(parse(self.ours.path, text))
        self._answer_questions(chunks)
        self._add_to_setup(chunks)
        self._add_own_cells(chunks)
        first = chunks[0].first
        head = lines_of(text)[:first]
        tail = lines_of(text)[chunks[-1].last :]
        body = "\n\n\n".join(chunk.text for chunk in chunks)
        return "\n".join([*head, body, *tail]) + "\n"

    def _bodies(self) -> dict:
        """The lines between the markers of each exercise."""
        answers = {block.owner: self.mine.body(block) for block in self.mine.solutions}
        bodies = {}
        for block in self.ours.solutions:
            name, todo = block.owner, unsolved(block)
            body = answers.pop(name, None)
            if body is None and name in self.mine.qualified_names:
                body = self._unmarked_body(name)
            if body is None or not any(line.strip() and not line.strip().startswith("#") for line in body):
                body = (body or []) + todo
            bodies[block] = body
            if is_unsolved("\n".join(body), name):
                self.report.unsolved.append(name)
                continue
            self.report.carried.append(name)
            if what := self._reworded(name):
                self.report.reworded[name] = what
            for old in RENAMED.keys() & _names_used(body) - _names_used(self.ours.body(block)):
                self.report.renamed.setdefault(RENAMED[old], []).append(name)
        self.report.left += [name for name in answers if not is_unsolved(self.mine.text, name)]
        return bodies

    def _unmarked_body(self, name: str) -> list[str] | None:
        """An answer whose markers were deleted: all below the docstring, if that is all there is in the new exercise, too."""
        statements = _below_docstring(self.ours.definition(name))
        block = next(block for block in self.ours.solutions if block.owner == name)
        if any(not block.begin < statement.lineno < block.end for statement in statements):
            self.report.left.append(name)
            return None
        statements = _below_docstring(self.mine.definition(name))
        if not statements:
            return None
        lines = self.mine.lines[statements[0].lineno - 1 : statements[-1].end_lineno]
        return [line.removeprefix(" " * statements[0].col_offset) for line in lines]

    def _reworded(self, name: str) -> str:
        """What of an exercise's text changed."""
        old = self.before.notebook
        is_comparable = name in self.before.exercises
        if name not in old.qualified_names or (is_comparable and self.before.code[name] == self.new.code[name]):
            return ""
        then, now = old.definition(name), self.new.notebook.definition(name)
        parts = []
        if isinstance(now, ast.FunctionDef) and _parameters(then) != _parameters(now):
            parts.append("signature")
        if ast.get_docstring(then) != ast.get_docstring(now):
            parts.append("description or steps")
        bodies = [list(map(ast.dump, _below_docstring(node))) for node in (then, now)]
        has_other_code = is_comparable and bodies[0] != bodies[1]
        return " and ".join(parts or ["the code around it"] * has_other_code)

    def _compare_given(self) -> None:
        """What a student changed or added inside of given cells is in the backup only."""
        if self.given is not None:
            self.report.left += [
                name
                for name, code in self.answered.code.items()
                if name != SETUP and name in self.given.code and code != self.given.code[name] and name != UNNAMED
                if name not in self.given.exercises - self.answered.exercises  # its markers were deleted
            ]
        known = self.new.code.keys() | (self.given.code.keys() if self.given else set())
        self.report.left += [name for name in self.answered.code if "." in name and name not in known]
        self.report.left = list(dict.fromkeys(self.report.left))

    def _answer_questions(self, chunks: list["_Chunk"]) -> None:
        """Copy answers to free questions, which are in the questions' own cells."""
        asked = {cell.name: cell for cell in self.before.notebook.cells if cell.name.startswith("question_")}
        mine = {chunk.cell.name: chunk for chunk in _chunks(self.mine)}
        for chunk in chunks:
            name = chunk.cell.name
            if not name.startswith("question_"):
                continue
            then = asked.get(name, chunk.cell) if self.given else chunk.cell
            if name not in mine or mine[name].cell.source == then.source:
                self.report.unsolved.append(name)
                continue
            self.report.carried.append(name)
            if then.source != chunk.cell.source:
                self.report.reworded[name] = "question"
            chunk.text = mine[name].text

    def _add_to_setup(self, chunks: list["_Chunk"]) -> None:
        """Imports and constants that a student added to the setup cell."""
        setup, mine, then = chunks[0], self.mine.setup, self.given and self.given.notebook.setup
        if setup.cell.kind != "setup" or mine is None or mine.source in (setup.cell.source, then and then.source):
            return
        from tito.assignments.foreign import said_by  # these import nbformat, which takes long
        from tito.assignments.rebuild import added_statements

        statements = said_by(setup.cell.source) | (said_by(then.source) if then else set())
        added = added_statements(mine.source, statements)
        if self.given is None:  # what the course has no longer is among them
            added = [text for text in added if "import" in text and "tinytorch" not in text and "tito" not in text]
        lines = [line for text in added for line in lines_of(text)]
        setup.text = "\n".join([setup.text, *(f"    {line}" for line in lines)])

    def _add_own_cells(self, chunks: list["_Chunk"]) -> None:
        """A student's own cell goes below the cell that it was below, unless the course now uses its name."""
        taken = set().union(*(names_bound(chunk.cell.source) for chunk in chunks))
        above = chunks[0]
        for chunk in _chunks(self.mine):
            if known := next((other for other in chunks if other.key == chunk.key), None):
                above = known
                continue
            if self._was_given(chunk.cell):
                continue
            names = {name for name in names_bound(chunk.cell.source) if not name.startswith("_")}
            if names & taken:
                self.report.left.append(f"the cell in line {chunk.cell.line} ({', '.join(sorted(names & taken))})")
                continue
            taken |= names
            chunks.insert(chunks.index(above) + 1, chunk)
            above = chunk
            self.report.own_cells += 1

    def _was_given(self, cell: Cell) -> bool:
        if self.given is None:
            return False
        by_name = cell.name != "_" and cell.name in {other.name for other in self.given.notebook.cells}
        return by_name or _normal(cell.source) in self.given.sources


@dataclass(eq=False)
class _Chunk:
    """A cell with its text in the file, marimo's decorator included."""

    cell: Cell
    text: str
    first: int  # the lines, as for a slice
    last: int

    @cached_property
    def key(self) -> str:
        """The same for the same cell of two notebooks: its name, or what is in it."""
        return self.cell.name if self.cell.name != "_" else _normal(self.cell.source)


def _chunks(notebook: Notebook) -> list[_Chunk]:
    chunks, lines = [], notebook.lines
    for node in parse_python(notebook.text).body:
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))]) - 1
        last = last_line(node, lines)
        cell = next((cell for cell in notebook.cells if first < cell.line <= last), None)
        if cell is not None:
            chunks.append(_Chunk(cell, "\n".join(lines[first:last]), first, last))
    return chunks


def _parameters(node: ast.FunctionDef) -> str:
    """Names and defaults; type hints are for readers."""
    parameters = copy.deepcopy(node.args)
    for parameter in ast.walk(parameters):
        if isinstance(parameter, ast.arg):
            parameter.annotation = None
    return ast.unparse(parameters)


def _below_docstring(node: Definition) -> list[ast.stmt]:
    return node.body[1:] if ast.get_docstring(node) is not None else node.body


def _names_used(body: list[str]) -> set[str]:
    """Attributes as `.name`, and functions that are called by their name as `name()`."""
    nodes = list(ast.walk(parse_python("\n".join(body))))
    called = {f"{node.func.id}()" for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    return called | {f".{node.attr}" for node in nodes if isinstance(node, ast.Attribute)}
