"""tito data list | download | verify | path"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import typer

from tito.console import paint, table
from tito.errors import TitoError

app = typer.Typer(help="Download data sets, and find them.", no_args_is_help=True, rich_markup_mode=None)

Name = typer.Argument(..., metavar="NAME", help="MNIST, for example: see `tito data list`.")
Root = typer.Option(
    None, "--root", metavar="FOLDER", help="Where the data is (default: TINYTORCH_DATA, else the cache)."
)


@contextlib.contextmanager
def _one_sentence() -> Iterator[None]:
    """Let an error of the data sets' files end as tito's own do."""
    from tito.templates.data_files import DataError

    try:
        yield
    except DataError as error:
        raise TitoError(str(error)) from None


@app.command(name="list")
def list_data_sets(as_json: bool = typer.Option(False, "--json", help="Print JSON."), root: Path = Root) -> None:
    """List the data sets, and which are on this machine."""
    from tito.templates import data_files

    with _one_sentence():
        rows = [
            {
                "name": chosen.name,
                "bytes": chosen.size,
                "ready": data_files.is_ready(chosen, root),
                "folder": str(data_files.folder_of(chosen, root)),
                "about": chosen.about,
                "source": chosen.source,
                "license": chosen.license,
            }
            for chosen in data_files.CATALOGUE
        ]
    if as_json:
        import json

        typer.echo(json.dumps(rows, indent=2))
        return
    cells = [
        (row["name"], data_files.megabytes(row["bytes"]), "ready" if row["ready"] else "not yet", row["about"])
        for row in rows
    ]
    typer.echo(table(("name", "size", "state", "about"), cells))
    typer.echo("Digits comes with scikit-learn: there is nothing to download.")


@app.command()
def download(name: str = Name, root: Path = Root) -> None:
    """Download a data set, or continue where you stopped."""
    from tito.templates import data_download

    try:
        with _one_sentence():
            folder = data_download.download(name, root)
    except KeyboardInterrupt:
        typer.echo(f"Stopped. `tito data download {name}` continues from here.", err=True)
        raise typer.Exit(130) from None
    typer.echo(f"{paint('ok', 'green')}  {name} is in {folder}")


@app.command()
def verify(name: str = Name, root: Path = Root) -> None:
    """Check the files of a data set. Exits with 1 if one is wrong or missing."""
    from tito.templates import data_files

    with _one_sentence():
        states = data_files.verify(data_files.data_set(name), root)
    for file, told, right in states:
        typer.echo(f"{paint('ok   ', 'green') if right else paint('WRONG', 'red')}  {file}: {told}")
    raise typer.Exit(0 if all(right for *_, right in states) else 1)


@app.command()
def path(name: str = Name, root: Path = Root) -> None:
    """Print the folder of a data set. Exits with 1 if it isn't there yet."""
    from tito.templates import data_files

    with _one_sentence():
        chosen = data_files.data_set(name)
        typer.echo(data_files.folder_of(chosen, root))
        if not data_files.is_ready(chosen, root):
            raise TitoError(f"{chosen.name} isn't there yet: run `tito data download {chosen.name}`")
