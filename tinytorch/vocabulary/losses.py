"""Losses of PyTorch besides yours, its options for yours, and every loss as a module.

Copied by `tito export` from tito/templates/vocabulary/losses.py in the course's folder: edit that file instead.
"""

import numpy as np

import tinytorch.losses as base
from tinytorch.activations import log_softmax
from tinytorch.arrays import cast
from tinytorch.layers import Activation, Module
from tinytorch.losses import check_shapes, l1_loss, mse_loss, reduce
from tinytorch.tensor import Tensor, ones, where


def cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, ignore_index: int = -100, reduction: str = "mean",
    label_smoothing: float = 0.0
) -> Tensor:  # fmt: skip
    """Your `cross_entropy`, with PyTorch's options.

    Args:
        input: scores (logits), of shape (N, C), (N, C, d1, ...) or (C,).
        target: class indices, of shape (N,), (N, d1, ...) or (); or floats of the scores' shape, a probability for each class.
        weight: how much each class counts, of shape (C,); the mean is divided by the sum of these weights.
        ignore_index: a class index whose rows cost nothing, and don't count.
        reduction: "mean", "sum" or "none".
        label_smoothing: the share of the target that is spread over all classes.

    >>> cross_entropy(Tensor([[2.0, 1.0, 0.1], [0.0, 0.0, 0.0]]), Tensor([2, -100]))
    tensor(2.3170)
    """
    plain = weight is None and label_smoothing == 0 and input.ndim == 2 and target.shape != input.shape
    if plain and not (target.array == ignore_index).any():
        return base.cross_entropy(input, target, reduction=reduction)
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"label_smoothing is {label_smoothing}: use a number from 0 to 1")
    log_p = log_softmax(_classes_last(input), dim=-1)
    if target.shape != input.shape:
        return _weighted_nll(log_p, target, weight, ignore_index, reduction, label_smoothing)
    if target.dtype.kind != "f" or ignore_index >= 0:
        raise ValueError(
            f"target {target.shape} has a probability for each class: use floats, and leave out ignore_index"
        )
    p = (1 - label_smoothing) * _classes_last(target) + label_smoothing / log_p.shape[-1]
    return reduce(-(p * log_p if weight is None else p * log_p * weight).sum(-1), reduction)


def nll_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, ignore_index: int = -100, reduction: str = "mean"
) -> Tensor:
    """Negative log-likelihood: cross-entropy from log-probabilities, as `log_softmax` returns them.

    >>> nll_loss(Tensor([[-0.5, -1.0], [-2.0, -0.25]]), Tensor([0, 1]))
    tensor(0.3750)
    """
    return _weighted_nll(_classes_last(input), target, weight, ignore_index, reduction)


def _classes_last(scores: Tensor) -> Tensor:
    """Turn (N, C, d1, ...) into (N, d1, ..., C)."""
    return scores if scores.ndim < 3 else scores.permute(0, *range(2, scores.ndim), 1)


def _weighted_nll(
    log_p: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int, reduction: str, smoothing: float = 0.0
) -> Tensor:
    """-log p of the right classes, weighted and smoothed; `log_p` has the classes in its last axis."""
    shape, classes = log_p.shape[:-1], log_p.shape[-1]
    if target.shape != shape or target.dtype.kind not in "iu":
        raise ValueError(f"target is {target.dtype} of shape {target.shape}: use integers, of shape {shape}")
    keep = Tensor(target.array != ignore_index)
    labels = np.where(keep.array, target.array, 0)
    if ((labels < 0) | (labels >= classes)).any():
        raise IndexError(f"class indices from {labels.min()} to {labels.max()}: use 0 to {classes - 1}")
    weight = ones(classes, dtype=log_p.dtype) if weight is None else weight.reshape(classes)
    weights = where(keep, weight[labels], 0.0)
    terms = -log_p.reshape(-1, classes)[np.arange(labels.size), labels.ravel()].reshape(shape) * weights
    if smoothing:
        terms = (1 - smoothing) * terms - smoothing / classes * (log_p * weight).sum(-1)
    terms = where(keep, terms, 0.0)
    return terms.mean() / weights.mean() if reduction == "mean" else reduce(terms, reduction)


def binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor, weight: Tensor | None = None, reduction: str = "mean",
    pos_weight: Tensor | None = None
) -> Tensor:  # fmt: skip
    """Your `binary_cross_entropy_with_logits`; `weight` multiplies each loss, `pos_weight` only the term for the target 1.

    >>> binary_cross_entropy_with_logits(Tensor([0.0, 200.0]), Tensor([1, 0]), weight=Tensor([10.0, 1.0]), reduction="sum")
    tensor(206.9315)
    """
    terms = base.binary_cross_entropy_with_logits(input, target, reduction="none")
    if pos_weight is not None:  # log(1 + exp(-x)) is the loss for a target of 1
        terms = terms + (pos_weight - 1) * target * base.binary_cross_entropy_terms(input, 1.0)
    out = reduce(terms if weight is None else terms * weight, reduction)
    # PyTorch computes in a copy of the target, so the result has the dtype of a float target
    return out if target.dtype.kind != "f" else Tensor.apply(cast, out, dtype=target.dtype)


def _probability_terms(p: np.ndarray, target: np.ndarray) -> tuple:
    """-target log p - (1 - target) log(1 - p), clamped as in PyTorch; and its gradients."""
    with np.errstate(divide="ignore"):
        yes, no = np.log(p), np.log1p(-p)
    terms = (target - 1) * np.maximum(no, -100) - target * np.maximum(yes, -100)
    slope = (p - target) / np.maximum(p * (1 - p), 1e-12)
    return terms, (lambda grad: grad * slope, lambda grad: grad * (no - yes))


def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, reduction: str = "mean"
) -> Tensor:
    """How surprising yes or no is, from probabilities. `binary_cross_entropy_with_logits`, from scores, is more accurate.

    As in PyTorch, each logarithm is at least -100, and the gradient is divided by no less than 1e-12.

    >>> binary_cross_entropy(Tensor([0.5, 1.0]), Tensor([1.0, 0.0]), reduction="none")
    tensor([  0.6931, 100.0000])
    """
    check_shapes(input, target)
    if not all(((p.array >= 0) & (p.array <= 1)).all() for p in (input, target)):
        raise ValueError("input and target must be probabilities, from 0 to 1: apply sigmoid to scores")
    terms = Tensor.apply(_probability_terms, input, target)
    return reduce(terms if weight is None else terms * weight, reduction)


def huber_loss(input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0) -> Tensor:
    """Half the squared error up to `delta`, and a straight line beyond; otherwise like `mse_loss`.

    >>> huber_loss(Tensor([0.5, 1.0, 4.0]), Tensor([0.0, 0.0, 0.0]), reduction="none")
    tensor([0.1250, 0.5000, 3.5000])
    """
    check_shapes(input, target)
    if delta <= 0:
        raise ValueError(f"delta is {delta}: use a number greater than 0")
    error = (input - target).abs()
    small = error.clamp(max=delta)
    return reduce(small * (error - small / 2), reduction)


def smooth_l1_loss(input: Tensor, target: Tensor, reduction: str = "mean", beta: float = 1.0) -> Tensor:
    """`huber_loss` divided by `beta`: absolute errors, with a rounded corner. For `beta=0` it is `l1_loss`.

    >>> smooth_l1_loss(Tensor([0.25, 4.0]), Tensor([0.0, 0.0]), reduction="none", beta=0.5)
    tensor([0.0625, 3.7500])
    """
    return l1_loss(input, target, reduction) if beta == 0 else huber_loss(input, target, reduction, beta) / beta


class Loss(Activation):
    """A loss as a module: it stores the options of its function, so that a training loop takes it like any function."""

    inputs = 2  # input and target; all other arguments are options

    extra_repr = Module.extra_repr

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        for name in self.options:
            if isinstance(option := getattr(self, name), Tensor):
                self.register_buffer(name, option)  # class weights are saved with the module


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
