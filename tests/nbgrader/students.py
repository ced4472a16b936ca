"""A class: what students hand in, and what they must get for it."""

import copy
import csv
import html
import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat

from tests.tito.student import done, reference_bodies, tito
from tito.assignments.jupyter import to_marimo
from tito.assignments.sandbox import is_there
from tito.course import find
from tito.notebook import parse
from tito.place import COURSE
from tito.stub import replace_blocks, stub

MODULE = find("02")
BODIES = reference_bodies(MODULE.stem)
ANSWERS = {"question_softmax_memory": "384 MiB.", "question_vanishing_slope": "Less than a millionth."}


def solved_text(**other: str) -> str:
    """A student's marimo notebook: everything as in the reference, but for what `other` says."""
    notebook = parse(COURSE.notebook(MODULE), stub(COURSE.notebook(MODULE)))
    bodies = {block: other.get(block.owner, "\n".join(BODIES[block.owner])).split("\n") for block in notebook.solutions}
    return replace_blocks(notebook, bodies)


def solved(released, **other: str):
    """The released notebook, solved."""
    nb = copy.deepcopy(released)
    for cell in nb.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in BODIES:
            body = other.get(name, "\n".join(BODIES[name])).replace("\n", "\n    ")
            begin, end = "    ### BEGIN SOLUTION\n", "    ### END SOLUTION"
            cell.source = cell.source[: cell.source.index(begin)] + f"{begin}    {body}\n{end}"
    return nb


def cell_of(nb, name: str):
    return next(cell for cell in nb.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == name)


def without(nb, name: str):
    nb.cells.remove(cell_of(nb, name))
    return nb


def answered(nb):
    for name, text in ANSWERS.items():
        cell_of(nb, name).source += f"\n\n{text}"
    return nb


def greedy(nb):
    """A test that always passes, and is worth a fortune."""
    cell = cell_of(nb, "test_relu")
    cell.source, cell.metadata.nbgrader.points = "def test_relu():\n    pass\n\n\ntest_relu()", 1000
    cell.metadata.nbgrader.locked = False
    return nb


def naked(nb):
    """All metadata lost, as when cells are copied into a new notebook."""
    for number, cell in enumerate(nb.cells):
        cell.metadata, cell.id = nbformat.NotebookNode(), f"cell-{number}"
    nb.metadata = nbformat.NotebookNode()
    return nb


def duplicated(nb):
    """The solved cell, and below it a copy of the unsolved one."""
    cell = cell_of(nb, "softmax")
    twin = copy.deepcopy(cell)
    twin.source = cell.source.replace(
        "\n    ".join(BODIES["softmax"]), 'raise NotImplementedError("softmax: replace this line with your code")'
    )
    twin.id = "twin"
    nb.cells.insert(nb.cells.index(cell) + 1, twin)
    return nb


def helper_below(released):
    """In marimo a helper may stand below its use."""
    nb = solved(released, relu="return my_maximum(x)")
    nb.cells.append(nbformat.v4.new_code_cell("def my_maximum(x):\n    return np.maximum(x, 0)"))
    return nb


def spying(released):
    nb = solved(released, sigmoid=SPIES)
    nb.cells.append(nbformat.v4.new_code_cell("print(told)\nraise ValueError(told)"))
    return nb


def more_setup(nb):
    """Lines of their own in the setup cell, which need what it imports."""
    cell_of(nb, "setup").source += "\nSMALL = np.float32(0)"
    return nb


def with_magics(nb):
    cell = cell_of(nb, "relu")
    cell.source = f"%matplotlib inline\n{cell.source}\n\n%timeit relu(np.ones(3))"
    return nb


def marimo_export(folder: Path, text: str) -> str:
    """What `marimo export ipynb` makes of a student's notebook."""
    source = folder / "a.py"
    source.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "marimo", "export", "ipynb", "--no-include-outputs", "a.py", "-o", "a.ipynb"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return (folder / "a.ipynb").read_text(encoding="utf-8")


def reformatted(folder: Path, text: str) -> str:
    path = folder / "b.py"
    path.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", "60", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return path.read_text(encoding="utf-8")


# what `autograde` and `validate` need where students' code cannot be walled in
UNSAFE = [] if is_there() else ["--unsafe-ok"]
WARNS = "import sys, warnings\nwarnings.warn('careful')\nprint('to stderr', file=sys.stderr)\nreturn np.maximum(x, 0)"
PRINTS_IN = "print(In[-1])\nprint(list(In))\nimport inspect\nframe = inspect.currentframe().f_back\nprint(inspect.getsource(frame) if False else frame.f_code.co_consts)\nreturn np.maximum(x, 0)"
# says what it can see from where it is called, in a message and, later, from a cell of its own
SPIES = """\
import base64, sys
frame, seen = sys._getframe(), [repr(x)]
while frame:
    seen += [frame.f_code.co_name, repr(frame.f_code.co_consts), repr(list(frame.f_locals))]
    frame = frame.f_back
global told
told = base64.b64encode(repr(seen)[:1400].encode()).decode()
if x.size == 61:
    raise NotImplementedError(f"{told}: replace this line with your code")
return np.where(x < 0, np.exp(np.minimum(x, 0)), 1) / (1 + np.exp(-np.abs(x)))"""
ALL = 23 + 2  # the visible and hidden tests, and a private one; the answers are 4 more

# student -> (files, status, score, what the report of the collection must name)
# each file: name -> text, bytes, or a notebook


def students(released, folder: Path) -> dict[str, tuple[dict, str, float | None, str]]:
    nb = f"{MODULE.stem}.ipynb"
    text = solved_text()
    broken = nbformat.writes(solved(released))
    syntax = solved_text().replace("return np.maximum(x, 0)", "return np.maximum(x, 0")
    other = stub(COURSE.notebook(find("03")))
    renamed = text.replace("def sigmoid(", "def sigmoid_function(")
    return {
        "renamed-function": (
            {f"{MODULE.stem}.py": renamed},
            "graded",
            ALL - 4,
            "sigmoid is missing: was it renamed to sigmoid_function?",
        ),
        "perfect": ({nb: answered(solved(released))}, "needs manual", ALL, ""),
        "blank": ({nb: copy.deepcopy(released)}, "graded", 0, ""),
        "one-wrong": ({nb: solved(released, sigmoid="return 1 / (1 + np.exp(-x))")}, "graded", ALL - 4, ""),
        "warnings": ({nb: solved(released, relu=WARNS)}, "graded", ALL, ""),
        "endless-loop": ({nb: solved(released, gelu="while True:\n    pass")}, "graded", ALL - 3, "longer than 5 s"),
        "exits": ({nb: solved(released, gelu="import os\nos._exit(0)")}, "graded", ALL - 3, "ended the program"),
        "syntax-error": ({f"{MODULE.stem}.py": syntax}, "graded", ALL - 2 - 2 - 2, "syntax error"),
        "deleted-test": (
            {nb: without(solved(released, relu="return x"), "test_relu")},
            "graded",
            ALL - 2 - 2,
            "missing: test_relu",
        ),
        "points-1000": (
            {nb: greedy(solved(released, relu="return x"))},
            "graded",
            ALL - 2 - 2,
            "altered: test_relu",
        ),
        "no-metadata": ({nb: naked(solved(released))}, "graded", ALL, ""),
        "duplicate": ({nb: duplicated(solved(released))}, "graded", ALL, "duplicated: softmax"),
        "renamed-file": ({"my homework (final).ipynb": solved(released)}, "graded", ALL, ""),
        "py-only": ({f"{MODULE.stem}.py": text}, "graded", ALL, ""),
        "marimo-export": ({nb: marimo_export(folder, text)}, "graded", ALL, ""),
        "reformatted": ({f"{MODULE.stem}.py": reformatted(folder, text)}, "graded", ALL, ""),
        "helper-below": ({nb: helper_below(released)}, "graded", ALL, ""),
        "helper-below-py": ({f"{MODULE.stem}.py": to_marimo(helper_below(released))}, "graded", ALL, ""),
        "windows": ({f"{MODULE.stem}.py": text.replace("\n", "\r\n").encode("utf-8-sig")}, "graded", ALL, ""),
        "windows-ipynb": ({nb: nbformat.writes(solved(released)).replace("\\n", "\\r\\n")}, "graded", ALL, ""),
        "broken-json": ({nb: broken[: len(broken) // 2]}, "failed", None, "is broken"),
        "prints-in": ({nb: solved(released, relu=PRINTS_IN)}, "graded", ALL, ""),
        "more-setup": ({nb: more_setup(solved(released, relu="return np.maximum(x, SMALL)"))}, "graded", ALL, ""),
        "magics": ({nb: with_magics(solved(released))}, "graded", ALL, ""),
        "spies": ({nb: spying(released)}, "graded", ALL - 4, ""),
        "two-at-once": ({nb: solved(released), "03_layers.py": other}, "graded", ALL, "beside it lay 03_layers.py"),
        "late": ({nb: solved(released), "timestamp.txt": "2100-01-02 12:00:00 UTC"}, "graded", ALL * 0.9, ""),
        "nothing": ({"notes.txt": "see my e-mail"}, "no submission", None, ""),
        "wrong-module": ({"03_layers.py": other}, "no submission", None, ""),
        "exported-module": (
            {"activations.py": (COURSE.package / "activations.py").read_text(encoding="utf-8")},
            "graded",
            ALL - 3 - 1,
            "plain Python",
        ),
    }


SETTINGS = {"cell_seconds = 10.0": "cell_seconds = 5.0", "percent_per_day = 0.0": "percent_per_day = 10.0"}


def collected(root: Path, make_students, private: str = "") -> Path:
    """A class's folder with the assignment generated, released, handed in by some students and collected."""
    folder = root / "my class é"
    done(tito("nbgrader", "init", folder, cwd=root))
    settings = folder / "nbgrader_config.py"
    text = settings.read_text(encoding="utf-8")
    for old, new in SETTINGS.items():
        assert old in text
        text = text.replace(old, new)
    settings.write_text(text, encoding="utf-8")
    if private:
        (folder / "private" / f"{MODULE.stem}.py").write_text(private, encoding="utf-8")
    done(tito("nbgrader", "generate", "02", cwd=folder))
    done(tito("nbgrader", "release", "02", "--to", root / "02_release.zip", "--due", "2100-01-02T00:00", cwd=folder))
    hand_in(root / "incoming", table(folder, make_students))
    done(tito("nbgrader", "collect", "02", root / "incoming", cwd=folder))
    return folder


def table(folder: Path, make_students) -> dict:
    work = folder.parent / "work"
    work.mkdir(exist_ok=True)
    released = nbformat.read(folder / "release" / MODULE.stem / f"{MODULE.stem}.ipynb", 4)
    return make_students(released, work)


def grades(folder: Path) -> dict[str, dict[str, str]]:
    done(tito("nbgrader", "export", "--to", "grades.csv", cwd=folder))
    with (folder / "grades.csv").open(encoding="utf-8", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def wrong_rows(folder: Path, expected: dict) -> dict[str, str]:
    """The students for whom status, score or what the report says is not as expected."""
    found, report = grades(folder), done(tito("nbgrader", "report", "02", cwd=folder))
    wrong = {}
    for student, (_, status, score, said) in expected.items():
        row = found[student]
        line = next(line for line in report.split("\n") if line.startswith(f"{student} "))
        got = (row["status"], float(row["score"]) if row["score"] else None, said in line)
        if got != (status, score, True):
            wrong[student] = f"expected {(status, score, said)}, got {got}: {line}"
    return wrong


def secrets(folder: Path) -> set[str]:
    from tito.assignments.preprocessors import secret_lines  # this file is read where there is no NBGrader, too

    return secret_lines(nbformat.read(folder / "source" / MODULE.stem / f"{MODULE.stem}.ipynb", 4))


def leaks(texts: dict[str, str], hidden: set[str]) -> dict[str, str]:
    """Which texts have a line of the hidden tests in them."""
    plain = {name: html.unescape(re.sub("<[^>]+>", "", text)).replace("\\n", "\n") for name, text in texts.items()}
    return {name: line for name, text in plain.items() for line in hidden if line in text}


def hand_in(incoming: Path, all_students: dict) -> None:
    for student, (files, *_) in all_students.items():
        folder = incoming / student
        folder.mkdir(parents=True)
        for name, content in files.items():
            data = content if isinstance(content, bytes | str) else json.dumps(content)
            (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode("utf-8"))
