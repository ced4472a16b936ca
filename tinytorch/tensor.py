"""Module 01: Tensor.

Written by `tito export` from notebooks/01_tensor.py: edit that file instead. sha256: d1e03359bc8a3510
"""

import math
import operator
from functools import cache, wraps
from inspect import signature

import numpy as np

from tinytorch.arrays import (
    KINDS,
    add_up,
    as_text,
    float16,
    float32,
    float64,
    int64,
    promote,
    promoted,
    split_index,
)
from tinytorch.graph import versions


def as_array(data, dtype=None):
    """Turn numbers, nested lists or an array into an array of the tensor's own.

    Args:
        data: a number, nested lists of numbers, or an array.
        dtype: keep exactly this type; without it, floats become float32, and integers and
            booleans stay what they are.

    Returns:
        A new array that shares no memory with `data`.

    >>> as_array([1.0, 2.5]).dtype
    dtype('float32')
    >>> as_array([3, 1]).dtype
    dtype('int64')
    """
    array = np.array(data, dtype=dtype)
    if dtype is None and array.dtype == np.float64:
        array = array.astype(np.float32)
    return array


def row_major_strides(shape):
    """Strides, counted in elements, of an array whose rows lie one after another.

    Args:
        shape: tuple of sizes, any length.

    Returns:
        Tuple of ints, as long as `shape`.

    >>> row_major_strides((2, 3, 4))
    (12, 4, 1)
    """
    strides, step = [], 1
    for size in reversed(shape):
        strides.append(step)
        step *= size
    return tuple(reversed(strides))


def broadcast_shape(a, b):
    """The shape of the result when arrays of two shapes meet.

    Args:
        a, b: tuples of sizes, of any lengths.

    Returns:
        Tuple, as long as the longer of the two.

    Raises:
        ValueError: two sizes differ and neither is 1.

    >>> broadcast_shape((8, 1, 6), (7, 1))
    (8, 7, 6)
    """
    longest = max(len(a), len(b))
    pairs = zip((1,) * (longest - len(a)) + a, (1,) * (longest - len(b)) + b, strict=True)
    result = []
    for m, n in pairs:
        if m != n and 1 not in (m, n):
            raise ValueError(f"cannot broadcast {a} with {b}: {m} is not {n}, and neither is 1")
        result.append(n if m == 1 else m)
    return tuple(result)


def sum_to_shape(array, shape):
    """Undo broadcasting: add up along every axis that was stretched.

    PyTorch calls it [`Tensor.sum_to_size`](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.sum_to_size.html).

    Args:
        array: array whose shape is what `shape` was broadcast to.
        shape: tuple of sizes.

    Returns:
        Array of shape `shape`, with the dtype of `array`.

    >>> sum_to_shape(np.array([[1, 2, 3], [10, 20, 30]]), (3,))
    array([11, 22, 33])
    >>> sum_to_shape(np.array([[1, 2, 3], [10, 20, 30]]), (2, 1))
    array([[ 6],
           [60]])
    """
    missing = array.ndim - len(shape)
    stretched = [missing + axis for axis, size in enumerate(shape) if size == 1]
    return add_up(array, axis=(*range(missing), *stretched)).reshape(shape)


def getitem(x, index):
    """`x[index]` as an op."""
    return x[index]


def cast(x, dtype):
    """`x` with another dtype, as an op."""
    return x.astype(dtype)


@promoted("any")
def power(base, exponent):
    """`base ** exponent` as an op. Unlike `np.power`, the operator is fast for squares and roots."""
    return base**exponent


@promoted("any")
def clip(x, low, high):
    """Nothing below `low`, nothing above `high`; each may be None."""
    x = x if low is None else np.maximum(x, low)
    return x if high is None else np.minimum(x, high)


def as_shape(sizes):
    """`zeros(2, 3)` and `zeros((2, 3))` mean the same.

    >>> as_shape((2, 3)), as_shape(((2, 3),))
    ((2, 3), (2, 3))
    """
    return tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else sizes


def unary(op):
    """A method that sends `op` through `apply`."""
    return lambda self: self.apply(op, self)


def binary(op):
    """An operator that sends `op` through `apply`, with the tensor on the left."""
    return lambda self, other: self.apply(op, self, other)


def comparison(op):
    """An operator that compares number by number. No tensor is equal to None or to a text."""

    def compare(self, other):
        is_number = hasattr(other, "array") or isinstance(other, (int, float, np.ndarray, np.generic))
        return self.apply(op, self, other) if is_number else NotImplemented

    return compare


def reduction(op):
    """A method that applies `op` along one axis, several (a tuple) or all (None)."""
    return lambda self, dim=None, keepdim=False: self.apply(op, self, axis=self.axes(dim), keepdims=keepdim)


class TensorOps:
    """What a tensor can do without your help. Nearly every line is an op, sent through `apply`."""

    __add__, __sub__, __mul__, __truediv__ = map(binary, (np.add, np.subtract, np.multiply, np.divide))
    __pow__ = binary(power)
    __radd__, __rmul__ = __add__, __mul__
    __neg__, exp, log, sqrt, abs = map(unary, (np.negative, np.exp, np.log, np.sqrt, np.absolute))
    __eq__, __ne__, __lt__ = map(comparison, (np.equal, np.not_equal, np.less))
    __le__, __gt__, __ge__ = map(comparison, (np.less_equal, np.greater, np.greater_equal))
    __hash__ = object.__hash__  # a class with its own == would otherwise not fit into sets
    sum, argmax, argmin = map(reduction, (add_up, np.argmax, np.argmin))
    amax, amin = map(reduction, (np.max, np.min))  # the numbers; PyTorch's `max(dim)` also says where they are

    def __rtruediv__(self, other):
        return self.apply(np.divide, other, self)

    def __matmul__(self, other):
        """A vector on the left is a matrix of one row, on the right one of one column; that axis disappears again."""
        if self.ndim > 1 and other.ndim > 1:
            return self.apply(np.matmul, self, other)
        left = self.unsqueeze(0) if self.ndim == 1 else self
        right = self.apply(np.expand_dims, other, axis=-1) if other.ndim == 1 else other
        out = self.apply(np.matmul, left, right)
        return out.squeeze((*[-1] * (other.ndim == 1), *[-2] * (self.ndim == 1)))

    def axes(self, dim):
        """What NumPy calls `axis`. A tensor without axes still has an axis 0 if you ask, as in PyTorch."""
        dim = tuple(dim) if isinstance(dim, (list, tuple)) else dim
        return None if dim == () or (self.ndim == 0 and dim in (0, -1, (0,), (-1,))) else dim

    def clamp(self, min=None, max=None) -> "Tensor":
        return self.apply(clip, self, min, max)

    def float(self) -> "Tensor":
        return self.apply(cast, self, dtype=float32)

    def long(self) -> "Tensor":
        return self.apply(cast, self, dtype=int64)

    # Shape and indexing: a new note for the same memory, wherever there is one

    def reshape(self, *shape) -> "Tensor":
        """The same numbers in another shape; one size may be -1, which stands for whatever fits."""
        if any(size < -1 for size in as_shape(shape)):
            raise ValueError(
                f"{as_shape(shape)} has a negative size: write -1 for the one size that follows from the others"
            )
        return self.apply(np.reshape, self, shape=as_shape(shape))

    def transpose(self, dim0: int, dim1: int) -> "Tensor":
        return self.apply(np.swapaxes, self, axis1=dim0, axis2=dim1)

    def permute(self, *dims) -> "Tensor":
        return self.apply(np.transpose, self, axes=as_shape(dims))

    def unsqueeze(self, dim: int) -> "Tensor":
        """A new axis of size 1."""
        return self.apply(np.expand_dims, self, axis=dim)

    def squeeze(self, dim=None) -> "Tensor":
        """Without the axes of size 1; given `dim`, without those of them that have size 1."""
        dims = range(self.ndim) if dim is None else dim if isinstance(dim, (tuple, list)) else (dim,)
        return self.apply(np.squeeze, self, axis=tuple(d for d in dims if self.ndim and self.shape[d] == 1))

    def __getitem__(self, index):
        first, second = split_index(index)
        view = self.apply(getitem, self, index=first)
        return view if second is None else self.apply(getitem, view, index=second)

    # What a tensor knows about itself

    shape, dtype, ndim = (property(operator.attrgetter(f"array.{name}")) for name in ("shape", "dtype", "ndim"))
    T = property(lambda self: self.permute(*reversed(range(self.ndim))))
    is_leaf = property(lambda self: self.grad_fn is None)

    def numel(self) -> int:
        return self.array.size

    def stride(self) -> tuple:
        """Strides in elements, as in PyTorch."""
        return tuple(step // self.array.itemsize for step in self.array.strides)

    def is_contiguous(self) -> bool:
        return self.array.flags.c_contiguous

    def item(self):
        return self.array.item()

    def tolist(self):
        return self.array.tolist()

    def numpy(self) -> np.ndarray:
        """The array itself. If the tensor requires a gradient, that is refused: what NumPy does with it is not recorded."""
        if self.requires_grad:
            raise RuntimeError(
                "NumPy does not record operations on a tensor that requires a gradient: use .detach().numpy()"
            )
        return self.array

    def __len__(self):
        if self.ndim == 0:
            raise TypeError("a tensor without axes has no length: use .item() for its number")
        return len(self.array)

    def __bool__(self):
        return bool(self.array)  # NumPy refuses arrays; without this method `if x == y` would ask for the length

    def __repr__(self):
        note = f"grad_fn={self.grad_fn}" if self.grad_fn else "requires_grad=True" if self.requires_grad else ""
        return as_text(self.array, note)


def wants_float64(inputs, params):
    """Whether a float64 result is meant: an input tensor is float64 (a plain number is not a tensor), or an option asks for it."""
    return "dtype" in params or any(isinstance(x, TensorOps) and x.dtype == float64 for x in inputs)


class Tensor(TensorOps):
    """An n-dimensional array of numbers, with PyTorch's names.

    >>> Tensor([[1, 2], [3, 4]]) @ Tensor([[1], [1]])
    tensor([[3],
            [7]])
    """

    __array_ufunc__ = None  # tells NumPy to leave `array * tensor` to Tensor.__rmul__
    requires_grad, grad, grad_fn, hooks = False, None, None, None  # of a tensor that needs no gradient
    recorder = None  # the hook in `apply`: recorder(function, out, inputs, arrays, params, backward)
    engine = None  # what `backward` calls; a later module fills both places

    def __init__(self, data, *sizes, dtype=None, requires_grad: bool = False):
        """Copy `data` (numbers, nested lists, an array or a tensor) into a tensor; `as_array` decides the dtype.

        >>> Tensor([1, 2]).shape
        (2,)
        """
        if sizes:  # PyTorch's old way to ask for a shape: Tensor(4, 2)
            data = np.zeros((data, *sizes))
        if dtype is None and isinstance(data, Tensor):
            dtype = data.dtype
        self.array = as_array(data.array if isinstance(data, Tensor) else data, dtype)
        if self.array.dtype.kind not in KINDS:
            raise TypeError(
                f"a tensor holds numbers, and this is {type(data).__name__}: give numbers, lists of them or an array"
            )
        self.requires_grad_(requires_grad)

    @staticmethod
    def wrap(array) -> "Tensor":
        """A tensor around this very array: no copy, no other dtype."""
        out = Tensor.__new__(Tensor)
        out.array = array if type(array) is np.ndarray else np.asarray(array)
        return out

    @staticmethod
    def apply(function, *inputs, **params) -> "Tensor":
        """Run an op on the arrays of `inputs` and wrap the result. Every operation passes through here.

        Args:
            function: the op, from arrays (and plain numbers) to one array, or to
                (array, backward) if it brings its gradient.
            inputs: tensors and plain numbers; what the result depends on.
            params: everything else that the op needs (an axis, a shape), passed to it by name.

        >>> Tensor.apply(np.multiply, Tensor([1.0, 2.0]), 3)
        tensor([3., 6.])
        """
        arrays = promote(function, [x.array if isinstance(x, Tensor) else x for x in inputs])
        array, backward = function(*arrays, **params), None
        if isinstance(array, tuple):
            array, backward = array
        if array.dtype == float64 and not wants_float64(inputs, params):
            array = array.astype(float32)
        out = Tensor.wrap(array)
        if Tensor.recorder is not None:
            Tensor.recorder(function, out, inputs, arrays, params, backward)
        return out

    @staticmethod
    def set_recorder(function):
        """Decorator: call `function` after every operation."""
        Tensor.recorder = function
        return function

    @staticmethod
    def set_engine(function):
        """Decorator: let `function` answer `x.backward()`."""
        Tensor.engine = function
        return function

    def backward(self, gradient: "Tensor | None" = None, retain_graph: bool = False) -> None:
        """Fill in the gradients of what this tensor was computed from."""
        if Tensor.engine is None:
            raise RuntimeError("there are no gradients yet: finish module 05, which calls Tensor.set_engine")
        Tensor.engine(self, gradient, retain_graph)

    def requires_grad_(self, requires_grad: bool = True) -> "Tensor":
        """Ask for a gradient, or no longer; returns the tensor. Only floats can have one."""
        if requires_grad and self.array.dtype.kind != "f":
            raise RuntimeError(f"only floats can have a gradient, and these are {self.dtype}: use .float() first")
        self.requires_grad = requires_grad
        return self

    def detach(self) -> "Tensor":
        """The same numbers in the same memory, without their history."""
        return Tensor.wrap(self.array)

    @property
    def data(self) -> "Tensor":
        """The same as `detach()`. Assigning a tensor or an array replaces the numbers."""
        return self.detach()

    @data.setter
    def data(self, data):
        self.array = data.array if isinstance(data, Tensor) else np.asarray(data)

    def increment_version(self) -> None:
        """Say that the numbers have changed in place, for gradient rules that need the old ones."""
        versions.increment(self.array)

    def __rsub__(self, other):
        """`other - self`, where `other` is a plain number.

        >>> 1 - Tensor([3.0])
        tensor([-2.])
        """
        return Tensor.apply(np.subtract, other, self)

    def mean(self, dim=None, keepdim: bool = False) -> "Tensor":
        """Average over one axis, several (a tuple), or all (None).

        >>> Tensor([[1.0, 3.0], [5.0, 7.0]]).mean(dim=0)
        tensor([3., 5.])
        """
        dim = self.axes(dim)
        if self.dtype == float16:  # a sum of them soon exceeds their largest number, 65504
            return self.apply(cast, self.float().mean(dim, keepdim), dtype=self.dtype)
        dims = range(self.ndim) if dim is None else dim if isinstance(dim, tuple) else (dim,)
        return self.sum(dim, keepdim) / math.prod(self.shape[d] for d in dims)


def op(function):
    """Decorator: a function on arrays that also takes tensors, through `Tensor.apply`.

    >>> double = op(lambda x: 2 * x)
    >>> double(Tensor([1.0])), double(1.0)
    (tensor([2.]), 2.0)
    """

    @wraps(function)
    def either(*inputs, **params):
        if any(isinstance(x, Tensor) for x in params.values()):  # a tensor given by name is an input, too
            bound = signature(function).bind(*inputs, **params)
            bound.apply_defaults()
            inputs, params = bound.args, bound.kwargs
        for x in inputs:
            if isinstance(x, Tensor):
                return Tensor.apply(function, *inputs, **params)
        result = function(*inputs, **params)
        return result[0] if isinstance(result, tuple) else result

    either.op = function
    return either


def tensor(data, dtype=None, requires_grad: bool = False) -> Tensor:
    """A tensor of numbers, nested lists (also of tensors without axes) or an array. `tensor([[1.0, 2.0]])`."""

    def numbers(data):
        return [numbers(part) for part in data] if isinstance(data, (list, tuple)) else getattr(data, "array", data)

    return Tensor(numbers(data), dtype=dtype, requires_grad=requires_grad)


def zeros(*shape, dtype=float32, requires_grad: bool = False) -> Tensor:
    """A tensor of zeros. `zeros(2, 3)`."""
    return Tensor.wrap(np.zeros(as_shape(shape), dtype)).requires_grad_(requires_grad)


def ones(*shape, dtype=float32, requires_grad: bool = False) -> Tensor:
    """A tensor of ones. `ones(2, 3)`."""
    return Tensor.wrap(np.ones(as_shape(shape), dtype)).requires_grad_(requires_grad)


def arange(*start_stop_step, dtype=None, requires_grad: bool = False) -> Tensor:
    """Numbers at equal distances. `arange(3)` is `tensor([0, 1, 2])`."""
    return Tensor(np.arange(*start_stop_step), dtype=dtype, requires_grad=requires_grad)


@cache
def default_generator() -> "np.random.Generator":
    """Where random numbers come from, unless you name a generator. Made on first use, because NumPy loads slowly what it needs."""
    return np.random.default_rng()


def manual_seed(seed: int) -> None:
    """Start the random numbers over, so that a run can be repeated."""
    default_generator().bit_generator.state = np.random.default_rng(seed).bit_generator.state


def randn(*shape, dtype=float32, requires_grad: bool = False, generator=None) -> Tensor:
    """A tensor of standard normal random numbers. `randn(2, 3)`."""
    draw = default_generator() if generator is None else generator.numpy
    array = draw.standard_normal(as_shape(shape), dtype=float32)
    return Tensor(array, dtype=dtype, requires_grad=requires_grad)


def rand(*shape, dtype=float32, requires_grad: bool = False, generator=None) -> Tensor:
    """A tensor of random numbers between 0 and 1. `rand(2, 3)`."""
    draw = default_generator() if generator is None else generator.numpy
    array = draw.random(as_shape(shape), dtype=float32)
    return Tensor(array, dtype=dtype, requires_grad=requires_grad)


@promoted("any")
def concatenate(*arrays, dim):
    """`cat` as an op: its inputs are separate arguments, so that each can get its gradient."""
    return np.concatenate(arrays, axis=dim)


@promoted("any")
def stack_arrays(*arrays, dim):
    """`stack` as an op."""
    return np.stack(arrays, axis=dim)


@promoted("any")
def choose(input, other, condition):
    """`where` as an op: the condition comes last and by name, because it has no gradient."""
    return np.where(condition, input, other)


def cat(tensors, dim: int = 0) -> Tensor:
    """Join tensors along an axis they have. `cat([zeros(2, 3), ones(1, 3)])` has shape (3, 3)."""
    tensors = list(tensors)
    some = [tensor for tensor in tensors if tensor.shape != (0,)]  # an empty list fits everywhere, as in PyTorch
    return Tensor.apply(concatenate, *(some or tensors), dim=dim)


def stack(tensors, dim: int = 0) -> Tensor:
    """Join tensors of one shape along a new axis. `stack([zeros(3), ones(3)])` has shape (2, 3)."""
    return Tensor.apply(stack_arrays, *tensors, dim=dim)


def where(condition: Tensor, input: Tensor, other: Tensor) -> Tensor:
    """From `input` where `condition` holds, else from `other`."""
    return Tensor.apply(choose, input, other, condition=getattr(condition, "array", condition))


def maximum(input: Tensor, other: Tensor) -> Tensor:
    """The larger of two, number by number."""
    return Tensor.apply(np.maximum, input, other)
