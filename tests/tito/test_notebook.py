"""The parser: what a cell is, whose line is whose, and what it says about a notebook that cannot be read."""

import ast
import re

import pytest

from tests.tito.helpers import HEAD, by_marimo, notebook, write
from tito.course import ROOT
from tito.errors import TitoError
from tito.notebook import comment_lines, line_of, lines_of, mark_comment, names_bound, names_read, parse


@pytest.fixture
def read(tmp_path):
    """Parse a text."""
    return lambda text: parse(write(tmp_path / "01_tiny.py", text))


@pytest.fixture
def refusal(read):
    """The sentence with which a text is refused."""

    def refuse(text):
        with pytest.raises(TitoError) as caught:
            read(text)
        return str(caught.value)

    return refuse


def line_with(text: str, part: str) -> int:
    numbers = [number for number, line in enumerate(text.split("\n"), 1) if part in line]
    assert len(numbers) == 1, (part, numbers)
    return numbers[0]


def assert_lines_are_right(parsed):
    """Every cell's source stands in the file at the line it says, but for the indentation."""
    file = parsed.text.split("\n")
    for cell in parsed.cells:
        source = cell.source.split("\n")
        there = file[cell.line - 1 : cell.line - 1 + len(source)]
        assert [line.strip() for line in source] == [line.strip() for line in there], cell.name


# Cells


EVERY_KIND = notebook(
    '@app.cell(hide_code=True)\ndef _():\n    mo.md(r"""\n    # Title\n    """)\n    return',
    "@app.function\ndef double(x):\n    return 2 * x",
    "@app.class_definition\nclass Box:\n    size = 1",
    "@app.cell\ndef look(double):\n    # a comment first\n    y = double(3)\n    y\n    return (y,)",
    '@app.cell(hide_code=True)\ndef question_why():\n    # points: 2, answered by hand\n    mo.md("Why?")\n    return',
    setup="import marimo as mo",
)


def test_cells_of_every_kind(read):
    parsed = read(EVERY_KIND)
    assert [(cell.kind, cell.name) for cell in parsed.cells] == [
        ("setup", "setup"),
        ("markdown", "_"),
        ("function", "double"),
        ("class", "Box"),
        ("code", "look"),
        ("markdown", "question_why"),
    ]
    assert parsed.setup.source == "import marimo as mo"
    assert parsed.definitions.keys() == {"double", "Box"}
    assert not any(cell.demoted for cell in parsed.cells)
    assert_lines_are_right(parsed)


def test_source_is_what_the_editor_shows(read):
    sources = {cell.name: cell.source for cell in read(EVERY_KIND).cells}
    assert sources["double"] == "def double(x):\n    return 2 * x"
    assert sources["look"] == "# a comment first\ny = double(3)\ny"
    assert sources["question_why"] == '# points: 2, answered by hand\nmo.md("Why?")'


def test_marks_of_a_markdown_cell(read):
    assert read(EVERY_KIND).cells[-1].marks == {"points": "2", "answered by hand": ""}


@pytest.mark.parametrize(
    "decorator", ["@app.function", "@app.function(hide_code=True)", "@app.function(\n    hide_code=True,\n)"]
)
def test_decorator_with_arguments(read, decorator):
    cell = read(notebook(f"{decorator}\n# points: 3\ndef f():\n    return 1")).cells[0]
    assert (cell.kind, cell.name, cell.marks) == ("function", "f", {"points": "3"})
    assert cell.source == "# points: 3\ndef f():\n    return 1"


def test_other_decorators_belong_to_the_source(read):
    text = notebook("@app.function\n@wraps(len)\n@cache\ndef f():\n    return 1")
    cell = read(text).cells[0]
    assert cell.source == "@wraps(len)\n@cache\ndef f():\n    return 1"
    assert cell.line == line_with(text, "@wraps")


@pytest.mark.parametrize("marks", ["before", "after"])
def test_marks_beside_a_decorator_of_several_lines(read, marks):
    decorator = "@register(\n    1,  # points: 9\n    2,\n)"
    above, below = ("# points: 4\n", "") if marks == "before" else ("", "# points: 4\n")
    cell = read(notebook(f"@app.function\n{above}{decorator}\n{below}def f():\n    # points: 5\n    return 1")).cells[0]
    assert cell.marks == {"points": "4"}


def test_mark_comments():
    assert mark_comment("# points: 4, answered by hand") == {"points": "4", "answered by hand": ""}
    assert mark_comment("#not exported") == {"not exported": ""}
    for other in ("# a comment", "points: 4", "#", "# points: 4 of 5, or so", "x = 1  # points: 4"):
        assert mark_comment(other) == {}, other


def test_setup_with_hide_code_and_comments(read):
    text = notebook("@app.function\ndef f():\n    pass", setup="# above\nimport os\n\n# below\nlimit = 3").replace(
        "app.setup:", "app.setup(hide_code=True):  # hidden"
    )
    parsed = read(text)
    assert parsed.setup.source == "# above\nimport os\n\n# below\nlimit = 3"
    assert parsed.setup.line == line_with(text, "# above")


def test_trailing_comment_of_the_setup_cell(read):
    parsed = read(notebook("@app.function\ndef f():\n    pass", setup="x = 1\n# last"))
    assert parsed.setup.source == "x = 1\n# last"


def test_without_a_setup_cell(read):
    assert read(notebook("@app.function\ndef f():\n    pass")).setup is None


def test_trailing_indented_comment_belongs_to_the_cell(read):
    text = notebook(
        "@app.function\ndef f():\n    ### BEGIN SOLUTION\n    return 1\n\n    ### END SOLUTION",
        "@app.class_definition\nclass A:\n    def m(self):\n        return 1\n        # end of m",
    )
    f, a = read(text).cells
    assert f.source.endswith("return 1\n\n    ### END SOLUTION")
    assert a.source.endswith("        # end of m")


def test_comment_at_column_0_belongs_to_nobody(read):
    """marimo drops it, so export must not count on it."""
    parsed = read(notebook("@app.function\ndef f():\n    return 1\n# lost", "@app.function\ndef g():\n    return 2"))
    assert [cell.source for cell in parsed.cells] == ["def f():\n    return 1", "def g():\n    return 2"]


def test_windows_line_ends_and_byte_order_mark(tmp_path):
    path = tmp_path / "01_tiny.py"
    path.write_bytes(b"\xef\xbb\xbf" + EVERY_KIND.replace("\n", "\r\n").encode())
    parsed = parse(path)
    assert parsed.text == EVERY_KIND
    assert_lines_are_right(parsed)


@pytest.mark.parametrize("separator", ["\x0c", "\x1c", "\x85", "\u2028"])
def test_characters_that_only_splitlines_takes_for_a_line_end(read, separator):
    text = notebook(
        f'@app.cell\ndef _():\n    mo.md("copied{separator}from the web")\n    return',
        "@app.function\ndef f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION",
    )
    parsed = read(text)
    assert parsed.definitions["f"].source.startswith("def f():")
    assert parsed.solutions[0].begin == text.split("\n").index("    ### BEGIN SOLUTION") + 1
    assert "\n".join(parsed.lines) + "\n" == text


def test_string_that_stands_further_left_than_the_code(read):
    text = HEAD + 'with app.setup:\n    page = """\nleft\n  more\n"""\n    n = 1\n'
    source = read(text).setup.source
    assert source == 'page = """\nleft\n  more\n"""\nn = 1'
    assert names_bound(source) == {"page", "n"}


def test_multi_line_signature_and_return_of_a_cell(read):
    names = [f"a_rather_long_name_{number}" for number in range(6)]
    text = by_marimo(*[f"{name} = 1" for name in names], "# sum\ntotal = " + " + ".join(names), "print(total)")
    assert "def _(\n" in text, "marimo no longer breaks a long signature: change this test"
    parsed = read(text)
    assert parsed.cells[-2].source == "# sum\ntotal = " + " + ".join(names)
    assert_lines_are_right(parsed)


def test_comment_behind_the_head_of_a_cell(read):
    assert read(notebook("@app.cell\ndef _(x):  # noqa\n    if x:\n        x\n    return")).cells[0].source == (
        "if x:\n    x"
    )


def test_empty_cell(read):
    cell = read(notebook("@app.cell\ndef _():\n    return")).cells[0]
    assert (cell.kind, cell.source) == ("code", "")


# Definitions that marimo has demoted, and code that marimo keeps as text


def test_demoted_definition_written_by_marimo(read):
    code = "# points: 3\n@undefined_decorator\ndef f(x):\n    return x + undefined_name\n    ### END SOLUTION"
    text = by_marimo(code, "class A:\n    x = undefined_name")
    assert "@app.function" not in text, "marimo no longer demotes: change this test"
    parsed = read(text)
    f, a = parsed.cells
    assert (f.kind, f.name, f.demoted, f.marks) == ("function", "f", True, {"points": "3"})
    assert f.source == code
    assert (a.kind, a.name, a.demoted) == ("class", "A", True)
    assert_lines_are_right(parsed)


def test_demoted_definition_with_parameters_over_several_lines(read):
    unknown = [f"an_unknown_name_number_{number}" for number in range(6)]
    code = "def f():\n    return " + " + ".join(unknown)
    text = by_marimo(code)
    assert "def _(\n" in text
    cell = read(text).cells[0]
    assert (cell.kind, cell.name, cell.source) == ("function", "f", code)


@pytest.mark.parametrize("ending", ["", "\n    return", "\n\n    return (f,)", "\n    return f"])
def test_demoted_definition_with_and_without_return(read, ending):
    cell = read(notebook(f"@app.cell\ndef _(unknown):\n    def f():\n        return unknown\n{ending}")).cells[0]
    assert (cell.kind, cell.name, cell.source) == ("function", "f", "def f():\n    return unknown")


def test_cell_with_more_than_a_definition_is_code(read):
    cell = read(notebook("@app.cell\ndef _():\n    x = 1\n    def f():\n        return x\n    return")).cells[0]
    assert (cell.kind, cell.name) == ("code", "_")


def test_blocks_of_a_demoted_definition(read):
    code = "class A:\n    def m(self):\n        ### BEGIN SOLUTION\n        return unknown\n        ### END SOLUTION"
    text = by_marimo(code)
    block = read(text).solutions[0]
    assert (block.owner, block.begin, block.end) == (
        "A.m",
        line_with(text, "### BEGIN SOLUTION"),
        line_with(text, "### END SOLUTION"),
    )
    assert block.indent == " " * 12


BROKEN = {  # code of a cell -> what the caret must point at, and words of the message
    "def f(x):\n    y = 1\n    return (x +\n": ("(x +", "never closed"),
    "def f(x)\n    return x": ("\n", "expected ':'"),
    'def f(x):\n    """Doc."""\n    s = "a" + 1 2\n    return s': ("2", "invalid syntax"),
    'def f(x):\n    """Doc."""\n    s = "\\n" + 1 2\n    return s': ("2", "invalid syntax"),
    "def f(x):\n\n    return x\n  y = 2": ("\n", "unindent"),
    "def f(x):\nreturn x": ("return x", "expected an indented block"),
    "return 5": ("return 5", "'return' outside function"),
    "def f(a, a):\n    pass": ("a):", "duplicate argument"),
}


@pytest.mark.parametrize("code", BROKEN)
@pytest.mark.parametrize("hide_code", [False, True])
def test_code_that_marimo_keeps_as_text(refusal, code, hide_code):
    """Line, column and caret are those of the file, also where marimo has escaped quotes."""
    text = by_marimo("def before():\n    return 1", code, "def after():\n    return 2", hide_code=hide_code)
    assert "app._unparsable_cell(" in text, "marimo no longer keeps broken code in app._unparsable_cell"
    pointed, words = BROKEN[code]
    message, shown, caret = refusal(text).split("\n")[:3]
    path, line, column, rest = re.fullmatch(r"(.*01_tiny\.py):(\d+):(\d+): (.*)", message).groups()
    assert words in rest
    assert (text.split("\n")[int(line) - 1] + "\n")[int(column) - 1 :].startswith(pointed)
    assert (shown + "\n")[caret.index("^") :].startswith(pointed)
    assert shown.strip() in [line.strip() for line in code.split("\n")], "the code as it was typed, nothing escaped"


def test_other_line_in_a_syntax_error_is_one_of_the_file(refusal):
    text = by_marimo("x = 1", "def f():\n    return (1,\n        2]")
    assert f"on line {line_with(text, 'return (1,')}" in refusal(text)


def test_text_that_parses_after_all(refusal):
    text = notebook('app._unparsable_cell(\n    r"""\n    x = 1\n    """,\n    name="_"\n)')
    line = line_with(text, "app._unparsable_cell(")
    assert f"01_tiny.py:{line}: marimo could not read this cell" in refusal(text)


@pytest.mark.parametrize(
    ("body", "pointed", "words"),
    [
        ("    return (1 2)", "1 2", "invalid syntax"),
        ("    break", "break", "'break' outside loop"),
        ('    s = "é" 1', "1", "invalid syntax"),
        ('    return f"the {x y} of"', "x y", "invalid syntax"),
    ],
)
def test_syntax_error_names_line_and_column(refusal, body, pointed, words):
    text = notebook("@app.function\ndef before():\n    return 0", f"@app.function\ndef f():\n{body}")
    message, shown, caret = refusal(text).split("\n")[:3]
    line, column = map(int, re.search(r":(\d+):(\d+): syntax error", message).groups())
    assert words in message
    assert line == line_with(text, body)
    assert text.split("\n")[line - 1][column - 1 :].startswith(pointed)
    assert shown[caret.index("^") :].startswith(pointed)


def test_null_byte_is_a_refusal_and_no_traceback(refusal):
    assert "null bytes" in refusal(notebook("@app.function\ndef f():\n    return '\0'"))


# Refusals


def test_not_a_marimo_notebook(refusal):
    assert "is not a marimo notebook" in refusal("x = 1\n")
    assert "is not a marimo notebook" in refusal("def f():\n    return 1\n"), "and not: f is in no cell"


def test_definition_outside_a_cell(refusal):
    text = notebook("def f():\n    return 1")
    assert f"01_tiny.py:{line_with(text, 'def f')}: f is in no cell" in refusal(text)


def test_not_utf8(tmp_path):
    path = tmp_path / "01_tiny.py"
    path.write_bytes(EVERY_KIND.replace("Title", "T\xeftle").encode("latin-1"))
    with pytest.raises(TitoError, match="not UTF-8"):
        parse(path)


def test_duplicate_definition_names_both_lines(refusal):
    text = notebook("@app.function\ndef f(a):\n    return 1", "@app.cell\ndef _(f):\n    def f(b):\n        return 2")
    first, second = line_with(text, "def f(a)"), line_with(text, "def f(b)")
    assert f"01_tiny.py:{second}: f is defined in line {first} already" in refusal(text)


def test_duplicate_method_names_both_lines(refusal):
    text = notebook(
        "@app.class_definition\nclass A:\n    def m(self, a): ...\n\n    @f.wrapped\n    def m(self, b): ..."
    )
    first, second = line_with(text, "def m(self, a)"), line_with(text, "def m(self, b)")
    assert f"01_tiny.py:{second}: A.m is defined in line {first} already" in refusal(text)


def test_methods_that_repeat_a_name_on_purpose(read):
    read(
        notebook(
            "@app.class_definition\nclass A:\n    @property\n    def x(self): ...\n\n    @x.setter\n    def x(self, v): ...\n\n"
            "    @x.deleter\n    def x(self): ...\n\n    @to.register\n    def _(self, a: int): ...\n\n"
            "    @to.register(str)\n    def _(self, a): ..."
        )
    )


@pytest.mark.parametrize("same", ["class B:\n    def m(self): ...", "def g():\n    def m(): ..."])
def test_same_method_name_elsewhere_is_fine(read, same):
    kind = "class_definition" if same.startswith("class") else "function"
    read(notebook("@app.class_definition\nclass A:\n    def m(self): ...", f"@app.{kind}\n{same}"))


# Markers


EXERCISES = notebook(
    "@app.function\ndef outer():\n    def inner():\n        ### BEGIN SOLUTION\n        return 1\n        ### END SOLUTION\n\n"
    "    return inner",
    "@app.function\n@cache\n# points: 3\ndef decorated():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION",
    """
@app.class_definition
class A:
    def first(self):
        ### BEGIN SOLUTION
        return 1
        ### END SOLUTION

    @staticmethod
    def second():
        ### BEGIN SOLUTION
        return 2

        ### END SOLUTION

    @property
    def third(self):
        def helper():
            return 3

        ### BEGIN SOLUTION
        return helper()
        ### END SOLUTION

    async def fourth(self):
        ### BEGIN SOLUTION
        return 4
        ### END SOLUTION
""",
    "@app.function\ndef test_outer():\n    assert outer()\n    ### BEGIN HIDDEN TESTS\n    assert outer()() == 1\n"
    "    ### END HIDDEN TESTS",
)


def test_owners_of_solutions(read):
    parsed = read(EXERCISES)
    owners = [block.owner for block in parsed.solutions]
    assert owners == ["outer", "decorated", "A.first", "A.second", "A.third", "A.fourth"]
    for block in parsed.solutions:
        assert parsed.lines[block.begin - 1] == f"{block.indent}### BEGIN SOLUTION"
        assert parsed.lines[block.end - 1] == f"{block.indent}### END SOLUTION"


def test_hidden_tests(read):
    parsed = read(EXERCISES)
    (block,) = parsed.hidden_tests
    assert (block.owner, parsed.lines[block.begin]) == ("test_outer", "    assert outer()() == 1")


def test_qualified_names_have_their_lines(read):
    parsed = read(EXERCISES)
    assert parsed.qualified_names == {
        name: line_with(EXERCISES, f"{'class' if name == 'A' else 'def'} {name.rpartition('.')[2]}{ending}")
        for name, ending in [("outer", "("), ("decorated", "("), ("A", ":"), ("A.first", "("), ("A.second", "(")]
        + [("A.third", "("), ("A.fourth", "("), ("test_outer", "(")]
    }


SOLVED = "### BEGIN SOLUTION\n    x = 1\n    ### END SOLUTION"


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ("    ### BEGIN SOLUTION\n    return 1", "### BEGIN"),
        ("    x = 1\n    ### END SOLUTION", "### END"),
        ("    ### BEGIN SOLUTION\n    x = 1\n    ### BEGIN SOLUTION  \n    ### END SOLUTION", "### BEGIN SOLUTION  "),
        ("    x = 1\n### BEGIN SOLUTION\n    y = 1\n    ### END SOLUTION\n    return y", "### BEGIN"),
    ],
    ids=["never ended", "never begun", "nested", "unindented"],
)
def test_markers_that_do_not_pair(read, body, wrong):
    text = notebook(f"@app.function\ndef f():\n{body}")
    with pytest.raises(TitoError) as caught:
        _ = read(text).solutions
    assert f"01_tiny.py:{line_with(text, wrong)}: " in str(caught.value)


def test_markers_of_two_definitions_do_not_pair(read):
    """A student deleted the END of one exercise and the BEGIN of the next."""
    text = notebook(
        "@app.function\ndef f():\n    ### BEGIN SOLUTION\n    return 1",
        "@app.function\ndef g():\n    return 2\n    ### END SOLUTION",
    )
    with pytest.raises(TitoError, match=f":{line_with(text, '### END')}: .*unpaired"):
        _ = read(text).solutions


def test_hidden_tests_must_pair_too(read):
    text = notebook("@app.function\ndef test_f():\n    ### BEGIN HIDDEN TESTS\n    assert 1")
    with pytest.raises(TitoError, match="has no '### END HIDDEN TESTS' below it"):
        _ = read(text).hidden_tests


def test_marker_outside_of_a_definition(read):
    text = notebook("@app.cell\ndef _():\n    ### BEGIN SOLUTION\n    x = 1\n    ### END SOLUTION\n    return")
    with pytest.raises(TitoError, match=f":{line_with(text, '### BEGIN')}: a marker outside of any definition"):
        _ = read(text).solutions


def test_marker_in_a_string_is_text(read):
    text = notebook(
        '@app.cell\ndef _():\n    mo.md("""\n    ### BEGIN SOLUTION\n    """)\n    return',
        '@app.function\ndef f():\n    """Doc.\n\n    ### END SOLUTION\n    """\n    '
        + SOLVED
        + '\n    return """\n    ### BEGIN SOLUTION\n    """',
    )
    parsed = read(text)
    (block,) = parsed.solutions
    assert parsed.lines[block.begin : block.end - 1] == ["    x = 1"]


def test_comment_lines_are_comments_on_their_own():
    assert comment_lines('# one\nx = 1  # two\n"""\n# three\n"""\nif x:\n    # four\n    pass\n') == {1, 7}


# Names


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def f(a, b=one):\n    c = a + two\n    return b, c", {"one", "two"}),
        ("def f(a: one, *b: two) -> three:\n    x: four = a", {"one", "two", "three", "four"}),
        ("@one\n@two.three(four)\ndef f():\n    pass", {"one", "two", "four"}),
        ("def f():\n    return f()", set()),
        ("def f(xs):\n    return [one(x) for x in xs if x in two], {y: z for y, z in three}", {"one", "two", "three"}),
        ("def f():\n    def g(a):\n        return a + b + one\n    b = 1\n    return g", {"one"}),
        ("def f():\n    n = 0\n    def g():\n        nonlocal n\n        n += one\n    return g", {"one"}),
        ("def f():\n    return lambda x, y=one: x + y + two", {"one", "two"}),
        ("def f():\n    global state\n    state += 1", {"state"}),
        ("def f():\n    global state\n    return state", {"state"}),
        ("def f():\n    if (n := one()) > 1:\n        return n", {"one"}),
        ("def f():\n    return any((last := x) for x in one), last", {"any", "one"}),
        ("def f():\n    try:\n        one()\n    except Two as error:\n        return error", {"one", "Two"}),
        ("def f(x):\n    import os.path as p, sys\n    from a import b\n    return p, sys, b, x", set()),
        ("def f(x):\n    with one() as y:\n        for z in y:\n            del z\n    return x.two", {"one"}),
        ("def f(x):\n    match x:\n        case One(a, b=[c, *d]):\n            return a, c, d", {"One"}),
        ("def f(x):\n    return f'{x} {one!r:>{two}}'", {"one", "two"}),
        ("class A(One, metaclass=Two):\n    a = three\n    b = a", {"One", "Two", "three"}),
        ("class A:\n    x = 1\n    def m(self):\n        return x", {"x"}),
        ("class A:\n    def m(self):\n        return super().m(), A, __class__", {"super"}),
        (
            "class A:\n    x = property(lambda self: one)\n    y = [two for _ in three]",
            {"property", "one", "two", "three"},
        ),
        ("async def f(xs):\n    return [await one(x) async for x in xs]", {"one"}),
    ],
)
def test_names_read(source, names):
    assert names_read(source) == names


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import a, b.c, d as e\nfrom f import g, h as i", {"a", "b", "e", "g", "i"}),
        ("a = b = 1\nc, (d, *e) = 1, (2, 3)\nf += 1\ng: int = 1", {"a", "b", "c", "d", "e", "f", "g"}),
        ("a = [b for b in c]\nd = lambda e: e", {"a", "d"}),
        ("def a(b):\n    c = 1\nasync def d(): ...\nclass E:\n    f = 1", {"a", "d", "E"}),
        ("for a in b:\n    c = 1\nwith d as e:\n    pass\nif (f := 1):\n    pass", {"a", "c", "e", "f"}),
        ("try:\n    import a\nexcept ImportError:\n    a = None", {"a"}),
        ("a.b = 1\nc[0] = 2\nprint(d)\nx = await e\nif y:\n    return", {"x"}),
    ],
)
def test_names_bound(source, names):
    assert names_bound(source) == names


def test_line_of_a_name_is_where_the_code_uses_it(read):
    text = notebook('@app.function\ndef f(x):\n    """Looks for key."""\n    monkey = 1  # the key\n    return x + key')
    assert line_of(read(text).cells[0], "key") == line_with(text, "x + key")


def test_lines_of():
    assert lines_of("a\n\nb\n\n") == ["a", "", "b", ""]
    assert lines_of("a\x0c\u2028b\nc") == ["a\x0c\u2028b", "c"]


# With marimo's own writer


def test_round_trip_through_marimo(read):
    """marimo writes the cells of a real notebook as we read them, so that an editor's save changes nothing for us."""
    original = parse(ROOT / "notebooks" / "01_tensor.py")
    others = [cell for cell in original.cells if cell.kind != "setup"]
    again = read(by_marimo(*[cell.source for cell in others], setup=original.setup.source))
    assert [(cell.kind, cell.source, cell.marks) for cell in again.cells] == [
        (cell.kind, cell.source, cell.marks) for cell in original.cells
    ]
    assert list(again.definitions) == list(original.definitions)
    assert [block.owner for block in again.solutions] == [block.owner for block in original.solutions]
    assert_lines_are_right(original)
    assert_lines_are_right(again)


def test_sources_of_definitions_are_python(read):
    for cell in parse(ROOT / "notebooks" / "01_tensor.py").definitions.values():
        (node,) = ast.parse(cell.source).body
        assert node.name == cell.name


def test_threads_take_turns_in_pythons_parser():
    """Only the judge, which has one thread and is started without the rest of `tito`, parses by itself."""
    direct = {
        path.name
        for path in (ROOT / "tito").rglob("*.py")
        if re.search(r"^[^>]*\bast\.parse\(", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert direct == {"syntax.py", "judge.py"}
