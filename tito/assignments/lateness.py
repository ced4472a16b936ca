"""When work was handed in, who says so, and what being late costs. One place for the rule of days, and for whom to believe."""

import csv
import io
import math
import unicodedata
import warnings
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from tito.errors import TitoError
from tito.files import read

STAMP = "timestamp.txt"  # as NBGrader has it
MAX_STAMP_BYTES = 100
DAY_S = 86_400
EARLIER = "the file's date"  # what earlier versions of tito believed


@dataclass(frozen=True)
class HandedInAt:
    """When work was handed in."""

    at: str  # as in "2027-02-01 08:30:00 UTC"
    by: str  # who says so

    def __str__(self) -> str:
        return f"handed in at {shown(self.at)}, by {self.by}"


def handed_in_at(folder: Path, student: str, times: dict[str, str]) -> HandedInAt | None:
    """When a student's work was handed in, by what students cannot write: the list of times, or the top of their folder.

    A file's date, and a `timestamp.txt` further down, are the student's own, so they say nothing.

    Raises:
        TitoError: there is a `timestamp.txt`, and no time in it.
    """
    if student in times:
        return HandedInAt(times[student], "the list of times")
    path = folder / STAMP
    if not path.is_file() or path.is_symlink():
        return None
    try:
        if path.stat().st_size > MAX_STAMP_BYTES:
            raise ValueError
        return HandedInAt(utc(path.read_text(encoding="utf-8-sig")), STAMP)
    except ValueError:  # also where it is not UTF-8
        raise TitoError(f"{STAMP} must be one line such as 2027-02-01 08:30:00 UTC. Fix it or delete it") from None


def read_times(path: Path) -> dict[str, str]:
    """Student -> when their work was handed in, from a table of the LMS: CSV with the columns `id` and `handed_in`.

    Raises:
        TitoError: a column is missing, a time cannot be read, or a student is in it twice.
    """
    text = read(path)
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    rows = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    if not {"id", "handed_in"} <= set(rows.fieldnames or []):
        raise TitoError(f"{path} must have the columns id and handed_in: add them in its first line")
    times: dict[str, str] = {}
    for row in rows:
        student, time = unicodedata.normalize("NFC", row["id"] or "").strip(), (row["handed_in"] or "").strip()
        if not time:
            continue
        if student in times:
            raise TitoError(f"{path}:{rows.line_num}: {student} is there twice: keep the line that counts")
        try:
            times[student] = utc(time)
        except ValueError:
            raise TitoError(
                f'{path}:{rows.line_num}: "{time}" is not a time. Write it as 2027-02-01 08:30:00 UTC'
            ) from None
    return times


def utc(text: str) -> str:
    """A time in UTC; one without a time zone is in UTC already, as for NBGrader.

    >>> utc("2027-02-01 08:30:00 +0100"), utc("2027-02-01T08:30")
    ('2027-02-01 07:30:00 UTC', '2027-02-01 08:30:00 UTC')

    Raises:
        ValueError: it is not a time, or its time zone is not known.
    """
    from dateutil import parser

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", parser.UnknownTimezoneWarning)
            time = parser.parse(text.strip())
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
        return f"{time:%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError, TypeError, parser.UnknownTimezoneWarning):
        raise ValueError(f"not a time: {text}") from None


def shown(at: str) -> str:
    """A time without its seconds.

    >>> shown("2027-02-01 07:30:00 UTC")
    '2027-02-01 07:30 UTC'
    """
    return f"{at[:16]} UTC" if at else ""


def days_late(seconds: float) -> int:
    """Days after the due date that have begun.

    >>> days_late(-5), days_late(0), days_late(1), days_late(86_400), days_late(86_401)
    (0, 0, 1, 1, 2)
    """
    return max(0, math.ceil(seconds / DAY_S))
