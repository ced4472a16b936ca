"""Float32 sums along the first axis of a tall array, forward and backward, within a millionth.

And those of batch norm and convolution, over all pixels of a batch: as accurate as PyTorch's.
"""

import numpy as np
import pytest
import torch

import tinytorch
from tests.conformance.compare import leaf
from tinytorch.tensor import Tensor, sum_to_shape

ROWS = np.full((60_000, 2), 0.1, np.float32)
EXACT = 60_000 * float(np.float32(0.1))


@pytest.mark.parametrize(
    "sums",
    [
        lambda: sum_to_shape(ROWS, (2,)),
        lambda: sum_to_shape(ROWS, (1, 2)),
        lambda: Tensor(ROWS).sum(0).array,
        lambda: Tensor(ROWS.T.copy()).T.sum(0).array,
        lambda: Tensor(ROWS).mean(0).array * 60_000,
    ],
)
def test_long_sums(sums):
    assert np.allclose(sums(), EXACT, rtol=1e-6)


def test_gradient_of_what_was_broadcast():
    bias = tinytorch.zeros(2, requires_grad=True)
    ((Tensor(ROWS) + bias) * Tensor(ROWS)).sum().backward()
    assert np.allclose(bias.grad.array, EXACT, rtol=1e-6)


PIXELS = np.random.default_rng(0).normal(10, 0.5, (16, 2, 200, 200)).astype(np.float32)
UPSTREAM = np.random.default_rng(1).uniform(0, 0.2, PIXELS.shape).astype(np.float32)


def normalized(lib, dtype: str) -> dict:
    """Batch norm of many pixels with a mean far from 0: everything that it sums."""
    x = leaf(lib, PIXELS.astype(dtype), True)
    layer = lib.nn.BatchNorm2d(2, momentum=1.0).to(getattr(lib, dtype))
    out = layer(x)
    out.backward(leaf(lib, UPSTREAM.astype(dtype), False))
    tensors = {"out": out.detach(), "x": x.grad, "weight": layer.weight.grad, "bias": layer.bias.grad}
    return {name: np.array(tensor.numpy()) for name, tensor in (tensors | dict(layer.named_buffers())).items()}


def convolved(lib, dtype: str) -> dict:
    """A convolution of many pixels: the gradients that sum over all of them."""
    weight = leaf(lib, np.full((2, 2, 1, 1), 0.1, dtype), True)
    bias = leaf(lib, np.zeros(2, dtype), True)
    x = leaf(lib, PIXELS.astype(dtype), False)
    lib.nn.functional.conv2d(x, weight, bias).backward(leaf(lib, UPSTREAM.astype(dtype), False))
    return {"weight": np.array(weight.grad.numpy()), "bias": np.array(bias.grad.numpy())}


def errors(found: dict, exact: dict) -> dict:
    """Name -> the largest error, relative to the largest number; of a weight, whose parts cancel, to the sum of the gradient."""
    sizes = {name: np.abs(exact["bias" if name == "weight" else name]).max() for name in exact}
    return {name: float(np.abs(found[name] - exact[name]).max() / sizes[name]) for name in exact}


@pytest.mark.parametrize("program", [normalized, convolved])
def test_sums_over_all_pixels(program):
    exact = program(torch, "float64")
    ours, theirs = (errors(program(lib, "float32"), exact) for lib in (tinytorch, torch))
    assert all(ours[name] <= max(5 * theirs[name], 1e-6) for name in exact), f"{ours}, PyTorch: {theirs}"
