"""`tito submit`: one file to hand in, and a summary that is true."""

import os
import re
import shutil
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

from tests.tito.student import solve, tito
from tito import course
from tito.assignments.convert import convert
from tito.assignments.jupyter import to_ipynb, to_marimo
from tito.assignments.submit import submit
from tito.console import paint
from tito.errors import TitoError
from tito.notebook import HIDDEN, parse
from tito.place import COURSE, find_workspace
from tito.stub import stub
from tito.workspace import init

SETUP, TENSOR = course.find("setup"), course.find("tensor")
QUESTION = "**Question.** The first call"


@pytest.fixture(scope="module")
def made_once(tmp_path_factory):
    return init(tmp_path_factory.mktemp("submit") / "ws")[0].root


@pytest.fixture
def place(made_once, tmp_path, monkeypatch):
    shutil.copytree(made_once, tmp_path / "ws")
    monkeypatch.chdir(tmp_path / "ws")
    return find_workspace()


def states(submission):
    return {line.name: line.state for line in submission.lines}


def edit(path, old, new, count=1):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, count), encoding="utf-8")


def in_jupyter(place, module, change=None, only=True):
    """The module's notebook as an `.ipynb`; by default the only form there is."""
    path = convert(module.number, "ipynb").written.path
    if only:
        place.notebook(module).unlink()
    nb = nbformat.read(path, 4)
    if change:
        change(nb)
    nbformat.write(nb, path)
    return path


def cell_of(nb, start):
    return next(cell for cell in nb.cells if start in cell.source)


# the summary


def test_of_an_unsolved_notebook_nothing_passes_and_a_file_is_written(place):
    made = submit(place, SETUP)
    assert states(made) == {
        "matmul_flops": "not done yet",
        "median_seconds": "not done yet",
        "copied_bytes": "not done yet",
        "answer_token_seconds": "not done yet",
        "question_cold_call": "no answer yet",
        "question_addition_bound": "no answer yet",
    }
    assert made.written.path == place.root / "submit" / "00_setup.ipynb"
    nbformat.validate(nbformat.read(made.written.path, 4))


def test_the_command_tells_the_truth_on_one_screen(place):
    path = place.notebook(SETUP)
    solve(path, "matmul_flops", "copied_bytes")
    edit(path, "return 2 * m * k * n", "return 2 * m * k")
    edit(path, "*Your answer:*", "*Your answer:* the import, and the cache.")
    run = tito("submit", cwd=place.root)
    assert run.returncode == 0, run.stderr
    assert (
        run.stdout
        == """\
Module 00: Setup, read from notebooks/00_setup.py

exercise or question     points  visible tests or answer
matmul_flops                  2  wrong
median_seconds                4  not done yet
copied_bytes                  2  solved
answer_token_seconds          1  not done yet
question_cold_call            2  answered
question_addition_bound       2  no answer yet

1 of 4 exercises solved (visible tests; hidden ones run at grading).
1 of 2 questions answered; your instructor reads those.
`tito module test 00 --unit-only` shows what fails, and why.
To hand in: submit/00_setup.ipynb
"""
    )
    assert "the import, and the cache." in (place.root / "submit" / "00_setup.ipynb").read_text(encoding="utf-8")


def test_colours_only_where_they_are_wanted(place, monkeypatch, capsys):
    from tito.commands.submit import submit as command

    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    command("00", None)
    assert f"2  {paint('not done yet', 'yellow')}\n" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    command("00", None)
    assert "\x1b" not in capsys.readouterr().out


def test_the_whole_of_a_module_solved(place):
    solve(place.notebook(TENSOR))
    made = submit(place, TENSOR)
    assert {line.state for line in made.lines if not line.is_question} == {"solved"}
    assert sum(line.points for line in made.lines) == sum(
        map(int, re.findall(r"# points: (\d+)", COURSE.notebook(TENSOR).read_text(encoding="utf-8")))
    )


def test_an_exercise_may_wait_for_another(place):
    solve(place.notebook(TENSOR), "Tensor.apply")
    there = states(submit(place, TENSOR))
    assert there["Tensor.apply"] == "waits for Tensor.__init__" and there["Tensor.mean"] == "not done yet"


def test_what_is_missing_below_is_said(place):
    made = submit(place, course.find("activations"))
    assert "ImportError" in made.broken and "finish module 01 first" in made.broken
    assert {line.state for line in made.lines if not line.is_question} == {"not known"}
    assert made.written.path.exists()
    run = tito("submit", "02", cwd=place.root)
    assert "The visible tests could not be run: ImportError" in run.stdout and "exercises solved" not in run.stdout


def test_it_takes_the_current_module(place):
    solve(place.notebook(SETUP))
    assert tito("module", "complete", "00", "--skip-test", cwd=place.root).returncode == 0
    run = tito("submit", cwd=place.root)
    assert run.stdout.startswith("Module 01: Tensor") and (place.root / "submit" / "01_tensor.ipynb").exists()


# the file


def test_it_has_the_roles_that_were_handed_out(place):
    """Also where a student has deleted the markers and the points."""
    path = place.notebook(SETUP)
    solve(path)
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"    ### (BEGIN|END) SOLUTION\n|^# points.*\n", "", text, flags=re.MULTILINE)
    path.write_text(
        text.replace(
            "@app.function\ndef matmul", "@app.function\ndef mine():\n    pass\n\n\n@app.function\ndef matmul"
        ),
        "utf-8",
    )
    made = nbformat.read(submit(place, SETUP).written.path, 4)
    released = to_ipynb(parse(path, stub(COURSE.notebook(SETUP))))

    def roles(nb):
        return {
            cell.metadata["nbgrader"]["grade_id"]: cell.metadata["nbgrader"]
            for cell in nb.cells
            if "nbgrader" in cell.metadata
        }

    assert roles(made) == roles(released)
    assert cell_of(made, "def matmul_flops").metadata.tito.exercises == ["matmul_flops"]
    assert "nbgrader" not in cell_of(made, "def mine").metadata
    assert "return 2 * m * k * n" in cell_of(made, "def matmul_flops").source


def test_it_becomes_the_students_notebook_again(place):
    path = place.notebook(SETUP)
    solve(path)
    made = nbformat.read(submit(place, SETUP).written.path, 4)
    assert to_marimo(made) == path.read_text(encoding="utf-8")


def test_it_has_no_hidden_tests(place):
    made = submit(place, SETUP)
    assert HIDDEN[0] not in made.written.path.read_text(encoding="utf-8")
    with pytest.raises(TitoError, match="has hidden tests, so it is the course's own"):
        submit(place, SETUP, COURSE.notebook(SETUP))


def test_an_older_file_is_kept(place):
    first = submit(place, SETUP).written
    text = first.path.read_text(encoding="utf-8")
    again = submit(place, SETUP).written
    assert first.changed and not again.changed and again.kept is None
    edit(place.notebook(SETUP), "*Your answer:*", "*Your answer:* caches")
    third = submit(place, SETUP).written
    assert third.changed and third.kept.read_text(encoding="utf-8") == text
    assert third.kept.is_relative_to(place.state / "backups")


# Jupyter


def test_a_student_in_jupyter_has_the_same_summary(place):
    def work(nb):
        cell = cell_of(nb, "def matmul_flops")
        cell.source = re.sub("raise Not.*", "return 2 * m * k * n", cell.source) + "\n\n%timeit matmul_flops(1, 2, 3)"
        cell_of(nb, QUESTION).source += "\n\nthe import"
        cell_of(nb, "def test_matmul_flops").source += "\nprint('fine')"
        nb.cells.append(v4.new_code_cell("!ls"))

    source = in_jupyter(place, SETUP, work)
    made = submit(place, SETUP)
    assert made.source == source and made.older is None
    assert states(made)["matmul_flops"] == "solved" and states(made)["median_seconds"] == "not done yet"
    assert states(made)["question_cold_call"] == "answered"
    nb = nbformat.read(made.written.path, 4)
    assert cell_of(nb, "def matmul_flops").metadata.nbgrader.grade_id == "matmul_flops"


def test_an_editor_that_has_dropped_all_metadata(place):
    def drop(nb):
        cell_of(nb, QUESTION).source += " the import"
        nb.metadata.clear()
        for cell in nb.cells:
            cell.metadata.clear()

    in_jupyter(place, SETUP, drop)
    made = submit(place, SETUP)
    assert states(made)["question_cold_call"] == "answered"
    assert states(made)["question_addition_bound"] == "no answer yet"
    graded = {
        cell.metadata.nbgrader.grade_id
        for cell in nbformat.read(made.written.path, 4).cells
        if "nbgrader" in cell.metadata
    }
    assert {"question_cold_call", "question_addition_bound", "test_matmul_flops"} <= graded


def test_a_question_that_is_gone_is_said(place):
    edit(
        place.notebook(SETUP),
        '    # points: 2, answered by hand\n    mo.md(r"""\n    **Question.** The',
        '    mo.md(r"""\n    The',
    )
    edit(place.notebook(SETUP), "def question_cold_call", "def _")
    run = tito("submit", cwd=place.root)
    assert re.search(r"question_cold_call +2  not found", run.stdout) and "put it back" in run.stdout


def test_the_newer_form_counts_and_the_other_one_is_named(place):
    path = in_jupyter(place, SETUP, only=False)
    other = place.notebook(SETUP)
    os.utime(path, (1, 1))
    made = submit(place, SETUP)
    assert (made.source, made.older) == (other, path)
    os.utime(other, (0, 0))
    made = submit(place, SETUP)
    assert (made.source, made.older) == (path, other)
    run = tito("submit", cwd=place.root)
    assert run.stdout.startswith(
        "Module 00: Setup, read from notebooks/00_setup.ipynb\n(notebooks/00_setup.py is older"
    )
    named = tito("submit", "--file", "notebooks/00_setup.py", cwd=place.root).stdout
    assert named.startswith("Module 00: Setup, read from notebooks/00_setup.py\n\n")


def test_a_file_says_by_its_name_which_module_it_is(place):
    run = tito("submit", "--file", "notebooks/01_tensor.py", cwd=place.root)
    assert run.stdout.startswith("Module 01: Tensor"), run.stderr


# refused


def test_without_a_notebook(place):
    place.notebook(SETUP).unlink()
    with pytest.raises(
        TitoError, match="no notebooks/00_setup.py and no notebooks/00_setup.ipynb.*tito module start 00"
    ):
        submit(place, SETUP)
    with pytest.raises(TitoError, match="there is no nowhere.py"):
        submit(place, SETUP, Path("nowhere.py"))
    assert not (place.root / "submit").exists()


def test_outside_of_a_workspace_and_in_the_course(tmp_path):
    assert "is not in a workspace" in tito("submit", "00", cwd=tmp_path).stderr
    before = sorted(COURSE.root.iterdir())
    assert tito("submit", "00", cwd=COURSE.root).stderr.startswith("tito: this is the course itself")
    assert sorted(COURSE.root.iterdir()) == before


def test_a_syntax_error(place):
    edit(place.notebook(SETUP), "def matmul_flops(m: int, k: int, n: int)", "def matmul_flops(m: int, k: int, m: int)")
    with pytest.raises(TitoError, match=r"00_setup\.py:\d+:\d+: syntax error"):
        submit(place, SETUP)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("x = (1", "00_setup.ipynb, cell 3, line 1: syntax error: '[(]' was never closed\n    x = [(]1\nFix it"),
        ("from math import *", "00_setup.ipynb, cell 3: `import [*]`"),
        ("def median_seconds():\n    pass", r"cell \d+: median_seconds is defined in cell 3 already"),
    ],
)
def test_in_jupyter_a_cell_is_named_by_its_number(place, source, sentence):
    in_jupyter(place, SETUP, lambda nb: nb.cells.insert(2, v4.new_code_cell(source)))
    with pytest.raises(TitoError, match=sentence):
        submit(place, SETUP)


def test_a_lost_name(place):
    def rename(nb):
        cell = cell_of(nb, "def matmul_flops")
        cell.source = cell.source.replace("def matmul_flops", "def matmul_flop")

    in_jupyter(place, SETUP, rename)
    with pytest.raises(TitoError, match=r"notebooks/00_setup.ipynb lacks matmul_flops \(renamed to matmul_flop\?\)"):
        submit(place, SETUP)


def test_the_notebook_of_another_module(place):
    with pytest.raises(TitoError, match="01_tensor.py has no exercise of 00_setup"):
        submit(place, SETUP, place.notebook(TENSOR))


def test_text_with_values_in_it_is_a_cell_of_code(place):
    """`prose` can read a text only, and a student may write `mo.md(f"...")`."""
    path = place.notebook(SETUP)
    edit(
        path,
        "@app.cell(hide_code=True)\n",
        '@app.cell\ndef _():\n    mo.md(f"{1 + 1}")\n    return\n\n\n@app.cell(hide_code=True)\n',
    )
    assert submit(place, SETUP).written.changed
