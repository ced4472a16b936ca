"""The exported losses, tested with other numbers than in the notebook."""

import math

import numpy as np
import pytest

from tinytorch import nn
from tinytorch.losses import (
    binary_cross_entropy_terms,
    binary_cross_entropy_with_logits,
    cross_entropy,
    cross_entropy_terms,
    l1_loss,
    mse_loss,
    reduce,
)
from tinytorch.tensor import Tensor, randn

ELEMENTWISE = {
    mse_loss: lambda x, y: (x - y) ** 2,
    l1_loss: lambda x, y: np.abs(x - y),
    binary_cross_entropy_with_logits: lambda x, y: y * np.log1p(np.exp(-x)) + (1 - y) * np.log1p(np.exp(x)),
}
MODULES = {
    mse_loss: nn.MSELoss,
    l1_loss: nn.L1Loss,
    binary_cross_entropy_with_logits: nn.BCEWithLogitsLoss,
    cross_entropy: nn.CrossEntropyLoss,
}


def operations(function, *inputs):
    """What `Tensor.apply` sees while a function runs: pairs of an operation and its inputs."""
    before, seen = Tensor.recorder, []
    Tensor.recorder = lambda function, out, inputs, *rest: seen.append((function, inputs))
    try:
        function(*inputs)
    finally:
        Tensor.recorder = before
    return seen


def test_reduce():
    """WHAT: mean, sum, or nothing, over all axes; any other word is refused, and the message names the three.
    WHY: every loss ends here.
    TIP: given.
    """
    terms = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 9.0]])
    assert reduce(terms).item() == 4.0 and reduce(terms).shape == () and reduce(terms).dtype == np.float32
    assert reduce(terms, "sum").item() == 24.0 and reduce(terms, "none") is terms
    with pytest.raises(ValueError, match='"mean", "sum" or "none"'):
        reduce(terms, "avg")


@pytest.mark.parametrize("function", ELEMENTWISE, ids=lambda f: f.__name__)
@pytest.mark.parametrize("shape", [(), (5,), (4, 1), (2, 3, 4)])
def test_elementwise_losses(function, shape):
    """WHAT: one loss for each number, the right reduction, float32, for any shape; the inputs do not change.
    WHY: outputs come as columns, rows and images.
    TIP: look at reduction="none" first, at the first number that differs.
    """
    random = np.random.default_rng(2)
    x, y = random.normal(size=shape), random.random(shape)
    inputs = Tensor(x), Tensor(y)
    terms = function(*inputs, reduction="none")
    assert terms.shape == shape and terms.dtype == np.float32
    assert np.allclose(terms.numpy(), ELEMENTWISE[function](x, y), atol=1e-6)
    assert np.isclose(function(*inputs).item(), ELEMENTWISE[function](x, y).mean(), atol=1e-6)
    assert np.isclose(function(*inputs, reduction="sum").item(), ELEMENTWISE[function](x, y).sum(), atol=1e-5)
    assert np.array_equal(inputs[0].numpy(), np.float32(x)) and np.array_equal(inputs[1].numpy(), np.float32(y))


@pytest.mark.parametrize("function", ELEMENTWISE, ids=lambda f: f.__name__)
@pytest.mark.parametrize("dtype", [bool, np.int64, np.uint8, np.float32])
def test_targets_of_any_type(function, dtype):
    """WHAT: the type of the targets changes nothing, the loss is float32; float64 stays float64.
    WHY: labels are stored as integers or truth values, and a float64 loss would spread through the network.
    TIP: which array has which dtype? Tensor operations keep float32 by themselves.
    """
    x, y = Tensor([0.5, -2.0, 3.0]), np.array([1, 0, 1], dtype=dtype)
    for reduction in ("mean", "sum", "none"):
        out = function(x, Tensor(y), reduction=reduction)
        assert out.dtype == np.float32
        assert np.allclose(out.numpy(), function(x, Tensor([1.0, 0.0, 1.0]), reduction=reduction).numpy())
    wide = Tensor(x.numpy(), dtype=np.float64)
    if dtype is not np.float32:
        assert function(wide, Tensor(y)).dtype == np.float64


@pytest.mark.parametrize("function", ELEMENTWISE, ids=lambda f: f.__name__)
@pytest.mark.parametrize(("one", "other"), [((4, 1), (4,)), ((4,), (4, 1)), ((3, 4), (4,)), ((4,), ()), ((4,), (5,))])
def test_other_shapes_are_refused(function, one, other):
    """WHAT: shapes that differ are a ValueError that names both, also where broadcasting would find a way.
    WHY: (N, 1) against (N,) makes N x N differences, and the network learns the mean.
    TIP: call `check_shapes` first.
    """
    with pytest.raises(ValueError) as error:
        function(randn(*one), randn(*other))
    assert str(one) in str(error.value) and str(other) in str(error.value)


def test_best_constant_answers():
    """WHAT: of all constant answers the mean has the smallest MSE, the median the smallest L1.
    WHY: this is what a network trained with them will look for.
    TIP: signs must go before anything is added up.
    """
    y = np.array([-3.0, 0.0, 1.0, 2.0, 50.0])
    answers = np.linspace(-5, 55, 601)
    for loss, best in ((mse_loss, y.mean()), (l1_loss, np.median(y))):
        losses = [loss(Tensor(np.full(5, answer)), Tensor(y)).item() for answer in answers]
        assert np.isclose(answers[np.argmin(losses)], best)


def test_binary_terms_hold_for_all_scores():
    """WHAT: right to float32's precision from -10000 to 10000, for targets 0, 1 and between, without a warning.
    WHY: one inf in a batch makes the mean inf.
    TIP: nothing greater than 0 may be exponentiated, and a tiny number must not be added to 1.
    """
    x = np.concatenate([np.linspace(-40, 40, 161), [-1e4, -300, -105, -89, 0, 17, 89, 105, 300, 1e4]])
    for y in (0.0, 0.3, 1.0):
        true = y * np.logaddexp(0, -x) + (1 - y) * np.logaddexp(0, x)
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            out = binary_cross_entropy_terms(x.astype(np.float32), np.full(len(x), y, dtype=np.float32))
        assert out.dtype == np.float32 and np.allclose(out, true, rtol=2e-6, atol=1e-6 if y == 0.3 else 1e-44)


def test_cross_entropy_terms():
    """WHAT: -log softmax at the targets, one for each row, whatever constant is added to a row.
    WHY: this line trains every classifier.
    TIP: one number of each row: rows and columns are chosen in pairs.
    """
    random = np.random.default_rng(3)
    x, y = random.normal(size=(40, 7)), random.integers(0, 7, 40)
    true = -np.log(np.exp(x[range(40), y]) / np.exp(x).sum(axis=1))
    assert np.allclose(cross_entropy_terms(x, y), true)
    shifted = (x + random.normal(size=(40, 1)) * 1000).astype(np.float32)
    assert np.allclose(cross_entropy_terms(shifted, y), true, atol=1e-3)
    out = cross_entropy(Tensor(x), Tensor(y), reduction="none")
    assert out.dtype == np.float32 and out.shape == (40,) and np.allclose(out.numpy(), true, atol=1e-5)


def test_cross_entropy_never_breaks():
    """WHAT: finite for every finite score, exact where the probability is 0 in float32, and 0 for sure and right.
    WHY: -inf times 0 is nan, and nan is everywhere one step later.
    TIP: do not compute the probability.
    """
    x = np.array([[0, 150, 0], [-5000, 5000, 0], [1e4, 0, 0], [60, 0, 60]], dtype=np.float32)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        out = cross_entropy_terms(x, np.array([0, 0, 0, 1]))
    assert np.allclose(out, [150, 10000, 0, 60 + math.log(2)], rtol=1e-6) and (out >= 0).all()


@pytest.mark.parametrize("classes", [2, 10, 1000])
def test_a_guess_costs_log_c(classes):
    """WHAT: equal scores cost log C, whatever the target.
    WHY: it is the number to expect before training.
    TIP: natural logarithms.
    """
    loss = cross_entropy(Tensor(np.full((3, classes), 5.0)), Tensor([0, 1, classes - 1]))
    assert np.isclose(loss.item(), math.log(classes), rtol=1e-6)


@pytest.mark.parametrize(
    ("target", "error"),
    [
        ([0, 1, 2, -1], IndexError),
        ([0, 5, 1, 1], IndexError),
        ([0.0, 1.0, 2.0, 3.0], TypeError),
        ([True, False, True, True], TypeError),
        ([0, 1, 2], ValueError),
        ([[0], [1], [2], [3]], ValueError),
        ([[0, 1, 0, 0, 0]] * 4, ValueError),
        (2, ValueError),
        ([0, 1, 2, -2], IndexError),
    ],
)
def test_bad_targets_are_refused(target, error):
    """WHAT: class numbers of the wrong shape, type or range are refused, each with PyTorch's kind of error.
    WHY: NumPy would take -1 for the last class.
    TIP: check before you pick.
    """
    with pytest.raises(error):
        cross_entropy(randn(4, 5), Tensor(target))


def test_scores_are_rows():
    """WHAT: one class number for three axes of scores is a ValueError; a misspelt reduction is one, too; all integers will do.
    WHY: an error at the loss is cheaper than a network that learns something else.
    TIP: compare the shape of the target with what the scores leave when the classes are gone.
    """
    with pytest.raises(ValueError):
        cross_entropy(randn(4, 5, 2), Tensor([0, 1, 2, 3]))
    with pytest.raises(ValueError):
        cross_entropy(randn(4, 5), Tensor([0, 1, 2, 3]), reduction="average")
    x = randn(4, 5)
    for dtype in (np.uint8, np.int32):
        small = Tensor(np.array([0, 1, 2, 4], dtype=dtype))
        assert cross_entropy(x, small).item() == cross_entropy(x, Tensor([0, 1, 2, 4])).item()


def test_what_apply_sees():
    """WHAT: MSE and L1 are made of tensor operations on the input; the two cross-entropies are one op each.
    WHY: in Module 05 every operation gets its gradient rule: what is hidden from `Tensor.apply` has none.
    TIP: stay with tensors in `mse_loss`; keep the @op above the terms.
    """
    x, y = randn(3, 4), randn(3, 4)
    for loss in (mse_loss, l1_loss):
        assert any(tensor is x for _, inputs in operations(loss, x, y) for tensor in inputs)
    classes = Tensor([0, 1, 3])
    for loss, terms, target in (
        (binary_cross_entropy_with_logits, binary_cross_entropy_terms, y > 0),
        (cross_entropy, cross_entropy_terms, classes),
    ):
        function, inputs = operations(loss, x, target)[0]
        assert function is terms.op and inputs[0] is x and inputs[1] is target


@pytest.mark.parametrize("function", MODULES, ids=lambda f: f.__name__)
def test_modules(function):
    """WHAT: each module gives what its function gives, for every reduction, and has nothing to learn.
    WHY: training loops take a loss as an object.
    TIP: given.
    """
    x, y = randn(4, 3), Tensor([0, 2, 1, 1]) if function is cross_entropy else Tensor(np.eye(4, 3))
    assert MODULES[function]()(x, y).item() == function(x, y).item()
    for reduction in ("mean", "sum", "none"):
        assert MODULES[function](reduction=reduction)(x, y).tolist() == function(x, y, reduction=reduction).tolist()
    assert list(MODULES[function]().parameters()) == []
