"""The files of data sets: downloaded from a site on loopback, checked, unpacked, found; and `tito data`."""

import errno
import gzip
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.tito.site import Site, remote, serve
from tito.cli import app
from tito.course import ROOT
from tito.errors import TitoError
from tito.templates import data_download, data_files
from tito.templates.data_download import download, fetch
from tito.templates.data_files import DataError, DataSet, RemoteFile, is_ready, read, unpack, verify

CONTENT = bytes(range(256)) * 1200  # 307,200 bytes
pytest.importorskip("requests", reason="downloads: only where requests is installed (pip install -e '.[data]')")


@pytest.fixture
def site():
    with serve() as site:
        yield site


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache folder of the test's own, and no proxy between it and loopback."""
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("TINYTORCH_DATA", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "downloads").mkdir()
    return tmp_path / "downloads"


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def refusal(function, *arguments, **options) -> str:
    """The one sentence of a refusal."""
    with pytest.raises(DataError) as caught:
        function(*arguments, **options)
    text = str(caught.value)
    assert "\n" not in text and not text.endswith(".") and ": " in text, text
    return text


# Downloading


def test_a_whole_file(site, folder):
    file = remote(CONTENT, site.url("data.bin", CONTENT))
    assert fetch(file, folder) == folder / "data.bin"
    assert (folder / "data.bin").read_bytes() == CONTENT
    assert names(folder) == ["data.bin"] and site.sent("data.bin") == [len(CONTENT)]


def test_what_was_cut_off_goes_on_where_it_stopped(site, folder):
    file = remote(CONTENT, site.url("data.bin", CONTENT, "cut", "whole"))
    fetch(file, folder)
    assert (folder / "data.bin").read_bytes() == CONTENT and names(folder) == ["data.bin"]
    (_, first, half), (_, second, rest) = site.requests
    assert first is None and half == len(CONTENT) // 2
    start = int(re.fullmatch(r"bytes=(\d+)-", second)[1])
    assert half - data_download.BLOCK_BYTES < start <= half and rest == len(CONTENT) - start


def test_the_rest_may_come_from_the_next_mirror(site, folder):
    urls = site.url("first", CONTENT, "cut", "missing"), site.url("second", CONTENT)
    fetch(remote(CONTENT, *urls), folder)
    assert (folder / "data.bin").read_bytes() == CONTENT
    assert site.sent("second")[0] < len(CONTENT)


def test_a_later_call_goes_on_as_well(site, folder):
    file = remote(CONTENT, site.url("data.bin", CONTENT, "cut", "missing", "whole"))
    text = refusal(fetch, file, folder)
    assert "HTTP status 404" in text and file.urls[0] in text and str(folder) in text
    assert names(folder) == ["data.bin.part"] and CONTENT.startswith((folder / "data.bin.part").read_bytes())
    fetch(file, folder)
    assert names(folder) == ["data.bin"] and site.sent("data.bin")[-1] < len(CONTENT) * 0.6


def test_a_server_that_does_not_send_parts_starts_over(site, folder):
    fetch(remote(CONTENT, site.url("data.bin", CONTENT, "cut", "no range")), folder)
    assert (folder / "data.bin").read_bytes() == CONTENT
    assert site.sent("data.bin") == [len(CONTENT) // 2, len(CONTENT)]


@pytest.mark.parametrize("left", [b"something else", CONTENT[:-1] + b"?", CONTENT + b"more", b"x" * len(CONTENT)])
def test_what_does_not_belong_to_the_file_is_thrown_away(left, site, folder):
    (folder / "data.bin.part").write_bytes(left)
    fetch(remote(CONTENT, site.url("data.bin", CONTENT)), folder)
    assert (folder / "data.bin").read_bytes() == CONTENT and names(folder) == ["data.bin"]
    assert site.sent("data.bin")[-1] == len(CONTENT)


def test_a_part_that_is_complete_is_only_checked(site, folder):
    (folder / "data.bin.part").write_bytes(CONTENT)
    fetch(remote(CONTENT, site.url("data.bin", CONTENT)), folder)
    assert names(folder) == ["data.bin"] and site.requests == []


def test_another_part_than_the_one_asked_for_is_not_appended(site, folder):
    (folder / "data.bin.part").write_bytes(CONTENT[:1000])
    fetch(remote(CONTENT, site.url("data.bin", CONTENT, "another part", "whole")), folder)
    assert (folder / "data.bin").read_bytes() == CONTENT


def test_a_part_of_a_killed_process_is_taken_over_and_one_of_a_running_process_is_not(site, folder):
    killed, running = folder / ".data.bin.abc.part", folder / ".data.bin.def.part"
    killed.write_bytes(CONTENT[:200_000])
    running.write_bytes(CONTENT[:100])
    long_ago = time.time() - data_files.ABANDONED_S - 60
    os.utime(killed, (long_ago, long_ago))
    fetch(remote(CONTENT, site.url("data.bin", CONTENT)), folder)
    assert site.sent("data.bin") == [len(CONTENT) - 200_000]
    assert names(folder) == [".data.bin.def.part", "data.bin"]


def closed_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/data.bin"


BAD = {
    "missing": "HTTP status 404",
    "page": "it sent a web page instead of the file",
    "page without a type": "it sent a web page instead of the file",
    "hangs": "no answer within 0.3 s",
    "half, then hangs": "no byte for 0.3 s",
}


@pytest.mark.parametrize("manner", BAD)
def test_after_a_bad_mirror_the_next_one_is_asked(manner, site, folder):
    urls = site.url("bad", CONTENT, manner), site.url("good", CONTENT)
    fetch(remote(CONTENT, *urls), folder, timeout=0.3)
    assert (folder / "data.bin").read_bytes() == CONTENT and names(folder) == ["data.bin"]


@pytest.mark.parametrize("manner", BAD)
def test_if_all_are_bad_one_sentence_says_why_and_how_to_do_it_by_hand(manner, site, folder):
    url = site.url("bad", CONTENT, manner)
    text = refusal(fetch, remote(CONTENT, url), folder, timeout=0.3)
    assert BAD[manner] in text and "data.bin wasn't downloaded" in text
    assert text.endswith(f"or download {url} with your browser and put it into {folder}")
    assert not (folder / "data.bin").exists()
    assert names(folder) == (["data.bin.part"] if manner == "half, then hangs" else [])


def test_without_a_network(site, folder):
    url = closed_port()
    text = refusal(fetch, remote(CONTENT, url), folder)
    assert f"{url}: no connection" in text and str(folder) in text and names(folder) == []
    fetch(remote(CONTENT, url, site.url("good", CONTENT)), folder)
    assert names(folder) == ["data.bin"]


WRONG = {
    "hash": (CONTENT[:-1] + b"?", "whole", "failed its checksum (SHA-256 "),
    "shorter": (CONTENT[:-1], "whole", "its file has 307,199 bytes instead of 307,200"),
    "longer": (CONTENT + b"more", "whole", "its file has 307,204 bytes instead of 307,200"),
    "longer, without a length": (CONTENT + b"more", "without a length", "its file has more than 307,200 bytes"),
    "shorter, without a length": (CONTENT[:-9], "without a length", "cut off after 307,191 of 307,200 bytes"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_file_never_arrives(wrong, site, folder):
    content, manner, reason = WRONG[wrong]
    url = site.url("bad", content, manner)
    assert reason in refusal(fetch, remote(CONTENT, url), folder)
    assert "data.bin" not in names(folder)
    fetch(remote(CONTENT, url, site.url("good", CONTENT)), folder)
    assert (folder / "data.bin").read_bytes() == CONTENT and names(folder) == ["data.bin"]


def test_a_packed_file_stays_packed(site, folder):
    """Some servers say of a .gz that they packed it on the way. It must be stored as it is."""
    packed = gzip.compress(CONTENT, mtime=0)
    fetch(remote(packed, site.url("data.gz", packed, "packed"), name="data.gz"), folder)
    assert (folder / "data.gz").read_bytes() == packed


def test_a_server_that_packs_on_the_way_must_not(site, folder):
    fetch(remote(CONTENT, site.url("data.bin", CONTENT, "packs on the way")), folder)
    assert (folder / "data.bin").read_bytes() == CONTENT


class FullDisk:
    """A file on a disk with room for 50,000 bytes."""

    def __init__(self, file):
        self.file = file

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def write(self, data):
        self.file.write(data)
        if self.file.tell() > 50_000:
            raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk(site, cache, monkeypatch):
    catalogue(monkeypatch, remote(CONTENT, site.url("data.bin", CONTENT)))
    really_open = Path.open

    def open_on_full_disk(path, mode="r", *arguments, **options):
        file = really_open(path, mode, *arguments, **options)
        return FullDisk(file) if mode in ("ab", "wb") else file

    monkeypatch.setattr(Path, "open", open_on_full_disk)
    text = refusal(download, "Tiny")
    assert text.startswith(f"there is no room left in {cache / 'Tiny'}: free some space") and "TINYTORCH_DATA" in text
    monkeypatch.undo()
    assert names(cache) == []


def test_a_disk_that_is_too_small_is_refused_before_the_download(site, cache, monkeypatch):
    catalogue(monkeypatch, packed_file(site))
    monkeypatch.setattr(data_download.shutil, "disk_usage", lambda _: os.terminal_size((0, 0)) and Usage(300_000))
    text = refusal(download, "Tiny")
    assert re.search(r"\(data.gz needs 0.3 MB, 0.3 MB are free\): free some space", text)
    assert site.requests == [] and names(cache) == []


class Usage:
    def __init__(self, free: int):
        self.free = free


PROGRAM = """
import sys
from pathlib import Path
from tito.templates.data_download import fetch
from tito.templates.data_files import RemoteFile
name, size, digest, url, folder = sys.argv[1:]
fetch(RemoteFile(name, int(size), digest, (url,)), Path(folder))
"""


def test_two_processes_at_once_both_succeed_and_leave_one_file(site, folder):
    file = remote(CONTENT, site.url("data.bin", CONTENT, "both at once"))  # the second half waits for the other process
    arguments = [file.name, str(file.size), file.sha256, file.urls[0], str(folder)]
    both = [
        subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], cwd=ROOT, stderr=subprocess.PIPE) for _ in "ab"
    ]
    errors = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], errors
    assert (folder / "data.bin").read_bytes() == CONTENT and names(folder) == ["data.bin"]


# Data sets


def catalogue(monkeypatch, *files: RemoteFile) -> DataSet:
    """A catalogue with one data set, Tiny."""
    tiny = DataSet(
        "Tiny", "a few numbers", "Tiny/raw" if files[0].members else "Tiny", files, "https://example.org", "MIT"
    )
    monkeypatch.setattr(data_files, "CATALOGUE", (tiny,))
    return tiny


def packed_file(site: Site, content: bytes = CONTENT, *manners: str, limit: int = len(CONTENT)) -> RemoteFile:
    packed = gzip.compress(content, mtime=0)
    return remote(packed, site.url("data.gz", packed, *manners), name="data.gz", members=("data",), unpacked=limit)


MEMBERS = ("tiny/one", "tiny/two")


def archive(*entries: tuple[str, bytes] | tarfile.TarInfo) -> bytes:
    """A .tar.gz of files, in CIFAR-10's layout: a folder with the members, and a readme."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        folder = tarfile.TarInfo("tiny/")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for entry in (("tiny/readme.html", b"<html>"), *entries):
            if isinstance(entry, tarfile.TarInfo):
                tar.addfile(entry)
            else:
                name, content = entry
                header = tarfile.TarInfo(name)
                header.size = len(content)
                tar.addfile(header, io.BytesIO(content))
    return packed.getvalue()


GOOD = (("tiny/one", b"1" * 5000), ("tiny/two", b"2" * 7000))


def tar_file(content: bytes, *urls: str, limit: int = 100_000) -> RemoteFile:
    return remote(content, *urls, name="tiny.tar.gz", members=MEMBERS, unpacked=limit)


@pytest.mark.parametrize("kind", ["plain", "gz", "tar"])
def test_a_data_set_is_downloaded_unpacked_verified_and_not_downloaded_again(kind, site, cache, monkeypatch):
    packed = archive(*GOOD)
    file = {
        "plain": lambda: remote(CONTENT, site.url("data.bin", CONTENT)),
        "gz": lambda: packed_file(site),
        "tar": lambda: tar_file(packed, site.url("tiny.tar.gz", packed)),
    }[kind]()
    tiny = catalogue(monkeypatch, file)
    assert not is_ready(tiny) and not all(right for *_, right in verify(tiny))
    where = download("tiny")
    assert is_ready(tiny) and where.is_relative_to(cache)
    expected = dict(GOOD) if kind == "tar" else {file.contents[0]: CONTENT}
    assert {member: read(tiny, member) for member in expected} == expected
    assert all(right for *_, right in verify(tiny)) and len(verify(tiny)) == 1 + len(file.members)
    download("Tiny")
    assert len(site.requests) == 1
    assert names(cache) == sorted(f"{tiny.folder}/{name}" for name in {file.name, *expected})


@pytest.mark.parametrize("layout", ["Tiny/raw", "Tiny", "tiny", "."])
@pytest.mark.parametrize("packed", [True, False])
def test_files_are_found_wherever_people_keep_them(layout, packed, site, tmp_path, monkeypatch):
    file = packed_file(site)
    tiny = catalogue(monkeypatch, file)
    place = tmp_path / "mine" / layout
    place.mkdir(parents=True)
    (place / (file.name if packed else "data")).write_bytes(gzip.compress(CONTENT, mtime=0) if packed else CONTENT)
    before = names(tmp_path / "mine")
    assert is_ready(tiny, tmp_path / "mine") and read(tiny, "data", tmp_path / "mine") == CONTENT
    assert names(tmp_path / "mine") == before and site.requests == []
    assert all(right for *_, right in verify(tiny, tmp_path / "mine"))


def test_an_extracted_folder_is_taken_as_it_is(site, tmp_path, monkeypatch):
    packed = archive(*GOOD)
    tiny = catalogue(monkeypatch, tar_file(packed, site.url("tiny.tar.gz", packed)))
    for member in MEMBERS:
        (tmp_path / member).parent.mkdir(exist_ok=True)
        (tmp_path / member).write_bytes(b"mine")
    for root in (tmp_path, tmp_path / "tiny"):
        assert is_ready(tiny, root) and download("Tiny", root) == tmp_path / "tiny"
        assert read(tiny, "tiny/one", root) == b"mine"
        assert [told for _, told, _ in verify(tiny, root)] == ["there, but without its archive it can't be checked"] * 2
    assert site.requests == [] and names(tmp_path) == sorted(MEMBERS)


def test_what_was_put_there_by_hand_is_unpacked(site, cache, monkeypatch):
    packed = archive(*GOOD)
    tiny = catalogue(monkeypatch, tar_file(packed, site.url("tiny.tar.gz", packed)))
    cache.mkdir()
    (cache / "tiny.tar.gz").write_bytes(packed)
    assert read(tiny, "tiny/two") == GOOD[1][1] and site.requests == []
    assert names(cache) == ["tiny.tar.gz", "tiny/one", "tiny/two"]


def test_a_wrong_archive_is_refused_before_it_is_unpacked_and_replaced_by_a_download(site, cache, monkeypatch):
    good = archive(*GOOD)
    tiny = catalogue(monkeypatch, tar_file(good, site.url("tiny.tar.gz", good)))
    cache.mkdir()
    for wrong, reason in ((good[:-1] + b"?", "failed its checksum"), (good[:-1], "bytes instead of")):
        (cache / "tiny.tar.gz").write_bytes(wrong)
        assert reason in refusal(read, tiny, "tiny/one") and names(cache) == ["tiny.tar.gz"]
        assert [right for *_, right in verify(tiny)] == [False]
    download("Tiny")
    assert read(tiny, "tiny/one") == GOOD[0][1] and all(right for *_, right in verify(tiny))


@pytest.mark.parametrize("kind", ["plain", "gz"])
def test_a_wrong_file_that_is_read_as_it_is_is_refused_as_well(kind, site, cache, monkeypatch):
    other = CONTENT[:-1] + b"?"
    file = packed_file(site) if kind == "gz" else remote(CONTENT, name="data.bin")
    tiny = catalogue(monkeypatch, file)
    (cache / "Tiny").mkdir(parents=True)
    (cache / "Tiny" / file.name).write_bytes(gzip.compress(other, mtime=0) if kind == "gz" else other)
    assert re.search("failed its checksum|bytes instead of", refusal(read, tiny, file.contents[0]))


def test_verify_tells_a_changed_file(site, monkeypatch):
    tiny = catalogue(monkeypatch, packed_file(site))
    path = download("Tiny") / "data"
    path.write_bytes(CONTENT[:-1] + b"?")
    [archived, changed] = verify(tiny)
    assert archived[2] and not changed[2] and changed[1].startswith("differs from its archive")


def test_what_is_missing_is_said_with_the_next_step(cache, site, monkeypatch):
    tiny = catalogue(monkeypatch, packed_file(site))
    text = refusal(read, tiny, "data")
    assert text == f"Tiny is not in {cache / 'Tiny' / 'raw'}: pass download=True or run `tito data download Tiny`"


def link(name: str, target: str, kind: bytes) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, target
    return entry


def sparse(name: str) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type = tarfile.GNUTYPE_SPARSE
    return entry


STRANGE = {
    "climbs out": ("../outside", b"x"),
    "climbs out of its folder": ("tiny/../../outside", b"x"),
    "climbs with a backslash": ("..\\outside", b"x"),
    "absolute": ("/outside", b"x"),
    "another folder": ("other/one", b"x"),
    "a folder in the folder": ("tiny/more/one", b"x"),
    "symlink": link("tiny/one", "../outside", tarfile.SYMTYPE),
    "hard link": link("tiny/one", "../outside", tarfile.LNKTYPE),
    "symlinked folder": link("tiny", "..", tarfile.SYMTYPE),
    "device": link("tiny/one", "", tarfile.CHRTYPE),
    "sparse": sparse("tiny/one"),
}


@pytest.mark.parametrize("entry", STRANGE.values(), ids=STRANGE)
@pytest.mark.parametrize("first", [True, False])
def test_an_archive_with_anything_strange_is_refused_whole(entry, first, tmp_path):
    """Its hash is right here, as if the catalogue itself were wrong: unpacking must be safe all the same."""
    content = archive(entry, *GOOD) if first else archive(*GOOD, entry)
    (tmp_path / "in" / "here").mkdir(parents=True)
    path = tmp_path / "in" / "here" / "tiny.tar.gz"
    path.write_bytes(content)
    assert "does not belong there" in refusal(unpack, path, tar_file(content), path.parent)
    assert names(tmp_path) == ["in/here/tiny.tar.gz"]
    assert [p.name for p in path.parent.iterdir()] == ["tiny.tar.gz"]


def test_an_archive_without_a_member_is_refused(folder):
    content = archive(GOOD[0])
    (folder / "tiny.tar.gz").write_bytes(content)
    assert "lacks tiny/two" in refusal(unpack, folder / "tiny.tar.gz", tar_file(content), folder)
    assert names(folder) == ["tiny.tar.gz"]


@pytest.mark.parametrize("kind", ["gz", "tar"])
def test_a_bomb_is_refused_at_its_limit(kind, site, folder):
    zeros = bytes(2_000_000)
    if kind == "gz":
        content, file = gzip.compress(zeros), packed_file(site, zeros, limit=100_000)
        file = remote(content, name="data.gz", members=("data",), unpacked=100_000)
    else:
        content = archive(("tiny/one", zeros), GOOD[1])
        file = tar_file(content)
    assert len(content) < 20_000
    (folder / file.name).write_bytes(content)
    assert "unpacks to more than it should" in refusal(unpack, folder / file.name, file, folder)
    assert names(folder) == [file.name]


@pytest.mark.parametrize("kind", ["gz", "tar"])
@pytest.mark.parametrize("damage", ["cut", "no gzip", "changed"])
def test_a_broken_archive_is_refused(kind, damage, folder):
    good = gzip.compress(CONTENT) if kind == "gz" else archive(*GOOD)
    middle = len(good) // 2
    content = {"cut": good[:middle], "no gzip": b"no gzip at all", "changed": good[:-8] + bytes(4) + good[-4:]}[damage]
    file = remote(content, name="data.gz", members=("data",), unpacked=400_000) if kind == "gz" else tar_file(content)
    (folder / file.name).write_bytes(content)
    assert "is broken" in refusal(unpack, folder / file.name, file, folder)
    assert names(folder) == [file.name]


def test_what_a_killed_process_was_unpacking_is_removed(folder):
    content = archive(*GOOD)
    (folder / "tiny.tar.gz").write_bytes(content)
    old, new = folder / ".tiny.tar.gz.old.tmp", folder / ".tiny.tar.gz.new.tmp"
    for path in (old, new):
        path.mkdir()
    long_ago = time.time() - data_files.ABANDONED_S - 60
    os.utime(old, (long_ago, long_ago))
    unpack(folder / "tiny.tar.gz", tar_file(content), folder)
    assert not old.exists() and new.exists() and names(folder) == ["tiny.tar.gz", *MEMBERS]


# A folder that can't be written


def test_a_cache_that_is_no_folder(site, tmp_path, monkeypatch):
    catalogue(monkeypatch, packed_file(site))
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("TINYTORCH_DATA", str(tmp_path / "file" / "cache"))
    text = refusal(download, "Tiny")
    assert text.startswith(f"{tmp_path / 'file' / 'cache' / 'Tiny' / 'raw'} can't be written (")
    assert "set TINYTORCH_DATA to a folder of your own" in text and site.requests == []


def no_writing(monkeypatch) -> None:
    """As on a read-only disk. (Permissions wouldn't stop root.)"""

    def refuse(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    for owner, name in ((Path, "mkdir"), (data_files.tempfile, "mkdtemp"), (data_download.tempfile, "mkstemp")):
        monkeypatch.setattr(owner, name, refuse)


def test_a_read_only_cache(site, cache, monkeypatch):
    packed = archive(*GOOD)
    tiny = catalogue(monkeypatch, tar_file(packed, site.url("tiny.tar.gz", packed)))
    cache.mkdir()
    (cache / "tiny.tar.gz").write_bytes(packed)
    no_writing(monkeypatch)
    assert "can't be written (Read-only file system)" in refusal(read, tiny, "tiny/one")
    assert "can't be written (Read-only file system)" in refusal(download, "Tiny")
    assert names(cache) == ["tiny.tar.gz"]


def test_a_read_only_cache_that_has_the_files_can_be_used(site, cache, monkeypatch):
    tiny = catalogue(monkeypatch, packed_file(site))
    (cache / "Tiny" / "raw").mkdir(parents=True)
    (cache / "Tiny" / "raw" / "data.gz").write_bytes(gzip.compress(CONTENT, mtime=0))
    no_writing(monkeypatch)
    assert read(tiny, "data") == CONTENT
    monkeypatch.undo()
    (cache / "Tiny" / "raw" / "data").write_bytes(CONTENT)
    monkeypatch.setenv("TINYTORCH_DATA", str(cache))
    catalogue(monkeypatch, *tiny.files)
    no_writing(monkeypatch)
    assert download("Tiny") == cache / "Tiny" / "raw"


def test_the_cache_folder(monkeypatch, tmp_path):
    assert data_files.cache_folder() == tmp_path / "cache"
    monkeypatch.setenv("TINYTORCH_DATA", "~/data")
    assert data_files.cache_folder() == Path.home() / "data"
    monkeypatch.delenv("TINYTORCH_DATA")
    assert "tinytorch" in str(data_files.cache_folder()) and data_files.cache_folder().is_absolute()


def test_without_requests(site, monkeypatch, cache):
    catalogue(monkeypatch, packed_file(site))
    monkeypatch.setattr(data_download, "find_spec", lambda name: None)
    assert 'requests is not installed: run pip install -e ".[data]"' in refusal(download, "Tiny")
    assert names(cache) == []


def test_the_catalogue():
    for chosen in data_files.CATALOGUE:
        for file in chosen.files:
            assert re.fullmatch(r"[0-9a-f]{64}", file.sha256) and len(file.urls) >= 2
            assert all(url.startswith(("https://", "http://fashion-mnist.s3-website")) for url in file.urls)
            assert file.urls[0].startswith("https://")
            assert bool(file.members) == file.name.endswith(".gz") == bool(file.unpacked)
    assert [known.name for known in data_files.CATALOGUE] == ["MNIST", "FashionMNIST", "CIFAR10", "TinyShakespeare"]


def test_the_catalogue_and_the_import_cost_nothing():
    program = "import sys, tito.templates.data_download; print(*{'numpy', 'requests', 'urllib3', 'platformdirs'} & {*sys.modules})"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    assert run.stdout.strip() == ""


# What is shown meanwhile


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_in_a_terminal_one_line_counts_up(site, folder, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("COLUMNS", "60")
    fetch(remote(CONTENT, site.url("data.bin", CONTENT)), folder)
    shown = sys.stderr.getvalue()
    assert shown.endswith("data.bin [####################] 0.3 of 0.3 MB\n") and shown.count("\n") == 1
    assert "\x1b" not in shown and all(len(line) < 60 for line in shown.split("\r"))


def test_elsewhere_one_line_says_what_is_downloaded(site, folder, capsys):
    url = site.url("data.bin", CONTENT)
    fetch(remote(CONTENT, url), folder)
    assert capsys.readouterr().err == f"Downloading {url} (0.3 MB)\n"


# tito data


def run(*arguments: str):
    return CliRunner().invoke(app, ["data", *arguments])


def test_list(site, cache, monkeypatch):
    assert [line.split()[0] for line in run("list").stdout.splitlines()[1:]] == [
        *(known.name for known in data_files.CATALOGUE), "Digits",
    ]  # fmt: skip
    catalogue(monkeypatch, packed_file(site))
    assert "not yet" in run("list").stdout
    [row] = json.loads(run("list", "--json").stdout)
    assert row["name"] == "Tiny" and row["ready"] is False and row["folder"] == str(cache / "Tiny" / "raw")
    download("Tiny")
    assert "ready" in run("list").stdout and json.loads(run("list", "--json").stdout)[0]["ready"] is True


def test_download_verify_and_path(site, cache, monkeypatch):
    catalogue(monkeypatch, packed_file(site))
    assert run("verify", "Tiny").exit_code == 1 and "missing" in run("verify", "Tiny").stdout
    before = run("path", "tiny")
    assert before.exit_code == 1 and before.stdout == f"{cache / 'Tiny' / 'raw'}\n"
    assert str(before.exception) == "Tiny isn't there yet: run `tito data download Tiny`"
    result = run("download", "tiny")
    assert result.exit_code == 0 and str(cache / "Tiny" / "raw") in result.stdout
    assert run("path", "Tiny").exit_code == 0 and run("path", "Tiny").stdout == before.stdout
    assert run("verify", "Tiny").exit_code == 0
    (cache / "Tiny" / "raw" / "data").write_bytes(b"")
    assert run("verify", "Tiny").exit_code == 1 and "WRONG" in run("verify", "Tiny").stdout


@pytest.mark.parametrize("command", ["download", "verify", "path"])
@pytest.mark.parametrize(("name", "reason"), [("MNISD", "choose from MNIST, "), ("digits", "comes with scikit-learn")])
def test_a_name_that_is_not_there(command, name, reason):
    result = run(command, name)
    assert result.exit_code == 1 and isinstance(result.exception, TitoError) and reason in str(result.exception)


INTERRUPTED = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have started the tests with Ctrl-C ignored
from tito.cli import main
from tito.templates import data_files
from tito.templates.data_files import DataSet, RemoteFile
name, size, digest, url = sys.argv[1:]
file = RemoteFile(name, int(size), digest, (url,))
data_files.CATALOGUE = (DataSet("Tiny", "", "Tiny", (file,), "", ""),)
sys.argv = ["tito", "data", "download", "Tiny"]
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX: SIGINT to a child")
def test_after_ctrl_c_it_goes_on(site, cache):
    file = remote(CONTENT, site.url("data.bin", CONTENT, "half, then hangs", "whole"))
    command = [sys.executable, "-c", INTERRUPTED, file.name, str(file.size), file.sha256, file.urls[0]]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")
    assert site.half_sent.wait(60)
    while not any(path.stat().st_size for path in cache.rglob(".data.bin.*.part")):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert error.splitlines()[-1] == "Stopped. `tito data download Tiny` continues from here."
    assert names(cache) == ["Tiny/data.bin.part"]
    again = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert again.returncode == 0, again.stderr
    assert names(cache) == ["Tiny/data.bin"] and site.sent("data.bin")[-1] < len(CONTENT)
