"""Module 00: Setup.

Written by `tito export` from notebooks/00_setup.py: edit that file instead. sha256: 5a2e56fe7aab88c1
"""

import os
import platform
import statistics
import time
from collections.abc import Callable

import numpy as np


def matmul_flops(m: int, k: int, n: int) -> int:
    """Count the floating-point operations of a matrix product, with a running sum that starts at 0.

    Args:
        m, k, n: sizes; an (m, k) matrix times a (k, n) matrix.

    Returns:
        The number of multiplications and additions, an int.

    >>> matmul_flops(1, 2, 1)
    4
    """
    return 2 * m * k * n


def median_seconds(function: Callable, rounds: int = 5, clock: Callable = time.perf_counter) -> float:
    """How long a call of a function typically takes, once it is warm.

    Args:
        function: what to time; it is called without arguments, `rounds` + 1 times.
        rounds: how many calls to time, at least 1.
        clock: function that returns the time in seconds.

    Returns:
        The median of the timed calls, in seconds; for an even number of them, the mean of the middle two.

    >>> now = [0.0]
    >>> def work():
    ...     now[0] += 2.0
    >>> median_seconds(work, clock=lambda: now[0])
    2.0
    """
    function()
    seconds = []
    for _ in range(rounds):
        start = clock()
        function()
        seconds.append(clock() - start)
    return statistics.median(seconds)


def copied_bytes(x: np.ndarray) -> int:
    """Bytes that travel between memory and processor when `y[:] = x` runs.

    Args:
        x: array of any shape and dtype; `y` is another array of the same shape and dtype.

    Returns:
        The number of bytes, an int.

    >>> copied_bytes(np.zeros(3, dtype=np.float32))
    24
    """
    return 2 * x.nbytes


def machine_facts(size: int = 1024, nbytes: int = 2**26, clock: Callable = time.perf_counter) -> dict:
    """What this machine is and how fast it is; takes about half a second.

    Args:
        size: the matrices of the product are (size, size); large, so that arithmetic takes most of the time.
        nbytes: how many bytes to copy; more than the caches hold, so that memory takes most of the time.
        clock: function that returns the time in seconds.

    Returns:
        dict with "gflops" (float32 matrix product, 1e9 operations per second), "gbps" (copy, 1e9 bytes per second, read and
        written), "cores" (as the operating system counts them), and the strings "python", "numpy" and "system".

    >>> list(machine_facts(size=128, nbytes=2**20))
    ['gflops', 'gbps', 'cores', 'python', 'numpy', 'system']
    """
    a, b, product = np.ones((3, size, size), dtype=np.float32)
    x, y = np.ones((2, nbytes), dtype=np.uint8)

    def copy():
        y[:] = x

    product_seconds = median_seconds(lambda: np.matmul(a, b, out=product), clock=clock)
    copy_seconds = median_seconds(copy, rounds=11, clock=clock)
    return {
        "gflops": matmul_flops(size, size, size) / product_seconds / 1e9,
        "gbps": copied_bytes(x) / copy_seconds / 1e9,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "system": f"{platform.system()} {platform.machine()}",
    }
