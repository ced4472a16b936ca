"""The commonest mistakes are said in words; what is right is never called a slip."""

import runpy
import textwrap

import pytest

from tito import course
from tito.limit import TimeLimit, time_limit
from tito.notebook import parse, test_of
from tito.place import COURSE
from tito.plain import plain_module
from tito.slips import MAX_LINE_CHARS, Calls, diagnose, exercises_in

HEAD = """
import functools
import numpy as np
from collections.abc import Iterator


class Tensor:
    def __init__(self, data):
        self.data = data


def op(function):
    @functools.wraps(function)
    def either(*inputs):
        return function(*inputs)

    either.op = function
    return either

"""


def slip_of(tmp_path, code, test="test_f", **options):
    """What is said about a failing test of a small notebook."""
    path = tmp_path / "cells.py"
    path.write_text(HEAD + textwrap.dedent(code), encoding="utf-8")
    namespace = runpy.run_path(str(path))
    exercises = exercises_in(namespace)
    own = test_of(test, [exercise.name for exercise in exercises]) or test
    error = None
    try:
        namespace[test]()
    except BaseException as failure:
        error = failure
    assert error is not None, "the test must fail"
    return diagnose(namespace[test], error, namespace[test], own, exercises, **options)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def f(x):\n    x + 1\n\ndef test_f():\n    assert f(1) == 2", "f returned None: is there a return statement?"),
        ("def f(x) -> float:\n    x + 1\n\ndef test_f():\n    f(1) + 1", "f returned None: is there a return statement?"),
        ("@op\ndef f(x) -> Tensor:\n    x + 1\n\ndef test_f():\n    assert f(1) == 2", "f returned None: is there a return statement?"),
        ("def f(x):\n    raise ValueError('no\\n way')\n\ndef test_f():\n    f(1)", "f raised ValueError on line 21: no way"),
        ("def f(x):\n    return [x][1]\n\ndef test_f():\n    f(1)", "f raised IndexError on line 21: list index out of range"),
        ("def f(x):\n    return f(x)\n\ndef test_f():\n    f(1)", "f calls itself without end (RecursionError), on line 21"),
        ("def f(x) -> Tensor:\n    return [x]\n\ndef test_f():\n    assert f(1).data == 1", "f returned a list, and a Tensor is expected"),
        ("@op\ndef f(x) -> Tensor:\n    return [x]\n\ndef test_f():\n    assert f(1).data == 1", "f returned a list, and an array is expected"),
        ("def f(x) -> 'tuple | list':\n    return 1.0\n\ndef test_f():\n    assert f(1) == 2", "f returned a float, and a tuple or a list is expected"),
        ("class A:\n    def f(self) -> dict:\n        return 1\n\ndef test_A_f():\n    assert A().f() == {}", "A.f returned an int, and a dict is expected"),
    ],
)  # fmt: skip
def test_a_common_mistake_is_said_in_words(tmp_path, code, words):
    slip = slip_of(tmp_path, code, "test_A_f" if "class A" in code else "test_f")
    assert (slip.words, slip.is_slip) == (words, True)


@pytest.mark.parametrize(
    "code",
    [
        "def f(x) -> None:\n    pass",
        "def f(x) -> 'int | None':\n    return None",
        "def f(x) -> float:\n    return 2",
        "def f(x) -> float:\n    return np.float32(3)",
        "def f(x) -> int:\n    return np.int64(3)",
        "def f(x) -> bool:\n    return np.bool_(True)",
        "def f(x) -> Iterator[int]:\n    yield None",
        "def f(x) -> 'Unknown':\n    return 3",
        "@op\ndef f(x) -> Tensor:\n    return np.zeros(2)",
        "@op\ndef f(x) -> Tensor:\n    return np.zeros(2), None",
        "def f(x):\n    try:\n        return g()\n    except ZeroDivisionError:\n        return 1\n\ndef g() -> int:\n    1 / 0\n\ndef test_g(): pass",
    ],
)
def test_what_may_be_right_is_no_slip(tmp_path, code):
    slip = slip_of(tmp_path, f"{code}\n\ndef test_f():\n    f(1)\n    assert 1 == 3, 'something else'")
    assert slip.words == "something else" and not slip.is_slip


def test_an_exception_that_the_exercise_should_raise_is_no_returned_none(tmp_path):
    code = """
    def f(x) -> int:
        if x < 0:
            raise ValueError("negative")
        return 5

    def test_f():
        try:
            f(-1)
        except ValueError:
            pass
        assert f(1) == 2, "one and one"
    """
    assert slip_of(tmp_path, code).words == "one and one"


def test_a_long_place_leaves_room_for_the_error(tmp_path):
    code = "def f(x):\n    raise TypeError('g() takes 2 arguments but 3 were given')\n\ndef test_f():\n    f(1)"
    place = f"line 3 of its cell ({'notebooks/' * 9}cells.py:21)"
    slip = slip_of(tmp_path, code, locate=lambda _file, _line: place)
    assert slip.words == f"f raised TypeError on {place}: g() takes 2 arguments but 3 were given"


def test_a_placeholder_is_no_error(tmp_path):
    code = "def f(x):\n    raise NotImplementedError('f: replace this line with your code')\n\ndef test_f():\n    f(1)"
    slip = slip_of(tmp_path, code)
    assert slip.placeholder == "f" and slip.words == "Not done yet: f"


def test_an_assertion_has_its_message_its_code_and_few_lines(tmp_path):
    code = "def f(x):\n    return x\n\ndef test_f():\n    assert f(1) == 2, 'one\\nmore'"
    slip = slip_of(tmp_path, code)
    assert slip.words == "one more" and slip.place == "test_f, line 24"
    many = "def f(x):\n    return x\n\ndef test_f():\n    assert f(1) == 2, 'm\\nassert ' + '\\n'.join(map(str, range(50)))"
    assert len(slip_of(tmp_path, many).numbers) == 3
    long = "def f(x):\n    return x\n\ndef test_f():\n    assert f(1) == 2, 'x ' * 5000"
    assert len(slip_of(tmp_path, long).words) == MAX_LINE_CHARS


def test_the_exercise_that_is_tested_is_blamed_before_the_one_it_called(tmp_path):
    code = """
    def g(x):
        return 1 / x

    def f(x):
        return g(0)

    def test_g(): pass

    def test_f():
        f(1)
    """
    slip = slip_of(tmp_path, code)
    assert slip.words == "f raised ZeroDivisionError on line 25: division by zero"
    assert slip.calls == {"f", "g"}


def test_a_slow_test_is_not_run_again(tmp_path):
    code = "count = []\n\ndef f(x):\n    count.append(1)\n    assert len(count) == 1\n\ndef test_f():\n    f(1)\n    assert 0, 'no'"
    assert slip_of(tmp_path, code, may_repeat=False).calls == frozenset()


def test_a_test_that_passes_the_second_time_proves_nothing(tmp_path):
    code = "count = []\n\ndef f(x):\n    count.append(1)\n\ndef test_f():\n    f(1)\n    assert len(count) > 1, 'luck'"
    assert slip_of(tmp_path, code).words == "luck"


def test_a_loop_without_end_names_its_exercise():
    def f():
        while True:
            pass

    with pytest.raises(TimeLimit) as ended, time_limit(0.2):
        f()
    assert ended.traceback[-1].name == "f"


def test_a_limit_that_is_not_reached_changes_nothing():
    for _ in range(20):
        with time_limit(60):
            assert sum(range(1000)) == 499500


@pytest.mark.parametrize("module", course.available(), ids=lambda module: module.stem)
def test_no_reference_looks_like_a_slip(module):
    notebook = parse(COURSE.notebook(module))
    namespace = {"__name__": module.stem, "__file__": str(notebook.path)}
    exec(compile(plain_module(notebook), str(notebook.path), "exec"), namespace)
    exercises = exercises_in(namespace, [block.owner for block in notebook.solutions])
    assert len(exercises) == len(notebook.solutions)
    calls = Calls(exercises)
    with calls:
        for cell in notebook.cells:
            if cell.is_test:
                namespace[cell.name]()
    assert calls.odd == {}
    assert calls.names == {exercise.name for exercise in exercises}, "every exercise is seen at work"
