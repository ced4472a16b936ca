"""Running a milestone's script as a reader does."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from tests.tito.helpers import write_mnist
from tinytorch.datasets import Digits


def run_script(script: Path, *options: str, code: int = 0, **environment: str) -> subprocess.CompletedProcess:
    """Run it in its folder; it must end with this exit code."""
    run = subprocess.run(
        [sys.executable, script.name, *options],
        cwd=script.parent,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"} | environment,
        capture_output=True,
        encoding="utf-8",
    )
    assert run.returncode == code, run.stdout + run.stderr
    return run


def write_small_mnist(folder: Path) -> None:
    """Files like MNIST's, as many images, made of scikit-learn's digits: each is enlarged and put down in many places."""
    write_mnist(folder, _scattered(Digits(train=True), 60_000), _scattered(Digits(train=False), 10_000))


def _scattered(digits: Digits, count: int) -> tuple[np.ndarray, np.ndarray]:
    random, images = np.random.default_rng(0), np.zeros((count, 28, 28), np.uint8)
    which = random.permutation(np.arange(count) % len(digits))
    for number, (top, left) in zip(range(count), random.integers(1, 4, (count, 2)), strict=True):
        images[number, top : top + 24, left : left + 24] = digits.data[which[number]].repeat(3, 0).repeat(3, 1)
    return images, digits.targets[which].astype(np.uint8)
