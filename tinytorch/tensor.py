"""Module 01: Tensor.

Written by `tito export` from notebooks/01_tensor.py: edit that file instead. sha256: 9e193f514f9a967d
"""

import math
from functools import cache, wraps
from inspect import signature

import numpy as np

# types of numbers, under PyTorch's names; `==` with np.float64 itself takes longer, because NumPy converts it first
float32, float64, int64 = np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.int64)


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
    return array.sum(axis=(*range(missing), *stretched)).reshape(shape)


def as_shape(sizes):
    """`zeros(2, 3)` and `zeros((2, 3))` mean the same.

    >>> as_shape((2, 3)), as_shape(((2, 3),))
    ((2, 3), (2, 3))
    """
    return tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else sizes


def getitem(x, index):
    """`x[index]` as a function, so that it can be an op."""
    return x[index]


def cast(x, dtype):
    """`x` with another type of number, as an op."""
    return x.astype(dtype)


class Tensor:
    """An n-dimensional array of numbers, with PyTorch's names.

    >>> Tensor([[1, 2], [3, 4]]) @ Tensor([[1.0], [1.0]])
    tensor([[3.],
            [7.]])
    """

    __slots__ = ("array", "requires_grad", "grad", "grad_fn")
    __array_ufunc__ = None  # tells NumPy to leave `array * tensor` to Tensor.__rmul__
    __hash__ = object.__hash__  # a class with its own == would otherwise not fit into sets
    recorder = None  # the guard in the door, called as recorder(function, out, inputs, arrays, params, backward)
    engine = None  # what `backward` calls; a later module fills both places

    def __init__(self, data, dtype=None, requires_grad=False):
        """Copy `data` (numbers, nested lists, an array or a tensor) into a tensor; `as_array` decides the type.

        >>> Tensor([1, 2]).shape
        (2,)
        """
        self.grad, self.grad_fn = None, None
        self.array = as_array(data.array if isinstance(data, Tensor) else data, dtype)
        self.requires_grad_(requires_grad)

    @staticmethod
    def wrap(array):
        """A tensor around this very array: no copy, no change of type."""
        out = Tensor.__new__(Tensor)
        out.array, out.requires_grad = np.asarray(array), False
        out.grad, out.grad_fn = None, None
        return out

    @staticmethod
    def apply(function, *inputs, **params):
        """Run an op on the arrays of `inputs` and wrap the result. Every operation passes through here.

        Args:
            function: the op, from arrays (and plain numbers) to one array, or to
                (array, backward) if it brings a gradient rule.
            inputs: tensors and plain numbers; what the result depends on.
            params: everything else that the op needs (an axis, a shape), passed to it by name.

        >>> Tensor.apply(np.multiply, Tensor([1.0, 2.0]), 3)
        tensor([3., 6.])
        """
        arrays = [x.array if isinstance(x, Tensor) else x for x in inputs]
        array, backward = function(*arrays, **params), None
        if isinstance(array, tuple):
            array, backward = array
        if array.dtype == float64 and not any(isinstance(x, Tensor) and x.dtype == float64 for x in inputs):
            array = array.astype(float32)
        out = Tensor.wrap(array)
        if Tensor.recorder is not None:
            Tensor.recorder(function, out, inputs, arrays, params, backward)
        return out

    @staticmethod
    def set_recorder(function):
        """Decorator: `function` will be told of every operation."""
        Tensor.recorder = function
        return function

    @staticmethod
    def set_engine(function):
        """Decorator: `function` will answer `x.backward()`."""
        Tensor.engine = function
        return function

    def backward(self, gradient=None, retain_graph=False):
        """Fill in the gradients of what this tensor was computed from."""
        if Tensor.engine is None:
            raise RuntimeError("there are no gradients yet: finish module 05, which calls Tensor.set_engine")
        Tensor.engine(self, gradient, retain_graph)

    def requires_grad_(self, requires_grad=True):
        """Ask for a gradient, or no longer; returns the tensor. Only floats can have one."""
        if requires_grad and self.array.dtype.kind != "f":
            raise RuntimeError(f"only floats can have a gradient, and these are {self.array.dtype}: use .float() first")
        self.requires_grad = requires_grad
        return self

    def detach(self):
        """The same numbers, in the same memory, as a tensor that remembers nothing."""
        return Tensor.wrap(self.array)

    @property
    def data(self):
        """The same as `detach()`; assigning to it replaces the numbers."""
        return Tensor.wrap(self.array)

    @data.setter
    def data(self, data):
        self.array = data.array if isinstance(data, Tensor) else np.asarray(data)

    # What a tensor knows about itself

    shape = property(lambda self: self.array.shape)
    dtype = property(lambda self: self.array.dtype)
    ndim = property(lambda self: self.array.ndim)
    T = property(lambda self: self.transpose(-1, -2))
    is_leaf = property(lambda self: self.grad_fn is None)

    def size(self, dim=None):
        return self.array.shape if dim is None else self.array.shape[dim]

    def numel(self):
        return self.array.size

    def stride(self):
        """Strides in elements, as in PyTorch."""
        return tuple(step // self.array.itemsize for step in self.array.strides)

    def is_contiguous(self):
        return self.stride() == row_major_strides(self.shape)

    def numpy(self):
        return self.array

    def item(self):
        return self.array.item()

    def tolist(self):
        return self.array.tolist()

    def __len__(self):
        return len(self.array)

    def __bool__(self):
        return bool(self.array)  # NumPy refuses arrays; without this method `if x == y` would ask for the length

    def __repr__(self):
        return "tensor(" + np.array2string(self.array, separator=", ", precision=4, prefix="tensor(") + ")"

    # Arithmetic

    def __add__(self, other):
        return Tensor.apply(np.add, self, other)

    def __sub__(self, other):
        return Tensor.apply(np.subtract, self, other)

    def __rsub__(self, other):
        """`other - self`, where `other` is a plain number.

        >>> 1 - Tensor([0.25])
        tensor([0.75])
        """
        return Tensor.apply(np.subtract, other, self)

    def __mul__(self, other):
        return Tensor.apply(np.multiply, self, other)

    def __truediv__(self, other):
        return Tensor.apply(np.divide, self, other)

    def __rtruediv__(self, other):
        return Tensor.apply(np.divide, other, self)

    def __pow__(self, exponent):
        return Tensor.apply(np.power, self, exponent)

    def __neg__(self):
        return Tensor.apply(np.negative, self)

    def __matmul__(self, other):
        return Tensor.apply(np.matmul, self, other)

    __radd__, __rmul__ = __add__, __mul__

    def exp(self):
        return Tensor.apply(np.exp, self)

    def log(self):
        return Tensor.apply(np.log, self)

    def sqrt(self):
        return Tensor.apply(np.sqrt, self)

    def abs(self):
        return Tensor.apply(np.absolute, self)

    def clamp(self, min=None, max=None):
        return Tensor.apply(np.clip, self, a_min=min, a_max=max)

    def float(self):
        return Tensor.apply(cast, self, dtype=float32)

    def long(self):
        return Tensor.apply(cast, self, dtype=int64)

    # Comparison, number by number

    def __eq__(self, other):
        return Tensor.apply(np.equal, self, other)

    def __ne__(self, other):
        return Tensor.apply(np.not_equal, self, other)

    def __lt__(self, other):
        return Tensor.apply(np.less, self, other)

    def __le__(self, other):
        return Tensor.apply(np.less_equal, self, other)

    def __gt__(self, other):
        return Tensor.apply(np.greater, self, other)

    def __ge__(self, other):
        return Tensor.apply(np.greater_equal, self, other)

    # Reductions

    def sum(self, dim=None, keepdim=False):
        return Tensor.apply(np.sum, self, axis=dim, keepdims=keepdim)

    def amax(self, dim=None, keepdim=False):
        """The largest numbers. (PyTorch's `max(dim)` also tells where they are; ask `argmax`.)"""
        return Tensor.apply(np.max, self, axis=dim, keepdims=keepdim)

    def amin(self, dim=None, keepdim=False):
        return Tensor.apply(np.min, self, axis=dim, keepdims=keepdim)

    def argmax(self, dim=None, keepdim=False):
        return Tensor.apply(np.argmax, self, axis=dim, keepdims=keepdim)

    def argmin(self, dim=None, keepdim=False):
        return Tensor.apply(np.argmin, self, axis=dim, keepdims=keepdim)

    def mean(self, dim=None, keepdim=False):
        """Average over one axis, several (a tuple), or all (None).

        >>> Tensor([[1.0, 3.0], [5.0, 7.0]]).mean(dim=0)
        tensor([3., 5.])
        """
        dims = range(self.ndim) if dim is None else dim if isinstance(dim, tuple) else (dim,)
        return self.sum(dim, keepdim) / math.prod(self.shape[d] for d in dims)

    # Shape and indexing: a new note for the same memory, wherever there is one

    def reshape(self, *shape):
        """The same numbers in another shape; one size may be -1, which stands for whatever fits."""
        return Tensor.apply(np.reshape, self, shape=as_shape(shape))

    def transpose(self, dim0, dim1):
        return Tensor.apply(np.swapaxes, self, axis1=dim0, axis2=dim1)

    def permute(self, *dims):
        return Tensor.apply(np.transpose, self, axes=as_shape(dims))

    def unsqueeze(self, dim):
        """A new axis of size 1."""
        return Tensor.apply(np.expand_dims, self, axis=dim)

    def squeeze(self, dim):
        """Without an axis of size 1; as it is, if the axis has another size."""
        return Tensor.apply(np.squeeze, self, axis=dim) if self.shape[dim] == 1 else self

    def __getitem__(self, index):
        plain = [i.array if isinstance(i, Tensor) else i for i in (index if isinstance(index, tuple) else (index,))]
        return Tensor.apply(getitem, self, index=tuple(plain))


def op(function):
    """Decorator: a function on arrays that also takes tensors, through `Tensor.apply`.

    >>> double = op(lambda x: 2 * x)
    >>> double(Tensor([1.0])), double(1.0)
    (tensor([2.]), 2.0)
    """

    @wraps(function)
    def either(*inputs, **params):
        if any(isinstance(x, Tensor) for x in params.values()):  # whatever is a tensor is an input
            bound = signature(function).bind(*inputs, **params)
            bound.apply_defaults()
            inputs, params = bound.args, bound.kwargs
        if any(isinstance(x, Tensor) for x in inputs):
            return Tensor.apply(either, *inputs, **params)
        return function(*inputs, **params)

    return either


def tensor(data, dtype=None, requires_grad=False):
    """A tensor of numbers, nested lists or an array. `tensor([[1.0, 2.0]])`."""
    return Tensor(data, dtype, requires_grad)


def zeros(*shape, dtype=float32, requires_grad=False):
    """A tensor of zeros. `zeros(2, 3)`."""
    return Tensor.wrap(np.zeros(as_shape(shape), dtype)).requires_grad_(requires_grad)


def ones(*shape, dtype=float32, requires_grad=False):
    """A tensor of ones. `ones(2, 3)`."""
    return Tensor.wrap(np.ones(as_shape(shape), dtype)).requires_grad_(requires_grad)


def arange(*start_stop_step):
    """Numbers at equal distances. `arange(3)` is `tensor([0, 1, 2])`."""
    return Tensor(np.arange(*start_stop_step))


@cache
def generator():
    """Where every random number comes from; made when the first is asked for, because NumPy loads slowly what it needs."""
    return np.random.default_rng()


def manual_seed(seed):
    """Start the random numbers over, so that a run can be repeated."""
    generator().bit_generator.state = np.random.default_rng(seed).bit_generator.state


def randn(*shape, requires_grad=False):
    """A tensor of standard normal random numbers. `randn(2, 3)`."""
    array = generator().standard_normal(as_shape(shape), dtype=float32)
    return Tensor.wrap(array).requires_grad_(requires_grad)


def rand(*shape, requires_grad=False):
    """A tensor of random numbers between 0 and 1. `rand(2, 3)`."""
    array = generator().random(as_shape(shape), dtype=float32)
    return Tensor.wrap(array).requires_grad_(requires_grad)


def concatenate(*arrays, dim):
    """`cat` as an op: its inputs are separate arguments, so that each can get its gradient."""
    return np.concatenate(arrays, axis=dim)


def stack_arrays(*arrays, dim):
    """`stack` as an op."""
    return np.stack(arrays, axis=dim)


def cat(tensors, dim=0):
    """Join tensors along an axis they have. `cat([zeros(2, 3), ones(1, 3)])` has shape (3, 3)."""
    return Tensor.apply(concatenate, *tensors, dim=dim)


def stack(tensors, dim=0):
    """Join tensors of one shape along a new axis. `stack([zeros(3), ones(3)])` has shape (2, 3)."""
    return Tensor.apply(stack_arrays, *tensors, dim=dim)


def where(condition, input, other):
    """From `input` where `condition` holds, else from `other`."""
    return Tensor.apply(np.where, condition, input, other)


def maximum(input, other):
    """The larger of two, number by number."""
    return Tensor.apply(np.maximum, input, other)
