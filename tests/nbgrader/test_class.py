"""The cycle of an assignment with a class that does everything wrong that classes do: every row of its table holds."""

import base64
import html
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("nbgrader", reason="runs only where nbgrader is installed: make test-nbgrader")

from tests.nbgrader.students import MODULE, UNSAFE, collected, grades, leaks, secrets, students, table, wrong_rows
from tests.tito.student import done, tito
from tito.assignments.results import HEAD

PRIVATE = '''\
import numpy as np

LARGE = 12345.5


# points: 2
def test_relu_of_a_large_number():
    """WHAT: a large number stays.
    WHY: it is positive.
    TIP: nothing is cut off.
    """
    assert relu(np.array([LARGE, -LARGE])).tolist() == [LARGE, 0.0]
'''


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A class's folder with the assignment generated, released and collected."""
    return collected(tmp_path_factory.mktemp("class"), students, PRIVATE)


def table_of(folder: Path) -> dict:
    return table(folder, students)


@pytest.fixture(scope="module")
def graded(folder):
    """The same class, graded once with two jobs, with feedback."""
    done(tito("nbgrader", "autograde", "02", *UNSAFE, "--jobs", "2", cwd=folder))
    done(tito("nbgrader", "feedback", "02", "--to", folder.parent / "out", "--jobs", "2", cwd=folder))
    return folder


def test_every_row_of_the_table(graded):
    assert wrong_rows(graded, table_of(graded)) == {}


def test_one_column_for_each_exercise(graded):
    row = grades(graded)["one-wrong"]
    exercises = {name: value for name, value in row.items() if name not in HEAD}
    assert exercises["sigmoid"] == "0" and exercises["relu"] == "2" and exercises["test_relu_of_a_large_number"] == "2"
    assert len(exercises) == 8 + 2 + 1
    unread = grades(graded)["perfect"]
    assert unread["question_softmax_memory"] == "", "an answer that nobody has read has no score"


def test_nothing_hidden_leaves_the_class(graded):
    hidden = secrets(graded)
    assert len(hidden) > 10 and any("LARGE" in line for line in hidden)
    with zipfile.ZipFile(graded.parent / "02_release.zip") as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    texts |= {str(path): path.read_text(encoding="utf-8") for path in (graded.parent / "out").rglob("*.html")}
    assert len(texts) == 2 + len(table_of(graded))
    assert leaks(texts, hidden) == {}
    for said in ('"objects"', "why_weaker"):
        assert said not in "".join(texts.values()), "what the reference answers to hidden tests"


def test_what_students_code_says_is_not_in_their_feedback(graded):
    """A hidden test is not where the code under test runs; what it gets to see there, it can say in any disguise."""
    autograded = (graded / "autograded" / "spies" / MODULE.stem / f"{MODULE.stem}.ipynb").read_text(encoding="utf-8")
    told = re.search(r"[A-Za-z0-9+/]{100,}", autograded)[0]
    seen = base64.b64decode(told + "=" * (-len(told) % 4)).decode()
    assert "array([-30." in seen, "it has told what it saw"
    assert "test_sigmoid" not in seen and leaks({"spies": seen}, secrets(graded)) == {}
    page = (graded.parent / "out" / "spies" / f"{MODULE.stem}.html").read_text(encoding="utf-8")
    said = "test_sigmoid failed in its hidden part: sigmoid raised NotImplementedError."
    assert told[:60] not in page and said in html.unescape(page)
    assert "NameError in line 1 of this cell" in html.unescape(page), "their own cell ran before the test"


def test_feedback_says_why(graded):
    page = html.unescape((graded.parent / "out" / "one-wrong" / f"{MODULE.stem}.html").read_text(encoding="utf-8"))
    assert "test_sigmoid failed: FloatingPointError." in page and "1000.0]" in page
    for part in ("WHAT: the right values for both signs", "WHY: an early layer", 'TIP: "overflow encountered in exp"'):
        assert part in page
    assert "test_relu failed" not in page
    page = html.unescape((graded.parent / "out" / "points-1000" / f"{MODULE.stem}.html").read_text(encoding="utf-8"))
    assert (
        "test_relu_of_a_large_number failed in its hidden part: AssertionError." in page
        and "WHAT: a large number stays." in page
    )
    read = (graded.parent / "out" / "perfect" / f"{MODULE.stem}.html").read_text(encoding="utf-8")
    assert "This answer has not been read yet" in read and "This answer has not been read yet" not in page
    broken = (graded.parent / "out" / "broken-json" / f"{MODULE.stem}.html").read_text(encoding="utf-8")
    assert "failed" in broken and "is broken" in broken


def test_the_originals_are_kept(graded):
    incoming = graded.parent / "incoming"
    for student in ("renamed-file", "broken-json", "py-only", "two-at-once"):
        kept = [path.read_bytes() for path in (graded / "originals" / student / MODULE.stem).iterdir()]
        assert any(path.read_bytes() in kept for path in (incoming / student).iterdir())


def test_results_do_not_depend_on_order_or_jobs(graded):
    before = grades(graded)
    again = done(tito("nbgrader", "autograde", "02", *UNSAFE, "--force", cwd=graded))
    assert "->" not in again, "no score has changed"
    assert grades(graded) == before


def test_what_has_not_changed_is_not_graded_again(graded):
    before = {path: path.stat().st_mtime_ns for path in (graded / "autograded").rglob("*.ipynb")}
    lines = done(tito("nbgrader", "autograde", "02", *UNSAFE, cwd=graded)).split("\n")
    assert before and {path: path.stat().st_mtime_ns for path in before} == before, "nothing was run"
    assert sum("as before" in line for line in lines) == sum(
        score is not None for _, _, score, _ in table_of(graded).values()
    )


def test_killed_in_the_middle_it_goes_on_where_it_was(graded):
    before = grades(graded)
    for record in (graded / ".tito" / "graded" / MODULE.stem).glob("*.json"):
        record.unlink()
    command = [sys.executable, "-m", "tito", "nbgrader", "autograde", "02", *UNSAFE, "--jobs", "2"]
    process = subprocess.Popen(
        command, cwd=graded, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
    )
    records = graded / ".tito" / "graded" / MODULE.stem
    until = time.monotonic() + 60
    while len(list(records.glob("*.json"))) < 5 and time.monotonic() < until:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
    process.wait()
    done_before = -1
    while done_before != (done_before := len(list(records.glob("*.json")))):
        time.sleep(6)  # its helpers finish the student that they are at, and end
    assert 5 <= done_before < len(table_of(graded)) - 4, "it was to be killed in the middle"
    with sqlite3.connect(graded / "gradebook.db") as gradebook:
        assert gradebook.execute("pragma integrity_check").fetchone() == ("ok",)
    again = done(tito("nbgrader", "autograde", "02", *UNSAFE, cwd=graded))
    assert again.count("as before") >= done_before
    assert grades(graded) == before


def test_a_fixed_test_is_graded_again_and_the_difference_is_shown(graded):
    before = grades(graded)
    private = graded / "private" / f"{MODULE.stem}.py"
    try:
        private.write_text(PRIVATE.replace("[LARGE, 0.0]", "[LARGE, 1.0]"), encoding="utf-8")
        refused = tito("nbgrader", "generate", "02", cwd=graded)
        assert refused.returncode == 1 and "test_relu_of_a_large_number" in refused.stderr, "the reference must pass"
        private.write_text(
            PRIVATE.replace("[LARGE, 0.0]", "[LARGE, 0.0]\n    assert sigmoid(np.float32(-1e3)) == 0"),
            encoding="utf-8",
        )
        done(tito("nbgrader", "generate", "02", cwd=graded))
        said = done(tito("nbgrader", "autograde", "02", *UNSAFE, "--jobs", "2", cwd=graded))
        assert "renamed-function: test_relu_of_a_large_number 2 -> 0" in said and "perfect: test" not in said
        assert float(grades(graded)["renamed-function"]["score"]) == float(before["renamed-function"]["score"]) - 2
    finally:
        private.write_text(PRIVATE, encoding="utf-8")
        done(tito("nbgrader", "generate", "02", cwd=graded))
        done(tito("nbgrader", "autograde", "02", *UNSAFE, "--jobs", "2", cwd=graded))
    assert grades(graded) == before


def test_grade_ids_are_frozen_after_the_release(graded):
    private = graded / "private" / f"{MODULE.stem}.py"
    source = graded / "source" / MODULE.stem / f"{MODULE.stem}.ipynb"
    before = source.read_bytes()
    try:
        private.write_text(PRIVATE.replace("of_a_large_number", "renamed"), encoding="utf-8")
        refused = tito("nbgrader", "generate", "02", cwd=graded)
    finally:
        private.write_text(PRIVATE, encoding="utf-8")
    assert refused.returncode == 1 and "test_relu_renamed is new" in refused.stderr and "frozen" in refused.stderr
    assert source.read_bytes() == before
