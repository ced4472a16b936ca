"""Downloading data sets: from the first mirror that has a file, continued where it was cut off, and checked before it is used.

It needs requests: pip install -e ".[data]" in the course's folder installs it.
"""

import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from .data_files import (
    ABANDONED_S,
    DataError,
    RemoteFile,
    check,
    data_set,
    find,
    folder_of,
    full_disk,
    home,
    is_unpacked,
    matches,
    megabytes,
    replace,
    unpack,
    writing,
)

TIMEOUT_S = 30.0  # without a byte from the server
ATTEMPTS = 5  # at one mirror, as long as each brings new bytes
BLOCK_BYTES = 1 << 14  # read at once: if the connection is cut off, so much is lost at most


def download(name: str, root: str | os.PathLike | None = None, timeout: float = TIMEOUT_S) -> Path:
    """Download what is missing of a data set, check it, and unpack it.

    A download that was cut off goes on where it stopped. Two processes may do this at the same time.

    Args:
        root: the folder to put it in, `cache_folder()` if None.
        timeout: seconds without a byte, after which the next mirror is asked.

    Returns:
        The folder of the files.

    Raises:
        DataError: no mirror has the right file, the folder can't be written, or the disk is full.
    """
    chosen = data_set(name)
    folder = home(chosen, root)
    with writing(folder):
        for file in chosen.files:
            if is_unpacked(chosen, file, root):
                continue
            archive = find(chosen, file.name, root)
            if archive is None or not matches(archive, file):
                folder.mkdir(parents=True, exist_ok=True)
                _refuse_small_disk(folder, file)
                archive = fetch(file, folder, timeout)
            if file.members:
                folder.mkdir(parents=True, exist_ok=True)
                unpack(archive, file, folder)
    return folder_of(chosen, root)


def fetch(file: RemoteFile, folder: Path, timeout: float = TIMEOUT_S) -> Path:
    """Download one file into a folder, from the first mirror that has it. It appears there whole and checked, or not at all.

    The bytes arrive in a file of this process. If they stop coming, it is left as `NAME.part`, and the next call takes it over. All
    mirrors have the same bytes, so the rest may come from another one; if a continued file fails its check, it starts over.

    Raises:
        DataError: no mirror has the right file.
        OSError: the folder can't be written.
    """
    if find_spec("requests") is None:
        raise DataError(
            'requests is not installed: run pip install -e ".[data]" in the course\'s folder, and try again'
        )
    failures = []
    with _part_of(folder / file.name) as part, _Progress(file) as progress:
        for url in file.urls:
            for _ in range(ATTEMPTS):
                before = part.stat().st_size
                try:
                    if before < file.size:
                        _transfer(url, part, file, timeout, progress)
                    check(part, file)
                    replace(part, folder / file.name)
                    return folder / file.name
                except _MirrorError as error:
                    failure, keep = str(error), error.keep
                except DataError as error:  # all of it is there, and it is wrong
                    failure, keep = str(error).partition(": ")[0].replace(part.name, "the file"), False
                if not keep:
                    part.write_bytes(b"")
                after = part.stat().st_size
                if after <= before and (keep or not before):
                    break  # nothing new, and nothing to start over
            failures.append(f"{url}: {failure}")
    raise DataError(
        f"{file.name} wasn't downloaded ({'; '.join(failures)}): check your connection and run the command again,"
        f" or download {file.urls[0]} with your browser and put it into {folder}"
    )


class _MirrorError(Exception):
    """Why a mirror did not give the file, or not all of it; and whether to keep what is there of it."""

    def __init__(self, reason: str, keep: bool = True):
        super().__init__(reason)
        self.keep = keep


def _transfer(url: str, part: Path, file: RemoteFile, timeout: float, progress: "_Progress") -> None:
    """Append to a part what it lacks, or write it anew if the server does not send parts of files."""
    have = part.stat().st_size
    with _answer(url, have, timeout) as response:
        received = have if response.status_code == 206 else 0
        length = response.headers.get("Content-Length", "")
        if length.isdigit() and received + int(length) != file.size:
            raise _MirrorError(f"its file has {received + int(length):,} bytes instead of {file.size:,}", keep=False)
        with part.open("ab" if received else "wb") as sink:
            for chunk in _arriving(response, timeout):
                if received == 0 and chunk.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html")):
                    raise _MirrorError("it sent a web page instead of the file")
                received += len(chunk)
                if received > file.size:
                    raise _MirrorError(f"its file has more than {file.size:,} bytes", keep=False)
                sink.write(chunk)
                progress.show(received, url)
    if received < file.size:
        raise _MirrorError(f"cut off after {received:,} of {file.size:,} bytes")


@contextlib.contextmanager
def _answer(url: str, have: int, timeout: float) -> Iterator:
    """A server's answer to the request for a file, from byte `have` on, with its headers checked."""
    import requests

    # "identity": a server must not pack or unpack anything on the way, or the bytes are not those of the hash
    headers = {"User-Agent": "tinytorch", "Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        response = requests.get(url, headers=headers, stream=True, timeout=timeout)
    except requests.Timeout:
        raise _MirrorError(f"no answer within {timeout:g} s") from None
    except requests.exceptions.SSLError:
        raise _MirrorError("its certificate is not valid") from None
    except requests.RequestException:
        raise _MirrorError("no connection") from None
    with response:
        if response.status_code == 416:
            raise _MirrorError("it can't continue this file", keep=False)
        if response.status_code not in (200, 206):
            raise _MirrorError(f"HTTP status {response.status_code}")
        if "html" in response.headers.get("Content-Type", ""):
            raise _MirrorError("it sent a web page instead of the file")
        yield response


def _arriving(response: object, timeout: float) -> Iterator[bytes]:
    """The bytes of an answer as they are, also if the server says that they are packed."""
    from urllib3.exceptions import HTTPError, ReadTimeoutError

    try:
        yield from response.raw.stream(BLOCK_BYTES, decode_content=False)
    except ReadTimeoutError:
        raise _MirrorError(f"no byte for {timeout:g} s") from None
    except (HTTPError, ConnectionError, TimeoutError):
        raise _MirrorError("the connection was cut off") from None


@contextlib.contextmanager
def _part_of(target: Path) -> Iterator[Path]:
    """A file of this process's own to download to. It starts with what an earlier download left, and is left for a later one."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    os.close(handle)
    own, left = Path(name), target.with_name(f"{target.name}.part")
    own.chmod(0o644)  # mkstemp makes private files
    for old in [left, *target.parent.glob(f".{target.name}.*.part")]:
        # two processes may try this: a file can be renamed once
        with contextlib.suppress(OSError):
            if old == left or (old != own and time.time() - old.stat().st_mtime > ABANDONED_S):
                old.replace(own)
    try:
        yield own
    except OSError:  # the disk is full: what is left would keep it so
        own.unlink(missing_ok=True)
        raise
    finally:
        with contextlib.suppress(OSError):
            if own.exists() and own.stat().st_size:
                own.replace(left)
            own.unlink(missing_ok=True)


class _Progress:
    """One line on standard error: in a terminal it counts up, elsewhere it says once what is downloaded, and from where."""

    def __init__(self, file: RemoteFile):
        self.file, self.moment, self.url, self.width = file, 0.0, "", 0
        self.live = sys.stderr is not None and sys.stderr.isatty()

    def __enter__(self) -> "_Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self.width:
            print(file=sys.stderr)

    def show(self, received: int, url: str) -> None:
        total, now = self.file.size, time.monotonic()
        if not self.live:
            if url != self.url and sys.stderr is not None:
                print(f"Downloading {url} ({megabytes(total)})", file=sys.stderr)
            self.url = url
        elif now - self.moment > 0.1 or received == total:
            self.moment = now
            done = 20 * received // total
            line = f"{self.file.name} [{'#' * done}{'.' * (20 - done)}] {received / 1e6:.1f} of {megabytes(total)}"
            line = line[: shutil.get_terminal_size().columns - 1]
            print(f"\r{line:{self.width}}", end="", file=sys.stderr, flush=True)
            self.width = len(line)


def _refuse_small_disk(folder: Path, file: RemoteFile) -> None:
    needed = file.size + (file.unpacked if file.members else 0)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise full_disk(folder, f" ({file.name} needs {megabytes(needed)}, {megabytes(free)} are free)")
