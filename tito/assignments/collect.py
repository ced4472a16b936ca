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
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from nbformat import reads, writes

from tito.assignments.classroom import Classroom
from tito.assignments.handed_in import MOST, HandedIn, read_submission
from tito.assignments.rebuild import Report, rebuild, share
from tito.course import Module
from tito.errors import TitoError
from tito.files import read, write

SUFFIXES = (".ipynb", ".py")
FILES = 2_000  # in an archive
TOTAL = 1_000_000_000  # bytes that an archive may unpack to
STAMP = "timestamp.txt"  # as NBGrader has it


@dataclass(frozen=True)
class Collected:
    """What became of one student's work."""

    student: str
    status: str  # "collected", "unchanged", "failed" or "no submission"
    why: str = ""
    report: Report | None = None


def collect(classroom: Classroom, module: Module, incoming: Path) -> Iterator[Collected]:
    """Take in the work of a class.

    Args:
        incoming: a folder with a folder for each student, or a zip archive of that shape. A student's folder may hold anything;
            the notebook is known by the definitions in it.

    Yields:
        One result for each student, in alphabetical order. One student's bad file never stops the others.

    Raises:
        TitoError: there is no such folder or archive, it has another shape, or the assignment was not generated.
    """
    path = classroom.release(module)
    if not path.exists():
        raise TitoError(f"{module.stem} was not generated yet: `tito nbgrader generate {module.number}` first")
    released = reads(read(path), 4)
    with _unpacked(incoming) as folder:
        students = sorted(
            child for child in folder.iterdir() if child.is_dir() and not child.name.startswith((".", "__"))
        )
        if not students:
            raise TitoError(f"{incoming} has no folders: there must be one for each student, with the notebook in it")
        names = [student_name(child) for child in students]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise TitoError(f"{', '.join(twice)} is there twice, written differently: rename one of the folders")
        for student, child in zip(names, students, strict=True):
            yield _take(classroom, module, released, student, child)


def student_name(folder: Path) -> str:
    """The name of a student's folder; a letter with an accent can be written in two ways, which look the same."""
    return unicodedata.normalize("NFC", folder.name).strip()


def _take(classroom: Classroom, module: Module, released, student: str, folder: Path) -> Collected:
    try:
        return _taken(classroom, module, released, student, folder)
    except TitoError as error:
        why = str(error)
    except Exception as error:  # such as code that is nested too deeply for Python: nobody else is to suffer from it
        why = f"it cannot be read ({type(error).__name__})"
    _failed(classroom, module, student, "failed", why, folder)
    return Collected(student, "failed", why)


def _taken(classroom: Classroom, module: Module, released, student: str, folder: Path) -> Collected:
    handed_in = _choose(module, released, folder)
    if handed_in is None:
        why = f"no file with {module.stem} in it"
        if classroom.record("collected", module, student) is None:
            _failed(classroom, module, student, "no submission", why, folder)
        return Collected(student, "no submission", why)
    at = _timestamp(folder, handed_in.path)
    digest = hashlib.sha256(handed_in.path.read_bytes()).hexdigest()
    before = classroom.record("collected", module, student)
    if before is not None and before["status"] == "collected" and before["sha256"] == digest:
        return Collected(student, "unchanged", report=Report(**before["report"]))
    nb, report = rebuild(handed_in, released)
    kept = _keep(classroom, module, student, handed_in.path)
    target = classroom.submitted(module, student)
    write(target / f"{module.stem}.ipynb", writes(nb) + "\n")
    write(target / STAMP, at + "\n")
    found = {"status": "collected", "original": kept.relative_to(classroom.root).as_posix(), "sha256": digest, "at": at}
    classroom.note("collected", found | {"report": report.as_json()}, module, student)
    return Collected(student, "collected", report=report)


def _failed(classroom: Classroom, module: Module, student: str, status: str, why: str, folder: Path) -> None:
    before = classroom.record("collected", module, student)
    if before is not None and before["status"] == "collected":
        why += "; what was collected before stays"
        classroom.note("collected", before | {"later": why}, module, student)
        return
    for path in _candidates(folder):
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
        chosen = max(fitting, key=lambda found: (found.path.stat().st_mtime, found.path.suffix == ".ipynb"))
        others = [path.name for path in candidates if path != chosen.path]
        if others:
            chosen.remarks.append(f"{chosen.path.name} was taken; beside it lay {', '.join(others)}")
        return chosen
    meant = [error for path, error in unread if module.slug in path.name or len(candidates) == 1]
    if meant:
        raise meant[0]
    return None


def _timestamp(folder: Path, path: Path) -> str:
    """When it was handed in: what NBGrader's `timestamp.txt` says, else when the file was changed last."""
    stamp = next(iter(sorted(folder.rglob(STAMP))), None)
    if stamp is not None and not stamp.is_symlink() and stamp.stat().st_size < 100:
        from dateutil import parser

        try:
            return str(parser.parse(stamp.read_text(encoding="utf-8").strip()))
        except (ValueError, OverflowError, UnicodeDecodeError):
            pass
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


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
def _unpacked(incoming: Path) -> Iterator[Path]:
    """The folder that has the students' folders in it; of an archive a copy that is thrown away."""
    if incoming.is_dir():
        yield incoming
        return
    if not incoming.exists():
        raise TitoError(f"{incoming} is not there: name the folder, or the zip archive, with what students handed in")
    try:
        archive = zipfile.ZipFile(incoming)
    except (zipfile.BadZipFile, OSError):
        raise TitoError(f"{incoming} is neither a folder nor a zip archive") from None
    with archive, tempfile.TemporaryDirectory(prefix="tito_") as folder:
        _extract(archive, Path(folder))
        yield _inner(Path(folder))


def _extract(archive: zipfile.ZipFile, folder: Path) -> None:
    """Only what may be a submission, of a size that one may have, and nowhere but below `folder`."""
    wanted = [info for info in archive.infolist() if not info.is_dir() and _is_wanted(info.filename)]
    if len(wanted) > FILES:
        raise TitoError(
            f"{archive.filename} has {len(wanted)} notebooks, and more than {FILES} are not taken: split it"
        )
    left = TOTAL
    for info in wanted:
        parts = [part for part in PurePosixPath(info.filename.replace("\\", "/")).parts if part != "/"]
        if (
            ".." in parts
            or any(re.search(r'[:*?"<>|\x00-\x1f]', part) for part in parts)
            or (info.external_attr >> 28) == 0xA
        ):
            continue  # climbs out of its folder, has no valid name, or is a link
        target = folder.joinpath(*parts)
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


def _is_wanted(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.suffix.lower() in SUFFIXES or path.name == STAMP


def _inner(folder: Path) -> Path:
    """Archives are often made of one folder that has all the others in it."""
    children = [child for child in folder.iterdir() if not child.name.startswith((".", "__"))]
    if len(children) == 1 and children[0].is_dir() and not any(path.is_file() for path in children[0].iterdir()):
        return children[0]
    return folder
