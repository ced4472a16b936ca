"""Module 02: Activations.

Written by `tito export` from notebooks/02_activations.py: edit that file instead. sha256: 80b5500e86cd8ee4
"""

import math

import numpy as np

from tinytorch.arrays import promoted
from tinytorch.tensor import Tensor, op


@op
def relu(x: Tensor, inplace: bool = False) -> Tensor:
    """Positive numbers stay, all others become 0.

    Args:
        x: array or tensor of any shape.
        inplace: accepted, as in PyTorch, and ignored.

    Returns:
        A new one, with the shape and dtype of `x`.

    >>> relu(np.array([-2.0, 0.0, 3.0]))
    array([0., 0., 3.])
    """
    return np.maximum(x, 0)


@op
def leaky_relu(x: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """Positive numbers stay, negative ones are multiplied by `negative_slope`.

    Args:
        x: array or tensor of any shape.
        negative_slope: any number.
        inplace: accepted, as in PyTorch, and ignored.

    Returns:
        A new one, with the shape and dtype of `x`.

    >>> leaky_relu(np.array([-3.0, 2.0]), negative_slope=0.5)
    array([-1.5,  2. ])
    """
    return np.maximum(x, 0) + negative_slope * np.minimum(x, 0)


@op
@promoted("float")
def sigmoid(x: Tensor) -> Tensor:
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
@promoted("float")
def tanh(x: Tensor) -> Tensor:
    """Hyperbolic tangent, between -1 and 1.

    >>> tanh(np.array([0.0, 1.0])).round(4)
    array([0.    , 0.7616])
    """
    return np.tanh(x)


def exact_gelu(x: np.ndarray) -> tuple:
    """x times the normal probability of x, as an array, and beside it how its gradient is computed (Module 05).

    Right, but slow: `math.erfc` takes one number at a time.

    >>> exact_gelu(np.array([1.0]))[0].round(4)
    array([0.8413])
    """
    probability = np.vectorize(lambda value: 0.5 * math.erfc(-value / math.sqrt(2)), otypes=[x.dtype])(x)
    slope = probability + x * np.exp(-0.5 * np.clip(x, -50, 50) ** 2) / math.sqrt(2 * math.pi)
    return x * probability, (lambda grad: grad * slope,)


@op
def gelu(x: Tensor, approximate: str = "none") -> Tensor:
    """Gaussian error linear unit: exact, or by the formula with tanh, which you write.

    Args:
        x: array or tensor of any shape.
        approximate: "none" for the exact form, which is given and slow; "tanh" for the formula.

    Returns:
        A new one, with the shape and dtype of `x`.

    Raises:
        ValueError: `approximate` is neither.

    >>> gelu(np.array([-1.0, 0.0, 1.0]), approximate="tanh").round(4)
    array([-0.1588,  0.    ,  0.8412])
    """
    if approximate == "none":
        return exact_gelu(x)
    if approximate != "tanh":
        raise ValueError(f'approximate must be "none" or "tanh", not {approximate!r}')
    inner = np.clip(x, -10, 10)  # beyond, tanh is 1 or -1 anyway, and the cube of a huge x would be inf
    inner = math.sqrt(2 / math.pi) * (inner + 0.044715 * inner * inner * inner)
    return 0.5 * x * (1 + np.tanh(inner))


def silu(x: Tensor, inplace: bool = False) -> Tensor:
    """x * sigmoid(x), also called swish.

    >>> silu(Tensor([-2.0, 0.0, 2.0]))
    tensor([-0.2384,  0.0000,  1.7616])
    """
    return x * sigmoid(x)


@op
def elu(x: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """Positive numbers stay, negative ones become alpha * (exp(x) - 1).

    >>> elu(Tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    below = np.minimum(x, 0)
    return np.where(x > 0, x, alpha * np.expm1(below)), (
        lambda grad: grad * np.where(x <= 0, alpha * np.exp(below), 1),
    )


@op
def softplus(x: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + exp(beta * x)) / beta; where beta * x is above `threshold`, x itself.

    >>> softplus(Tensor([-1.0, 0.0, 30.0]))
    tensor([ 0.3133,  0.6931, 30.0000])
    """
    straight = beta * x > threshold
    out = np.where(straight, x, np.logaddexp(0, beta * x) / beta)
    return out, (lambda grad: np.where(straight, grad, grad * sigmoid(beta * x)),)


def logsigmoid(x: Tensor) -> Tensor:
    """log(sigmoid(x)), also where the sigmoid is too small for a float.

    >>> logsigmoid(Tensor([-200.0, 0.0]))
    tensor([-200.0000,   -0.6931])
    """
    return -softplus(-x, threshold=math.inf)


@op
def softmax(x: Tensor, dim: int = -1) -> Tensor:
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
def log_softmax(x: Tensor, dim: int = -1) -> Tensor:
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
