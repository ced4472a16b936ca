"""Of the small mistakes that tests/mutate.py makes, a student's tests must catch 95 %; what has changed is measured."""

import pytest

from tests import mutate
from tests.tito.test_solutions import NOTEBOOKS


@pytest.mark.parametrize("stem", NOTEBOOKS)
@pytest.mark.skipif(not hasattr(mutate.os, "fork"), reason="only on Linux and macOS: a mutant runs in a fork")
def test_mutants_are_caught(stem):
    found = mutate.without_equivalent(stem, dict(mutate.measured(stem, mutate.read_record(), jobs=1)))
    missed = [f"{exercise}: {change}" for exercise, known in found.items() for change in known["missed"]]
    assert mutate.score(found) >= mutate.SCORE, f"run `python -m tests.mutate {stem[:2]}`; missed: {missed}"


def test_an_exercise_that_changed_is_measured_again(monkeypatch):
    ran = []
    monkeypatch.setattr(mutate, "caught", lambda stem, exercise, body: ran.append(exercise) is not None)
    record = {"00_setup": dict(mutate.measured("00_setup", {}, jobs=1))}
    assert set(ran) == set(record["00_setup"]) and mutate.score(record["00_setup"]) == 0
    ran.clear()
    assert dict(mutate.measured("00_setup", record, jobs=1)) == record["00_setup"] and not ran
    record["00_setup"]["matmul_flops"]["is"] = "another text"
    assert dict(mutate.measured("00_setup", record, jobs=1)) and set(ran) == {"matmul_flops"}
