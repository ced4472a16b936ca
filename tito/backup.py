"""Nothing a student wrote is lost: whatever a command is about to replace is copied to `.tinytorch/backups/` first."""

import json
import shutil
import tempfile
from datetime import datetime
from pathlib import Path

from tito.course import Module
from tito.errors import TitoError
from tito.files import read, write
from tito.place import Place

PROGRESS = "progress.json"  # in a backup: what was recorded of the module, if it was complete
USED = ".restored"  # in a backup's folder: it has been restored, so `restore` goes on to the one before


def keep(place: Place, paths: list[Path], why: str, completed: dict | None = None) -> Path:
    """Copy files of a place into a new backup, `backups/TIME_why/`, at the same relative paths, and return its folder.

    Args:
        completed: what is recorded of the module, to be recorded again when the backup is restored.
    """
    backups = place.state / "backups"
    backups.mkdir(parents=True, exist_ok=True)
    target = backups / f"{datetime.now():%Y%m%d-%H%M%S-%f}_{why}"
    with tempfile.TemporaryDirectory(prefix=".", dir=backups) as folder:
        for path in paths:
            copy = Path(folder) / "new" / path.relative_to(place.root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copy)
        if completed is not None:
            write(Path(folder) / "new" / PROGRESS, json.dumps(completed))
        (Path(folder) / "new").replace(target)  # whole, or not there
    return target


def backups_of(place: Place, module: Module) -> list[Path]:
    """The backups that hold files of a module, the newest first."""
    folders = sorted((place.state / "backups").glob("[0-9]*_*"), reverse=True)
    return [folder for folder in folders if _files_in(folder, place, module)]


def restore(place: Place, module: Module, name: str | None = None) -> tuple[Path, list[Path]]:
    """Restore a module's backup called `name`; without a name, undo the last change that has not been undone yet.

    What it replaces becomes a backup itself, called `..._restore_NN`, which only its name restores: called again, `restore` goes
    on to the change before.

    Returns:
        The backup's folder, and the files that were written.
    """
    folders = backups_of(place, module)
    open_ones = [
        folder for folder in folders if not folder.name.endswith(f"_restore_{module.number}") and not _is_used(folder)
    ]
    chosen = next((folder for folder in folders if folder.name == name), None) if name else next(iter(open_ones), None)
    if chosen is None:
        raise TitoError(_nothing_to_restore(module, name, folders))
    sources = _files_in(chosen, place, module)
    record, notebook = place.stub(module), place.notebook(module)
    replaced = dict.fromkeys([*sources, record] if notebook in sources else sources)
    if existing := [target for target in replaced if target.exists()]:
        keep(place, existing, f"restore_{module.number}")
    for target, source in sources.items():
        write(target, read(source))
    if notebook in sources and record not in sources:
        record.unlink(missing_ok=True)  # it is another notebook's
    (chosen / USED).touch()
    return chosen, [target for target in sources if target != record]


def completed_in(backup: Path) -> dict | None:
    """What was recorded of the module when a backup was made; None if it was not complete."""
    path = backup / PROGRESS
    return json.loads(read(path)) if path.exists() else None


def _is_used(backup: Path) -> bool:
    return (backup / USED).exists()


def _nothing_to_restore(module: Module, name: str | None, folders: list[Path]) -> str:
    names = f"; --backup takes one of {', '.join(folder.name for folder in folders)}" if folders else ""
    what = f"there is no backup {name}" if name else "there is nothing to undo" if folders else "there is no backup"
    return f"{what} of module {module.stem}{names}" if name or not folders else f"{what} in module {module.stem}{names}"


def _files_in(folder: Path, place: Place, module: Module) -> dict[Path, Path]:
    """A module's files -> their copies in a backup."""
    own = {path: path for path in (place.notebook(module), place.exported(module), place.stub(module))}
    former = {place.package / module.former_file: place.exported(module)} if module.former_file else {}
    copies = {path: folder / path.relative_to(place.root) for path in former | own}
    return {(former | own)[path]: copy for path, copy in copies.items() if copy.exists()}
