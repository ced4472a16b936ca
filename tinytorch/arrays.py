"""NumPy arrays with PyTorch's behavior: what NumPy does differently, or lacks, in one place.

Nothing here knows about tensors. Module 01 builds its Tensor on these functions.

Copied by `tito export` from tito/templates/arrays.py in the course's folder: edit that file instead.
"""

import math
import operator
from collections.abc import Callable
from functools import wraps
from itertools import accumulate

import numpy as np
from numpy import ndarray

# dtypes, under PyTorch's names; comparing with np.float64 itself is slower, because NumPy converts it first
float16, float32, float64 = map(np.dtype, (np.float16, np.float32, np.float64))
uint8, int8, int16, int32, int64 = map(np.dtype, (np.uint8, np.int8, np.int16, np.int32, np.int64))
BOOL = np.dtype(np.bool_)

KINDS = {"b": 0, "u": 1, "i": 1, "f": 2}  # booleans, integers, floats: the highest kind decides
PRINT_OPTIONS = {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80, "sci_mode": None}
USUAL = (float32, int64, BOOL)  # dtypes that are not printed
PLAIN = {float: float32, int: float32}  # plain numbers take the dtype of an array of floats
BLOCK = 1 << 16  # numbers that `in_blocks` takes at a time: 256 KiB of float32
FLOAT_OPS = {np.exp, np.log, np.sqrt, np.divide}  # NumPy's own ops that turn integers into floats


def promoted(kind: str) -> Callable:
    """Decorator: `promote` this op's inputs, as for NumPy's own ops. With the kind "float", integers become float32 as well."""

    def mark(function):
        function.kind = kind
        return function

    return mark


def result_type(*values: object) -> np.dtype:
    """The dtype of a result, from arrays and plain numbers (None is skipped).

    Floats outrank integers, and integers booleans. Within a kind, arrays with axes decide; then those without; then plain numbers.
    PyTorch: [`torch.result_type`](https://docs.pytorch.org/docs/stable/tensor_attributes.html#type-promotion-doc).

    >>> result_type(np.ones(2, np.float16), np.ones(2, np.int64)), result_type(np.ones(2, np.int64), 2.5)
    (dtype('float16'), dtype('float32'))
    """
    ranks, result = ([], [], []), None
    for value in values:
        if isinstance(value, np.ndarray):
            ranks[value.ndim == 0].append(value.dtype)
        elif value is not None:
            ranks[2].append(float32 if isinstance(value, (float, np.floating)) else np.result_type(type(value)))
    for rank in filter(None, ranks):
        highest = max(KINDS[dtype.kind] for dtype in rank)
        if result is None or highest > KINDS[result.kind]:
            result = np.result_type(*(dtype for dtype in rank if KINDS[dtype.kind] == highest))
    return result


def promote(function: Callable, values: list) -> list:
    """Cast the inputs of an elementwise op to one dtype. They nearly always share one already; then this does nothing.

    >>> [x.dtype.name for x in promote(np.add, [np.ones(2, np.float32), np.ones(2, np.int64)])]
    ['float32', 'float32']
    """
    for value in values:
        if (value.dtype if type(value) is ndarray else PLAIN.get(type(value))) is not float32:
            break
    else:
        return values
    kind = getattr(function, "kind", "float" if function in FLOAT_OPS else isinstance(function, np.ufunc))
    if not kind:
        return values
    dtype = result_type(*values)
    if kind == "float" and dtype.kind != "f":
        dtype = float32
    return [value if value is None else np.asarray(value).astype(dtype, copy=False) for value in values]


def in_blocks(function: Callable) -> Callable:
    """Decorator: an elementwise function of arrays of one shape, computed for `BLOCK` numbers at a time.

    A formula of many operations makes as many temporary arrays. In blocks they stay in the processor's cache: `gelu` is three
    times as fast.
    """

    @wraps(function)
    def by_block(x, *others, **params):
        if getattr(x, "size", 0) <= BLOCK:
            return function(x, *others, **params)
        flat, out = (
            [x.reshape(-1), *(y.reshape(-1) if isinstance(y, ndarray) else y for y in others)],
            np.empty_like(x, order="C"),
        )
        for start in range(0, x.size, BLOCK):
            block = slice(start, start + BLOCK)
            parts = [y[block] if isinstance(y, ndarray) else y for y in flat]
            out.reshape(-1)[block] = function(*parts, **params)
        return out

    return by_block


def once(function: Callable) -> Callable:
    """Decorator for what several functions of a gradient share: computed for the first that asks, kept for the others.

    >>> calls = []
    >>> shared = once(lambda grad: calls.append("computed") or 2 * grad)
    >>> grad = np.ones(2)
    >>> (shared(grad) is shared(grad)), calls
    (True, ['computed'])
    """
    kept = [None, None]

    def shared(grad):
        if kept[0] is not grad:
            kept[:] = grad, function(grad)
        return kept[1]

    return shared


def select(mask: np.ndarray, x: np.ndarray) -> np.ndarray:
    """`x` where `mask` is true, else 0, even where `x` is inf (`mask * x` would give nan).

    Twice as fast as `np.where(mask, x, 0)`: a mask of -1 (all bits set) keeps a number, and a mask of 0 clears it.

    >>> select(np.array([True, False]), np.array([1.0, np.inf]))
    array([1., 0.])
    """
    bits = f"i{x.dtype.itemsize}"
    return (x.view(bits) & -mask.view(np.int8).astype(bits, copy=False)).view(x.dtype)


def add_up(x: np.ndarray, axis: int | tuple | None = None, keepdims: bool = False) -> np.ndarray:
    """`np.sum`, with integers in int64, and accurate to 1e-6 for floats.

    Along any axis but the last, NumPy adds floats one by one: 60,000 times 0.1 is off by 6e-4. So a long sum runs in float64.

    >>> add_up(np.full((60_000, 1), 0.1, np.float32), axis=0)
    array([6000.], dtype=float32)
    """
    if x.dtype.kind != "f":
        return np.add.reduce(x, axis=axis, dtype=int64, keepdims=keepdims)
    dtype = float32 if x.dtype == float16 else None
    if x.size > 128:
        axes = () if axis is None else axis if isinstance(axis, tuple) else (axis,)
        one_by_one = axes not in ((), (-1,), (x.ndim - 1,)) or x.strides[-1] > x.itemsize
        dtype = float64 if one_by_one and math.prod(x.shape[a] for a in axes) > 128 else dtype
    return np.asarray(np.add.reduce(x, axis=axis, dtype=dtype, keepdims=keepdims)).astype(x.dtype, copy=False)


def split_index(index: object) -> tuple:
    """Arrays in an index apply after everything else, as in PyTorch. (NumPy mixes them with integers and None.)

    Returns:
        (first, second): `x[first][second]` is PyTorch's `x[index]`. `second` is None where the index has no arrays.

    >>> np.zeros((3, 4, 5))[:, -1, None, [0, 1]].shape  # NumPy moves the picked axis to the front
    (2, 3, 1)
    >>> first, second = split_index((slice(None), -1, None, [0, 1]))
    >>> np.zeros((3, 4, 5))[first][second].shape
    (3, 1, 2)
    """
    parts = index if isinstance(index, tuple) else (index,)
    if all(type(part) in (slice, int) for part in parts):  # a view, as nearly always
        return (*parts, ...), None
    parts = [getattr(part, "array", part) for part in parts]
    parts = [np.array(p, dtype=None if p else int64) if isinstance(p, (list, range, tuple)) else p for p in parts]
    scalars = [isinstance(part, np.ndarray) and part.shape == () and part.dtype != bool for part in parts]
    parts = [part.__index__() if scalar else part for part, scalar in zip(parts, scalars, strict=True)]
    if not any(isinstance(part, np.ndarray) for part in parts):
        return (*parts, *([] if ... in parts else [...])), None  # with `...`, a single number is a view as well
    first, second = [], []
    for part in parts:
        if isinstance(part, np.ndarray):
            first += [slice(None)] * (part.ndim if part.dtype == bool else 1)
            second.append(part)
        else:
            first.append(part)
            second += [] if isinstance(part, (int, np.integer)) else [... if part is ... else slice(None)]
    return (*first, *([] if ... in first else [...])), tuple(second)


def as_text(array: np.ndarray, note: str = "") -> str:
    """A tensor as PyTorch prints it: numbers in one format, summarized if there are many, then its dtype and gradient if unusual.

    >>> print(as_text(np.array([1.0, 2.0])), as_text(np.array([1.0, 0.25], np.float32), "requires_grad=True"))
    tensor([1., 2.], dtype=float64) tensor([1.0000, 0.2500], requires_grad=True)
    """
    text, usual = "tensor([]", (float32,)
    if array.size:
        many = array.size > PRINT_OPTIONS["threshold"]
        text, usual = "tensor(" + _rows(array, len("tensor("), many, *_number_format(array, many)), USUAL
    notes = [f"size={array.shape}"] if not array.size and array.ndim != 1 else []
    notes += [] if array.dtype in usual else [f"dtype={array.dtype}"]
    notes += [note] if note else []
    used = len(text) - text.rfind("\n") + 1  # of the last line; counted as PyTorch counts it
    for part in notes:
        fits = used + len(part) + 2 <= PRINT_OPTIONS["linewidth"]
        text += (", " if fits else ",\n" + " " * len("tensor(")) + part
        used = used + len(part) + 2 if fits else len("tensor(") + len(part)
    return text + ")"


def _number_format(array: np.ndarray, many: bool) -> tuple:
    """A function that formats a number, and its width, which fits every number that is shown."""
    edge = PRINT_OPTIONS["edgeitems"]
    for axis in range(array.ndim if many else 0):
        array = np.delete(array, slice(edge, max(edge, array.shape[axis] - edge)), axis)
    form, point = "", ""
    if array.dtype.kind == "f":
        array = array[np.isfinite(array) & (array != 0)].astype(float64)
        size, whole = np.abs(array), (array == np.ceil(array)).all()
        science = array.size and (size.max() > 1000 * size.min() or size.max() > 1e8 or size.min() < 1e-4)
        if PRINT_OPTIONS["sci_mode"] is not None:
            science = array.size and PRINT_OPTIONS["sci_mode"]
        form = f".{PRINT_OPTIONS['precision']}e" if science else f".{0 if whole else PRINT_OPTIONS['precision']}f"
        point = "." if whole and not science else ""

    def text(number):
        return (format(number, form) if form else str(number)) + (point if math.isfinite(number) else "")

    width = max((len(text(number)) for number in array.ravel().tolist()), default=1)
    return lambda number: text(number).rjust(width), width


def _rows(array: np.ndarray, indent: int, many: bool, text: Callable, width: int) -> str:
    """Nested lists of numbers; only the first and the last of each if there are too many."""
    if array.ndim == 0:
        return text(array.item())
    edge = PRINT_OPTIONS["edgeitems"]
    cut = many and len(array) > 2 * edge
    if array.ndim == 1:
        numbers = array.tolist()
        parts = [*map(text, numbers[:edge]), " ...", *map(text, numbers[-edge:])] if cut else list(map(text, numbers))
        per_line = max(1, (PRINT_OPTIONS["linewidth"] - indent) // (width + 2))
        parts = [", ".join(parts[i : i + per_line]) for i in range(0, len(parts), per_line)]
    else:
        inner = [_rows(part, indent + 1, many, text, width) for part in (array[:edge] if cut else array)]
        inner_end = [_rows(part, indent + 1, many, text, width) for part in array[-edge:]] if cut else []
        parts = [*inner, "...", *inner_end] if cut else inner
    lines = "\n" * max(1, array.ndim - 1)
    return "[" + f",{lines}{' ' * (indent + 1)}".join(parts) + "]"


# Ops that NumPy lacks in this form


def getitem(x: np.ndarray, index: object) -> np.ndarray:
    """`x[index]`; numbers picked by an array are stored in row-major order, as in PyTorch."""
    if len(index) == 1 and type(index[0]) is ndarray and index[0].dtype.kind == "i" and x.flags.c_contiguous:
        return x.take(index[0], axis=0)  # rows: the same, a fifth faster
    return np.asarray(x[index], order="C" if any(type(part) is ndarray for part in index) else None)


def cast(x: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """`x` with another dtype."""
    return x.astype(dtype, order="C" if 0 in x.strides else "K")  # an expanded view gets its own memory


@promoted("any")
def power(base: np.ndarray, exponent: np.ndarray) -> np.ndarray:
    """`base ** exponent`. Unlike `np.power`, the operator is fast for squares and roots."""
    if getattr(base, "dtype", None) is BOOL:  # NumPy would turn booleans into integers
        return base | ~exponent
    return base**exponent


@promoted("any")
def clip(x: np.ndarray, low: np.ndarray | None, high: np.ndarray | None) -> np.ndarray:
    """PyTorch's `clamp`: nothing below `low`, nothing above `high`; each may be None."""
    x = x if low is None else np.maximum(x, low)
    return x if high is None else np.minimum(x, high)


@promoted("any")
def concatenate(*arrays: np.ndarray, dim: int) -> np.ndarray:
    """PyTorch's `cat`: its inputs are separate arguments, so that each can get its gradient."""
    filled = [array for array in arrays if array.shape != (0,)]  # an empty list joins with any shape
    return np.concatenate(filled or arrays, axis=dim)


def ends(arrays: tuple, dim: int) -> list:
    """(start, end) of each array along the axis on which `concatenate` joins them."""
    sizes = [0 if array.shape == (0,) else array.shape[dim] for array in arrays]
    return [(end - size, end) for size, end in zip(sizes, accumulate(sizes), strict=True)]


@promoted("any")
def stack_arrays(*arrays: np.ndarray, dim: int) -> np.ndarray:
    """PyTorch's `stack`, likewise."""
    return np.stack(arrays, axis=dim)


@promoted("any")
def choose(input: np.ndarray, other: np.ndarray, condition: np.ndarray) -> np.ndarray:
    """PyTorch's `where`: the condition comes last and by name, because it has no gradient."""
    return np.where(condition, input, other)


def as_shape(sizes: tuple) -> tuple:
    """`zeros(2, 3)` and `zeros((2, 3))` mean the same.

    >>> as_shape((2, 3)), as_shape(((2, 3),))
    ((2, 3), (2, 3))
    """
    return tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else sizes


def add_at(full: np.ndarray, index: tuple, grad: np.ndarray) -> None:
    """Add `grad` to `full` at `index`, in place; an element that is picked twice gets both.

    Only an integer array can pick an element twice, which `np.add.at` handles. If rows repeat often, as frequent words do, it is
    faster to sort them and sum each run.
    """
    arrays = [np.asarray(part) for part in index if isinstance(part, (list, np.ndarray))]
    if not any(array.dtype.kind in "iu" for array in arrays):
        full[index] += grad
    elif len(index) == 1 and full[:1].size >= 32 and arrays[0].size > 4 * len(full):
        rows = arrays[0].reshape(-1) % len(full)  # -1 is the last row
        order = rows.argsort(kind="stable")
        starts = np.flatnonzero(np.diff(rows[order], prepend=-1))
        full[rows[order][starts]] += np.add.reduceat(grad.reshape(len(rows), *full.shape[1:])[order], starts, axis=0)
    else:
        np.add.at(full, index, grad)


def row_of(index: int | None, shape: tuple) -> int | None:
    """The row that an embedding's `padding_idx` means: a negative one counts from the end.

    Args:
        index: the padding id, or None.
        shape: of the table, (num_embeddings, embedding_dim). ValueError for other axes, and if there is no such row.

    >>> row_of(-1, (10, 3)), row_of(None, (10, 3))
    (9, None)
    """
    if len(shape) != 2:
        raise ValueError(f"weight has shape {shape}: a table has two axes, (num_embeddings, embedding_dim)")
    if index is not None and not (isinstance(index, (int, np.integer)) and -shape[0] <= index < shape[0]):
        raise ValueError(f"padding_idx is {index}: use one of the {shape[0]} rows, or None")
    return None if index is None else index % shape[0]


def all_positions(positions: int | np.ndarray) -> np.ndarray:
    """The positions themselves: a number says how many, from 0 on. ValueError unless they are integers, and none is negative.

    >>> all_positions(3), all_positions([[5, 1]])
    (array([0, 1, 2]), array([[5, 1]]))
    """
    given = np.asarray(getattr(positions, "array", positions))
    if given.dtype.kind not in "iu" or (given < 0).any():
        raise ValueError(f"positions are {positions}: give how many, or integers from 0 on")
    return np.arange(given) if given.ndim == 0 else given


def check_vectors(x: object, dim: int | None = None) -> None:
    """ValueError unless `x` holds float vectors of shape (..., T, D); if `dim` is given, D must be that."""
    if getattr(x, "ndim", 0) < 2 or x.dtype.kind != "f":
        raise ValueError(f"x is {x.dtype} of shape {x.shape}: use floats, of shape (..., T, D)")
    if dim is not None and x.shape[-1] != dim:
        raise ValueError(f"x has vectors of {x.shape[-1]} numbers, and the table of {dim}: use the same width for both")


def positions_of(x: np.ndarray, positions: int | np.ndarray, interleaved: bool = True) -> np.ndarray:
    """The position of each vector in `x`, of shape (..., T, D): a number is where the first one is, and the others follow.

    Raises:
        ValueError: `x` has other axes or another dtype, or `positions` fit neither its T vectors nor all its axes but the last.
        TypeError: `interleaved` isn't a bool, or `positions` aren't integers.

    >>> positions_of(np.zeros((3, 8)), 5)
    array([5, 6, 7])
    """
    check_vectors(x)
    if not isinstance(interleaved, bool):
        raise TypeError(f"interleaved is {interleaved!r}: give True or False")
    positions = np.asarray(positions)
    if positions.dtype.kind not in "iu":
        raise TypeError(f"positions are {positions.dtype}: use integers")
    if positions.ndim == 0:
        return np.arange(x.shape[-2]) + positions
    if positions.shape[-1] != x.shape[-2]:
        many = "1 position" if positions.size == 1 else f"positions of shape {positions.shape}"
        raise ValueError(f"x has {x.shape[-2]} vectors and {many}: give each one, or the first as a number")
    if positions.ndim not in (1, x.ndim - 1):
        raise ValueError(
            f"positions have shape {positions.shape}, and x {x.shape}: add an axis, as in positions[:, None]"
        )
    return positions


# Methods of Tensor, from ops


def unary(op: Callable) -> Callable:
    """A method that sends `op` through `apply`."""
    return lambda self: self.apply(op, self)


def binary(op: Callable) -> Callable:
    """An operator that sends `op` through `apply`, with the tensor on the left."""
    return lambda self, other: self.apply(op, self, other)


def comparison(op: Callable) -> Callable:
    """An elementwise comparison. A tensor never equals None or a string."""

    def compare(self, other):
        is_number = hasattr(other, "array") or isinstance(other, (int, float, np.ndarray, np.generic))
        return self.apply(op, self, other) if is_number else NotImplemented

    return compare


def reduction(op: Callable) -> Callable:
    """A method that applies `op` along one axis, several (a tuple) or all (None)."""
    return lambda self, dim=None, keepdim=False: self.apply(op, self, axis=self.axes(dim), keepdims=keepdim)


class ArrayInfo:
    """What a tensor tells you about its array, without an op."""

    shape, dtype, ndim = (property(operator.attrgetter(f"array.{name}")) for name in ("shape", "dtype", "ndim"))

    def numel(self) -> int:
        return self.array.size

    def stride(self) -> tuple:
        """Strides in elements, as in PyTorch."""
        return tuple(step // self.array.itemsize for step in self.array.strides)

    def is_contiguous(self) -> bool:
        return self.array.flags.c_contiguous

    def item(self) -> "bool | int | float":
        return self.array.item()

    def tolist(self) -> "list | bool | int | float":
        return self.array.tolist()

    def numpy(self) -> np.ndarray:
        """The array itself. Raises RuntimeError if the tensor requires a gradient, because NumPy's operations aren't recorded."""
        if self.requires_grad:
            raise RuntimeError(
                "NumPy's operations aren't recorded, and this tensor requires a gradient: use .detach().numpy()"
            )
        return self.array

    def __len__(self):
        if self.ndim == 0:
            raise TypeError("a tensor without axes has no length: use .item() to get its number")
        return len(self.array)

    def __bool__(self):
        return bool(self.array)  # NumPy refuses arrays; without this method `if x == y` would use the length

    def __repr__(self):
        note = f"grad_fn={self.grad_fn}" if self.grad_fn else "requires_grad=True" if self.requires_grad else ""
        return as_text(self.array, note)


def wants_float64(inputs: tuple, params: dict) -> bool:
    """Whether a float64 result is intended: an input tensor is float64 (a plain number isn't a tensor), or `dtype` is given."""
    return "dtype" in params or any(isinstance(x, ArrayInfo) and x.dtype == float64 for x in inputs)
