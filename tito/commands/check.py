"""tito check"""

import typer

from tito import course
from tito.place import find_place


def check(module: str = typer.Argument(None, metavar="[NN]", help="A module; without it, every one.")) -> None:
    """Hold the course's notebooks against the standards of a module; exit 1 when one falls short."""
    from tito import standards

    place = find_place()
    modules = [course.find(module)] if module else [m for m in course.available() if place.notebook(m).exists()]
    findings = [finding for m in modules for finding in standards.check(m, place)]
    for finding in findings:
        typer.echo(finding)
    if findings:
        raise typer.Exit(1)
    typer.echo(f"{', '.join(m.stem for m in modules)}: up to the standards.")
