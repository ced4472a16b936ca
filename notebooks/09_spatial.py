import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Module 09: Spatial")

with app.setup(hide_code=True):
    import math
    from functools import partial

    import numpy as np

    from tinytorch.activations import relu
    from tinytorch.arrays import select
    from tinytorch.layers import Flatten, Linear, Module, Parameter, ReLU, Sequential, kaiming_uniform_, uniform_
    from tinytorch.sliding import (
        as_rows,
        blocks,
        by_groups,
        channels_first,
        channels_last,
        check_channels,
        check_groups,
        check_images,
        column_sums,
        convolution_window,
        pair,
        pooling_window,
        regions,
        spread,
        view_of,
    )  # fmt: skip
    from tinytorch.tensor import Tensor, ones, op, zeros


@app.function
# not exported
def conv2d_loops(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Slide every filter over every image, in plain loops, one step at a time, without padding.

    >>> x
    """
    ### BEGIN SOLUTION
    count, _, height, width = x.shape
    filters, _, rows, columns = weight.shape
    out = np.zeros((count, filters, height - rows + 1, width - columns + 1), x.dtype)
    for n, o, i, j in np.ndindex(out.shape):
        out[n, o, i, j] = (x[n, :, i : i + rows, j : j + columns] * weight[o]).sum()
    return out
    ### END SOLUTION


@app.function
def windows(x: np.ndarray, kernel_size: tuple, stride: tuple = (1, 1), dilation: tuple = (1, 1)) -> np.ndarray:
    """All windows of padded images, as a view."""
    ### BEGIN SOLUTION
    count, height, width, channels = x.shape
    (kernel_rows, kernel_columns), (down, right) = kernel_size, dilation
    rows = (height - down * (kernel_rows - 1) - 1) // stride[0] + 1
    columns = (width - right * (kernel_columns - 1) - 1) // stride[1] + 1
    image, row, pixel = height * width * channels, width * channels, channels
    shape = (count, rows, columns, kernel_rows, kernel_columns, channels)
    return view_of(x, shape, (image, stride[0] * row, stride[1] * pixel, down * row, right * pixel, 1))
    ### END SOLUTION


@app.function
def correlate(x: np.ndarray, kernel: np.ndarray, stride: tuple = (1, 1), dilation: tuple = (1, 1)) -> np.ndarray:
    """Slide a kernel over padded images, as one matrix product."""
    ### BEGIN SOLUTION
    places = windows(x, kernel.shape[:2], stride, dilation)
    columns = places.reshape(-1, kernel[..., 0].size)
    return (columns @ kernel.reshape(columns.shape[1], -1)).reshape(*places.shape[:3], -1)
    ### END SOLUTION


@app.function
def kernel_gradient(
    x: np.ndarray, grad: np.ndarray, kernel_size: tuple, stride: tuple = (1, 1), dilation: tuple = (1, 1)
) -> np.ndarray:
    """The gradient of the kernel."""
    ### BEGIN SOLUTION
    columns = windows(x, kernel_size, stride, dilation).reshape(grad[..., 0].size, -1)
    product = columns.T @ grad.reshape(len(columns), -1)
    return product.reshape(*kernel_size, x.shape[-1], -1)
    ### END SOLUTION


@app.function
def input_gradient(
    grad: np.ndarray,
    kernel: np.ndarray,
    size: tuple,
    before: tuple = (0, 0),
    stride: tuple = (1, 1),
    dilation: tuple = (1, 1),
) -> np.ndarray:
    """The gradient of the images."""
    ### BEGIN SOLUTION
    reach = [d * (k - 1) for d, k in zip(dilation, kernel.shape, strict=False)]
    start = tuple(far - zeros for far, zeros in zip(reach, before, strict=True))
    field = spread(grad, tuple(n + far for n, far in zip(size, reach, strict=True)), start, stride)
    return correlate(field, kernel[::-1, ::-1].swapaxes(2, 3), dilation=dilation)
    ### END SOLUTION


@app.function
@op
def conv2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int | tuple = 1, padding: int | tuple | str = 0,
    dilation: int | tuple = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """Slide filters over images."""
    window = convolution_window(input, weight, bias, stride, padding, dilation, groups)
    slide = {"stride": window.stride, "dilation": window.dilation}
    x, kernel = channels_last(input), weight.transpose(2, 3, 1, 0)
    out = np.empty((len(x), *window.out_size, len(weight)), input.dtype)
    parts = blocks(len(x), out[:1, ..., :1].size * weight[0].size * groups)
    for part in parts:
        out[part] = by_groups(groups, partial(correlate, **slide), window.pad(x[part]), kernel)
        if bias is not None:
            out[part] += bias

    def to_input(grad):
        grad, into = channels_last(grad), np.empty(x.shape, x.dtype)
        back = partial(input_gradient, size=window.size, before=window.before, **slide)
        for part in blocks(len(x), into[:1, ..., :1].size * kernel[..., :1, :].size):
            into[part] = by_groups(groups, back, grad[part], kernel)
        return channels_first(into)

    def to_weight(grad):
        grad, total = channels_last(grad), np.zeros(kernel.shape, x.dtype)
        for part in parts:
            of_kernel = partial(kernel_gradient, kernel_size=window.kernel_size, **slide)
            total += by_groups(groups, of_kernel, window.pad(x[part]), grad[part])
        return total.transpose(3, 2, 0, 1)

    def to_bias(grad):
        return column_sums(channels_last(grad).reshape(-1, len(weight)))

    return channels_first(out), (to_input, to_weight, to_bias)


@app.function
@op
def max_pool2d(
    input: Tensor, kernel_size: int | tuple, stride: int | tuple | None = None, padding: int | tuple = 0,
    dilation: int | tuple = 1, ceil_mode: bool = False,
) -> Tensor:  # fmt: skip
    """The largest number in each window."""
    window = pooling_window("max_pool2d", input, kernel_size, stride, padding, dilation, ceil_mode)
    taps = window.taps(window.pad(channels_last(input), fill=-np.inf))
    ### BEGIN SOLUTION
    count, out = len(taps), taps[0]
    winner = np.zeros(out.shape, np.min_scalar_type(count))
    for number, tap in enumerate(taps[1:], start=1):
        winner = np.maximum(winner, (tap > out) * winner.dtype.type(number))
        out = np.maximum(out, tap)

    def to_input(grad):
        grad = channels_last(grad)
        return channels_first(window.gather([select(winner == number, grad) for number in range(count)]))

    ### END SOLUTION
    return channels_first(out), (to_input,)


@app.function
@op
def avg_pool2d(
    input: Tensor, kernel_size: int | tuple, stride: int | tuple | None = None, padding: int | tuple = 0,
    ceil_mode: bool = False, count_include_pad: bool = True, divisor_override: int | None = None,
) -> Tensor:  # fmt: skip
    """The mean of each window."""
    window = pooling_window("avg_pool2d", input, kernel_size, stride, padding, ceil_mode=ceil_mode)
    counts = window.counts(count_include_pad) if divisor_override is None else divisor_override
    share = np.asarray(1 / counts, input.dtype)
    out = sum(window.taps(window.pad(channels_last(input)))) * share

    def to_input(grad):
        return channels_first(window.gather([channels_last(grad) * share] * math.prod(window.kernel_size)))

    return channels_first(out), (to_input,)


@app.function
def adaptive_avg_pool2d(input: Tensor, output_size: int | tuple) -> Tensor:
    """The means of `output_size` regions that cover the image, rows and columns; a size of None keeps the image's."""
    both = output_size if isinstance(output_size, (tuple, list)) else (output_size, output_size)
    sizes = [n if size is None else size for size, n in zip(both, input.shape[-2:], strict=True)]
    if sizes == [1, 1]:
        return input.mean(dim=(-2, -1), keepdim=True)
    rows, columns = (
        Tensor(regions(n, size), dtype=input.dtype) for n, size in zip(input.shape[-2:], sizes, strict=True)
    )
    return rows @ input @ columns.T


@app.function
def norm_statistics(
    x: np.ndarray,
    running_mean: np.ndarray | None,
    running_var: np.ndarray | None,
    training: bool,
    momentum: float = 0.1,
) -> tuple:
    """Mean and variance."""
    ### BEGIN SOLUTION
    if not training:
        return running_mean, running_var
    count = len(x)
    mean = column_sums(x) / count
    var = column_sums((x - mean) ** 2) / count
    if running_mean is not None:
        running_mean += momentum * (mean - running_mean)
        running_var += momentum * (var * count / (count - 1) - running_var)
    return mean, var
    ### END SOLUTION


@app.function
def batch_norm_gradient(grad: np.ndarray, normal: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """The gradient of x."""
    ### BEGIN SOLUTION
    count = len(grad)
    return scale * (grad - column_sums(grad) / count - normal * (column_sums(grad * normal) / count))
    ### END SOLUTION


@app.function
@op
def batch_norm(
    input: Tensor, running_mean: Tensor | None, running_var: Tensor | None, weight: Tensor | None = None, bias: Tensor | None = None,
    training: bool = False, momentum: float = 0.1, eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Normalize each channel."""
    check_channels(input, training, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    x, restore = as_rows(input)
    mean, var = norm_statistics(x, running_mean, running_var, training, momentum)
    scale = 1 / np.sqrt(var + eps)
    normal = (x - mean) * scale
    out = normal if weight is None else normal * weight
    if bias is not None:
        out = out + bias

    def to_input(grad):
        grad = as_rows(grad)[0] if weight is None else as_rows(grad)[0] * weight
        return restore(batch_norm_gradient(grad, normal, scale) if training else grad * scale)

    def to_weight(grad):
        return column_sums(as_rows(grad)[0] * normal)

    def to_bias(grad):
        return column_sums(as_rows(grad)[0])

    return restore(out), (to_input, None, None, to_weight, to_bias)


@app.class_definition
class Conv2d(Module):
    """Filters that slide over images: (N, in_channels, H, W) -> (N, out_channels, H', W').

    >>> Conv2d(3, 8, kernel_size=3, padding=1)
    Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int | tuple, stride: int | tuple = 1,
        padding: int | tuple | str = 0, dilation: int | tuple = 1, groups: int = 1, bias: bool = True,
    ) -> None:  # fmt: skip
        check_groups(in_channels, out_channels, groups)
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride = pair("kernel_size", kernel_size, 1), pair("stride", stride, 1)
        self.padding = padding if isinstance(padding, str) else pair("padding", padding, 0)
        self.dilation = pair("dilation", dilation, 1)
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        self.weight = kaiming_uniform_(Parameter(zeros(*shape)), a=math.sqrt(5))
        bound = 1 / math.sqrt(math.prod(shape[1:]))
        self.bias = uniform_(Parameter(zeros(out_channels)), -bound, bound) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        return conv2d(x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)

    def extra_repr(self) -> str:
        usual = {"padding": (0, 0), "dilation": (1, 1), "groups": 1}
        shown = [f"{name}={getattr(self, name)!r}" for name, value in usual.items() if getattr(self, name) != value]
        shown += [] if self.bias is not None else ["bias=False"]
        sizes = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        return ", ".join([sizes, *shown])


@app.class_definition
class MaxPool2d(Module):
    """`max_pool2d` as a module."""

    def __init__(
        self, kernel_size: int | tuple, stride: int | tuple | None = None, padding: int | tuple = 0,
        dilation: int | tuple = 1, ceil_mode: bool = False,
    ) -> None:  # fmt: skip
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation, self.ceil_mode = padding, dilation, ceil_mode

    def forward(self, x: Tensor) -> Tensor:
        return max_pool2d(x, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode)

    def extra_repr(self) -> str:
        names = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")
        return ", ".join(f"{name}={getattr(self, name)}" for name in names)


@app.class_definition
class AvgPool2d(Module):
    """`avg_pool2d` as a module."""

    def __init__(
        self, kernel_size: int | tuple, stride: int | tuple | None = None, padding: int | tuple = 0,
        ceil_mode: bool = False, count_include_pad: bool = True, divisor_override: int | None = None,
    ) -> None:  # fmt: skip
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.others = padding, (ceil_mode, count_include_pad, divisor_override)

    def forward(self, x: Tensor) -> Tensor:
        return avg_pool2d(x, self.kernel_size, self.stride, self.padding, *self.others)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


@app.class_definition
class AdaptiveAvgPool2d(Module):
    """`adaptive_avg_pool2d` as a module."""

    def __init__(self, output_size: int | tuple) -> None:
        self.output_size = output_size

    def forward(self, x: Tensor) -> Tensor:
        return adaptive_avg_pool2d(x, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


@app.class_definition
class BatchNorm2d(Module):
    """`batch_norm` with its parameters and running statistics, for images (N, C, H, W).

    `momentum` None means the average of all batches so far. Without `track_running_stats`, the batch's are always used.
    """

    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:  # fmt: skip
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.weight = Parameter(ones(num_features)) if affine else None
        self.bias = Parameter(zeros(num_features)) if affine else None
        start = (zeros(num_features), ones(num_features), Tensor(0)) if track_running_stats else (None, None, None)
        for name, value in zip(("running_mean", "running_var", "num_batches_tracked"), start, strict=True):
            self.register_buffer(name, value)

    def forward(self, x: Tensor) -> Tensor:
        check_images("BatchNorm2d", x)
        momentum = self.momentum
        if self.training and self.track_running_stats:
            self.num_batches_tracked.array += 1
            momentum = 1 / self.num_batches_tracked.item() if momentum is None else momentum
        use_batch = self.training or self.running_mean is None
        running = (self.running_mean, self.running_var)
        return batch_norm(x, *running, self.weight, self.bias, use_batch, momentum, self.eps)

    def extra_repr(self) -> str:
        names = ("eps", "momentum", "affine", "track_running_stats")
        return ", ".join([str(self.num_features), *(f"{name}={getattr(self, name)}" for name in names)])


@app.class_definition
class LeNet(Sequential):
    """A network of 1998 for square images: two convolutions, each followed by pooling, then three linear layers.

    [LeCun and others, 1998](http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf), with ReLU and max-pooling.

    >>> LeNet()(zeros(2, 1, 28, 28)).shape
    (2, 10)
    """

    def __init__(self, size: int = 28, in_channels: int = 1, classes: int = 10, kernel_size: int = 5) -> None:
        side = (size // 2 - kernel_size + 1) // 2  # of the last feature maps
        super().__init__(
            Conv2d(in_channels, 6, kernel_size, padding="same"), ReLU(), MaxPool2d(2),
            Conv2d(6, 16, kernel_size), ReLU(), MaxPool2d(2),
            Flatten(), Linear(16 * side * side, 120), ReLU(), Linear(120, 84), ReLU(), Linear(84, classes),
        )  # fmt: skip


@app.class_definition
class ResidualBlock(Module):
    """Two convolutions and a shortcut around them: (N, in_channels, H, W) -> (N, out_channels, H / stride, W / stride).

    [He and others, 2015](https://arxiv.org/abs/1512.03385).
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        self.conv1 = Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = BatchNorm2d(out_channels)
        self.conv2 = Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = BatchNorm2d(out_channels)
        self.shortcut = Sequential()  # changes nothing
        if stride != 1 or in_channels != out_channels:
            self.shortcut = Sequential(
                Conv2d(in_channels, out_channels, 1, stride, bias=False), BatchNorm2d(out_channels)
            )

    def forward(self, x: Tensor) -> Tensor:
        """The block."""
        ### BEGIN SOLUTION
        out = relu(self.bn1(self.conv1(x)))
        return relu(self.bn2(self.conv2(out)) + self.shortcut(x))
        ### END SOLUTION


if __name__ == "__main__":
    app.run()
