"""Batch norm, average pooling, every pooling function as a module, and a residual block."""

import math

import numpy as np

from tinytorch.activations import relu
from tinytorch.layers import Activation, Module, Sequential
from tinytorch.sliding import (
    NormOptions,
    adaptive_size,
    as_rows,
    channels_first,
    channels_last,
    check_channels,
    column_sums,
    pooling_window,
    regions,
)
from tinytorch.spatial import Conv2d, batch_norm_gradient, max_pool2d, norm_statistics
from tinytorch.tensor import Tensor, op


@op
def avg_pool2d(
    input: Tensor, kernel_size: int | tuple, stride: int | tuple | None = None, padding: int | tuple = 0,
    ceil_mode: bool = False, count_include_pad: bool = True, divisor_override: int | None = None,
) -> Tensor:  # fmt: skip
    """The mean of each window: (N, C, H, W) -> (N, C, H', W').

    PyTorch: [`F.avg_pool2d`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool2d.html).

    Args:
        input: images of shape (N, C, H, W).
        kernel_size, stride, padding: a number, or (rows, columns). The stride is usually the size of the kernel.
        ceil_mode: also take a last window that reaches beyond the padding.
        count_include_pad: whether the padding's zeros count.
        divisor_override: divide the sums by this number instead.

    Raises:
        ValueError: shapes or options that don't fit, each with its value.

    >>> avg_pool2d(Tensor([[[[1.0, 3.0], [2.0, 0.0]]]]), 2).tolist()
    [[[[1.5]]]]
    """
    window = pooling_window("avg_pool2d", input, kernel_size, stride, padding, ceil_mode=ceil_mode)
    share = window.shares(count_include_pad, divisor_override).astype(input.dtype)
    out = sum(window.taps(window.pad(channels_last(input)))) * share

    def to_input(grad):
        return channels_first(window.gather([channels_last(grad) * share] * math.prod(window.kernel_size)))

    return channels_first(out), (to_input,)


def adaptive_avg_pool2d(input: Tensor, output_size: int | tuple) -> Tensor:
    """The means of regions that cover the image: (N, C, H, W) -> (N, C, *output_size).

    PyTorch: [`F.adaptive_avg_pool2d`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool2d.html).

    Args:
        input: images of shape (N, C, H, W).
        output_size: a number, or (rows, columns); None keeps the image's. Regions may overlap by a row or a column.

    Raises:
        ValueError: an input without these four axes, or a size below 1.

    >>> adaptive_avg_pool2d(Tensor([[[[1.0, 3.0], [2.0, 0.0]]]]), 1).tolist()
    [[[[1.5]]]]
    """
    sizes = adaptive_size(input, output_size)
    if sizes == (1, 1):
        return input.mean(dim=(-2, -1), keepdim=True)
    rows, columns = (
        Tensor(regions(n, size), dtype=input.dtype) for n, size in zip(input.shape[2:], sizes, strict=True)
    )
    return rows @ input @ columns.T


class _Pooling(Activation):
    """A pooling function as a module: without a stride, it is the size of the kernel."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self.stride = self.kernel_size if self.stride is None else self.stride


class MaxPool2d(_Pooling, function=max_pool2d):
    """`max_pool2d` as a module."""


class AvgPool2d(_Pooling, function=avg_pool2d):
    """`avg_pool2d` as a module."""

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AdaptiveAvgPool2d(Activation, function=adaptive_avg_pool2d):
    """`adaptive_avg_pool2d` as a module."""


@op
def batch_norm(
    input: Tensor, running_mean: Tensor | None, running_var: Tensor | None, weight: Tensor | None = None,
    bias: Tensor | None = None, training: bool = False, momentum: float = 0.1, eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Normalize each channel of an input (N, C, ...), then scale and shift it.

    [Ioffe and Szegedy, 2015](https://arxiv.org/abs/1502.03167). PyTorch:
    [`F.batch_norm`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.batch_norm.html).

    Args:
        input: array of shape (N, C, ...).
        running_mean, running_var: shape (C,), updated in place if `training`; or None.
        weight, bias: shape (C,), or None for 1 and 0.
        training, momentum: see `norm_statistics`.
        eps: added to the variance, so that a constant channel doesn't divide by 0.

    ValueError if shapes don't fit, or for one value per channel in training.

    >>> batch_norm(Tensor([[1.0], [3.0]]), None, None, training=True, eps=0).tolist()
    [[-1.0], [1.0]]
    """
    check_channels(input, training, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    x, restore = as_rows(input)
    mean, var = norm_statistics(x, running_mean, running_var, training, momentum)
    scale = 1 / np.sqrt(var + eps)
    normal = x - mean
    normal *= scale  # in place: images are large
    out = normal.copy() if weight is None else normal * weight
    if bias is not None:
        out += bias

    def to_input(grad):
        grad, slope = as_rows(grad)[0], scale if weight is None else scale * weight
        return restore(batch_norm_gradient(grad, normal, slope) if training else grad * slope)

    to_weight = lambda grad: column_sums(as_rows(grad)[0] * normal)  # noqa: E731
    to_bias = lambda grad: column_sums(as_rows(grad)[0])  # noqa: E731
    return restore(out), (to_input, None, None, to_weight, to_bias)


class BatchNorm2d(NormOptions):
    """`batch_norm` of images (N, C, H, W), with its parameters, and its running statistics as buffers.

    PyTorch: [`nn.BatchNorm2d`](https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html).

    >>> list(BatchNorm2d(4).state_dict())
    ['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked']
    """

    def forward(self, x: Tensor) -> Tensor:
        self.check(x)
        running, momentum = (self.running_mean, self.running_var), self.next_momentum()
        return batch_norm(x, *running, self.weight, self.bias, self.uses_batch, momentum, self.eps)


class BatchNorm1d(BatchNorm2d):
    """`batch_norm` of rows (N, C), or of sequences (N, C, L).

    >>> BatchNorm1d(2)(Tensor([[1.0, 2.0], [3.0, 2.0]])).detach().numpy().round(2).tolist()
    [[-1.0, 0.0], [1.0, 0.0]]
    """

    axes_allowed = (2, 3)


class ResidualBlock(Module):
    """Two convolutions with a shortcut around them: (N, in_channels, H, W) -> (N, out_channels, H / stride, W / stride).

    [He and others, 2015](https://arxiv.org/abs/1512.03385). If the shape changes, the shortcut is a convolution of 1 by 1.

    >>> ResidualBlock(2, 4, stride=2)(Tensor(np.ones((1, 2, 6, 6)))).shape
    (1, 4, 3, 3)
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        self.conv1 = Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = BatchNorm2d(out_channels)
        self.conv2 = Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = BatchNorm2d(out_channels)
        self.shortcut = Sequential()  # changes nothing
        if stride != 1 or in_channels != out_channels:
            resize = Conv2d(in_channels, out_channels, 1, stride, bias=False)
            self.shortcut = Sequential(resize, BatchNorm2d(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        out = relu(self.bn1(self.conv1(x)))
        return relu(self.bn2(self.conv2(out)) + self.shortcut(x))
