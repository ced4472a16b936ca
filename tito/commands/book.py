"""tito book build | serve | check | pyodide | launch"""

from pathlib import Path
from typing import Annotated

import typer

from tito.console import paint
from tito.errors import TitoError

app = typer.Typer(help="Build the course's book, show it, check it.", rich_markup_mode=None)


@app.command()
def build(
    self_host: Annotated[
        Path | None,
        typer.Option(
            help="What `tito book pyodide` has made: the site serves it itself.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
) -> None:
    """Build the book into _build/html; what has not changed is kept."""
    from tito import book

    book.build(self_host)
    typer.echo(f"The book: {book.HTML / 'index.html'}")


@app.command()
def serve(
    port: int = typer.Option(8000, help="Where it is served, on this machine only; 0 takes any free one."),
) -> None:
    """Show the book that was built, until Ctrl-C."""
    from tito import book

    book.serve(port)


@app.command()
def pyodide(
    folder: Annotated[Path, typer.Argument(help="Where it goes: a new folder.")],
    distribution: Annotated[
        Path | None,
        typer.Option("--from", help="An unpacked Pyodide release; it has NumPy.", exists=True, file_okay=False),
    ] = None,
) -> None:
    """Collect what a notebook in a browser loads from other hosts, for `tito book build --self-host`."""
    from tito.pyodide import make

    typer.echo(f"{folder} {'is made' if make(folder, distribution) else 'was there already'}.")


@app.command()
def pictures() -> None:
    """Make the pictures of the README and the front page again."""
    from tito import pictures

    for path in pictures.make():
        typer.echo(f"{path} ({path.stat().st_size // 1000} kB)")


@app.command()
def check() -> None:
    """Look for dead links and anchors, pictures without a text, and anything loaded from another host."""
    from tito import book

    problems = list(book.check())
    for problem in problems:
        typer.echo(problem)
    if problems:
        raise TitoError(f"{len(problems)} problems in the book: fix them, then run `tito book build`")
    typer.echo(paint("The book is whole.", "green"))


@app.command()
def launch(
    to: Annotated[
        Path | None,
        typer.Option(help="A new folder, or one that this command has written before.  [default: _build/launch]"),
    ] = None,
) -> None:
    """Write the exercises as outside services open them: the files of the branch `launch`."""
    from tito import launch as branch

    folder = to or branch.FOLDER
    typer.echo(f"{len(branch.launch(folder))} files in {folder}")
