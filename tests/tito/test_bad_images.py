"""Bad input to convolution, pooling and batch norm: the error names the argument, its value and what it must be; nothing changes."""

import re

import numpy as np
import pytest

import tinytorch
from tinytorch import nn, ones, zeros
from tinytorch.nn import functional as F

PAIR = "give an integer of at least {}, or two of them (rows, columns)"
IMAGES = "it must be (N, C, H, W)"


def images(*shape):
    return ones(*(shape or (1, 2, 4, 4)))


def conv2d(x=None, weight=None, bias=None, **options):
    """A valid convolution but for what is given."""
    return F.conv2d(images() if x is None else x, ones(4, 2, 3, 3) if weight is None else weight, bias, **options)


def normalize(*args, **options):
    """Batch norm of images with two channels, in training."""
    args = args or (images(), zeros(2), ones(2))
    return F.batch_norm(*args, **{"training": True} | options)


CONVOLUTIONS = {
    "another number of channels": (
        lambda: nn.Conv2d(3, 4, 3)(images(1, 5, 8, 8)),
        "the input has 5 channels, in shape (1, 5, 8, 8): a weight of shape (4, 3, 3, 3) with groups=1 needs 3",
    ),
    "one image": (lambda: nn.Conv2d(3, 4, 3)(images(3, 8, 8)), f"shape (3, 8, 8): {IMAGES}: for one image use x.unsqueeze(0)"),
    "a matrix": (lambda: conv2d(ones(4, 4)), f"shape (4, 4): {IMAGES}"),
    "five axes": (lambda: conv2d(ones(1, 1, 2, 4, 4)), f"shape (1, 1, 2, 4, 4): {IMAGES}"),
    "no rows": (lambda: conv2d(images(1, 2, 0, 4)), "(1, 2, 0, 4): channels, rows and columns must be at least 1"),
    "no channels": (lambda: conv2d(images(1, 0, 4, 4)), "(1, 0, 4, 4): channels, rows and columns must be at least 1"),
    "integers": (lambda: conv2d(images().long()), "int64: convert it with .float()"),
    "booleans": (lambda: conv2d(images() > 0), "bool: convert it with .float()"),
    "a number": (lambda: conv2d(3), "the input of conv2d is 3: it must be a tensor"),
    "a list": (lambda: conv2d([[1.0]]), "the input of conv2d is [[1.0]]: it must be a tensor"),
    "a text": (lambda: conv2d("x"), "the input of conv2d is 'x': it must be a tensor"),
    "images of float64": (
        lambda: nn.Conv2d(2, 4, 3)(images().double()),
        "weight is float32, the input float64: convert one of them",
    ),
    "a bias of float64": (lambda: conv2d(bias=ones(4).double()), "bias is float64, the input float32: convert one of them"),
    "a large kernel": (
        lambda: conv2d(weight=ones(4, 2, 7, 3), padding=1),
        "kernel_size (7, 3) with dilation (1, 1) covers (7, 3) pixels, but with padding=1 the image has (6, 6): use a smaller kernel",
    ),
    "a kernel that dilation makes large": (
        lambda: conv2d(dilation=2), "with dilation (2, 2) covers (5, 5) pixels, but with padding=0 the image has (4, 4)"
    ),
    "a weight of three axes": (lambda: conv2d(weight=ones(4, 2, 3)), "weight has shape (4, 2, 3): it must be (out, in / groups"),
    "a weight without filters": (lambda: conv2d(weight=ones(0, 2, 3, 3)), "weight has shape (0, 2, 3, 3): it must be"),
    "a weight without rows": (lambda: conv2d(weight=ones(4, 2, 0, 3)), "weight has shape (4, 2, 0, 3): it must be"),
    "a weight that is a number": (lambda: conv2d(weight=3), "weight is 3: it must be a tensor"),
    "a short bias": (lambda: conv2d(bias=ones(3)), "bias has shape (3,): it must be (4,), a number for each output channel"),
    "a bias that is a number": (lambda: conv2d(bias=0.5), "bias is 0.5: it must be a tensor"),
    "a bias that is True": (lambda: conv2d(bias=True), "bias is True: it must be a tensor"),
    "stride 0": (lambda: conv2d(stride=0), f"stride is 0: {PAIR.format(1)}"),
    "stride -1": (lambda: nn.Conv2d(2, 4, 3, stride=-1), f"stride is -1: {PAIR.format(1)}"),
    "stride None": (lambda: conv2d(stride=None), f"stride is None: {PAIR.format(1)}"),
    "stride 1.5": (lambda: conv2d(stride=1.5), f"stride is 1.5: {PAIR.format(1)}"),
    "a text as stride": (lambda: conv2d(stride="2"), f"stride is '2': {PAIR.format(1)}"),
    "three strides": (lambda: conv2d(stride=(1, 1, 1)), f"stride is (1, 1, 1): {PAIR.format(1)}"),
    "a dict as stride": (lambda: conv2d(stride={}), f"stride is {{}}: {PAIR.format(1)}"),
    "an array as stride": (lambda: conv2d(stride=np.array([1, 1])), "stride is array([1, 1]): give an integer"),
    "lists in a stride": (lambda: conv2d(stride=([1], [1])), "stride is ([1], [1]): give an integer"),
    "padding -1": (lambda: conv2d(padding=-1), f"padding is -1: {PAIR.format(0)}"),
    "padding None": (lambda: conv2d(padding=None), f"padding is None: {PAIR.format(0)}"),
    "padding True": (lambda: conv2d(padding=True), f"padding is True: {PAIR.format(0)}"),
    "padding full": (lambda: conv2d(padding="full"), "padding is 'full': give integers, \"same\" or \"valid\""),
    "padding full of a module": (lambda: nn.Conv2d(2, 4, 3, padding="full"), "padding is 'full': give integers"),
    "padding same with a stride of a module": (
        lambda: nn.Conv2d(2, 4, 3, 2, "same"),
        'stride is (2, 2): with padding="same" it must be 1',
    ),
    "padding same with a stride": (
        lambda: conv2d(padding="same", stride=2),
        'stride is (2, 2): with padding="same" it must be 1',
    ),
    "dilation 0": (lambda: conv2d(dilation=(1, 0)), f"dilation is (1, 0): {PAIR.format(1)}"),
    "kernel_size 0": (lambda: nn.Conv2d(3, 4, 0), f"kernel_size is 0: {PAIR.format(1)}"),
    "a text as kernel_size": (lambda: nn.Conv2d(3, 4, "3"), f"kernel_size is '3': {PAIR.format(1)}"),
    "three kernel_sizes": (lambda: nn.Conv2d(3, 4, (3, 3, 3)), f"kernel_size is (3, 3, 3): {PAIR.format(1)}"),
    "groups that do not divide": (lambda: nn.Conv2d(3, 4, 3, groups=2), "groups is 2: it must divide in_channels, which is 3"),
    "groups that do not divide the output": (
        lambda: nn.Conv2d(4, 3, 3, groups=2), "groups is 2: it must divide out_channels, which is 3"
    ),
    "groups that do not fit the weight": (lambda: conv2d(groups=2), "(4, 2, 3, 3) with groups=2 needs 4"),
    "groups 0": (lambda: conv2d(groups=0), "groups is 0: give an integer of at least 1"),
    "groups None": (lambda: conv2d(groups=None), "groups is None: give an integer of at least 1"),
    "groups True": (lambda: conv2d(groups=True), "groups is True: give an integer of at least 1"),
    "groups 2.0": (lambda: nn.Conv2d(4, 4, 3, groups=2.0), "groups is 2.0: give an integer of at least 1"),
    "in_channels 0": (lambda: nn.Conv2d(0, 4, 3), "in_channels is 0: give an integer of at least 1"),
    "out_channels 0": (lambda: nn.Conv2d(3, 0, 3), "out_channels is 0: give an integer of at least 1"),
    "a negative number of channels": (lambda: nn.Conv2d(-3, 4, 3), "in_channels is -3: give an integer of at least 1"),
    "a text as in_channels": (lambda: nn.Conv2d("3", 4, 3), "in_channels is '3': give an integer of at least 1"),
    "in_channels 3.0": (lambda: nn.Conv2d(3.0, 4, 3), "in_channels is 3.0: give an integer of at least 1"),
    "in_channels True": (lambda: nn.Conv2d(True, 4, 3), "in_channels is True: give an integer of at least 1"),
}  # fmt: skip


def of_both(pool) -> dict:
    """What a pooling function refuses, whichever it is."""
    name = pool.__name__
    return {
        f"{name}: one image": (
            lambda: pool(images(2, 4, 4), 2),
            f"{name} got an input of shape (2, 4, 4): {IMAGES}: for one image",
        ),
        f"{name}: five axes": (lambda: pool(images(1, 1, 2, 4, 4), 2), f"shape (1, 1, 2, 4, 4): {IMAGES}"),
        f"{name}: integers": (lambda: pool(images().int(), 2), f"{name} got an input of int32: convert it with .float()"),
        f"{name}: a number": (lambda: pool(3, 2), f"the input of {name} is 3: it must be a tensor"),
        f"{name}: kernel_size 0": (lambda: pool(images(), 0), f"kernel_size is 0: {PAIR.format(1)}"),
        f"{name}: kernel_size -1": (lambda: pool(images(), (2, -1)), f"kernel_size is (2, -1): {PAIR.format(1)}"),
        f"{name}: kernel_size None": (lambda: pool(images(), None), f"kernel_size is None: {PAIR.format(1)}"),
        f"{name}: kernel_size 2.0": (lambda: pool(images(), 2.0), f"kernel_size is 2.0: {PAIR.format(1)}"),
        f"{name}: three kernel_sizes": (lambda: pool(images(), (2, 2, 2)), f"kernel_size is (2, 2, 2): {PAIR.format(1)}"),
        f"{name}: a large kernel": (lambda: pool(images(), 5), "covers (5, 5) pixels, but with padding=0 the image has (4, 4)"),
        f"{name}: stride 0": (lambda: pool(images(), 2, 0), f"stride is 0: {PAIR.format(1)}"),
        f"{name}: stride True": (lambda: pool(images(), 2, True), f"stride is True: {PAIR.format(1)}"),
        f"{name}: padding -1": (lambda: pool(images(), 2, padding=-1), f"padding is -1: {PAIR.format(0)}"),
        f"{name}: much padding": (
            lambda: pool(images(), 3, padding=2),
            "padding is 2: it may be at most half of kernel_size (3, 3)",
        ),
        f"{name}: much padding of columns": (
            lambda: pool(images(), (3, 1), padding=(1, 1)), "padding is (1, 1): it may be at most half of kernel_size (3, 1)"
        ),
        f"{name}: named padding": (lambda: pool(images(), 2, padding="valid"), f"padding is 'valid': {PAIR.format(0)}"),
    }  # fmt: skip


POOLING = {
    **of_both(F.max_pool2d),
    **of_both(F.avg_pool2d),
    "dilation 0": (lambda: F.max_pool2d(images(), 2, dilation=0), f"dilation is 0: {PAIR.format(1)}"),
    **{
        f"output_size {size!r}": (
            lambda size=size: F.adaptive_avg_pool2d(images(), size),
            f"output_size is {size!r}: {PAIR.format(1)}",
        )
        for size in (0, -1, 1.5, "2", True, (1, 2, 3), (0, 1))
    },
    "adaptive: one image": (
        lambda: F.adaptive_avg_pool2d(images(2, 4, 4), 2),
        f"shape (2, 4, 4): {IMAGES}: for one image",
    ),
    "adaptive: integers": (lambda: nn.AdaptiveAvgPool2d(1)(images().long()), "int64: convert it with .float()"),
    "adaptive: no rows": (lambda: F.adaptive_avg_pool2d(images(1, 2, 0, 4), 2), "rows and columns must be at least 1"),
    "adaptive: a number": (
        lambda: F.adaptive_avg_pool2d(3, 2),
        "the input of adaptive_avg_pool2d is 3: it must be a tensor",
    ),
    **{
        f"divisor_override {divisor!r}": (
            lambda divisor=divisor: F.avg_pool2d(images(), 2, divisor_override=divisor),
            f"divisor_override is {divisor!r}: give an integer other than 0, or None",
        )
        for divisor in (0, 1.5, "2", True)
    },
    "a dilated window": (lambda: nn.MaxPool2d(3, dilation=2)(images()), "covers (5, 5) pixels"),
}

BATCH_NORMS = {
    "one image": (lambda: nn.BatchNorm2d(2)(images(2, 4, 4)), f"BatchNorm2d(2) got an input of shape (2, 4, 4): {IMAGES}, C = 2"),
    "five axes": (lambda: nn.BatchNorm2d(2)(images(1, 2, 2, 2, 2)), IMAGES),
    "rows": (lambda: nn.BatchNorm2d(2)(images(5, 2)), f"(5, 2): {IMAGES}"),
    "images instead of rows": (
        lambda: nn.BatchNorm1d(2)(images()),
        "BatchNorm1d(2) got an input of shape (1, 2, 4, 4): it must be (N, C)",
    ),
    "num_features 0": (lambda: nn.BatchNorm2d(0), "num_features is 0: give an integer of at least 1"),
    "num_features -1": (lambda: nn.BatchNorm1d(-1), "num_features is -1: give an integer of at least 1"),
    "num_features 3.0": (lambda: nn.BatchNorm2d(3.0), "num_features is 3.0: give an integer of at least 1"),
    "num_features True": (lambda: nn.BatchNorm2d(True), "num_features is True: give an integer of at least 1"),
    "a shape as num_features": (lambda: nn.BatchNorm2d((3,)), "num_features is (3,): give an integer of at least 1"),
    "a negative eps": (lambda: nn.BatchNorm2d(2, eps=-1.0), "eps is -1.0: give a number of at least 0"),
    "eps None": (lambda: nn.BatchNorm2d(2, None), "eps is None: give a number of at least 0"),
    "a text as momentum": (lambda: nn.BatchNorm2d(2, momentum="0.1"), "momentum is '0.1': give a number from 0 to 1, or None"),
    "integers": (lambda: nn.BatchNorm2d(2)(images().long()), "BatchNorm2d got an input of int64: convert it with .float()"),
    "a number": (lambda: nn.BatchNorm2d(2)(3), "the input of BatchNorm2d is 3: it must be a tensor"),
    "another number of channels": (
        lambda: nn.BatchNorm2d(3)(images()), "BatchNorm2d(3) got an input of shape (1, 2, 4, 4): it must be (N, C, H, W), C = 3"
    ),
    "short statistics": (
        lambda: normalize(images(), zeros(3), ones(3)), "running_mean has shape (3,): it must be (2,), a number for each channel"
    ),
    "images of float64": (
        lambda: nn.BatchNorm2d(2)(images().double()),
        "running_mean is float32, the input float64: convert one of them",
    ),
    "statistics of integers": (
        lambda: normalize(images(), zeros(2).long(), ones(2).long()), "running_mean is int64, the input float32"
    ),
    "one value per channel": (
        lambda: nn.BatchNorm2d(2)(images(1, 2, 1, 1)),
        "the input has shape (1, 2, 1, 1), one value per channel, and training needs more: use a larger batch, or eval()",
    ),
    "one row": (lambda: normalize(ones(1, 2), zeros(2), ones(2)), "the input has shape (1, 2), one value per channel"),
    "an empty batch": (lambda: nn.BatchNorm2d(2)(images(0, 2, 4, 4)), "the input has shape (0, 2, 4, 4), no value"),
    "no statistics in eval": (
        lambda: F.batch_norm(images(), None, None), "running_mean is None: without running statistics, batch_norm needs training=True"
    ),
    "a mean alone": (
        lambda: normalize(images(), zeros(2), None),
        "running_var is None: give both running_mean and running_var, or neither",
    ),
    "a variance alone": (lambda: normalize(images(), None, ones(2)), "running_mean is None: give both"),
    "a mean alone in eval": (lambda: F.batch_norm(images(), zeros(2), None), "running_var is None: without running statistics"),
    "a number as mean": (lambda: normalize(images(), 0.0, ones(2)), "running_mean is 0.0: it must be a tensor"),
    "a short weight": (lambda: normalize(weight=ones(3)), "weight has shape (3,): it must be (2,)"),
    "a bias of two axes": (lambda: normalize(bias=ones(2, 1)), "bias has shape (2, 1): it must be (2,)"),
    "a weight of float64": (
        lambda: normalize(weight=ones(2).double()),
        "weight is float64, the input float32: convert one of them",
    ),
    "a list as weight": (lambda: normalize(weight=[1.0, 1.0]), "weight is [1.0, 1.0]: it must be a tensor"),
    "a vector": (lambda: normalize(ones(2), zeros(2), ones(2)), "batch_norm got an input of shape (2,): it must be (N, C, ...)"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("step", "expected"),
    [pytest.param(*case, id=name) for name, case in (CONVOLUTIONS | POOLING | BATCH_NORMS).items()],
)
def test_the_error_says_what_was_expected(step, expected):
    with pytest.raises((ValueError, TypeError), match=re.escape(expected)):
        step()


@pytest.mark.parametrize(
    "bad",
    [
        images(1, 2, 1, 1), images(0, 2, 4, 4), images(2, 3, 4, 4), images(2, 2, 4), images(2, 2, 4, 4).long(),
        images(2, 2, 4, 4).double(),
    ],
    ids=["one value", "no value", "channels", "three axes", "integers", "float64"],
)  # fmt: skip
def test_refused_images_change_no_statistics(bad):
    layer = nn.BatchNorm2d(2)
    layer(tinytorch.arange(16.0).reshape(2, 2, 2, 2))
    before = {name: value.tolist() for name, value in layer.state_dict().items()}
    with pytest.raises(ValueError):
        layer(bad)
    assert {name: value.tolist() for name, value in layer.state_dict().items()} == before


def test_refused_weights_change_no_statistics():
    mean, var = zeros(2), ones(2)
    for options in ({"weight": ones(3)}, {"bias": ones(2).double()}, {"weight": 1.0}):
        with pytest.raises((ValueError, TypeError)):
            F.batch_norm(tinytorch.arange(16.0).reshape(2, 2, 2, 2), mean, var, training=True, **options)
    with pytest.raises(ValueError):
        F.batch_norm(tinytorch.arange(16.0).reshape(2, 2, 2, 2), mean, None, training=True)
    assert mean.tolist() == [0, 0] and var.tolist() == [1, 1]


def test_integers_of_numpy_are_integers():
    """As from an array of sizes. Each option, as NumPy's integer, in a tuple and in a list."""
    two = np.int64(2)
    layer = nn.Conv2d(two, np.int32(4), np.int64(3), stride=(two, 1), padding=[two, two], dilation=two, groups=two)
    plain = nn.Conv2d(2, 4, 3, stride=(2, 1), padding=2, dilation=2, groups=2)
    plain.load_state_dict(layer.state_dict())
    x = tinytorch.randn(1, 2, 5, 5)
    assert plain(x).tolist() == layer(x).tolist()
    assert F.max_pool2d(x, two).tolist() == F.max_pool2d(x, [2, 2]).tolist()
    assert F.avg_pool2d(x, (two, two), np.int64(1)).tolist() == F.avg_pool2d(x, 2, 1).tolist()
