"""What a student gets: the notebook without solutions and hidden tests; and the plain module that tests run on."""

import ast

import pytest

from tests.tito.helpers import by_marimo, notebook, write
from tito.course import ROOT, available
from tito.notebook import parse
from tito.plain import plain_module
from tito.stub import replace_blocks, stub

TINY = notebook(
    '@app.cell(hide_code=True)\ndef _():\n    mo.md(r"""\n    ### BEGIN SOLUTION\n    is what a marker looks like.\n    """)\n    return',
    '''
@app.function
# points: 3, not exported
def halves(xs, *, by=2):
    """Divide.

    >>> halves([2])
    [1.0]

    Steps:
        1. Divide each.

    Hint: a list.
    """
    given = list(xs)  # given
    ### BEGIN SOLUTION
    secret = [x / by for x in given]

    # a secret comment
    return secret
    ### END SOLUTION
''',
    '''
@app.function
# points: 4
def test_halves():
    """WHAT: halves."""
    assert halves([2]) == [1.0]
    ### BEGIN HIDDEN TESTS
    assert halves([4]) == [2.0], "hidden"
    ### END HIDDEN TESTS
''',
    '''
@app.class_definition
class Box:
    """Holds."""

    def __init__(self, size):
        self.size = size
        ### BEGIN SOLUTION
        self.secret = size
        ### END SOLUTION

    @property
    def volume(self):
        ### BEGIN SOLUTION
        return self.secret**3
        ### END SOLUTION

    def given(self):
        return "given"
''',
    "@app.function\ndef plot_box(box):\n    return mo.md(str(box))",
    "@app.cell\ndef _(halves):\n    plot_box(Box(1))\n    return",
    setup="import math\n\nimport marimo as mo\n\n# about the table\ntable = {}\ntable['pi'] = math.pi",
)


@pytest.fixture
def tiny(tmp_path):
    return write(tmp_path / "01_tiny.py", TINY)


@pytest.fixture
def parsed(tmp_path):
    return lambda text: parse(write(tmp_path / "01_other.py", text))


def run(text: str) -> dict:
    namespace = {"__name__": "tiny"}
    exec(compile(text, "tiny.py", "exec"), namespace)
    return namespace


def lines_between(text: str, begin: str, end: str) -> list[str]:
    """The lines between markers, found without tito."""
    found, inside = [], False
    for line in text.split("\n"):
        inside = (inside or line.strip() == begin) and line.strip() != end
        if inside and line.strip() != begin:
            found.append(line)
    return found


# The stub


def test_whole_stub(tiny):
    """Line by line: what is not a solution or a hidden test is as it was."""
    expected = TINY
    for solution, owner in [
        ("    secret = [x / by for x in given]\n\n    # a secret comment\n    return secret\n", "halves"),
        ("        self.secret = size\n", "Box.__init__"),
        ("        return self.secret**3\n", "Box.volume"),
    ]:
        indent = " " * (len(solution) - len(solution.lstrip()))
        assert solution in TINY
        todo = f'{indent}raise NotImplementedError("{owner}: replace this line with your code")\n'
        expected = expected.replace(solution, todo)
    hidden = expected[expected.index("    ### BEGIN HIDDEN") : expected.index("    ### END HIDDEN TESTS\n")]
    expected = expected.replace(hidden + "    ### END HIDDEN TESTS\n", "")
    assert stub(tiny) == expected


def test_stub_has_the_same_cells_signatures_and_marks(tiny, parsed):
    before, after = parse(tiny), parsed(stub(tiny))
    assert [(c.kind, c.name, c.marks) for c in after.cells] == [(c.kind, c.name, c.marks) for c in before.cells]
    assert [block.owner for block in after.solutions] == [block.owner for block in before.solutions]
    assert after.hidden_tests == []
    for name in ("halves", "test_halves"):
        old, new = before.definitions[name].node, after.definitions[name].node
        assert ast.unparse(new.args) == ast.unparse(old.args)
        assert ast.get_docstring(new) == ast.get_docstring(old)


def test_stub_of_a_stub_is_the_same(tiny, tmp_path):
    once = stub(tiny)
    assert stub(write(tmp_path / "01_once.py", once)) == once


def test_unsolved_exercise_says_which_it_is(tiny, parsed):
    namespace = run(plain_module(parsed(stub(tiny))))
    with pytest.raises(NotImplementedError, match=r"^halves: "):
        namespace["test_halves"]()
    with pytest.raises(NotImplementedError, match=r"^Box\.__init__: "):
        namespace["Box"](1)
    with pytest.raises(NotImplementedError, match=r"^Box\.volume: "):
        _ = namespace["Box"].__new__(namespace["Box"]).volume


def test_marker_in_prose_stays(tiny):
    assert "    ### BEGIN SOLUTION\n    is what a marker looks like.\n" in stub(tiny)


@pytest.mark.parametrize("module", available(), ids=lambda module: module.stem)
def test_no_line_of_a_solution_or_hidden_test_is_left(module, parsed):
    """Found in the course's notebooks; a line that also stands elsewhere (`return out`) is no secret."""
    path = ROOT / "notebooks" / f"{module.stem}.py"
    text = path.read_text(encoding="utf-8")
    secret = lines_between(text, "### BEGIN SOLUTION", "### END SOLUTION")
    secret += lines_between(text, "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS")
    kept = text.split("\n")
    for line in secret:
        kept.remove(line)
    stubbed = stub(path)
    for line in {line for line in secret if line.strip()} - set(kept):
        assert line not in stubbed.split("\n"), line
    assert secret or "### BEGIN" not in text
    compile(stubbed, str(path), "exec")
    unsolved = [line for line in stubbed.split("\n") if "raise NotImplementedError(" in line and "replace this" in line]
    assert [line.split('"')[1].partition(":")[0] for line in unsolved] == [b.owner for b in parse(path).solutions]


def test_stub_keeps_what_only_splitlines_takes_for_a_line_end(tmp_path):
    text = TINY.replace("# given", "# \u2028 \x0c given")
    assert "# \u2028 \x0c given" in stub(write(tmp_path / "01_tiny.py", text))
    assert "secret" not in stub(tmp_path / "01_tiny.py")


def test_stub_of_a_file_with_windows_line_ends(tmp_path):
    path = tmp_path / "01_tiny.py"
    path.write_bytes(b"\xef\xbb\xbf" + TINY.replace("\n", "\r\n").encode())
    assert stub(path) == stub(write(tmp_path / "02_tiny.py", TINY))


def test_stub_of_a_demoted_exercise(tmp_path):
    code = "def f(x):\n    ### BEGIN SOLUTION\n    return x + unknown\n    ### END SOLUTION"
    text = by_marimo(code)
    assert "@app.cell" in text
    assert stub(write(tmp_path / "01_tiny.py", text)) == text.replace(
        "return x + unknown", 'raise NotImplementedError("f: replace this line with your code")'
    )


# replace_blocks


def test_replace_blocks_indents_and_leaves_the_rest(tiny):
    notebook = parse(tiny)
    volume = notebook.solutions[2]
    text = replace_blocks(notebook, {volume: ["if self:", "    return 0", "", "return 1"]}, keep_hidden=True)
    new = "        if self:\n            return 0\n\n        return 1\n"
    assert text == TINY.replace("        return self.secret**3\n", new)


def test_replace_blocks_drops_hidden_tests_unless_told(tiny):
    notebook = parse(tiny)
    assert replace_blocks(notebook, {}, keep_hidden=True) == TINY
    text = replace_blocks(notebook, {})
    assert "hidden" not in text
    assert "HIDDEN" not in text
    assert "self.secret**3" in text


def test_replace_blocks_there_and_back(tiny, parsed):
    """The reference's lines, put into a stub, make the notebook again."""
    notebook = parse(tiny)
    unsolved = parsed(replace_blocks(notebook, {block: ["pass"] for block in notebook.solutions}, keep_hidden=True))
    bodies = {
        new: [line.removeprefix(old.indent) for line in notebook.lines[old.begin : old.end - 1]]
        for new, old in zip(unsolved.solutions, notebook.solutions, strict=True)
    }
    assert replace_blocks(unsolved, bodies, keep_hidden=True) == TINY


def test_replace_blocks_with_an_empty_block(parsed):
    notebook = parsed(TINY.replace("        self.secret = size\n", ""))
    init = notebook.solutions[1]
    assert init.end == init.begin + 1
    assert replace_blocks(notebook, {init: ["self.secret = size"]}, keep_hidden=True) == TINY


# The plain module


def assert_lines_stand_where_they_stood(notebook, text: str) -> None:
    """Every line is blank or, but for the indentation, the notebook's own of that number."""
    lines = text.split("\n")
    assert len(lines) == len(notebook.text.split("\n"))
    for number, (plain, original) in enumerate(zip(lines, notebook.text.split("\n"), strict=True), 1):
        assert plain.strip() in ("", original.strip()), number


def test_plain_module_keeps_lines_at_their_numbers(tiny):
    notebook = parse(tiny)
    text = plain_module(notebook)
    assert_lines_stand_where_they_stood(notebook, text)
    for cell in notebook.definitions.values():
        if not cell.name.startswith("plot_"):
            for offset, line in enumerate(cell.source.split("\n")):
                assert text.split("\n")[cell.line - 1 + offset] == line


def test_plain_module_of_the_reference_notebook():
    notebook = parse(ROOT / "notebooks" / "01_tensor.py")
    text = plain_module(notebook)
    assert_lines_stand_where_they_stood(notebook, text)
    assert "import marimo" not in text
    there = {node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    assert there == {n for n in notebook.definitions if not n.startswith(("plot_", "explore_", "measure_"))}


def test_plain_module_runs_without_marimo(tiny):
    text = plain_module(parse(tiny))
    assert "marimo" not in text
    assert "plot_box" not in text
    namespace = run(text)
    namespace["test_halves"]()
    assert namespace["Box"](2).volume == 8


def test_error_in_a_plain_module_names_the_notebooks_line(tiny):
    namespace = run(plain_module(parse(tiny)))
    namespace["halves"] = lambda xs: []
    with pytest.raises(AssertionError) as caught:
        namespace["test_halves"]()
    assert caught.traceback[-1].lineno + 1 == TINY.split("\n").index("    assert halves([2]) == [1.0]") + 1


def test_plain_module_holds_a_helper_for_show_that_a_test_calls(parsed):
    notebook = parsed(
        notebook_text(
            "def measure_it():\n    return explore_it()",
            "def explore_it():\n    return 1",
            "def explore_other():\n    return 2",
            "def test_it():\n    assert measure_it() == 1",
        )
    )
    text = plain_module(notebook)
    run(text)["test_it"]()
    assert "explore_other" not in text


def notebook_text(*functions: str, setup: str = "") -> str:
    return notebook(*[f"@app.function\n{source}" for source in functions], setup=setup)


def test_plain_module_of_demoted_definitions(parsed):
    notebook = parsed(by_marimo("@unknown\ndef f():\n    return 1", "def test_f():\n    assert f() == unknown"))
    assert notebook.definitions["f"].demoted
    text = plain_module(notebook)
    assert_lines_stand_where_they_stood(notebook, text)
    assert "@unknown\ndef f():\n    return 1\n" in text


def test_plain_module_takes_of_setup_what_is_used(parsed):
    setup = (
        "import math\nimport os\nfrom functools import cache\n\nimport marimo as mo\n\ntable = {}\ntable['pi'] = math.pi\n\n\n"
        "@cache\ndef pi():\n    return table['pi']"
    )
    notebook = parsed(notebook_text("def test_it():\n    assert pi() > 3 and pi.cache_info().misses == 1", setup=setup))
    text = plain_module(notebook)
    assert_lines_stand_where_they_stood(notebook, text)
    assert "import os" not in text
    assert "import marimo" not in text
    run(text)["test_it"]()


def test_plain_module_takes_what_only_an_example_uses(parsed):
    """In a stub the solutions no longer use an import; its examples still do."""
    source = 'def f(x):\n    """Doc.\n\n    >>> f(math.pi)\n    3\n    >>> for a in [\n    ...     os.sep\n    ... ]: pass\n    """\n    return int(x)'
    text = plain_module(parsed(notebook_text(source, setup="import math\nimport os\nimport sys")))
    assert "import math\nimport os\n" in text
    assert "import sys" not in text


def test_plain_module_without_setup(parsed):
    run(plain_module(parsed(notebook_text("def test_it():\n    assert True"))))["test_it"]()
