"""What the notebooks' cells use."""

import subprocess
import sys
import tracemalloc
from runpy import run_path

import numpy as np
import pytest

from tito.files import write
from tito.lesson import CONTROL, check, compare, show


def test_show_returns_what_is_drawn():
    assert show(lambda x: 2 * x, 3) == 6


def test_show_says_which_exercise_it_waits_for():
    def draw():
        raise NotImplementedError("Tensor.apply: replace this line with your code")

    assert "finish <code>Tensor.apply</code> first" in show(draw).text


def test_show_hides_no_other_error():
    with pytest.raises(ZeroDivisionError):
        show(lambda: 1 // 0)


def said(test, capsys) -> str:
    check(test)
    return capsys.readouterr().out


def test_check_says_that_a_test_passed_or_what_it_waits_for(capsys):
    def test_nothing():
        raise NotImplementedError("test_nothing: replace this line with your code")

    def test_other():
        raise NotImplementedError("relu: replace this line with your code")

    assert said(test_nothing, capsys) == "Not done yet: test_nothing\n"
    assert said(test_other, capsys) == "test_other waits for relu\n"
    assert said(lambda: None, capsys) == "<lambda> passed\n"


TESTS = """
def helper():
    assert 1 == 3

def test_message():
    assert False, "the input\\n    must not be changed"

def test_line():
    assert 1 + 1 == 3

def test_helper():
    helper()

def test_error():
    return [][0]
"""


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("test_message", "test_message failed: the input must not be changed\ntest_message, line 6\n"),
        ("test_line", "test_line failed: assert 1 + 1 == 3\ntest_line, line 9\n"),
        ("test_helper", "helper raised AssertionError on line 3\n"),
        ("test_error", "test_error failed: IndexError: list index out of range\nreturn [][0]\ntest_error, line 15\n"),
    ],
)
def test_check_says_why_a_test_failed(capsys, tmp_path, name, why):
    write(tmp_path / "cell.py", TESTS)  # not in this file, whose assertions pytest rewrites
    assert said(run_path(str(tmp_path / "cell.py"))[name], capsys) == why


def test_check_raises_nothing_but_lets_a_learner_stop_it(capsys):
    assert said(lambda: pytest.fail("no exception"), capsys) == "<lambda> failed: Failed: no exception\n"
    assert said(lambda: pytest.skip("for now"), capsys) == "<lambda> failed: Skipped: for now\n"

    def test_endless():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check(test_endless)


def test_controls_are_found_and_nothing_beside_them():
    import marimo as mo

    slider, button = mo.ui.slider(1, 3, label="$x$"), mo.ui.run_button(label="Measure")
    for shown in (mo.md(f"before {slider} after"), mo.hstack([slider, button])):
        assert "marimo-slider" in shown.text and "marimo-" not in CONTROL.sub("", shown.text)
    assert CONTROL.sub("", mo.md(f"before {slider} between {button} after").text).count("between") == 1


def test_a_notebook_that_runs_its_tests_finds_all_modules_of_sysconfig_loaded():
    """marimo asks for these paths while it goes through sys.modules, which must not grow meanwhile."""
    code = "import sys, sysconfig, tito.lesson; known = set(sys.modules); sysconfig.get_paths(); print(set(sys.modules) - known)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert run.stdout.strip() == "set()", run.stderr


def test_compared_ways_take_turns_and_the_cold_round_does_not_count(monkeypatch):
    calls, now = [], [0.0]
    lasts = {"a": [100.0, 3.0, 1.0, 2.0, 0.0], "b": [200.0, 10.0, 30.0, 20.0, 0.0]}

    def way(name):
        calls.append(name)
        now[0] += lasts[name][calls.count(name) - 1]

    monkeypatch.setattr("tito.lesson.perf_counter", lambda: now[0])
    result = compare({"a": lambda: way("a"), "b": lambda: way("b")}, rounds=3)
    assert calls[:8] == ["a", "b"] * 4
    assert (result["a"][0], result["b"][0]) == (2.0, 20.0)


def test_compare_measures_the_peak_of_each():
    result = compare({"one": lambda: np.ones(10**6), "three": lambda: [np.ones(10**6) for _ in range(3)]}, rounds=1)
    assert 8e6 <= result["one"][1] < 9e6 and 24e6 <= result["three"][1] < 25e6


def test_compare_stops_watching_memory_when_a_way_fails():
    with pytest.raises(ZeroDivisionError):
        compare({"a": lambda: 1 // 0})
    assert not tracemalloc.is_tracing()
