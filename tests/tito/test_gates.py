"""Gates: what passes, what fails, and where a failing value lies among the recorded runs."""

import json
import math

import pytest

from tito.errors import TitoError
from tito.gates import Evidence, Gate, Mistake, evidence, judge, to_json

ACCURACY = Gate("accuracy", low=0.96, meaning="on new images")
FIRST = Gate("first loss", low=2.25, high=2.4, form=".3f")
REFERENCE = {"accuracy": [0.97, 0.975, 0.98, 0.975], "first loss": [2.30, 2.31, 2.32, 2.31]}
TWICE = Mistake("03", "linear", "Is the bias added twice?", {"accuracy": [0.90, 0.91], "first loss": [2.31, 2.31]})
CRASHED = Mistake("05", "record", "Who is recorded?", {})
RECORDED = Evidence(REFERENCE, [TWICE, CRASHED])


@pytest.mark.parametrize(("value", "passes"), [(0.96, True), (1.0, True), (0.9599, False), (math.nan, False)])
def test_a_lower_bound(value, passes):
    assert ACCURACY.passes(value) == passes


@pytest.mark.parametrize(
    ("value", "passes"), [(2.25, True), (2.4, True), (2.2, False), (2.41, False), (math.inf, False)]
)
def test_two_bounds(value, passes):
    assert FIRST.passes(value) == passes


def test_what_a_gate_needs():
    assert ACCURACY.needs == "at least 96.0%"
    assert FIRST.needs == "2.250 to 2.400"
    assert Gate("shuffled labels", high=0.2).needs == "at most 20.0%"


def test_runs_that_pass_are_one_line_for_each_gate():
    passed, report = judge([ACCURACY, FIRST], [{"accuracy": 0.97, "first loss": 2.3}] * 2, RECORDED)
    assert passed
    assert report.splitlines() == [
        "passes  accuracy: 97.0%, needs at least 96.0% (on new images)",
        "passes  first loss: 2.300, needs 2.250 to 2.400",
    ]


def test_a_run_that_fails_is_shown_among_the_recorded_ones():
    runs = [{"accuracy": 0.97, "first loss": 2.3}, {"accuracy": 0.905, "first loss": 2.3}]
    passed, report = judge([ACCURACY, FIRST], runs, RECORDED)
    assert not passed
    lines = report.splitlines()
    assert lines[0] == "FAILS   accuracy: 90.5% to 97.0%, needs at least 96.0% (on new images)"
    assert "Seed 1 measured 90.5%." in report
    assert "4 runs of the reference measured 97.0% to 98.0%" in report
    assert "module 03, linear (90.0% to 91.0%): Is the bias added twice?" in report
    assert lines[-1].startswith("passes  first loss")


def test_a_seed_is_named_by_its_own_number():
    runs = [{"accuracy": 0.97}, {"accuracy": 0.1}]
    assert "Seed 1 measured" in judge([ACCURACY], runs, RECORDED)[1]
    assert "Seed 8 measured" in judge([ACCURACY], runs, RECORDED, first=7)[1]


def test_a_run_like_no_mistake_says_so():
    passed, report = judge([ACCURACY], [{"accuracy": 0.1}], RECORDED)
    assert not passed and "None of the recorded mistakes" in report and "linear" not in report


def test_only_mistakes_that_fail_this_gate_are_named():
    """The mistake above passes this gate, so it cannot be why a run fails it."""
    _, report = judge([FIRST], [{"first loss": 2.43}], RECORDED)
    assert "linear" not in report


def test_how_often_a_correct_run_fails():
    even = Evidence({"accuracy": [0.94, 0.98]}, [])  # their mean is the bound
    assert even.failure_rate(ACCURACY) == pytest.approx(0.5)
    assert RECORDED.failure_rate(ACCURACY) == pytest.approx(0.0001, abs=0.0002)
    same = Evidence({"accuracy": [0.9, 0.9]}, [])
    assert same.failure_rate(ACCURACY) == 1


def test_two_runs_say_nothing_about_how_often_a_correct_one_fails():
    for values, runs in (
        ([0.97, 0.98], "2 runs of the reference measured 97.0% to 98.0%."),
        ([0.97], "1 run of the reference measured 97.0%."),
    ):
        _, report = judge([ACCURACY], [{"accuracy": 0.9}], Evidence({"accuracy": values}, []))
        assert runs in report and "correct run" not in report


def test_nan_fails_and_is_shown():
    passed, report = judge([ACCURACY], [{"accuracy": math.nan}], RECORDED)
    assert not passed and "nan%" in report


def test_evidence_is_read_and_its_absence_is_one_sentence(tmp_path):
    record = {"reference": REFERENCE, "mistakes": [vars(TWICE)], "ended with an error": 3, "measured the same": 1}
    (tmp_path / "evidence.json").write_text(json.dumps({"01_x": record}), encoding="utf-8")
    assert evidence(tmp_path, "01_x") == Evidence(REFERENCE, [TWICE])
    with pytest.raises(TitoError, match="no runs of 02_x: copy the file again"):
        evidence(tmp_path, "02_x")
    with pytest.raises(TitoError, match="no runs of 01_x"):
        evidence(tmp_path / "elsewhere", "01_x")


def test_what_runs_measured_as_json():
    text = to_json([{"accuracy": 0.123456, "seconds": 2.0}, {"accuracy": 1.0, "seconds": 3.0}])
    assert json.loads(text) == {"accuracy": [0.1235, 1.0], "seconds": [2.0, 3.0]}
