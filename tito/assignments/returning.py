"""Feedback: for every student a page with the score, the code, and for each failed test WHAT, WHY and TIP."""

import html
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from nbformat import reads

from tito.assignments.classroom import Classroom
from tito.assignments.grading import as_before, known_students
from tito.assignments.pages import FEEDBACK_META, FEEDBACK_POLICY
from tito.assignments.pool import at_once
from tito.assignments.preprocessors import secret_lines
from tito.course import Module
from tito.errors import TitoError
from tito.files import read, write

TAG = re.compile(r"<[^>]+>")
NO_SCORE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
{policy}
<title>{module}: {status}</title>
<body style="font-family: sans-serif; max-width: 40em; margin: 3em auto; line-height: 1.5">
<h1>{module}: {status}</h1>
<p>{why}</p>
<p>There is no score yet. Ask your instructor how to hand it in again.</p>
</body>
</html>
"""


@dataclass(frozen=True)
class Page:
    """What a student gets back."""

    student: str
    path: Path | None
    why: str = ""  # why there is none


def feedback(classroom: Classroom, module: Module, to: Path, jobs: int = 1) -> Iterator[Page]:
    """Write `to/STUDENT/NN_slug.html` for every student whose work was collected.

    Raises:
        TitoError: nothing was graded.
    """
    students = [student for student in known_students(classroom, module) if _is_known(classroom, module, student)]
    if not students:
        raise TitoError(f"nothing was graded for {module.stem}: `tito nbgrader autograde {module.number}` first")
    secrets = secret_lines(reads(read(classroom.source(module)), 4))
    with at_once(partial(_page, classroom, module, to, secrets), students, jobs, _lost) as pages:
        yield from pages


def _lost(student: str) -> Page:
    return Page(student, None, "the process that made it was killed; the same command tries again")


def _is_known(classroom: Classroom, module: Module, student: str) -> bool:
    return any(classroom.record(kind, module, student) is not None for kind in ("graded", "collected"))


def _page(classroom: Classroom, module: Module, to: Path, secrets: set[str], student: str) -> Page:
    """One student's page; one that would show a hidden test, or cannot be made, must not stop the others."""
    result = as_before(classroom, module, student)
    target = to / student / f"{module.stem}.html"
    if result.score is None:
        why = html.escape((result.why or "Nothing was graded.").replace(f"{classroom.root}{os.sep}", ""))
        about = {"module": html.escape(module.title), "status": result.status, "why": why}
        write(target, NO_SCORE.format(policy=FEEDBACK_META, **about))
        return Page(student, target)
    from nbgrader.converters import GenerateFeedback

    try:
        classroom.convert(GenerateFeedback, module, student)
    except TitoError as error:
        return Page(student, None, str(error))
    text = read(classroom.feedback(module, student))
    shown = html.unescape(TAG.sub("", text))  # code is coloured word by word
    if any(line in shown for line in secrets):  # a last look, whatever made the page
        classroom.feedback(module, student).unlink()
        return Page(student, None, "it would show a hidden test: look at the notebook in the formgrader")
    if "<script" in text.lower() or FEEDBACK_POLICY not in text:  # NBGrader's template is not the one that we know
        classroom.feedback(module, student).unlink()
        return Page(student, None, "it could run code: install the version of nbgrader that pyproject.toml asks for")
    write(target, text)
    return Page(student, target)
