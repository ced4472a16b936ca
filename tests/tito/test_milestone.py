"""`tito milestone ...`: needs from imports, runs with the student's own tinytorch."""

import pytest

from tests.tito.student import tito
from tito import course, progress
from tito.milestone import needs
from tito.workspace import init

PERCEPTRON = course.find_milestone("01")


@pytest.mark.parametrize(
    ("program", "last"),
    [
        ("import numpy", None),
        ("import tinytorch", None),
        ("from tinytorch.tensor import Tensor", "01"),
        ("from tinytorch import Tensor", "01"),
        ("import tinytorch as tt\ntt.softmax", "02"),
        ("import tinytorch\ntinytorch.nn.Linear(1, 2)", "03"),
        ("from tinytorch import nn\nnn.functional.gelu", "02"),
        ("import tinytorch.nn.functional as F\nF.linear", "03"),
        ("from tinytorch.nn import Linear", "03"),
        ("from tinytorch.layers import anything", "03"),
    ],
)
def test_needs_are_derived_from_imports(program, last, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(program, encoding="utf-8")
    numbers = [module.number for module in needs(script)]
    assert numbers == ([] if last is None else [m.number for m in course.MODULES if m.number <= last])


@pytest.mark.parametrize("name", ["01", "1", "perceptron", "01_1957_perceptron"])
def test_a_milestone_has_many_names(name):
    assert course.find_milestone(name) == PERCEPTRON


def test_every_milestone_of_the_table_has_a_page_and_scripts():
    for milestone in course.MILESTONES:
        assert (milestone.path / "README.md").exists()
        assert list(milestone.path.glob("[0-9]*.py"))
    folders = {path.name for path in PERCEPTRON.path.parent.iterdir() if path.is_dir()}
    assert folders == {milestone.folder for milestone in course.MILESTONES}


def test_what_is_missing_is_named_and_nothing_runs(tmp_path):
    place = init(tmp_path / "mine")[0]
    run = tito("milestone", "run", "01", cwd=place.root)
    assert run.returncode == 1
    assert "01_rosenblatt_forward.py needs 00_setup, 01_tensor" in run.stderr
    assert "needs 00_setup, 01_tensor" in tito("milestone", "status", cwd=place.root).stdout


def test_list_and_info(tmp_path):
    place = init(tmp_path / "mine")[0]
    assert "The perceptron (Rosenblatt, 1957)" in tito("milestone", "list", cwd=place.root).stdout
    info = tito("milestone", "info", "01", cwd=place.root).stdout
    assert "# 01: The perceptron, 1957" in info
    assert "01_rosenblatt_forward.py needs modules 00-03." in info


def test_unknown_milestone(tmp_path):
    place = init(tmp_path / "mine")[0]
    run = tito("milestone", "info", "99", cwd=place.root)
    assert run.returncode == 1 and "there is no milestone '99'" in run.stderr
    assert tito("milestone", "run", "01", "9", cwd=place.root).returncode == 1


def test_a_run_is_recorded_and_completions_stay(tmp_path):
    place = init(tmp_path / "mine")[0]
    progress.record(place, course.find("setup"), tested=True)
    progress.record_milestone(place, "01_1957_perceptron/01_rosenblatt_forward")
    progress.record(place, course.find("tensor"), tested=True)
    assert list(progress.completed(place)) == ["00", "01"]
    assert list(progress.milestones(place)) == ["01_1957_perceptron/01_rosenblatt_forward"]
    assert "run on 20" in tito("milestone", "status", cwd=place.root).stdout
