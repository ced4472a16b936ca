"""`tito convert`: any notebook in the other form, and nothing lost."""

import ast
import json
import subprocess
import sys

import nbformat
import pytest
from nbformat import v4

from tests.tito.student import tito
from tito import course
from tito.assignments.convert import convert
from tito.assignments.jupyter import to_ipynb, to_marimo
from tito.errors import TitoError
from tito.export import module_source
from tito.notebook import parse, prose
from tito.place import COURSE
from tito.workspace import init

MODULES = [module.stem for module in course.available()]
TENSOR = course.find("tensor")


def code(*sources):
    return v4.new_notebook(cells=[v4.new_code_cell(source) for source in sources])


def file_of(nb, folder, name="mine.ipynb"):
    path = folder / name
    nbformat.write(nb, path)
    return path


def converted(nb, folder):
    """A Jupyter notebook after its conversion, as tito reads it."""
    made = convert(str(file_of(nb, folder)), "py")
    return parse(made.written.path)


@pytest.fixture
def place(tmp_path):
    return init(tmp_path / "ws")[0]


# both ways


def test_a_module_goes_to_jupyter_and_back_beside_the_source(place, monkeypatch):
    monkeypatch.chdir(place.root)
    source = place.notebook(TENSOR)
    before = source.read_text(encoding="utf-8")
    made = convert("01", "ipynb")
    assert made.written.path == source.with_suffix(".ipynb") and made.written.changed
    nbformat.validate(nbformat.read(made.written.path, 4))
    source.unlink()
    assert convert("tensor", "py").note == ""
    assert source.read_text(encoding="utf-8") == before


def test_in_the_course_a_module_is_the_courses(tmp_path, monkeypatch):
    monkeypatch.chdir(COURSE.root)
    made = convert("00", "ipynb", tmp_path / "new" / "00_setup.ipynb")
    assert made.source == COURSE.notebook(course.find("setup"))
    assert "BEGIN HIDDEN TESTS" in made.written.path.read_text(encoding="utf-8")


def test_a_head_of_several_lines_travels_whole(tmp_path):
    text = 'import marimo\n\napp = marimo.App(\n    width="medium",\n)\n\n\n@app.function\ndef f():\n    return 1\n\n\n'
    path = tmp_path / "a.py"
    path.write_text(text + 'if __name__ == "__main__":\n    app.run()\n', encoding="utf-8")
    assert to_marimo(to_ipynb(parse(path))) == path.read_text(encoding="utf-8")


# nothing is lost


def test_what_stood_there_is_kept_in_a_workspace(place, monkeypatch):
    monkeypatch.chdir(place.root)
    old = place.notebook(TENSOR).with_suffix(".ipynb")
    old.write_text("my work", encoding="utf-8")
    kept = convert("01", "ipynb").written.kept
    assert kept.read_text(encoding="utf-8") == "my work" and kept.is_relative_to(place.state / "backups")
    assert "my work" not in old.read_text(encoding="utf-8")


def test_the_command_says_where_the_old_one_is(place):
    place.notebook(TENSOR).with_suffix(".ipynb").write_text("my work", encoding="utf-8")
    run = tito("convert", "01", "--to", "ipynb", cwd=place.root)
    assert run.returncode == 0, run.stderr
    kept = run.stdout.strip().rpartition("is kept: ")[2]
    assert (place.root / kept).read_text(encoding="utf-8") == "my work"
    again = tito("convert", "01", "--to", "ipynb", cwd=place.root)
    assert "nothing was changed" in again.stdout and "kept" not in again.stdout


def test_the_same_content_is_not_written_again(place, monkeypatch):
    monkeypatch.chdir(place.root)
    convert("01", "ipynb")
    again = convert("01", "ipynb").written
    assert not again.changed and again.kept is None and not (place.state / "backups").exists()


def test_outside_of_a_workspace_other_content_is_refused(tmp_path):
    source, old = file_of(code("x = 1"), tmp_path), tmp_path / "mine.py"
    old.write_text("my work", encoding="utf-8")
    with pytest.raises(TitoError, match="mine.py exists with other content.*--output"):
        convert(str(source), "py")
    assert old.read_text(encoding="utf-8") == "my work"
    assert convert(str(source), "py", tmp_path / "other.py").written.changed


# what cannot be converted


def damaged(folder):
    good = json.loads(nbformat.writes(code("x = 1")))
    texts = {
        "cut.ipynb": json.dumps(good)[:-20],
        "empty.ipynb": "",
        "list.ipynb": "[]",
        "other.ipynb": '{"a": 1}',
        "odd.ipynb": json.dumps(good | {"cells": [{"cell_type": "code", "source": 3}]}),
        "nothing.ipynb": json.dumps({"nbformat": 4, "nbformat_minor": 5}),
        "plain.py": "print(1)\n",
        "broken.py": "import marimo\napp = marimo.App(\n",
        "text.txt": "",
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "to", "sentence"),
    [
        ("nowhere.ipynb", "py", "there is no nowhere.ipynb"),
        ("plain.py", "py", "plain.py is marimo's already: did you mean --to ipynb"),
        ("cut.ipynb", "ipynb", "cut.ipynb is Jupyter's already: did you mean --to py"),
        ("cut.ipynb", "py", "cut.ipynb cannot be read, line 1 is not JSON"),
        ("empty.ipynb", "py", "empty.ipynb cannot be read, it is empty"),
        ("list.ipynb", "py", "list.ipynb is not a notebook"),
        ("other.ipynb", "py", "other.ipynb is not a notebook"),
        ("odd.ipynb", "py", "odd.ipynb is a damaged notebook"),
        ("nothing.ipynb", "py", "nothing.ipynb is a damaged notebook"),
        ("plain.py", "ipynb", "plain.py is not a marimo notebook"),
        ("broken.py", "ipynb", "broken.py:2:17: syntax error"),
        ("text.txt", "py", "text.txt is not a notebook"),
        ("tensr", "py", "there is no module 'tensr'"),
        (".", "py", "is a folder"),
    ],
)
def test_what_cannot_be_converted_is_refused(tmp_path, monkeypatch, name, to, sentence):
    damaged(tmp_path)
    before = sorted(tmp_path.iterdir())
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TitoError) as refused:
        convert(name, to)
    assert sentence in str(refused.value)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("output", ["folder", "mine.ipynb", "mine.txt"])
def test_an_output_that_is_no_such_notebook_is_refused(tmp_path, output):
    source = file_of(code("x = 1"), tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(TitoError, match="ends with .py"):
        convert(str(source), "py", tmp_path / output)


def test_an_older_format_is_read(tmp_path):
    cells = [
        {"cell_type": "heading", "level": 2, "metadata": {}, "source": ["Old"]},
        {"cell_type": "code", "input": ["a = 1\n", "a"], "language": "python", "metadata": {}, "outputs": []},
    ]
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": ""},
        "worksheets": [{"cells": cells, "metadata": {}}],
    }
    (tmp_path / "old.ipynb").write_text(json.dumps(old), encoding="utf-8")
    made = parse(convert(str(tmp_path / "old.ipynb"), "py").written.path)
    assert [cell.source for cell in made.cells if cell.kind == "code"][-1] == "a = 1\na"
    assert prose(made.cells[1]) == "## Old"


# notebooks from somewhere else


@pytest.mark.parametrize("stem", MODULES)
def test_without_any_metadata_everything_can_still_be_exported(stem):
    """As after an editor that knows nothing of metadata and cell ids."""
    ours = parse(COURSE.notebook(course.find(stem)))
    nb = to_ipynb(ours)
    nb.metadata.clear()
    for cell in nb.cells:
        cell.metadata.clear()
        del cell["id"]
    there = parse(ours.path, to_marimo(nb))
    assert module_source(there).partition("sha256")[2][20:].strip()  # no name is missing
    assert len(there.cells) == len(nb.cells) - 1 + (there.setup is None)  # without what only Jupyter needs; with `mo`
    assert {block.owner for block in there.solutions} == {block.owner for block in ours.solutions}
    tests = {name: cell.marks for name, cell in ours.definitions.items() if cell.is_test}
    assert {name: there.definitions[name].marks for name in tests} == tests


def test_imports_of_definitions_become_the_setup_cell(tmp_path):
    nb = code(
        "%matplotlib inline\nimport numpy as np", "import matplotlib.pyplot as plt",
        "def half(x):\n    return np.asarray(x) / 2", "import math", "def area(r):\n    return math.pi * r * r",
    )  # fmt: skip
    nb.cells.insert(0, v4.new_markdown_cell("# Title"))
    made = converted(nb, tmp_path)
    assert made.cells[0] is made.setup
    assert made.setup.source == "import marimo as mo\n# %matplotlib inline\nimport numpy as np\nimport math"
    assert [cell.name for cell in made.cells if cell.is_definition] == ["half", "area"]
    assert [cell.source for cell in made.cells if cell.kind == "code"] == ["import matplotlib.pyplot as plt"]
    assert "import math" in module_source(made)


def test_a_first_cell_that_uses_another_one_is_no_setup_cell(tmp_path):
    made = converted(code("import math\nbig = scale * 2", "scale = 3", "def f():\n    return math.pi"), tmp_path)
    assert made.setup is None


def test_an_import_that_a_student_adds_in_jupyter_joins_the_setup_cell():
    ours = parse(COURSE.notebook(TENSOR))
    nb = to_ipynb(ours)
    nb.cells[5:5] = [v4.new_code_cell("# mine\nfrom math import tau"), v4.new_code_cell("def turn():\n    return tau")]
    made = parse(ours.path, to_marimo(nb))
    assert made.setup.source == f"{ours.setup.source}\n# mine\nfrom math import tau"
    assert len(made.cells) == len(ours.cells) + 1


def test_magics_stay_as_text(tmp_path):
    made = converted(
        code(
            "%timeit sum(range(9))\n!ls", "%%bash\nls | wc", "%%time\ny = 1", "for n in range(2):\n    %time n\nn % 2",
            "f?", "files = !ls", "!pip install a \\\n    b\nz = 1",
        ),
        tmp_path,
    )  # fmt: skip
    assert [cell.source for cell in made.cells if cell.kind == "code"] == [
        "# %timeit sum(range(9))\n# !ls", "# %%bash\n# ls | wc", "# %%time\ny = 1",
        "for n in range(2):\n    pass  # %time n\nn % 2", "# f?", "# files = !ls", "# !pip install a \\\n# b\nz = 1",
    ]  # fmt: skip


def test_a_definition_gets_a_cell_of_its_own(tmp_path):
    source = (
        "import math\n\n# points: 2\ndef area(r):\n    return math.pi * r * r\n    ### END\n\nprint(area(2))\nx = 1"
    )
    made = converted(code(source), tmp_path)
    assert made.definitions["area"].source.endswith("* r\n    ### END")
    assert made.definitions["area"].marks == {"points": "2"}
    assert [cell.source for cell in made.cells if cell.kind == "code"] == ["print(area(2))\nx = 1"]


@pytest.mark.parametrize(
    "source", ["k = 3\ndef f():\n    return k", "def f():\n    return 1\nf = f()", "def _f():\n    return 1\n_f()"]
)
def test_a_cell_stays_whole_where_its_parts_would_not_find_each_other(tmp_path, source):
    assert source in [cell.source for cell in converted(code(source), tmp_path).cells]


def test_prose_with_every_kind_of_quote_and_a_picture(tmp_path):
    text = "a \"\"\" b ''' c \\' \\d\n\n![x](attachment:a b.png)"
    nb = v4.new_notebook(cells=[v4.new_markdown_cell(text), v4.new_raw_cell("raw"), v4.new_markdown_cell('one """')])
    nb.cells[0].attachments = {"a b.png": {"image/png": "AAAA"}}
    texts = [prose(cell) for cell in converted(nb, tmp_path).cells if cell.kind == "markdown"]
    assert texts == [text.replace("attachment:a b.png", "data:image/png;base64,AAAA"), "raw", 'one """']


def test_await_outside_of_a_function(tmp_path):
    made = converted(code("import asyncio\nawait asyncio.sleep(0)"), tmp_path)
    assert isinstance(made.cells[-1].node, ast.AsyncFunctionDef)


BROKEN = ["x = (1", "from math import *", "return 3", "print('''a\"\"\"''' \"\\d\" +)"]


@pytest.mark.parametrize("source", BROKEN)
def test_a_cell_that_marimo_cannot_have_is_kept_as_text(tmp_path, source):
    made = convert(str(file_of(code("y = 1", source), tmp_path)), "py")
    assert "mine.py:" in made.note and "\n" not in made.note
    tree = ast.parse(made.written.path.read_text(encoding="utf-8"))
    texts = [node.value.args[0].value.strip() for node in tree.body if "_unparsable_cell" in ast.unparse(node)]
    assert texts == [source]


def test_twice_defined_is_written_and_said(tmp_path):
    nb = code("def f():\n    return 1", "def f():\n    return 2")
    run = tito("convert", file_of(nb, tmp_path), "--to", "py", cwd=tmp_path)
    assert run.returncode == 0
    assert run.stdout.splitlines()[-1] == (
        "Fix before you use it: mine.py:13: f is defined in line 8 already: delete or rename one of the two"
    )
    assert (tmp_path / "mine.py").read_text(encoding="utf-8").count("def f()") == 2


def test_a_variable_of_several_cells_is_said(tmp_path):
    made = convert(str(file_of(code("x = 1", "x = 2\ny = 1", "y = 2", "_z = 1", "_z = 2"), tmp_path)), "py")
    assert made.note.startswith("x is set in several cells (lines 9, 15)") and made.note.endswith("; so are y")


def test_marimos_own_export_keeps_its_title(tmp_path):
    nb = code("x = 1")
    nb.metadata.marimo = {"app_config": {"app_title": 'My "first" one'}}
    assert "app_title=\"My 'first' one\"" in convert(str(file_of(nb, tmp_path)), "py").written.path.read_text("utf-8")


def test_marimo_runs_what_was_converted(tmp_path):
    """marimo itself, not only our reader."""
    nb = code(
        "import math", "%time x = 1", "def f(a):\n    return math.floor(a)\n\nb = f(2.5)", "c = b + 1\nprint('c is', c)"
    )
    nb.cells.append(v4.new_markdown_cell("the end"))
    convert(str(file_of(nb, tmp_path)), "py")
    run = subprocess.run([sys.executable, "mine.py"], cwd=tmp_path, capture_output=True, encoding="utf-8")
    assert (run.returncode, run.stdout) == (0, "c is 3\n"), run.stderr
