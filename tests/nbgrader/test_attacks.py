"""A class that attacks: nobody gets a point for it, nobody else notices, and nothing hidden comes out."""

import html
import re
import shutil
import sqlite3
from pathlib import Path

import pytest

pytest.importorskip("nbgrader", reason="runs only where nbgrader is installed: make test-nbgrader")

import nbformat

from tests.nbgrader.attackers import attackers
from tests.nbgrader.students import MODULE, collected, leaks, secrets, table, wrong_rows
from tests.nbgrader.test_sandbox import nothing_stays, running
from tests.tito.student import done, tito
from tito.assignments.sandbox import is_there

pytestmark = [
    pytest.mark.alone,
    pytest.mark.skipif(not is_there(), reason="runs only where bubblewrap is installed"),
]


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    before, temporary = running(), tmp_path_factory.mktemp("temporary")
    folder = collected(tmp_path_factory.mktemp("attacked"), attackers)
    done(tito("nbgrader", "autograde", "02", "--jobs", "2", cwd=folder, TMPDIR=str(temporary)))
    assert nothing_stays(before) and not list(temporary.iterdir())
    tito("nbgrader", "feedback", "02", "--to", folder.parent / "out", "--jobs", "2", cwd=folder)
    return folder


def test_every_row_of_the_table(graded):
    assert wrong_rows(graded, table(graded, attackers)) == {}


def test_nothing_hidden_is_anywhere(graded):
    """Neither in what students get nor in what their code has left for the instructor."""
    hidden = secrets(graded)
    texts = {str(path): path.read_text(encoding="utf-8") for path in (graded.parent / "out").rglob("*.html")}
    texts["report"] = done(tito("nbgrader", "report", "02", cwd=graded))
    for path in (graded / "autograded").glob(f"*/{MODULE.stem}/*.ipynb"):
        texts[str(path)] = "".join(re.findall(r'"(?:evalue|text)": .*', path.read_text(encoding="utf-8")))
    assert len(hidden) > 8 and len(texts) > 60
    assert leaks(texts, hidden) == {}


def said_by(graded: Path, student: str) -> str:
    return (graded / "autograded" / student / MODULE.stem / f"{MODULE.stem}.ipynb").read_text(encoding="utf-8")


def test_the_hunters_found_nothing(graded):
    assert "of True texts found []" in said_by(graded, "hunts")
    assert "reached []" in said_by(graded, "reaches")
    assert "inspect.getsource" not in re.findall(r'"evalue": "(.*)"', said_by(graded, "reads-its-caller"))[0]


def test_the_gradebook_is_whole(graded):
    with sqlite3.connect(graded / "gradebook.db") as gradebook:
        assert gradebook.execute("pragma integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize(
    ("student", "said"),
    [
        (
            "agrees",
            "test_sigmoid failed: TypeError: an object came back where a number, a text or an array is expected.",
        ),
        ("empties-its-input", "test_sigmoid failed: TypeError: an array was changed that the function was given."),
        ("writes-on-the-terminal", "test_sigmoid failed: MemoryError."),
    ],
)
def test_feedback_says_why_in_words_of_ours(graded, student, said):
    page = (graded.parent / "out" / student / f"{MODULE.stem}.html").read_text(encoding="utf-8")
    assert said in " ".join(html.unescape(re.sub("<[^>]+>", "", page)).split())


@pytest.mark.parametrize("kind", [{"grade": True}, {"grade": False}])
def test_only_the_instructors_cells_run_outside(graded, kind):
    """Also when a submission did not come by `collect`, which would have rebuilt it."""
    submitted = graded / "submitted" / "mallory" / MODULE.stem / f"{MODULE.stem}.ipynb"
    written = graded.parent / "written"
    honest = submitted.parent.parent.parent / "honest" / MODULE.stem / submitted.name
    nb = nbformat.read(honest, 4)
    code = f"from pathlib import Path\nPath({str(written)!r}).write_text('x')\ndef sigmoid(x):\n    Path({str(written)!r}).write_text('x')\n    return x"
    cell = nbformat.v4.new_code_cell(code)
    said = {"schema_version": 3, "grade_id": "test_mine", "solution": False, "locked": True, "task": False}
    cell.metadata["nbgrader"] = said | kind | ({"points": 1} if kind["grade"] else {})
    nb.cells.insert(3, cell)
    submitted.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nb, submitted)
    tito("nbgrader", "autograde", "02", cwd=graded)
    assert (graded / ".tito" / "graded" / MODULE.stem / "mallory.json").exists() and not written.exists()
    shutil.rmtree(submitted.parent.parent)
