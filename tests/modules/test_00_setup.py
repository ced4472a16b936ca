"""The exported tools for measuring, tested with other numbers than in the notebook, and on a clock that obeys."""

import os
import platform

import numpy as np
import pytest

from tinytorch.machine import copied_bytes, machine_facts, matmul_flops, median_seconds


def test_operations_of_a_product():
    """WHAT: the count is what three loops do, one multiplication and one addition at a time.
    WHY: every GFLOP/s in this course is this count, divided by a time.
    TIP: one entry of the result is one running sum. How many steps does it take, and how many entries are there?
    """
    for m, k, n in [(1, 1, 1), (1, 3, 1), (3, 2, 5), (4, 7, 2), (6, 1, 6)]:
        counted = 0
        for _ in range(m * n):  # the entries of the result
            for _ in range(k):
                counted += 1  # a multiplication
                counted += 1  # an addition
        assert matmul_flops(m, k, n) == counted, f"({m}, {k}) times ({k}, {n})"


def stopwatch(durations):
    """What median_seconds says of work whose calls last `durations`, and which of these it has used up."""
    lasted = []

    def work():
        lasted.append(durations[len(lasted) % len(durations)])

    return median_seconds(work, rounds=len(durations) - 1, clock=lambda: sum(lasted)), lasted


def test_stopwatch():
    """WHAT: the first call is not counted; of all others, each timed on its own, the median is returned.
    WHY: one disturbed call must not change what a measurement says.
    TIP: sort all durations but the first, and look at the middle. Two in the middle? Their mean.
    """
    assert stopwatch([70.0, 6.0]) == (6.0, [70.0, 6.0]), "one cold call, one round"
    for durations, expected in [
        ([1.0, 8.0, 5.0, 90.0], 8.0),
        ([33.0, 9.0, 2.0, 4.0, 40.0], 6.5),
        ([2.0, 12.0, 13.0, 80.0, 10.0, 11.0, 15.0, 14.0], 13.0),
    ]:
        seconds, lasted = stopwatch(durations)
        assert lasted == durations, "one cold call, then every round exactly once"
        assert seconds == expected, f"the calls lasted {durations}, the first was cold"


def test_stopwatch_defaults():
    """WHAT: five rounds and the computer's own clock, unless somebody asks for others.
    WHY: most measurements in this course name neither.
    TIP: use the arguments `rounds` and `clock`, and nothing else.
    """
    calls = []
    seconds = median_seconds(lambda: calls.append("called"))
    assert len(calls) == 6 and 0 <= seconds < 60


def test_bytes_of_a_copy():
    """WHAT: every byte that is read, and every byte that is written, for any shape and type.
    WHY: bandwidth is these bytes, divided by a time.
    TIP: which sizes does the failing array have, and how many bytes takes one of its numbers?
    """
    for dtype in (np.bool_, np.float16, np.float32, np.complex128):
        x = np.zeros((3, 4, 5), dtype=dtype)
        for array in (x, x[1], x[:, ::2], x[0, 0, :1]):
            y = np.empty_like(array)
            assert copied_bytes(array) == len(array.tobytes()) + len(y.tobytes()), f"{array.shape} of {x.dtype}"


def test_facts_on_a_clock_that_obeys():
    """WHAT: when every call takes a quarter of a second, the speeds are four times the counts.
    WHY: Modules 14 and 18 compare every kernel with them; a wrong unit would be wrong everywhere.
    TIP: machine_facts is given: it calls your three functions and passes them its own clock.
    """
    looks = iter(range(10_000))
    facts = machine_facts(size=20, nbytes=3000, clock=lambda: next(looks) / 4)
    assert facts["gflops"] == pytest.approx(4 * 2 * 20**3 / 1e9)
    assert facts["gbps"] == pytest.approx(4 * 2 * 3000 / 1e9)


def test_facts_of_this_machine():
    """WHAT: measured for real, the speeds are positive numbers; the other facts are those of this computer.
    WHY: a bug report, or a measurement, without these facts cannot be compared with anything.
    TIP: zero or less? Then a time was taken in the wrong order: after minus before.
    """
    facts = machine_facts(size=128, nbytes=2**21)
    assert list(facts) == ["gflops", "gbps", "cores", "python", "numpy", "system"]
    assert 0 < facts["gflops"] < float("inf") and 0 < facts["gbps"] < float("inf")
    assert facts["cores"] == os.cpu_count() and facts["numpy"] == np.__version__
    assert facts["python"] == platform.python_version() and platform.system() in facts["system"]
