"""tito convert"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tito.console import paint


class Form(StrEnum):
    ipynb = "ipynb"
    py = "py"


Name = typer.Argument(metavar="FILE|NN", help="A notebook, or the module whose notebook is meant: 01 or tensor.")


def convert(
    name: Annotated[str, Name],
    to: Annotated[Form, typer.Option(help="ipynb is Jupyter's form, py is marimo's.")],
    output: Annotated[Path | None, typer.Option(help="Where it goes; without it, beside the notebook.")] = None,
) -> None:
    """Convert a notebook to Jupyter, or back to marimo."""
    from tito.assignments.convert import convert as convert_notebook
    from tito.assignments.convert import shown

    converted = convert_notebook(name, to.value, output)
    target = shown(converted.written.path)
    if not converted.written.changed:
        typer.echo(f"{target} says the same as {shown(converted.source)} already; nothing was changed.")
    else:
        typer.echo(f"{target} is written, from {shown(converted.source)}, which stays as it is.")
    if converted.written.kept:
        typer.echo(f"What was in {target} before is kept: {shown(converted.written.kept)}")
    if converted.note:
        typer.echo(f"{paint('Fix before you use it', 'yellow')}: {converted.note}")
