"""Nothing a student wrote is lost: whatever a command is about to replace is copied to `.tinytorch/backups/` first."""

import shutil
import tempfile
from datetime import datetime
from pathlib import Path

from tito.course import Module
from tito.errors import TitoError
from tito.files import read, write
from tito.place import Place


def keep(place: Place, paths: list[Path], why: str) -> Path:
    """Copy files of a place into a new backup, `backups/TIME_why/`, at the same relative paths, and return its folder."""
    backups = place.state / "backups"
    backups.mkdir(parents=True, exist_ok=True)
    target = backups / f"{datetime.now():%Y%m%d-%H%M%S-%f}_{why}"
    with tempfile.TemporaryDirectory(prefix=".", dir=backups) as folder:
        for path in paths:
            copy = Path(folder) / "new" / path.relative_to(place.root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copy)
        (Path(folder) / "new").replace(target)  # whole, or not there
    return target


def backups_of(place: Place, module: Module) -> list[Path]:
    """The backups that hold files of a module, the newest first."""
    folders = sorted((place.state / "backups").glob("[0-9]*_*"), reverse=True)
    return [folder for folder in folders if _files_in(folder, place, module)]


def restore(place: Place, module: Module, name: str | None = None) -> tuple[Path, list[Path]]:
    """Bring the newest backup of a module back, or the one called `name`. What it replaces becomes a backup itself.

    Returns:
        The backup's folder, and the files that were written.
    """
    folders = backups_of(place, module)
    chosen = next((folder for folder in folders if name in (None, folder.name)), None)
    if chosen is None:
        there = f"; there are {', '.join(folder.name for folder in folders)}" if folders else ""
        raise TitoError(f"there is no {f'backup {name}' if name else 'backup'} of module {module.stem}{there}")
    sources = _files_in(chosen, place, module)
    targets = [place.root / source.relative_to(chosen) for source in sources]
    keep(place, [target for target in targets if target.exists()], f"restore_{module.number}")
    for source, target in zip(sources, targets, strict=True):
        write(target, read(source))
    return chosen, targets


def _files_in(folder: Path, place: Place, module: Module) -> list[Path]:
    paths = (place.notebook(module), place.package / f"{module.slug}.py")
    return [copy for path in paths if (copy := folder / path.relative_to(place.root)).exists()]
