"""The scripts in examples/, and the small MNIST that one of them needs."""

from pathlib import Path

import numpy as np

from tests.tito.helpers import write_mnist
from tito.course import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def arguments(example: Path, folder: Path) -> list[str]:
    """What to call an example with, so that it takes seconds and leaves nothing behind outside of `folder`."""
    if example.stem == "mnist_mlp":
        write_digits(folder / "data")
        return ["--data", str(folder / "data"), "--epochs", "2", "--log-every", "2", "--save", str(folder / "mlp.pt")]
    if example.stem == "resume_training":
        return ["--checkpoint", str(folder / "checkpoint.pt")]
    return []


def write_digits(root: Path) -> None:
    """600 + 100 images in MNIST's format: ten random patterns under noise, which a network learns in a few steps."""
    random = np.random.RandomState(0)
    patterns = random.randint(0, 256, (10, 28, 28))
    parts = []
    for count in (600, 100):
        labels = random.randint(0, 10, count).astype(np.uint8)
        noise = random.randint(0, 256, (count, 28, 28))
        parts.append((((patterns[labels] + noise) // 2).astype(np.uint8), labels))
    write_mnist(root / "MNIST" / "raw", *parts)
