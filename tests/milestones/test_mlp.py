"""Milestone 03: digits are read at 96 % on every seed, and what is known of right and wrong runs agrees with the gates."""

import json
import re
import runpy
import sys

import pytest

from tests.milestones.evidence import Case, place_with
from tests.milestones.run import run_script, write_small_mnist
from tito import course, milestone, solutions
from tito.gates import EVIDENCE, evidence, judge
from tito.place import COURSE

MLP = course.find_milestone("mlp")
DIGITS, MNIST, DRAW = milestone.scripts(MLP, COURSE)
RUNS = {"01_mlp_digits": (DIGITS, "GATES"), "02_mlp_mnist": (MNIST, "FULL"), "02_mlp_mnist --quick": (MNIST, "QUICK")}


@pytest.fixture(scope="module")
def gates():
    """Run -> its gates, as its script has them."""
    sys.path.insert(0, str(MLP.path))
    yield {run: runpy.run_path(str(script))[name] for run, (script, name) in RUNS.items()}
    sys.path.remove(str(MLP.path))
    sys.modules.pop("mlp", None)


def test_digits_are_read_on_every_seed():
    DIGITS.with_suffix(".png").unlink(missing_ok=True)
    run = run_script(DIGITS, "--seeds", "3")
    rows = re.findall(r"^ *(\d) +([\d.]+) +(\d+)% +([\d.]+)% +([\d.]+)% +([\d.]+)$", run.stdout, re.MULTILINE)
    assert [int(row[0]) for row in rows] == [0, 1, 2]
    assert all(float(row[3]) >= 96 for row in rows)
    assert run.stdout.count("passes  ") == 4 and "GFLOP/s measured just now" in run.stdout
    assert DIGITS.with_suffix(".png").stat().st_size > 5000


def test_mnist_is_read_from_files_in_the_official_format(tmp_path):
    write_small_mnist(tmp_path / "MNIST" / "raw")
    run = run_script(MNIST, "--quick", TINYTORCH_DATA=str(tmp_path))
    assert "60,000 images" in run.stdout and run.stdout.count("passes  ") == 4


def test_without_files_and_network_one_sentence_says_what_to_do(tmp_path):
    run = run_script(MNIST, code=1, TINYTORCH_DATA=str(tmp_path), HTTPS_PROXY="http://127.0.0.1:9", NO_PROXY="")
    assert "Traceback" not in run.stderr and "MNIST" in run.stderr


def test_a_mistake_on_record_fails_and_is_named(tmp_path):
    relu = solutions.wrong(course.find("02"))["relu"]
    why = next(why for why, wrong in relu.items() if "tells which numbers are positive" in wrong.sentence)
    place = place_with(tmp_path, Case(course.find("02"), "relu", why))
    run = run_script(place.root / "milestones" / MLP.folder / DIGITS.name, "--seeds", "1", code=1)
    assert f"tinytorch: {place.package} (yours)" in run.stdout
    assert "FAILS   accuracy" in run.stdout and "20 runs of the reference measured" in run.stdout
    assert "module 02, relu" in run.stdout and relu[why].sentence in run.stdout


def test_without_recorded_runs_one_sentence_says_what_to_do(tmp_path):
    script = place_with(tmp_path).root / "milestones" / MLP.folder / DIGITS.name
    script.with_name(EVIDENCE).unlink()
    run = run_script(script, code=1)
    assert "copy the file again" in run.stderr and "Traceback" not in run.stderr


@pytest.mark.parametrize("run", RUNS)
def test_the_record_agrees_with_the_gates(run, gates):
    recorded = evidence(MLP.path, run)
    for gate in gates[run]:
        assert len(recorded.reference[gate.name]) == 20
        assert recorded.failure_rate(gate) < 1e-3, gate.name
    correct = [
        dict(zip(recorded.reference, values, strict=True)) for values in zip(*recorded.reference.values(), strict=True)
    ]
    assert judge(gates[run], correct, recorded)[0]
    caught = [m for m in recorded.mistakes if any(not all(map(g.passes, m.values[g.name])) for g in gates[run])]
    assert len(caught) > len(recorded.mistakes) / 2


def test_the_record_has_every_run_and_nothing_else():
    assert set(json.loads((MLP.path / EVIDENCE).read_text(encoding="utf-8"))) == set(RUNS)


@pytest.mark.parametrize("script", [DIGITS, MNIST, DRAW], ids=lambda script: script.stem)
def test_its_needs_follow_from_its_imports(script):
    assert [module.number for module in milestone.needs(script)][-1] == "08"
