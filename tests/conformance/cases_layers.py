"""Cases: activations, layers and losses, as functions and as modules, with the gradients of module 05."""

import numpy as np
from hypothesis import strategies as st

from tests.conformance.draws import FLOATS, arrays, case, one_axis, pairs, shapes

REDUCTIONS = st.sampled_from([{}, {"reduction": "mean"}, {"reduction": "sum"}, {"reduction": "none"}])


# Activations


@case
def activation(draw):
    name = draw(st.sampled_from(["relu", "sigmoid", "tanh"]))
    where = draw(st.sampled_from(["functional", "top", "module"]))
    module = {"relu": "ReLU", "sigmoid": "Sigmoid", "tanh": "Tanh"}[name]
    find = {
        "functional": lambda lib: getattr(lib.nn.functional, name),
        "top": lambda lib: getattr(lib, name),
        "module": lambda lib: getattr(lib.nn, module)(),
    }[where]
    return lambda lib, x: find(lib)(x), [draw(arrays())]


@case
def leaky_relu(draw):
    options = draw(st.sampled_from([{}, {"negative_slope": 0.25}, {"negative_slope": 0.0}, {"negative_slope": 2.0}]))
    x = draw(arrays())
    if draw(st.booleans()):
        return lambda lib, x: lib.nn.LeakyReLU(**options)(x), [x]
    return lambda lib, x: lib.nn.functional.leaky_relu(x, **options), [x]


@case
def gelu(draw):
    """Only with approximate="tanh": see differences.py."""
    x = draw(arrays(elements=st.floats(-8, 8, width=16)))
    if draw(st.booleans()):
        return lambda lib, x: lib.nn.GELU(approximate="tanh")(x), [x]
    return lambda lib, x: lib.nn.functional.gelu(x, approximate="tanh"), [x]


def along_an_axis(draw, name, module):
    x = draw(arrays(shapes(min_dims=1, min_side=1)))
    dim = draw(one_axis(x.ndim))["dim"]
    where = draw(st.sampled_from(["functional", "top", "module"]))
    find = {
        "functional": lambda lib: getattr(lib.nn.functional, name),
        "top": lambda lib: getattr(lib, name),
        "module": lambda lib: lambda x, dim: getattr(lib.nn, module)(dim=dim)(x),
    }[where]
    return lambda lib, x: find(lib)(x, dim=dim), [x]


@case
def softmax(draw):
    return along_an_axis(draw, "softmax", "Softmax")


@case
def log_softmax(draw):
    return along_an_axis(draw, "log_softmax", "LogSoftmax")


# Layers


@st.composite
def linear_inputs(draw):
    """x, weight and, at times, bias; no axis in front of the features, or several."""
    dtype = draw(FLOATS)
    inside, outside = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    sizes = draw(shapes())
    found = [draw(arrays((*sizes, inside), dtype)), draw(arrays((outside, inside), dtype))]
    return found + [draw(arrays((outside,), dtype))] * draw(st.booleans())


@case
def linear(draw):
    return lambda lib, *inputs: lib.nn.functional.linear(*inputs), draw(linear_inputs())


@case
def linear_of_a_view(draw):
    """Rows that do not lie one after another in memory, and the weight transposed."""
    dtype = draw(FLOATS)
    x, weight, bias = (draw(arrays(shape, dtype)) for shape in ((3, 4, 2), (3, 5), (5,)))
    return lambda lib, x, w, b: lib.nn.functional.linear(x.transpose(0, 2), w.transpose(0, 1), bias=b), [
        x,
        weight,
        bias,
    ]


@case
def linear_module(draw):
    x, weight, *bias = draw(linear_inputs().filter(lambda found: found[0].dtype == np.float32))
    outside, inside = weight.shape

    def program(lib, x, weight, *bias):
        layer = lib.nn.Linear(inside, outside, bias=bool(bias))
        layer.load_state_dict(dict(zip(("weight", "bias"), (weight, *bias), strict=False)))
        return layer(x)

    return program, [x, weight, *bias]


@case
def flatten_module(draw):
    x = draw(arrays(shapes(min_dims=1)))
    start = draw(st.integers(-x.ndim, x.ndim - 1))
    return lambda lib, x: lib.nn.Flatten(start)(x) if start != 1 else lib.nn.Flatten()(x), [x]


@case
def dropout_that_is_certain(draw):
    """p is 0 or 1, or there is no training: nothing depends on chance. The rest is in scripts.py."""
    p, training = draw(st.sampled_from([(0.0, True), (1.0, True), (0.5, False), (1.0, False)]))
    x = draw(arrays())
    if draw(st.booleans()):
        return lambda lib, x: lib.nn.functional.dropout(x, p=p, training=training), [x]
    return lambda lib, x: lib.nn.Dropout(p).train(training)(x), [x]


# Losses


@case
def loss_of_numbers(draw):
    """Mean squared and mean absolute error; the target may want a gradient, too."""
    name, module = draw(st.sampled_from([("mse_loss", "MSELoss"), ("l1_loss", "L1Loss")]))
    shape, dtype, options = draw(shapes()), draw(FLOATS), draw(REDUCTIONS)
    inputs = [draw(arrays(shape, dtype)), draw(arrays(shape, dtype))]
    if draw(st.booleans()):
        return lambda lib, x, y: getattr(lib.nn, module)(**options)(x, y), inputs
    return lambda lib, x, y: getattr(lib.nn.functional, name)(x, y, **options), inputs


@case
def binary_cross_entropy_with_logits(draw):
    shape, dtype, options = draw(shapes()), draw(FLOATS), draw(REDUCTIONS)
    target = draw(st.sampled_from([st.integers(0, 1).map(float), st.integers(0, 8).map(lambda n: n / 8)]))
    inputs = [draw(arrays(shape, dtype)), draw(arrays(shape, dtype, target))]
    if draw(st.booleans()):
        return lambda lib, x, y: lib.nn.BCEWithLogitsLoss(**options)(x, y), inputs
    return lambda lib, x, y: lib.nn.functional.binary_cross_entropy_with_logits(x, y, **options), inputs


@case
def cross_entropy(draw):
    n, classes, options = draw(st.integers(0, 4)), draw(st.integers(1, 4)), draw(REDUCTIONS)
    inputs = [draw(arrays((n, classes))), draw(arrays((n,), "int64", st.integers(0, classes - 1)))]
    if draw(st.booleans()):
        return lambda lib, x, y: lib.nn.CrossEntropyLoss(**options)(x, y), inputs
    return lambda lib, x, y: lib.nn.functional.cross_entropy(x, y, **options), inputs


@case
def network(draw):
    """A whole step: two layers, an activation, a loss, and gradients through all of it."""
    target = draw(arrays((5,), "int64", st.integers(0, 2)))
    inputs = [draw(arrays(shape, "float32")) for shape in ((5, 4), (6, 4), (6,), (3, 6), (3,))]

    def program(lib, target, x, w1, b1, w2, b2):
        f = lib.nn.functional
        return f.cross_entropy(f.linear(lib.tanh(f.linear(x, w1, b1)), w2, b2), target)

    return program, [target, *inputs]


@case
def formula(draw):
    """Layer normalisation, written with plain operations: broadcasting, reductions and powers together."""
    x, y = draw(pairs(elements=st.integers(-16, 16).map(lambda n: n / 8 + 1 / 16)))

    def program(lib, x, y):
        centred = x * y - (x * y).mean(dim=-1, keepdim=True)
        return centred / ((centred * centred).mean(dim=-1, keepdim=True) + 1).sqrt()

    return program, [x[..., None], y[..., None] + np.arange(4, dtype=y.dtype)]
