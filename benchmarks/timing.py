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


def take_turns(
    steps: dict[str, Callable], batches: dict[str, list[tuple]], block: int, goal: float
) -> tuple[float, float]:
    """Train in tinytorch and PyTorch in turn; print each one's time per step, their ratio, and the losses.

    Args:
        steps: library -> a function that trains on a batch and returns its loss; tinytorch comes first.
        batches: library -> the same batches, as its tensors.
        block: how many batches a turn reads.
        goal: the ratio that tinytorch should not exceed.

    Returns:
        By how much the losses of the first steps differ, and the ratio of the times.
    """
    seconds, losses = {name: [] for name in steps}, {name: [] for name in steps}
    for number, start in enumerate(range(0, len(batches["tinytorch"]), block)):
        for name in list(steps)[:: 1 if number % 2 else -1]:  # alternate which goes first
            some = batches[name][start : start + block]
            before = perf_counter()
            losses[name] += [steps[name](x, y) for x, y in some]
            seconds[name].append((perf_counter() - before) / len(some))
    timed = {name: values[1:] or values for name, values in seconds.items()}  # the first block warms up
    ratios = [ours / theirs for ours, theirs in zip(*timed.values(), strict=True)]
    for name, values in timed.items():
        print(f"{name}: {1000 * median(values):.1f} ms per step")
    print(f"ratio {median(ratios):.2f} (blocks from {min(ratios):.2f} to {max(ratios):.2f}), goal at most {goal}")
    first = max(abs(a - b) for a, b in zip(*(values[:5] for values in losses.values()), strict=True))
    print(f"losses of the first 5 steps differ by at most {first:.1e}")
    for name, values in losses.items():
        mean = sum(values[-block:]) / len(values[-block:])
        print(f"{name}: loss {values[0]:.6f} at first, mean of the last {block} steps {mean:.4f}")
    return first, median(ratios)
