"""Milestone 01: what the script shows is what its page and the course promise."""

import re

import pytest

from tests.milestones.run import run_script
from tito import course, milestone
from tito.place import COURSE

PERCEPTRON = course.find_milestone("perceptron")

pytestmark = pytest.mark.skipif(not course.MODULES[3].available, reason="only once module 03 is there")


def test_untrained_neurons_are_coins():
    run = run_script(milestone.scripts(PERCEPTRON, COURSE)[0])
    rows = re.findall(r"average accuracy ([\d.]+)%, worst neuron ([\d.]+)%, best neuron ([\d.]+)%", run.stdout)
    assert len(rows) == 5
    for mean, worst, best in rows:
        assert 45 <= float(mean) <= 55
        assert float(worst) < 25 and float(best) > 75
    assert "tinytorch: " in run.stdout and "(the course's reference)" in run.stdout
    counts = re.findall(r"^ *\d+- *\d+ % +(\d+)", run.stdout, re.MULTILINE)
    assert len(counts) == 10 and sum(map(int, counts)) == 200


def test_its_needs_follow_from_its_imports():
    forward, trained = milestone.scripts(PERCEPTRON, COURSE)
    assert [module.number for module in milestone.needs(forward)] == ["00", "01", "02", "03"]
    assert [module.number for module in milestone.needs(trained)] == ["00", "01", "02", "03", "04", "05", "06"]


def test_trained_neurons_are_right():
    script = milestone.scripts(PERCEPTRON, COURSE)[1]
    picture = script.with_suffix(".png")
    picture.unlink(missing_ok=True)
    run = run_script(script)
    rows = re.findall(r"^ *\d+ \| +([\d.]+)% +([\d.]+)% \| +([\d.]+)% +([\d.]+)%$", run.stdout, re.MULTILINE)
    assert len(rows) == 20
    before, after, read_before, read_after = (list(map(float, column)) for column in zip(*rows, strict=True))
    assert min(after) >= 98 and min(read_after) >= 98, "after learning, on separable data"
    assert sum(before) / 20 < 75 and sum(read_before) / 20 < 75, "it was not that good before"
    assert picture.stat().st_size > 5000
