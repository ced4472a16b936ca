"""The results as a page: what was measured, where, and how."""

import os
import platform
import sys
from datetime import date
from pathlib import Path

import numpy as np
import threadpoolctl

from benchmarks.timing import Times
from benchmarks.workloads import Workload


def machine() -> list[str]:
    """CPU, system, versions, and the BLAS kernel behind NumPy's matrix product."""
    import torch

    blas = [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]
    kernels = ", ".join(f"{pool['internal_api']} {pool['version']}, kernel {pool.get('architecture')}" for pool in blas)
    return [
        f"{chip()}, {os.cpu_count()} processors, {platform.system()} {platform.machine()}",
        f"Python {platform.python_version()}, NumPy {np.__version__} ({kernels or 'unknown BLAS'}), PyTorch {torch.__version__}",
        f"{torch.get_num_threads()} threads for both libraries",
    ]


def chip() -> str:
    """The CPU's name, if the system reports it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def row(name: str, ours: str, theirs: str, result: str, goal: str, met: bool) -> str:
    return f"| {name} | {ours} | {theirs} | {result} | {goal} | {'yes' if met else 'no'} |"


def time_row(workload: Workload, times: dict[str, Times]) -> str:
    ours, theirs = times["tinytorch"].milliseconds, times["torch"].milliseconds
    ratio, name = ours / theirs, f"{workload.name}: {workload.what}"
    return row(
        name, f"{ours:.3f} ms", f"{theirs:.3f} ms", f"{ratio:.2f}", f"{workload.goal:.2f}", ratio <= workload.goal
    )


def import_row(seconds: dict[str, float], goal: float = 6) -> str:
    numpy, ours, theirs = (1000 * seconds[name] for name in ("numpy", "tinytorch", "torch"))
    name = f"import, after NumPy's own {numpy:.0f} ms"
    return row(name, f"{ours:.1f} ms", f"{theirs:.0f} ms", f"{ours:.1f} ms", f"{goal} ms", ours <= goal)


def command_rows(milliseconds: dict[str, tuple[float, float]], goals: dict[str, float]) -> list[str]:
    """How much longer a command takes than a bare Python."""
    return [
        row(
            f"`tito {name}`",
            f"{ours:.0f} ms",
            f"bare Python {bare:.0f} ms",
            f"{ours - bare:.0f} ms",
            f"{goals[name]} ms",
            ours - bare <= goals[name],
        )
        for name, (ours, bare) in milliseconds.items()
    ]


def memory_row(workload: str, sizes: dict[str, float] | None, steps: int, goal: float) -> str:
    name = f"peak memory of {steps} steps of the {workload}, beyond the import"
    if sizes is None:
        return f"| {name} | not reported by this system | | | {goal} | |"
    ours, theirs = sizes["tinytorch"], sizes["torch"]
    return row(name, f"{ours:.1f} MB", f"{theirs:.1f} MB", f"{ours / theirs:.2f}", f"{goal}", ours / theirs <= goal)


def samples(times: dict[str, dict[str, Times]]) -> str:
    """How many samples there are, and how many another process disturbed."""
    parts = []
    for name, libraries in times.items():
        counts = [len(each.seconds) + len(each.disturbed) for each in libraries.values()]
        parts.append(f"{name}: {sum(counts)}, {sum(len(each.disturbed) for each in libraries.values())} disturbed")
    return "; ".join(parts)


def page(rows: list[str], times: dict[str, dict[str, Times]], quick: bool) -> str:
    """The whole file."""
    command = "python -m benchmarks" + (" --quick" if quick else "")
    head = ["| | tinytorch | PyTorch eager | result | goal, at most | met |", "|---|---|---|---|---|---|"]
    notes = [
        f"- {date.today().isoformat()}, `{'make bench' if command == 'python -m benchmarks' else command}`",
        *(f"- {line}" for line in machine()),
        f"- samples: {samples(times)}. Disturbed samples are dropped, unless most of them are.",
    ]
    about = (
        "Both libraries run the same program on the same weights and data, alternating in one process, after a check that\n"
        "they compute the same results. Times are medians. Result: tinytorch's time or memory divided by PyTorch's; for the\n"
        "import, milliseconds; for a tito command, the milliseconds beyond a bare Python. Memory includes what a library\n"
        "loads on first use."
    )
    quick_note = ["This was a quick run to check that everything works: its numbers mean nothing.", ""] if quick else []
    return "\n".join(["# Measured against PyTorch", "", about, "", *quick_note, *head, *rows, "", *notes, ""])


def write(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
    sys.stdout.write(text)
