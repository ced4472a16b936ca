"""What is said first about a failed test."""

import numpy as np
import pytest

from tito.assignments.reasons import ANY, expected_type, headline, kind_of, wrong_value
from tito.assignments.run import OWN, TRUSTED, WEAKER, Code, run

VISIBLE = "def test_f():\n    x = np.array([3.0])\n    assert f(x) == 6, 'twice three'\n    ### BEGIN HIDDEN TESTS\n    assert f(np.array([-77.0])) == -154\n    ### END HIDDEN TESTS\n\n\ntest_f()"  # fmt: skip
TEST = Code("test_f", VISIBLE, TRUSTED, about=frozenset({"f"}), returns=(("f", "ndarray"),))


def end_of(body: str, test: Code = TEST, own: str = ""):
    lines = body.replace("\n", "\n    ")
    cells = [Code("setup", "import numpy as np", "given"), Code("f", f"def f(x):\n    {lines}"), Code("own", own, OWN)]
    return run([*cells, test], None)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("2 * x", "f returned None: is there a return statement?"),
        ("y = 2 * x\nraise ValueError(f'not {x}')", "f raised ValueError on line 3: not [3.]"),
        ("return x[5]", "f raised IndexError on line 2: index 5 is out of bounds for axis 0 with size 1"),
        ("return [6.0]", "f returned a list, and an array is expected"),
        ("return '6'", "f returned a str, and an array is expected"),
        ("class Mine(Exception): pass\nraise Mine('why')", "f raised Exception on line 3: why"),
        ("return 5 * x", ""),
        ("return 6.0", ""),
    ],
)
def test_the_commonest_slips_come_first(body, reason):
    assert end_of(body)[-1].shown.reason == reason if body != "return 6.0" else end_of(body)[-1].reason == reason


def test_what_is_shown_knows_nothing_of_the_hidden_part():
    """Neither in what a test says nor in a cell of the student's own, which stands below it."""
    seen = "seen = globals().setdefault('seen', [])\nseen.append(x.tolist())\nif -77 in x: raise ValueError(f'found {seen}')\nraise KeyError(f'{seen}')"
    *_, own, test = end_of(seen, own="raise ValueError(globals().get('seen'))")
    assert own.error == ("ValueError", "None"), "no test has run before"
    assert test.shown.error[1].count("3.0") == 1 and "-77" not in str(test.shown)
    hides = "if -77 in x: raise ValueError('found it')\nreturn 2 * x"
    test = end_of(hides)[-1]
    assert test.error == ("ValueError", "found it") and test.shown.error is None
    assert headline(test.reason) == "f raised ValueError"


@pytest.mark.parametrize("kind", [TRUSTED, WEAKER])
def test_no_test_knows_of_another(kind):
    """What the code keeps of one test is gone in the next."""
    keeps = "import builtins\nbuiltins.seen = getattr(builtins, 'seen', 0) + 1\nif builtins.seen > 1: raise ValueError('again')\nreturn 2 * x"
    source = "def test_{0}():\n    assert f(np.array([3.0])) == 6\n\n\ntest_{0}()"
    tests = [Code(f"test_{name}", source.format(name), kind) for name in "ab"]
    function = "def f(x):\n    " + keeps.replace("\n", "\n    ")
    ends = run([Code("setup", "import numpy as np", "given"), Code("f", function), *tests], None)
    assert [end.error for end in ends[2:]] == [None, None]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f(x) -> np.ndarray:\n    return x", "ndarray"),
        ("def f(x) -> 'Tensor':\n    return x", "Tensor"),
        ("def f(x) -> tuple[int, ...]:\n    return x", "tuple"),
        ("def f(x):\n    return x", ANY),
        ("def f(x) -> Iterator[int]:\n    yield 1", ANY),
        ("def f(x) -> float | None:\n    return x", ""),
        ("def f(x):\n    if x: return 1\n    return", ""),
        ("def f(x):\n    def g(): return 1\n    x.append(g)", ""),
        ("class A:\n    def f(self) -> bool:\n        return True", "bool"),
    ],
)
def test_the_reference_says_what_is_expected(source, expected):
    assert expected_type(source, "A.f" if source.startswith("class") else "f") == expected


@pytest.mark.parametrize(
    ("value", "expected", "said"),
    [
        (None, "", ""),
        (None, ANY, "f returned None: is there a return statement?"),
        ([1], "Tensor", "f returned a list, and a Tensor is expected"),
        ([1], "tuple", "f returned a list, and a tuple is expected"),
        (np.ones(1), "list", "f returned an array, and a list is expected"),
        (np.float32(1), "float", ""),
        (np.bool_(True), "bool", ""),
        (np.ones(1), "Tensor", ""),
        (1, ANY, ""),
    ],
)
def test_a_value_of_the_wrong_type(value, expected, said):
    assert wrong_value("f", kind_of(value), expected) == said
