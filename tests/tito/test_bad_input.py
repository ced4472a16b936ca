"""Bad input: a sentence with the next step, or it simply works; and no character of the student's is lost.

Here are the cases that have no better place. Others: syntax errors, duplicates and locked modules in test_module, parser
errors in test_notebook, dependencies and hand-edited files in test_export, damaged progress in test_module.
"""

import os
import shutil
import subprocess
import sys

import pytest

from tests.tito.student import solve, tito
from tito import course, progress
from tito.place import Place
from tito.workspace import init

SETUP, TENSOR = course.find("setup"), course.find("tensor")


@pytest.fixture
def place(tmp_path) -> Place:
    place = init(tmp_path / "mine")[0]
    solve(place.notebook(SETUP))
    return place


def is_a_sentence(run: subprocess.CompletedProcess) -> bool:
    return run.returncode == 1 and run.stderr.startswith("tito: ") and "Traceback" not in run.stdout + run.stderr


def test_a_moved_and_renamed_workspace_simply_works(place, tmp_path):
    tito("module", "complete", "00", cwd=place.root)
    moved = Place(tmp_path / "elsewhere" / "renamed")
    moved.root.parent.mkdir()
    shutil.move(place.root, moved.root)
    assert list(progress.completed(moved)) == ["00"]
    assert tito("module", "test", "00", cwd=moved.root).returncode == 0
    assert str(moved.package) in tito("system", "info", cwd=moved.root).stdout


def test_windows_line_ends_and_a_byte_order_mark_simply_work(place):
    path = place.notebook(SETUP)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    before = path.read_bytes()
    run = tito("module", "complete", "00", cwd=place.root)
    assert run.returncode == 0, run.stdout + run.stderr
    assert path.read_bytes() == before, "completing does not touch the notebook"
    assert b"\r" not in (place.package / "machine.py").read_bytes()


def test_a_reset_keeps_every_byte(place):
    path = place.notebook(SETUP)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n") + "# ü".encode("latin-1"))
    before = path.read_bytes()
    assert tito("module", "reset", "00", cwd=place.root).returncode == 0
    kept = list((place.state / "backups").glob("*_reset_00/notebooks/00_setup.py"))
    assert [copy.read_bytes() for copy in kept] == [before]


def test_a_notebook_that_is_not_utf8(place):
    path = place.notebook(SETUP)
    path.write_bytes(path.read_bytes() + "# ü\n".encode("latin-1"))
    run = tito("module", "test", "00", cwd=place.root)
    assert is_a_sentence(run) and "is not UTF-8" in run.stderr


def test_a_workspace_of_a_newer_course(place):
    settings = place.root / "pyproject.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace('course = "', 'course = "9'), encoding="utf-8")
    before = place.notebook(SETUP).read_bytes()
    for command in ("status", "complete", "reset"):
        run = tito("module", command, cwd=place.root)
        assert is_a_sentence(run) and "update the course (git pull in " in run.stderr
    assert place.notebook(SETUP).read_bytes() == before


def test_a_notebook_with_more_in_it_than_this_course_knows(place):
    path = place.notebook(SETUP)
    more = '@app.function\ndef from_the_future(x):\n    return x\n\n\nif __name__ == "__main__":'
    path.write_text(path.read_text(encoding="utf-8").replace('if __name__ == "__main__":', more), encoding="utf-8")
    assert tito("module", "complete", "00", cwd=place.root).returncode == 0
    assert "def from_the_future" in (place.package / "machine.py").read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: /proc is a folder that nobody can write to")
def test_a_folder_that_cannot_be_written():
    run = tito("init", "/proc/tinytorch", cwd="/")
    assert is_a_sentence(run) and "/proc/tinytorch" in run.stderr


FULL_DISK = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500))  # bytes a file may have: every larger write fails in the middle
from tito.cli import main
sys.argv[0] = "tito"
main()
"""


@pytest.mark.skipif(os.name == "nt", reason="only on POSIX: limits of a process")
@pytest.mark.parametrize("command", [["module", "reset", "00"], ["export", "00"], ["init", "."]], ids=" ".join)
def test_a_full_disk(place, command):
    tito("module", "complete", "00", "--skip-test", cwd=place.root)
    path = place.notebook(SETUP)
    path.write_text(
        path.read_text(encoding="utf-8").replace(
            "def matmul_flops(m: int, k: int, n: int)", "def matmul_flops(m: int, k: int, n: int,)"
        ),
        encoding="utf-8",
    )
    place.notebook(TENSOR).unlink()
    before = {file: file.read_bytes() for file in place.root.rglob("*.py")}
    run = subprocess.run(
        [sys.executable, "-c", FULL_DISK, *command],
        cwd=place.root,
        capture_output=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert is_a_sentence(run), run.stdout + run.stderr
    assert {file: file.read_bytes() for file in place.root.rglob("*.py")} == before
    assert not list(place.root.rglob("*.tmp")), "nothing half written is left behind"
    assert tito(*command, cwd=place.root).returncode == 0, "and once there is room, the same command works"
