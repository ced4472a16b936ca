"""For the notebooks' exploring and measuring cells."""

import os
import sys
import tracemalloc
from statistics import median
from time import perf_counter

import marimo as mo

if sys.platform == "emscripten":  # in a browser there is no pyproject.toml to say how a test speaks
    os.environ["PYTEST_ADDOPTS"] = "-p tito.feedback"


def show(draw, *args):
    """What `draw(*args)` returns; while an exercise that it needs is unsolved, a sentence that says which one."""
    try:
        return draw(*args)
    except NotImplementedError as todo:
        return mo.md(f"*This cell waits for you: finish `{str(todo).partition(':')[0]}` first.*")


def compare(ways, rounds=9):
    """Median seconds and peak extra bytes of several ways to do something.

    The ways take turns, so that whatever else the machine does disturbs all of them alike; the first, cold round does not
    count.

    Args:
        ways: dict of name -> function without arguments.
        rounds: how often each is timed.

    Returns:
        dict of name -> (seconds, bytes).
    """
    seconds = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, way in ways.items():
            start = perf_counter()
            way()
            seconds[name].append(perf_counter() - start)
    return {name: (median(times[1:]), _peak_bytes(ways[name])) for name, times in seconds.items()}


def _peak_bytes(way):
    tracemalloc.start()
    try:
        way()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
