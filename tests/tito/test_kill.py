"""kill -9 in the middle of a command leaves every file old or new, whole; and running the command again finishes it.

The command runs in a child that kills itself right before its n-th change to the workspace, for every n until it gets through.
"""

import shutil
import sys
from pathlib import Path

import pytest

from tests import warm
from tests.tito.student import done, solve, tito
from tito import course, progress
from tito.place import Place
from tito.workspace import init

CHILD = """
import os, signal, sys
workspace, survive = sys.argv[1], int(sys.argv[2])
changes = 0

def watch(event, arguments):
    global changes
    if event == "open":
        changing = isinstance(arguments[0], str | os.PathLike) and not isinstance(arguments[1], type(None)) and "r" not in arguments[1]
    else:
        changing = event in ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "tempfile.mkstemp", "tempfile.mkdtemp")
    if changing and str(arguments[0]).startswith(workspace):
        if changes == survive:
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
        changes += 1

sys.argv[1:] = sys.argv[3:]
sys.addaudithook(watch)
from tito.cli import main
main()
"""

TENSOR = course.find("tensor")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    """Module 01 solved and exported once, and then changed in the notebook."""
    place = init(tmp_path_factory.mktemp("prepared") / "mine")[0]
    solve(place.notebook(TENSOR))
    for module in course.earlier(TENSOR):
        progress.record(place, module, tested=True)
    done(tito("export", "01", cwd=place.root))
    text = place.notebook(TENSOR).read_text(encoding="utf-8")
    place.notebook(TENSOR).write_text(text.replace("# tells NumPy", "# mine: tells NumPy"), encoding="utf-8")
    return place.root


def content(root: Path) -> dict[str, bytes]:
    """The student's files: everything but tito's own folder and what a killed write leaves beside its target."""
    files = (path for path in root.rglob("*") if path.is_file())
    kept = (
        path
        for path in files
        if ".tinytorch" not in path.parts and "__pycache__" not in path.parts and path.suffix != ".tmp"
    )
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in kept}


def run_killed(root: Path, survive: int, command: list[str]) -> int:
    child = [sys.executable, "-c", CHILD, str(root), str(survive), *command]
    return warm.run(child, cwd=root, capture_output=True, encoding="utf-8").returncode


@pytest.mark.parametrize(
    "command", [["export", "01"], ["module", "complete", "01", "--skip-test"], ["module", "reset", "01"]], ids=" ".join
)
def test_killed_at_any_moment(prepared, tmp_path, command):
    before = content(prepared)
    finished = shutil.copytree(prepared, tmp_path / "finished")
    assert run_killed(finished, 10_000, command) == 0
    after = content(finished)
    assert after != before
    for survive in range(200):
        root = shutil.copytree(prepared, tmp_path / f"killed{survive}")
        code = run_killed(root, survive, command)
        there = content(root)
        assert there.keys() == before.keys() | (after.keys() & there.keys())
        assert all(data in (before.get(name), after.get(name)) for name, data in there.items())
        nothing_is_lost(root, before)
        progress.completed(Place(root))
        if code == 0:
            assert survive > 5, "the child was not killed often enough for this to be a test"
            return
        assert run_killed(root, 10_000, command) == 0, "the command can be run again"
        assert content(root) == after
    raise AssertionError("the command never got through")


def nothing_is_lost(root: Path, before: dict[str, bytes]) -> None:
    """What the student wrote stands in its place or, whole, in a backup."""
    backups = root / ".tinytorch" / "backups"
    for name in ("notebooks/01_tensor.py", "tinytorch/tensor.py"):
        places = [root / name, *(folder / name for folder in backups.glob("[0-9]*_*"))]
        assert any(path.exists() and path.read_bytes() == before[name] for path in places), f"{name} is lost"
