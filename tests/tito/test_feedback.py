"""What pytest says to a learner, in a terminal and in marimo: calm, with the tip, and once."""

import os
import subprocess
import sys

import pytest

from tests import warm
from tests.tito.student import solve
from tito import course
from tito.feedback import explain
from tito.workspace import init

TENSOR = course.find("tensor")


@pytest.fixture
def place(tmp_path):
    return init(tmp_path / "mine")[0]


def pytest_in(place, *arguments, cwd=None):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "CI"}  # there pytest repeats everything
    run = warm.run(command, cwd=cwd or place.root, env=environment, capture_output=True, encoding="utf-8")
    return run.returncode, run.stdout


def test_sections_of_a_docstring():
    assert explain("""WHAT: one
        and a half.
    WHY: two.
    TIP: three: four.
    """) == {"WHAT": "one and a half.", "WHY": "two.", "TIP": "three: four."}
    assert explain(None) == explain("no sections") == {}


def test_unsolved_is_one_sentence_without_a_traceback(place):
    code, printed = pytest_in(place, "notebooks/01_tensor.py::test_as_array")
    assert code == 1
    assert "Not done yet: as_array" in printed
    assert "Traceback" not in printed and "Error" not in printed and "TIP" not in printed


def test_wrong_is_the_failed_assert_and_the_tip_once(place):
    solve(place.notebook(TENSOR), "as_array", bodies={"as_array": ["return np.array(data, dtype=dtype)"]})
    code, printed = pytest_in(place, "01_tensor.py::test_as_array", cwd=place.root / "notebooks")
    assert code == 1
    assert "floats must become float32" in printed
    assert printed.count("TIP: wrong dtype?") == 1


def test_solved_is_green(place):
    solve(place.notebook(TENSOR))
    assert pytest_in(place, "notebooks/01_tensor.py")[0] == 0


IN_EDITOR = """
import sys
import tito.lesson
from marimo._runtime.pytest import run_pytest
from pathlib import Path
from tito.notebook import parse
from tito.plain import plain_module

path = Path(sys.argv[1])
cells = {"__name__": "__main__", "__file__": str(path)}
exec(compile(plain_module(parse(path)), str(path), "exec"), cells)
for test in sys.argv[2:]:
    print(repr(run_pytest({test}, cells, notebook_path=str(path)).output))
"""


def test_in_the_editor_each_test_is_a_calm_line(place):
    solve(place.notebook(TENSOR), "row_major_strides", "broadcast_shape")
    solve(place.notebook(TENSOR), "as_array", bodies={"as_array": ["np.array(data, dtype=dtype)"]})
    tests = ["test_as_array", "test_row_major_strides", "test_sum_to_shape"]
    command = [sys.executable, "-c", IN_EDITOR, str(place.notebook(TENSOR)), *tests]
    run = subprocess.run(command, cwd=place.root, capture_output=True, encoding="utf-8")
    assert [eval(line) for line in run.stdout.splitlines()] == [
        "\x1b[31mas_array returned None: is there a return statement?\x1b[0m\n",
        "\x1b[32mtest_row_major_strides passed\x1b[0m\n",
        "\x1b[33mNot done yet: sum_to_shape\x1b[0m\n",
    ], run.stderr
