"""Milestone 01: what the script shows is what its page and the course promise."""

import re
import subprocess
import sys

import pytest

from tito import course, milestone
from tito.place import COURSE

PERCEPTRON = course.find_milestone("perceptron")

pytestmark = pytest.mark.skipif(not course.MODULES[3].available, reason="only once module 03 is there")


def test_untrained_neurons_are_coins():
    script = milestone.scripts(PERCEPTRON, COURSE)[0]
    run = subprocess.run([sys.executable, script.name], cwd=script.parent, capture_output=True, encoding="utf-8")
    assert run.returncode == 0, run.stderr
    rows = re.findall(r"on average ([\d.]+)%, the worst neuron ([\d.]+)%, the best ([\d.]+)%", run.stdout)
    assert len(rows) == 5
    for mean, worst, best in rows:
        assert 45 <= float(mean) <= 55
        assert float(worst) < 25 and float(best) > 75
    assert "tinytorch: " in run.stdout and "(the course's reference)" in run.stdout
    counts = re.findall(r"^ *\d+- *\d+ % +(\d+)", run.stdout, re.MULTILINE)
    assert len(counts) == 10 and sum(map(int, counts)) == 200


def test_its_needs_follow_from_its_imports():
    script = milestone.scripts(PERCEPTRON, COURSE)[0]
    assert [module.number for module in milestone.needs(script)] == ["00", "01", "02", "03"]
