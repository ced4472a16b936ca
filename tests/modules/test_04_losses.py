"""The exported losses, tested with other numbers than in the notebook."""

import math

import numpy as np
import pytest

from tinytorch import nn
from tinytorch.losses import (
    binary_cross_entropy_terms,
    binary_cross_entropy_with_logits,
    check_shapes,
    cross_entropy,
    cross_entropy_terms,
    l1_loss,
    mse_loss,
    reduce,
)
from tinytorch.tensor import Tensor, randn
from tito.lesson import close

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
    """What `Tensor.apply` sees while a function runs: pairs (operation, inputs)."""
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
    TIP: `reduce` is given. Restore it from a new notebook if you changed it.
    """
    terms = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 9.0]])
    close(reduce(terms), 4.0, "the mean", dtype=np.float32)
    close(reduce(terms, "sum"), 24.0, "the sum", dtype=np.float32)
    assert reduce(terms, "none") is terms, '"none" must return the tensor itself'
    with pytest.raises(ValueError, match='"mean", "sum" or "none"'):
        reduce(terms, "avg")


def test_check_shapes():
    """WHAT: equal shapes pass; for others the message names both.
    WHY: the message is all you see when a column meets a row.
    TIP: `check_shapes` is given. Restore it from a new notebook if you changed it.
    """
    check_shapes(randn(4, 1), randn(4, 1))
    with pytest.raises(ValueError, match=r"\(4, 1\).*\(4,\)"):
        check_shapes(randn(4, 1), randn(4))


@pytest.mark.parametrize("function", ELEMENTWISE, ids=lambda f: f.__name__)
@pytest.mark.parametrize("shape", [(), (5,), (4, 1), (2, 3, 4)])
def test_elementwise_losses(function, shape):
    """WHAT: one loss per entry, the right reduction, float32, for any shape; the inputs do not change.
    WHY: outputs come as columns, rows and images.
    TIP: compute the first entry that differs by hand. Is its loss wrong, or only the reduction?
    """
    random = np.random.default_rng(2)
    x, y = random.normal(size=shape), random.random(shape)
    inputs, expected = (Tensor(x), Tensor(y)), ELEMENTWISE[function](x, y)
    name = f"{function.__name__} of shape {shape}"
    close(function(*inputs, reduction="none"), expected, f'{name}, reduction="none"', dtype=np.float32, atol=1e-5)
    close(function(*inputs), expected.mean(), f"{name}, the mean", dtype=np.float32, atol=1e-5)
    close(function(*inputs, reduction="sum"), expected.sum(), f"{name}, the sum", dtype=np.float32, atol=1e-4)
    for tensor, before in zip(inputs, (x, y), strict=True):
        close(tensor, np.float32(before), f"{function.__name__} must not change its inputs", rtol=0, atol=0)


@pytest.mark.parametrize("function", ELEMENTWISE, ids=lambda f: f.__name__)
@pytest.mark.parametrize("dtype", [bool, np.int64, np.uint8, np.float32])
def test_targets_of_any_dtype(function, dtype):
    """WHAT: the dtype of the targets changes nothing, the loss is float32; float64 stays float64.
    WHY: labels are stored as integers or booleans, and a float64 loss would spread through the network.
    TIP: which array has which dtype? Tensor operations keep float32 by themselves.
    """
    x, y = np.array([0.5, -2.0, 3.0]), np.array([1, 0, 1])
    target, expected = Tensor(y.astype(dtype)), ELEMENTWISE[function](x, y)
    what = f"{function.__name__} with {np.dtype(dtype)} targets"
    for reduction, value in (("mean", expected.mean()), ("sum", expected.sum()), ("none", expected)):
        close(function(Tensor(x), target, reduction=reduction), value, what, dtype=np.float32)
    if dtype is not np.float32:
        close(
            function(Tensor(x, dtype=np.float64), target), expected.mean(), f"{what}, float64 input", dtype=np.float64
        )


@pytest.mark.parametrize("function", ELEMENTWISE, ids=lambda f: f.__name__)
@pytest.mark.parametrize(("one", "other"), [((4, 1), (4,)), ((4,), (4, 1)), ((3, 4), (4,)), ((4,), ()), ((4,), (5,))])
def test_other_shapes_are_refused(function, one, other):
    """WHAT: shapes that differ are a ValueError, also where broadcasting would work.
    WHY: (N, 1) against (N,) makes N x N differences, and the network learns the mean.
    TIP: compare the two shapes before anything else.
    """
    with pytest.raises(ValueError):
        function(randn(*one), randn(*other))


def test_best_constant_answers():
    """WHAT: of all constant answers the mean has the smallest MSE, the median the smallest L1 loss.
    WHY: this is what a network that you train with them learns.
    TIP: do errors of opposite sign cancel?
    """
    y = np.array([-3.0, 0.0, 1.0, 2.0, 50.0])
    answers = np.linspace(-5, 55, 601)
    for loss, best in ((mse_loss, y.mean()), (l1_loss, np.median(y))):
        losses = [loss(Tensor(np.full(5, answer)), Tensor(y)).item() for answer in answers]
        close(answers[np.argmin(losses)], best, f"the best constant answer by {loss.__name__}")


def test_binary_terms_hold_for_all_scores():
    """WHAT: right to float32's precision from -10000 to 10000, for targets 0, 1 and between; no step overflows.
    WHY: one inf in a batch makes the mean inf.
    TIP: do you exponentiate a number greater than 0, or add a tiny one to 1?
    """
    x = np.concatenate([np.linspace(-40, 40, 161), [-1e4, -300, -105, -89, 0, 17, 89, 105, 300, 1e4]])
    for y in (0.0, 0.3, 1.0):
        true = y * np.logaddexp(0, -x) + (1 - y) * np.logaddexp(0, x)
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            out = binary_cross_entropy_terms(x.astype(np.float32), np.full(len(x), y, dtype=np.float32))
        if y == 0:  # where x is negative the loss is tiny, and log1p keeps its digits
            close(out[x < 0], true[x < 0], "negative scores for target 0", dtype=np.float32, rtol=2e-6, atol=1e-44)
        rounding = 4 * np.finfo(np.float32).eps * np.maximum(np.abs(x), 1)  # of any order of the terms
        close((out - true) / rounding, np.zeros(len(x)), f"errors for target {y}, in units of float32", atol=1)


def test_cross_entropy_terms():
    """WHAT: -log softmax at the targets, one per row, whatever constant you add to a row.
    WHY: this line trains every classifier.
    TIP: do you pick one number from each row, and from the log-probabilities?
    """
    random = np.random.default_rng(3)
    x, y = random.normal(size=(40, 7)), random.integers(0, 7, 40)
    true = -np.log(np.exp(x[range(40), y]) / np.exp(x).sum(axis=1))
    close(cross_entropy_terms(x.copy(), y), true, "cross_entropy_terms of 40 rows", dtype=np.float64)
    shifted = (x + random.normal(size=(40, 1)) * 1000).astype(np.float32)
    close(cross_entropy_terms(shifted, y), true, "a constant added to each row", dtype=np.float32, atol=1e-3)
    out = cross_entropy(Tensor(x), Tensor(y), reduction="none")
    close(out, true, 'cross_entropy, reduction="none"', dtype=np.float32, atol=1e-5)


def test_cross_entropy_never_breaks():
    """WHAT: finite for every finite score, exact where the probability is 0 in float32, and 0 for sure and right.
    WHY: one inf in a batch makes the mean inf, and the next step makes every weight nan.
    TIP: do you compute a probability on the way?
    """
    x = np.array([[0, 150, 0], [-5000, 5000, 0], [1e4, 0, 0], [60, 0, 60]], dtype=np.float32)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        out = cross_entropy_terms(x, np.array([0, 0, 0, 1]))
    close(out, [150, 10000, 0, 60 + math.log(2)], "the losses of extreme scores")
    assert (out >= 0).all(), f"a loss is never negative, but these are {out.tolist()}"


@pytest.mark.parametrize("classes", [2, 10, 1000])
def test_a_guess_costs_log_c(classes):
    """WHAT: equal scores cost log C, whatever the target.
    WHY: it is the loss to expect before training.
    TIP: which logarithm do you take, and what are the probabilities of equal scores?
    """
    loss = cross_entropy(Tensor(np.full((3, classes), 5.0)), Tensor([0, 1, classes - 1]))
    close(loss, math.log(classes), f"a guess among {classes} classes")


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
    """WHAT: class indices of the wrong shape, dtype or range are refused, each with the error that the docstring names.
    WHY: NumPy takes -1 for the last class.
    TIP: check the shape, then the dtype, then the range, before you compute anything.
    """
    with pytest.raises(error):
        cross_entropy(randn(4, 5), Tensor(target))


def test_scores_are_rows():
    """WHAT: scores with three axes are a ValueError, and so is a misspelled reduction; every integer dtype works.
    WHY: an error at the loss is cheaper than a network that learns something else.
    TIP: how many axes must the scores have? Which dtypes does your check let through?
    """
    with pytest.raises(ValueError):
        cross_entropy(randn(4, 5, 2), Tensor([0, 1, 2, 3]))
    with pytest.raises(ValueError):
        cross_entropy(randn(4, 5), Tensor([0, 1, 2, 3]), reduction="average")
    x = randn(4, 5)
    for dtype in (np.uint8, np.int32):
        small = Tensor(np.array([0, 1, 2, 4], dtype=dtype))
        close(
            cross_entropy(x, small),
            cross_entropy(x, Tensor([0, 1, 2, 4])),
            f"cross_entropy with {np.dtype(dtype)} targets",
        )


def test_what_apply_sees():
    """WHAT: MSE and L1 are made of tensor operations on the input; the two cross-entropies call one op each for theirs.
    WHY: in Module 05 every operation gets its gradient rule; an operation that `Tensor.apply` doesn't see has none.
    TIP: compute with tensors, not with their arrays, and keep the @op above the terms.
    """
    x, y = randn(3, 4), randn(3, 4)
    for loss in (mse_loss, l1_loss):
        inputs = [tensor for _, tensors in operations(loss, x, y) for tensor in tensors]
        assert any(tensor is x for tensor in inputs), f"Tensor.apply does not see the input of {loss.__name__}"
    classes = Tensor([0, 1, 3])
    for loss, terms, target in (
        (binary_cross_entropy_with_logits, binary_cross_entropy_terms, y > 0),
        (cross_entropy, cross_entropy_terms, classes),
    ):
        calls = [inputs for function, inputs in operations(loss, x, target) if function is terms.op]
        assert len(calls) == 1, f"{loss.__name__} must call {terms.__name__} once with tensors, not {len(calls)} times"
        assert calls[0][0] is x, f"{loss.__name__} must pass its input to {terms.__name__} as it is"


@pytest.mark.parametrize("function", MODULES, ids=lambda f: f.__name__)
def test_modules(function):
    """WHAT: each module returns what its function returns, for every reduction, and has no parameters.
    WHY: training loops take a loss as an object.
    TIP: the modules are given, and call the functions. Do the tests of the functions pass?
    """
    x, y = randn(4, 3), Tensor([0, 2, 1, 1]) if function is cross_entropy else Tensor(np.eye(4, 3))
    name = MODULES[function].__name__
    close(MODULES[function]()(x, y), function(x, y), name)
    for reduction in ("mean", "sum", "none"):
        out = MODULES[function](reduction=reduction)(x, y)
        close(out, function(x, y, reduction=reduction), f'{name}, reduction="{reduction}"')
    assert list(MODULES[function]().parameters()) == [], f"{name} must not have parameters"
