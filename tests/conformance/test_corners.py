"""Numbers at the edges: zeros of both signs, infinities, NaN, tiny and huge; bounds of clamp; rows full of -inf."""

from itertools import product

import numpy as np
import pytest

from tests.conformance.compare import check_program, check_script
from tests.conformance.differences import DIFFERENCES, EDGES_THAT_DEPEND, EDGES_THAT_DIFFER

EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 3.0, 20.0, -20.0, 100.0, -100.0, 1e-4, 1e-30, 1e30, np.inf, -np.inf, np.nan]

OF_ONE = {
    "exp": lambda lib, x: x.exp(),
    "log": lambda lib, x: x.log(),
    "sqrt": lambda lib, x: x.sqrt(),
    "abs": lambda lib, x: x.abs(),
    "negative": lambda lib, x: -x,
    "clamp": lambda lib, x: x.clamp(-1, 0.5),
    "clamp, min above max": lambda lib, x: x.clamp(1.0, -1.0),
    "square": lambda lib, x: x**2,
    "cube": lambda lib, x: x**3,
    "power 1": lambda lib, x: x**1,
    "power 0": lambda lib, x: x**0,
    "power 0.5": lambda lib, x: x**0.5,
    "power -1": lambda lib, x: x**-1,
    "power -2": lambda lib, x: x**-2,
    "one divided by": lambda lib, x: 1 / x,
    "relu": lambda lib, x: lib.relu(x),
    "leaky_relu": lambda lib, x: lib.nn.functional.leaky_relu(x, negative_slope=0.1),
    "sigmoid": lambda lib, x: lib.sigmoid(x),
    "tanh": lambda lib, x: lib.tanh(x),
    "gelu": lambda lib, x: lib.nn.functional.gelu(x, approximate="tanh"),
    "exact gelu": lambda lib, x: lib.nn.functional.gelu(x),
    "silu": lambda lib, x: lib.nn.functional.silu(x),
    "elu": lambda lib, x: lib.nn.functional.elu(x, alpha=0.5),
    "softplus": lambda lib, x: lib.nn.functional.softplus(x),
    "logsigmoid": lambda lib, x: lib.nn.functional.logsigmoid(x),
    "where": lambda lib, x: lib.where(x > 0, x, -x),
    "maximum with a number": lambda lib, x: lib.maximum(x, lib.tensor(0.0, dtype=x.dtype)),
}
OF_TWO = {
    "add": lambda lib, x, y: x + y,
    "multiply": lambda lib, x, y: x * y,
    "divide": lambda lib, x, y: x / y,
    "power": lambda lib, x, y: x**y,
    "maximum": lambda lib, x, y: lib.maximum(x, y),
    "where": lambda lib, x, y: lib.where(x > y, x, y),
    "less": lambda lib, x, y: x < y,
    "equal": lambda lib, x, y: x == y,
    "binary_cross_entropy": lambda lib, x, y: lib.nn.functional.binary_cross_entropy_with_logits(
        x, lib.where(y > 0, 1.0, 0.0) * lib.ones(1, dtype=y.dtype), reduction="none"
    ),
}
ROWS = {
    "one dominates": [0.0, 1000.0, -1000.0],
    "masked": [0.5, -np.inf, 1.0],
    "all masked": [-np.inf, -np.inf, -np.inf],
    "infinite": [0.0, np.inf, 1.0],
    "not a number": [0.0, np.nan, 1.0],
    "equal": [3.0, 3.0, 3.0],
}
OF_ROWS = {
    "softmax": lambda lib, x: lib.softmax(x, dim=-1),
    "log_softmax": lambda lib, x: lib.log_softmax(x, dim=-1),
    "amax": lambda lib, x: x.amax(dim=-1),
    "amin": lambda lib, x: x.amin(dim=-1),
    "argmax": lambda lib, x: x.argmax(dim=-1),
    "cross_entropy": lambda lib, x: lib.nn.functional.cross_entropy(x, lib.tensor([0]), reduction="none"),
}


def edges_for(name, count):
    """All edges, or all pairs of them, as arrays; without those of differences.py."""
    found = [edges for edges in product(EDGES, repeat=count) if not differs(name, edges) and not depends(name, edges)]
    return np.array(found).T


def depends(name, edges):
    return name in EDGES_THAT_DEPEND and EDGES_THAT_DEPEND[name][0](*edges)


def differs(name, edges):
    return name in EDGES_THAT_DIFFER and EDGES_THAT_DIFFER[name][0](*edges)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", OF_ONE)
def test_one_number(name, dtype):
    check_program(OF_ONE[name], list(edges_for(name, 1).astype(dtype)), [True])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", OF_TWO)
def test_two_numbers(name, dtype):
    check_program(OF_TWO[name], list(edges_for(name, 2).astype(dtype)), [True, True])


@pytest.mark.parametrize("name", OF_ROWS)
@pytest.mark.parametrize("row", ROWS)
def test_rows(name, row):
    check_program(OF_ROWS[name], [np.array([ROWS[row]], "float32")], [True])


@pytest.mark.parametrize("name", EDGES_THAT_DIFFER)
def test_listed_edges_still_differ(name):
    count, program = (1, OF_ONE[name]) if name in OF_ONE else (2, OF_TWO[name])
    found = np.array([edges for edges in product(EDGES, repeat=count) if differs(name, edges)]).T
    assert not same(check_program, program, list(found.astype("float32")), [True] * count), "take it off the list"


def same(check, *given):
    try:
        check(*given)
    except AssertionError:
        return False
    return True


@pytest.mark.filterwarnings("ignore:Using a target size")
@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda difference: difference.__name__)
def test_listed_differences_are_still_there(difference):
    assert not same(check_script, difference), (
        f"the same as PyTorch now: take it off the list in differences.py: {difference.__doc__}"
    )
