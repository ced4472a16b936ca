"""tito export"""

import typer

from tito import course
from tito.course import Module
from tito.errors import TitoError
from tito.files import read
from tito.place import Place, find_place
from tito.stub import is_untouched


def export(
    module: str = typer.Argument(None, metavar="[NN]", help="A module: 01, 01_tensor or tensor."),
    all_modules: bool = typer.Option(
        False, "--all", help="Every module; in a workspace, every one that you have begun."
    ),
    check: bool = typer.Option(
        False, "--check", help="Write nothing; exit 1 with a diff if tinytorch/ and notebooks/ disagree."
    ),
) -> None:
    """Write tinytorch/ from the notebooks."""
    from tito import export as exporting

    place = find_place()
    modules = _chosen(place, module, all_modules)
    if check:
        diff = exporting.difference(place, modules)
        if diff:
            typer.echo(diff)
            raise TitoError("tinytorch/ is not what the notebooks export: run `tito export` and look at what changed")
        typer.echo(f"tinytorch/ agrees with notebooks/ ({len(modules)} modules).")
        return
    for file in exporting.export(place, modules):
        if file.remark:
            typer.echo(file.remark)
        if file.changed and not file.renamed_to:
            typer.echo(f"wrote {file.path.relative_to(place.root)}")
    typer.echo(f"exported: {', '.join(m.stem for m in modules)}")


def _chosen(place: Place, module: str | None, all_modules: bool) -> list[Module]:
    if (module is None) != all_modules:
        raise typer.BadParameter("name one module, or say --all")
    modules = course.available() if all_modules else [course.find(module)]
    existing = [m for m in modules if place.notebook(m).exists()]
    if not existing:
        raise TitoError(
            f"there is no notebooks/{modules[0].stem}.py in {place.root}: `tito init .` adds what is missing"
        )
    if not all_modules or place.is_course:
        return existing
    begun = [m for m in existing if not is_untouched(read(place.notebook(m)))]
    if not begun:
        raise TitoError("no exercise of any notebook is solved yet: `tito start` opens the first")
    return begun
