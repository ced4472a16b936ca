"""What convolutions and pooling need around your code: checks, sizes, padding, blocks of images, groups, sums of columns.

Module 09 builds on it. Inside, images are stored channels last, (N, H, W, C): then the numbers below a window's row lie side by side.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from tinytorch.layers import Module, Parameter, kaiming_uniform_, uniform_
from tinytorch.tensor import Tensor, ones, zeros

HALVES = (3, 4, 5, 0, 1, 2)  # of the axes of windows, exchanged: those inside a window first
BLOCK = 5 * 2**18  # numbers in the columns of a block: 5 MiB in float32, which a processor keeps in its cache


def channels_last(x: np.ndarray) -> np.ndarray:
    """(N, C, H, W) as (N, H, W, C): a view."""
    return x.transpose(0, 2, 3, 1)


def channels_first(x: np.ndarray) -> np.ndarray:
    """(N, H, W, C) as (N, C, H, W): a view."""
    return x.transpose(0, 3, 1, 2)


@dataclass(frozen=True)
class Window:
    """How a window slides over images. Each attribute is a pair, (rows, columns)."""

    size: tuple  # of an image
    kernel_size: tuple
    stride: tuple
    before: tuple  # zeros above and left of an image
    padded: tuple  # size of an image with all its zeros
    dilation: tuple

    @cached_property
    def reach(self) -> tuple:
        """From the first to the last place in a window: dilation * (kernel_size - 1)."""
        return tuple(d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True))

    @cached_property
    def out_size(self) -> tuple:
        """At how many places a window fits."""
        sizes = zip(self.padded, self.reach, self.stride, strict=True)
        return tuple((size - reach - 1) // stride + 1 for size, reach, stride in sizes)

    def pad(self, x: np.ndarray, fill: float = 0.0) -> np.ndarray:
        """Put images (N, H, W, C) between their zeros, or other numbers: contiguous, (N, *padded, C)."""
        return spread(x, self.padded, self.before, fill=fill)

    def shares(self, include_pad: bool, divisor: int | None) -> np.ndarray:
        """What each window's sum is multiplied by to get the mean, (*out_size, 1).

        It counts the pixels of the image, and those of the padding if `include_pad`; `divisor` replaces the count. ValueError if it
        is 0.
        """
        if divisor is not None:
            if not is_integer(divisor) or divisor == 0:
                raise ValueError(f"divisor_override is {divisor!r}: give an integer other than 0, or None")
            return np.full((*self.out_size, 1), 1 / divisor)
        zeros = self.before if include_pad else (0, 0)
        size = tuple(n + 2 * z for n, z in zip(self.size, zeros, strict=True))
        start = tuple(b - z for b, z in zip(self.before, zeros, strict=True))
        return 1 / sum(self.taps(spread(np.ones((1, *size, 1)), self.padded, start)))[0]

    @cached_property
    def places(self) -> list[tuple]:
        """For each place in the window, row by row: the index of what all windows have there."""
        (rows, columns), (down, right) = self.out_size, self.stride
        height, width = (rows - 1) * down + 1, (columns - 1) * right + 1
        starts = [(i * self.dilation[0], j * self.dilation[1]) for i, j in np.ndindex(self.kernel_size)]
        return [(slice(None), slice(i, i + height, down), slice(j, j + width, right)) for i, j in starts]

    def taps(self, x: np.ndarray) -> list[np.ndarray]:
        """For each place in the window, row by row: what all windows have there, (N, *out_size, C), of padded images.

        They are copies, because NumPy computes faster with numbers that lie side by side.
        """
        return [x[place].copy() for place in self.places]

    def gather(self, parts: list[np.ndarray]) -> np.ndarray:
        """The opposite of `taps`: add each part, (N, *out_size, C), at its place; returns images (N, H, W, C), without padding."""
        count, _, _, channels = parts[0].shape
        full = np.zeros((count, *self.padded, channels), parts[0].dtype)
        (top, left), (height, width) = self.before, self.size
        apart = all(far < stride for far, stride in zip(self.reach, self.stride, strict=True))  # no two windows overlap
        for place, part in zip(self.places, parts, strict=True):
            if apart:
                full[place] = part
            else:
                full[place] += part
        return full[:, top : top + height, left : left + width]


def view_of(x: np.ndarray, shape: tuple, strides: tuple) -> np.ndarray:
    """A view of a contiguous array's memory: `strides` says how many numbers further each axis steps.

    ValueError if the view would leave the array, which NumPy checks.
    """
    if 0 in shape:
        return np.zeros(shape, x.dtype)
    return np.ndarray(shape, x.dtype, x, strides=tuple(stride * x.itemsize for stride in strides))


def windows(x: np.ndarray, kernel_size: tuple, stride: tuple = (1, 1), dilation: tuple = (1, 1)) -> np.ndarray:
    """All windows of contiguous images (N, H, W, C) that are padded already, as a view of their memory.

    With one channel, they are a copy, in the order in which `reshape` makes a matrix of them without another one: NumPy copies the
    few numbers of a window's row more slowly than the many of an image's.

    Args:
        x: contiguous images of shape (N, H, W, C).
        kernel_size, stride, dilation: each (rows, columns).

    Returns:
        View of shape (N, windows in a column, windows in a row, kernel rows, kernel columns, C).

    >>> windows(np.arange(12.0).reshape(1, 3, 4, 1), (2, 2))[0, 1, 2, :, :, 0].tolist()
    [[6.0, 7.0], [10.0, 11.0]]
    """
    count, height, width, channels = x.shape
    rows = (height - dilation[0] * (kernel_size[0] - 1) - 1) // stride[0] + 1
    columns = (width - dilation[1] * (kernel_size[1] - 1) - 1) // stride[1] + 1
    image, row, pixel = height * width * channels, width * channels, channels
    steps = (image, stride[0] * row, stride[1] * pixel, dilation[0] * row, dilation[1] * pixel, 1)
    views = view_of(x, (count, rows, columns, *kernel_size, channels), steps)
    return views if channels > 1 else np.ascontiguousarray(views.transpose(HALVES)).transpose(HALVES)


def spread(x: np.ndarray, size: tuple, start: tuple, step: tuple = (1, 1), fill: float = 0.0) -> np.ndarray:
    """Images (N, H, W, C) on a field of zeros, (N, *size, C): entry (i, j) at `start + step * (i, j)`. What lies outside is cut off.

    >>> spread(np.array([[1.0, 2.0]]).reshape(1, 1, 2, 1), (1, 5), (0, 1), (1, 2))[0, :, :, 0].tolist()
    [[0.0, 1.0, 0.0, 2.0, 0.0]]
    """
    if x.shape[1:3] == size and start == (0, 0):
        return np.ascontiguousarray(x)
    count, *inner, channels = x.shape
    field = np.full((count, *size, channels), fill, x.dtype) if fill else np.zeros((count, *size, channels), x.dtype)
    source, target = [slice(None)], [slice(None)]
    for many, total, begin, far in zip(inner, size, start, step, strict=True):
        first = max(0, -(begin // far))  # entries before it would lie left of the field
        end = max(first, min(many, (total - 1 - begin) // far + 1))
        source.append(slice(first, end))
        target.append(slice(begin + first * far, max(0, begin + (end - 1) * far + 1), far))
    field[tuple(target)] = x[tuple(source)]
    return field


def blocks(count: int, numbers: int) -> list[slice]:
    """Cut `count` images into blocks, if the columns of each have this many numbers: at most BLOCK in a block, or one image."""
    step = max(1, BLOCK // max(1, numbers))
    return [slice(i, min(i + step, count)) for i in range(0, count, step)]


def by_groups(groups: int, function: Callable, *arrays: np.ndarray) -> np.ndarray:
    """Split the last axis of each array into groups, call the function with each group, and join the results."""
    if groups == 1:
        return function(*arrays)
    split = [np.split(array, groups, axis=-1) for array in arrays]
    return np.concatenate([function(*map(np.ascontiguousarray, parts)) for parts in zip(*split, strict=True)], axis=-1)


def as_rows(x: np.ndarray) -> tuple:
    """(N, C, ...) as rows, one for each place of each image, (M, C); and a function that gives rows the shape of `x` again."""
    last = np.moveaxis(x, 1, -1)
    return last.reshape(-1, x.shape[1]), lambda rows: np.moveaxis(rows.reshape(last.shape), -1, 1)


def adaptive_size(x: Tensor, output_size: object) -> tuple:
    """The size that adaptive pooling gives images: `output_size`, or theirs where it is None.

    ValueError if it can't be one, or if these aren't images.
    """
    check_images("adaptive_avg_pool2d", x)
    if isinstance(output_size, (tuple, list)) and len(output_size) == 2:
        output_size = tuple(n if size is None else size for n, size in zip(x.shape[2:], output_size, strict=True))
    return pair("output_size", output_size, 1)


def regions(size: int, count: int) -> np.ndarray:
    """The means of `count` regions that cover `size` numbers, as a matrix (count, size). Regions may share a number.

    >>> regions(3, 2).tolist()
    [[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]]
    """
    means = np.zeros((count, size))
    for i in range(count):
        start, end = i * size // count, -(-(i + 1) * size // count)
        means[i, start:end] = 1 / (end - start)
    return means


def column_sums(x: np.ndarray) -> np.ndarray:
    """The sum of each column of (M, C), by matrix products with ones, which are fast.

    For accuracy, few rows at a time, and the sums of those in float64.
    """
    ones = np.ones(min(len(x), 4096), x.dtype)
    parts = (ones[: len(x[i : i + 4096])] @ x[i : i + 4096] for i in range(0, len(x), 4096))
    return sum(parts, np.zeros(x.shape[1:])).astype(x.dtype)


# The given halves of layers


class ConvolutionOptions(Module):
    """The given half of Conv2d: its options, and its weights, which are initialized as in PyTorch."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int | tuple, stride: int | tuple = 1,
        padding: int | tuple | str = 0, dilation: int | tuple = 1, groups: int = 1, bias: bool = True,
    ) -> None:  # fmt: skip
        check_groups(in_channels, out_channels, groups)
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride = pair("kernel_size", kernel_size, 1), pair("stride", stride, 1)
        self.dilation = pair("dilation", dilation, 1)
        if isinstance(padding, str):
            named_padding(padding, self.kernel_size, self.stride, self.dilation)  # refuses other names
        self.padding = padding if isinstance(padding, str) else pair("padding", padding, 0)
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        self.weight = kaiming_uniform_(Parameter(zeros(*shape)), a=math.sqrt(5))
        bound = 1 / math.sqrt(math.prod(shape[1:]))
        self.bias = uniform_(Parameter(zeros(out_channels)), -bound, bound) if bias else None

    def extra_repr(self) -> str:
        usual = {"padding": (0, 0), "dilation": (1, 1), "groups": 1}
        shown = [f"{name}={getattr(self, name)}" for name, value in usual.items() if getattr(self, name) != value]
        shown += [] if self.bias is not None else ["bias=False"]
        sizes = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        return ", ".join([sizes, *shown])


class NormOptions(Module):
    """The given half of BatchNorm2d: its options, parameters and buffers, and the statistics' share of the latest batch."""

    axes_allowed = (4,)

    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:  # fmt: skip
        check_positive("num_features", num_features)
        check_norm_options(eps, momentum)
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.weight = Parameter(ones(num_features)) if affine else None
        self.bias = Parameter(zeros(num_features)) if affine else None
        start = (zeros(num_features), ones(num_features), Tensor(0)) if track_running_stats else (None, None, None)
        for name, value in zip(("running_mean", "running_var", "num_batches_tracked"), start, strict=True):
            self.register_buffer(name, value)

    @property
    def uses_batch(self) -> bool:
        """Whether the layer now normalizes with the batch's own statistics."""
        return self.training or self.running_mean is None

    def check(self, x: Tensor) -> None:
        """ValueError unless the layer can normalize `x`; before anything is counted."""
        name = type(self).__name__
        check_tensor(f"the input of {name}", x)
        if x.ndim not in self.axes_allowed or x.shape[1] != self.num_features:
            shape = "(N, C, H, W)" if self.axes_allowed == (4,) else "(N, C) or (N, C, L)"
            raise ValueError(
                f"{name}({self.num_features}) got an input of shape {x.shape}: it must be {shape}, C = {self.num_features}"
            )
        if x.dtype.kind != "f":
            raise ValueError(f"{name} got an input of {x.dtype}: convert it with .float()")
        for key, kept in (("running_mean", self.running_mean), ("weight", self.weight)):
            if kept is not None and kept.dtype != x.dtype:
                raise ValueError(f"{key} is {kept.dtype}, the input {x.dtype}: convert one of them")
        check_several(x, self.uses_batch)

    def next_momentum(self) -> float:
        """Count a batch in training; the share that it gets in the running statistics."""
        if self.training and self.num_batches_tracked is not None:
            self.num_batches_tracked.array += 1
            return 1 / self.num_batches_tracked.item() if self.momentum is None else self.momentum
        return self.momentum or 0.0

    def extra_repr(self) -> str:
        names = ("eps", "momentum", "affine", "track_running_stats")
        return ", ".join([str(self.num_features), *(f"{name}={getattr(self, name)}" for name in names)])


# Checks


def is_integer(value: object) -> bool:
    """Whether a value is an integer of Python's or NumPy's: True isn't one here."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def is_number(value: object) -> bool:
    """Whether a value is an integer or a float of Python's or NumPy's: True isn't one here."""
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def check_positive(name: str, value: object) -> None:
    """ValueError unless `value` is an integer of at least 1."""
    if not is_integer(value) or value < 1:
        raise ValueError(f"{name} is {value!r}: give an integer of at least 1")


def check_tensor(name: str, value: object) -> None:
    """TypeError unless `value` is a tensor, or an array."""
    if not hasattr(value, "dtype"):
        raise TypeError(f"{name} is {value!r}: it must be a tensor")


def pair(name: str, value: object, least: int) -> tuple:
    """(rows, columns) from one number for both, or from two. ValueError unless they are integers, and at least `least`."""
    both = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    if len(both) != 2 or not all(map(is_integer, both)) or min(both) < least:
        raise ValueError(f"{name} is {value!r}: give an integer of at least {least}, or two of them (rows, columns)")
    return tuple(map(int, both))


def check_images(name: str, x: np.ndarray) -> None:
    """ValueError unless `x` are floats of shape (N, C, H, W); TypeError if it isn't a tensor. N may be 0."""
    check_tensor(f"the input of {name}", x)
    if x.ndim != 4:
        one = ": for one image use x.unsqueeze(0)" if x.ndim == 3 else ""
        raise ValueError(f"{name} got an input of shape {x.shape}: it must be (N, C, H, W){one}")
    if 0 in x.shape[1:]:
        raise ValueError(f"{name} got an input of shape {x.shape}: channels, rows and columns must be at least 1")
    if x.dtype.kind != "f":
        raise ValueError(f"{name} got an input of {x.dtype}: convert it with .float()")


def checked_window(
    size: tuple, kernel_size: object, stride: object, padding: object, dilation: object, ceil_mode: bool
) -> Window:
    """The window of a layer on images of a size, kept for the next call, since a network makes the same ones in every step."""
    options = [tuple(value) if isinstance(value, list) else value for value in (kernel_size, stride, padding, dilation)]
    try:
        return _window(size, *options, ceil_mode)
    except TypeError:  # not hashable, so none that a window has: let it say which
        return _window.__wrapped__(size, *options, ceil_mode)


@lru_cache(typed=True)  # so that True isn't taken for 1
def _window(
    size: tuple, kernel_size: object, stride: object, padding: object, dilation: object, ceil_mode: bool
) -> Window:
    kernel_size = pair("kernel_size", kernel_size, 1)
    stride = kernel_size if stride is None else pair("stride", stride, 1)
    dilation = pair("dilation", dilation, 1)
    if isinstance(padding, str):
        before, after = named_padding(padding, kernel_size, stride, dilation)
    else:
        before = after = pair("padding", padding, 0)
    padded = tuple(map(sum, zip(size, before, after, strict=True)))
    window = Window(size, kernel_size, stride, before, padded, dilation)
    if ceil_mode:
        axes = zip(padded, size, before, window.reach, stride, strict=True)
        window = replace(window, padded=tuple(extended(*axis) for axis in axes))
    if min(window.out_size) < 1:
        covers = tuple(reach + 1 for reach in window.reach)
        raise ValueError(
            f"kernel_size {kernel_size} with dilation {dilation} covers {covers} pixels, but with padding={padding!r}"
            f" the image has {padded}: use a smaller kernel, or more padding"
        )
    return window


def named_padding(name: str, kernel_size: tuple, stride: tuple, dilation: tuple) -> tuple:
    """How many zeros before and after the images: none for "valid"; for "same" as many as keep their size."""
    if name not in ("valid", "same"):
        raise ValueError(f'padding is {name!r}: give integers, "same" or "valid"')
    if name == "same" and stride != (1, 1):
        raise ValueError(f'stride is {stride}: with padding="same" it must be 1')
    total = [d * (k - 1) if name == "same" else 0 for d, k in zip(dilation, kernel_size, strict=True)]
    return tuple(zeros // 2 for zeros in total), tuple(zeros - zeros // 2 for zeros in total)


def extended(padded: int, size: int, before: int, reach: int, stride: int) -> int:
    """The padded size that also holds a last window, if that one begins in the image or in the padding before it."""
    last = -(-(padded - reach - 1) // stride) * stride  # where it would begin
    if last >= size + before:
        last -= stride
    return max(padded, last + reach + 1)


def check_groups(in_channels: int, out_channels: int, groups: object) -> None:
    """ValueError unless both numbers of channels can be split into `groups`."""
    check_positive("groups", groups)
    for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
        check_positive(name, channels)
        if channels % groups:
            raise ValueError(f"groups is {groups}: it must divide {name}, which is {channels}")


def convolution_window(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, stride: object, padding: object, dilation: object, groups: int
) -> Window:  # fmt: skip
    """Check what `conv2d` was given. The error names the argument, its value and what it must be."""
    check_images("conv2d", x)
    check_tensor("weight", weight)
    if weight.ndim != 4 or 0 in weight.shape:
        raise ValueError(
            f"weight has shape {weight.shape}: it must be (out, in / groups, rows, columns), each at least 1"
        )
    check_positive("groups", groups)
    check_groups(weight.shape[1] * groups, len(weight), groups)
    if x.shape[1] != weight.shape[1] * groups:
        need = f"a weight of shape {weight.shape} with groups={groups} needs {weight.shape[1] * groups}"
        raise ValueError(f"the input has {x.shape[1]} channels, in shape {x.shape}: {need}")
    if bias is not None:
        check_tensor("bias", bias)
        if bias.shape != weight.shape[:1]:
            raise ValueError(
                f"bias has shape {bias.shape}: it must be {weight.shape[:1]}, a number for each output channel"
            )
    for name, array in (("weight", weight), ("bias", bias)):
        if array is not None and array.dtype != x.dtype:
            raise ValueError(f"{name} is {array.dtype}, the input {x.dtype}: convert one of them")
    if stride is None:
        raise ValueError("stride is None: give an integer of at least 1, or two of them (rows, columns)")
    return checked_window(x.shape[2:], weight.shape[2:], stride, padding, dilation, False)


def pooling_window(
    name: str, x: np.ndarray, kernel_size: object, stride: object, padding: object, dilation: object = 1, ceil_mode: bool = False
) -> Window:  # fmt: skip
    """Check what a pooling function was given. With `ceil_mode`, a last window may reach beyond the padding."""
    check_images(name, x)
    if isinstance(padding, str):
        pair("padding", padding, 0)  # only a convolution has names for it
    window = checked_window(x.shape[2:], kernel_size, stride, padding, dilation, bool(ceil_mode))
    if any(2 * zeros > k for zeros, k in zip(window.before, window.kernel_size, strict=True)):
        raise ValueError(f"padding is {padding!r}: it may be at most half of kernel_size {window.kernel_size}")
    return window


def check_channels(x: np.ndarray, training: bool, **per_channel: np.ndarray | None) -> None:
    """ValueError unless batch norm can work on `x`, (N, C, ...): a number per channel in each array, and values to compare.

    TypeError if one of them isn't a tensor.
    """
    check_tensor("the input of batch_norm", x)
    if x.ndim < 2:
        raise ValueError(f"batch_norm got an input of shape {x.shape}: it must be (N, C, ...)")
    if x.dtype.kind != "f":
        raise ValueError(f"batch_norm got an input of {x.dtype}: convert it with .float()")
    for name, array in per_channel.items():
        if array is not None:
            check_channel_numbers(name, array, x)
    check_several(x, training)
    missing = [name for name in ("running_mean", "running_var") if per_channel[name] is None]
    if not training and missing:
        raise ValueError(f"{missing[0]} is None: without running statistics, batch_norm needs training=True")
    if len(missing) == 1:
        raise ValueError(f"{missing[0]} is None: give both running_mean and running_var, or neither")


def check_norm_options(eps: object, momentum: object) -> None:
    """ValueError unless eps is a number from 0 on, and momentum a number, or None."""
    if not is_number(eps) or not eps >= 0:
        raise ValueError(f"eps is {eps!r}: give a number of at least 0, such as 1e-5")
    if momentum is not None and not is_number(momentum):
        raise ValueError(f"momentum is {momentum!r}: give a number from 0 to 1, or None for the average of all batches")


def check_channel_numbers(name: str, array: np.ndarray, x: np.ndarray) -> None:
    """ValueError unless `array` has a number for each channel of `x`, of the same dtype; TypeError if it isn't a tensor."""
    check_tensor(name, array)
    if array.shape != (x.shape[1],):
        raise ValueError(
            f"{name} has shape {array.shape}: it must be ({x.shape[1]},), a number for each channel of {x.shape}"
        )
    if array.dtype != x.dtype:
        raise ValueError(f"{name} is {array.dtype}, the input {x.dtype}: convert one of them")


def check_several(x: object, training: bool) -> None:
    """ValueError if batch norm should normalize a single value per channel by its own mean, or none."""
    if training and math.prod(x.shape) <= x.shape[1]:
        count = "one value per channel" if math.prod(x.shape) else "no value"
        raise ValueError(
            f"the input has shape {x.shape}, {count}, and training needs more: use a larger batch, or eval()"
        )
