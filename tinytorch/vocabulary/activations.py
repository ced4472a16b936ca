"""More of PyTorch's activations: the exact GELU, and four relatives. All are stable for any input.

Copied by `tito export` from tito/templates/vocabulary/activations.py in the course's folder: edit that file instead.
"""

import math

import numpy as np

import tinytorch.activations as base
from tinytorch.activations import sigmoid
from tinytorch.arrays import float16
from tinytorch.tensor import Tensor, op


@op
def _exact_gelu(x):
    """x times the normal probability of x. Exact, but slow: `math.erfc` takes one number at a time."""
    probability = np.vectorize(lambda value: 0.5 * math.erfc(-value / math.sqrt(2)), otypes=[x.dtype])(x)
    slope = probability + x * np.exp(-0.5 * np.clip(x, -50, 50) ** 2) / math.sqrt(2 * math.pi)
    return x * probability, (lambda grad: grad * slope,)


def gelu(x: Tensor, approximate: str = "none") -> Tensor:
    """Gaussian error linear unit: exact, or your formula with `approximate="tanh"`.

    >>> gelu(Tensor([-1.0, 0.0, 1.0]))
    tensor([-0.1587,  0.0000,  0.8413])
    """
    if approximate not in ("none", "tanh"):
        raise ValueError(f'approximate must be "none" or "tanh", not {approximate!r}')
    if x.dtype == float16:  # too coarse for the intermediate results
        return gelu(x.float(), approximate).to(float16)
    return _exact_gelu(x) if approximate == "none" else base.gelu(x, approximate="tanh")


@op
def silu(x: Tensor, inplace: bool = False) -> Tensor:
    """x * sigmoid(x), also called swish.

    >>> silu(Tensor([-2.0, 0.0, 2.0]))
    tensor([-0.2384,  0.0000,  1.7616])
    """
    share = sigmoid(x)
    return x * share, (lambda grad: grad * (share * (1 + x * (1 - share))),)


@op
def elu(x: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """Keep positive numbers, and replace negative ones by alpha * (exp(x) - 1).

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
    linear = beta * x > threshold
    out = np.where(linear, x, np.logaddexp(0, beta * x) / beta)
    return out, (lambda grad: np.where(linear, grad, grad * sigmoid(beta * x)),)


def logsigmoid(x: Tensor) -> Tensor:
    """log(sigmoid(x)), even where the sigmoid is too small for a float.

    >>> logsigmoid(Tensor([-200.0, 0.0]))
    tensor([-200.0000,   -0.6931])
    """
    return -softplus(-x, threshold=math.inf)
