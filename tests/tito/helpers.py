"""Tiny notebooks for the tests, written by hand or by marimo itself, so that a change of its format is noticed; and small data."""

import struct
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np

from tito.course import ROOT

HEAD = 'import marimo\n\n__generated_with = "0.25.2"\napp = marimo.App(app_title="Tiny")\n\n'
TAIL = '\n\n\nif __name__ == "__main__":\n    app.run()\n'


def notebook(*cells: str, setup: str = "") -> str:
    """The text of a notebook. Cells begin with their decorator; `setup` is code."""
    head = f"with app.setup:\n{textwrap.indent(setup.strip(), '    ')}\n\n\n" if setup else ""
    return HEAD + head + "\n\n\n".join(cell.strip("\n") for cell in cells) + TAIL


def by_marimo(*codes: str, setup: str = "", hide_code: bool = False) -> str:
    """The text that marimo itself writes for cells with these codes, whatever state they are in."""
    from marimo._ast.cell import CellConfig
    from marimo._ast.codegen import generate_filecontents

    names = ["setup"] * bool(setup) + ["_"] * len(codes)
    configs = [CellConfig(hide_code=hide_code) for _ in names]
    return generate_filecontents([setup] * bool(setup) + list(codes), names, configs, None)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def ruff(text: str, name: str = "tinytorch/tiny.py") -> str:
    """What `ruff check` and `ruff format --check`, set up as in this repository, find wrong with a file of this text."""
    found = []
    for command in (["check", "--no-cache"], ["format", "--diff", "--no-cache"]):
        run = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(ROOT / name), "-"],
            input=text,
            capture_output=True,
            encoding="utf-8",
            cwd=ROOT,
        )
        found.append("" if run.returncode == 0 else run.stdout + run.stderr)
    return "".join(found)


def idx(array: np.ndarray) -> bytes:
    """MNIST's format, for an array of uint8."""
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write_mnist(folder: Path, train: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray]) -> None:
    """MNIST's four files in a new folder, of (images, labels), uint8 of shapes (N, H, W) and (N,)."""
    folder.mkdir(parents=True)
    for part, (images, labels) in (("train", train), ("t10k", test)):
        (folder / f"{part}-images-idx3-ubyte").write_bytes(idx(images))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(idx(labels))
