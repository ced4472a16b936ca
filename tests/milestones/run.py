"""Running a milestone's script as a reader does."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np

from tests.tito.helpers import write_mnist
from tinytorch.datasets import Digits


def command(script: Path, *options: str, **environment: str) -> dict:
    """How `subprocess` runs it in its folder."""
    variables = os.environ | {"PYTHONIOENCODING": "utf-8"} | environment
    return {"args": [sys.executable, script.name, *options], "cwd": script.parent, "env": variables}


def run_script(script: Path, *options: str, code: int = 0, **environment: str) -> subprocess.CompletedProcess:
    """Run it in its folder; it must end with this exit code."""
    run = subprocess.run(**command(script, *options, **environment), capture_output=True, encoding="utf-8")
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


def write_small_cifar(folder: Path, train: int, test: int) -> None:
    """Files like CIFAR-10's, of `train` images in each of the five and `test` to test: colored stripes, a pattern for each class."""
    random = np.random.default_rng(0)
    folder.mkdir(parents=True)
    for name, count in [*((f"data_batch_{number}", train) for number in range(1, 6)), ("test_batch", test)]:
        labels = random.permutation(np.arange(count) % 10)
        content = {b"data": _stripes(labels, random).reshape(count, -1), b"labels": labels.tolist()}
        (folder / name).write_bytes(pickle.dumps(content, protocol=2))


def _stripes(labels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """(N, 3, 32, 32) uint8: the label decides the width and the direction of the stripes, chance their place and color."""
    rows, columns = np.indices((32, 32))
    width, across = (2 + labels // 2)[:, None, None], (labels % 2)[:, None, None]
    place = np.where(across, rows, columns) + random.integers(8, size=(len(labels), 1, 1))
    colors = random.integers(60, 256, size=(len(labels), 3, 1, 1))
    noisy = (place // width % 2)[:, None] * colors + random.normal(0, 20, (len(labels), 3, 32, 32))
    return noisy.clip(0, 255).astype(np.uint8)
