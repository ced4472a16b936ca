"""Module 02: Activations.

Written by `tito export` from notebooks/02_activations.py: edit that file instead. sha256: 4c29a6a4f391ce2e
"""

import math

import numpy as np

from tinytorch.tensor import op


@op
def relu(x):
    """Positive numbers stay, all others become 0.

    Args:
        x: array or tensor of any shape.

    Returns:
        A new one, with the shape and dtype of `x`.

    >>> relu(np.array([-2.0, 0.0, 3.0]))
    array([0., 0., 3.])
    """
    return np.maximum(x, 0)


@op
def leaky_relu(x, negative_slope=0.01):
    """Positive numbers stay, negative ones are multiplied by `negative_slope`.

    Args:
        x: array or tensor of any shape.
        negative_slope: any number.

    Returns:
        A new one, with the shape and dtype of `x`.

    >>> leaky_relu(np.array([-3.0, 2.0]), negative_slope=0.5)
    array([-1.5,  2. ])
    """
    return np.maximum(x, 0) + negative_slope * np.minimum(x, 0)


@op
def sigmoid(x):
    """1 / (1 + exp(-x)), which is between 0 and 1, without overflow for any x.

    Args:
        x: array or tensor of any shape.

    Returns:
        A new one, with the shape and dtype of `x`.

    >>> sigmoid(np.array([-2.0, 0.0, 2.0])).round(4)
    array([0.1192, 0.5   , 0.8808])
    """
    return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))


@op
def tanh(x):
    """Hyperbolic tangent, between -1 and 1.

    >>> tanh(np.array([0.0, 1.0])).round(4)
    array([0.    , 0.7616])
    """
    return np.tanh(x)


@op
def gelu(x, approximate="tanh"):
    """Gaussian error linear unit, by the formula with tanh.

    PyTorch's default is the exact form, with the error function erf. NumPy does not have
    that, so here "tanh" is the default and the only choice.

    Args:
        x: array or tensor of any shape.
        approximate: "tanh".

    Returns:
        A new one, with the shape and dtype of `x`.

    Raises:
        ValueError: `approximate` is anything but "tanh".

    >>> gelu(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.1588,  0.    ,  0.8412])
    """
    if approximate != "tanh":
        raise ValueError(f'gelu knows approximate="tanh" only, not {approximate!r}: NumPy has no error function')
    inner = np.clip(x, -10, 10)  # beyond, tanh is 1 or -1 anyway, and the cube of a huge x would be inf
    inner = math.sqrt(2 / math.pi) * (inner + 0.044715 * inner * inner * inner)
    return 0.5 * x * (1 + np.tanh(inner))


@op
def softmax(x, dim=-1):
    """Turn scores into probabilities along one axis.

    Args:
        x: array or tensor of scores (logits).
        dim: the axis that will sum to one (PyTorch says dim, NumPy axis).

    Returns:
        A new one, with the shape and dtype of `x`.

    >>> softmax(np.array([0.0, 0.0]))
    array([0.5, 0.5])
    """
    shifted = x - x.max(axis=dim, keepdims=True)
    exps = np.exp(shifted)
    return exps / exps.sum(axis=dim, keepdims=True)


@op
def log_softmax(x, dim=-1):
    """The logarithm of `softmax(x, dim)`, also where that is too small for a float.

    Args:
        x: array or tensor of scores (logits).
        dim: the axis along which the probabilities sum to one.

    Returns:
        A new one, with the shape and dtype of `x`.

    >>> log_softmax(np.array([0.0, -200.0]))
    array([   0., -200.])
    """
    shifted = x - x.max(axis=dim, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=dim, keepdims=True))
