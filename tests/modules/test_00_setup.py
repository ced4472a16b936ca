"""The exported measuring tools, tested with other numbers than in the notebook, and with a fake clock."""

import os
import platform

import numpy as np

from tinytorch.machine import copied_bytes, machine_facts, matmul_flops, median_seconds
from tito.lesson import close


def test_operations_of_a_product():
    """WHAT: the count is what three loops do, one multiplication and one addition at a time.
    WHY: every GFLOP/s in this course is this count divided by a time.
    TIP: one entry of the result is one running sum. How many steps does it take, and how many entries are there?
    """
    for m, k, n in [(1, 1, 1), (1, 3, 1), (3, 2, 5), (4, 7, 2), (6, 1, 6)]:
        counted = 0
        for _ in range(m * n):  # the entries of the result
            for _ in range(k):
                counted += 1  # a multiplication
                counted += 1  # an addition
        close(matmul_flops(m, k, n), counted, f"({m}, {k}) times ({k}, {n})")


def timed(durations):
    """What median_seconds says of a fake task with these durations, and the durations of the calls it made."""
    elapsed = []

    def task():
        elapsed.append(durations[len(elapsed) % len(durations)])

    return median_seconds(task, rounds=len(durations) - 1, clock=lambda: sum(elapsed)), elapsed


def test_stopwatch():
    """WHAT: the first call doesn't count; of the others, each timed separately, the result is the median.
    WHY: one interrupted call must not change the result of a measurement.
    TIP: sort all durations but the first, and look at the middle. Two in the middle? Their mean.
    """
    for durations, expected in [
        ([70.0, 6.0], 6.0),
        ([1.0, 8.0, 5.0, 90.0], 8.0),
        ([33.0, 9.0, 2.0, 4.0, 40.0], 6.5),
        ([2.0, 12.0, 13.0, 80.0, 10.0, 11.0, 15.0, 14.0], 13.0),
    ]:
        seconds, elapsed = timed(durations)
        calls = f"rounds={len(durations) - 1} and a cold call make {len(durations)} calls"
        assert len(elapsed) == len(durations), f"{calls}; there were {len(elapsed)}"
        close(seconds, expected, f"the calls took {durations}, and the first was cold")


def test_stopwatch_defaults():
    """WHAT: by default, five rounds and the computer's own clock.
    WHY: most measurements in this course pass neither.
    TIP: take the number of rounds and the clock from the arguments `rounds` and `clock`, and from nowhere else.
    """
    calls = []
    seconds = median_seconds(lambda: calls.append("called"))
    assert seconds is not None, "median_seconds returned None: is there a return statement?"
    assert len(calls) == 6, f"five rounds and a cold call make 6 calls; there were {len(calls)}"
    assert 0 <= seconds < 60, f"adding to a list took {seconds} seconds: is it the time after minus the time before?"


def test_bytes_of_a_copy():
    """WHAT: every byte that is read and every byte that is written, for any shape and dtype.
    WHY: bandwidth is these bytes divided by a time.
    TIP: which sizes does the failing array have, and how many bytes does one of its numbers take?
    """
    for dtype in (np.bool_, np.float16, np.float32, np.complex128):
        x = np.zeros((3, 4, 5), dtype=dtype)
        for array in (x, x[1], x[:, ::2], x[0, 0, :1]):
            y = np.empty_like(array)
            expected = len(array.tobytes()) + len(y.tobytes())
            close(copied_bytes(array), expected, f"an array of shape {array.shape} and dtype {x.dtype}")


def test_facts_with_a_fake_clock():
    """WHAT: when every call takes a quarter of a second, the speeds are four times the counts.
    WHY: Modules 14 and 18 compare every kernel with them; a wrong unit would be wrong everywhere.
    TIP: machine_facts is given: it calls your three functions, and passes its clock to median_seconds.
    """
    readings = iter(range(10_000))
    facts = machine_facts(size=20, nbytes=3000, clock=lambda: next(readings) / 4)
    close(facts["gflops"] * 1e9, 4 * 2 * 20**3, "four products of (20, 20) matrices per second")
    close(facts["gbps"] * 1e9, 4 * 2 * 3000, "four copies of 3000 bytes per second")


def test_facts_of_this_machine():
    """WHAT: measured for real, the speeds are positive numbers; the other facts are those of this computer.
    WHY: without these facts, a bug report or a measurement can't be compared with anything.
    TIP: is a speed zero or negative? Then a time is negative: it is the clock after the call minus the clock before it.
    """
    facts = machine_facts(size=128, nbytes=2**21)
    for name, unit in (("gflops", "operations"), ("gbps", "bytes")):
        assert 0 < facts[name] < float("inf"), f"this machine can't do {facts[name]} billion {unit} per second"
    facts["system"] = facts["system"].split()[0]
    expected = {"cores": os.cpu_count(), "python": platform.python_version(), "numpy": np.__version__}
    for name, value in (expected | {"system": platform.system()}).items():
        assert facts[name] == value, f"machine_facts says {name} = {facts[name]}, and this computer says {value}"
