"""What hypothesis draws: shapes, numbers, axes, indices. And the register of cases."""

import math
from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

CASES: dict[str, st.SearchStrategy] = {}  # name -> strategy for (program, arrays)
DRAWN_SCRIPTS: dict[str, st.SearchStrategy] = {}  # name -> strategy for a script
SCRIPTS: dict[str, Callable] = {}  # name -> script(lib)

FLOATS = st.sampled_from(["float32", "float64"])
ANY_TYPE = st.sampled_from(["float32", "float64", "int64", "bool"])

# Eighths are exact, so that ties and zeros turn up; the others round. Nothing is between 0 and 1/8, so that numbers do not
# grow beyond what a tolerance can be given for: tiny, huge and infinite ones are tried in test_corners.py.
EIGHTHS = st.integers(-16, 16).map(lambda n: n / 8)
OTHERS = st.floats(0.125, 4, width=16).flatmap(lambda x: st.sampled_from([x, -x]))
NUMBERS = {"f": EIGHTHS | OTHERS, "i": st.integers(-4, 4), "b": st.booleans()}


def case(function: Callable) -> Callable:
    """Decorator: register `function(draw)`, which returns (program, arrays); see compare.py for what a program is."""
    CASES[function.__name__] = st.composite(function)()
    return function


def drawn_script(function: Callable) -> Callable:
    """Decorator: register `function(draw)`, which returns a script: a function of the library alone."""
    DRAWN_SCRIPTS[function.__name__] = st.composite(function)()
    return function


def script(function: Callable) -> Callable:
    """Decorator: register a script, `function(lib)`, which makes its own tensors and returns what is to be compared."""
    SCRIPTS[function.__name__] = function
    return function


def shapes(min_dims=0, max_dims=3, min_side=0, max_side=3):
    """Mostly of tensors that hold something; those that do not are a few of all."""
    full = hnp.array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=1, max_side=max_side)
    some = hnp.array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side)
    return st.one_of(full, full, full, some)


@st.composite
def arrays(draw, shape=None, dtype=FLOATS, elements=None):
    """An array; shape and dtype may be strategies or fixed."""
    shape = draw(shapes() if shape is None else shape) if not isinstance(shape, tuple) else shape
    dtype = np.dtype(draw(dtype) if isinstance(dtype, st.SearchStrategy) else dtype)
    return draw(hnp.arrays(dtype, shape, elements=NUMBERS[dtype.kind] if elements is None else elements))


@st.composite
def pairs(draw, dtype=FLOATS, elements=None, count=2):
    """Arrays whose shapes can be broadcast together. One dtype for all, unless it is drawn for each: `dtype=ANY_TYPE`."""
    side = draw(st.sampled_from([1, 1, 1, 0]))
    shapes = hnp.mutually_broadcastable_shapes(num_shapes=count, max_dims=3, min_side=side, max_side=3)
    found = draw(shapes).input_shapes
    dtype = draw(dtype) if dtype is FLOATS else dtype
    return [draw(arrays(shape, dtype, elements)) for shape in found]


@st.composite
def one_axis(draw, ndim):
    """A keyword `dim`, counted from either end."""
    return {"dim": draw(st.integers(-ndim, ndim - 1))}


@st.composite
def axes(draw, ndim, several=True):
    """Keywords `dim` (one, several, none) and `keepdim`, each given or left out."""
    options = draw(st.sampled_from([{}, {"keepdim": True}, {"keepdim": False}]))
    choices = [one_axis(ndim), one_axis(ndim)] * bool(ndim) + [some_axes(ndim)] * bool(ndim and several)
    return draw(st.one_of([*choices, st.just({"dim": None})])) | options


@st.composite
def some_axes(draw, ndim):
    """A keyword `dim`, a tuple of different axes, some counted from the end."""
    chosen = draw(st.lists(st.integers(0, ndim - 1), min_size=1, max_size=ndim, unique=True))
    return {"dim": tuple(axis - ndim * draw(st.booleans()) for axis in chosen)}


@st.composite
def other_shape(draw, size):
    """A shape for so many numbers, sometimes with one -1."""
    shape = []
    while size > 1 and len(shape) < 3:
        shape.append(draw(st.sampled_from([n for n in range(1, size + 1) if size % n == 0])))
        size //= shape[-1]
    shape = [*shape, size] if size != 1 or draw(st.booleans()) else shape
    if shape and math.prod(shape) and draw(st.booleans()):
        shape[draw(st.integers(0, len(shape) - 1))] = -1
    return tuple(shape)


@st.composite
def indices(draw, shape):
    """An index, as a tuple of parts; a pair ("tensor", list) stands for a tensor of the library that runs."""
    together = draw(st.integers(1, 3))  # lists and tensors of one index have one length
    parts, axis = [], 0
    while axis < len(shape) and draw(st.integers(0, 5)):
        kind = draw(st.sampled_from(["int", "slice", "list", "tensor", "mask", "none", "all"]))
        if kind == "none":
            parts.append(None)
            continue
        parts.append(draw(one_index(kind, shape[axis], together)))
        axis += 1
    if draw(st.integers(0, 3)) == 0:
        parts.append(...)
        rest = shape[axis:]
        if rest and draw(st.booleans()):
            parts.append(draw(one_index(draw(st.sampled_from(["int", "slice"])), rest[-1], together)))
    return tuple(parts)


def one_index(kind, size, together):
    """What can stand for one axis of so many places."""
    places = st.integers(-size, size - 1) if size else st.just(0)
    ends = st.none() | st.integers(-size - 1, size + 1)
    several = st.lists(places, min_size=together, max_size=together)
    mask = st.lists(st.booleans(), min_size=size, max_size=size)
    return {
        "int": places,
        "slice": st.builds(slice, ends, ends, st.none() | st.integers(1, 3)),
        "list": several,
        "tensor": several.map(lambda found: ("tensor", found)),
        "mask": mask.map(lambda found: ("mask", found)),
        "all": st.just(slice(None)),
    }[kind]
