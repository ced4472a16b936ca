"""What a student has completed: a small file in the workspace, rebuilt from what is on disk when it is lost or damaged."""

import json
from datetime import datetime
from pathlib import Path

from tito import course
from tito.backup import keep
from tito.course import Module
from tito.files import write
from tito.place import Place

VERSION = 1


def completed(place: Place) -> dict[str, dict]:
    """Module number -> {"at": when, "tested": whether its tests were run and passed}."""
    content = _content(place)
    return _rebuilt(place) if content is None else content["completed"]


def begin(place: Place) -> None:
    """An empty record, for a new workspace: from now on only `complete` counts."""
    if not _file(place).exists():
        _write(place, completed=completed(place))


def record(place: Place, module: Module, tested: bool) -> None:
    entries = completed(place)
    entries[module.number] = {"at": _now(), "tested": tested}
    _write(place, completed=entries)


def forget(place: Place, module: Module) -> None:
    entries = completed(place)
    if entries.pop(module.number, None) is not None:
        _write(place, completed=entries)


def entry_of(place: Place, module: Module) -> dict | None:
    """What is recorded of a complete module."""
    return completed(place).get(module.number)


def put_back(place: Place, module: Module, entry: dict) -> None:
    """Record again what `entry_of` returned."""
    _write(place, completed=completed(place) | {module.number: entry})


def milestones(place: Place) -> dict[str, dict]:
    """ "01_1957_perceptron/01_rosenblatt_forward" -> {"at": when it last ran to its end}."""
    return (_content(place) or {}).get("milestones", {})


def record_milestone(place: Place, script: str) -> None:
    _write(place, completed=completed(place), milestones=milestones(place) | {script: {"at": _now()}})


def current(place: Place) -> Module | None:
    """The first module that is not complete; None when all are."""
    done = completed(place)
    return next((module for module in course.available() if module.number not in done), None)


def missing_before(place: Place, module: Module) -> list[Module]:
    """The earlier modules that are not complete: while there are any, `module` is locked."""
    done = completed(place)
    return [other for other in course.earlier(module) if other.number not in done]


def _rebuilt(place: Place) -> dict[str, dict]:
    """An exported module counts as complete, but not as tested: there is no record of that."""
    entries = {}
    for module in course.available():
        path = place.exported(module)
        if path.exists():
            when = datetime.fromtimestamp(path.stat().st_mtime).isoformat(timespec="seconds")
            entries[module.number] = {"at": when, "tested": False}
    return entries


def _file(place: Place) -> Path:
    return place.state / "progress.json"


def _content(place: Place) -> dict | None:
    """The file as it is; None when it is lost or damaged."""
    try:
        content = json.loads(_file(place).read_text(encoding="utf-8"))
        entries = [*content["completed"].values(), *content.get("milestones", {}).values()]
        sound = all(isinstance(entry["at"], str) and isinstance(entry.get("tested", True), bool) for entry in entries)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return content if sound else None


def _write(place: Place, **changed: dict[str, dict]) -> None:
    content = _content(place)
    if _file(place).exists() and content is None:
        keep(place, [_file(place)], "damaged_progress")
    content = (content or {}) | {name: dict(sorted(entries.items())) for name, entries in changed.items()}
    write(_file(place), json.dumps({"version": VERSION, **content}, indent=2) + "\n")


def _now() -> str:
    return datetime.now().isoformat(timespec="seconds")
