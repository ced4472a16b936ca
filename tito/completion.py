"""Completing a module: its names are all there, its tests pass, it is exported, the next one is unlocked."""

import difflib

from tito import progress
from tito.course import Module
from tito.errors import TitoError
from tito.export import Exported, export
from tito.notebook import parse
from tito.place import COURSE, Place


def refuse_lost_names(place: Place, module: Module) -> None:
    """Exercises and tests are known by their names.

    Raises:
        TitoError: naming what the student's notebook lacks, and what it may have been renamed to.
    """
    wanted = parse(COURSE.notebook(module)).qualified_names
    there = parse(place.notebook(module)).qualified_names
    missing = {name for name in wanted if name not in there}
    lost = [name for name in wanted if name in missing and name.partition(".")[0] not in missing - {name}]
    if not lost:
        return
    added = [name for name in there if name not in wanted]
    parts = []
    for name in lost:
        close = difflib.get_close_matches(name, added, n=1, cutoff=0.5)
        parts.append(f"{name} (renamed to {close[0]}, line {there[close[0]]}?)" if close else name)
    raise TitoError(
        f"notebooks/{module.stem}.py lacks {', '.join(parts)}: names are how tests and grading find your code. Name it so again"
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
