"""tito check"""

import typer

from tito import course
from tito.place import find_place


def check(module: str = typer.Argument(None, metavar="[NN]", help="A module; without it, every one.")) -> None:
    """Check the notebooks against the module standards. Exits with 1 if one falls short."""
    from tito import standards
    from tito.assignments.kinds import kinds_of
    from tito.files import read

    place = find_place()
    modules = [course.find(module)] if module else [m for m in course.available() if place.notebook(m).exists()]
    findings = [finding for m in modules for finding in standards.check(m, place)]
    for finding in findings:
        typer.echo(finding)
    if findings:
        raise typer.Exit(1)
    for m in modules:
        notebook = place.notebook(m)
        kinds = kinds_of(notebook, read(notebook))
        weaker = [f"{kind.test} ({kind.points})" for kind in kinds if kind.why_weaker]
        points = sum(kind.points for kind in kinds)
        typer.echo(
            f"{m.stem}: tests with {points} points; weaker, beside the student's code: {', '.join(weaker) or 'none'}."
        )
    typer.echo(f"{', '.join(m.stem for m in modules)}: up to the standards.")
