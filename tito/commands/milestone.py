"""tito milestone list | info | run | status"""

import typer

from tito import course, progress
from tito.console import paint, table
from tito.course import Module
from tito.errors import TitoError
from tito.files import read
from tito.place import find_place, find_workspace

app = typer.Typer(help="Replay the history of machine learning with your own tinytorch.", rich_markup_mode=None)

Name = typer.Argument(..., metavar="NN", help="01, or its name.")


def _span(modules: list[Module]) -> str:
    return f"modules {modules[0].number}-{modules[-1].number}" if modules else "nothing"


@app.command(name="list")
def list_milestones() -> None:
    """The milestones there are."""
    typer.echo(table(("NN", "milestone", "shows"), [(m.number, m.title, m.shows) for m in course.MILESTONES]))


@app.command()
def info(name: str = Name) -> None:
    """The history behind a milestone, what it needs, and what you will see."""
    from tito import milestone

    place, chosen = find_place(), course.find_milestone(name)
    typer.echo(read(chosen.path / "README.md").strip())
    typer.echo()
    for script in milestone.scripts(chosen, place):
        typer.echo(f"{script.name} needs {_span(milestone.needs(script))}.")


@app.command()
def run(
    name: str = Name,
    part: str = typer.Argument(None, help="The number of one of its scripts; without it, all that can run."),
) -> None:
    """Run a milestone with the tinytorch of this workspace."""
    from tito import milestone

    place, chosen = find_place(), course.find_milestone(name)
    scripts = milestone.scripts(chosen, place)
    if part is not None:
        scripts = [script for script in scripts if script.name.startswith(f"{part:0>2}_")]
        if not scripts:
            raise TitoError(f"{chosen.folder} has no script {part}: see `tito milestone info {chosen.number}`")
    elif ready := [script for script in scripts if not milestone.missing(script, place)]:
        scripts = ready
    for script in scripts:
        typer.echo(paint(f"{chosen.title}: {script.stem}", "bold"))
        if code := milestone.run(chosen, script, place):
            raise typer.Exit(code)


@app.command()
def status() -> None:
    """Which scripts you have run, which can be run, and what the others need."""
    from tito import milestone

    place = find_workspace()
    done = progress.milestones(place)
    rows = []
    for chosen in course.MILESTONES:
        for script in milestone.scripts(chosen, place):
            rows.append(
                (
                    chosen.number,
                    script.stem,
                    _state(f"{chosen.folder}/{script.stem}", milestone.missing(script, place), done),
                )
            )
    typer.echo(table(("NN", "script", "state"), rows))


def _state(script: str, lacking: list[Module], done: dict) -> str:
    if script in done:
        return f"run on {done[script]['at'][:10]}"
    return f"needs {', '.join(module.stem for module in lacking)}" if lacking else "ready"
