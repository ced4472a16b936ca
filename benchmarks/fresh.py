"""Measurements that need a fresh process: how long an import takes, and how much memory a training run needs."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent

IMPORTS = """from time import perf_counter
start = perf_counter(); import numpy
middle = perf_counter(); import {}
print(middle - start, perf_counter() - middle)"""


def run(*arguments: object, cwd: Path = ROOT) -> str:
    """Run a fresh interpreter; returns what it prints."""
    command = [sys.executable, *map(str, arguments)]
    environment = {
        name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    }  # keep compiled files
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, encoding="utf-8", check=True).stdout


def import_seconds(rounds: int) -> dict[str, float]:
    """Median time to import NumPy, and each library once NumPy is imported; the libraries alternate."""
    samples = {name: [] for name in ("numpy", "tinytorch", "torch")}
    for i in range(rounds + 1):
        for name in ("tinytorch", "torch"):
            numpy, library = map(float, run("-c", IMPORTS.format(name)).split())
            if i:  # the first run compiles and fills the disk cache
                samples["numpy"].append(numpy)
                samples[name].append(library)
    return {name: median(seconds) for name, seconds in samples.items()}


def memory_megabytes(workload: str, rounds: int, steps: int) -> dict[str, float] | None:
    """Median growth of the peak memory in so many steps of a workload, beyond the import; None if the system doesn't report it."""
    samples = {name: [] for name in ("tinytorch", "torch")}
    for _ in range(rounds):
        for name, sizes in samples.items():
            sizes.append(float(run("-m", "benchmarks.fresh", name, workload, steps)))
    return {name: median(sizes) for name, sizes in samples.items()} if peak_megabytes() else None


def peak_megabytes() -> float:
    """The peak memory of this process in MB; 0 if the system doesn't report it.

    On Linux, /proc comes first: the number from `resource` is inherited from the parent process.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines())
        return int(lines["VmHWM"].split()[0]) / 1024
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # bytes on macOS


def main(name: str, workload: str, steps: str) -> None:
    """In the fresh process: import, measure, run the steps, measure again."""
    import numpy as np  # noqa: F401  (both libraries have it)

    from benchmarks.workloads import WORKLOADS

    start = next(known.start for known in WORKLOADS if known.name == workload)
    lib = import_module(name)
    import_module(f"{name}.nn.functional")
    import_module(f"{name}.optim")
    before = peak_megabytes()
    step = start(lib)
    for _ in range(int(steps)):
        step()
    print(peak_megabytes() - before)


if __name__ == "__main__":
    main(*sys.argv[1:])
