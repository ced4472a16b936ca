"""What is known of a class: as a table on the screen, and as files for whatever keeps the grades."""

import csv
import io
import json
from collections import Counter
from functools import cache
from pathlib import Path

from tito.assignments.classroom import Classroom
from tito.assignments.grading import Graded, Grader, as_before, known_students
from tito.assignments.jupyter import graded_tests
from tito.course import Module
from tito.files import write
from tito.notebook import parse
from tito.place import COURSE

LATENESS = ("handed_in", "handed_in_by", "days_late", "penalty", "score_before")
HEAD = ("student", "assignment", "status", "score", "max_score", *LATENESS, "above_maximum")


def rows(classroom: Classroom, modules: list[Module]) -> list[dict]:
    """One for each student and assignment: HEAD's entries, and under "exercises" the score of each exercise.

    A score is None where there is none: of a failed or a missing submission, and of an answer that has not been read yet.
    """
    results = []
    for module in modules:
        for student in known_students(classroom, module):
            result = as_before(classroom, module, student)
            values = student, module.stem, result.status, result.score, result.max_score
            row = dict(zip(HEAD, (*values, *_lateness(result), "; ".join(result.above)), strict=True))
            results.append(row | {"why": result.why, "exercises": by_exercise(module, result)})
    return results


def _lateness(result: Graded) -> tuple:
    penalty = None if result.score is None else result.penalty
    return result.handed_in, result.handed_in_by, result.days_late, penalty, result.score_before


def by_exercise(module: Module, result: Graded) -> dict[str, float | None]:
    """The score of each exercise; None of an answer that has not been read yet."""
    names = exercise_names(module)
    return {names.get(i, i): None if i in result.unread else score for i, score in result.scores.items()}


@cache
def exercise_names(module: Module) -> dict[str, str]:
    return graded_tests(parse(COURSE.notebook(module)))


def export(classroom: Classroom, modules: list[Module], to: Path, as_json: bool) -> list[dict]:
    """Write the grades of all students to a file, and return its rows."""
    results = rows(classroom, modules)
    write(
        to, json.dumps(results, indent=1, ensure_ascii=False) + "\n" if as_json else _csv(classroom, modules, results)
    )
    return results


def _csv(classroom: Classroom, modules: list[Module], results: list[dict]) -> str:
    names = list(dict.fromkeys(name for module in modules for name in exercises_of(classroom, module)))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([*HEAD, *names])
    for row in results:
        cells = [row[name] for name in HEAD] + [row["exercises"].get(name) for name in names]
        table.writerow([_as_text(cell) for cell in cells])
    return text.getvalue()


def _as_text(cell) -> str:
    """A number without needless zeros. A name that a spreadsheet would take for a formula gets an apostrophe."""
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t")) else cell
    return "" if cell is None else f"{cell:g}"


def exercises_of(classroom: Classroom, module: Module) -> list[str]:
    """The exercises of an assignment, then its private tests, in the order of the notebook."""
    exercises = exercise_names(module)
    with classroom.gradebook() as gradebook:
        notebook = gradebook.find_notebook(module.stem, module.stem)
        names = {cell.name for cell in notebook.grade_cells}
    known = [name for name in exercises if name in names]
    return [exercises.get(name, name) for name in [*known, *sorted(names - set(known))]]


def counts(classroom: Classroom, module: Module) -> Counter:
    """How many students have which status; "to grade" are those whose work is new, or was graded with other tests."""
    grader, counted = Grader(classroom, module), Counter()
    for student in known_students(classroom, module):
        counted["to grade" if grader.is_open(student) else as_before(classroom, module, student).status] += 1
    return counted


def reported(classroom: Classroom, module: Module) -> list[tuple[Graded, dict]]:
    """Each student's result, and what was found when their work was collected."""
    students = known_students(classroom, module)
    records = [classroom.record("collected", module, student) or {} for student in students]
    return [(as_before(classroom, module, s), record) for s, record in zip(students, records, strict=True)]
