"""Module 01: Tensor.

Written by `tito export` from notebooks/01_tensor.py: edit that file instead. sha256: ba645b9ec5c2e4e4
"""

import math
from collections.abc import Callable
from functools import cache, wraps
from inspect import signature

import numpy as np

import tinytorch.arrays as arrays
from tinytorch.arrays import add_up, cast, float32, float64, int64, promote, wants_float64
from tinytorch.graph import versions


def as_array(data: object, dtype: np.dtype | None = None) -> np.ndarray:
    """Copy numbers, nested lists or an array into a new array.

    Args:
        data: a number, nested lists of numbers, or an array.
        dtype: exactly this dtype; by default floats become float32, integers and booleans keep theirs.

    Returns:
        A new array that shares no memory with `data`.

    >>> as_array([1.0, 2.5]).dtype, as_array([3, 1]).dtype
    (dtype('float32'), dtype('int64'))
    """
    array = np.array(data, dtype=dtype)
    if dtype is None and array.dtype == np.float64:
        array = array.astype(np.float32)
    return array


def row_major_strides(shape: tuple) -> tuple:
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


def broadcast_shape(a: tuple, b: tuple) -> tuple:
    """The shape of the result of an operation on arrays of two shapes.

    Args:
        a, b: tuples of sizes, of any lengths.

    Returns:
        Tuple, as long as the longer of the two. Raises ValueError if two sizes differ and neither is 1.

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


def sum_to_shape(array: np.ndarray, shape: tuple) -> np.ndarray:
    """Undo broadcasting: sum along every axis that was stretched.

    PyTorch: [`Tensor.sum_to_size`](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.sum_to_size.html).

    Args:
        array: array of the shape that `shape` was broadcast to.
        shape: tuple of sizes.

    Returns:
        Array of shape `shape`; floats keep their dtype.

    >>> uses = np.array([[1, 2, 3], [10, 20, 30]])
    >>> sum_to_shape(uses, (3,)).tolist(), sum_to_shape(uses, (2, 1)).tolist()
    ([11, 22, 33], [[6], [60]])
    """
    missing = array.ndim - len(shape)
    stretched = [missing + axis for axis, size in enumerate(shape) if size == 1]
    return add_up(array, axis=(*range(missing), *stretched)).reshape(shape)


class TensorOps(arrays.ArrayInfo):
    """The given half of Tensor: `binary(op)` makes a method like `__add__` above. `shape`, `item` and their like are in ArrayInfo."""

    __add__, __sub__, __mul__, __truediv__ = map(arrays.binary, (np.add, np.subtract, np.multiply, np.divide))
    __pow__ = arrays.binary(arrays.power)
    __radd__, __rmul__ = __add__, __mul__
    __neg__, exp, log, sqrt, abs = map(arrays.unary, (np.negative, np.exp, np.log, np.sqrt, np.absolute))
    __eq__, __ne__, __lt__ = map(arrays.comparison, (np.equal, np.not_equal, np.less))
    __le__, __gt__, __ge__ = map(arrays.comparison, (np.less_equal, np.greater, np.greater_equal))
    __hash__ = object.__hash__  # Python removes it from a class that defines ==
    sum, argmax, argmin = map(arrays.reduction, (add_up, np.argmax, np.argmin))
    amax, amin = map(arrays.reduction, (np.max, np.min))  # values only; PyTorch's `max(dim)` also returns indices

    def __rtruediv__(self, other):
        return self.apply(np.divide, other, self)

    def __matmul__(self, other):
        """A vector acts as a matrix of one row on the left, and of one column on the right; the result drops that axis."""
        if self.ndim > 1 and other.ndim > 1:
            return self.apply(np.matmul, self, other)
        left = self.unsqueeze(0) if self.ndim == 1 else self
        right = self.apply(np.expand_dims, other, axis=-1) if other.ndim == 1 else other
        out = self.apply(np.matmul, left, right)
        return out.squeeze((*[-1] * (other.ndim == 1), *[-2] * (self.ndim == 1)))

    def axes(self, dim: int | tuple | list | None) -> int | tuple | None:
        """Convert `dim` to NumPy's `axis`. As in PyTorch, a tensor without axes accepts axis 0."""
        dim = tuple(dim) if isinstance(dim, (list, tuple)) else dim
        return None if dim == () or (self.ndim == 0 and dim in (0, -1, (0,), (-1,))) else dim

    def clamp(self, min: object = None, max: object = None) -> "Tensor":
        return self.apply(arrays.clip, self, min, max)

    def float(self) -> "Tensor":
        return self.apply(cast, self, dtype=float32)

    def long(self) -> "Tensor":
        return self.apply(cast, self, dtype=int64)

    def reshape(self, *shape: object) -> "Tensor":
        """The same numbers in another shape; one size may be -1 and is inferred from the others."""
        shape = arrays.as_shape(shape)
        if any(size < -1 for size in shape):
            raise ValueError(f"{shape} has a negative size: write -1 for the one to infer from the others")
        return self.apply(np.reshape, self, shape=shape)

    T = property(lambda self: self.permute(*reversed(range(self.ndim))))
    is_leaf = property(lambda self: self.grad_fn is None)

    def transpose(self, dim0: int, dim1: int) -> "Tensor":
        return self.apply(np.swapaxes, self, axis1=dim0, axis2=dim1)

    def permute(self, *dims: object) -> "Tensor":
        return self.apply(np.transpose, self, axes=arrays.as_shape(dims))

    def unsqueeze(self, dim: int) -> "Tensor":
        """Insert an axis of size 1."""
        return self.apply(np.expand_dims, self, axis=dim)

    def squeeze(self, dim: int | tuple | None = None) -> "Tensor":
        """Remove all axes of size 1, or those of `dim` that have size 1."""
        dims = range(self.ndim) if dim is None else dim if isinstance(dim, (tuple, list)) else (dim,)
        return self.apply(np.squeeze, self, axis=tuple(d for d in dims if self.ndim and self.shape[d] == 1))

    def __getitem__(self, index):
        first, second = arrays.split_index(index)
        view = self.apply(arrays.getitem, self, index=first)
        return view if second is None else self.apply(arrays.getitem, view, index=second)


class Tensor(TensorOps):
    """An n-dimensional array of numbers, with PyTorch's names.

    >>> Tensor([1.0, 2.0]) + 1
    tensor([2., 3.])
    """

    __array_ufunc__ = None  # tells NumPy to leave `array * tensor` to Tensor.__rmul__
    requires_grad, grad, grad_fn, hooks = False, None, None, None  # the defaults: no gradient
    recorder = None  # the hook in `apply`: recorder(function, out, inputs, arrays, params, backward)
    engine = None  # what `backward` calls; Module 05 sets both

    def __init__(self, data: object, *sizes: int, dtype: np.dtype | None = None, requires_grad: bool = False):
        """Copy `data` (numbers, nested lists, an array or a tensor) into a tensor; `as_array` decides the dtype.

        >>> Tensor([1, 2]).shape
        (2,)
        """
        if sizes:  # PyTorch's legacy constructor: Tensor(4, 2) has this shape
            data = np.zeros((data, *sizes))
        dtype = data.dtype if dtype is None and isinstance(data, Tensor) else dtype
        self.array = as_array(data.array if isinstance(data, Tensor) else data, dtype)
        if self.array.dtype.kind not in "buif":
            raise TypeError(f"a tensor holds numbers, not {type(data).__name__}: pass numbers, lists or an array")
        self.requires_grad_(requires_grad)

    @staticmethod
    def wrap(array: np.ndarray) -> "Tensor":
        """Wrap this very array in a tensor: no copy, same dtype."""
        out = Tensor.__new__(Tensor)
        out.array = array if type(array) is np.ndarray else np.asarray(array)
        return out

    @staticmethod
    def apply(function: Callable, *inputs: object, **params: object) -> "Tensor":
        """Run an op on the arrays of `inputs` and wrap the result. Every operation passes through here.

        Args:
            function: the op, from arrays (and plain numbers) to one array, or to (array, backward) if it brings its own gradient.
            inputs: the tensors and plain numbers that the result depends on.
            params: everything else the op needs (an axis, a shape), passed by name.

        >>> Tensor.apply(np.multiply, Tensor([1.0, 2.0]), 3)
        tensor([3., 6.])
        """
        arrays = promote(function, [x.array if isinstance(x, Tensor) else x for x in inputs])
        array, backward = function(*arrays, **params), None
        if type(array) is tuple:
            array, backward = array
        if array.dtype is float64 and not wants_float64(inputs, params):
            array = array.astype(float32)
        out = Tensor.wrap(array)
        if Tensor.recorder is not None:
            Tensor.recorder(function, out, inputs, arrays, params, backward)
        return out

    @staticmethod
    def set_recorder(function: Callable) -> Callable:
        """Decorator: call `function` after every operation."""
        Tensor.recorder = function
        return function

    @staticmethod
    def set_engine(function: Callable) -> Callable:
        """Decorator: `x.backward()` calls `function`."""
        Tensor.engine = function
        return function

    def backward(self, gradient: "Tensor | None" = None, retain_graph: bool = False) -> None:
        """Compute the gradient of this tensor with respect to the leaves it was computed from."""
        if Tensor.engine is None:
            raise RuntimeError("there are no gradients yet: finish module 05, which calls Tensor.set_engine")
        Tensor.engine(self, gradient, retain_graph)

    def requires_grad_(self, requires_grad: bool = True) -> "Tensor":
        """Turn the gradient on or off; returns the tensor. Only floats can have one."""
        if requires_grad and self.array.dtype.kind != "f":
            raise RuntimeError(f"only floats can have a gradient, not {self.dtype}: call .float() first")
        self.requires_grad = requires_grad
        return self

    def detach(self) -> "Tensor":
        """The same numbers in the same memory, detached from the graph. `x.data` does the same, and you can assign to it."""
        return Tensor.wrap(self.array)

    data = property(detach, lambda self, data: setattr(self, "array", np.asarray(getattr(data, "array", data))))

    def increment_version(self) -> None:
        """Call this after changing the numbers in place: gradient rules may still need the old ones."""
        versions.increment(self.array)

    def __rsub__(self, other):
        """`other - self`, where `other` is a plain number.

        >>> 1 - Tensor([3.0])
        tensor([-2.])
        """
        return Tensor.apply(np.subtract, other, self)

    def mean(self, dim: int | tuple | None = None, keepdim: bool = False) -> "Tensor":
        """Average over one axis, several (a tuple), or all (None).

        >>> Tensor([[1.0, 3.0], [5.0, 7.0]]).mean(dim=0)
        tensor([3., 5.])
        """
        dim = self.axes(dim)
        if self.dtype == arrays.float16:  # their sum soon exceeds 65504, the largest float16
            return self.apply(cast, self.float().mean(dim, keepdim), dtype=self.dtype)
        dims = range(self.ndim) if dim is None else dim if isinstance(dim, tuple) else (dim,)
        return self.sum(dim, keepdim) / math.prod(self.shape[d] for d in dims)


def op(function: Callable) -> Callable:
    """Decorator: a function on arrays that also takes tensors, through `Tensor.apply`.

    >>> double = op(lambda x: 2 * x)
    >>> double(Tensor([1.0])), double(1.0)
    (tensor([2.]), 2.0)
    """

    @wraps(function)
    def either(*inputs, **params):
        if params:
            params.pop("inplace", None)  # accepted, as in PyTorch, and ignored
            if any(isinstance(x, Tensor) for x in params.values()):  # a tensor given by name is also an input
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


def tensor(data: object, dtype: np.dtype | None = None, requires_grad: bool = False) -> Tensor:
    """A tensor of numbers, nested lists (also of tensors without axes) or an array. `tensor([[1.0, 2.0]])`."""

    def numbers(data):
        return [numbers(part) for part in data] if isinstance(data, (list, tuple)) else getattr(data, "array", data)

    return Tensor(numbers(data), dtype=dtype, requires_grad=requires_grad)


def zeros(*shape: object, dtype: np.dtype = float32, requires_grad: bool = False) -> Tensor:
    """A tensor of zeros. `zeros(2, 3)`."""
    return Tensor.wrap(np.zeros(arrays.as_shape(shape), dtype)).requires_grad_(requires_grad)


def ones(*shape: object, dtype: np.dtype = float32, requires_grad: bool = False) -> Tensor:
    """A tensor of ones. `ones(2, 3)`."""
    return Tensor.wrap(np.ones(arrays.as_shape(shape), dtype)).requires_grad_(requires_grad)


def arange(*start_stop_step: float, dtype: np.dtype | None = None, requires_grad: bool = False) -> Tensor:
    """Evenly spaced numbers. `arange(3)` is `tensor([0, 1, 2])`."""
    return Tensor(np.arange(*start_stop_step), dtype=dtype, requires_grad=requires_grad)


@cache
def default_generator() -> "np.random.Generator":
    """The random generator to use if none is given, created on first use because NumPy's random module loads slowly."""
    return np.random.default_rng()


def manual_seed(seed: int) -> None:
    """Seed the default generator, so that a run can be repeated."""
    default_generator().bit_generator.state = np.random.default_rng(seed).bit_generator.state


def randn(*shape: object, dtype: np.dtype = float32, requires_grad: bool = False, generator: object = None) -> Tensor:
    """A tensor of standard normal random numbers. `randn(2, 3)`."""
    draw = default_generator() if generator is None else generator.numpy
    return Tensor(draw.standard_normal(arrays.as_shape(shape), dtype=float32), dtype=dtype, requires_grad=requires_grad)


def rand(*shape: object, dtype: np.dtype = float32, requires_grad: bool = False, generator: object = None) -> Tensor:
    """A tensor of random numbers between 0 and 1. `rand(2, 3)`."""
    draw = default_generator() if generator is None else generator.numpy
    return Tensor(draw.random(arrays.as_shape(shape), dtype=float32), dtype=dtype, requires_grad=requires_grad)


def cat(tensors: list[Tensor], dim: int = 0) -> Tensor:
    """Join tensors along an existing axis. `cat([zeros(2, 3), ones(1, 3)])` has shape (3, 3)."""
    return Tensor.apply(arrays.concatenate, *tensors, dim=dim)


def stack(tensors: list[Tensor], dim: int = 0) -> Tensor:
    """Join tensors of one shape along a new axis. `stack([zeros(3), ones(3)])` has shape (2, 3)."""
    return Tensor.apply(arrays.stack_arrays, *tensors, dim=dim)


def where(condition: Tensor, input: Tensor, other: Tensor) -> Tensor:
    """`input` where `condition` is true, `other` elsewhere."""
    return Tensor.apply(arrays.choose, input, other, condition=getattr(condition, "array", condition))


def maximum(input: Tensor, other: Tensor) -> Tensor:
    """The elementwise maximum of two."""
    return Tensor.apply(np.maximum, input, other)
