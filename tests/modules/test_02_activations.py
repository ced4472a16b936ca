"""The exported activations, tested with other numbers than in the notebook."""

import math

import numpy as np
import pytest

from tinytorch import nn
from tinytorch.activations import (
    gelu,
    leaky_relu,
    log_softmax,
    relu,
    sigmoid,
    softmax,
    tanh,
)
from tinytorch.tensor import Tensor
from tito.lesson import close

EVERY = [relu, leaky_relu, sigmoid, tanh, gelu, softmax, log_softmax]
HUGE = np.array([[-1e38, -1e20, -800.0, -95.0, 0.0], [95.0, 800.0, 1e20, 1e38, 1.0]], dtype=np.float32)
X = np.linspace(-6, 6, 24, dtype=np.float32).reshape(2, 3, 4)


@pytest.fixture(autouse=True)
def no_overflow():
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        yield


@pytest.mark.parametrize("activation", EVERY)
def test_shape_dtype_and_input(activation):
    """WHAT: the same shape and dtype, a new array, and an input that has not changed.
    WHY: an activation sits between two layers; whatever it overwrites or casts affects the whole network.
    TIP: another dtype? Look for an array or a conversion that brings it in. Input changed? Look for +=, -= or x[...] =.
    """
    x = X.copy()
    out = activation(x)
    close(x, X, "the input must not change")
    close(out, activation(X), "the result for a float32 input", dtype=np.float32)
    assert out.shape == x.shape, f"a {x.shape} input must give a {x.shape} result, not {out.shape}"
    assert activation(x.astype(np.float64)).dtype == np.float64, "a float64 input must give a float64 result"


@pytest.mark.parametrize("activation", EVERY)
def test_result_is_a_new_array(activation):
    """WHAT: the result shares no memory with the input, even where nothing has to change.
    WHY: code that later writes into the result must not change the input.
    TIP: is there a case in which you return `x` itself?
    """
    x = np.ones((2, 1), dtype=np.float32)
    assert not np.shares_memory(activation(x), x), "the result must be a new array"


@pytest.mark.parametrize("activation", EVERY)
def test_tensors_and_arrays(activation):
    """WHAT: a tensor gives a tensor, with the same numbers as for an array.
    WHY: layers work on tensors, and every operation must pass through Tensor.apply to be recorded.
    TIP: is `@op` still above the function?
    """
    out = activation(Tensor(X))
    assert isinstance(out, Tensor), "a tensor must give a tensor"
    close(out, activation(X), "the result for a tensor", dtype=np.float32)


@pytest.mark.parametrize("activation", EVERY)
def test_huge_numbers(activation):
    """WHAT: no overflow and no nan for numbers up to 1e38, of either sign.
    WHY: one nan spreads to all weights within a step.
    TIP: "overflow encountered in ..." names the operation. Which intermediate number is larger than the result needs?
    """
    assert np.isfinite(activation(HUGE)).all(), "every result must be finite, also for numbers like 1e38"


def test_relu_and_leaky_relu():
    """WHAT: negative numbers become 0, or are multiplied by the slope, whatever the slope is.
    WHY: most networks are made of these.
    TIP: try slopes below and above 1, with one number of each sign.
    """
    x = np.array([-7.0, -0.25, 0.0, 0.25, 7.0], dtype=np.float32)
    close(relu(x), [0.0, 0.0, 0.0, 0.25, 7.0], "relu")
    close(leaky_relu(x), [-0.07, -0.0025, 0.0, 0.25, 7.0], "leaky_relu with its default slope, 0.01")
    close(leaky_relu(x, negative_slope=3.0), [-21.0, -0.75, 0.0, 0.25, 7.0], "leaky_relu with slope 3")
    close(leaky_relu(x, negative_slope=1.0), x, "leaky_relu with slope 1, which changes nothing")
    close(leaky_relu(x, negative_slope=0.0), relu(x), "leaky_relu with slope 0, which is relu")
    close(leaky_relu(Tensor([-2.0]), negative_slope=0.5), [-1.0], "leaky_relu of a tensor with slope 0.5")


def test_sigmoid():
    """WHAT: sigmoid(x) = 1 / (1 + exp(-x)), accurate even where it is tiny, and sigmoid(-x) = 1 - sigmoid(x).
    WHY: a loss takes the logarithm of these probabilities; a tiny one must not be rounded to 0.
    TIP: which of the two forms of the formula do you use for numbers below 0? Does your function limit x?
    """
    x = np.linspace(-40, 40, 33)
    close(sigmoid(x), 1 / (1 + np.exp(-x)), "sigmoid of -40, -37.5, ... 40", rtol=1e-9, atol=0)
    close(sigmoid(X) + sigmoid(-X), np.ones_like(X), "sigmoid(x) + sigmoid(-x)")
    tiny = sigmoid(np.array([-30.0, -80.0], dtype=np.float32)) * np.exp(np.array([30.0, 80.0]))
    close(tiny, [1.0, 1.0], "sigmoid(x) / exp(x) for x = -30 and -80", rtol=1e-4)
    tiny = sigmoid(np.array([-90.0, -600.0])) * np.exp(np.array([90.0, 600.0]))
    close(tiny, [1.0, 1.0], "sigmoid(x) / exp(x) for x = -90 and -600 in float64")


def test_tanh_is_a_sigmoid():
    """WHAT: tanh(x) = 2 sigmoid(2 x) - 1.
    WHY: a relation between two functions catches what a single number doesn't.
    TIP: tanh is given, so look at sigmoid.
    """
    close(2 * sigmoid(2 * X) - 1, tanh(X), "2 sigmoid(2 x) - 1, which is tanh(x)")


def test_gelu():
    """WHAT: the tanh formula: close to x times the normal probability, x for large x, 0 for very negative x.
    WHY: GPT-2's weights were trained with exactly this function.
    TIP: work out x = 2 by hand, step by step, and compare each step.
    """
    x = np.linspace(-5, 5, 41)
    exact = np.array([value / 2 * (1 + math.erf(value / math.sqrt(2))) for value in x])
    close(gelu(x, approximate="tanh"), exact, "gelu of -5, -4.75, ... 5 beside the exact one", atol=1e-3)
    some = np.array([-2.0, 0.5, 2.0])
    close(gelu(some, approximate="tanh"), [-0.0454023, 0.3457140, 1.9545977], "gelu of -2, 0.5 and 2")
    far = np.array([-30.0, 30.0], dtype=np.float32)
    close(gelu(far, approximate="tanh"), [0.0, 30.0], "gelu of -30 and 30")


def test_exact_gelu():
    """WHAT: nn.functional.gelu is the exact one, or yours; both refuse other values of `approximate`.
    WHY: the exact one is PyTorch's default.
    TIP: given: keep the lines above your own.
    """
    x = np.linspace(-5, 5, 41)
    exact = np.array([value / 2 * (1 + math.erf(value / math.sqrt(2))) for value in x])
    close(nn.functional.gelu(x), exact, "the exact gelu", rtol=0, atol=1e-12)
    close(nn.functional.gelu(x, approximate="tanh"), gelu(x), 'nn.functional.gelu with approximate="tanh"')
    for function, word in ((gelu, "none"), (gelu, "erf"), (nn.functional.gelu, "erf")):
        with pytest.raises(ValueError, match="tanh"):
            function(X, approximate=word)


@pytest.mark.parametrize("name", ["silu", "elu", "softplus", "logsigmoid"])
def test_relatives(name):
    """WHAT: float32 is kept, the input does not change, and no number is too large.
    WHY: these are used between layers as well.
    TIP: given. If silu fails, look at sigmoid.
    """
    x, activation = Tensor(X), getattr(nn.functional, name)
    out = activation(x)
    assert out.dtype == np.float32, "a float32 input must give a float32 result"
    assert out.shape == x.shape, "the result must have the shape of the input"
    close(x, X, "the input must not change")
    assert np.isfinite(activation(Tensor(HUGE)).numpy()).all(), "every result must be finite"


@pytest.mark.parametrize("dim", [0, 1, 2, -1, -2])
def test_softmax_along_every_axis(dim):
    """WHAT: probabilities that add up to one along `dim`, in the order of the scores; log_softmax is their logarithm.
    WHY: attention takes its softmax over keys, a classifier over classes; along the wrong axis they still look like probabilities.
    TIP: along which axis is your maximum, and along which your sum? Both must be `dim`, kept with size 1.
    """
    x = np.random.default_rng(7).normal(scale=3, size=(2, 3, 4))
    exps = np.exp(x)
    expected = exps / exps.sum(axis=dim, keepdims=True)
    close(softmax(x, dim=dim), expected, f"softmax along dim={dim}")
    close(log_softmax(x, dim=dim), np.log(expected), f"log_softmax along dim={dim}")
    close(softmax(x - 7.0, dim=dim), expected, "softmax of x - 7: adding a constant changes nothing")
    close(softmax(Tensor(x), dim=dim), expected, f"softmax of a tensor along dim={dim}")


def test_rows_do_not_affect_each_other():
    """WHAT: a row with huge scores leaves the row beside it right.
    WHY: one unusual example in a batch must not ruin the others.
    TIP: which maximum do you subtract from which row?
    """
    x = np.array([[500.0, 500.0, 499.0], [-500.0, -500.0, -501.0]], dtype=np.float32)
    row = np.array([0.4223188, 0.4223188, 0.1553624])
    close(softmax(x), [row, row], "softmax of a row near 500 and a row near -500")
    # x - logsumexp(x) is as good, and has the rounding error of numbers around 500
    close(log_softmax(x), np.log([row, row]), "log_softmax of a row near 500 and a row near -500", atol=1e-4)
    far = log_softmax(np.array([0.0, -500.0, -5000.0], dtype=np.float32))
    close(far, [0.0, -500.0, -5000.0], "log_softmax of 0, -500 and -5000")
