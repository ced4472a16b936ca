"""Feedback: for every student a page with the score, the code, and for each failed test WHAT, WHY and TIP."""

import html
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from nbformat import reads

from tito.assignments.classroom import Classroom, one_engine
from tito.assignments.grading import as_before, at_once, known_students
from tito.assignments.preprocessors import secret_lines
from tito.assignments.quiet import quiet
from tito.course import Module
from tito.errors import TitoError
from tito.files import read, write

NO_SCORE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{module}: {status}</title>
<body style="font-family: sans-serif; max-width: 40em; margin: 3em auto; line-height: 1.5">
<h1>{module}: {status}</h1>
<p>{why}</p>
<p>There is no score yet. Ask your instructor how to hand it in again.</p>
</body>
</html>
"""


def feedback(classroom: Classroom, module: Module, to: Path, jobs: int = 1) -> Iterator[tuple[str, Path]]:
    """Write `to/STUDENT/NN_slug.html` for every student whose work was collected.

    Yields:
        The student, and the page.

    Raises:
        TitoError: nothing was graded, or a page would show a hidden test; then that page is not written.
    """
    students = [student for student in known_students(classroom, module) if _is_known(classroom, module, student)]
    if not students:
        raise TitoError(f"nothing was graded for {module.stem}: `tito nbgrader autograde {module.number}` first")
    with at_once(partial(_page, classroom, module, to), students, jobs) as pages:
        yield from zip(students, pages, strict=True)


def _is_known(classroom: Classroom, module: Module, student: str) -> bool:
    return (
        classroom.record("graded", module, student) is not None
        or classroom.record("collected", module, student) is not None
    )


def _page(classroom: Classroom, module: Module, to: Path, student: str) -> Path:
    result = as_before(classroom, module, student)
    target = to / student / f"{module.stem}.html"
    if result.score is None:
        why = html.escape(result.why or "Nothing was graded.")
        write(target, NO_SCORE.format(module=html.escape(module.title), status=result.status, why=why))
        return target
    from nbgrader.converters import GenerateFeedback

    with quiet() as said, one_engine():
        try:
            coursedir = classroom.coursedir(module, student)
            GenerateFeedback(coursedir=coursedir, config=classroom.config(), force=True).start()
        except Exception as error:
            raise TitoError(f"no feedback for {student}: {said.last() or error}") from None
    text = read(classroom.feedback(module, student))
    refuse_hidden(classroom, module, student, text)
    write(target, text)
    return target


def refuse_hidden(classroom: Classroom, module: Module, student: str, text: str) -> None:
    """A last look at a page, whatever made it."""
    source = reads(read(classroom.source(module)), 4)
    shown = html.unescape(text)
    for cell in source.cells:
        for line in secret_lines(cell.source):
            if line in shown:
                classroom.feedback(module, student).unlink()
                raise TitoError(
                    f"the feedback of {student} would show a hidden test: look at their notebook in the formgrader"
                )
