"""Completing a module: its names are all there, its tests pass, it is exported, the next one is unlocked."""

import difflib

from tito import progress
from tito.course import Module
from tito.errors import TitoError
from tito.export import Exported, export
from tito.notebook import Notebook, parse
from tito.place import COURSE, Place
from tito.plain import needed


def refuse_lost_names(place: Place, module: Module, notebook: Notebook | None = None) -> None:
    """Exercises and tests are known by their names.

    Args:
        notebook: what is handed in, which may come from Jupyter: that has nothing that is only for show.

    Raises:
        TitoError: naming what the student's notebook lacks, and what it may have been renamed to.
    """
    ours = parse(COURSE.notebook(module))
    wanted = ours.qualified_names
    if notebook is None:
        notebook = parse(place.notebook(module))
    else:
        kept = {cell.name for cell in needed(ours)}
        wanted = [name for name in wanted if name.partition(".")[0] in kept]
    names = notebook.qualified_names
    missing = {name for name in wanted if name not in names}
    lost = [name for name in wanted if name in missing and name.partition(".")[0] not in missing - {name}]
    if not lost:
        return
    added = [name for name in names if name not in wanted]
    parts = []
    for name in lost:
        close = difflib.get_close_matches(name, added, n=1, cutoff=0.5)
        line = f", line {names[close[0]]}" if close and notebook.path.suffix == ".py" else ""
        parts.append(f"{name} (renamed to {close[0]}{line}?)" if close else name)
    path = notebook.path.relative_to(place.root) if notebook.path.is_relative_to(place.root) else notebook.path
    raise TitoError(
        f"{path.as_posix()} lacks {', '.join(parts)}: names are how tests and grading find your code. Name it so again"
        " (a definition alone in its cell), or bring an older version back with `tito module restore`"
    )


def refuse_locked(place: Place, module: Module) -> None:
    missing = progress.missing_before(place, module)
    if missing:
        names = ", ".join(other.stem for other in missing)
        raise TitoError(
            f"module {module.stem} is locked until {names} is complete: `tito start` opens what comes next (--force skips it)"
        )


def finish(place: Place, module: Module, tested: bool) -> list[Exported]:
    """Export a module and record it as complete. Every file is replaced whole; killed in between, `finish` can be run again."""
    written = export(place, [module])
    # Checkpoints: the capability tests that this module unlocks will run here, on the exported package.
    progress.record(place, module, tested)
    return written
