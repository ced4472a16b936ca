"""From a notebook to an assignment: the instructor's version, and the students'.

Nothing is written before both were tried: the reference has full marks, an unsolved submission none.
"""

import ast
import re
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import datetime
from functools import partial
from pathlib import Path

from nbformat import NotebookNode, reads, v4, writes

from tito.assignments import kinds
from tito.assignments.classroom import Classroom
from tito.assignments.jupyter import TEST, grade_id, role, to_ipynb
from tito.course import Module
from tito.errors import TitoError
from tito.files import read, write
from tito.notebook import HIDDEN, SOLUTION, mark_comment, names_read, parse
from tito.place import COURSE
from tito.stub import stub
from tito.syntax import parse_python

PRIVATE = "# A private test of your instructor. It runs when your work is graded."


def generate(classroom: Classroom, modules: list[Module]) -> Iterator[tuple[Module, NotebookNode]]:
    """Write `source/` and `release/` of modules, and enter their cells into the gradebook.

    Yields:
        Each module, and the instructor's version.

    Raises:
        TitoError: grade ids have changed since the release, a private test is not sound, or one of the two versions does not
            score what it must; then nothing of that module was written.
    """
    with ThreadPoolExecutor() as pool:
        for module, source in zip(modules, pool.map(partial(_tried, classroom), modules), strict=True):
            write(classroom.source(module), writes(source) + "\n")
            _release(classroom, module)
            yield module, source


def _tried(classroom: Classroom, module: Module) -> NotebookNode:
    """The instructor's version, which keeps what `generate` promises."""
    source = to_ipynb(parse(COURSE.notebook(module)))
    source.cells += private_cells(classroom.private(module), {grade_id(cell) for cell in source.cells})
    _refuse_changed_ids(classroom, module, source)
    kinds.enter(kinds.decide(module, source), source)
    _check(module, source)
    return source


def _release(classroom: Classroom, module: Module) -> None:
    from nbgrader.converters import GenerateAssignment

    try:
        classroom.convert(GenerateAssignment, module)
    except TitoError as error:
        raise TitoError(f"NBGrader could not make the release of {module.stem}: {error}") from None


def _check(module: Module, source: NotebookNode) -> None:
    """The reference has full marks, an unsolved submission none, each test run in its own way.

    No solution and no hidden test is in what students get.
    """
    from nbgrader.preprocessors import ClearHiddenTests

    from tito.assignments.grading import scores
    from tito.assignments.preprocessors import Unsolve

    unsolved, _ = Unsolve().preprocess(deepcopy(source), {})
    with ThreadPoolExecutor() as pool:
        solved_scores, unsolved_scores = pool.map(scores, [module] * 2, [source, unsolved], [source] * 2)
    wrong = [name for name, (score, points) in solved_scores.items() if score != points]
    if wrong:
        raise TitoError(
            f"the reference does not pass {', '.join(wrong)} when {module.stem} runs from top to bottom: a test must be below"
            " whatever it uses"
        )
    right = [name for name, (score, _) in unsolved_scores.items() if score]
    if right:
        raise TitoError(f"an unsolved {module.stem} passes {', '.join(right)}: such a test grades nothing")
    released, _ = ClearHiddenTests().preprocess(unsolved, {})
    for name, text in _secrets(source).items():
        if any(text in cell.source for cell in released.cells):
            raise TitoError(f"the release of {module.stem} would show the solution or the hidden test of {name}")


def _secrets(source: NotebookNode) -> dict[str, str]:
    """What must not be in a release: grade id -> a solution's or a hidden test's lines."""
    private = {}
    for begin, end in (SOLUTION, HIDDEN):
        for cell in source.cells:
            for number, block in enumerate(re.findall(rf"{begin}\n(.*?)\n[ ]*{end}", cell.source, re.DOTALL)):
                private[f"{grade_id(cell)} ({number})"] = block
    return private


def private_cells(path: Path, taken: set[str]) -> list[NotebookNode]:
    """An instructor's own tests as cells that are hidden whole.

    Args:
        path: file of test functions, `# points: N` above each; whatever else it defines or imports goes with the tests that use it.
        taken: grade ids that exist already.

    Raises:
        TitoError: naming file and line.
    """
    if not path.exists():
        return []
    text = read(path)
    try:
        statements = parse_python(text, path).body
    except SyntaxError as error:
        raise TitoError(f"{path}:{error.lineno}: syntax error: {error.msg}; fix it and generate again") from None
    tests = [node for node in statements if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    rest = [node for node in statements if node not in tests and not isinstance(node, ast.Expr)]
    lines, cells = text.split("\n"), []
    for test in tests:
        first = min([test.lineno, *(d.lineno for d in test.decorator_list)])
        marks = mark_comment(lines[first - 2]) if first > 1 else {}
        if not marks.get("points", "").isdigit():
            raise TitoError(f"{path}:{test.lineno}: {test.name} has no points: say `# points: 2` in the line above it")
        if test.name in taken or test.args.args:
            raise TitoError(f"{path}:{test.lineno}: {test.name} must have a name of its own and no arguments")
        taken = taken | {test.name}
        source = "\n\n\n".join([*_used(rest, test), "\n".join(lines[first - 1 : test.end_lineno]), f"{test.name}()"])
        code = f"{PRIVATE}\n{HIDDEN[0]}\n{source}\n{HIDDEN[1]}"
        test_cell = v4.new_code_cell(code, id=test.name.replace("_", "-")[:64])
        test_cell.metadata["tito"] = {"private": True}
        test_cell.metadata["nbgrader"] = role(TEST, test.name, int(marks["points"]))
        cells.append(test_cell)
    return cells


def _used(statements: list[ast.stmt], test: ast.FunctionDef) -> list[str]:
    from tito.export import used_names

    used = used_names(statements, names_read(ast.unparse(test)))
    return [ast.unparse(node) for node in statements if id(node) in used]


# Release


def release(classroom: Classroom, module: Module, to: Path, due: datetime | None = None) -> list[str]:
    """Pack what students get, and freeze the grade ids.

    Returns:
        The names of the files in the archive.
    """
    path = classroom.release(module)
    if not path.exists():
        raise TitoError(f"{module.stem} was not generated yet: `tito nbgrader generate {module.number}` first")
    files = {
        f"{module.stem}/{module.stem}.ipynb": read(path),
        f"{module.stem}/{module.stem}.py": stub(COURSE.notebook(module)),
    }
    to.parent.mkdir(parents=True, exist_ok=True)
    temporary = to.with_name(f".{to.name}.tmp")
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    temporary.replace(to)
    if due is not None:
        with classroom.gradebook() as gradebook:
            gradebook.update_or_create_assignment(module.stem, duedate=due)
    if classroom.record("released", module) is None:
        content = {"ids": frozen_ids(reads(files[f"{module.stem}/{module.stem}.ipynb"], 4))}
        classroom.note("released", content | {"at": datetime.now().isoformat(timespec="seconds")}, module)
    return list(files)


def frozen_ids(nb: NotebookNode) -> dict[str, str]:
    """Grade id -> what kind of cell it is; of the cells that students write or that are graded."""
    kinds = {}
    for cell in nb.cells:
        metadata = cell.metadata.get("nbgrader", {})
        if metadata.get("grade") or metadata.get("solution"):
            kind = (
                "answer" if metadata["grade"] and metadata["solution"] else "test" if metadata["grade"] else "solution"
            )
            kinds[metadata["grade_id"]] = kind
    return kinds


def _refuse_changed_ids(classroom: Classroom, module: Module, source: NotebookNode) -> None:
    released = classroom.record("released", module)
    if released is None:
        return
    before, now = released["ids"], frozen_ids(source)
    changes = [f"{name} is gone" for name in before if name not in now]
    changes += [f"{name} is new" for name in now if name not in before]
    changes += [f"{name} was a {before[name]}" for name in before if name in now and before[name] != now[name]]
    if changes:
        raise TitoError(
            f"the cells of {module.stem} are frozen since its release on {released['at'][:10]}, and {', '.join(changes)}: name them as"
            " they were, or make a new class for the new version"
        )
