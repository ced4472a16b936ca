"""Hints and solutions, from the notebook's own scaffold: a step at a time; the code only for those who have solved it, or ask twice."""

import ast
import json
import re

from tito import files
from tito.course import Module
from tito.errors import TitoError
from tito.notebook import parse, test_name
from tito.place import COURSE, Place
from tito.slips import explain
from tito.stub import is_unsolved
from tito.testing import test_notebook
from tito.verdict import Verdict


def exercises(module: Module) -> list[str]:
    return [block.owner for block in parse(COURSE.notebook(module)).solutions]


def find_exercise(module: Module, name: str) -> str:
    """The exercise called `name`: `Tensor.apply`, or just `apply`."""
    names = exercises(module)
    matches = [exercise for exercise in names if name in (exercise, exercise.partition(".")[2])]
    if not matches:
        raise TitoError(f"module {module.stem} has no exercise {name!r}: it has {', '.join(names)}")
    return matches[0]


def first_unsolved(place: Place, module: Module) -> str:
    """The first exercise that the student's notebook still has as a stub."""
    text = parse(place.notebook(module)).text
    for exercise in exercises(module):
        if is_unsolved(text, exercise):
            return exercise
    raise TitoError(
        f"every exercise of {module.stem} has code: name the one you mean, as in `tito module hint {module.number} NAME`"
    )


def all_hints(module: Module, exercise: str) -> list[str]:
    """What the scaffold of an exercise says, from the vaguest to the most helpful; never a line of the solution."""
    notebook = parse(COURSE.notebook(module))
    docstring = ast.get_docstring(notebook.definition(exercise)) or ""
    test = ast.get_docstring(notebook.definition(test_name(exercise)))
    steps = re.findall(
        r"^\s*(\d+\. .*(?:\n(?!\s*(?:\d+\. |$)).*)*)",
        docstring.partition("Steps:")[2].partition("Hint:")[0],
        re.MULTILINE,
    )
    hint = docstring.partition("Hint:")[2]
    hints = [f"Step {step}" for step in steps] + [f"Hint: {hint}"] + [f"Tip: {explain(test).get('TIP', '')}"]
    return [" ".join(text.split()) for text in hints]


def next_hint(place: Place, module: Module, exercise: str) -> tuple[str, int, int]:
    """The next hint of an exercise, its number, and how many there are; after the last one it begins again."""
    path = place.state / "hints.json"
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
        number = int(given.get(exercise, 0))
    except (OSError, ValueError, AttributeError, TypeError):
        given, number = {}, 0
    hints = all_hints(module, exercise)
    number %= len(hints)
    files.write(path, json.dumps(given | {exercise: number + 1}, indent=2) + "\n")
    return hints[number], number + 1, len(hints)


def solution(module: Module, exercise: str) -> str:
    """The reference's lines for an exercise, unindented."""
    notebook = parse(COURSE.notebook(module))
    block = next(block for block in notebook.solutions if block.owner == exercise)
    return "\n".join(notebook.body(block))


def is_solved(place: Place, module: Module, exercise: str) -> bool:
    """Whether an exercise passes all of its tests in the student's notebook."""
    judgement = test_notebook(place, parse(place.notebook(module))).judgements.get(exercise)
    return judgement is not None and judgement.verdict is Verdict.SOLVED
