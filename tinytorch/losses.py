"""Module 04: Losses.

Written by `tito export` from notebooks/04_losses.py: edit that file instead. sha256: 087cccb09d5b7c94
"""

import numpy as np

from tinytorch.activations import log_softmax
from tinytorch.tensor import Tensor, op


def reduce(terms: Tensor, reduction: str = "mean") -> Tensor:
    """Reduce a tensor of losses to one number, "mean" or "sum". "none" returns it unchanged; anything else is a ValueError.

    >>> reduce(Tensor([1.0, 2.0, 6.0]))
    tensor(3.)
    """
    if reduction == "none":
        return terms
    if reduction not in ("mean", "sum"):
        raise ValueError(f'reduction must be "mean", "sum" or "none", not {reduction!r}')
    return terms.mean() if reduction == "mean" else terms.sum()


def check_shapes(input: Tensor, target: Tensor) -> None:
    """ValueError if the two shapes differ: broadcasting would silently compute another loss."""
    if input.shape != target.shape:
        raise ValueError(f"input has shape {input.shape}, target has shape {target.shape}: reshape one of them")


def mse_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """Mean squared error, as in PyTorch.

    Args:
        input, target: tensors of one shape: the predictions, and the right answers.
        reduction: "mean", "sum" or "none".

    Returns:
        Scalar tensor, of shape (); for "none", a tensor with the shape of `input`.

    Raises:
        ValueError: the shapes differ, or there is no such reduction.

    >>> mse_loss(Tensor([2.0, 5.0]), Tensor([3.0, 1.0]))
    tensor(8.5000)
    """
    check_shapes(input, target)
    return reduce((input - target) ** 2, reduction)


def l1_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """Mean absolute error; same arguments, result and errors as `mse_loss`.

    >>> l1_loss(Tensor([2.0, 5.0]), Tensor([3.0, 1.0]))
    tensor(2.5000)
    """
    check_shapes(input, target)
    return reduce((input - target).abs(), reduction)


@op
def cross_entropy_terms(logits: np.ndarray, target: np.ndarray) -> np.ndarray:
    """For each row of scores: how surprising is the right class?

    Args:
        logits: array of scores, of shape (N, C).
        target: array of N class indices, integers in 0 .. C - 1.

    Returns:
        New array of shape (N,), with the dtype of `logits`: -log softmax(logits) at the targets.

    >>> cross_entropy_terms(np.array([[2.0, 1.0, 0.1], [0.0, 0.0, 0.0]]), np.array([2, 1])).round(3)
    array([2.317, 1.099])
    """
    return -log_softmax(logits, dim=-1)[np.arange(len(target)), target]


def cross_entropy(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """How surprising the right classes are: -log softmax, at the targets.

    Args:
        input: tensor of scores (logits), of shape (N, C).
        target: tensor of N integers of any dtype, the class indices, in 0 .. C - 1.
        reduction: "mean", "sum" or "none".

    Returns:
        Scalar tensor, of shape (); for "none", a tensor of shape (N,).

    Raises:
        ValueError: `input` is not (N, C), `target` is not (N,), or there is no such reduction.
        TypeError: the class indices are not integers (booleans aren't either).
        IndexError: there is no such class.

    >>> cross_entropy(Tensor([[2.0, 1.0, 0.1], [0.0, 0.0, 0.0]]), Tensor([2, 1]))
    tensor(1.7078)
    """
    if input.ndim != 2 or target.shape != input.shape[:1]:
        raise ValueError(f"input {input.shape}, target {target.shape}: give rows of scores, and a class index for each")
    if target.dtype.kind not in "iu":
        raise TypeError(f"class indices must be integers, not {target.dtype}: use target.long()")
    classes = input.shape[1]
    outside = target.array[(target.array < 0) | (target.array >= classes)]
    if len(outside):
        raise IndexError(f"there is no class {outside[0]}: number the {classes} classes from 0 to {classes - 1}")
    return reduce(cross_entropy_terms(input, target), reduction)


@op
def binary_cross_entropy_terms(logits: np.ndarray, target: np.ndarray) -> np.ndarray:
    """For each score: how surprising is the answer?

    Args:
        logits: array of scores, of any shape.
        target: array of the same shape, from 0 (no) to 1 (yes).

    Returns:
        Array of the same shape; float32 for float32. No step overflows, whatever the score, not even in an unused branch.

    >>> binary_cross_entropy_terms(np.array([0.0, 2.0, 200.0]), np.array([1.0, 0.25, 0.0])).round(4)
    array([  0.6931,   1.6269, 200.    ])
    """
    return np.maximum(logits, 0) - logits * target + np.log1p(np.exp(-np.abs(logits)))


def binary_cross_entropy_with_logits(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """How surprising yes or no is, from scores.

    `input`: scores (logits); `target`: from 0 to 1, of any dtype. Otherwise like `mse_loss`.

    >>> binary_cross_entropy_with_logits(Tensor([0.0, 200.0]), Tensor([True, False]), reduction="sum")
    tensor(200.6931)
    """
    check_shapes(input, target)
    return reduce(binary_cross_entropy_terms(input, target), reduction)
