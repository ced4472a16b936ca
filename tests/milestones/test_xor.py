"""Milestone 02: one layer never beats 75 %, a hidden layer reaches 100 % on every seed."""

import re

import pytest

from tests.milestones.run import run_script
from tito import course, milestone
from tito.place import COURSE

XOR = course.find_milestone("xor")

pytestmark = pytest.mark.skipif(not course.MODULES[6].available, reason="only once module 06 is there")


def test_one_layer_never_beats_three_of_four():
    script = milestone.scripts(XOR, COURSE)[0]
    script.with_suffix(".png").unlink(missing_ok=True)
    run = run_script(script)
    rows = re.findall(r"^ *(\d+) +(\d+)% +([\d.]+)$", run.stdout, re.MULTILINE)
    assert [int(seed) for seed, _, _ in rows] == list(range(20))
    assert max(int(best) for _, best, _ in rows) == 75
    assert all(abs(float(loss) - 0.6931) < 0.0005 for _, _, loss in rows), "it ends as a coin"
    assert script.with_suffix(".png").stat().st_size > 5000


def test_hidden_layer_is_right_on_every_seed():
    script = milestone.scripts(XOR, COURSE)[1]
    script.with_suffix(".png").unlink(missing_ok=True)
    run = run_script(script)
    rows = re.findall(r"^ *(\d+) +(\d+)% +(\d+)% +(\d+)$", run.stdout, re.MULTILINE)
    assert [int(seed) for seed, _, _, _ in rows] == list(range(20))
    assert all(after == "100" for _, _, after, _ in rows)
    counts = dict(re.findall(r"^  (\d hidden, [a-z ]+?) +(\d+)$", run.stdout, re.MULTILINE))
    assert counts["8 hidden, tanh"] == "20" and counts["8 hidden, no nonlinearity"] == "0" == counts["1 hidden, tanh"]
    assert script.with_suffix(".png").stat().st_size > 5000


def test_its_needs_follow_from_its_imports():
    for script in milestone.scripts(XOR, COURSE):
        assert [module.number for module in milestone.needs(script)][-1] == "06"
