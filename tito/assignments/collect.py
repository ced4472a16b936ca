"""From what students handed in to NBGrader's `submitted/`: the originals are kept, and each is rebuilt on the released notebook."""

import hashlib
import os
import re
import shutil
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path, PurePosixPath

from nbformat import NotebookNode, reads, writes

from tito.assignments.classroom import Classroom
from tito.assignments.handed_in import MOST, HandedIn, read_submission
from tito.assignments.lateness import STAMP, HandedInAt, handed_in_at
from tito.assignments.pool import at_once
from tito.assignments.rebuild import Report, rebuild, share
from tito.course import Module
from tito.errors import TitoError
from tito.files import read, write

SUFFIXES = (".ipynb", ".py")
FILES = 2_000  # in an archive
TOTAL = 1_000_000_000  # bytes that an archive may unpack to
SECONDS = 60.0  # that reading one student's work may take
# a glob would match other students, a page or a terminal would obey it, or Windows cannot have it
NOT_IN_NAMES = re.compile(r'[*?\[\]<>:"|\\/]')


@dataclass(frozen=True)
class Collected:
    """What became of one student's work."""

    student: str
    status: str  # "collected", "unchanged", "failed" or "no submission"
    why: str = ""
    report: Report | None = None
    handed_in: HandedInAt | None = None


def collect(
    classroom: Classroom,
    module: Module,
    incoming: Path,
    times: dict[str, str] | None = None,
    seconds: float = SECONDS,
) -> Iterator[Collected]:
    """Take in the work of a class.

    Args:
        incoming: a folder with a folder for each student, or a zip archive of that shape. A student's folder may hold anything;
            the notebook is known by the definitions in it.
        times: student -> when it was handed in, as `read_times` has it.
        seconds: how long reading one student's work may take.

    Yields:
        One result for each student, in alphabetical order. One student's bad file never stops the others.

    Raises:
        TitoError: there is no such folder or archive, it has another shape, or the assignment was not generated.
    """
    path = classroom.release(module)
    if not path.exists():
        raise TitoError(f"{module.stem} was not generated yet: `tito nbgrader generate {module.number}` first")
    with _unpacked(incoming) as (folder, real_names):
        subfolders = sorted(
            child for child in folder.iterdir() if child.is_dir() and not child.name.startswith((".", "__"))
        )
        if not subfolders:
            raise TitoError(f"{incoming} has no folders: there must be one for each student, with the notebook in it")
        students = {child: student_name(real_names.get(child, child.name)) for child in subfolders}
        names = list(students.values())
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise TitoError(f"{', '.join(twice)} is there twice, written differently: rename one of the folders")
        folders = {name: child for child, name in students.items() if better_name(name) is None}
        take = partial(_take, classroom, module, read(path), folders, times or {})
        lost = partial(_lost, classroom, module, folders, seconds)
        with at_once(take, list(folders), 1, lost, seconds) as results:
            for name in names:
                yield next(results) if name in folders else _refused(name, names)


def student_name(name: str) -> str:
    """A student's name, from that of the folder; a letter with an accent can be written in two ways, which look the same."""
    return unicodedata.normalize("NFC", name).strip()


def better_name(name: str) -> str | None:
    """A name to use instead of one that is refused; None for one that can be used.

    >>> better_name("ada"), better_name("O'Brien, Zo\u00eb (2)"), better_name("a[b]*"), better_name("x\x1b]0;y\x07")
    (None, None, 'a_b__', 'x__0;y_')
    """
    better = "".join("_" if NOT_IN_NAMES.match(c) or unicodedata.category(c) in ("Cc", "Cf", "Cs") else c for c in name)
    return None if better == name else better


def _refused(name: str, names: list[str]) -> Collected:
    better, number = better_name(name), 2
    while better in names:
        better, number = f"{better_name(name)}-{number}", number + 1
    characters = " ".join(sorted({c for c in name if better_name(c)}))
    return Collected(
        name, "failed", f'the name of this folder has {characters} in it. Rename it to "{better}" and collect again'
    )


def _lost(classroom: Classroom, module: Module, folders: dict[str, Path], seconds: float, student: str) -> Collected:
    why = f"reading it took longer than {seconds:g} s, or more memory than there is, and was stopped"
    _failed(classroom, module, student, "failed", why, folders[student])
    return Collected(student, "failed", why)


def _take(
    classroom: Classroom, module: Module, released: str, folders: dict[str, Path], times: dict[str, str], student: str
) -> Collected:
    folder = folders[student]
    try:
        return _taken(classroom, module, reads(released, 4), student, folder, times)
    except TitoError as error:
        why = str(error)
    except Exception as error:  # such as code that is nested too deeply for Python: it must not stop the other students
        why = f"it cannot be read ({type(error).__name__})"
    _failed(classroom, module, student, "failed", why, folder)
    return Collected(student, "failed", why)


def _taken(
    classroom: Classroom, module: Module, released: NotebookNode, student: str, folder: Path, times: dict[str, str]
) -> Collected:
    handed_in = _choose(module, released, folder)
    if handed_in is None:
        why = f"no file with {module.stem} in it"
        if classroom.record("collected", module, student) is None:
            _failed(classroom, module, student, "no submission", why, folder)
        return Collected(student, "no submission", why)
    at = handed_in_at(folder, student, times)
    digest = hashlib.sha256(handed_in.path.read_bytes()).hexdigest()
    before = classroom.record("collected", module, student)
    if before is not None and before["status"] == "collected" and before["sha256"] == digest:
        if at is not None:
            _note_time(classroom, module, student, before, at)
        return Collected(student, "unchanged", report=Report(**before["report"]), handed_in=at)
    nb, report = rebuild(handed_in, released)
    kept = _keep(classroom, module, student, handed_in.path)
    write(classroom.submitted(module, student) / f"{module.stem}.ipynb", writes(nb) + "\n")
    record = {"status": "collected", "original": kept.relative_to(classroom.root).as_posix(), "sha256": digest}
    _note_time(classroom, module, student, record | {"report": report.as_json()}, at)
    return Collected(student, "collected", report=report, handed_in=at)


def _note_time(classroom: Classroom, module: Module, student: str, record: dict, at: HandedInAt | None) -> None:
    """Note a submission and when it was handed in: for NBGrader in a file, and in what `tito nbgrader` remembers."""
    stamp = classroom.submitted(module, student) / STAMP
    if at is None:
        stamp.unlink(missing_ok=True)
    else:
        write(stamp, f"{at.at}\n")
    known = {} if at is None else {"at": at.at, "by": at.by}
    classroom.note("collected", {**record, "at": None, "by": None, **known}, module, student)


def _failed(classroom: Classroom, module: Module, student: str, status: str, why: str, folder: Path) -> None:
    before = classroom.record("collected", module, student)
    if before is not None and before["status"] == "collected":
        why += "; what was collected before stays"
        classroom.note("collected", before | {"later": why}, module, student)
        return
    for path in _candidates(folder):
        with suppress(OSError):  # one that cannot be read must not stop the others
            if path.stat().st_size <= MOST:
                _keep(classroom, module, student, path)
    classroom.note("collected", {"status": status, "why": why}, module, student)


def _candidates(folder: Path) -> list[Path]:
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in SUFFIXES and path.is_file() and not path.is_symlink()
        if not any(part.startswith((".", "__")) for part in path.relative_to(folder).parts)
    ]


def _choose(module: Module, released, folder: Path) -> HandedIn | None:
    """The file that is this assignment: it has the definitions; of several the newest.

    Raises:
        TitoError: there is a file that may be it, and it cannot be read.
    """
    fitting, unread = [], []
    candidates = _candidates(folder)
    for path in candidates:
        try:
            handed_in = read_submission(path)
        except TitoError as error:
            unread.append((path, error))
            continue
        if share(handed_in, released) > 0:
            fitting.append(handed_in)
    if fitting:
        chosen = max(fitting, key=lambda file: (file.path.stat().st_mtime, file.path.suffix == ".ipynb"))
        others = [path.name for path in candidates if path != chosen.path]
        if others:
            chosen.remarks.append(f"{chosen.path.name} was taken; beside it lay {', '.join(others)}")
        return chosen
    meant = [error for path, error in unread if module.slug in path.name or len(candidates) == 1]
    if meant:
        raise meant[0]
    return None


def _keep(classroom: Classroom, module: Module, student: str, path: Path) -> Path:
    """Copy what was handed in to `originals/`; an earlier version with other content stays beside it."""
    folder = classroom.root / "originals" / student / module.stem
    folder.mkdir(parents=True, exist_ok=True)
    target, number = folder / path.name, 2
    while target.exists() and target.read_bytes() != path.read_bytes():
        target, number = folder / f"{path.stem}-{number}{path.suffix}", number + 1
    shutil.copy2(path, target)
    return target


@contextmanager
def _unpacked(incoming: Path) -> Iterator[tuple[Path, dict[Path, str]]]:
    """The folder that has the students' folders in it, and the names of those that had to be called otherwise.

    Of an archive it is a copy that is thrown away.
    """
    if incoming.is_dir():
        yield incoming, {}
        return
    if not incoming.exists():
        raise TitoError(f"{incoming} is not there: name the folder, or the zip archive, with what students handed in")
    try:
        archive = zipfile.ZipFile(incoming)
    except (zipfile.BadZipFile, OSError):
        raise TitoError(f"{incoming} is neither a folder nor a zip archive") from None
    with archive, tempfile.TemporaryDirectory(prefix="tito_") as folder:
        real_names = _extract(archive, Path(folder))
        yield _inner(Path(folder)), real_names


def _extract(archive: zipfile.ZipFile, folder: Path) -> dict[Path, str]:
    """Only what may be a submission, of a size that one may have, and nowhere but below `folder`."""
    wanted = [info for info in archive.infolist() if not info.is_dir() and _is_wanted(info.filename)]
    if len(wanted) > FILES:
        raise TitoError(
            f"{archive.filename} has {len(wanted)} notebooks, and more than {FILES} are not taken: split it"
        )
    left, real_names = TOTAL, {}
    for info in wanted:
        parts = [part for part in PurePosixPath(info.filename.replace("\\", "/")).parts if part != "/"]
        if ".." in parts or (info.external_attr >> 28) == 0xA:
            continue  # climbs out of its folder, or is a link
        target = folder
        for part in parts:  # a name that no folder of this machine may have comes back as it was, to be refused
            target = target / re.sub(r'[:*?"<>|\x00-\x1f]', lambda match: f"%{ord(match[0]):02x}", part)
            if target.name != part:
                real_names[target] = part
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(info) as packed:
            content = packed.read(MOST + 1)  # what is larger is refused when it is read
        left -= len(content)
        if left < 0:
            raise TitoError(
                f"{archive.filename} unpacks to more than {TOTAL // 1_000_000} MB: collect the folder, or split it"
            )
        target.write_bytes(content)
        when = datetime(*info.date_time).timestamp() if info.date_time >= (1980, 1, 1) else 0
        with suppress(OSError, OverflowError):
            os.utime(target, (when, when))
    return real_names


def _is_wanted(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.suffix.lower() in SUFFIXES or path.name == STAMP


def _inner(folder: Path) -> Path:
    """Archives are often made of one folder that has all the others in it."""
    children = [child for child in folder.iterdir() if not child.name.startswith((".", "__"))]
    if len(children) == 1 and children[0].is_dir() and not any(path.is_file() for path in children[0].iterdir()):
        return children[0]
    return folder
