"""Measure tinytorch against PyTorch and write the table: `make bench`, or `python -m benchmarks`."""

import argparse
import sys
from pathlib import Path

from benchmarks import commands, fresh, table
from benchmarks.timing import Different, compare
from benchmarks.workloads import WORKLOADS

THREADS = 2
# workload -> (steps after which its peak memory is measured, goal as a share of PyTorch's)
MEMORY_STEPS = {"MLP": (300, 0.75), "CNN": (20, 0.75), "GPT": (20, 0.9)}
RESULTS = Path(__file__).with_name("results.md")


def measure(quick: bool) -> str:
    """Measure everything; returns the text of the page."""
    import threadpoolctl
    import torch

    import tinytorch

    # PyTorch's threads wait for each other after every operation: beside another busy process, minutes instead of seconds
    threads = 1 if quick else THREADS
    torch.set_num_threads(threads)
    rounds, seconds = (2, 0.01) if quick else (40, 0.3)
    times = {}
    with threadpoolctl.threadpool_limits(threads, user_api="blas"):
        for workload in WORKLOADS:
            times[workload.name] = compare(workload, {"tinytorch": tinytorch, "torch": torch}, rounds, seconds)
        rows = [table.time_row(workload, times[workload.name]) for workload in WORKLOADS]
        rows.append(table.import_row(fresh.import_seconds(1 if quick else 15)))
        for name, (steps, goal) in MEMORY_STEPS.items():
            steps = min(steps, 5) if quick else steps
            rows.append(table.memory_row(name, fresh.memory_megabytes(name, 1 if quick else 3, steps), steps, goal))
        chosen = list(commands.GOALS)[: 2 if quick else None]
        rows += table.command_rows(commands.milliseconds(1 if quick else 5, chosen), commands.GOALS)
        return table.page(rows, times, quick)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="check that everything works; the numbers mean nothing")
    parser.add_argument(
        "--output",
        type=Path,
        help=f"where to write the table; by default {RESULTS.name} next to the code, unless --quick",
    )
    options = parser.parse_args(arguments)
    try:
        text = measure(options.quick)
    except Different as error:
        print(f"The two libraries computed different results, so nothing was measured. {error}", file=sys.stderr)
        return 1
    if options.output or not options.quick:
        table.write(text, options.output or RESULTS)
    else:
        print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
