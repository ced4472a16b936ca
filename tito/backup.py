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
        existing = f"; there are {', '.join(folder.name for folder in folders)}" if folders else ""
        raise TitoError(f"there is no {f'backup {name}' if name else 'backup'} of module {module.stem}{existing}")
    sources = _files_in(chosen, place, module)
    record, notebook = place.stub(module), place.notebook(module)
    replaced = dict.fromkeys([*sources, record] if notebook in sources else sources)
    if existing := [target for target in replaced if target.exists()]:
        keep(place, existing, f"restore_{module.number}")
    for target, source in sources.items():
        write(target, read(source))
    if notebook in sources and record not in sources:
        record.unlink(missing_ok=True)  # it is another notebook's
    return chosen, [target for target in sources if target != record]


def _files_in(folder: Path, place: Place, module: Module) -> dict[Path, Path]:
    """A module's files -> their copies in a backup."""
    own = {path: path for path in (place.notebook(module), place.exported(module), place.stub(module))}
    former = {place.package / module.former_file: place.exported(module)} if module.former_file else {}
    copies = {path: folder / path.relative_to(place.root) for path in former | own}
    return {(former | own)[path]: copy for path, copy in copies.items() if copy.exists()}
