"""`tito submit`: one file to hand in, and the truth about what is in it."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tito.assignments.convert import Written, ipynb_text, read_ipynb, shown
from tito.assignments.convert import replace as replace_file
from tito.completion import refuse_lost_names
from tito.course import Module
from tito.errors import TitoError
from tito.notebook import Notebook, parse, test_of
from tito.place import COURSE, Place
from tito.questions import answer_state, find, questions
from tito.stub import stub
from tito.testing import test_notebook
from tito.verdict import Judgement

if TYPE_CHECKING:
    from nbformat import NotebookNode


@dataclass(frozen=True)
class Line:
    """One line of the summary."""

    name: str  # an exercise, or a question
    points: int
    judgement: Judgement | None = None  # of an exercise; None when no test could be run
    answer: str = ""  # of a question: "answered", "no answer yet" or "not found"

    @property
    def is_question(self) -> bool:
        return bool(self.answer)

    @property
    def state(self) -> str:
        return self.answer or str(self.judgement or "not known")


@dataclass(frozen=True)
class Submission:
    source: Path
    older: Path | None  # the module's notebook in its other form, which was not read
    lines: list[Line]
    broken: str  # why no test could be run; empty when they were
    written: Written


def submit(place: Place, module: Module, file: Path | None = None) -> Submission:
    """Check a student's notebook, run its visible tests and write `submit/NN_slug.ipynb`, solved or not.

    Raises:
        TitoError: there is no notebook, it cannot be read, or it lacks names that grading needs.
    """
    source, older = (file, None) if file else _newest(place, module)
    if not source.is_file():
        raise TitoError(f"there is no {source}: name the notebook that you want to hand in")
    released = parse(COURSE.notebook(module), stub(COURSE.notebook(module)))
    notebook = _read(source.resolve())
    if not {block.owner.partition(".")[0] for block in released.solutions} & notebook.definitions.keys():
        raise TitoError(
            f"{shown(source)} has no exercise of {module.stem}: name its module, as in `tito submit 01 --file ...`"
        )
    refuse_lost_names(place, module, notebook)
    if notebook.hidden_tests:
        raise TitoError(
            f"{shown(source)} has hidden tests, so it is the course's own: hand in the one of your workspace"
        )
    notebook = withquestions(replace(notebook, path=place.notebook(module)), released)
    phase = test_notebook(place, notebook)
    target = place.root / "submit" / f"{module.stem}.ipynb"
    written = replace_file(target, _text(notebook, released), f"submit_{module.number}")
    judgements = {} if phase.broken else phase.judgements
    return Submission(source, older, _lines(notebook, released, judgements), phase.broken, written)


def _newest(place: Place, module: Module) -> tuple[Path, Path | None]:
    """The form of the module's notebook that was saved last, and the other one, if there is one."""
    path = place.notebook(module)
    existing = [form for form in (path, path.with_suffix(".ipynb")) if form.is_file()]
    if not existing:
        raise TitoError(
            f"there is no notebooks/{module.stem}.py and no notebooks/{module.stem}.ipynb here:"
            f" `tito module start {module.number}` writes the first"
        )
    newest = max(existing, key=lambda form: form.stat().st_mtime)
    return newest, next((form for form in existing if form != newest), None)


def _read(source: Path) -> Notebook:
    """A notebook in either form; what is wrong with it is said in the form that the student has."""
    if source.suffix == ".py":
        return parse(source)
    if source.suffix != ".ipynb":
        raise TitoError(f"{shown(source)} is not a notebook: tito takes .ipynb and marimo's .py")
    from tito.assignments.jupyter import to_marimo

    nb = read_ipynb(source)
    _refuse_broken_cells(source, nb)
    return parse(source, to_marimo(nb, title=source.stem))


def _refuse_broken_cells(source: Path, nb: "NotebookNode") -> None:
    """Jupyter shows no lines of a file: cells are counted, from the top."""
    from tito.assignments.foreign import definition_names, has_star, syntax_error

    seen: dict[str, int] = {}
    for number, cell in enumerate(nb.cells, 1):
        if cell.cell_type != "code":
            continue
        where = f"{shown(source)}, cell {number}"
        if (error := syntax_error(cell.source)) is not None:
            raise TitoError(
                f"{where}, line {error.lineno}: syntax error: {error.msg}\n    {(error.text or '').strip()}\n"
                "Fix it, save, and run this again."
            )
        if has_star(cell.source):
            raise TitoError(f"{where}: `import *` hides where names come from: import by name what you use")
        for name in definition_names(cell.source):
            if name in seen:
                raise TitoError(
                    f"{where}: {name} is defined in cell {seen[name]} already: delete or rename one of the two"
                )
            seen[name] = number


def withquestions(notebook: Notebook, released: Notebook) -> Notebook:
    """The notebook with each question known as one again, by its name or by its words: editors lose the comment above it."""
    answers = [(cell, question) for question in questions(released) if (cell := find(notebook, question)) is not None]
    lost = [(cell, question) for cell, question in answers if "answered by hand" not in cell.marks]
    lines = [*notebook.lines]
    for cell, question in sorted(lost, key=lambda pair: -pair[0].line):  # a line that is added moves those below it
        head = cell.node.lineno - 1
        lines[head] = re.sub(r"def \w+\(", f"def {question.name}(", lines[head])
        mark = question.source[: question.source.index("mo.md")].strip()
        lines.insert(cell.line - 1, f"    {mark}")
    return parse(notebook.path, "\n".join(lines) + "\n")


def _text(notebook: Notebook, released: Notebook) -> str:
    """The file to hand in: the student's cells, with the roles that NBGrader gave them when they were handed out."""
    from tito.assignments.jupyter import grade_id, to_ipynb

    roles = {
        cell.metadata["nbgrader"]["grade_id"]: cell.metadata
        for cell in to_ipynb(released).cells
        if "nbgrader" in cell.metadata
    }
    nb = to_ipynb(notebook)
    for cell in nb.cells:
        handed_out = roles.get(grade_id(cell))
        if handed_out is None:
            cell.metadata.pop("nbgrader", None)  # a cell of the student's own
            continue
        cell.metadata["nbgrader"] = handed_out["nbgrader"]
        if "exercises" in handed_out["tito"]:
            cell.metadata["tito"]["exercises"] = handed_out["tito"]["exercises"]
    return ipynb_text(nb)


def _lines(notebook: Notebook, released: Notebook, judgements: dict[str, Judgement]) -> list[Line]:
    lines = []
    exercises = [block.owner for block in released.solutions]
    tests = [cell for cell in released.cells if cell.is_test and "points" in cell.marks]
    for exercise in exercises:
        points = sum(int(cell.marks["points"]) for cell in tests if test_of(cell.name, exercises) == exercise)
        lines.append(Line(exercise, points, judgements.get(exercise)))
    for question in questions(released):
        lines.append(Line(question.name, int(question.marks["points"]), answer=answer_state(notebook, question)))
    return lines
