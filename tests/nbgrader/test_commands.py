"""One command at a time: every module becomes an assignment, bad input is refused, nothing that was handed in is lost."""

import csv
import json
import os
import re
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
    assert (row["score"], row["relu"], row["sigmoid"]) == (str(23 - 2), "0", "4")
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
    assert "ada: failed, homework.py is not a notebook" in said
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


@pytest.mark.parametrize(
    ("name", "better"),
    [("*", "_"), ("a[b]*", "a_b__"), ("x\x1b]0;title\x07y", "x__0;title_y"), ('<img src="x">', "_img src=_x__")],
)
def test_a_name_that_is_a_pattern_or_a_command_is_refused_with_another_one(folder, tmp_path, name, better):
    """In an archive, where any machine can have it. Nobody else is stopped, and no other student's work is touched."""
    archive = tmp_path / "incoming.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("ada/x.py", solved_text())
        packed.writestr(f"{name}/x.py", solved_text(relu="return x"))
    said = done(tito("nbgrader", "collect", "02", archive, cwd=folder))
    assert f'Rename it to "{better}"' in said and "1 collected" in said and "1 failed" in said
    assert "\x1b" not in said and "\x07" not in said
    assert [path.name for path in (folder / "submitted").iterdir()] == ["ada"]


def test_ordinary_names_are_taken(folder, tmp_path):
    names = ["O'Brien, Zoe (2)", "li & co", "林小明", "a.b@c-d_e+f;g=1"]
    hand_in(tmp_path / "incoming", {name: ({"x.py": solved_text()},) for name in names})
    assert "4 collected" in done(tito("nbgrader", "collect", "02", tmp_path / "incoming", cwd=folder))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_a_name_of_an_earlier_version_that_is_a_pattern_touches_nobody_else(folder, tmp_path):
    hand_in(tmp_path / "incoming", {"ada": ({"x.py": solved_text()},), "bob": ({"x.py": solved_text()},)})
    done(tito("nbgrader", "collect", "02", tmp_path / "incoming", cwd=folder))
    (folder / "submitted" / "bob").rename(folder / "submitted" / "[ab]*")
    records = folder / ".tito" / "collected" / MODULE.stem
    (records / "bob.json").rename(records / "[ab]*.json")
    said = done(tito("nbgrader", "autograde", "02", *UNSAFE, cwd=folder))
    assert "NBGrader takes the name [ab]* for a pattern. Rename" in said
    found = grades(folder)
    assert {name: row["score"] for name, row in found.items()} == {"ada": "23", "[ab]*": ""}
    assert "2 pages" in done(tito("nbgrader", "feedback", "02", "--to", tmp_path / "out", cwd=folder))
    page = (tmp_path / "out" / "[ab]*" / f"{MODULE.stem}.html").read_text(encoding="utf-8")
    assert "for a pattern" in page and str(folder) not in page and "default-src" in page


def test_one_student_who_takes_too_long_stops_nobody(folder, tmp_path, monkeypatch):
    import multiprocessing

    from tito.assignments import collect as module
    from tito.assignments.classroom import Classroom

    if multiprocessing.get_start_method() != "fork":
        pytest.skip("the other process must have this one's changes")
    really = module.read_submission

    def endless(path):
        while path.parent.name == "bob":
            pass
        return really(path)

    monkeypatch.setattr(module, "read_submission", endless)
    hand_in(tmp_path / "incoming", {name: ({"x.py": solved_text()},) for name in ("ada", "bob", "eve")})
    found = list(module.collect(Classroom(folder), MODULE, tmp_path / "incoming", seconds=20.0))
    assert [result.status for result in found] == ["collected", "failed", "collected"]
    assert "took longer than 20 s" in found[1].why
    assert (folder / "originals" / "bob" / MODULE.stem / "x.py").exists(), "nothing is lost"


def test_each_cell_is_parsed_once_however_many_there_are(folder, tmp_path, monkeypatch):
    from tito.assignments import rebuild
    from tito.assignments.handed_in import read_submission

    released = nbformat.read(folder / "release" / MODULE.stem / f"{MODULE.stem}.ipynb", 4)
    parsed, really = [], rebuild.names_read
    monkeypatch.setattr(rebuild, "names_read", lambda source: parsed.append(source) or really(source))
    path = tmp_path / "x.ipynb"
    lines = [f"x{number} = {number}" for number in range(300)]
    cells = [{"cell_type": "code", "source": source} for source in [*lines, "def relu(x):\n    return x * x7"]]
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    nb, report = rebuild.rebuild(read_submission(path), released)
    assert report.added == 300 and len(parsed) == len([cell for cell in nb.cells if cell.cell_type == "code"])
    sources = [cell.source for cell in nb.cells]
    own = [source for source in sources if source in lines]
    assert [source for source in own if source != "x7 = 7"] == [source for source in lines if source != "x7 = 7"]
    assert sources.index("x7 = 7") < sources.index(cells[-1]["source"]), "above what needs it"


STAMPS = {
    "top": ({"x.py": solved_text(), "timestamp.txt": "2030-01-03 12:00:00 +0000"},),
    "deep": ({"x.py": solved_text()},),
    "listed": ({"x.py": solved_text(), "timestamp.txt": "2029-12-01 00:00:00 UTC"},),
    "bad": ({"x.py": solved_text(), "timestamp.txt": "yesterday, honestly"},),
}


def test_only_what_students_cannot_write_says_when_it_was_handed_in(folder, tmp_path):
    settings = folder / "nbgrader_config.py"
    text = settings.read_text(encoding="utf-8").replace("percent_per_day = 0.0", "percent_per_day = 10.0")
    settings.write_text(text, encoding="utf-8")
    done(tito("nbgrader", "release", "02", "--to", tmp_path / "r.zip", "--due", "2030-01-01T12:00", cwd=folder))
    hand_in(tmp_path / "incoming", STAMPS)
    below = tmp_path / "incoming" / "deep" / "sub"
    below.mkdir()
    (below / "timestamp.txt").write_text("2029-12-01 00:00:00 UTC", encoding="utf-8")
    for path in (tmp_path / "incoming").rglob("*.py"):
        os.utime(path, (0, 0))  # a file's date says nothing
    times = tmp_path / "times.csv"
    times.write_text("id;handed_in\nlisted;2030-01-01 12:30:00 UTC\n", encoding="utf-8")
    said = done(tito("nbgrader", "collect", "02", tmp_path / "incoming", "--times", times, cwd=folder))
    assert "top: collected, 8 filled; handed in at 2030-01-03 12:00 UTC, by timestamp.txt" in said
    assert "listed: collected, 8 filled; handed in at 2030-01-01 12:30 UTC, by the list of times" in said
    assert "deep: collected, 8 filled\n" in said and "For 1 the time it was handed in is unknown" in said
    assert "bad: failed, timestamp.txt must be one line" in said
    table = done(tito("nbgrader", "autograde", "02", *UNSAFE, cwd=folder))
    assert "handed in         days late  penalty  before" in table
    lines = {line.split()[0]: " ".join(line.split()) for line in table.split("\n") if line}
    assert lines["top"] == "top graded 18.4 of 27 2030-01-03 12:00 2 4.6 23"
    assert lines["listed"] == "listed graded 20.7 of 27 2030-01-01 12:30 1 2.3 23"
    assert lines["deep"] == "deep graded 23 of 27 not known 0 23"
    assert "by the list of times" in done(tito("nbgrader", "report", "02", cwd=folder))
    row = grades(folder)["top"]
    names = ("handed_in", "handed_in_by", "days_late", "penalty", "score_before", "score", "above_maximum")
    assert [row[name] for name in names] == ["2030-01-03 12:00:00 UTC", "timestamp.txt", "2", "4.6", "23", "18.4", ""]
    # the list corrects what was collected, and the same work is graded again
    times.write_text("id,handed_in\ntop,2029-12-31T23:00\n", encoding="utf-8")
    assert "top: unchanged" in done(
        tito("nbgrader", "collect", "02", tmp_path / "incoming", "--times", times, cwd=folder)
    )
    done(tito("nbgrader", "autograde", "02", *UNSAFE, cwd=folder))
    assert (grades(folder)["top"]["days_late"], grades(folder)["top"]["score"]) == ("0", "23")
    if sys.platform != "win32":
        assert_fits(folder, ["autograde", "02", *UNSAFE], ["report", "02"], ["status"])


def assert_fits(folder: Path, *commands: list[str]) -> None:
    """In a terminal of 80 columns no line is wider."""
    import pexpect

    from tito.console import width

    for command in commands:
        environment = os.environ | {"COLUMNS": "80", "TERM": "xterm"}
        program = pexpect.spawn(
            sys.executable, ["-m", "tito", "nbgrader", *command], cwd=folder, env=environment, encoding="utf-8",
            dimensions=(40, 80), timeout=120,
        )  # fmt: skip
        program.expect(pexpect.EOF)
        shown = re.sub(r"\x1b\[\d+m", "", program.before).replace("\r\n", "\n")
        lines = [line.split("\r")[-1] for line in shown.split("\n")]
        assert any("graded" in line for line in lines) and max(map(width, lines)) <= 80, shown


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,handed_in\nada,2030-01-01\n", "must have the columns id and handed_in"),
        ("id,handed_in\nada,soon\n", 'times.csv:2: "soon" is not a time'),
        ("id,handed_in\nada,2030-01-01 10:00 XYZ\n", "is not a time"),
        ("id,handed_in\nada,2030-01-01\nada,2030-01-02\n", "times.csv:3: ada is there twice"),
    ],
)
def test_a_list_of_times_that_cannot_be_read_is_refused_before_anything_is_collected(folder, tmp_path, text, said):
    hand_in(tmp_path / "incoming", {"ada": ({"x.py": solved_text()},)})
    (tmp_path / "times.csv").write_text(text, encoding="utf-8")
    run = tito("nbgrader", "collect", "02", tmp_path / "incoming", "--times", tmp_path / "times.csv", cwd=folder)
    refused(run, said)
    assert not list((folder / "submitted").iterdir())


def test_validate_says_what_becomes_of_a_file(folder, tmp_path):
    file = tmp_path / "homework.py"
    not_done = 'raise NotImplementedError("softmax: replace this line")'
    file.write_text(solved_text(relu="return x", softmax=not_done), encoding="utf-8")
    run = tito("nbgrader", "validate", file, *UNSAFE, cwd=folder)
    assert run.returncode == 1 and "02_activations, 8 filled" in run.stdout
    lines = dict(line.split(maxsplit=1) for line in run.stdout.split("\n") if " " in line)
    assert lines["sigmoid"].strip() == "solved" and lines["relu"].startswith("wrong  ")
    assert "AssertionError" in lines["relu"] and lines["softmax"].startswith("not done yet")
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
