"""Cases and scripts: losses with all their options, and gradient clipping."""

import math
from itertools import product

import numpy as np
from hypothesis import strategies as st

from tests.conformance.compare import leaf
from tests.conformance.draws import FLOATS, arrays, case, script, shapes
from tests.conformance.scripts import refusal

REDUCTIONS = st.sampled_from([{}, {"reduction": "mean"}, {"reduction": "sum"}, {"reduction": "none"}])
SHARES = st.integers(0, 8).map(lambda n: n / 8)


def either_way(draw, function, module, options, tensors=()):
    """program(lib, input, target, *weights): as a function or as a module; `tensors` names the options that are tensors."""
    if draw(st.booleans()):
        return lambda lib, x, y, *weights: getattr(lib.nn, module)(
            **options, **dict(zip(tensors, weights, strict=True))
        )(x, y)
    return lambda lib, x, y, *weights: getattr(lib.nn.functional, function)(
        x, y, **options, **dict(zip(tensors, weights, strict=True))
    )


@case
def rounded_absolute_errors(draw):
    function, module, name = draw(
        st.sampled_from([("smooth_l1_loss", "SmoothL1Loss", "beta"), ("huber_loss", "HuberLoss", "delta")])
    )
    sizes = [{}, {name: 0.5}, {name: 2.0}] + [{name: 0.0}] * (name == "beta")
    shape, dtype, options = draw(shapes()), draw(FLOATS), draw(REDUCTIONS) | draw(st.sampled_from(sizes))
    return either_way(draw, function, module, options), [draw(arrays(shape, dtype)), draw(arrays(shape, dtype))]


@case
def binary_cross_entropy(draw):
    """Of probabilities between 0 and 1: the ends are below, in float32 (PyTorch's 1e-12 is a float32 in float64, too)."""
    shape, dtype, weighted = draw(shapes()), draw(FLOATS), draw(st.booleans())
    program = either_way(draw, "binary_cross_entropy", "BCELoss", draw(REDUCTIONS), ["weight"] * weighted)
    inputs = [draw(arrays(shape, dtype, SHARES.map(lambda p: (p + 1) / 4))), draw(arrays(shape, dtype, SHARES))]
    return without_gradients(program, 2), inputs + [draw(arrays(shape, dtype))] * weighted


@case
def weighted_binary_cross_entropy_with_logits(draw):
    shape, dtype = draw(shapes(min_dims=1)), draw(FLOATS)
    names = [name for name in ("weight", "pos_weight") if draw(st.booleans())]
    program = either_way(draw, "binary_cross_entropy_with_logits", "BCEWithLogitsLoss", draw(REDUCTIONS), names)
    weights = [draw(arrays(draw(st.sampled_from([shape, shape[-1:]])), dtype, SHARES)) for _ in names]
    return without_gradients(program, 2), [draw(arrays(shape, dtype)), draw(arrays(shape, dtype, SHARES)), *weights]


def without_gradients(program, count):
    """The program, with all inputs after the first `count` detached: PyTorch differentiates few of its weights."""
    return lambda lib, *inputs: program(lib, *inputs[:count], *(x.detach() for x in inputs[count:]))


@st.composite
def scores_and_classes(draw, labels):
    """Scores (C,), (N, C) or (N, C, d1, ...), and class numbers; some of them are `labels` beyond the classes."""
    rest, classes, dtype = draw(shapes(max_dims=3)), draw(st.integers(1, 4)), draw(FLOATS)
    numbers = st.integers(0, classes - 1) | st.sampled_from(labels or [0])
    scores = draw(arrays((*rest[:1], classes, *rest[1:]), dtype))
    return scores, draw(arrays(rest, "int64", numbers))


@case
def class_numbers(draw):
    """Cross-entropy and nll_loss: weights, classes to skip, any number of axes; smoothing for the first."""
    function, module = draw(st.sampled_from([("cross_entropy", "CrossEntropyLoss"), ("nll_loss", "NLLLoss")]))
    skip = draw(st.sampled_from([{}, {"ignore_index": -1}, {"ignore_index": 0}, {"ignore_index": 7}]))
    options, weighted = draw(REDUCTIONS) | skip, draw(st.booleans())
    if function == "cross_entropy":
        options |= draw(
            st.sampled_from([{}, {"label_smoothing": 0.0}, {"label_smoothing": 0.25}, {"label_smoothing": 1}])
        )
    skipped = skip.get("ignore_index", -100)
    scores, labels = draw(scores_and_classes([skipped] if draw(st.booleans()) else []))
    classes = scores.shape[0 if scores.ndim == 1 else 1]
    positive = st.integers(1, 8).map(lambda n: n / 4)
    weight = [draw(arrays((classes,), scores.dtype, positive))] * weighted
    program = either_way(draw, function, module, options, ["weight"] * weighted)
    return without_gradients(program, 1), [scores, labels, *weight]


@case
def class_probabilities(draw):
    """A float target of the scores' shape. It may want a gradient, too."""
    rest, classes, dtype = draw(shapes(max_dims=3)), draw(st.integers(1, 4)), draw(FLOATS)
    shape, weighted = (*rest[:1], classes, *rest[1:]), draw(st.booleans())
    options = draw(REDUCTIONS) | draw(st.sampled_from([{}, {"label_smoothing": 0.25}]))
    program = either_way(draw, "cross_entropy", "CrossEntropyLoss", options, ["weight"] * weighted)
    inputs = [draw(arrays(shape, dtype)), draw(arrays(shape, dtype, SHARES))]
    return program, inputs + [draw(arrays((classes,), dtype))] * weighted


# Dtypes and edges


def loss_and_gradient(lib, loss, x, *rest, **options):
    x = leaf(lib, np.array(x, "float32") if isinstance(x, list) else x, True)
    out = loss(x, *rest, **options)
    out.sum().backward()
    return out, x.grad


@script
def dtypes_of_losses(lib):
    """Every pair of float dtypes; integer targets where PyTorch takes them."""
    f, found = lib.nn.functional, {}
    for name in ("mse_loss", "l1_loss", "smooth_l1_loss", "binary_cross_entropy_with_logits"):
        others = ["float32", "float64"] + ["int64", "uint8"] * (name != "binary_cross_entropy_with_logits")
        for one, other in product(("float32", "float64"), others):
            y = leaf(lib, np.array([1, 0, 1], other), False)
            loss, grad = loss_and_gradient(lib, getattr(f, name), np.array([0, 1, 1], one), y)
            found[name, one, other] = *type_and_value(loss), grad
    return found


def type_and_value(loss):
    """A loss's dtype, and its value in float32: one of float64 may have parts in float32, which processors round differently."""
    return loss.dtype, loss.float()


@script
def losses_of_float16(lib):
    """The mean is computed in float32: it neither overflows nor stops growing."""
    f, half = lib.nn.functional, lambda *numbers: leaf(lib, np.array(numbers, "float16"), False)
    many = leaf(lib, np.ones(100_000, "float16"), False)
    pairs = [(half(200, 200, 200, 200), half(0, 0, 0, 0)), (many, 0 * many)]
    found = [getattr(f, name)(x, y) for name in ("mse_loss", "l1_loss") for x, y in pairs]
    large = half(40000, 40000, 40000, 40000)
    kinds = {name: leaf(lib, np.array([1, 0], name), False) for name in ("float16", "float32", "float64", "int64")}
    found += [getattr(f, name)(half(0, 1), y) for name in ("mse_loss", "l1_loss") for y in kinds.values()]
    return (
        found,
        f.l1_loss(large, half(0, 0, 0, 0)),
        [
            type_and_value(f.binary_cross_entropy_with_logits(kinds[one], kinds[other]))
            for one, other in product(("float16", "float32", "float64"), repeat=2)
        ],
    )


@script
def nothing_but_ignored(lib):
    """The mean of nothing is nan, and its gradient 0; impossible classes (-inf) are skipped cleanly."""
    f, skip, found = lib.nn.functional, lib.tensor([-100, -100]), []
    weight = lib.tensor([1.0, 0.0, 1.0])
    for options in ({}, {"reduction": "sum"}, {"label_smoothing": 0.1}, {"weight": weight}):
        found.append(loss_and_gradient(lib, f.cross_entropy, [[1, 2, 3], [3, 2, 1]], skip, **options))
    masked = [[-math.inf, 2, 3], [3, -math.inf, 1], [0, 1, 2]]
    for target in (lib.tensor([1, 0, -100]), lib.tensor([1, -100, 2])):
        for options in ({}, {"weight": weight + 1}, {"reduction": "none"}):
            found.append(loss_and_gradient(lib, f.cross_entropy, masked, target, **options))
    return found


@script
def no_examples(lib):
    f, found = lib.nn.functional, []
    for shape, options in product(((0, 3), (2, 3, 0)), ({"reduction": "sum"}, {}, {"label_smoothing": 0.1})):
        target = leaf(lib, np.zeros(shape[:1] + shape[2:], "int64"), False)
        found.append(loss_and_gradient(lib, f.cross_entropy, np.zeros(shape, "float32"), target, **options))
    return found


@script
def edges_of_rounded_absolute_errors(lib):
    f, x = lib.nn.functional, [math.inf, -math.inf, math.nan, 0.0, -0.0, 1.0, -1.0, 1e30, 1e-30]
    zero = leaf(lib, np.zeros(len(x), "float32"), False)
    losses = (
        lambda x: f.smooth_l1_loss(x, zero, reduction="none"),
        lambda x: f.smooth_l1_loss(x * 2, zero, reduction="none", beta=0.5),
        lambda x: f.huber_loss(x, zero, reduction="none", delta=0.25),
    )
    return [loss_and_gradient(lib, loss, x) for loss in losses]


@script
def edges_of_binary_cross_entropy(lib):
    f, p = lib.nn.functional, [0.0, 0.0, 1.0, 1.0, 1e-30, 1e-30, 0.5]
    y = leaf(lib, np.array([0, 1, 0, 1, 0, 1, 0.5], "float32"), True)
    return loss_and_gradient(lib, lambda x: f.binary_cross_entropy(x, y, reduction="none"), p), y.grad


@script
def what_losses_keep(lib):
    nn, weight = lib.nn, lib.tensor([1.0, 2.0])
    losses = (
        nn.CrossEntropyLoss(weight=weight, label_smoothing=0.1),
        nn.BCEWithLogitsLoss(pos_weight=weight),
        nn.NLLLoss(),
    )
    options = [(loss.reduction, loss.training, list(loss.parameters())) for loss in losses]
    return options, [dict(loss.state_dict()) for loss in losses], losses[0].ignore_index, losses[0].label_smoothing


@script
def what_losses_refuse(lib):
    f, x, y = lib.nn.functional, lib.ones(2, 3), lib.tensor([0, 1])
    ones = lib.ones(2)
    steps = {
        "a class too many": lambda: f.cross_entropy(x, lib.tensor([0, 3]), label_smoothing=0.1),
        "a negative class": lambda: f.nll_loss(x, lib.tensor([0, -1])),
        "a fraction of a class": lambda: f.nll_loss(x, ones),
        "booleans": lambda: f.nll_loss(x, lib.tensor([True, False])),
        "integers as probabilities": lambda: f.cross_entropy(x, lib.tensor([[0, 1, 0], [1, 0, 0]])),
        "probabilities to ignore": lambda: f.cross_entropy(x, x, ignore_index=1),
        "probabilities of other classes": lambda: f.cross_entropy(x, lib.ones(2, 2)),
        "one row too many": lambda: f.cross_entropy(x, lib.tensor([0, 1, 2]), weight=lib.ones(3)),
        "no axis of classes": lambda: f.cross_entropy(lib.tensor(1.0), lib.tensor(0)),
        "axes in another order": lambda: f.cross_entropy(lib.ones(2, 3, 4), lib.ones(4, 2).long()),
        "weights for other classes": lambda: f.cross_entropy(x, y, weight=ones),
        "smoothing of more than all": lambda: f.cross_entropy(x, y, label_smoothing=1.5),
        "a misspelt reduction": lambda: f.cross_entropy(x, y, weight=lib.ones(3), reduction="avg"),
        "no probability": lambda: f.binary_cross_entropy(2 * ones, ones),
        "nan": lambda: f.binary_cross_entropy(ones * math.nan, ones),
        "no probability as target": lambda: f.binary_cross_entropy(ones, -ones),
        "a negative beta": lambda: f.smooth_l1_loss(ones, ones, beta=-1.0),
        "delta 0": lambda: f.huber_loss(ones, ones, delta=0.0),
        "an option that is not there": lambda: lib.nn.MSELoss(weights=ones),
    }
    return {name: refusal(step) for name, step in steps.items()}


# Clipping


def with_gradients(lib, *grads):
    params = [leaf(lib, np.zeros(len(grad), "float32"), True) for grad in grads]
    for p, grad in zip(params, grads, strict=True):
        p.grad = leaf(lib, np.array(grad, "float32"), False)
    return params


@script
def clip_grad_norm(lib):
    """By every norm; with a nan or an inf in one gradient; and the refusal of both."""
    clip, found = lib.nn.utils.clip_grad_norm_, {}
    for kind, odd in product((2.0, 1, 3.5, math.inf, "inf", -1.0), (4.0, 0.125, math.nan, math.inf)):
        params = with_gradients(lib, [3.0, odd], [-12.0])
        found[kind, str(odd)] = clip(iter(params), 2.0, norm_type=kind), [p.grad for p in params]
        again = with_gradients(lib, [3.0, odd], [-12.0])
        found[kind, str(odd), "refused"] = refusal(lambda: clip(again, 2.0, kind, error_if_nonfinite=True))  # noqa: B023
    return found, clip([], 1.0, math.inf), clip(with_gradients(lib, [3.0, 4.0])[0], 1.0, 1)


@script
def clip_grad_value(lib):
    params = with_gradients(lib, [3.0, -4.0, 0.5], [math.inf, -math.inf, math.nan])
    array = params[0].grad.numpy()
    nothing = lib.nn.utils.clip_grad_value_([*params, leaf(lib, np.zeros(2, "float32"), True)], 2.0)
    return nothing, [p.grad for p in params], array
