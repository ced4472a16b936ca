"""Clipping by other norms and by value, as PyTorch has it, and its options for `load`.

Copied by `tito export` from tito/templates/vocabulary/training.py in the course's folder: edit that file instead.
"""

import math
import os
from collections.abc import Iterable
from typing import BinaryIO

import numpy as np

import tinytorch.training as base
from tinytorch.tensor import Tensor


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> Tensor:
    """Your `clip_grad_norm_`, also by norms other than the Euclidean; with `math.inf` it is the largest absolute entry.

    >>> p = Tensor([0.0, 0.0], requires_grad=True)
    >>> p.grad = Tensor([3.0, 4.0])
    >>> clip_grad_norm_(p, 2.0, norm_type=math.inf), p.grad
    (tensor(4.), tensor([1.5000, 2.0000]))
    """
    if norm_type == 2 and not error_if_nonfinite:
        return base.clip_grad_norm_(parameters, max_norm)
    tensors = [parameters] if isinstance(parameters, Tensor) else parameters
    grads = [p.grad.array for p in tensors if p.grad is not None]
    flat = np.concatenate([np.zeros(0), *(grad.ravel() for grad in grads)])  # float64
    norm = float(np.linalg.norm(flat, float(norm_type))) if flat.size else 0.0
    if error_if_nonfinite and not math.isfinite(norm):
        raise RuntimeError(
            f"the norm of all gradients is {norm}: check the loss and the weights for nan, inf and huge values"
        )
    for grad in grads:
        grad *= float(np.minimum(1.0, max_norm / (norm + 1e-6)))  # in place
    return Tensor(norm)


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Clip every entry of every gradient to -clip_value .. clip_value, in place. This changes the direction of the step.

    >>> p = Tensor([0.0, 0.0], requires_grad=True)
    >>> p.grad = Tensor([3.0, -0.5])
    >>> clip_grad_value_(p, 1.0)
    >>> p.grad.tolist()
    [1.0, -0.5]
    """
    for p in [parameters] if isinstance(parameters, Tensor) else parameters:
        if p.grad is not None:
            p.grad.array.clip(-clip_value, clip_value, out=p.grad.array)  # in place


def load(f: str | os.PathLike | BinaryIO, map_location: str | None = None, weights_only: bool = True) -> object:
    """Your `load`, with PyTorch's options: `map_location` can only be the CPU, and `weights_only=False` is as safe as True."""
    if str(map_location) not in ("None", "cpu"):
        raise ValueError(f'map_location is {map_location!r}: TinyTorch runs on the CPU, so use "cpu" or leave it out')
    return base.load(f)
