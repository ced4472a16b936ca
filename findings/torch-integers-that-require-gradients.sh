#!/usr/bin/env bash
# An integer tensor of PyTorch requires a gradient once a float that does is assigned to a part of it.
#
# torch.tensor([1], requires_grad=True) is refused: "only Tensors of floating point ... can require gradients". But x[0,] = y makes an int64
# tensor with requires_grad and a grad_fn, without a word; the fraction is cut off; what is computed from it says that it
# requires a gradient, too, and only backward() fails, far from the line that is to blame.
#
# Seen with torch 2.13.0 (CPU), Python 3.11, Linux x86_64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import torch

print("torch", torch.__version__)
try:
    torch.tensor([1], requires_grad=True)
    raise AssertionError("this has changed")
except RuntimeError as error:
    print("asked for directly:", str(error).split(".")[0])
x = torch.tensor([[1, 2]])
x[0,] = torch.tensor(7.5, requires_grad=True)
print("after the assignment:", x)
assert x.dtype == torch.int64 and x.tolist() == [[7, 7]] and x.requires_grad, "this has changed"
try:
    x.sum().backward()
    raise AssertionError("this has changed")
except RuntimeError as error:
    print("backward:", error)
PYTHON
