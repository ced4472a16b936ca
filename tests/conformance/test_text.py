"""What `print` shows of a tensor: the same text as PyTorch's, up to what differences.py lists."""

import numpy as np
import pytest
import torch

import tinytorch
from tests.conformance.differences import in_our_words

TEXTS = {
    "a number": lambda lib: lib.tensor(3.5),
    "a whole float": lambda lib: lib.tensor(3.0),
    "an integer": lambda lib: lib.tensor(7),
    "a boolean": lambda lib: lib.tensor(True),
    "integers": lambda lib: lib.tensor([1, 20, 300]),
    "negative integers": lambda lib: lib.tensor([[1, -20], [300, 4]]),
    "booleans": lambda lib: lib.tensor([[True, False], [False, True]]),
    "floats": lambda lib: lib.tensor([0.1, 22.25, 333.125]),
    "negative floats": lambda lib: lib.tensor([-0.5, 0.25, -1.0]),
    "whole floats": lambda lib: lib.tensor([1.0, 2.0, 30.0]),
    "zeros": lambda lib: lib.zeros(2, 3),
    "rounded": lambda lib: lib.tensor([1 / 3, 2 / 3]),
    "nan": lambda lib: lib.tensor([1.5, float("nan")]),
    "inf": lambda lib: lib.tensor([[1.0, float("inf")], [-float("inf"), 2.0]]),
    "nothing but nan": lambda lib: lib.tensor([float("nan"), float("inf")]),
    "minus zero": lambda lib: lib.tensor([-0.0, 0.5]),
    "tiny": lambda lib: lib.tensor([1e-7, 2e-7]),
    "tiny and one": lambda lib: lib.tensor([1e-5, 1.0]),
    "huge": lambda lib: lib.tensor([1e10, 2.5e10]),
    "one huge": lambda lib: lib.tensor([1e9, 1.5]),
    "whole and huge": lambda lib: lib.tensor([1e6, 123456789.0]),
    "one tiny number": lambda lib: lib.tensor(1.2345e-8),
    "one huge number": lambda lib: lib.tensor(1.5e12),
    "large integers": lambda lib: lib.tensor([2**40, -1]),
    "empty": lambda lib: lib.tensor([]),
    "empty matrix": lambda lib: lib.zeros(0, 3),
    "empty integers": lambda lib: lib.zeros(2, 0, dtype=lib.int64),
    "three axes": lambda lib: lib.arange(12).reshape(2, 3, 2),
    "four axes": lambda lib: lib.ones(1, 2, 1, 2),
    "a long row": lambda lib: lib.arange(60),
    "a long row of floats": lambda lib: lib.arange(40) / 7,
    "summarized": lambda lib: lib.arange(2000),
    "summarized matrix": lambda lib: lib.arange(1200).reshape(30, 40) / 3,
    "summarized axes": lambda lib: lib.arange(2400).reshape(8, 10, 30),
    "just not summarized": lambda lib: lib.arange(1000),
    "one column": lambda lib: lib.arange(5).reshape(5, 1) * 1.5,
    "float64": lambda lib: lib.tensor([0.1, 2.0], dtype=lib.float64),
    "float64 matrix": lambda lib: lib.arange(24, dtype=lib.float64).reshape(2, 12) / 7,
    "float16": lambda lib: lib.tensor([0.1, 2.0], dtype=lib.float16),
    "int32": lambda lib: lib.tensor([1, 2], dtype=lib.int32),
    "uint8": lambda lib: lib.tensor([1, 255], dtype=lib.uint8),
    "int8": lambda lib: lib.tensor([-1, 127], dtype=lib.int8),
    "a leaf": lambda lib: lib.tensor([1.0, 2.0], requires_grad=True),
    "a leaf of float64": lambda lib: lib.tensor([1.0, 2.0], dtype=lib.float64, requires_grad=True),
    "a long leaf": lambda lib: (lib.arange(12) / 7).requires_grad_(),
    "a sum": lambda lib: lib.ones(2, requires_grad=True) + 1,
    "a difference": lambda lib: lib.ones(2, requires_grad=True) - 1,
    "a product": lambda lib: lib.ones(2, requires_grad=True) * 2,
    "a quotient": lambda lib: lib.ones(2, requires_grad=True) / 2,
    "a power": lambda lib: lib.ones(2, requires_grad=True) ** 2,
    "a negative": lambda lib: -lib.ones(2, requires_grad=True),
    "a loss": lambda lib: (lib.ones(2, requires_grad=True) * 1.25).mean(),
    "a total": lambda lib: lib.ones(2, requires_grad=True).sum(),
    "a total of rows": lambda lib: lib.ones(2, 3, requires_grad=True).sum(1),
    "exp": lambda lib: lib.ones(2, requires_grad=True).exp(),
    "relu": lambda lib: lib.relu(lib.ones(2, requires_grad=True)),
    "tanh": lambda lib: lib.tanh(lib.ones(2, requires_grad=True)),
    "sigmoid": lambda lib: lib.sigmoid(lib.ones(2, requires_grad=True)),
    "softmax": lambda lib: lib.softmax(lib.ones(2, requires_grad=True), dim=0),
    "a matrix product": lambda lib: lib.ones(2, 3, requires_grad=True) @ lib.ones(3, 2),
    "a linear layer": lambda lib: lib.nn.functional.linear(
        lib.ones(2, 3), lib.ones(2, 3, requires_grad=True), lib.ones(2)
    ),
    "cross-entropy": lambda lib: lib.nn.functional.cross_entropy(lib.ones(1, 3, requires_grad=True), lib.tensor([0])),
    "squared error": lambda lib: lib.nn.functional.mse_loss(lib.ones(2, requires_grad=True), lib.zeros(2)),
    "a convolution": lambda lib: lib.nn.functional.conv2d(
        lib.ones(1, 1, 2, 2), lib.ones(1, 1, 2, 2, requires_grad=True)
    ),
    "a maximum of windows": lambda lib: lib.nn.functional.max_pool2d(lib.ones(1, 1, 2, 2, requires_grad=True), 2),
    "a mean of windows": lambda lib: lib.nn.functional.avg_pool2d(lib.ones(1, 1, 2, 2, requires_grad=True), 2),
    "batch norm": lambda lib: lib.nn.BatchNorm2d(1)(lib.arange(2.0).reshape(2, 1, 1, 1)),
    "an embedding": lambda lib: lib.nn.functional.embedding(lib.tensor([1, 0]), lib.eye(2).requires_grad_()),
    "a row": lambda lib: lib.ones(2, 3, requires_grad=True)[0],
    "a view": lambda lib: lib.ones(2, 3, requires_grad=True).view(3, 2),
    "transposed": lambda lib: lib.ones(2, 3, requires_grad=True).T,
    "stacked": lambda lib: lib.stack([lib.ones(2, requires_grad=True), lib.ones(2)]),
    "a gradient": lambda lib: gradient(lib),
    "a parameter": lambda lib: lib.nn.Parameter(lib.ones(2, 2)),
    "a list of parameters": lambda lib: [lib.nn.Parameter(lib.ones(1))],
    "a dict": lambda lib: {"w": lib.ones(1), "n": lib.tensor(2)},
    "a shape": lambda lib: lib.ones(2, 3).shape,
    "a size": lambda lib: lib.ones(2, 3).size(),
    "a shape without axes": lambda lib: lib.tensor(1.0).shape,
    "a dtype": lambda lib: lib.ones(1).dtype,
    "a dtype of integers": lambda lib: lib.tensor([1]).dtype,
    "a dtype by name": lambda lib: [lib.float32, lib.float64, lib.int64, lib.bool, lib.uint8],
    "a device": lambda lib: lib.ones(1).device,
    "the class": lambda lib: type(lib.ones(1)).__name__,
    "Linear": lambda lib: lib.nn.Linear(2, 3, bias=False),
    "layers": lambda lib: [
        lib.nn.ReLU(),
        lib.nn.LeakyReLU(),
        lib.nn.Dropout(0.5),
        lib.nn.Flatten(),
        lib.nn.Softmax(dim=1),
    ],
    "layers of embeddings": lambda lib: [
        lib.nn.Embedding(10, 3),
        lib.nn.Embedding(10, 3, padding_idx=-1),
        lib.nn.CosineSimilarity(dim=-1),
    ],
    "layer norm": lambda lib: [lib.nn.LayerNorm(3), lib.nn.LayerNorm((2, 3), elementwise_affine=False)],
    "layers of batch norm": lambda lib: [
        lib.nn.BatchNorm2d(4),
        lib.nn.BatchNorm2d(4, 1e-3, None, False, False),
        lib.nn.BatchNorm2d(4, momentum=0.5),
    ],
    "losses": lambda lib: [lib.nn.MSELoss(), lib.nn.CrossEntropyLoss(), lib.nn.BCELoss()],
    "Sequential": lambda lib: lib.nn.Sequential(
        lib.nn.Linear(2, 3), lib.nn.Sequential(lib.nn.Tanh(), lib.nn.Linear(3, 1))
    ),
    "ModuleList": lambda lib: lib.nn.ModuleList([lib.nn.Linear(2, 3), lib.nn.Linear(3, 2), lib.nn.ReLU()]),
}

# `print(f"...")` of these
FORMATS = {
    "four digits": lambda lib: f"{lib.tensor(0.123456):.4f}",
    "of a loss": lambda lib: f"{lib.ones(2, requires_grad=True).sum():.2f}",
    "percent": lambda lib: "%.3f" % lib.tensor(1.5),  # noqa: UP031
    "an integer": lambda lib: f"{lib.tensor(3):3d}|",
    "without a format": lambda lib: f"{lib.tensor(0.5)} {lib.tensor([0.5])} {lib.tensor(2)} {lib.tensor(True)}",
    "without a format, a leaf": lambda lib: f"{lib.tensor(0.5, requires_grad=True)}",
    "exponent": lambda lib: f"{lib.tensor(0.0001234):e}",
    "aligned": lambda lib: f"{lib.tensor(0.5):>8.2f}|",
}


def gradient(lib):
    x = lib.tensor([1.0, -2.0], requires_grad=True)
    (x * x).sum().backward()
    return x.grad


@pytest.mark.parametrize("name", TEXTS)
def test_text(name):
    ours, theirs = TEXTS[name](tinytorch), TEXTS[name](torch)
    assert in_our_words(repr(ours)) == in_our_words(repr(theirs))
    assert in_our_words(str(ours)) == in_our_words(str(theirs))


@pytest.mark.parametrize("name", FORMATS)
def test_format(name):
    assert FORMATS[name](tinytorch) == FORMATS[name](torch)


def test_print_options():
    """`set_printoptions` changes how many digits are printed, and when a tensor is summarized; "default" takes it back."""
    seen = []
    for lib in (tinytorch, torch):
        texts = []
        x = lib.arange(30) / 7
        for options in ({"precision": 2}, {"threshold": 10, "edgeitems": 2}, {"sci_mode": True}, {"linewidth": 40}):
            lib.set_printoptions(**options)
            texts.append(repr(x))
            lib.set_printoptions(profile="default")
        seen.append([*texts, repr(x)])
    assert seen[0] == seen[1]
    assert np.unique(seen[0]).size == 5
