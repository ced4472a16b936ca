"""Cases: convolutions, pooling and batch norm, as functions and as modules."""

import numpy as np
from hypothesis import strategies as st

from tests.conformance.compare import leaf
from tests.conformance.draws import EIGHTHS, FLOATS, arrays, case, drawn_script, script
from tests.conformance.scripts import numbers, refusal

FEW = st.integers(0, 2).map(float)  # so few values that most windows have several maxima

# Views: how an array of another shape becomes one of `shape`, and the shape that it has in memory
VIEWS = {
    "contiguous": (lambda x, shape: x, lambda a, b, c, d: (a, b, c, d)),
    "channels last": (lambda x, shape: x.permute(0, 3, 1, 2), lambda a, b, c, d: (a, c, d, b)),
    "rows and columns swapped": (lambda x, shape: x.transpose(2, 3), lambda a, b, c, d: (a, b, d, c)),
    "samples and channels swapped": (lambda x, shape: x.transpose(0, 1), lambda a, b, c, d: (b, a, c, d)),
    "sliced": (lambda x, shape: x[::2, :, 1:, :-1], lambda a, b, c, d: (max(0, 2 * a - 1), b, c + 1, d + 1)),
    "every second column": (lambda x, shape: x[:, 1:, :, ::2], lambda a, b, c, d: (a, b + 1, c, max(0, 2 * d - 1))),
    "expanded samples": (lambda x, shape: x.expand(shape), lambda a, b, c, d: (1, b, c, d)),
    "expanded pixels": (lambda x, shape: x.expand(shape), lambda a, b, c, d: (a, b, 1, 1)),
}


@st.composite
def viewed(draw, shape, dtype, elements=EIGHTHS):
    """An array, and the function that makes a tensor of this shape of it: mostly a view that isn't contiguous."""
    view, stored = VIEWS[draw(st.sampled_from(sorted(VIEWS)))]
    return draw(arrays(stored(*shape), dtype, elements)), lambda x: view(x, shape)


@st.composite
def two(draw, least, most):
    """Two numbers, (rows, columns); often twice the same one."""
    rows = draw(st.integers(least, most))
    return rows, draw(st.just(rows) | st.integers(least, most))


def written(draw, both):
    """Two numbers as an argument: one integer for both if they are equal, a tuple or a list."""
    return draw(st.sampled_from([both, list(both)] + [both[0]] * 2 * (both[0] == both[1])))


def fitting(draw, kernel, padding=(0, 0), dilation=(1, 1)):
    """The size of an image on which a window has at least one place, and no side is empty."""
    reach = [d * (k - 1) + 1 - 2 * p for k, p, d in zip(kernel, padding, dilation, strict=True)]
    return tuple(draw(st.integers(max(1, least), max(1, least) + 4)) for least in reach)


def split_arguments(draw, options, names):
    """Options as (positional, keywords): of those that are given without a gap from the first name on, some by position."""
    count = 0
    while count < len(names) and names[count] in options and draw(st.booleans()):
        count += 1
    positional = names[:count]
    return [options[name] for name in positional], {n: v for n, v in options.items() if n not in positional}


# Convolution


@st.composite
def convolutions(draw, dtype=FLOATS):
    """(shape of the images, shape of the weight, options, dtype) of a convolution."""
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    inside = groups * draw(st.integers(1, 2))
    outside = groups * draw(st.integers(1, 2))
    kernel, dilation = draw(two(1, 3)), draw(two(1, 2) | st.just((1, 1)))
    stride, padding = draw(two(1, 3) | st.just((1, 1))), draw(two(0, 2))
    named = draw(st.sampled_from(["", "", "same", "valid"]))
    if named:
        stride, padding = (1, 1) if named == "same" else stride, (0, 0)
    size = fitting(draw, kernel, padding, dilation)
    options = {
        "stride": written(draw, stride),
        "padding": named or written(draw, padding),
        "dilation": written(draw, dilation),
        "groups": groups,
    }
    usual = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1}
    known = {"stride": stride, "padding": named or padding, "dilation": dilation, "groups": groups}
    options = {name: value for name, value in options.items() if known[name] != usual[name] or draw(st.booleans())}
    count = draw(st.sampled_from([1, 2, 3, 0]))
    return (count, inside, *size), (outside, inside // groups, *kernel), options, draw(dtype)


@case
def conv2d(draw):
    shape, weight_shape, options, dtype = draw(convolutions())
    x, see_x = draw(viewed(shape, dtype))
    weight, see_weight = draw(viewed(weight_shape, dtype))
    bias = [draw(arrays((weight_shape[0],), dtype))] * draw(st.booleans())
    names = ["stride", "padding", "dilation", "groups"]
    positional, keywords = split_arguments(draw, options, names) if bias else ([], options)

    def program(lib, x, weight, *bias):
        return lib.nn.functional.conv2d(see_x(x), see_weight(weight), *bias, *positional, **keywords)

    return program, [x, weight, *bias]


@case
def conv2d_of_odd_sizes(draw):
    """Kernels of more places than the image has in one direction, which only padding makes fit; pictures of one row."""
    dtype = draw(FLOATS)
    kernel = draw(st.sampled_from([(1, 7), (7, 1), (5, 2), (2, 5), (4, 4)]))
    padding = tuple(k // 2 for k in kernel)
    shape = (2, 2, *(draw(st.integers(1, 5)) for _ in range(2)))
    stride = draw(two(1, 5))
    inputs = [draw(arrays(shape, dtype, EIGHTHS)), draw(arrays((3, 2, *kernel), dtype, EIGHTHS))]
    return lambda lib, x, w: lib.nn.functional.conv2d(x, w, stride=stride, padding=padding), inputs


@case
def conv2d_depthwise(draw):
    """One group for each channel, with one or several filters."""
    dtype, channels, times = draw(FLOATS), draw(st.integers(1, 4)), draw(st.integers(1, 3))
    x = draw(arrays((2, channels, 5, 4), dtype, EIGHTHS))
    weight = draw(arrays((channels * times, 1, 3, 3), dtype, EIGHTHS))
    bias = draw(arrays((channels * times,), dtype))

    def program(lib, x, weight, bias):
        return lib.nn.functional.conv2d(x, weight, bias=bias, padding=1, groups=channels)

    return program, [x, weight, bias]


@case
def conv2d_twice_with_one_weight(draw):
    """The gradients of both uses add up."""
    dtype = draw(FLOATS)
    inputs = [draw(arrays((2, 2, 4, 5), dtype, EIGHTHS)), draw(arrays((2, 2, 3, 3), dtype, EIGHTHS))]

    def program(lib, x, weight):
        f = lib.nn.functional
        return f.conv2d(f.relu(f.conv2d(x, weight, padding=1)), weight, padding="same")

    return program, inputs


@case
def conv2d_module(draw):
    shape, weight_shape, options, dtype = draw(convolutions())
    x, see_x = draw(viewed(shape, dtype))
    weight = draw(arrays(weight_shape, dtype, EIGHTHS))
    bias = [draw(arrays(weight_shape[:1], dtype))] * draw(st.booleans())
    kernel = written(draw, weight_shape[2:])
    positional, keywords = split_arguments(draw, options, ["stride", "padding", "dilation", "groups"])

    def program(lib, x, weight, *bias):
        layer = lib.nn.Conv2d(shape[1], weight_shape[0], kernel, *positional, bias=bool(bias), **keywords)
        layer.to(getattr(lib, dtype))
        state = dict(zip(("weight", "bias"), (weight, *bias), strict=False))
        layer.load_state_dict({name: tensor.detach() for name, tensor in state.items()})
        out = layer(see_x(x))
        out.sum().backward()
        return lib.cat([p.grad.flatten() for p in layer.parameters()]) if not x.requires_grad else layer(see_x(x))

    return program, [x, weight, *bias]


# Pooling


@st.composite
def pools(draw, dilated):
    """(size, kernel_size, options) of a pooling."""
    kernel = draw(two(1, 3))
    dilation = draw(two(1, 2)) if dilated and draw(st.booleans()) else (1, 1)
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    # at least as large as the dilation: where a window lies in the padding only, PyTorch's backward writes outside of the gradient
    size = tuple(max(far, n) for far, n in zip(dilation, fitting(draw, kernel, padding, dilation), strict=True))
    options = {"stride": draw(st.none() | two(1, 3).map(lambda both: written(draw, both)))}
    options["padding"] = written(draw, padding)
    if dilated:
        options["dilation"] = written(draw, dilation)
    options["ceil_mode"] = draw(st.booleans())
    usual = {"stride": None, "padding": 0, "dilation": 1, "ceil_mode": False}
    options = {name: value for name, value in options.items() if value != usual[name] or draw(st.booleans())}
    return size, written(draw, kernel), options


@case
def max_pool2d(draw):
    """Few values, so that there are ties: the first of equal maxima gets all of the gradient."""
    size, kernel, options = draw(pools(dilated=True))
    shape = (draw(st.sampled_from([1, 2, 0])), draw(st.integers(1, 3)), *size)
    x, see = draw(viewed(shape, draw(FLOATS), draw(st.sampled_from([FEW, EIGHTHS]))))
    positional, keywords = split_arguments(draw, options, ["stride", "padding", "dilation", "ceil_mode"])
    if draw(st.booleans()):
        return lambda lib, x: lib.nn.MaxPool2d(kernel, *positional, **keywords)(see(x)), [x]
    return lambda lib, x: lib.nn.functional.max_pool2d(see(x), kernel, *positional, **keywords), [x]


@case
def avg_pool2d(draw):
    size, kernel, options = draw(pools(dilated=False))
    options |= draw(st.sampled_from([{}, {}, {"count_include_pad": True}, {"count_include_pad": False}]))
    options |= draw(st.sampled_from([{}, {}, {"divisor_override": None}, {"divisor_override": 3}]))
    shape = (draw(st.sampled_from([1, 2, 0])), draw(st.integers(1, 3)), *size)
    x, see = draw(viewed(shape, draw(FLOATS)))
    names = ["stride", "padding", "ceil_mode", "count_include_pad", "divisor_override"]
    positional, keywords = split_arguments(draw, options, names)
    if draw(st.booleans()):
        return lambda lib, x: lib.nn.AvgPool2d(kernel, *positional, **keywords)(see(x)), [x]
    return lambda lib, x: lib.nn.functional.avg_pool2d(see(x), kernel, *positional, **keywords), [x]


@case
def avg_pool2d_of_padding(draw):
    """Whether the zeros count, also where a last window reaches beyond them."""
    kernel, padding = draw(two(2, 4)), draw(st.sampled_from([1, (0, 1), (1, 0)]))
    options = {"padding": padding, "count_include_pad": draw(st.booleans()), "ceil_mode": draw(st.booleans())}
    options |= draw(st.sampled_from([{}, {"stride": 1}, {"stride": 3}, {"divisor_override": 2}]))
    x = draw(arrays((2, 2, *(draw(st.integers(4, 6)) for _ in range(2))), elements=EIGHTHS))
    return lambda lib, x: lib.nn.functional.avg_pool2d(x, kernel, **options), [x]


@case
def adaptive_avg_pool2d(draw):
    """More regions than pixels, as many, or fewer; None keeps a side."""
    shape = (
        draw(st.sampled_from([1, 2, 0])),
        draw(st.integers(1, 3)),
        draw(st.integers(1, 6)),
        draw(st.integers(1, 6)),
    )
    x, see = draw(viewed(shape, draw(FLOATS)))
    sides = st.integers(1, 7) | st.none()
    size = draw(st.integers(1, 7) | st.tuples(sides, sides) | st.just(1) | st.just((1, 1)))
    if draw(st.booleans()):
        return lambda lib, x: lib.nn.AdaptiveAvgPool2d(size)(see(x)), [x]
    keyword = draw(st.booleans())

    def program(lib, x):
        pool = lib.nn.functional.adaptive_avg_pool2d
        return pool(see(x), output_size=size) if keyword else pool(see(x), size)

    return program, [x]


@script
def ties_in_max_pooling(lib):
    """Also across windows that overlap, and where all are infinite."""
    f, out = lib.nn.functional, []
    for number in (0.0, 1.0, float("inf"), -float("inf")):
        x = lib.full((1, 1, 4, 4), number).requires_grad_()
        padded = [{"padding": 1}, {"ceil_mode": True, "padding": 1}] * (number >= 0)
        for options in ({}, {"stride": 1}, {"dilation": 2, "stride": 1, "kernel_size": 2}, *padded):
            options = {"kernel_size": 3} | options
            y = f.max_pool2d(x, **options)
            y.backward(lib.arange(1.0, y.numel() + 1).reshape(*y.shape))
            out += [y.detach(), x.grad.clone()]
            x.grad = None
    return out


@script
def numbers_that_are_not_finite_in_a_window(lib):
    """They are the result where a window has one, and nowhere else."""
    x = lib.arange(1.0, 17.0).reshape(1, 1, 4, 4)
    x[0, 0, 1, 1], x[0, 0, 0, 3], x[0, 0, 3, 0] = float("nan"), -float("inf"), float("inf")
    f = lib.nn.functional
    pooled = f.max_pool2d(x, 2), f.max_pool2d(x, 3, 1, 1), f.avg_pool2d(x, 2), f.avg_pool2d(x, 3, 1, 1)
    return pooled, f.conv2d(x, lib.ones(1, 1, 2, 2)), f.batch_norm(x.reshape(4, 4), None, None, training=True)


# Batch norm


def spread_out(shape, dtype, shift=0.0):
    """Numbers of which no channel has a variance near 0, where rounding would be all that is left."""
    rng = np.random.default_rng(sum(shape))
    return (rng.uniform(-2, 2, shape) + shift).astype(dtype)


@case
def batch_norm(draw):
    """Of images, and of rows: (N, C), (N, C, L). The running statistics are returned with the result."""
    dtype, training = draw(FLOATS), draw(st.booleans())
    channels = draw(st.integers(1, 3))
    rest = draw(st.sampled_from([(), (3,), (2, 3), (1, 4), (2, 2, 2)]))
    count = draw(st.integers(2, 5))
    x = draw(arrays((count, channels, *rest), dtype, EIGHTHS)) + spread_out((count, channels, *rest), dtype)
    weight, bias = (draw(st.none() | arrays((channels,), dtype)) for _ in range(2))
    running = draw(st.booleans()) or not training
    options = draw(
        st.sampled_from([{}, {"momentum": 0.3}, {"eps": 0.5}, {"momentum": 1.0, "eps": 1e-3}, {"momentum": 0.0}])
    )
    swapped = draw(st.booleans()) and bool(rest)
    scaled = [array for array in (weight, bias) if array is not None]

    def program(lib, x, *scaled):
        scaled = list(scaled)
        weights = {name: scaled.pop(0) for name, given in (("weight", weight), ("bias", bias)) if given is not None}
        start = numbers(lib, channels, requires_grad=False, dtype=dtype) if running else None
        var = start.clone() + 0.5 if running else None
        x = x.transpose(1, -1) if swapped else x
        out = lib.nn.functional.batch_norm(x, start, var, training=training, **weights, **options)
        return out if not running else lib.cat([out.flatten(), start, var])

    return program, [np.swapaxes(x, 1, -1).copy() if swapped else x, *scaled]


@st.composite
def norms(draw):
    """Options of BatchNorm2d."""
    options = {}
    options |= draw(st.sampled_from([{}, {"momentum": None}, {"momentum": 0.5}, {"momentum": 0.0}]))
    options |= draw(st.sampled_from([{}, {"affine": False}, {"affine": True}]))
    options |= draw(st.sampled_from([{}, {"track_running_stats": False}, {"track_running_stats": True}]))
    return options | draw(st.sampled_from([{}, {"eps": 0.1}]))


@drawn_script
def steps_of_batch_norm(draw):
    """Several steps of train and eval, in any order: outputs, gradients, and what the module keeps after each."""
    options, dtype = draw(norms()), draw(FLOATS)
    modes = draw(st.lists(st.booleans(), min_size=1, max_size=5))
    batches = [
        spread_out((draw(st.integers(1, 3)), 2, 3, draw(st.integers(1, 3))), dtype, shift)
        for shift in range(len(modes))
    ]

    def run(lib):
        layer, seen = lib.nn.BatchNorm2d(2, **options).to(getattr(lib, dtype)), []
        for training, batch in zip(modes, batches, strict=True):
            x = leaf(lib, batch, True)
            out = layer.train(training)(x)
            (out * leaf(lib, spread_out(batch.shape[1:], dtype), False)).sum().backward()
            grads = [None if p.grad is None else p.grad.clone() for p in layer.parameters()]
            kept = {name: tensor.clone() for name, tensor in layer.state_dict().items()}
            seen.append((out, x.grad, grads, kept))
            with lib.no_grad():
                for p in layer.parameters():
                    p -= 0.1 * p.grad
            layer.zero_grad()
        return seen

    return run


@script
def batch_norm_of_rows(lib):
    """BatchNorm1d: (N, C) and (N, C, L); one row is refused in training, and works in eval."""
    layer = lib.nn.BatchNorm1d(3, momentum=0.3)
    rows, sequences = numbers(lib, 5, 3), numbers(lib, 2, 3, 4)
    outs = [layer(rows), layer(sequences)]
    (outs[0] * outs[0].detach() ** 2).sum().backward()
    (outs[1] * sequences.detach()).sum().backward()
    refusals = [refusal(lambda: layer(lib.ones(1, 3))), refusal(lambda: layer(lib.ones(2, 3, 2, 2)))]
    layer.eval()
    return outs, rows.grad, sequences.grad, layer.weight.grad, layer.running_var, layer(rows[:1]), refusals


@script
def positional_arguments_of_batch_norm(lib):
    f = lib.nn.functional
    x, mean, var = numbers(lib, 3, 2, 2, 2), lib.zeros(2), lib.ones(2)
    out = f.batch_norm(x, mean, var, lib.ones(2), lib.zeros(2), True, 0.2, 1e-3)
    evaluated = f.batch_norm(x, mean, var)
    layer = lib.nn.BatchNorm2d(2, 1e-3, 0.2, True, True)
    trained = layer(x)
    return out, mean, var, evaluated, trained, layer.running_mean, layer.num_batches_tracked


@script
def a_frozen_batch_norm(lib):
    """In eval mode while the network trains, as where a pretrained network is fine-tuned."""
    layer = lib.nn.BatchNorm2d(2)
    layer(numbers(lib, 3, 2, 2, 2) * 4)
    layer.eval()
    x = numbers(lib, 2, 2, 3, 3)
    (layer(x) ** 2).sum().backward()
    return x.grad, layer.weight.grad, layer.bias.grad, dict(layer.state_dict())


@script
def batch_norm_without_recording(lib):
    """Statistics are tracked under no_grad as well, and never require a gradient."""
    layer = lib.nn.BatchNorm2d(2)
    with lib.no_grad():
        out = layer(numbers(lib, 3, 2, 2, 2))
    layer(numbers(lib, 3, 2, 2, 2))
    return out, out.requires_grad, layer.running_mean, layer.running_mean.requires_grad, layer.num_batches_tracked


@script
def statistics_that_another_batch_changes(lib):
    """The graph of an earlier batch is still right after a later one has moved the running statistics."""
    layer = lib.nn.BatchNorm2d(2)
    x, y = numbers(lib, 3, 2, 2, 2), numbers(lib, 2, 2, 3, 3)
    first = (layer(x) ** 3).sum()
    second = (layer(y) ** 3).sum()
    (first + second).backward()
    return first, second, x.grad, y.grad, layer.weight.grad, layer.running_var


@script
def a_running_mean_that_changes_in_place(lib):
    layer = lib.nn.BatchNorm2d(2)
    view = layer.running_mean[1:]
    same = layer.running_mean
    layer(numbers(lib, 3, 2, 2, 2))
    return view, same is layer.running_mean, layer.running_mean


# Modules: names, text, state, types


@script
def how_spatial_modules_print(lib):
    nn = lib.nn
    layers = (
        *(
            nn.Conv2d(3, 8, 3),
            nn.Conv2d(3, 8, (3, 5), stride=2, padding=1),
            nn.Conv2d(4, 8, 3, padding="same", groups=2),
        ),
        *(nn.Conv2d(4, 8, [1, 2], dilation=(2, 1), bias=False), nn.Conv2d(2, 2, 1, 1, 0, 1, 1, False)),
        *(nn.MaxPool2d(2), nn.MaxPool2d((2, 3), stride=1, padding=1), nn.MaxPool2d(3, 2, 1, 2, ceil_mode=True)),
        *(nn.AvgPool2d(2), nn.AvgPool2d((2, 3), (1, 2), padding=1, ceil_mode=True, count_include_pad=False)),
        *(nn.AdaptiveAvgPool2d(1), nn.AdaptiveAvgPool2d((2, 3)), nn.AdaptiveAvgPool2d((None, 3))),
    )
    return [repr(layer) for layer in layers], repr(nn.Sequential(*layers))


@script
def state_of_a_cnn(lib):
    """Names in order, shapes, dtypes; what is a parameter, and what a buffer."""
    nn = lib.nn
    net = nn.Sequential(
        nn.Conv2d(3, 4, (3, 2), groups=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 6, 3, groups=2, bias=False),
        nn.BatchNorm2d(6, affine=False), nn.AvgPool2d(2), nn.BatchNorm2d(6, track_running_stats=False), nn.AdaptiveAvgPool2d(1),
    )  # fmt: skip
    plain = nn.BatchNorm2d(2, affine=False, track_running_stats=False)
    return (
        {name: (tensor.shape, tensor.dtype) for name, tensor in net.state_dict().items()},
        [(name, tuple(p.shape), p.requires_grad) for name, p in net.named_parameters()],
        [(name, tuple(b.shape), b.requires_grad) for name, b in net.named_buffers()],
        (list(plain.state_dict()), plain.weight, plain.running_mean, plain.num_batches_tracked),
        [name for name, _ in net.named_modules()],
    )


@script
def attributes_of_spatial_modules(lib):
    nn = lib.nn
    conv, pool = nn.Conv2d(3, 6, 3, padding=1, groups=3), nn.MaxPool2d(2)
    same, average, norm = nn.Conv2d(3, 6, (3, 5), padding="same"), nn.AvgPool2d((2, 3)), nn.BatchNorm2d(3)
    return (
        (conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.padding, conv.dilation, conv.groups),
        (same.padding, same.kernel_size, same.stride, conv.weight.shape, conv.bias.shape),
        (pool.kernel_size, pool.stride, pool.padding, pool.dilation, pool.ceil_mode),
        (average.kernel_size, average.stride, average.padding, average.ceil_mode, average.count_include_pad),
        (average.divisor_override, nn.AdaptiveAvgPool2d((2, None)).output_size),
        (norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats, norm.training),
        (norm.weight.detach(), norm.bias.detach(), norm.running_mean, norm.running_var, norm.num_batches_tracked),
    )


@script
def initial_weights_of_convolutions(lib):
    """How far they spread: in twentieths of the bound, 1 / sqrt(numbers below a filter)."""
    lib.manual_seed(0)
    seen = []
    for layer in (lib.nn.Conv2d(16, 64, 5), lib.nn.Conv2d(64, 128, 3, groups=4), lib.nn.Conv2d(2, 2000, (1, 3))):
        bound = 1 / float(np.prod(layer.weight.shape[1:])) ** 0.5
        for p in layer.parameters():
            values = p.detach().numpy() / bound
            seen.append((p.dtype, round(20 * float(np.abs(values).max())), round(5 * float(values.std()))))
    return seen


@script
def casting_a_cnn(lib):
    """Floats are converted, the count of batches isn't."""
    nn = lib.nn
    net = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2), nn.MaxPool2d(2), nn.AvgPool2d(2))
    seen = []
    for cast in (net.double, net.float, lambda: net.to(lib.float64), lambda: net.to("cpu")):
        same = cast() is net
        seen.append((same, [tensor.dtype for tensor in net.state_dict().values()]))
    x = numbers(lib, 2, 1, 4, 4, dtype="float64")
    out = net(x)
    out.sum().backward()
    return (
        seen,
        out.dtype,
        x.grad.dtype,
        [p.grad.dtype for p in net.parameters()],
        net.state_dict()["1.num_batches_tracked"],
    )


@script
def loading_a_cnn(lib):
    """A state goes from one network to another, statistics and all; what is missing or has another shape is refused."""
    nn = lib.nn

    def make():
        return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU())

    first, second = make(), make()
    first(numbers(lib, 3, 1, 4, 4))
    second.load_state_dict(first.state_dict())
    x = numbers(lib, 2, 1, 5, 5)
    same = lib.equal(first.eval()(x), second.eval()(x))
    state = dict(first.state_dict())
    del state["1.running_var"]
    wrong = dict(first.state_dict()) | {"0.weight": lib.ones(2, 1, 2, 2)}
    return (
        (same, second[1].num_batches_tracked, second[1].running_mean is first[1].running_mean),
        [refusal(lambda bad=bad: make().load_state_dict(bad)) for bad in (state, wrong)],
        refusal(lambda: make().load_state_dict(state, strict=False)),
    )


@script
def changes_in_place_are_detected(lib):
    """A weight or an input that a gradient still needs has changed: backward refuses."""
    f, refusals = lib.nn.functional, []
    for changed in ("x", "weight", "bias"):
        arrays = {"x": numbers(lib, 1, 2, 4, 4), "weight": numbers(lib, 2, 2, 3, 3), "bias": numbers(lib, 2)}
        out = f.conv2d(arrays["x"], arrays["weight"], arrays["bias"])
        with lib.no_grad():
            arrays[changed] += 1
        refusals.append(refusal(lambda out=out: out.sum().backward()))
    for training in (True, False):
        for changed in ("x", "weight", "bias"):
            arrays = {"x": numbers(lib, 3, 2, 4, 4), "weight": numbers(lib, 2), "bias": numbers(lib, 2)}
            out = f.batch_norm(arrays["x"], lib.zeros(2), lib.ones(2), arrays["weight"], arrays["bias"], training)
            with lib.no_grad():
                arrays[changed].mul_(2)
            refusals.append(refusal(lambda out=out: out.sum().backward()))
    return refusals


@script
def a_result_may_change_in_place(lib):
    """relu in place after a convolution and after batch norm, as in most published networks."""
    nn = lib.nn
    x, weight = numbers(lib, 2, 1, 4, 4), numbers(lib, 2, 1, 3, 3)
    out = nn.functional.conv2d(x, weight)
    out *= 2
    out = nn.functional.batch_norm(out, None, None, training=True)
    out -= 0.25
    (out * out).sum().backward()
    return x.grad, weight.grad


@script
def a_small_cnn(lib):
    """Training steps with everything in it, then evaluation."""
    nn, f = lib.nn, lib.nn.functional
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding="same", bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3, groups=2),
        nn.AvgPool2d(2, ceil_mode=True), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3),
    ).double()  # fmt: skip
    for p in net.parameters():
        p.data.copy_(numbers(lib, *p.shape, requires_grad=False, dtype="float64") - 1)
    optimizer = lib.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    x, y, losses = numbers(lib, 6, 1, 7, 9, requires_grad=False, dtype="float64"), lib.tensor([0, 1, 2, 0, 1, 2]), []
    for _ in range(4):
        optimizer.zero_grad()
        loss = f.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, net.eval()(x), dict(net.state_dict())


# Bad input: refused by both


@script
def bad_convolutions(lib):
    f, nn = lib.nn.functional, lib.nn
    x, weight = lib.ones(1, 2, 4, 4), lib.ones(4, 2, 3, 3)
    return [
        refusal(step)
        for step in (
            lambda: f.conv2d(lib.ones(1, 3, 4, 4), weight),
            lambda: f.conv2d(x, lib.ones(4, 2, 5, 5)),
            lambda: f.conv2d(x, lib.ones(4, 2, 3)),
            lambda: f.conv2d(x, weight, stride=0),
            lambda: f.conv2d(x, weight, stride=-1),
            lambda: f.conv2d(x, weight, stride=1.5),
            lambda: f.conv2d(x, weight, stride="a"),
            lambda: f.conv2d(x, weight, stride=(1, 1, 1)),
            lambda: f.conv2d(x, weight, stride=None),
            lambda: f.conv2d(x, weight, padding=-1),
            lambda: f.conv2d(x, weight, padding="full"),
            lambda: f.conv2d(x, weight, padding=(1, 1, 1)),
            lambda: f.conv2d(x, weight, padding="same", stride=2),
            lambda: f.conv2d(x, weight, dilation=0),
            lambda: f.conv2d(x, weight, dilation=2),
            lambda: f.conv2d(x, weight, groups=0),
            lambda: f.conv2d(x, weight, groups=2),
            lambda: f.conv2d(x, lib.ones(3, 1, 3, 3), groups=2),
            lambda: f.conv2d(x, weight, lib.ones(3)),
            lambda: f.conv2d(x, weight, lib.ones(4, 1)),
            lambda: f.conv2d(lib.ones(1, 1, 2, 4, 4), weight),
            lambda: f.conv2d(lib.ones(4, 4), weight),
            lambda: f.conv2d(x, weight.double()),
            lambda: f.conv2d(x.double(), weight),
            lambda: f.conv2d(x, weight, lib.ones(4).double()),
            lambda: f.conv2d(x.long(), weight),
            lambda: nn.Conv2d(3, 4, 3, groups=2),
            lambda: nn.Conv2d(4, 3, 3, groups=2),
            lambda: nn.Conv2d(4, 4, 3, groups=0),
            lambda: nn.Conv2d(3, 4, "3"),
            lambda: nn.Conv2d(3, 4, 3, padding="full"),
            lambda: nn.Conv2d(3, 4, 3, padding="same", stride=2),
            lambda: nn.Conv2d(2, 4, 3)(lib.ones(1, 3, 4, 4)),
        )
    ]


@script
def bad_pooling(lib):
    f, nn = lib.nn.functional, lib.nn
    x = lib.ones(1, 2, 4, 4)
    steps = []
    for pool in (f.max_pool2d, f.avg_pool2d):
        steps += [
            lambda pool=pool: pool(x, 0),
            lambda pool=pool: pool(x, -1),
            lambda pool=pool: pool(x, "2"),
            lambda pool=pool: pool(x, None),
            lambda pool=pool: pool(x, 1.5),
            lambda pool=pool: pool(x, (2, 2, 2)),
            lambda pool=pool: pool(x, 5),
            lambda pool=pool: pool(x, 2, 0),
            lambda pool=pool: pool(x, 2, -1),
            lambda pool=pool: pool(x, 2, padding=2),
            lambda pool=pool: pool(x, 2, padding=-1),
            lambda pool=pool: pool(x, 3, padding=2),
            lambda pool=pool: pool(x, (3, 2), padding=(1, 2)),
            lambda pool=pool: pool(lib.ones(1, 1, 2, 4, 4), 2),
            lambda pool=pool: pool(lib.ones(4, 4), 2),
        ]
    steps += [
        lambda: f.max_pool2d(x, 2, dilation=0),
        lambda: f.max_pool2d(x, 3, dilation=2),
        lambda: f.avg_pool2d(x, 2, divisor_override=0),
        lambda: f.adaptive_avg_pool2d(x, -1),
        lambda: f.adaptive_avg_pool2d(x, (1, 2, 3)),
        lambda: f.adaptive_avg_pool2d(x, "a"),
        lambda: f.adaptive_avg_pool2d(x, 1.5),
        lambda: f.adaptive_avg_pool2d(lib.ones(1, 1, 2, 4, 4), 2),
        lambda: f.adaptive_avg_pool2d(lib.ones(4, 4), 2),
        lambda: f.adaptive_avg_pool2d(lib.ones(4), 2),
        lambda: nn.MaxPool2d(),
        lambda: nn.AdaptiveAvgPool2d(),
    ]
    return [refusal(step) for step in steps]


@script
def bad_batch_norms(lib):
    """What is refused changes nothing: the running statistics are what they were."""
    f, nn = lib.nn.functional, lib.nn
    x, layer, statistics = lib.ones(2, 3, 2, 2), nn.BatchNorm2d(3), (lib.zeros(3), lib.ones(3))
    refusals = [
        refusal(step)
        for step in (
            lambda: layer(lib.ones(2, 4, 2, 2)),
            lambda: layer(lib.ones(3, 2, 2)),
            lambda: layer(lib.ones(2, 3)),
            lambda: layer(lib.ones(2, 3, 2, 2, 2)),
            lambda: layer(lib.ones(1, 3, 1, 1)),
            lambda: f.batch_norm(lib.ones(1, 3), *statistics, training=True),
            lambda: f.batch_norm(x, None, None),
            lambda: f.batch_norm(x, lib.zeros(2), lib.ones(2), training=True),
            lambda: f.batch_norm(x, *statistics, lib.ones(2), training=True),
            lambda: f.batch_norm(x, *statistics, None, lib.ones(2), training=True),
            lambda: f.batch_norm(lib.ones(3), *statistics),
            lambda: f.batch_norm(x.long(), *statistics),
            lambda: nn.BatchNorm2d(-1),
            lambda: nn.BatchNorm2d("3"),
            lambda: nn.BatchNorm2d(),
        )
    ]
    return refusals, statistics, layer.running_mean, layer.running_var
