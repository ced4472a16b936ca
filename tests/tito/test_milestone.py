"""`tito milestone ...`: needs from imports, runs with the student's own tinytorch."""

import re
import shutil
import subprocess
import sys

import pytest

from tests.tito.student import tito
from tito import course, progress
from tito.milestone import _exit_code, is_notebook, needs, resumes, takes_options
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


def test_seeds_are_refused_where_a_script_has_its_own():
    run = tito("milestone", "run", "02", "--seeds", "3", cwd=course.ROOT)
    assert run.returncode == 1 and "01_xor_crisis.py always runs the same seeds: leave out --seeds" in run.stderr
    assert "seed   best" not in run.stdout, "refused before anything runs"


def test_seeds_reach_a_script_that_takes_them():
    run = tito("milestone", "run", "03", "1", "--seeds", "2", cwd=course.ROOT)
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.findall(r"^ +(\d) +2\.3\d\d ", run.stdout, re.MULTILINE) == ["0", "1"]


@pytest.mark.parametrize("options", [("--seeds", "0"), ("--seeds", "many")])
def test_a_script_refuses_a_number_of_seeds_that_is_none(options):
    script = course.find_milestone("03").path / "01_mlp_digits.py"
    run = subprocess.run([sys.executable, str(script), *options], capture_output=True, encoding="utf-8")
    assert run.returncode == 2 and "is not a number of seeds: give 1 or more" in run.stderr


def test_scripts_that_take_options_and_those_that_open_in_a_browser():
    scripts = {script.name: script for m in course.MILESTONES for script in sorted(m.path.glob("[0-9]*.py"))}
    mlp, cnn = ["01_mlp_digits.py", "02_mlp_mnist.py"], ["01_lenet_digits.py", "02_cnn_cifar10.py"]
    gpt = ["01_attention_proof.py", "02_tinygpt_shakespeare.py", "03_dialogue.py"]
    assert [name for name in scripts if takes_options(scripts[name])] == mlp + cnn + gpt
    assert [name for name in scripts if resumes(scripts[name])] == cnn + gpt
    assert [name for name in scripts if is_notebook(scripts[name])] == ["03_draw.py", "04_write.py"]


def test_resume_needs_a_run_that_was_stopped():
    run = tito("milestone", "run", "03", "--resume", cwd=course.ROOT)
    assert run.returncode == 1 and "no script of 03_1986_mlp was stopped with Ctrl-C" in run.stderr
    assert "tinytorch: " not in run.stdout, "nothing runs"


def test_ctrl_c_lets_a_script_end_by_itself():
    """It may save a checkpoint first."""

    class Script:
        calls = 0

        def wait(self) -> int:
            self.calls += 1
            if self.calls < 3:
                raise KeyboardInterrupt
            return 130

    assert _exit_code(Script()) == 130


def test_a_milestone_that_a_workspace_lacks_is_not_run_with_the_reference(tmp_path):
    place, _ = init(tmp_path / "older")
    folder = place.root / "milestones" / course.find_milestone("03").folder
    shutil.rmtree(folder)
    run = tito("milestone", "run", "03", "1", cwd=place.root)
    assert run.returncode == 1 and "is newer than this workspace: run `tito init .`" in run.stderr
    assert "tinytorch: " not in run.stdout and progress.milestones(place) == {}
    assert tito("init", ".", cwd=place.root).returncode == 0
    assert (folder / "01_mlp_digits.py").exists() and (folder / "evidence.json").exists()
