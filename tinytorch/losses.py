"""Module 04: Losses.

Written by `tito export` from notebooks/04_losses.py: edit that file instead. sha256: ee971bfa56cb0fcb
"""

import numpy as np

from tinytorch.activations import log_softmax
from tinytorch.layers import Activation, Module
from tinytorch.tensor import Tensor, cast, ones, op, where


def reduce(terms: Tensor, reduction: str = "mean") -> Tensor:
    """A tensor of losses becomes one number: "mean" or "sum". "none" leaves it as it is; all else is a ValueError.

    >>> reduce(Tensor([1.0, 2.0, 6.0]))
    tensor(3.)
    """
    if reduction == "none":
        return terms
    if reduction not in ("mean", "sum"):
        raise ValueError(f'reduction is "mean", "sum" or "none", and not {reduction!r}: choose one of them')
    return terms.mean() if reduction == "mean" else terms.sum()


def check_shapes(input: Tensor, target: Tensor) -> None:
    """ValueError if the two shapes differ: refuse what broadcasting would silently turn into something else."""
    if input.shape != target.shape:
        raise ValueError(f"input has shape {input.shape}, target {target.shape}: reshape one, so that they are equal")


def mse_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """Squared errors, as in PyTorch.

    Args:
        input, target: tensors of one shape: what the network says, and what would be right.
        reduction: "mean", "sum" or "none".

    Returns:
        Tensor with a single number; for "none", with the shape of `input`.

    Raises:
        ValueError: the shapes differ, or there is no such reduction.

    >>> mse_loss(Tensor([2.0, 5.0]), Tensor([3.0, 1.0]))
    tensor(8.5000)
    """
    check_shapes(input, target)
    return reduce((input - target) ** 2, reduction)


def l1_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """Absolute errors; arguments, result and errors are those of `mse_loss`.

    >>> l1_loss(Tensor([2.0, 5.0]), Tensor([3.0, 1.0]))
    tensor(2.5000)
    """
    check_shapes(input, target)
    return reduce((input - target).abs(), reduction)


def huber_loss(input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0) -> Tensor:
    """Half the squared error up to `delta`, and a straight line beyond; the rest is as in `mse_loss`.

    >>> huber_loss(Tensor([0.5, 1.0, 4.0]), Tensor([0.0, 0.0, 0.0]), reduction="none")
    tensor([0.1250, 0.5000, 3.5000])
    """
    check_shapes(input, target)
    if delta <= 0:
        raise ValueError(f"delta is {delta}: give a number greater than 0")
    error = (input - target).abs()
    small = error.clamp(max=delta)
    return reduce(small * (error - small / 2), reduction)


def smooth_l1_loss(input: Tensor, target: Tensor, reduction: str = "mean", beta: float = 1.0) -> Tensor:
    """`huber_loss` divided by `beta`: absolute errors, with a rounded corner. For `beta=0` it is `l1_loss`."""
    return l1_loss(input, target, reduction) if beta == 0 else huber_loss(input, target, reduction, beta) / beta


@op
def cross_entropy_terms(logits: np.ndarray, target: np.ndarray) -> np.ndarray:
    """For each row of scores: how surprising is the right class?

    Args:
        logits: array of scores, of shape (N, C).
        target: array of N class numbers, integers in 0 .. C - 1.

    Returns:
        Array of shape (N,), with the dtype of `logits`: -log softmax(logits) at the targets.

    >>> cross_entropy_terms(np.array([[2.0, 1.0, 0.1], [0.0, 0.0, 0.0]]), np.array([2, 1])).round(3)
    array([2.317, 1.099])
    """
    return -log_softmax(logits, dim=-1)[np.arange(len(target)), target]


def cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, ignore_index: int = -100, reduction: str = "mean",
    label_smoothing: float = 0.0
) -> Tensor:  # fmt: skip
    """How surprising the right classes are: -log softmax, at the targets.

    Args:
        input: tensor of scores (logits), of shape (N, C).
        target: tensor of N integers, the class numbers, in 0 .. C - 1.
        weight, ignore_index, label_smoothing: PyTorch's options. The first lines, which are given, hand them to
            `cross_entropy_with_options`, and other shapes too.
        reduction: "mean", "sum" or "none".

    Returns:
        Tensor with a single number; for "none", of shape (N,).

    Raises:
        ValueError: `target` is not (N,), or there is no such reduction.
        TypeError: the class numbers are not integers (booleans are not, either).
        IndexError: there is no such class.

    >>> cross_entropy(Tensor([[2.0, 1.0, 0.1], [0.0, 0.0, 0.0]]), Tensor([2, 1]))
    tensor(1.7078)
    """
    plain = weight is None and label_smoothing == 0 and input.ndim == 2 and target.shape != input.shape
    if not plain or (target.array == ignore_index).any():
        return cross_entropy_with_options(input, target, weight, ignore_index, reduction, label_smoothing)
    n, classes = input.shape
    if target.shape != (n,):
        raise ValueError(f"target has shape {target.shape}: give it one class number for each row, ({n},)")
    if target.dtype.kind not in "iu":
        raise TypeError(f"class numbers are integers, and these are {target.dtype}: use target.long()")
    outside = target.array[(target.array < 0) | (target.array >= classes)]
    if len(outside):
        raise IndexError(f"there is no class {outside[0]}: number the {classes} classes from 0 to {classes - 1}")
    return reduce(cross_entropy_terms(input, target), reduction)


def classes_last(scores: Tensor) -> Tensor:
    """(N, C, d1, ...) becomes (N, d1, ..., C)."""
    return scores if scores.ndim < 3 else scores.permute(0, *range(2, scores.ndim), 1)


def weighted_nll(
    log_p: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int, reduction: str, smoothing: float = 0.0
) -> Tensor:
    """-log p of the right classes, weighted and smoothed; `log_p` has the classes in its last axis."""
    shape, classes = log_p.shape[:-1], log_p.shape[-1]
    if target.shape != shape or target.dtype.kind not in "iu":
        raise ValueError(f"target is {target.dtype} of shape {target.shape}: give it integers, of shape {shape}")
    keep = Tensor(target.array != ignore_index)
    labels = np.where(keep.array, target.array, 0)
    if ((labels < 0) | (labels >= classes)).any():
        raise IndexError(f"class numbers from {labels.min()} to {labels.max()}: use 0 to {classes - 1}")
    weight = ones(classes, dtype=log_p.dtype) if weight is None else weight.reshape(classes)
    weights = where(keep, weight[labels], 0.0)
    terms = -log_p.reshape(-1, classes)[np.arange(labels.size), labels.ravel()].reshape(shape) * weights
    if smoothing:
        terms = (1 - smoothing) * terms - smoothing / classes * (log_p * weight).sum(-1)
    terms = where(keep, terms, 0.0)
    return terms.mean() / weights.mean() if reduction == "mean" else reduce(terms, reduction)


def cross_entropy_with_options(
    input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int, reduction: str, label_smoothing: float
) -> Tensor:
    """Cross-entropy with everything that PyTorch's takes; a target of the scores' shape holds probabilities."""
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"label_smoothing is {label_smoothing}: give a number from 0 to 1")
    log_p = log_softmax(classes_last(input), dim=-1)
    if target.shape != input.shape:
        return weighted_nll(log_p, target, weight, ignore_index, reduction, label_smoothing)
    if target.dtype.kind != "f" or ignore_index >= 0:
        raise ValueError(f"target {target.shape} has a probability for each class: use floats, and no ignore_index")
    p = (1 - label_smoothing) * classes_last(target) + label_smoothing / log_p.shape[-1]
    return reduce(-(p * log_p if weight is None else p * log_p * weight).sum(-1), reduction)


def nll_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, ignore_index: int = -100, reduction: str = "mean"
) -> Tensor:
    """Negative log-likelihood: cross-entropy from log-probabilities, as `log_softmax` gives them.

    >>> nll_loss(Tensor([[-0.5, -1.0], [-2.0, -0.25]]), Tensor([0, 1]))
    tensor(0.3750)
    """
    return weighted_nll(classes_last(input), target, weight, ignore_index, reduction)


@op
def binary_cross_entropy_terms(logits: np.ndarray, target: np.ndarray) -> np.ndarray:
    """For each score: how surprising is the answer?

    Args:
        logits: array of scores, of any shape.
        target: array of the same shape, from 0 (no) to 1 (yes).

    Returns:
        Array of the same shape; float32 for float32.

    >>> binary_cross_entropy_terms(np.array([0.0, 2.0, 200.0]), np.array([1.0, 0.25, 0.0])).round(4)
    array([  0.6931,   1.6269, 200.    ])
    """
    return np.maximum(logits, 0) - logits * target + np.log1p(np.exp(-np.abs(logits)))


def binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor, weight: Tensor | None = None, reduction: str = "mean",
    pos_weight: Tensor | None = None
) -> Tensor:  # fmt: skip
    """How surprising yes or no is, from scores.

    `input`: scores (logits); `target`: from 0 to 1, of any dtype. `weight` multiplies each loss, `pos_weight` only
    the part of the target that is yes. The rest is as in `mse_loss`.

    >>> binary_cross_entropy_with_logits(Tensor([0.0, 200.0]), Tensor([True, False]), reduction="sum")
    tensor(200.6931)
    """
    check_shapes(input, target)
    terms = binary_cross_entropy_terms(input, target)
    if pos_weight is not None:  # log(1 + exp(-x)) is the loss for a target of 1
        terms = terms + (pos_weight - 1) * target * binary_cross_entropy_terms(input, 1.0)
    out = reduce(terms if weight is None else terms * weight, reduction)
    # the dtype of float targets, as in PyTorch, which computes in a copy of the target
    return out if target.dtype.kind != "f" else Tensor.apply(cast, out, dtype=target.dtype)


def probability_terms(p: np.ndarray, target: np.ndarray) -> tuple:
    """-target log p - (1 - target) log(1 - p), with PyTorch's limits; and its gradients."""
    with np.errstate(divide="ignore"):
        yes, no = np.log(p), np.log1p(-p)
    terms = (target - 1) * np.maximum(no, -100) - target * np.maximum(yes, -100)
    slope = (p - target) / np.maximum(p * (1 - p), 1e-12)
    return terms, (lambda grad: grad * slope, lambda grad: grad * (no - yes))


def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, reduction: str = "mean"
) -> Tensor:
    """How surprising yes or no is, from probabilities. From scores it is exact: `binary_cross_entropy_with_logits`.

    >>> binary_cross_entropy(Tensor([0.5, 1.0]), Tensor([1.0, 0.0]), reduction="none")
    tensor([  0.6931, 100.0000])
    """
    check_shapes(input, target)
    if not all(((p.array >= 0) & (p.array <= 1)).all() for p in (input, target)):
        raise ValueError("input and target must be probabilities, from 0 to 1: a score becomes one through sigmoid")
    terms = Tensor.apply(probability_terms, input, target)
    return reduce(terms if weight is None else terms * weight, reduction)


class Loss(Activation):
    """A loss as a module: it remembers the options of its function, and can be handed to a training loop like a layer."""

    inputs = 2  # input and target; whatever follows is an option

    extra_repr = Module.extra_repr


class MSELoss(Loss, function=mse_loss):
    """`mse_loss` as a module, with the same options."""


class L1Loss(Loss, function=l1_loss):
    """`l1_loss` as a module, with the same options."""


class SmoothL1Loss(Loss, function=smooth_l1_loss):
    """`smooth_l1_loss` as a module, with the same options."""


class HuberLoss(Loss, function=huber_loss):
    """`huber_loss` as a module, with the same options."""


class BCELoss(Loss, function=binary_cross_entropy):
    """`binary_cross_entropy` as a module, with the same options."""


class BCEWithLogitsLoss(Loss, function=binary_cross_entropy_with_logits):
    """`binary_cross_entropy_with_logits` as a module, with the same options."""


class NLLLoss(Loss, function=nll_loss):
    """`nll_loss` as a module, with the same options."""


class CrossEntropyLoss(Loss, function=cross_entropy):
    """`cross_entropy` as a module, with the same options."""
