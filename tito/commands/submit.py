"""tito submit"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tito import course
from tito.commands.module import Name, named_or_current
from tito.console import paint, table
from tito.place import find_workspace

if TYPE_CHECKING:
    from tito.assignments.submit import Submission

COLORS = {"passes": "green", "answered": "green", "fails": "red", "not found": "red"}


def submit(
    name: str = Name,
    file: Annotated[Path | None, typer.Option(help="Another notebook than the workspace's, .py or .ipynb.")] = None,
) -> None:
    """Write the file that you hand in, and say how far it is."""
    from tito.assignments.convert import shown
    from tito.assignments.submit import submit as submit_module

    place = find_workspace()
    module = named_or_current(place, name or _named_by(file))
    made = submit_module(place, module, file)
    typer.echo(f"{paint(module.title, 'bold')}, read from {shown(made.source)}")
    if made.older:
        typer.echo(
            f"({shown(made.older)} was saved earlier and was not read; --file {shown(made.older)} takes that one.)"
        )
    typer.echo()
    typer.echo(_table(made))
    typer.echo()
    typer.echo(_total(made))
    if any(line.state == "fails" for line in made.lines) and made.source.resolve() == place.notebook(module):
        typer.echo(f"`tito module test {module.number} --unit-only` says what fails, and why.")
    if any(line.state == "not found" for line in made.lines):
        typer.echo("A question is not found when its text was changed or deleted: put it back above your answer.")
    if made.written.kept:
        typer.echo(f"The file of an earlier time is kept: {shown(made.written.kept)}")
    same = "" if made.written.changed else " (the same as last time)"
    typer.echo(f"To hand in: {paint(str(shown(made.written.path)), 'bold')}{same}")


def _named_by(file: Path | None) -> str | None:
    """The module that a file is named after."""
    stems = [module.stem for module in course.available()]
    return file.stem if file and file.stem in stems else None


def _table(made: "Submission") -> str:
    rows = [(line.name, line.points, paint(line.state, COLORS.get(line.state, "yellow"))) for line in made.lines]
    return table(("exercise or question", "points", "visible test or answer"), rows)


def _total(made: "Submission") -> str:
    exercises = [line for line in made.lines if not line.is_question]
    questions = [line for line in made.lines if line.is_question]
    passing = sum(line.state == "passes" for line in exercises)
    answered = sum(line.state == "answered" for line in questions)
    tests = f"{passing} of {len(exercises)} exercises pass their visible tests; hidden tests come when it is graded."
    if made.broken:
        tests = f"The visible tests could not be run: {made.broken.rstrip('.')}."
    return (
        f"{tests}\n{answered} of {len(questions)} questions are answered; somebody reads those." if questions else tests
    )
