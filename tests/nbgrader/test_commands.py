"""One command at a time: every module becomes an assignment, bad input is refused, nothing that was handed in is lost."""

import csv
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("nbgrader", reason="runs only where nbgrader is installed: make test-nbgrader")

import nbformat

from tests.nbgrader.students import MODULE, UNSAFE, hand_in, solved_text
from tests.tito.student import done, reference_bodies, tito
from tito import course
from tito.notebook import parse
from tito.place import COURSE
from tito.stub import replace_blocks, stub


def refused(run: subprocess.CompletedProcess, *parts: str) -> None:
    assert run.returncode == 1, run.stdout
    assert all(part in run.stderr for part in parts), run.stderr
    assert "Traceback" not in run.stderr and run.stderr.count("\n") == 1


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, Path]:
    """A class's folder as `init` makes it, and one with an assignment in it."""
    root = tmp_path_factory.mktemp("made")
    done(tito("nbgrader", "init", "empty", cwd=root))
    shutil.copytree(root / "empty", root / "generated")
    done(tito("nbgrader", "generate", "02", cwd=root / "generated"))
    return root / "empty", root / "generated"


@pytest.fixture
def empty(made, tmp_path) -> Path:
    return Path(shutil.copytree(made[0], tmp_path / "my-class"))


@pytest.fixture
def folder(made, tmp_path) -> Path:
    return Path(shutil.copytree(made[1], tmp_path / "my-class"))


def grades(folder: Path) -> dict[str, dict[str, str]]:
    done(tito("nbgrader", "export", cwd=folder))
    with (folder / "grades.csv").open(encoding="utf-8", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def solve_all(module: course.Module) -> str:
    notebook = parse(COURSE.notebook(module), stub(COURSE.notebook(module)))
    bodies = reference_bodies(module.stem)
    return replace_blocks(notebook, {block: bodies[block.owner] for block in notebook.solutions})


def test_every_module_becomes_an_assignment(folder):
    """Generating checks itself: the reference scores everything, an unsolved submission nothing."""
    said = done(tito("nbgrader", "generate", "--all", cwd=folder))
    for module in course.available():
        assert f"{module.stem}: " in said
        source, release = (folder / kind / module.stem / f"{module.stem}.ipynb" for kind in ("source", "release"))
        ids = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in nbformat.read(release, 4).cells]
        assert ids == [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in nbformat.read(source, 4).cells]
        text = release.read_text(encoding="utf-8")
        assert "BEGIN HIDDEN TESTS" not in text and text.count("replace this line with your code") > 2


def test_a_module_is_graded_with_the_reference_of_the_earlier_ones(folder, tmp_path):
    module = course.find("03")
    done(tito("nbgrader", "generate", "03", cwd=folder))
    cheat = solve_all(module).replace(
        "import numpy as np", "import numpy as np\n\n    from tinytorch.layers import linear", 1
    )
    hand_in(tmp_path / "incoming", {"ada": ({"03_layers.py": solve_all(module)},), "bob": ({"03_layers.py": cheat},)})
    assert "bob: collected" in done(tito("nbgrader", "collect", "03", tmp_path / "incoming", cwd=folder))
    done(tito("nbgrader", "autograde", "03", *UNSAFE, cwd=folder))
    found = grades(folder)
    assert float(found["ada"]["score"]) == float(found["ada"]["max_score"]) - 4, "all but the two answers"
    autograded = (folder / "autograded" / "bob" / module.stem / f"{module.stem}.ipynb").read_text(encoding="utf-8")
    assert "tinytorch.layers comes with module 03 (layers), which is not there yet" in autograded, (
        "the reference of the module itself is out of reach"
    )


def test_nbgraders_own_command_gives_the_same_grades(folder, tmp_path):
    hand_in(tmp_path / "incoming", {"ada": ({"x.py": solved_text(relu="return x")},)})
    done(tito("nbgrader", "collect", "02", tmp_path / "incoming", cwd=folder))
    command = [sys.executable, "-m", "nbgrader", "autograde", MODULE.stem, f"--RunTests.unsafe_ok={bool(UNSAFE)}"]
    run = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL)
    assert run.returncode == 0, run.stderr
    theirs = {path.name: path.read_text(encoding="utf-8") for path in (folder / "autograded").rglob("*.ipynb")}
    done(tito("nbgrader", "autograde", "02", *UNSAFE, cwd=folder))
    row = grades(folder)["ada"]
    assert (row["score"], row["relu"], row["sigmoid"]) == (str(23 - 2 - 3), "0", "4")
    assert theirs and "AssertionError" in theirs[f"{MODULE.stem}.ipynb"]


def test_what_was_handed_in_before_is_kept(folder, tmp_path):
    file = tmp_path / "incoming" / "ada" / "homework.py"
    for text in (solved_text(relu="return x"), solved_text()):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        done(tito("nbgrader", "collect", "02", tmp_path / "incoming", cwd=folder))
    kept = sorted(path.name for path in (folder / "originals" / "ada" / MODULE.stem).iterdir())
    assert kept == ["homework-2.py", "homework.py"]
    assert "ada: unchanged" in done(tito("nbgrader", "collect", "02", tmp_path / "incoming", cwd=folder))
    file.write_text("def relu(:\n", encoding="utf-8")  # broken, and too late: the earlier one still counts
    said = done(tito("nbgrader", "collect", "02", tmp_path / "incoming", cwd=folder))
    assert "ada: failed, homework.py is no notebook" in said
    done(tito("nbgrader", "autograde", "02", *UNSAFE, cwd=folder))
    assert grades(folder)["ada"]["score"] == "23"
    assert "what was collected before stays" in done(tito("nbgrader", "report", "02", cwd=folder))


def test_an_archive_is_collected_and_cannot_climb_out(folder, tmp_path):
    archive = tmp_path / "incoming.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("from the LMS/ada/deep/er/homework.py", solved_text())
        packed.writestr("from the LMS/__MACOSX/._homework.py", "x")
        packed.writestr("from the LMS/bob/../../../climbed.py", solved_text())
        packed.writestr("from the LMS/eve/notes.txt", "no notebook")
    said = done(tito("nbgrader", "collect", "02", archive, cwd=folder))
    assert "ada: collected, 8 filled" in said and "1 collected" in said
    assert not list(tmp_path.rglob("climbed.py")) and not (tmp_path.parent / "climbed.py").exists()


def test_what_is_too_large_is_refused_before_it_is_unpacked(folder, tmp_path):
    archive = tmp_path / "bomb.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for number in range(60):
            packed.writestr(f"s{number}/02_activations.py", bytes(20_000_000))
    assert archive.stat().st_size < 2_000_000
    refused(tito("nbgrader", "collect", "02", archive, cwd=folder), "unpacks to more than 1000 MB")
    large = tmp_path / "incoming" / "ada" / "02_activations.ipynb"
    large.parent.mkdir(parents=True)
    with large.open("wb") as file:
        file.truncate(200_000_000)
    assert "ada: failed, 02_activations.ipynb has 200 MB" in done(
        tito("nbgrader", "collect", "02", large.parents[1], cwd=folder)
    )
    assert not list((folder / "originals").rglob("*.ipynb"))


def test_a_cell_that_python_cannot_take_stops_nobody_else(folder, tmp_path):
    """Code nested too deeply for Python's parser, and half of a character, which no file can hold."""
    cells = {"bob": "x = " + "-" * 100_000 + "1", "eve": "x = '\\ud800'"}
    work = {name: ({"x.ipynb": spoiled(source)},) for name, source in cells.items()}
    hand_in(tmp_path / "incoming", {"ada": ({"x.py": solved_text()},), **work, "zoe": ({"x.py": solved_text()},)})
    said = done(tito("nbgrader", "collect", "02", tmp_path / "incoming", cwd=folder))
    assert "2 collected; 2 failed" in said and "bob: failed, it cannot be read (" in said
    done(tito("nbgrader", "autograde", "02", *UNSAFE, cwd=folder))
    found = grades(folder)
    assert [found[name]["status"] for name in ("ada", "bob", "eve", "zoe")] == ["graded", "failed", "failed", "graded"]
    assert len(list((folder / "originals").rglob("x.*"))) == 4


def spoiled(source: str) -> str:
    """A notebook with a cell of relu, and one that is given as it stands in the file."""
    cells = [{"cell_type": "code", "source": "def relu(x):\n    return x"}, {"cell_type": "code", "source": "SPOILED"}]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).replace("SPOILED", source)


def test_two_folders_for_one_student_are_refused(folder, tmp_path):
    names = ["Zoe\u0308", "Zo\u00eb"]  # one name, written in two ways
    hand_in(tmp_path / "incoming", {name: ({"x.py": solved_text()},) for name in names})
    if len(list((tmp_path / "incoming").iterdir())) == 2:  # macOS has one folder for both
        refused(tito("nbgrader", "collect", "02", tmp_path / "incoming", cwd=folder), "is there twice")
    assert not list((folder / "submitted").iterdir())


def test_validate_says_what_becomes_of_a_file(folder, tmp_path):
    file = tmp_path / "homework.py"
    file.write_text(solved_text(relu="return x"), encoding="utf-8")
    run = tito("nbgrader", "validate", file, *UNSAFE, cwd=folder)
    assert run.returncode == 1 and "02_activations, 8 filled" in run.stdout
    lines = dict(line.split(maxsplit=1) for line in run.stdout.split("\n") if line.startswith("test_"))
    assert lines["test_sigmoid"] == "passes" and "AssertionError" in lines["test_relu"]
    file.write_text(solved_text(), encoding="utf-8")
    assert tito("nbgrader", "validate", file, *UNSAFE, cwd=folder).returncode == 0


def test_bad_input_is_refused_in_one_sentence(empty, tmp_path):
    refused(tito("nbgrader", "generate", "02", cwd=tmp_path), "is not in a class's folder", "tito nbgrader init")
    refused(tito("nbgrader", "generate", cwd=empty), "--all")
    refused(tito("nbgrader", "generate", "77", cwd=empty), "there is no module")
    for command in (
        ["release", "02", "--to", "x.zip"],
        ["collect", "02", "."],
        ["autograde", "02", *UNSAFE],
        ["status"],
        ["export"],
    ):
        refused(tito("nbgrader", *command, cwd=empty), "tito nbgrader generate 02")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("do not touch", encoding="utf-8")
    refused(tito("nbgrader", "init", tmp_path / "full", cwd=tmp_path), "nothing was written")
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["thesis.txt"]


def test_a_bad_hand_in_is_refused_in_one_sentence(folder, tmp_path):
    refused(tito("nbgrader", "autograde", "02", *UNSAFE, cwd=folder), "nothing was collected")
    refused(tito("nbgrader", "feedback", "02", "--to", "out", cwd=folder), "nothing was graded")
    (tmp_path / "empty").mkdir()
    refused(tito("nbgrader", "collect", "02", tmp_path / "empty", cwd=folder), "one for each student")
    refused(tito("nbgrader", "collect", "02", tmp_path / "none", cwd=folder), "is not there")
    refused(tito("nbgrader", "collect", "02", folder / "nbgrader_config.py", cwd=folder), "neither a folder nor a zip")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def test_x():\n    pass\n", "has no points"),
        ("# points: 1\ndef test_relu():\n    pass\n", "a name of its own"),
        ("# points: 1\ndef test_x(a):\n    pass\n", "no arguments"),
        ("# points: 1\ndef test_x(:\n", "syntax error"),
        ("# points: 1\ndef test_x():\n    pass\n", "such a test grades nothing"),
        ("# points: 1\ndef test_x():\n    assert relu(np.ones(1)) == 2\n", "does not pass test_x"),
    ],
)
def test_a_private_test_that_is_not_sound_is_refused(empty, text, said):
    (empty / "private" / f"{MODULE.stem}.py").write_text(text, encoding="utf-8")
    refused(tito("nbgrader", "generate", "02", cwd=empty), said)
    assert not (empty / "source" / MODULE.stem).exists() and not (empty / "release" / MODULE.stem).exists()


def test_an_environment_that_is_not_activated_is_enough(tmp_path):
    """NBGrader calls `alembic`, which is on the PATH of an activated environment only."""
    command = [sys.executable, "-m", "tito", "nbgrader", "init", "my-class"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"PATH": os.defpath}
    run = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL
    )
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "my-class" / "gradebook.db").exists()
