"""Writing files so that a reader, or a kill -9, sees the old content or the new, never a half."""

import os
import tempfile
import time
from pathlib import Path

from tito.errors import TitoError


def read(path: Path) -> str:
    """The text of a UTF-8 file, with a leading byte order mark and Windows line ends removed."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise TitoError(f"{path} is not UTF-8 (byte {error.start}): save it as UTF-8 in your editor") from None


def write(path: Path, text: str) -> None:
    """Replace the content of `path` in one step; line ends are `\\n` everywhere, so that hashes agree everywhere."""
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(path)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(temporary).chmod(path.stat().st_mode if path.exists() else 0o644)  # mkstemp makes private files
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def remove_leftovers(path: Path, older_than: float = 60.0) -> None:
    """Delete what a killed `write` left beside `path`; younger files may belong to one that is still running."""
    for leftover in path.parent.glob(f".{path.name}.*.tmp"):
        if time.time() - leftover.stat().st_mtime > older_than:
            leftover.unlink(missing_ok=True)
