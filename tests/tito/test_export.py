"""Export: what becomes of a notebook's text, what is refused, and what happens to the files."""

import ast
import dataclasses
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import warm
from tests.tito.helpers import by_marimo, notebook, ruff, write
from tito import course
from tito.course import MODULES, ROOT
from tito.errors import TitoError
from tito.export import difference, export, is_hand_edited, module_source, staged
from tito.glue import NEVER, TEMPLATES, glue, templates, vocabulary_file
from tito.notebook import names_bound, parse
from tito.place import COURSE, Place
from tito.progress import completed
from tito.standards import without_hints
from tito.stub import stub

TENSOR = course.find("tensor")


@pytest.fixture
def exported(tmp_path):
    """The package text of a notebook's text."""
    return lambda text: module_source(parse(write(tmp_path / "notebooks" / "01_tiny.py", text)))


@pytest.fixture
def refusal(exported):
    """The sentence with which an export is refused."""

    def refuse(text):
        with pytest.raises(TitoError) as caught:
            exported(text)
        return str(caught.value)

    return refuse


def body(text: str) -> str:
    """A package module without the docstring that export writes above it."""
    return text.partition('"""\n')[2].strip("\n")


def function(source: str) -> str:
    return f"@app.function\n{source}"


# The text


def test_whole_text(exported):
    text = exported(
        notebook(
            function(
                '# points: 3\ndef double(x):\n    """Twice `x`.\n\n    Steps:\n        1. Add.\n    """\n    ### BEGIN SOLUTION\n'
                "    return np.add(x, x)\n    ### END SOLUTION"
            ),
            function("def test_double():\n    assert double(1) == 2"),
            "@app.cell\ndef _(double):\n    double(2)\n    return",
            "@app.class_definition\nclass Box:\n    size = LIMIT",
            setup="import marimo as mo\nimport numpy as np\n\nLIMIT = 3",
        )
    )
    note, _, signature = text.split("\n")[2].rpartition(" ")
    assert note == "Written by `tito export` from notebooks/01_tiny.py: edit that file instead. sha256:"
    assert len(signature) == 16
    assert text.startswith('"""Tiny.\n')
    assert body(text) == (
        'import numpy as np\n\nLIMIT = 3\n\n\ndef double(x):\n    """Twice `x`."""\n    return np.add(x, x)\n\n\n'
        "class Box:\n    size = LIMIT"
    )


def test_title_is_the_file_name_when_the_app_has_none(exported):
    assert exported(notebook(function("def f():\n    pass")).replace('app_title="Tiny"', "")).startswith(
        '"""01_tiny.\n'
    )


@pytest.mark.parametrize("prefix", ["test_", "measure_", "explore_", "plot_", "answer_", "question_"])
def test_what_belongs_to_the_lesson_stays_there(exported, prefix):
    text = exported(notebook(function(f"def {prefix}it():\n    pass"), function("def it():\n    pass")))
    assert body(text) == "def it():\n    pass"


def test_not_exported(exported):
    text = exported(notebook(function("# not exported\ndef f():\n    pass"), function("def g():\n    pass")))
    assert body(text) == "def g():\n    pass"


def test_notebook_without_anything_to_export(exported):
    text = exported(notebook(function("def test_f():\n    pass"), setup="import os"))
    assert body(text) == ""
    assert ruff(text) == ""


def test_demoted_definition_is_exported(exported):
    """marimo demotes what depends on a name that it does not know; here the name has come back since."""
    text = by_marimo('# points: 3\n@cache\ndef f(x):\n    """Doc.\n\n    Hint: no.\n    """\n    return x')
    assert "@app.cell" in text
    text = text.replace("\n\n\n@app.cell", "\n\n\nwith app.setup:\n    from functools import cache\n\n\n@app.cell")
    assert body(exported(text)) == 'from functools import cache\n\n\n@cache\ndef f(x):\n    """Doc."""\n    return x'


COMMENTED = """
# K1 above the decorator
@cache  # K2
# points: 3
# K3 below the decorator
def f(
    a,  # K4
    # K5
    b,
):  # K6
    # K7 before the docstring
    \"\"\"Doc. # K8

    # K9
    Steps:
        1. # lost
    \"\"\"
    # K10
    ### BEGIN SOLUTION
    # K11
    x = [  # K12
        # K13
        a,
    ]

    # K14 ### BEGIN SOLUTION
    if x:
        # points: K15
        pass
    ### END SOLUTION
    #### K16
    return b  # K17
    # K18
"""


def test_comments_survive(exported):
    setup = "# K19 lost with os\nimport os\n\n# K20\n\n# K21\nfrom functools import cache  # K22\n# K23 lost\nx = 1\n# K24 lost"
    text = exported(notebook(function(COMMENTED.strip()), setup=setup))
    kept = [n for n in range(1, 25) if f"K{n}" not in ("K19", "K23", "K24")]
    assert [n for n in range(1, 25) if f"K{n}\n" in text or f"K{n} " in text] == kept
    assert "lost" not in text


def test_markers_and_marks_vanish(exported):
    text = exported(notebook(function(COMMENTED.strip()), setup="from functools import cache"))
    assert [line for line in text.split("\n") if line.strip().startswith("###")] == ["    #### K16"]
    assert "points: 3" not in text


def test_marks_below_a_decorator_of_several_lines_vanish(exported):
    text = exported(notebook(function("@max(\n    print,\n)\n# points: 3\ndef f():\n    # points: 4\n    return 1")))
    assert body(text) == "@max(\n    print,\n)\ndef f():\n    # points: 4\n    return 1"


def docstring(*lines: str) -> str:
    """A function with a docstring of these lines."""
    return function("\n".join(["def f(steps):", f'    """{lines[0]}', *(f"    {line}".rstrip() for line in lines[1:])]))


EXAMPLES_AND_SECTIONS = (
    "What it does.",
    "",
    "Args:",
    "    steps: how many.",
    "    Hint: an argument of this name.",
    "",
    "Returns:",
    "    Something; see Steps: below.",
    "",
    "Raises:",
    "    ValueError: never.",
    "",
    ">>> f(1)",
    "2",
)


@pytest.mark.parametrize("closing", ["own line", "same line"])
def test_scaffold_is_dropped_and_other_sections_are_kept(exported, closing):
    scaffold = ["", "Steps:", "    1. Add.", "       And add.", "", "    2. Subtract.", "", "Hint: think", "about it."]
    scaffold += ['"""'] if closing == "own line" else []
    scaffold[-1] += "" if closing == "own line" else '"""'
    text = exported(notebook(docstring(*EXAMPLES_AND_SECTIONS, *scaffold)))
    assert body(text) == docstring(*EXAMPLES_AND_SECTIONS, '"""').removeprefix("@app.function\n")


def test_text_after_the_scaffold_is_kept(exported):
    text = exported(
        notebook(
            docstring("Doc.", "Steps:", "    1. Add.", "", "Hint: no.", "", "More.", "", "And more.", "  Deep.", '"""')
        )
    )
    assert body(text) == docstring("Doc.", "", "More.", "", "And more.", "  Deep.", '"""').removeprefix(
        "@app.function\n"
    )


@pytest.mark.parametrize(
    ("first", "written"),
    [("Doc.", '"""Doc."""'), ('Say "hi"', '"""Say "hi" """'), ("", '""" """')],
    ids=["sentence", "ends with a quote", "empty"],
)
def test_docstring_of_which_one_line_is_left(exported, first, written):
    text = exported(notebook(docstring(first, "", "Hint: no.", '"""') + "\n    return 1"))
    assert body(text) == f"def f(steps):\n    {written}\n    return 1"
    assert ruff(text) == ""


def test_docstring_without_scaffold_is_untouched(exported):
    source = 'def f():\n    """Doc.\n\n\n    Two blank lines above.   """'
    assert body(exported(notebook(function(source)))) == source


def test_scaffold_of_methods_and_of_the_class(exported):
    scaffold = "\n\n{0}Steps:\n{0}    1. lost\n{0}"
    source = (
        f'class A:\n    """Doc A.{scaffold.format("    ")}"""\n\n    def m(self):\n        """Doc m.{scaffold.format(" " * 8)}"""\n'
        f'        def inner():\n            """Doc inner.{scaffold.format(" " * 12)}"""\n'
    )
    text = exported(notebook(f"@app.class_definition\n{source}"))
    assert "lost" not in text
    assert "Steps" not in text
    assert all(f'"""Doc {name}."""' in text for name in ("A", "m", "inner"))


def test_strings_that_look_like_markers_or_docstrings(exported):
    source = (
        'def f():\n    text = """\n    ### BEGIN SOLUTION\n    # points: 3\n    Hint: keep\n\n    Steps:\n    """\n'
        '    quotes = \'"""\'\n    return text + quotes + \'### END SOLUTION\'\n    # """'
    )
    assert body(exported(notebook(function(source)))) == source


# What is taken of the setup cell


def setup_part(text: str) -> str:
    return body(text).partition("\n\n\n")[0]


def test_only_used_imports_are_kept(exported):
    text = exported(
        notebook(
            function("def f(x):\n    return math.sqrt(np.sum(reduce(x)))"),
            setup="import math\nimport os\nfrom functools import cache, reduce, wraps\n\nimport marimo as mo\nimport numpy as np\n\n"
            "import tinytorch.tensor\nfrom tito.lesson import show",
        )
    )
    assert setup_part(text) == "import math\nfrom functools import reduce\n\nimport numpy as np"
    assert ruff(text) == ""


def test_imports_that_only_an_example_uses_are_kept(exported):
    """The examples of docstrings are run in the package, too; what is of the lesson stays out even then."""
    text = exported(
        notebook(
            function(
                'def f(x):\n    """Half.\n\n    >>> f(math.inf)\n    inf\n    >>> show(f, 2)\n    """\n    return x / 2'
            ),
            setup="import math\nimport os\n\nfrom tito.lesson import show",
        )
    )
    assert setup_part(text) == "import math"


@pytest.mark.parametrize(
    ("uses", "kept"),
    [
        ("np", "import numpy as np"),
        ("math, T", "import math\n\nfrom tinytorch.tensor import Tensor as T"),
        (
            "json, Path, op, LIMIT",
            "import json\nfrom pathlib import Path\n\nfrom tinytorch.tensor import op\n\nLIMIT = 1",
        ),
        ("LIMIT", "LIMIT = 1"),
        ("os", "import os.path"),
    ],
)
def test_import_groups_are_stable_under_isort(exported, uses, kept):
    setup = (
        "import json\nimport math\nimport os.path\nfrom pathlib import Path\n\nimport marimo as mo\nimport numpy as np\n\n"
        "from tinytorch.tensor import Tensor as T, op\nfrom tito.lesson import show\n\nLIMIT = 1\nOTHER = 2"
    )
    text = exported(notebook(function(f"def f():\n    return {uses}"), setup=setup))
    assert setup_part(text) == kept
    assert ruff(text) == ""


@pytest.mark.parametrize(
    "use", ["@cache\ndef f():\n    pass", "def f(x=cache):\n    pass", "def f(x: cache):\n    pass"]
)
def test_import_that_only_a_head_uses(exported, use):
    assert setup_part(exported(notebook(function(use), setup="from functools import cache"))) == (
        "from functools import cache"
    )


def test_constants_with_their_comments_and_what_they_need(exported):
    setup = (
        "import math\nimport os\n\nimport numpy as np\n\n# not used\nUNUSED = os.sep\n# two lines\n# about TAU\nTAU = 2 * math.pi\n\n"
        "# a table\nTABLE = {\n    # of one\n    1: TAU,  # turn\n}"
    )
    text = exported(notebook(function("def f():\n    return TABLE"), setup=setup))
    assert setup_part(text) == (
        "import math\n\n# two lines\n# about TAU\nTAU = 2 * math.pi\n\n# a table\nTABLE = {\n    # of one\n    1: TAU,  # turn\n}"
    )
    assert ruff(text) == ""


def test_constant_that_is_filled_after_it_was_made(exported):
    setup = (
        "import operator\nimport sys\n\ntable = {}\ntable['add'] = operator.add\ntable.update(one=1)\nfor key in 'ab':\n"
        "    table[key] = key\nsys.path[:0] = ['x']\nsys.path.append('y')\nprint(table)\nother = {}\nother['a'] = 1"
    )
    text = exported(notebook(function("def f():\n    return table, sys.path, print"), setup=setup))
    assert setup_part(text) == (
        "import operator\nimport sys\n\ntable = {}\ntable['add'] = operator.add\ntable.update(one=1)\nfor key in 'ab':\n"
        "    table[key] = key"
    )


def test_function_in_setup_that_calls_a_later_one(exported):
    setup = "def first():\n    return second()\n\n\n@staticmethod\ndef second():\n    return math.pi\n\n\nimport math"
    text = exported(notebook(function("def f():\n    return first()"), setup=setup))
    namespace = {}
    exec(text, namespace)
    assert namespace["f"]() == pytest.approx(3.14159, abs=1e-4)
    assert "@staticmethod\ndef second" in text


def test_unused_function_in_setup_is_not_part_of_the_table_it_changes(exported):
    setup = "table = {}\n\n\ndef clear():\n    table.clear()"
    assert setup_part(exported(notebook(function("def f():\n    return table"), setup=setup))) == "table = {}"


def test_constant_that_a_definition_changes_with_global(exported):
    """`global` is no good style, but must not end in a NameError of the package."""
    text = exported(notebook(function("def f():\n    global n\n    n += 1\n    return n"), setup="n = 0"))
    assert setup_part(text) == "n = 0"


def test_string_in_setup_that_stands_further_left(exported):
    text = notebook(function("def f():\n    return PAGE"), setup="PAGE = 0").replace(
        "PAGE = 0", 'PAGE = """\nleft\n"""'
    )
    assert setup_part(exported(text)) == 'PAGE = """\nleft\n"""'


def test_local_variable_hides_an_import(exported):
    text = exported(notebook(function("def f(math):\n    return math.pi"), setup="import math"))
    assert body(text) == "def f(math):\n    return math.pi"


RICH = notebook(
    function(COMMENTED.strip()),
    docstring(*EXAMPLES_AND_SECTIONS, "", "Hint: no.", '"""').replace("def f(", "def g(") + "\n    return steps",
    '@app.class_definition\nclass Box:\n    """Doc."""\n\n    size = LIMIT\n\n    def m(self):\n        ### BEGIN SOLUTION\n'
    "        return np.zeros(3)\n        ### END SOLUTION\n\n    @property\n    def p(self):\n        return 1",
    function("@wraps(g)\n# not exported\n# kept out\ndef h():\n    return mo.md('')"),
    setup="import math\nfrom functools import (\n    cache,\n    partial,\n    wraps,\n)\n\nimport marimo as mo\nimport numpy as np\n\n"
    "# the most\nLIMIT = math.inf",
)


@pytest.mark.parametrize(
    "text",
    [
        RICH,
        notebook(function("def f():\n    return 1")),
        notebook(function("# a comment\ndef f():\n    return LIMIT"), setup="# the most\nLIMIT = 1"),
        notebook("@app.class_definition\nclass A:\n    pass", setup="import math"),
        notebook(function("# a comment\n@property\n# another\ndef f():\n    return 1")),
    ],
    ids=["rich", "one function", "comments", "one class", "comment first"],
)
def test_exported_text_passes_ruff(exported, text):
    assert ruff(exported(text)) == ""


def test_ruff_would_notice():
    assert "Import block is un-sorted" in ruff('"""Doc."""\n\nimport os\nimport math\n\nprint(os, math)\n')
    assert "-x  = 1" in ruff('"""Doc."""\n\nx  = 1\n')


def test_reference_notebook_passes_ruff():
    assert ruff(module_source(parse(Place(course.ROOT).notebook(TENSOR))), "tinytorch/tensor.py") == ""


# Refusals


def test_refused_variable_of_a_cell(refusal):
    text = notebook(
        "@app.cell\ndef _():\n    n = 1\n    rate = 2\n    return (rate,)",
        function('def f(x):\n    """Not rate here."""\n    return rate * x'),
    )
    line, cell = text.split("\n").index("    return rate * x") + 1, text.split("\n").index("    n = 1") + 1
    sentence = refusal(text)
    assert f"01_tiny.py:{line}: f uses rate, a variable of the cell in line {cell}" in sentence
    assert "pass it as an argument, or move it to the setup cell" in sentence


@pytest.mark.parametrize("helper", ["test_helper", "plot_helper", "answer_helper"])
def test_refused_helper_of_the_lesson(refusal, helper):
    sentence = refusal(notebook(function(f"def {helper}():\n    pass"), function(f"def f():\n    {helper}()")))
    assert f"f uses {helper}, which is not exported: rename {helper}" in sentence


def test_refused_definition_that_is_marked(refusal):
    text = notebook(function("# not exported\ndef g():\n    pass"), function("def f():\n    g()"))
    assert "f uses g, which is not exported" in refusal(text)


@pytest.mark.parametrize("setup", ["", "from math import *", "squares = [sqrt for sqrt in ()]"])
def test_refused_unknown_name(refusal, setup):
    sentence = refusal(notebook(function("def f():\n    return sqrt(2)"), setup=setup))
    assert "f uses sqrt, but nothing defines that name" in sentence


@pytest.mark.parametrize(
    ("setup", "name", "package"),
    [
        ("import marimo as mo", "mo", "marimo"),
        ("import matplotlib.pyplot as plt", "plt", "matplotlib"),
        ("from tito.lesson import show", "show", "tito"),
        ("import math, marimo", "marimo", "marimo"),
        ("import marimo as mo\nslider = mo.ui.slider(1, 2)", "slider", "marimo"),
        ("import marimo as mo\ntable = {}\ntable['a'] = mo.md('')", "table", "marimo"),
    ],
)
def test_refused_packages_of_the_lesson(refusal, setup, name, package):
    text = notebook(function("def g():\n    pass"), function(f"def f():\n    return {name}"), setup=setup)
    line = text.split("\n").index(f"    return {name}") + 1
    sentence = refusal(text)
    assert f"01_tiny.py:{line}: f uses {name}, which needs {package}" in sentence
    assert "put `# not exported` above f" in sentence


def test_names_that_need_no_import(exported):
    exported(notebook(function("def f():\n    return __file__, __name__, print, f, NotImplementedError")))


def test_imports_that_only_type_hints_need_are_kept(exported):
    setup = "from collections.abc import Callable, Iterator\nfrom typing import Literal\n\nimport numpy as np\n"
    text = exported(
        notebook(
            function(
                'def f(g: Callable, how: Literal["sum", "mean"] = "sum") -> "Iterator[np.ndarray] | Later":\n    return g()'
            ),
            function('class Later:\n    def same(self) -> "Later":\n        return self'),
            setup=setup,
        )
    )
    assert body(text).startswith(setup.strip())
    assert 'def f(g: Callable, how: Literal["sum", "mean"] = "sum") -> "Iterator[np.ndarray] | Later":' in text
    assert ruff(text) == ""


def test_a_type_hint_that_nothing_defines_is_refused(refusal):
    assert "f uses Tensr, but nothing defines that name" in refusal(
        notebook(function('def f(x: "Tensr"):\n    return x'))
    )


# The files

GLUE = glue([TENSOR]).keys()


def tensor_notebook(*cells: str, setup: str = "") -> str:
    """A notebook of module 01, with stand-ins for the names that `import tinytorch` offers of it."""
    there = "\n".join(cells)
    missing = [name for name in TENSOR.offers["tinytorch"] if f" {name}(" not in there and f" {name}:" not in there]
    return notebook(*cells, *[function(f"def {name}():\n    return {name!r}") for name in missing], setup=setup)


@pytest.fixture
def place(tmp_path):
    """A workspace that holds module 01 alone, exported."""
    there = Place(tmp_path / "workspace")
    write(there.notebook(TENSOR), tensor_notebook(function("def double(x):\n    return 2 * x")))
    export(there, [TENSOR])
    return there


def change(place: Place, old: str, new: str) -> None:
    path = place.notebook(TENSOR)
    text = path.read_text(encoding="utf-8")
    assert old in text
    write(path, text.replace(old, new))


def contents(place: Place) -> dict[str, tuple[str, int]]:
    paths = [path for path in place.package.rglob("*") if path.is_file()]
    names = {path: path.relative_to(place.package).as_posix() for path in paths}
    return {names[path]: (path.read_text(encoding="utf-8"), path.stat().st_mtime_ns) for path in paths}


def backups(place: Place) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted(place.state.rglob("*.py"))]


def test_export_writes_the_module_and_the_glue(place):
    assert contents(place).keys() == {"tensor.py", *GLUE}
    assert ast.parse((place.package / "tensor.py").read_text(encoding="utf-8"))
    assert difference(place, [TENSOR]) == ""


def test_first_export_reports_new_files(tmp_path):
    place = Place(tmp_path)
    write(place.notebook(TENSOR), tensor_notebook())
    done = export(place, [TENSOR])
    assert all(file.changed and file.kept is None and not file.was_edited for file in done)
    assert {file.path.relative_to(place.package).as_posix() for file in done} == {"tensor.py", *GLUE}


def test_export_of_the_same_touches_no_file(place):
    before = contents(place)
    done = export(place, [TENSOR])
    assert contents(place) == before
    assert not any(file.changed or file.kept or file.was_edited for file in done)
    assert backups(place) == []


def test_export_replaces_what_changed_and_keeps_the_old_text(place):
    old = contents(place)
    change(place, "2 * x", "x + x")
    done = {file.path.relative_to(place.package).as_posix(): file for file in export(place, [TENSOR])}
    assert "x + x" in contents(place)["tensor.py"][0]
    assert {name for name, file in done.items() if file.changed} == {"tensor.py"}
    assert not done["tensor.py"].was_edited
    assert backups(place) == [old["tensor.py"][0]]


@pytest.mark.parametrize(
    "edit",
    [
        lambda t: t.replace("2 * x", "3 * x"),
        lambda t: t + "# mine\n",
        lambda t: t.replace("sha256", "sha"),
        lambda t: "",
    ],
)
def test_hand_edit_is_noticed_and_kept(place, edit):
    path = place.package / "tensor.py"
    written = path.read_text(encoding="utf-8")
    edited = edit(written)
    assert edited != written
    write(path, edited)
    assert is_hand_edited(path)
    (file,) = [file for file in export(place, [TENSOR]) if file.changed]
    assert file.was_edited
    assert file.path == path
    assert [kept.read_text(encoding="utf-8") for kept in file.kept.rglob("*.py")] == [edited]
    assert path.read_text(encoding="utf-8") == written


def test_every_hand_edit_is_kept(place):
    path = place.package / "tensor.py"
    for number in range(3):
        write(path, path.read_text(encoding="utf-8") + f"# edit {number}\n")
        export(place, [TENSOR])
    assert [text.rpartition("\n#")[2].strip() for text in backups(place)] == ["edit 0", "edit 1", "edit 2"]


def test_windows_line_ends_are_no_hand_edit(place):
    path = place.package / "tensor.py"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert not is_hand_edited(path)
    assert difference(place, [TENSOR]) == ""


def test_edited_glue_is_kept_too(place):
    write(place.package / "__init__.py", "# mine\n")
    export(place, [TENSOR])
    assert backups(place) == ["# mine\n"]


def test_other_modules_files_are_left_alone(place):
    write(place.package / "mine.py", "x = 1\n")
    export(place, [TENSOR])
    assert contents(place)["mine.py"][0] == "x = 1\n"


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("@undefined.name\ndef double(x):\n    return x", "nothing defines that name"),
        ("@len\ndef double(x):\n    return x", "would not import, so nothing was written: TypeError"),
        ("def double(x, y=1 // 0):\n    return x", "ZeroDivisionError"),
        ("def double(x):\n    return (x", "syntax error"),
        ("@exit\ndef double(x):\n    return x", "would not import, so nothing was written"),
    ],
)
def test_export_that_would_not_import_writes_nothing(place, broken, reason):
    (place.package / "_names.py").unlink()  # an export would write this one anew
    before = contents(place)
    change(place, "def double(x):\n    return 2 * x", broken)
    with pytest.raises(TitoError, match=reason):
        export(place, [TENSOR])
    assert contents(place) == before
    assert backups(place) == []


def test_name_that_an_older_notebook_lacks_is_not_offered(place):
    change(place, "def randn(", "def random_normal(")
    export(place, [TENSOR])
    offered = (place.package / "__init__.py").read_text(encoding="utf-8").partition("from tinytorch.vocabulary")[0]
    assert "    rand,\n" in offered and "    randn,\n" not in offered


def test_export_imports_the_new_text_and_not_the_old(place, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(place.root))
    monkeypatch.setenv("PYTHONSAFEPATH", "1")  # else the current folder comes first anyway
    change(place, "def double(x)", "def double(x, y=1 // 0)")
    with pytest.raises(TitoError, match="ZeroDivisionError"):
        export(place, [TENSOR])


def test_staged_folder_is_a_copy_that_vanishes(place):
    before = contents(place)
    with staged(place, {"tensor.py": "x = 1\n", "new.py": ""}) as folder:
        names = contents(Place(folder))
        assert names.keys() == {"tensor.py", "new.py", *GLUE}
        assert names["tensor.py"][0] == "x = 1\n"
    assert not folder.exists()
    assert contents(place) == before


def test_difference_shows_a_changed_notebook_and_writes_nothing(place):
    before = contents(place)
    change(place, "2 * x", "x + x")
    diff = difference(place, [TENSOR])
    assert "--- tinytorch/tensor.py" in diff
    assert "-    return 2 * x" in diff
    assert "+    return x + x" in diff
    assert contents(place) == before


@pytest.mark.parametrize("stray", ["x = 1\n", ""], ids=["with text", "empty"])
def test_difference_shows_stray_files(place, stray):
    write(place.package / "stray.py", stray)
    assert "--- tinytorch/stray.py" in difference(place, [TENSOR])


def test_difference_shows_a_missing_file(place):
    (place.package / "_names.py").unlink()
    assert "+++ export of _names.py" in difference(place, [TENSOR])


def test_difference_shows_a_missing_line_end(place):
    path = place.package / "tensor.py"
    write(path, path.read_text(encoding="utf-8").rstrip("\n"))
    assert difference(place, [TENSOR]) != ""


# The glue


def python(place: Place, program: str, *arguments: str) -> str:
    """What a program prints that imports the place's `tinytorch` and nothing else."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    run = warm.run(
        [sys.executable, "-c", program, *arguments],
        env=clean | {"PYTHONPATH": str(place.root), "PYTHONUTF8": "1"},
        cwd=place.root,
        capture_output=True,
        encoding="utf-8",
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def caught(place: Place, *statements: str) -> list[list[str]]:
    """The class and the text of the exception that each statement raises, after an `import tinytorch` of its own."""
    program = """
import json, sys
found = []
for statement in json.loads(sys.argv[1]):
    for name in [name for name in sys.modules if name.startswith("tinytorch")]:
        del sys.modules[name]
    try:
        exec("import tinytorch\\n" + statement, {})
        found.append(["nothing", ""])
    except Exception as error:
        found.append([type(error).__name__, str(error)])
print(json.dumps(found))
"""
    return json.loads(python(place, program, json.dumps(statements)))


def test_package_offers_the_names_of_the_module(place):
    assert python(place, "import tinytorch\nprint(tinytorch.zeros(), tinytorch.Tensor())") == "zeros Tensor"


def test_the_package_imports_nothing_that_only_a_solution_needs():
    """A name that a module imports for a solution alone is gone from the export of a student who solves it without."""
    given = {m: names_bound(module_source(parse(p := COURSE.notebook(m), stub(p)))) for m in course.available()}
    wanted = {m: {name for names in m.offers.values() for name in names} for m in given}
    by_package = {f"tinytorch.{module.exported_as}": module for module in given}
    for name in templates():
        for node in ast.walk(ast.parse((TEMPLATES / name).read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module in by_package:
                wanted[by_package[node.module]] |= {alias.name for alias in node.names}
    missing = {module.stem: names - given[module] for module, names in wanted.items() if names - given[module]}
    assert missing == {}


def test_empty_package_can_be_imported(tmp_path):
    for name, text in glue([]).items():
        write(tmp_path / "tinytorch" / name, text)
    assert python(Place(tmp_path), "import warnings\nwarnings.simplefilter('error')\nimport tinytorch\nprint(1)") == "1"
    [[kind, message]] = caught(Place(tmp_path), "from tinytorch import Tensor")
    assert kind == "ImportError"
    assert message == "tinytorch.Tensor comes with module 01 (tensor), which is not there yet: " + (
        "finish module 01 first (tito module start 01)"
    )


WHOLE_COURSE = course.available()  # the fixture below ends it earlier
TO_START = "which is not there yet: finish module {0} first (tito module start {0})"
TO_COME = "which this version of the course does not have yet: it ends with module 07"


@pytest.fixture(autouse=True)
def course_that_ends_at_07(monkeypatch):
    """So that the sentences stay as they are while the course grows."""
    monkeypatch.setattr(course.Module, "available", property(lambda module: module.number <= "07"))


@pytest.mark.parametrize(
    ("name", "number", "how"),
    [("layers", "03", TO_START), ("spatial", "09", TO_COME), ("optim", "06", TO_START), ("utils", "08", TO_COME)],
)
def test_missing_module_says_which_to_finish(place, name, number, how):
    """An ImportError, never a ModuleNotFoundError, for which marimo would offer to install a package."""
    slug = next(module.slug for module in MODULES if module.number == number)
    sentence = f"tinytorch.{name} comes with module {number} ({slug}), {how.format(number)}"
    imports = [
        f"import tinytorch.{name}",
        f"import tinytorch.{name} as this",
        f"from tinytorch.{name} import Linear",
        f"from tinytorch import {name}",
    ]
    assert caught(place, *imports) == [["ImportError", sentence]] * len(imports)
    attributes = [f"tinytorch.{name}", f"getattr(tinytorch, '{name}')"]
    assert caught(place, *attributes) == [["AttributeError", sentence]] * len(attributes)


@pytest.mark.parametrize(
    ("name", "brings", "how"),
    [
        ("nn.Linear", "03 (layers)", TO_START.format("03")),
        ("nn.functional.relu", "02 (activations)", TO_START.format("02")),
        ("nn.init.uniform_", "03 (layers)", TO_START.format("03")),
        ("nn.Conv2d", "09 (spatial)", TO_COME),
        ("nn.functional.conv2d", "09 (spatial)", TO_COME),
        ("no_grad", "05 (autograd)", TO_START.format("05")),
        ("keep_memory", "13 (transformers)", TO_COME),
    ],
)
def test_missing_name_says_which_module_brings_it(place, name, brings, how):
    package, _, short = f"tinytorch.{name}".rpartition(".")
    sentence = f"tinytorch.{name} comes with module {brings}, {how}"
    statements = [
        f"import {package} as p; p.{short}",
        f"import {package}; {package}.{short}",
        f"from {package} import {short}",
        f"from {package} import __name__, {short} as other",
        f"import {package} as p; assert not hasattr(p, '{short}') and getattr(p, '{short}', 1) == 1",
    ]
    kinds = ["AttributeError", "AttributeError", "ImportError", "ImportError"]
    assert caught(place, *statements) == [*([kind, sentence] for kind in kinds), ["nothing", ""]]


def test_whole_package_to_come(place):
    statements = [
        "import tinytorch.utils.data",
        "from tinytorch.utils.data import DataLoader",
        "from tinytorch.utils import data",
        "from tinytorch.transforms import Compose",
    ]
    for kind, message in caught(place, *statements):
        assert kind == "ImportError" and f"comes with module 08 (dataloader), {TO_COME}" in message
    [[kind, message]] = caught(place, "tinytorch.DataLoader")
    assert kind == "AttributeError"
    assert message.startswith("tinytorch has no DataLoader: tinytorch.utils.data.DataLoader comes with module 08")


def test_any_other_name_says_what_there_is_instead(place):
    sentences = [
        ("from tinytorch import Variable", "tinytorch.Variable is not part of this course: a Tensor records"),
        ("tinytorch.compile", "tinytorch.compile is not part of this course: "),
        ("import tinytorch.jit", "tinytorch.jit is not part of this course: "),
        ("from tinytorch.jit import script", "tinytorch.jit is not part of this course: "),
        ("tinytorch.distributed", "tinytorch.distributed is not part of this course: everything runs in one process"),
        ("tinytorch.cuda.Stream()", "tinytorch.cuda.Stream is not part of this course: everything runs on the CPU"),
        ("from tinytorch.cuda.amp import autocast", "tinytorch.cuda.amp is not part of this course: everything runs"),
        ("tinytorch.nn.LSTM", "tinytorch.nn.LSTM is not part of this course: for sequences, module 12"),
        ("from tinytorch.nn import DataParallel", "tinytorch.nn.DataParallel is not part of this course: "),
        ("tinytorch.nn.Liner", "tinytorch.nn has no Liner: did you mean Linear? tinytorch.nn.Linear comes with"),
        ("tinytorch.tensr", "tinytorch has no tensr: did you mean tensor?"),
        ("tinytorch.double", "tinytorch has no double, but tinytorch.tensor has it"),
        ("tinytorch.nn.zeros", "tinytorch.nn has no zeros, but tinytorch has it"),
        ("tinytorch.np", "tinytorch has no np, and no module of this course brings it"),
        ("from tinytorch import nonsense", "tinytorch has no nonsense, and no module of this course brings it"),
    ]
    errors = caught(place, *[statement for statement, _ in sentences])
    for (statement, sentence), (kind, message) in zip(sentences, errors, strict=True):
        assert kind == ("ImportError" if "import" in statement else "AttributeError")
        assert message.startswith(sentence)


def test_in_the_course_names_of_autograd_are_explained_too():
    variable, nonsense, lbfgs = caught(
        COURSE,
        "from tinytorch.autograd import Variable",
        "tinytorch.autograd.nonsense",
        "tinytorch.optim.LBFGS",
    )
    assert variable[0] == "ImportError"
    assert variable[1].startswith("tinytorch.autograd.Variable is not part of this course: a Tensor records gradients")
    assert nonsense == [
        "AttributeError",
        "tinytorch.autograd has no nonsense, and no module of this course brings it",
    ]
    assert lbfgs[1] == "tinytorch.optim.LBFGS is not part of this course: there are SGD, Adam and AdamW"


def test_what_the_course_has_instead_is_of_no_use_for_a_name_that_it_has():
    """And each module that can only be refused has such a sentence."""
    spec = importlib.util.spec_from_file_location("later", COURSE.package / "_later.py")
    later = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(later)
    offered = {f"{view}.{name}" for module in MODULES for view, names in module.brings.items() for name in names}
    offered |= {f"tinytorch.{module.slug}" for module in MODULES}
    assert not {f"tinytorch.{name}" for name in later.INSTEAD} & offered
    assert {
        name for name in NEVER if name not in later.INSTEAD and name.rpartition(".")[0] not in later.INSTEAD
    } == set()


def test_unknown_names_are_ordinary_errors(place):
    statements = [
        "import tinytorch.nonsense",
        "import nonsense",
        "tinytorch.__nonsense__",
        "hasattr(tinytorch, 'nonsense')",
    ]
    kinds = [kind for kind, _ in caught(place, *statements)]
    assert kinds == ["ModuleNotFoundError", "ModuleNotFoundError", "AttributeError", "nothing"]


def test_a_name_far_down_in_a_long_function_is_explained_too(place):
    """More names than one byte counts: the bytecode has a prefix then."""
    names = "; ".join(f"a{number} = {number}" for number in range(300))
    errors = caught(place, f"{names}; from tinytorch.nn import Linear", f"{names}; tinytorch.nn.Linear")
    assert [kind for kind, _ in errors] == ["ImportError", "AttributeError"]


def test_no_import_hook_is_left_behind(place):
    program = "import sys\nbefore = [*sys.meta_path], [*sys.path_hooks]\nimport tinytorch, tinytorch.nn.functional\n"
    assert python(place, program + "print(before == (sys.meta_path, sys.path_hooks))") == "True"


def test_dir_lists_what_is_there():
    there = python(COURSE, "import tinytorch.nn as nn\nprint(*[n for n in dir(nn) if not n.startswith('_')])").split()
    offered = {name for module in WHOLE_COURSE for name in module.brings.get("tinytorch.nn", ())}
    assert {*there} - {"functional", "init", "utils"} == offered


def test_a_module_exported_later_takes_the_place_of_its_stand_in(place):
    before = python(place, "import importlib.util as u\nprint(u.find_spec('tinytorch.spatial').origin)")
    assert Path(before).parts[-2:] == ("_missing", "spatial.py")
    write(place.package / "spatial.py", "here = 1\n")
    assert python(place, "from tinytorch.spatial import here\nprint(here)") == "1"


def test_stand_ins_do_not_count_as_exported_and_are_no_hand_edit(place):
    assert completed(place).keys() == {"01"}
    assert not any(file.changed for file in export(place, [TENSOR]))
    write(place.package / "_missing" / "spatial.py", "an older version\n")
    assert [file.was_edited for file in export(place, [TENSOR]) if file.changed] == [False]


def test_tensor_is_a_module_to_import_from_and_a_function_to_call(place):
    program = (
        "import tinytorch\nprint(tinytorch.tensor())\nfrom tinytorch.tensor import double\nprint(double(3))\n"
        "import tinytorch.tensor\nimport tinytorch.tensor as t\nprint(tinytorch.tensor())\n"
        "from tinytorch import tensor\nprint(tensor())"
    )
    assert python(place, program).split() == ["tensor", "6", "tensor", "tensor"]
    assert python(place, "import tinytorch.tensor\nprint(tinytorch.tensor())") == "tensor"


def with_names(names: dict[str, tuple[str, ...]]) -> list:
    chosen = [m for m in MODULES if names.get(m.slug)]
    return [dataclasses.replace(m, offers={"tinytorch.nn": names[m.slug]}) for m in chosen]


@pytest.mark.parametrize(
    "names",
    [
        {},
        {"setup": ()},
        {"tensor": TENSOR.offers["tinytorch"]},
        {"tensor": ("Tensor",), "activations": ("relu", "gelu"), "layers": ("Linear",)},
        {"optimizers": ("clip_grad_norm_", "Adam", "SGD", "AdamW", "no_grad"), "losses": ("mse_loss",)},
        {"spatial": ("BatchNorm2d", "BCELoss", "conv2d", "Conv2d"), "autograd": ("backward",)},
    ],
    ids=lambda names: "-".join(names) or "none",
)
def test_glue_passes_ruff(names, tmp_path):
    shutil.copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    for name, text in glue(with_names(names)).items():
        write(tmp_path / "tinytorch" / name, text)
    for command in (["check", "--no-cache"], ["format", "--diff", "--no-cache"]):
        run = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "."], cwd=tmp_path, capture_output=True, encoding="utf-8"
        )
        assert run.returncode == 0, run.stdout + run.stderr


def test_in_a_complete_package_nothing_is_missing():
    text = glue(list(MODULES))["_names.py"]
    assert "modules = {}" in text and '"tinytorch.nn": {}' in text


def test_templates_come_with_module_01_and_say_where_they_are_from(place):
    assert not {"vocabulary/tensor.py", "cuda.py"} & glue([]).keys()
    for name in templates():
        copy, source = contents(place)[name][0], (TEMPLATES / name).read_text(encoding="utf-8")
        assert f"Copied by `tito export` from tito/templates/{name}" in ast.get_docstring(ast.parse(copy))
        assert ast.get_docstring(ast.parse(copy)).startswith(ast.get_docstring(ast.parse(source)))
        assert copy.endswith(source.split('"""', 2)[2])
        assert ruff(copy, f"tinytorch/{name}") == ""


@pytest.mark.parametrize("name", templates())
def test_public_functions_of_templates_have_type_hints(name):
    assert list(without_hints(ast.parse((TEMPLATES / name).read_text(encoding="utf-8")).body)) == []


@pytest.mark.parametrize("module", [m for m in course.available() if m.vocabulary], ids=lambda module: module.slug)
def test_every_name_of_the_vocabulary_is_there(module):
    """Methods of tensors are functions of the module as well, through its `__getattr__`."""
    program = "from importlib import import_module\n" + "\n".join(
        f"v = import_module('tinytorch.vocabulary.{vocabulary_file(module, view)}')\n"
        f"print([name for name in {names} if not hasattr(v, name)])"
        for view, names in module.vocabulary.items()
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {*run.stdout.splitlines()} == {"[]"}


@pytest.mark.parametrize(
    "reached",
    [
        "from tinytorch.tensor import Tensor",
        "import sys, tinytorch.tensor; Tensor = sys.modules['tinytorch.tensor'].Tensor",
        "from tinytorch import Tensor",
        "import tinytorch; Tensor = tinytorch.Tensor",
        "from tinytorch.vocabulary.tensor import Tensor",
        "from tinytorch.cuda import is_available; from tinytorch.tensor import Tensor",
    ],
)
def test_every_way_to_a_tensor_brings_what_the_vocabulary_adds(place, reached):
    with_vocabulary(place, "from tinytorch.tensor import Tensor\nTensor.twice = lambda self: 2\nis_tensor = callable\n")
    assert python(place, f"{reached}\nprint(Tensor().twice())") == "2"


def with_vocabulary(place: Place, text: str) -> None:
    """A tensor.py whose Tensor is a class, and another vocabulary/tensor.py, in a workspace with module 01 alone."""
    path = place.package / "tensor.py"
    text_of_tensor = path.read_text(encoding="utf-8")
    assert "def Tensor():" in text_of_tensor
    write(path, text_of_tensor.replace("def Tensor():\n    return 'Tensor'", "class Tensor:\n    pass"))
    write(place.package / "vocabulary" / "tensor.py", text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("from tinytorch.tensor import Tensor, what_is_not_there\n", "cannot import name 'what_is_not_there'"),
        ("1 // 0\n", "by zero"),
        ("is_tensr = callable\n", "cannot import name"),
        ("def (\n", "invalid syntax"),
    ],
)
def test_the_package_survives_a_broken_vocabulary(place, text, reason):
    """As with a tensor.py of an older notebook, which lacks a name: one warning, and the rest works."""
    with_vocabulary(place, text)
    program = (
        "import warnings\nwith warnings.catch_warnings(record=True) as caught:\n"
        "    warnings.simplefilter('always')\n    from tinytorch.tensor import Tensor\n"
        "print(*[warning.message for warning in caught], sep='\\n')\nprint(Tensor().__class__.__name__)\n"
    )
    warning, kind = python(place, program).splitlines()
    assert warning.startswith("tinytorch.vocabulary.tensor does not work, so its names and methods are missing: ")
    assert reason in warning and kind == "Tensor"


def with_templates(monkeypatch, folder: Path, vocabulary: str) -> None:
    """The course's templates with another vocabulary/tensor.py."""
    shutil.copytree(TEMPLATES, folder)
    write(folder / "vocabulary" / "tensor.py", vocabulary)
    monkeypatch.setattr("tito.glue.TEMPLATES", folder)


def test_an_old_notebook_that_the_vocabulary_does_not_fit_is_exported(place, monkeypatch, tmp_path):
    with_templates(
        monkeypatch, tmp_path / "templates", '"""Title."""\n\nfrom tinytorch.tensor import what_is_not_there\n'
    )
    change(place, "2 * x", "x + x")
    changed = [file.path.relative_to(place.package) for file in export(place, [TENSOR]) if file.changed]
    assert {Path("tensor.py"), Path("vocabulary", "tensor.py")} <= {*changed}


def test_a_new_template_is_no_hand_edit(place, monkeypatch, tmp_path):
    with_templates(monkeypatch, tmp_path / "templates", '"""Title."""\n\nis_tensor = callable\n')
    done = {file.path.relative_to(place.package).as_posix(): file for file in export(place, [TENSOR])}
    assert done["vocabulary/tensor.py"].changed and not done["vocabulary/tensor.py"].was_edited


def test_a_file_of_an_earlier_version_goes_and_is_kept(place):
    write(place.package / "vocabulary.py", "earlier = 1\n")
    export(place, [TENSOR])
    assert not (place.package / "vocabulary.py").exists() and "earlier = 1\n" in backups(place)


def test_the_vocabulary_of_a_module_waits_for_its_export(tmp_path):
    there = [module for module in course.available() if module.number <= "03"]
    for name, text in glue(there).items():
        write(tmp_path / "tinytorch" / name, text)
    for module in there:
        shutil.copyfile(COURSE.exported(module), tmp_path / "tinytorch" / module.file)
    program = "import sys, tinytorch.nn\nprint('tinytorch.vocabulary.losses' in sys.modules)\nprint(tinytorch.nn.ModuleList())"
    assert python(Place(tmp_path), program).splitlines() == ["False", "ModuleList()"]
    [[_, message]] = caught(Place(tmp_path), "from tinytorch.nn import NLLLoss")
    assert message.startswith("tinytorch.nn.NLLLoss comes with module 04 (losses)")


def test_layers_survive_a_broken_vocabulary(tmp_path):
    shutil.copytree(COURSE.package, tmp_path / "tinytorch")
    write(tmp_path / "tinytorch" / "vocabulary" / "layers.py", "1 // 0\n")
    program = (
        "import warnings\nwith warnings.catch_warnings(record=True) as caught:\n"
        "    warnings.simplefilter('always')\n    from tinytorch.layers import Linear\n"
        "print(*[warning.message for warning in caught])\nprint(Linear(2, 3), hasattr(Linear, 'double'))"
    )
    warning, layer = python(Place(tmp_path), program).splitlines()
    assert warning.startswith("tinytorch.vocabulary.layers doesn't work") and warning.endswith("by zero")
    assert layer == "Linear(in_features=2, out_features=3, bias=True) False"


def test_a_reload_attaches_the_vocabulary_to_the_new_classes():
    program = (
        "import importlib, sys, tinytorch.layers\nfor name in ('tinytorch.layers', 'tinytorch'):\n"
        "    importlib.reload(sys.modules[name])\n"
        "from tinytorch.layers import Linear\nprint(Linear(2, 3).double().weight.dtype)"
    )
    assert python(COURSE, program) == "float64"


def test_there_is_no_gpu(place):
    assert python(place, "import tinytorch\nprint(tinytorch.cuda.is_available())") == "False"
    assert python(place, "import tinytorch.cuda as cuda\nprint(cuda.device_count())") == "0"


def test_the_package_survives_a_broken_autograd(place):
    """How else could you fix it? The rest works, without gradients, and a warning says so."""
    files = dict(glue([m for m in MODULES if m.slug in ("tensor", "activations", "autograd")]))
    for slug in ("tensor", "activations"):
        files[f"{slug}.py"] = (ROOT / "tinytorch" / f"{slug}.py").read_text(encoding="utf-8")
    files["autograd.py"] = "from tinytorch.tensor import Tensor, what_is_no_longer_there\n"
    for name, text in files.items():
        write(place.package / name, text)
    program = (
        "import warnings\nwith warnings.catch_warnings(record=True) as caught:\n"
        "    warnings.simplefilter('always')\n    import tinytorch\n"
        "print(len(caught), caught[0].message)\nprint(tinytorch.relu(tinytorch.tensor([-1.0, 2.0])).tolist())\n"
    )
    warning, result = python(place, program).splitlines()
    assert warning.startswith(
        "1 tinytorch.autograd does not work, so there are no gradients: cannot import name 'what_is"
    )
    assert result == "[0.0, 2.0]"
