"""Module 09: Spatial.

Written by `tito export` from notebooks/09_spatial.py: edit that file instead. sha256: e30d5b4704ac246b
"""

import math
from functools import partial

import numpy as np

import tinytorch.sliding as sliding
from tinytorch.activations import relu
from tinytorch.arrays import select
from tinytorch.layers import Linear, Module
from tinytorch.sliding import as_rows, channels_first, channels_last, column_sums, spread, windows
from tinytorch.tensor import Tensor, op, randn


def correlate(x: np.ndarray, kernel: np.ndarray, stride: tuple = (1, 1), dilation: tuple = (1, 1)) -> np.ndarray:
    """Slide a kernel over images that are padded already, as one matrix product.

    Args:
        x, kernel: contiguous images of shape (N, H, W, C), and an array of shape (rows, columns, C, O).
        stride, dilation: pairs, (rows, columns).

    Returns:
        Feature maps of shape (N, H', W', O).

    >>> correlate(np.arange(9.0).reshape(1, 3, 3, 1), np.array([1.0, 0.0, 0.0, -1.0]).reshape(2, 2, 1, 1)).ravel().tolist()
    [-4.0, -4.0, -4.0, -4.0]
    """
    views = windows(x, kernel.shape[:2], stride, dilation)
    size, filters = math.prod(kernel.shape[:3]), kernel.shape[3]
    matrix = views.reshape(math.prod(views.shape[:3]), size)
    return (matrix @ kernel.reshape(size, filters)).reshape(*views.shape[:3], filters)


def kernel_gradient(
    x: np.ndarray, grad: np.ndarray, kernel_size: tuple, stride: tuple = (1, 1), dilation: tuple = (1, 1)
) -> np.ndarray:
    """The gradient of the kernel of `correlate`.

    Args:
        x, grad: the padded images of the forward pass, (N, H, W, C), and the upstream gradient, (N, H', W', O).
        kernel_size, stride, dilation: pairs, (rows, columns).

    Returns:
        Array of the kernel's shape, (rows, columns, C, O).

    >>> x, grad = np.array([5.0, 6.0, 7.0, 8.0]), np.array([10.0, 20.0, 30.0])
    >>> kernel_gradient(x.reshape(1, 1, 4, 1), grad.reshape(1, 1, 3, 1), (1, 2)).ravel().tolist()
    [380.0, 440.0]
    """
    views = windows(x, kernel_size, stride, dilation)
    count, size = math.prod(grad.shape[:3]), math.prod(views.shape[3:])
    product = views.reshape(count, size).T @ grad.reshape(count, grad.shape[3])
    return product.reshape(*views.shape[3:], grad.shape[3])


def input_gradient(
    grad: np.ndarray, kernel: np.ndarray, size: tuple, before: tuple = (0, 0), stride: tuple = (1, 1),
    dilation: tuple = (1, 1),
) -> np.ndarray:  # fmt: skip
    """The gradient of the images.

    Args:
        grad, kernel: the upstream gradient, (N, H', W', O), and the kernel, (rows, columns, C, O).
        size, before: (H, W) of the images without padding, and how many zeros the padding put (above, left of) them.
        stride, dilation: pairs, (rows, columns).

    Returns:
        Array of shape (N, H, W, C).

    >>> grad, kernel = np.array([10.0, 20.0, 30.0]), np.array([2.0, 3.0])
    >>> input_gradient(grad.reshape(1, 1, 3, 1), kernel.reshape(1, 2, 1, 1), (1, 4)).ravel().tolist()
    [20.0, 70.0, 120.0, 90.0]
    """
    reach = [d * (k - 1) for d, k in zip(dilation, kernel.shape[:2], strict=True)]
    field_size = tuple(n + far for n, far in zip(size, reach, strict=True))
    start = tuple(far - zeros for far, zeros in zip(reach, before, strict=True))
    field = spread(grad, field_size, start, stride)
    return correlate(field, kernel[::-1, ::-1].swapaxes(2, 3), dilation=dilation)


@op
def conv2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int | tuple = 1, padding: int | tuple | str = 0,
    dilation: int | tuple = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """Slide filters over images, as [PyTorch](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv2d.html) does.

    Args:
        input, weight: images of shape (N, C, H, W), and filters of shape (O, C / groups, rows, columns).
        bias: a number for each filter, shape (O,), or None.
        stride, padding, dilation: a number, or (rows, columns); padding may also be "same" or "valid".
        groups: into how many parts the channels are split. ValueError if a shape or an option doesn't fit.

    >>> conv2d(Tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), Tensor([[[[1.0, 10.0]]]])).tolist()
    [[[[21.0], [43.0]]]]
    """
    window = sliding.convolution_window(input, weight, bias, stride, padding, dilation, groups)
    options = {"stride": window.stride, "dilation": window.dilation}
    x, kernel = channels_last(input), weight.transpose(2, 3, 1, 0)
    out = np.empty((len(x), *window.out_size, len(weight)), input.dtype)
    parts = sliding.blocks(len(x), math.prod(window.out_size) * weight[0].size * groups)
    for part in parts:
        out[part] = sliding.by_groups(groups, partial(correlate, **options), window.pad(x[part]), kernel)
        if bias is not None:
            out[part] += bias

    def to_input(grad):
        grad, result = channels_last(grad), np.empty(x.shape, x.dtype)
        back = partial(input_gradient, size=window.size, before=window.before, **options)
        for part in sliding.blocks(len(x), math.prod(window.size) * weight[:, 0].size):
            result[part] = sliding.by_groups(groups, back, grad[part], kernel)
        return channels_first(result)

    def to_weight(grad):
        grad, total = channels_last(grad), np.zeros(kernel.shape, x.dtype)
        of_kernel = partial(kernel_gradient, kernel_size=window.kernel_size, **options)
        for part in parts:
            total += sliding.by_groups(groups, of_kernel, window.pad(x[part]), grad[part])
        return total.transpose(3, 2, 0, 1)

    return channels_first(out), (to_input, to_weight, lambda grad: column_sums(as_rows(grad)[0]))


class Conv2d(sliding.ConvolutionOptions):
    """`conv2d` with its weights. PyTorch: [`nn.Conv2d`](https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html)."""

    def forward(self, x: Tensor) -> Tensor:
        return conv2d(x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


@op
def max_pool2d(
    input: Tensor, kernel_size: int | tuple, stride: int | tuple | None = None, padding: int | tuple = 0,
    dilation: int | tuple = 1, ceil_mode: bool = False,
) -> Tensor:  # fmt: skip
    """The largest number in each window ([PyTorch](https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html)).

    Args:
        input: images of shape (N, C, H, W).
        kernel_size, stride, padding, dilation: a number, or (rows, columns). The stride is usually the size of the kernel.
        ceil_mode: whether a last window may reach beyond the padding.

    Returns:
        Feature maps of shape (N, C, H', W'), and their gradient. ValueError (given) if a shape or an option doesn't fit.

    >>> max_pool2d(Tensor([[[[1.0, 3.0, 0.0, 0.0], [2.0, 0.0, 0.0, 0.0]]]]), 2).tolist()
    [[[[3.0, 0.0]]]]
    """
    window = sliding.pooling_window("max_pool2d", input, kernel_size, stride, padding, dilation, ceil_mode)
    taps = window.taps(window.pad(channels_last(input), fill=-np.inf))  # arrays (N, H', W', C); padding never wins
    out, winner, count = taps[0], np.zeros(taps[0].shape, np.min_scalar_type(len(taps))), len(taps)
    for number, tap in enumerate(taps[1:], start=1):
        winner = np.maximum(winner, (tap > out) * winner.dtype.type(number))
        out = np.maximum(out, tap)

    def to_input(grad):
        grad = channels_last(grad)
        return channels_first(window.gather([select(winner == number, grad) for number in range(count)]))

    return channels_first(out), (to_input,)


def norm_statistics(
    x: np.ndarray, running_mean: np.ndarray | None, running_var: np.ndarray | None, training: bool, momentum: float = 0.1
) -> tuple:  # fmt: skip
    """The mean and variance that batch norm uses; in training it updates the running statistics.

    Args:
        x: array of shape (n, C): a row for each pixel of each image, a column for each channel.
        running_mean, running_var: arrays of shape (C,); or None, if none are kept.
        training, momentum: whether to use `x` or the running statistics; the weight of the batch's in the update of these.

    Returns:
        (mean, variance), each of shape (C,), in the dtype of `x`. A variance of `x` is its mean square distance from the mean.

    >>> mean, var = np.zeros(1), np.ones(1)
    >>> norm_statistics(np.array([[1.0], [2.0], [3.0], [6.0]]), mean, var, training=True)
    (array([3.]), array([3.5]))
    >>> mean.round(2), var.round(2)
    (array([0.3]), array([1.37]))
    """
    if not training:
        return running_mean, running_var
    count = len(x)
    mean = column_sums(x) / count
    var = column_sums((x - mean) ** 2) / count
    if running_mean is not None:
        running_mean += momentum * (mean - running_mean)
        running_var += momentum * (var * (count / (count - 1)) - running_var)
    return mean, var


def batch_norm_gradient(grad: np.ndarray, normal: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """The gradient of rows that batch norm normalized with their own statistics.

    Args:
        grad, normal: the upstream gradient of the normalized rows, and these rows, each (n, C).
        scale: 1 / standard deviation of each column, shape (C,).

    Returns:
        Array of shape (n, C).

    >>> grad, normal = np.array([[1.0], [0.0], [0.0], [0.0]]), np.array([[1.0], [1.0], [-1.0], [-1.0]])
    >>> batch_norm_gradient(grad, normal, np.array([2.0])).ravel()
    array([ 1., -1.,  0.,  0.])
    """
    count = len(grad)
    grad = grad - column_sums(grad) / count
    return scale * (grad - normal * (column_sums(grad * normal) / count))


class LeNet(Module):
    """A network for square images of `size` pixels. [LeCun and others, 1998](http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf).

    >>> LeNet()(randn(2, 1, 28, 28)).shape
    (2, 10)
    """

    def __init__(self, size: int = 28, in_channels: int = 1, classes: int = 10, kernel_size: int = 5) -> None:
        side = (size // 2 - kernel_size + 1) // 2  # of the last feature maps
        self.conv1 = Conv2d(in_channels, 6, kernel_size, padding="same")
        self.conv2 = Conv2d(6, 16, kernel_size)
        self.fc1, self.fc2, self.fc3 = Linear(16 * side**2, 120), Linear(120, 84), Linear(84, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = max_pool2d(relu(self.conv1(x)), 2)
        x = max_pool2d(relu(self.conv2(x)), 2).flatten(1)
        return self.fc3(relu(self.fc2(relu(self.fc1(x)))))
