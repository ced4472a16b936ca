"""tito milestone list | info | run | status"""

from pathlib import Path
from types import ModuleType

import typer

from tito import course, progress
from tito.console import paint, table
from tito.course import Module
from tito.errors import TitoError
from tito.files import read
from tito.place import Place, find_place, find_workspace

app = typer.Typer(help="Replay history with your own tinytorch.", rich_markup_mode=None)

Name = typer.Argument(..., metavar="NN", help="01, or its name.")


def _span(modules: list[Module]) -> str:
    return f"modules {modules[0].number}-{modules[-1].number}" if modules else "nothing"


@app.command(name="list")
def list_milestones() -> None:
    """List the milestones, and what each one needs."""
    from tito import milestone

    place = find_place()
    rows = [(m.number, m.title, _unlocked(m, place, milestone), m.shows) for m in course.MILESTONES]
    typer.echo(table(("NN", "milestone", "state", "shows"), rows))


def _unlocked(chosen: course.Milestone, place: Place, milestone: ModuleType) -> str:
    """Whether its scripts can run, as in "unlocked" or "1 of 2 unlocked"."""
    lacking = [milestone.missing(script, place) for script in milestone.scripts(chosen, place)]
    ready = sum(not modules for modules in lacking)
    if ready == len(lacking):
        return "unlocked"
    return f"{ready} of {len(lacking)} unlocked" if ready else f"needs {lacking[0][-1].stem}"


@app.command()
def info(name: str = Name) -> None:
    """Show the history behind a milestone, and what it needs."""
    from tito import milestone

    place, chosen = find_place(), course.find_milestone(name)
    typer.echo(read(chosen.path / "README.md").strip())
    typer.echo()
    for script in milestone.scripts(chosen, place):
        typer.echo(f"{script.name} needs {_span(milestone.needs(script))}.")


@app.command()
def run(
    name: str = Name,
    part: str = typer.Argument(None, help="One of its scripts (default: all that can run)."),
    quick: bool = typer.Option(False, "--quick", help="Run the short version, at most a minute per script."),
    seeds: int = typer.Option(None, min=1, help="How many random seeds to run."),
    resume: bool = typer.Option(False, "--resume", help="Continue a run that Ctrl-C stopped."),
) -> None:
    """Run a milestone with your own tinytorch."""
    from tito import milestone

    place, chosen = find_place(), course.find_milestone(name)
    scripts, to_open = milestone.scripts(chosen, place), []
    if part is not None:
        scripts = [script for script in scripts if script.name.startswith(f"{part:0>2}_")]
        if not scripts:
            raise TitoError(f"{chosen.folder} has no script {part}: see `tito milestone info {chosen.number}`")
    elif ready := [script for script in scripts if not milestone.missing(script, place)]:
        scripts = [script for script in ready if not milestone.is_notebook(script)]
        to_open = [script for script in ready if milestone.is_notebook(script)]
    if seeds is not None and (fixed := [script.name for script in scripts if not milestone.takes_options(script)]):
        raise TitoError(f"{fixed[0]} always runs the same seeds: leave out --seeds")
    if resume:
        scripts = _one_to_resume(scripts, chosen)
    options = ["--quick"] * quick + (["--seeds", str(seeds)] if seeds else []) + ["--resume"] * resume
    for script in scripts:
        typer.echo(paint(f"{chosen.title}: {script.stem}", "bold"))
        if code := milestone.run(chosen, script, place, options):
            raise typer.Exit(code)
    for script in to_open:
        typer.echo(
            f"\nNext: `tito milestone run {chosen.number} {int(script.name[:2])}` opens {script.name} in a browser."
        )


def _one_to_resume(scripts: list[Path], chosen: course.Milestone) -> list[Path]:
    """The script that has a checkpoint.

    Raises:
        TitoError: none of them has.
    """
    from tito import milestone

    stopped = [s for s in scripts if milestone.resumes(s) and s.with_suffix(".checkpoint").exists()]
    if not stopped:
        raise TitoError(f"no script of {chosen.folder} was stopped with Ctrl-C: run it without --resume")
    return stopped[:1]


@app.command()
def status() -> None:
    """Show which scripts you ran, and which can run."""
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
