"""tito submit"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tito import course
from tito.commands.module import Name, named_or_current
from tito.console import paint, table
from tito.place import find_workspace
from tito.verdict import Verdict

if TYPE_CHECKING:
    from tito.assignments.submit import Line, Submission

COLORS = {"answered": "green", "no answer yet": "yellow", "not found": "red"}


def submit(
    name: str = Name,
    file: Annotated[Path | None, typer.Option(help="Submit this .py or .ipynb instead.")] = None,
) -> None:
    """Write your submission file and report what is done."""
    from tito.assignments.convert import shown
    from tito.assignments.submit import submit as submit_module

    place = find_workspace()
    module = named_or_current(place, name or _named_by(file))
    submission = submit_module(place, module, file)
    typer.echo(f"{paint(module.title, 'bold')}, read from {shown(submission.source)}")
    if submission.older:
        typer.echo(
            f"({shown(submission.older)} is older and was not read; use --file {shown(submission.older)} to submit it.)"
        )
    typer.echo()
    typer.echo(_table(submission))
    typer.echo()
    typer.echo(_total(submission))
    if any(
        line.judgement and line.judgement.verdict is Verdict.WRONG for line in submission.lines
    ) and submission.source.resolve() == place.notebook(module):
        typer.echo(f"`tito module test {module.number} --unit-only` shows what fails, and why.")
    if any(line.state == "not found" for line in submission.lines):
        typer.echo("A question is not found if its text was changed or deleted: put it back above your answer.")
    if submission.written.kept:
        typer.echo(f"Your previous submission file is kept in {shown(submission.written.kept)}")
    same = "" if submission.written.changed else " (the same as last time)"
    typer.echo(f"To hand in: {paint(str(shown(submission.written.path)), 'bold')}{same}")


def _named_by(file: Path | None) -> str | None:
    """The module that a file is named after."""
    stems = [module.stem for module in course.available()]
    return file.stem if file and file.stem in stems else None


def _table(submission: "Submission") -> str:
    rows = [(line.name, line.points, paint(line.state, _color(line))) for line in submission.lines]
    return table(("exercise or question", "points", "visible tests or answer"), rows)


def _color(line: "Line") -> str:
    return line.judgement.color if line.judgement else COLORS.get(line.answer, "yellow")


def _total(submission: "Submission") -> str:
    exercises = [line for line in submission.lines if not line.is_question]
    questions = [line for line in submission.lines if line.is_question]
    solved = sum(line.judgement is not None and line.judgement.verdict is Verdict.SOLVED for line in exercises)
    answered = sum(line.state == "answered" for line in questions)
    tests = f"{solved} of {len(exercises)} exercises solved (visible tests; hidden ones run at grading)."
    if submission.broken:
        tests = f"The visible tests could not be run: {submission.broken.rstrip('.')}."
    return (
        f"{tests}\n{answered} of {len(questions)} questions answered; your instructor reads those."
        if questions
        else tests
    )
