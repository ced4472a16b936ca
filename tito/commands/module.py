"""tito module list | status | start | test | complete | reset | update | restore | hint | solution"""

import json
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from tito import course, progress
from tito.console import paint, table
from tito.course import Module
from tito.errors import TitoError
from tito.place import Place, find_place, find_workspace

PHASES = ("inline", "module", "integration")

app = typer.Typer(help="Start, test and complete modules.", no_args_is_help=True, rich_markup_mode=None)

Name = typer.Argument(None, metavar="[NN]", help="01, 01_tensor or tensor (default: the current module).")


def named_or_current(place: Place, name: str | None) -> Module:
    if name is not None:
        return course.find(name)
    current = progress.current(place)
    if current is None:
        raise TitoError("every module is complete: name one, as in `tito module test 01`")
    return current


@app.command(name="list")
def list_modules() -> None:
    """List all modules."""
    rows = [(m.number, m.slug, m.tier, m.builds if m.available else f"(planned) {m.builds}") for m in course.MODULES]
    typer.echo(table(("NN", "module", "tier", "you build"), rows))


@app.command()
def status(as_json: bool = typer.Option(False, "--json", help="Print JSON, for scripts.")) -> None:
    """Show what is complete, what is next and what is missing."""
    from tito.questions import unanswered
    from tito.testing import exercise_judgements
    from tito.update import age

    place = find_workspace()
    done, current = progress.completed(place), progress.current(place)
    old = [m for m in course.available() if (notebook_age := age(place, m)) and notebook_age.is_certain]
    states = {m.number: _state(m, done, current) for m in course.available()}
    judgements = exercise_judgements(place, current) if current else {}
    open_questions = {m.number: unanswered(place, m) for m in course.available() if m.number in done or m == current}
    if as_json:
        modules = {
            m.number: {
                "module": m.slug,
                "state": states[m.number],
                "earlier_version": m in old,
                "unanswered": open_questions.get(m.number, []),
                **({"exercises": {name: str(j) for name, j in judgements.items()}} if m == current else {}),
                **done.get(m.number, {}),
            }
            for m in course.available()
        }
        content = {"workspace": str(place.root), "current": current and current.number, "modules": modules}
        typer.echo(json.dumps(content, indent=2))
        return
    typer.echo(table(("NN", "module", "state", "capability"), [
        (m.number, m.slug, states[m.number] + ", earlier version" * (m in old), f"I can {m.capability}.")
        for m in course.available()
    ]))  # fmt: skip
    if old:
        typer.echo(
            "\nEarlier version: the course has changed since you got these notebooks. `tito module update --all`"
        )
        typer.echo("brings them up to date and keeps your answers.")
    if judgements:
        typer.echo(f"\n{current.title}")
        for name, judgement in judgements.items():
            typer.echo(
                f"  {paint(f'{judgement.verdict:<12}', judgement.color)}  {name} {judgement if judgement.waits_for else ''}".rstrip()
            )
    if any(open_questions.values()):
        typer.echo("\nQuestions without an answer:")
        for number, names in open_questions.items():
            typer.echo(f"  {number}  {', '.join(names)}") if names else None
    typer.echo(f"\nNext: {current.stem}. `tito start` opens it." if current else "\nEvery module is complete.")


def _state(module: Module, done: dict, current: Module | None) -> str:
    if module.number in done:
        return "complete" if done[module.number]["tested"] else "complete, untested"
    return "next" if module == current else "locked"


@app.command()
def start(
    name: str = Name,
    force: bool = typer.Option(False, "--force", help="Open it even if earlier modules are incomplete."),
    browser: bool = typer.Option(True, help="Open a browser (with --no-browser, just print the URL)."),
) -> None:
    """Open a module's notebook in marimo."""
    from tito.editor import edit
    from tito.workspace import write_stub

    place = find_workspace()
    module = named_or_current(place, name)
    _unlocked(place, module, force)
    if not place.notebook(module).exists():
        write_stub(place, module)
    typer.echo(f"{module.title}. When you finish, you can {module.you_can}.")
    typer.echo("When its tests are green, run this in another terminal:\n")
    for line in second_terminal(place, module):
        typer.echo(f"    {line}")
    typer.echo()
    _say_if_old(place, module, is_sure=True)
    raise typer.Exit(edit(place, module, browser))


def second_terminal(place: Place, module: Module) -> list[str]:
    """What to type in a terminal where the environment is not active yet, on this system."""
    scripts = Path(sys.executable).parent
    activate = scripts / ("Activate.ps1" if sys.platform == "win32" else "activate")
    lines = [f"cd {shlex.quote(str(place.root)) if sys.platform != 'win32' else place.root}"]
    if activate.exists():
        path = f'"{activate}"' if " " in str(activate) else str(activate)
        lines.insert(0, f"& {path}" if sys.platform == "win32" else f"source {path}")
    return [*lines, f"tito module complete {module.number}"]


def _unlocked(place: Place, module: Module, force: bool) -> None:
    from tito.completion import refuse_locked

    if not force:
        refuse_locked(place, module)
    elif skipped := progress.missing_before(place, module):
        typer.echo(f"Skipping incomplete modules: {', '.join(m.stem for m in skipped)}.")


@app.command()
def test(
    name: str = Name,
    unit_only: bool = typer.Option(False, "--unit-only", help="Run the notebook's own tests only."),
    no_integration: bool = typer.Option(False, "--no-integration", help="Skip the tests with earlier modules."),
    verbose: bool = typer.Option(False, "-v", "--verbose", help="List every test, WHAT it checks and WHY."),
    all_modules: bool = typer.Option(False, "--all", help="Test every complete module and the current one."),
) -> None:
    """Test a module. It runs the notebook's own tests, then the exported module's, then those with earlier modules."""
    place = find_place()
    if all_modules:
        done = progress.completed(place)
        modules = [m for m in course.available() if place.is_course or m.number in done or m == progress.current(place)]
    else:
        modules = [named_or_current(place, name)]
    phases = PHASES[:1] if unit_only else PHASES[:2] if no_integration else PHASES
    codes = []
    for module in modules:
        with _errors_of_old_notebooks(place, module):
            codes.append(_test(place, module, phases, verbose))
        _say_if_old(place, module, is_sure=not codes[-1])
    raise typer.Exit(next((code for code in codes if code), 0))


def _say_if_old(place: Place, module: Module, is_sure: bool) -> None:
    from tito.update import notice

    if text := notice(place, module, is_sure):
        typer.echo(f"\n{text}")


@contextmanager
def _errors_of_old_notebooks(place: Place, module: Module) -> Iterator[None]:
    """What is wrong with a notebook may be no more than that it is from an earlier version of the course."""
    from tito.update import notice

    try:
        yield
    except TitoError as error:
        text = notice(place, module)
        raise TitoError(f"{error}\n{text}") if text else error from None


def _test(place: Place, module: Module, phases: tuple[str, ...], verbose: bool) -> int:
    """Run the tests, say what happened in a few lines, and return the exit code: 0 when all have passed."""
    from tito.outcome_lines import everything, failures, summary
    from tito.testing import run

    typer.echo(paint(f"{module.title}", "bold"))
    done = []
    for phase in run(place, module, phases):
        done.append(phase)
        for line in everything(phase) if verbose else ():
            typer.echo(line)
        for line in failures(phase):
            typer.echo(line)
    not_run = list(phases[phases.index(done[-1].name) + 1 :]) if done else []
    typer.echo(summary(done, not_run))
    return done[-1].code if done else 0


@app.command()
def complete(
    name: str = Name,
    skip_test: bool = typer.Option(False, "--skip-test", help="Export without testing; recorded as untested."),
    force: bool = typer.Option(False, "--force", help="Even if earlier modules are incomplete."),
) -> None:
    """Test and export a module, and unlock the next one."""
    from tito.completion import finish, refuse_lost_names

    place = find_workspace()
    module = named_or_current(place, name)
    _unlocked(place, module, force)
    with _errors_of_old_notebooks(place, module):
        refuse_lost_names(place, module)
        if not skip_test and (code := _test(place, module, PHASES, verbose=False)):
            typer.echo(
                f"\nNot complete yet. Fix the first failure, then run `tito module complete {module.number}` again."
            )
            _say_if_old(place, module, is_sure=False)
            raise typer.Exit(code)
        written = finish(place, module, tested=not skip_test)
    for file in written:
        if file.remark:
            typer.echo(file.remark)
    typer.echo(
        f"\n{paint('Complete' if not skip_test else 'Exported without tests', 'green')}: {module.stem} is now tinytorch/{module.file}."
    )
    typer.echo(f"Checkpoint reached: {module.checkpoint_name}. You can {module.you_can}.")
    _say_if_old(place, module, is_sure=False)
    following = progress.current(place)
    typer.echo(f"Next: {following.stem}. `tito start` opens it." if following else "That was the last module.")


@app.command()
def reset(name: str = Name) -> None:
    """Start a notebook over, and keep your version."""
    from tito.workspace import reset as reset_module

    place = find_workspace()
    module = named_or_current(place, name)
    kept = reset_module(place, module)
    typer.echo(f"notebooks/{module.stem}.py has been reset.")
    if kept:
        typer.echo(
            f"Your version is in {kept.relative_to(place.root)}; `tito module restore {module.number}` brings it back."
        )


@app.command()
def update(
    name: str = Name,
    all_modules: bool = typer.Option(False, "--all", help="Update every notebook of this workspace."),
) -> None:
    """Update a notebook to the course's version. Your answers and your own cells are kept."""
    from tito.update import update as update_notebook

    place = find_workspace()
    modules = [m for m in course.available() if place.notebook(m).exists()] if all_modules else []
    again = []
    for module in modules or [named_or_current(place, name)]:
        done = update_notebook(place, module)
        if done is None:
            typer.echo(f"notebooks/{module.stem}.py is already up to date.")
            continue
        typer.echo(paint(f"notebooks/{module.stem}.py is up to date now.", "bold"))
        for line in done.lines():
            typer.echo(f"  {line}")
        typer.echo(
            f"  The old one is in {done.kept.relative_to(place.root)}; `tito module restore {module.number}` brings it back."
        )
        again += done.again
    if again:
        again = sorted(set(again), key=lambda module: module.number)
        typer.echo(f"\nNothing was run: `tito module test {again[0].number}` checks your answers, and")
        typer.echo(f"`tito module complete` exports {', '.join(m.number for m in again)} again, one after the other.")


@app.command()
def restore(
    name: str = Name,
    backup: str = typer.Option(
        None, help="The backup to restore (default: the one before your last reset, update or export)."
    ),
    show: bool = typer.Option(False, "--list", help="List the backups."),
) -> None:
    """Undo the last reset, update, export or complete. What it replaces is backed up as well; --list shows every backup."""
    from tito.backup import backups_of, completed_in
    from tito.backup import restore as restore_module
    from tito.export import write_glue

    place = find_workspace()
    module = named_or_current(place, name)
    if show:
        for folder in backups_of(place, module):
            typer.echo(folder.name)
        return
    chosen, written = restore_module(place, module, backup)
    completed = completed_in(chosen)
    if completed is not None:
        progress.put_back(place, module, completed)
    if place.exported(module) in written:
        write_glue(place)
    for path in written:
        typer.echo(f"{path.relative_to(place.root)} is restored from {chosen.name}.")
    if completed is not None:
        typer.echo(f"Module {module.number} is complete again.")
    typer.echo(f"What was replaced is kept: `tito module restore {module.number} --list` shows every backup.")


Exercise = typer.Argument(None, help="Its name (default: the first unsolved one).")


@app.command()
def hint(name: str = Name, exercise: str = Exercise) -> None:
    """Show the next hint for an exercise, never the code."""
    from tito import hints

    place = find_workspace()
    module = named_or_current(place, name)
    chosen = hints.find_exercise(module, exercise) if exercise else hints.first_unsolved(place, module)
    text, number, count = hints.next_hint(place, module, chosen)
    typer.echo(f"{chosen}, hint {number} of {count}. {text}")
    if number == count:
        typer.echo(
            f"That was the last hint. `tito module solution {module.number} {chosen}` shows ours once yours passes."
        )


@app.command()
def solution(
    name: str = Name,
    exercise: str = Exercise,
    reveal: bool = typer.Option(False, "--reveal", help="Show it even if unsolved (asks for confirmation)."),
) -> None:
    """Show our solution once yours passes."""
    from tito import hints

    place = find_workspace()
    module = named_or_current(place, name)
    chosen = hints.find_exercise(module, exercise) if exercise else hints.first_unsolved(place, module)
    if not hints.is_solved(place, module, chosen):
        if not reveal:
            raise TitoError(
                f"{chosen} is not solved yet: `tito module hint {module.number} {chosen}` helps, --reveal shows the code"
            )
        typer.confirm(f"Show the solution of {chosen} now? You learn more from another hint", abort=True)
    typer.echo(hints.solution(module, chosen))
