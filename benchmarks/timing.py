"""Reliable timings: alternating, warm, medians, without samples that another process disturbed."""

import gc
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import numpy as np

from benchmarks.workloads import Workload


class Different(Exception):
    """The two libraries compute different results, so there is nothing to compare."""


@dataclass
class Times:
    """Seconds per step of one library, by whether the sample was disturbed."""

    seconds: list[float] = field(default_factory=list)
    disturbed: list[float] = field(default_factory=list)

    @property
    def kept(self) -> list[float]:
        """The undisturbed samples, or all of them if fewer than a quarter are undisturbed."""
        return (
            self.seconds
            if 3 * len(self.seconds) >= len(self.disturbed) and self.seconds
            else self.seconds + self.disturbed
        )

    @property
    def milliseconds(self) -> float:
        return 1000 * median(self.kept)


def check_equal(workload: Workload, steps: dict[str, Callable], rounds: int = 10) -> None:
    """Run both libraries for some steps and compare the results of each step.

    Raises:
        Different: they differ by more than 1e-5, absolute plus relative.
    """
    for i in range(rounds):
        ours, theirs = (np.array(step()) for step in steps.values())
        if ours.shape != theirs.shape or not np.allclose(ours, theirs, rtol=1e-5, atol=1e-5):
            given = " and ".join(f"{name} {array.tolist()}" for name, array in zip(steps, (ours, theirs), strict=True))
            raise Different(f"{workload.name}, step {i + 1}: {given}")


def busy_elsewhere(before: tuple, after: tuple) -> float:
    """How many cores other processes kept busy between two calls of `clocks`."""
    wall, own, machine = (b - a for a, b in zip(before, after, strict=True))
    if machine:
        return max(0.0, machine - own) / wall
    return max(0.0, 1 - own / wall)  # only this process's time is known: the rest of the time it was waiting


def clocks() -> tuple[float, float, float]:
    """Seconds so far: wall clock, CPU of this process, CPU of the whole machine (0 if unknown)."""
    return perf_counter(), process_time(), machine_seconds()


def machine_seconds() -> float:
    """CPU seconds of all processes since boot, on Linux."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return 0.0
    user, nice, system, _idle, _wait, irq, softirq = map(int, stat.read_text(encoding="utf-8").split(maxsplit=8)[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def sample(step: Callable, count: int, times: Times) -> None:
    """Time `count` steps together, after two warm-up steps, and note whether the sample was disturbed."""
    step(), step()
    before = clocks()
    for _ in range(count):
        step()
    after = clocks()
    quiet = busy_elsewhere(before, after) < 0.15  # the clocks tick in hundredths of a second
    (times.seconds if quiet else times.disturbed).append((after[0] - before[0]) / count)


def steps_for(step: Callable, seconds: float) -> int:
    """How many steps take `seconds`: a sample must be long, as the system's clocks tick 100 times a second."""
    start = perf_counter()
    step()
    return max(1, round(seconds / (perf_counter() - start)))


def compare(workload: Workload, libraries: dict, rounds: int, seconds: float) -> dict[str, Times]:
    """Time a workload in all libraries, alternating, `rounds` times for `seconds` each.

    Raises:
        Different: they compute different results.
    """
    steps = {name: workload.start(lib) for name, lib in libraries.items()}
    check_equal(workload, steps)
    counts = {name: steps_for(step, seconds) for name, step in steps.items()}
    times = {name: Times() for name in steps}
    # The garbage collector runs after so many allocations and scans every loaded object: without this, tinytorch's graph
    # would pay for scanning PyTorch.
    gc.collect()
    gc.freeze()
    for i in range(rounds):
        for name in list(steps)[:: 1 if i % 2 else -1]:  # alternate which goes first
            sample(steps[name], counts[name], times[name])
    return times
