#!/usr/bin/env bash
# The gradient of an eval-mode batch norm is computed with running statistics that a later training batch has left.
#
# A batch goes through BatchNorm2d in eval mode, and before its backward() another goes through the same layer in train mode, which
# updates the running variance in place. backward() then divides by the new variance, without an error: the gradient belongs to no
# forward pass. If you change the same buffer yourself (running_var.mul_), backward() refuses, as it does for any saved tensor.
# It matters where one network is used in both modes before a backward(): teachers and students that share layers, adversarial losses.
#
# Seen with torch 2.13.0 (CPU), numpy 2.4.6, Python 3.11, Linux x86_64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import torch

print("torch", torch.__version__)
x = torch.arange(4.0).reshape(1, 1, 2, 2).requires_grad_()


def gradient(between):
    """The gradient of x through a batch norm in eval mode, with something between forward and backward."""
    layer, x.grad = torch.nn.BatchNorm2d(1), None
    out = layer.eval()(x)
    between(layer)
    out.sum().backward()
    return x.grad.unique().tolist()


alone = gradient(lambda layer: None)
later = gradient(lambda layer: layer.train()(10 * x.detach()))
print("nothing between:", alone)
print("a training batch between:", later)
try:
    gradient(lambda layer: layer.running_var.mul_(4))
    refused = False
except RuntimeError as error:
    refused = "modified by an inplace operation" in str(error)
print("running_var.mul_ between: refused", refused)
assert abs(alone[0] - 1) < 1e-4 and refused, "torch has changed"
assert abs(later[0] - 0.2386) < 1e-3, "torch has changed"
PYTHON
