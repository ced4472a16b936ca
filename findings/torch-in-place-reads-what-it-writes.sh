#!/usr/bin/env bash
# An in-place operation of PyTorch whose other operand is a column of the same tensor uses numbers it has already changed.
#
# x.mul_(x[:, 2]) and x += x.unbind(1)[1] broadcast a view of x over x. PyTorch refuses some overlaps ("refer to a single memory location"),
# but not one with a strided view: it says nothing, and the result is that of reading while writing. NumPy makes a copy first, and is right.
#
# Seen with torch 2.13.0, numpy 2.4.6 (CPU), Python 3.11, Linux x86_64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
import torch

print("torch", torch.__version__, "numpy", np.__version__)
start = np.arange(9).reshape(3, 3)
right = start * start[:, 2]
array = start.copy()
array *= array[:, 2]
tensor = torch.from_numpy(start.copy())
tensor.mul_(tensor[:, 2])
print("right:", right.tolist())
print("numpy:", array.tolist())
print("torch:", tensor.tolist())
assert (array == right).all(), "numpy has changed"
assert tensor.tolist() == [[0, 5, 16], [48, 20, 40], [96, 280, 64]], "torch has changed"
ones = torch.ones(2, 2, dtype=torch.int64)
ones += ones.unbind(1)[1]
print("ones += their second column:", ones.tolist())
assert ones.tolist() == [[2, 2], [3, 2]], "torch has changed"
PYTHON
