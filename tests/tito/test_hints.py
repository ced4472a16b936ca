"""Hints come a step at a time and never hold the code; solutions are for those who have one, or ask twice."""

import pytest

from tests.tito.student import reference_bodies, solve, tito
from tito import course, progress
from tito.hints import all_hints, exercises
from tito.place import Place
from tito.workspace import init

SETUP, TENSOR = course.find("setup"), course.find("tensor")


@pytest.fixture
def place(tmp_path) -> Place:
    place = init(tmp_path / "mine")[0]
    progress.record(place, SETUP, tested=True)
    return place


@pytest.mark.parametrize("module", course.available(), ids=lambda module: module.stem)
def test_every_exercise_has_hints_and_none_holds_a_line_of_the_answer(module):
    bodies = reference_bodies(module.stem)
    for exercise in exercises(module):
        hints = all_hints(module, exercise)
        assert len(hints) >= (2 if exercise.startswith("answer_") else 3)
        assert all(len(hint) > 10 for hint in hints)
        for line in (line.strip() for line in bodies[exercise]):
            assert len(line) < 12 or not any(line in hint for hint in hints), f"{exercise}: {line}"


def test_hints_come_one_after_the_other_and_begin_again(place):
    steps = all_hints(TENSOR, "as_array")
    for expected in [*steps, steps[0]]:
        run = tito("module", "hint", cwd=place.root)
        assert run.returncode == 0
        assert expected in run.stdout
    assert steps[0].startswith("Step 1. Copy `data`")


def test_without_a_name_it_is_the_first_unsolved_exercise(place):
    solve(place.notebook(TENSOR), "as_array")
    assert tito("module", "hint", "01", cwd=place.root).stdout.startswith("row_major_strides, hint 1 of 4.")
    solve(place.notebook(TENSOR))
    run = tito("module", "hint", "01", cwd=place.root)
    assert run.returncode == 1 and "every exercise of 01_tensor has code" in run.stderr


def test_a_method_can_be_named_in_short(place):
    assert tito("module", "hint", "01", "apply", cwd=place.root).stdout.startswith("Tensor.apply, hint 1")
    run = tito("module", "hint", "01", "nonsense", cwd=place.root)
    assert run.returncode == 1 and "has no exercise 'nonsense': it has as_array, " in run.stderr


def test_the_solution_is_shown_once_the_test_passes(place):
    refused = tito("module", "solution", "01", "as_array", cwd=place.root)
    assert refused.returncode == 1 and "not solved yet" in refused.stderr and "np.array" not in refused.stdout
    solve(place.notebook(TENSOR), "as_array")
    shown = tito("module", "solution", "01", "as_array", cwd=place.root)
    assert shown.returncode == 0
    assert shown.stdout.splitlines() == reference_bodies("01_tensor")["as_array"]


def test_a_wrong_solution_does_not_open_the_door(place):
    solve(place.notebook(TENSOR), "as_array", bodies={"as_array": ["return np.array(data, dtype=dtype)"]})
    assert tito("module", "solution", "01", "as_array", cwd=place.root).returncode == 1


def test_reveal_asks_first(place):
    nobody_answers = tito("module", "solution", "01", "as_array", "--reveal", cwd=place.root)
    assert nobody_answers.returncode == 1 and "np.array" not in nobody_answers.stdout
