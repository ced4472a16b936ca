"""Module 02: Activations.

Written by `tito export` from notebooks/02_activations.py: edit that file instead. sha256: 817f8ccc1f11143c
"""

import math

import numpy as np

from tinytorch.arrays import in_blocks, promoted
from tinytorch.tensor import Tensor, op


@op
def relu(x: Tensor, inplace: bool = False) -> Tensor:
    """Keep positive numbers, and replace all others by 0.

    Args:
        x: array or tensor of any shape.
        inplace: accepted, as in PyTorch, and ignored.

    Returns:
        A new array or tensor with the shape and dtype of `x`.

    >>> relu(np.array([-2.0, 0.0, 3.0]))
    array([0., 0., 3.])
    """
    return np.maximum(x, 0)


@op
def leaky_relu(x: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """Keep positive numbers, and multiply negative ones by `negative_slope`.

    Args:
        x: array or tensor of any shape.
        negative_slope: any number, also above 1 or below 0.
        inplace: accepted, as in PyTorch, and ignored.

    Returns:
        A new array or tensor with the shape and dtype of `x`.

    >>> leaky_relu(np.array([-3.0, 2.0]), negative_slope=0.5)
    array([-1.5,  2. ])
    """
    return np.maximum(x, 0) + negative_slope * np.minimum(x, 0)


@op
@promoted("float")
def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + exp(-x)), a number between 0 and 1, without overflow for any x.

    Args:
        x: array or tensor of any shape.

    Returns:
        A new array or tensor with the shape and dtype of `x`.

    >>> sigmoid(np.array([-2.0, 0.0, 2.0])).round(4)
    array([0.1192, 0.5   , 0.8808])
    """
    return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))


@op
@promoted("float")
def tanh(x: Tensor) -> Tensor:
    """Hyperbolic tangent, between -1 and 1.

    >>> tanh(np.array([0.0, 1.0])).round(4)
    array([0.    , 0.7616])
    """
    return np.tanh(x)


@op
@in_blocks
def gelu(x: Tensor, approximate: str = "tanh") -> Tensor:
    """Gaussian error linear unit, by the formula with tanh.

    Args:
        x: array or tensor of any shape.
        approximate: only "tanh"; anything else is a ValueError (given).

    Returns:
        A new array or tensor with the shape and dtype of `x`.

    >>> gelu(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.1588,  0.    ,  0.8412])
    """
    if approximate != "tanh":
        raise ValueError(f'this gelu is "tanh", not {approximate!r}: the exact one is nn.functional.gelu')
    inner = np.clip(x, -10, 10)  # beyond that tanh is 1 or -1 anyway, and the cube of a huge x would be inf
    inner = math.sqrt(2 / math.pi) * (inner + 0.044715 * inner * inner * inner)
    return 0.5 * x * (1 + np.tanh(inner))


@op
def softmax(x: Tensor, dim: int = -1) -> Tensor:
    """Turn scores into probabilities along one axis.

    Args:
        x: array or tensor of scores (logits).
        dim: the axis along which the results sum to one (NumPy calls it `axis`).

    Returns:
        A new array or tensor with the shape and dtype of `x`.

    >>> softmax(np.array([0.0, 0.0]))
    array([0.5, 0.5])
    """
    shifted = x - x.max(axis=dim, keepdims=True)
    exps = np.exp(shifted)
    return exps / exps.sum(axis=dim, keepdims=True)


@op
def log_softmax(x: Tensor, dim: int = -1) -> Tensor:
    """The logarithm of `softmax(x, dim)`, even where that is too small for a float.

    Args:
        x: array or tensor of scores (logits).
        dim: the axis along which the probabilities sum to one.

    Returns:
        A new array or tensor with the shape and dtype of `x`.

    >>> log_softmax(np.array([1.0, 1.0, -200.0])).round(4)
    array([  -0.6931,   -0.6931, -201.6931])
    """
    shifted = x - x.max(axis=dim, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=dim, keepdims=True))
