"""What pytest says to a learner, in a terminal and in marimo: calm, with the tip, and once."""

import os
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
    assert "Not done yet. as_array: replace this line with your code" in printed
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


def test_the_option_prints_what_and_why_and_on_failure_the_tip(place, tmp_path):
    (tmp_path / "test_it.py").write_text(
        'def test_good():\n    """WHAT: a.\n    WHY: b.\n    TIP: c.\n    """\n\n\n'
        'def test_bad():\n    """WHAT: d.\n    WHY: e.\n    TIP: f.\n    """\n    assert 1 == 2\n',
        encoding="utf-8",
    )
    code, printed = pytest_in(place, "-p", "tito.feedback", "--tinytorch", tmp_path / "test_it.py")
    assert code == 1
    good, bad = printed.split("FAIL  test_bad")
    assert "pass  test_good" in good and "WHAT: a." in good and "WHY: b." in good and "TIP" not in good
    assert "WHAT: d." in bad and "assert 1 == 2" in bad and "TIP: f." in bad


def test_a_file_that_cannot_be_imported_is_reported(place, tmp_path):
    (tmp_path / "test_it.py").write_text("import nonsense_that_is_not_there\n", encoding="utf-8")
    code, printed = pytest_in(place, "-p", "tito.feedback", "--tinytorch", "--no-summary", tmp_path / "test_it.py")
    assert code == 2
    assert "FAIL" in printed and "No module named 'nonsense_that_is_not_there'" in printed
