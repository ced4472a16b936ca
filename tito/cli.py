"""The command line: every command is a thin face over a function that works without a terminal."""

import sys

import typer

from tito import __version__, course
from tito.commands import (
    book,
    check,
    convert,
    data,
    export,
    milestone,
    module,
    nbgrader,
    submit,
    system,
    try_script,
    workspace,
)  # fmt: skip
from tito.console import clean
from tito.errors import TitoError

WITHOUT_COURSE = ("convert", "system")  # commands that work, or say what is wrong, without the course's files

app = typer.Typer(
    name="tito",
    help="Build your own machine-learning framework, one module at a time. `tito start` opens your next notebook.",
    add_completion=False,
    rich_markup_mode=None,  # plain help: rich alone takes half of the time that a command may take to start
    pretty_exceptions_enable=False,
)
app.command()(workspace.start)
app.command()(workspace.init)
app.command()(export.export)
app.command()(check.check)
app.command()(convert.convert)
app.command()(submit.submit)
app.command(name="try")(try_script.try_script)
app.add_typer(module.app, name="module")
app.add_typer(milestone.app, name="milestone")
app.add_typer(data.app, name="data")
app.add_typer(system.app, name="system")
app.add_typer(book.app, name="book")
app.add_typer(nbgrader.app, name="nbgrader")


@app.callback(invoke_without_command=True)
def options(
    context: typer.Context,
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error inside tito."),
    version: bool = typer.Option(False, "--version", help="Print the version and exit."),
) -> None:
    if version:
        typer.echo(f"tito {__version__}")
        raise typer.Exit()
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
    elif context.invoked_subcommand not in WITHOUT_COURSE and "--help" not in sys.argv:
        course.refuse_missing_files()


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # a terminal that cannot show a character gets a question mark
    try:
        app()
    except TitoError as error:
        fail(str(error))
    except OSError as error:
        if "--debug" in sys.argv:
            raise
        where = f"{error.filename}: " if error.filename else ""
        fail(f"{where}{error.strerror or error}; fix that and run the command again")
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        fail(
            f"tito hit a bug ({type(error).__name__}: {error}): run `tito --debug ...` for the traceback, and please report it"
        )


def fail(message: str) -> None:
    typer.echo(f"tito: {clean(message)}", err=True)
    sys.exit(1)
