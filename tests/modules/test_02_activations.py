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

EVERY = [relu, leaky_relu, sigmoid, tanh, gelu, softmax, log_softmax]
HUGE = np.array([[-1e38, -1e20, -800.0, -95.0, 0.0], [95.0, 800.0, 1e20, 1e38, 1.0]], dtype=np.float32)
X = np.linspace(-6, 6, 24, dtype=np.float32).reshape(2, 3, 4)


@pytest.fixture(autouse=True)
def no_overflow():
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        yield


@pytest.mark.parametrize("activation", EVERY)
def test_shape_type_and_input_stay(activation):
    """WHAT: float32 in, float32 out, same shape, a new array, and the input as it was.
    WHY: an activation stands between two layers; whatever it leaks or overwrites, the whole network gets.
    TIP: float64? Look for an array or a conversion that is not float32. Input changed? Look for +=, -= or x[...] = .
    """
    x = X.copy()
    out = activation(x)
    assert out.dtype == np.float32 and out.shape == x.shape
    assert np.array_equal(x, X), "the input must not be changed"
    assert not np.shares_memory(out, x), "the result must be a new array"
    assert activation(x.astype(np.float64)).dtype == np.float64, "who asks for float64 gets it"


@pytest.mark.parametrize("activation", EVERY)
def test_tensors_and_arrays(activation):
    """WHAT: a tensor in, a tensor out, with the numbers that an array gives.
    WHY: layers work on tensors, and every operation must pass through Tensor.apply to be recorded.
    TIP: is `@op` still above the function?
    """
    out = activation(Tensor(X))
    assert isinstance(out, Tensor) and out.dtype == np.float32
    assert np.array_equal(out.numpy(), activation(X))


@pytest.mark.parametrize("activation", EVERY)
def test_huge_numbers(activation):
    """WHAT: no overflow and no nan for numbers up to 1e38, of either sign.
    WHY: one nan spreads to all weights within a step.
    TIP: "overflow encountered in ..." names the operation. Which intermediate number is larger than the result needs?
    """
    assert np.isfinite(activation(HUGE)).all()


def test_relu_and_leaky_relu():
    """WHAT: what is negative becomes 0, or is multiplied by the slope, whatever that is.
    WHY: most networks are made of these.
    TIP: try slopes below and above 1, with one number of either sign.
    """
    x = np.array([-7.0, -0.25, 0.0, 0.25, 7.0], dtype=np.float32)
    assert relu(x).tolist() == [0.0, 0.0, 0.0, 0.25, 7.0]
    assert np.allclose(leaky_relu(x), [-0.07, -0.0025, 0.0, 0.25, 7.0])
    assert np.allclose(leaky_relu(x, negative_slope=3.0), [-21.0, -0.75, 0.0, 0.25, 7.0])
    assert np.allclose(leaky_relu(x, negative_slope=1.0), x) and np.array_equal(
        leaky_relu(x, negative_slope=0.0), relu(x)
    )
    assert leaky_relu(Tensor([-2.0]), negative_slope=0.5).tolist() == [-1.0]


def test_sigmoid():
    """WHAT: sigmoid(x) = 1 / (1 + exp(-x)), to the last digits also where it is tiny, and sigmoid(-x) = 1 - sigmoid(x).
    WHY: a loss takes the logarithm of these probabilities; a tiny one must not be rounded to 0.
    TIP: which of the two forms of the formula do you use for numbers below 0?
    """
    x = np.linspace(-40, 40, 33)
    assert np.allclose(sigmoid(x), 1 / (1 + np.exp(-x)), rtol=1e-12, atol=0)
    assert np.allclose(sigmoid(X) + sigmoid(-X), 1.0)
    assert np.allclose(np.log(sigmoid(np.array([-80.0, -30.0], dtype=np.float32))), [-80.0, -30.0], rtol=1e-5)


def test_tanh_is_a_sigmoid():
    """WHAT: tanh(x) = 2 sigmoid(2 x) - 1.
    WHY: two functions that must agree catch what a single number does not.
    TIP: tanh is given, so look at sigmoid.
    """
    assert np.allclose(tanh(X), 2 * sigmoid(2 * X) - 1, atol=1e-6)


def test_gelu():
    """WHAT: the tanh formula: close to x times the normal probability, x far to the right, 0 far to the left.
    WHY: GPT-2's weights were trained with exactly this function.
    TIP: compute x = 2 with a pencil, step by step, and compare each step.
    """
    x = np.linspace(-5, 5, 41)
    exact = np.array([value / 2 * (1 + math.erf(value / math.sqrt(2))) for value in x])
    assert np.abs(gelu(x, approximate="tanh") - exact).max() < 1e-3
    some = np.array([-2.0, 0.5, 2.0])
    assert np.allclose(gelu(some, approximate="tanh"), [-0.04540231, 0.34571401, 1.95459769], atol=1e-7)
    assert np.allclose(gelu(np.array([-30.0, 30.0]), approximate="tanh"), [0.0, 30.0])


def test_exact_gelu():
    """WHAT: nn.functional.gelu is the exact one, or yours; any other word is refused, and by yours any but "tanh".
    WHY: the exact one is PyTorch's default.
    TIP: given: keep the lines above your own.
    """
    x = np.linspace(-5, 5, 41)
    exact = np.array([value / 2 * (1 + math.erf(value / math.sqrt(2))) for value in x])
    assert np.allclose(nn.functional.gelu(x), exact, atol=1e-12)
    assert np.array_equal(nn.functional.gelu(x, approximate="tanh"), gelu(x))
    for function, word in ((gelu, "none"), (gelu, "erf"), (nn.functional.gelu, "erf")):
        with pytest.raises(ValueError, match="tanh"):
            function(X, approximate=word)


@pytest.mark.parametrize("name", ["silu", "elu", "softplus", "logsigmoid"])
def test_relatives(name):
    """WHAT: float32 stays, the input is not touched, and no number is too large.
    WHY: these stand between layers as well.
    TIP: given. If silu fails, look at sigmoid.
    """
    x, activation = Tensor(X), getattr(nn.functional, name)
    out = activation(x)
    assert out.dtype == np.float32 and out.shape == x.shape and np.array_equal(x.numpy(), X)
    assert np.isfinite(activation(Tensor(HUGE)).numpy()).all()


@pytest.mark.parametrize("dim", [0, 1, 2, -1, -2])
def test_softmax_along_every_axis(dim):
    """WHAT: probabilities that add up to one along `dim`, in the order of the scores; log_softmax is their logarithm.
    WHY: attention takes its softmax over keys, a classifier over classes; the wrong axis still looks like probabilities.
    TIP: which axis does your maximum run over, and which your sum? Both must be `dim`, and keep it with size 1.
    """
    x = np.random.default_rng(7).normal(scale=3, size=(2, 3, 4))
    exps = np.exp(x)
    expected = exps / exps.sum(axis=dim, keepdims=True)
    assert np.allclose(softmax(x, dim=dim), expected)
    assert np.allclose(log_softmax(x, dim=dim), np.log(expected))
    assert np.allclose(softmax(x - 7.0, dim=dim), expected), "adding a constant changes nothing"
    assert np.allclose(softmax(Tensor(x), dim=dim).numpy(), expected, atol=1e-6)


def test_rows_do_not_disturb_each_other():
    """WHAT: a row with huge scores leaves the row beside it right.
    WHY: one strange example in a batch must not ruin the others.
    TIP: which maximum is subtracted from which row?
    """
    x = np.array([[500.0, 500.0, 499.0], [-500.0, -500.0, -501.0]], dtype=np.float32)
    assert np.allclose(softmax(x), np.full((2, 1), 1.0) * [0.4223188, 0.4223188, 0.1553624])
    assert np.allclose(np.exp(log_softmax(x)), softmax(x))
    assert log_softmax(np.array([0.0, -500.0, -5000.0], dtype=np.float32)).tolist() == [0.0, -500.0, -5000.0]
