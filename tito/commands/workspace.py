"""tito start, tito init"""

from pathlib import Path

import typer

from tito import progress
from tito.commands import module
from tito.place import find_workspace


def start(
    force: bool = typer.Option(False, "--force", help="Open it although earlier modules are not complete."),
    browser: bool = typer.Option(True, help="Open a browser window, or only print the address."),
) -> None:
    """Open whatever comes next."""
    if progress.current(find_workspace()) is None:
        typer.echo("Every module that there is so far is complete: `tito module start 01` opens one again, and")
        typer.echo("`tito milestone status` shows what your framework can replay.")
        return
    module.start(None, force, browser)


Folder = typer.Argument(Path("my-tinytorch"), help="A new folder, or a workspace that lacks something.")


def init(folder: Path = Folder) -> None:
    """Make a workspace: your notebooks, and the place where your tinytorch will grow."""
    from tito.workspace import init as init_workspace

    place, written = init_workspace(folder)
    shown = _relative(place.root)
    if written:
        typer.echo(f"{shown} is ready: {len(written)} files written. Next: cd {shown}, then `tito start`.")
    else:
        typer.echo(f"{shown} has everything already; nothing was changed.")


def _relative(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
