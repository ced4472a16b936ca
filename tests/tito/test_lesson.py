"""What the notebooks' cells use."""

import tracemalloc

import numpy as np
import pytest

from tito.lesson import compare, show


def test_show_returns_what_is_drawn():
    assert show(lambda x: 2 * x, 3) == 6


def test_show_says_which_exercise_it_waits_for():
    def draw():
        raise NotImplementedError("Tensor.apply: replace this line with your code")

    assert "finish <code>Tensor.apply</code> first" in show(draw).text


def test_show_hides_no_other_error():
    with pytest.raises(ZeroDivisionError):
        show(lambda: 1 // 0)


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
