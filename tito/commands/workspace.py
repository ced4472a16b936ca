"""tito start, tito init"""

from pathlib import Path

import typer

from tito import progress
from tito.commands import module
from tito.place import find_workspace


def start(
    force: bool = typer.Option(False, "--force", help="Open it even if earlier modules are incomplete."),
    browser: bool = typer.Option(True, help="Open a browser (with --no-browser, just print the URL)."),
) -> None:
    """Open your next notebook."""
    if progress.current(find_workspace()) is None:
        typer.echo("Every module is complete. `tito module start 01` opens one again, and")
        typer.echo("`tito milestone status` shows what your framework can replay.")
        return
    module.start(None, force, browser)


Folder = typer.Argument(Path("my-tinytorch"), help="A new folder, or a workspace to complete.")


def init(folder: Path = Folder) -> None:
    """Make a workspace for your notebooks and your tinytorch."""
    from tito.workspace import init as init_workspace

    place, written = init_workspace(folder)
    shown = _relative(place.root)
    if written:
        typer.echo(f"{shown} is ready: {len(written)} files written. Next: cd {shown}, then `tito start`.")
    else:
        typer.echo(f"{shown} is already complete; nothing was changed.")


def _relative(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
