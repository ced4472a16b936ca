"""The scripts in examples/, and the small MNIST that some of them need."""

from pathlib import Path

import numpy as np

from tests.tito.helpers import write_mnist
from tito.course import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
OF_DIGITS = ("mnist_cnn", "mnist_mlp")  # they need torchvision to run with PyTorch alone


def arguments(example: Path, folder: Path) -> list[str]:
    """What to call an example with, so that it takes seconds and leaves nothing behind outside of `folder`."""
    if example.stem in OF_DIGITS:
        write_digits(folder / "data")
        shorter = ["--width", "4"] if example.stem == "mnist_cnn" else []
        options = ["--epochs", "2", "--log-every", "2", "--save", str(folder / "weights.pt")]
        return ["--data", str(folder / "data"), *options, *shorter]
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
