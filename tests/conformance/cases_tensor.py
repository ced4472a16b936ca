"""Cases: what module 01 offers, with the gradients of module 05."""

from itertools import permutations
from operator import eq, ge, gt, le, lt, ne

import numpy as np
from hypothesis import strategies as st

from tests.conformance.draws import (
    ANY_TYPE,
    EIGHTHS,
    FLOATS,
    arrays,
    axes,
    case,
    indices,
    one_axis,
    other_shape,
    pairs,
    shapes,
)

SCALARS = EIGHTHS | st.integers(-3, 3)


# Arithmetic: two tensors; a tensor and a number, on either side


@case
def add(draw):
    return lambda lib, x, y: x + y, draw(pairs())


@case
def subtract(draw):
    return lambda lib, x, y: x - y, draw(pairs())


@case
def multiply(draw):
    return lambda lib, x, y: x * y, draw(pairs())


@case
def divide(draw):
    return lambda lib, x, y: x / y, draw(pairs())


@case
def power(draw):
    """A base of 0 with an exponent below 0 is in test_corners.py."""
    base, exponent = draw(pairs())
    return lambda lib, x, y: x**y, [base, np.abs(exponent) if 0 in base else exponent]


@case
def power_of_a_number(draw):
    exponent = draw(st.sampled_from([-2, -1, -0.5, 0, 0.0, 0.5, 1, 1.5, 2, 3, 2.0]))
    return lambda lib, x: x**exponent, [draw(arrays())]


@case
def number_on_the_right(draw):
    number = draw(SCALARS)
    chosen = draw(st.sampled_from(["+", "-", "*", "/"]))
    steps = {"+": lambda x: x + number, "-": lambda x: x - number, "*": lambda x: x * number, "/": lambda x: x / number}
    return lambda lib, x: steps[chosen](x), [draw(arrays())]


@case
def number_on_the_left(draw):
    number = draw(SCALARS)
    chosen = draw(st.sampled_from(["+", "-", "*", "/"]))
    steps = {"+": lambda x: number + x, "-": lambda x: number - x, "*": lambda x: number * x, "/": lambda x: number / x}
    return lambda lib, x: steps[chosen](x), [draw(arrays())]


@case
def negative(draw):
    return lambda lib, x: -x, [draw(arrays())]


@case
def one_tensor_twice(draw):
    return lambda lib, x: x * x + x - x / (x * x + 1), [draw(arrays())]


@case
def exp(draw):
    return lambda lib, x: x.exp(), [draw(arrays())]


@case
def log(draw):
    return lambda lib, x: x.log(), [draw(arrays())]


@case
def sqrt(draw):
    return lambda lib, x: x.sqrt(), [draw(arrays())]


@case
def absolute(draw):
    return lambda lib, x: x.abs(), [draw(arrays())]


@case
def clamp(draw):
    low, high = sorted([draw(EIGHTHS), draw(EIGHTHS)])
    options = draw(st.sampled_from([{"min": low}, {"max": high}, {"min": low, "max": high}]))
    return lambda lib, x: x.clamp(**options), [draw(arrays(elements=EIGHTHS))]


@case
def clamp_by_position(draw):
    low, high = sorted([draw(EIGHTHS), draw(EIGHTHS)])
    return lambda lib, x: x.clamp(low, high), [draw(arrays())]


# Types


@case
def to_float(draw):
    return lambda lib, x: (x * 0.3).float() * 2, [draw(arrays(dtype=ANY_TYPE))]


@case
def to_long(draw):
    return lambda lib, x: x.long(), [draw(arrays(dtype=ANY_TYPE))]


@case
def types_of_two(draw):
    """Of tensors with at least one axis; PyTorch has another rule for those without (see differences.py)."""
    chosen = draw(st.sampled_from(["+", "-", "*", "/", "==", "where", "cat", "maximum"]))
    shape = draw(shapes(min_dims=1))
    steps = {
        "+": lambda lib, x, y: x + y,
        "-": lambda lib, x, y: x - y,
        "*": lambda lib, x, y: x * y,
        "/": lambda lib, x, y: x / y,
        "==": lambda lib, x, y: x == y,
        "where": lambda lib, x, y: lib.where(x > 0, x, y),
        "cat": lambda lib, x, y: lib.cat([x, y]),
        "maximum": lambda lib, x, y: lib.maximum(x, y),
    }
    step = steps[chosen]
    dtypes = ANY_TYPE.filter(
        lambda dtype: dtype != "bool" or chosen != "-"
    )  # masks are not subtracted: see differences.py
    return lambda lib, x, y: step(lib, x, y), [draw(arrays(shape, dtypes)), draw(arrays(shape, dtypes))]


@case
def types_with_a_number(draw):
    number, chosen = draw(SCALARS), draw(st.sampled_from(["+", "-", "r-", "*", "/", "r/", "<", "clamp"]))
    steps = {
        "+": lambda x: x + number,
        "-": lambda x: x - number,
        "r-": lambda x: number - x,
        "*": lambda x: x * number,
        "/": lambda x: x / number,
        "r/": lambda x: number / x,
        "<": lambda x: x < number,
        "clamp": lambda x: x.clamp(min=number),
    }
    return lambda lib, x: steps[chosen](x), [draw(arrays(dtype=st.sampled_from(["float32", "float64", "int64"])))]


@case
def types_of_functions(draw):
    chosen = draw(st.sampled_from(["exp", "sqrt", "abs", "sum", "amax", "argmax", "sigmoid", "tanh"]))
    x = draw(arrays(draw(shapes(min_side=1)), "int64"))
    return lambda lib, x: getattr(lib, chosen)(x) if chosen in ("sigmoid", "tanh") else getattr(x, chosen)(), [x]


# Comparison


@case
def comparison(draw):
    compare = draw(st.sampled_from([eq, ne, lt, le, gt, ge]))
    return lambda lib, x, y: compare(x, y), draw(pairs(elements=st.integers(-1, 1).map(float)))


@case
def comparison_with_a_number(draw):
    compare, number = draw(st.sampled_from([eq, ne, lt, le, gt, ge])), draw(SCALARS)
    return lambda lib, x: compare(x, number), [draw(arrays())]


# Products


@case
def matmul(draw):
    m, k, n = (draw(st.integers(0, 3)) for _ in range(3))
    dtype = draw(FLOATS)
    left, right = draw(st.sampled_from([((k,), (k,)), ((m, k), (k,)), ((k,), (k, n)), ((m, k), (k, n))]))
    return lambda lib, x, y: x @ y, [draw(arrays(left, dtype)), draw(arrays(right, dtype))]


@case
def matmul_of_stacks(draw):
    """Stacks of matrices, whose other axes are broadcast; also a vector with a stack, and views as operands."""
    m, k, n = (draw(st.integers(0, 3)) for _ in range(3))
    stack, other = (array.shape for array in draw(pairs()))
    left = (*stack, m, k) if draw(st.integers(0, 3)) else (k,)
    right = (*other, n, k) if draw(st.integers(0, 3)) else (k,)
    dtype = draw(FLOATS)
    turn = len(right) > 1
    program = (lambda lib, x, y: x @ y.transpose(-1, -2)) if turn else lambda lib, x, y: x @ y
    return program, [draw(arrays(left, dtype)), draw(arrays(right, dtype))]


# Reductions


def reduction(draw, name, dtype=FLOATS):
    x = draw(arrays(dtype=dtype))
    options = draw(axes(x.ndim))
    if options["dim"] is None and not options.get("keepdim"):
        options = {}
    return lambda lib, x: getattr(x, name)(**options), [x]


@case
def sum_over_axes(draw):
    return reduction(draw, "sum")


@case
def sum_of_integers(draw):
    return reduction(draw, "sum", dtype=st.sampled_from(["int64", "bool"]))


@case
def mean(draw):
    return reduction(draw, "mean")


def extreme(draw, name, elements):
    """PyTorch's amax wants `dim` left out where other reductions take None."""
    x = draw(arrays(elements=elements))
    options = {name: value for name, value in draw(axes(x.ndim)).items() if value is not None}
    return lambda lib, x: getattr(x, name)(**options), [x]


@case
def amax(draw):
    return extreme(draw, "amax", EIGHTHS)


@case
def amin(draw):
    return extreme(draw, "amin", EIGHTHS)


@case
def amax_with_ties(draw):
    return extreme(draw, draw(st.sampled_from(["amax", "amin"])), st.integers(0, 1).map(float))


@case
def argmax(draw):
    """Of different numbers: PyTorch does not say which of several equal ones it returns."""
    shape = draw(shapes(min_side=1))
    x = draw(st.permutations(range(int(np.prod(shape))))) if shape else [0]
    x = np.array(x, draw(st.sampled_from(["float32", "float64", "int64"]))).reshape(shape)
    options, name = draw(axes(x.ndim, several=False)), draw(st.sampled_from(["argmax", "argmin"]))
    return lambda lib, x: getattr(x, name)(**options), [x]


# Shape


@case
def reshape(draw):
    x = draw(arrays())
    shape, unpack = draw(other_shape(x.size)), draw(st.booleans())
    return lambda lib, x: x.reshape(*shape) if unpack and shape else x.reshape(shape), [x]


@case
def transpose(draw):
    x = draw(arrays(shapes(min_dims=1)))
    dim0, dim1 = draw(one_axis(x.ndim))["dim"], draw(one_axis(x.ndim))["dim"]
    return lambda lib, x: x.transpose(dim0, dim1), [x]


@case
def matrix_T(draw):
    return lambda lib, x: x.T * 2, [draw(arrays(shapes(2, 2)))]


@case
def permute(draw):
    x = draw(arrays(draw(st.one_of(shapes(), shapes(3, 4)))))  # below three axes, every permutation undoes itself
    order = draw(st.sampled_from(list(permutations(range(x.ndim)))))
    order = [dim - x.ndim * draw(st.booleans()) for dim in order]
    unpack = draw(st.booleans()) and order
    return lambda lib, x: x.permute(*order) if unpack else x.permute(order), [x]


@case
def unsqueeze(draw):
    x = draw(arrays())
    dim = draw(st.integers(-x.ndim - 1, x.ndim))
    return lambda lib, x: x.unsqueeze(dim), [x]


@case
def squeeze(draw):
    x = draw(arrays())
    dim = draw(st.integers(-x.ndim - 1, x.ndim))
    return lambda lib, x: x.squeeze(dim), [np.expand_dims(x, dim)]


@case
def views_of_views(draw):
    x = draw(arrays(draw(shapes(3, 3))))
    a, b, c = x.shape
    return lambda lib, x: x.permute(2, 0, 1).reshape(c * a, b).transpose(0, 1).unsqueeze(1)[:, 0] * 2, [x]


# Joining and choosing


@case
def cat(draw):
    shape = draw(shapes(min_dims=1))
    dim = draw(one_axis(len(shape)))["dim"]
    dtype = draw(FLOATS)
    sizes = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    axis = dim % len(shape)
    inputs = [draw(arrays((*shape[:axis], size, *shape[axis + 1 :]), dtype)) for size in sizes]
    return lambda lib, *tensors: lib.cat(tensors, dim=dim), inputs


@case
def cat_of_a_list(draw):
    return lambda lib, x, y: lib.cat([x, y, x]), [draw(arrays((2, 3), "float32")), draw(arrays((1, 3), "float32"))]


@case
def stack(draw):
    shape, dtype = draw(shapes()), draw(FLOATS)
    dim, count = draw(st.integers(-len(shape) - 1, len(shape))), draw(st.integers(1, 3))
    return lambda lib, *tensors: lib.stack(tensors, dim=dim), [draw(arrays(shape, dtype)) for _ in range(count)]


@case
def where(draw):
    condition, x, y = draw(pairs(count=3))
    return lambda lib, condition, x, y: lib.where(condition, x, y), [condition > 0, x, y]


@case
def where_with_a_number(draw):
    number, first = draw(EIGHTHS), draw(st.booleans())
    return lambda lib, x: lib.where(x > 0, number, x) if first else lib.where(x > 0, x, number), [draw(arrays())]


@case
def maximum(draw):
    elements = draw(st.sampled_from([EIGHTHS, st.integers(-1, 1).map(float)]))
    return lambda lib, x, y: lib.maximum(x, y), draw(pairs(elements=elements))


@case
def getitem(draw):
    x = draw(arrays())
    index = draw(indices(x.shape))

    def program(lib, x):
        given = [lib.tensor(part[1]) if isinstance(part, tuple) else part for part in index]
        return x[given[0]] if len(given) == 1 else x[tuple(given)]

    return program, [x]


@case
def getitem_with_a_mask(draw):
    x = draw(arrays(shapes(min_dims=1)))
    mask = draw(arrays(x.shape[: draw(st.integers(1, x.ndim))], "bool"))
    return lambda lib, x, mask: x[mask], [x, mask]


@case
def getitem_with_a_table(draw):
    """What an embedding does: a tensor of numbers of rows, of any shape, with repetitions."""
    x = draw(arrays((3, 2)))
    rows = draw(arrays(shapes(max_dims=2), "int64", st.integers(-3, 2)))
    return lambda lib, x, rows: x[rows], [x, rows]
