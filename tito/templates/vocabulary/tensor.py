"""The rest of PyTorch's tensor vocabulary: what beginners' programs use and no lesson covers.

Everything builds on the `Tensor.apply` and the ops that you wrote. An op with a gradient returns (array, backward), where backward
has one function per input. `Methods` become methods of Tensor; most are functions as well: `tinytorch.sin(x)` calls `x.sin()`.
"""

import math
import operator
import sys
from collections.abc import Callable, Sequence
from functools import partial, wraps
from types import SimpleNamespace

import numpy as np

from tinytorch import arrays, graph
from tinytorch.arrays import (
    BOOL,
    KINDS,
    as_shape,
    binary,
    cast,
    float16,
    float32,
    float64,
    int8,
    int32,
    int64,
    power,
    promoted,
    reduction,
    select,
    uint8,
    unary,
)
from tinytorch.graph import enable_grad, grad_mode
from tinytorch.tensor import Tensor, default_generator, op

base = sys.modules[Tensor.__module__]  # `tinytorch.tensor` itself is a function by now, as in PyTorch
Size = tuple
inference_mode, set_grad_enabled = graph.inference_mode, graph.set_grad_enabled
DTYPES = {"half": float16, "float": float32, "double": float64, "int": int32, "long": int64, "bool": BOOL}
NAMES = ("Half", "Float", "Double", "Byte", "Char", "Int", "Long", "Bool")  # of legacy types: FloatTensor, LongTensor
TYPES = dict(zip(NAMES, (float16, float32, float64, uint8, int8, int32, int64, BOOL), strict=True))


class Pairs(tuple):
    """The result of max, min, sort and topk: (values, indices), also as attributes."""

    values, indices = (property(operator.itemgetter(i)) for i in (0, 1))


class device(str):
    """The device of a tensor. Here that is always the CPU."""

    type, index = "cpu", None

    def __new__(cls, type: str = "cpu", index: int | None = None):
        if not type.startswith("cpu"):
            raise RuntimeError(f"this course runs on the CPU only, not on {type}: use device('cpu')")
        return super().__new__(cls, "cpu")

    def __repr__(self):
        return "device(type='cpu')"


class Generator:
    """A random generator with its own seed."""

    def __init__(self, device: str = "cpu"):
        self.manual_seed(0)

    def manual_seed(self, seed: int) -> "Generator":
        self.numpy = np.random.default_rng(seed)
        return self


def _random(generator: Generator | None) -> "np.random.Generator":
    return default_generator() if generator is None else generator.numpy


# Functions that NumPy has, and their derivatives

_erf = np.frompyfunc(math.erf, 1, 1)  # exact but slow: NumPy has no error function of its own
ELEMENTWISE = {
    "sin": (np.sin, np.cos),
    "cos": (np.cos, lambda x: -np.sin(x)),
    "log1p": (np.log1p, lambda x: 1 / (1 + x)),
    "log10": (np.log10, lambda x: 1 / (x * math.log(10))),
    "erf": (lambda x: np.asarray(_erf(x)).astype(x.dtype), lambda x: 2 / math.sqrt(math.pi) * np.exp(-x * x)),
}
FROM_RESULT = {
    "reciprocal": (lambda x: 1 / x, lambda out: -out * out),
    "rsqrt": (lambda x: 1 / np.sqrt(x), lambda out: -0.5 * out * out * out),
}


def _elementwise(name: str, function: Callable, slope: Callable) -> Callable:
    """A method; `slope` takes the function's input, or in FROM_RESULT its output: only that one must not change in place."""

    @promoted("float")
    def run(x):
        out = function(x)
        kept = out if name in FROM_RESULT else x
        return out, (lambda grad: grad * slope(kept),)

    run.__name__ = name
    return op(run)


@op
@promoted("float")
def _root(x):
    """The square root, with derivative 0 at 0, as in std and norm."""
    out = np.sqrt(x)
    return out, (lambda grad: select(out != 0, grad * np.divide(0.5, out, out=np.zeros_like(out), where=out != 0)),)


def _flat(function: Callable) -> Callable:
    """A function whose derivative is 0 wherever it exists."""
    return op(wraps(function)(lambda x, **options: (function(x, **options), (lambda grad: np.zeros_like(grad),))))


def _truth(function: Callable) -> Callable:
    """`all` or `any`. The result for uint8 is uint8, the dtype of PyTorch's first masks."""

    @wraps(function)
    def run(x, axis=None, keepdims=False):
        return function(x, axis=axis, keepdims=keepdims).astype(uint8 if x.dtype == uint8 else BOOL)

    return reduction(run)


def _sign(x):
    return x.copy() if x.dtype == BOOL else np.where(x == x, np.sign(x), 0).astype(x.dtype)  # 0 for nan, as in PyTorch


_round = _flat(np.round)


def _along(index: np.ndarray, dim: int) -> tuple:
    """The index that `gather` reads: the same position everywhere, except the one in `index` along `dim`."""
    places = list(np.indices(index.shape, sparse=True))
    places[dim] = np.where(index < 0, np.iinfo(np.int64).max, index)  # PyTorch refuses negative indices here
    return tuple(places)


@op
def _gather(x, dim, index):
    places, shape, dtype = _along(index, dim), x.shape, x.dtype
    return x[places], (lambda grad: _added(np.zeros(shape, dtype), places, grad),)


def _added(full, places, values):
    np.add.at(full, places, values)
    return full


@op
def _scatter_add(x, src, dim, index):
    places, part, shape = _along(index, dim), tuple(map(slice, index.shape)), src.shape

    def to_src(grad):
        full = np.zeros(shape, grad.dtype)
        full[part] = grad[places]
        return full

    return _added(x.copy(), places, src[part]), (lambda grad: grad, to_src)


def _place(array: np.ndarray, index: tuple | Callable) -> tuple:
    """(part, place), so that part[place] can be read and set. `index`: the two parts of `split_index`, or a function to a view."""
    if callable(index):
        return index(array), ...
    first, second = index
    return (array, first) if second is None else (array[first], second)


@op
def _put(x, value, index):
    """A copy of `x` with `value` at `index`."""

    def filled(array, value):
        copy = np.array(array, order="C")  # also of a NumPy scalar
        part, place = _place(copy, index)
        part[place] = value
        return copy

    def to_value(grad):
        part, place = _place(grad, index)
        return part[place]

    return filled(x, value), (lambda grad: filled(grad, 0), to_value)


@op
def _cumsum(x, axis):
    out = np.cumsum(x, axis=axis, dtype=None if x.dtype.kind == "f" else int64)
    return out.reshape(x.shape), (lambda grad: np.flip(np.cumsum(np.flip(np.atleast_1d(grad), axis), axis=axis), axis),)


@op
def _prod(x, axis):
    out = np.prod(x, axis=axis, keepdims=True, dtype=None if x.dtype.kind == "f" else int64)

    def to_x(grad):
        """The product of all other elements: those before times those after."""
        before, after = np.roll(x, 1, axis), np.roll(np.flip(x, axis), 1, axis)
        first = tuple(slice(0, 1) if a == axis % x.ndim else slice(None) for a in range(x.ndim))
        before[first] = after[first] = 1
        return grad * np.cumprod(before, axis) * np.flip(np.cumprod(after, axis), axis)

    return out, (to_x,)


@op
def _triangle(x, shape, k):
    if x.ndim < 2:
        raise RuntimeError(f"a triangle of shape {x.shape} is not defined: give it two axes or more")
    return shape(x, k), (lambda grad: shape(grad, k),)


def _unique(x, numbers):
    return numbers


@op
def _copy(x):
    return x.copy(), (lambda grad: grad,)


@op
def _expand(x, shape):
    out = np.broadcast_to(x, shape)
    if out.size in (0, x.size):  # no number is repeated, so it can change in place
        out = x.reshape(shape) if out.size else np.empty(shape, x.dtype)
    return out, (lambda grad: grad,)  # the engine sums over stretched axes


@op
def _repeat(x, sizes):
    shape = (1,) * (len(sizes) - x.ndim) + x.shape
    pairs = [size for pair in zip(sizes, shape, strict=True) for size in pair]
    return np.tile(x, sizes), (lambda grad: grad.reshape(pairs).sum(axis=tuple(range(0, len(pairs), 2))),)


@op
def _pad(x, widths, value):
    inside = tuple(slice(before, before + size) for (before, _), size in zip(widths, x.shape, strict=True))
    return np.pad(x, widths, constant_values=value), (lambda grad: grad[inside],)


@op
@promoted("any")
def _einsum(*inputs, equation):
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    right = right if arrow else "".join(sorted(c for c in {*left} - {","} if left.count(c) == 1))

    def to_input(i):
        others, shape = [*inputs[:i], *inputs[i + 1 :]], inputs[i].shape  # the input itself may change in place
        names = [right, *terms[:i], *terms[i + 1 :]]

        def gradient(grad):
            kept = "".join(c for c in terms[i] if c in "".join(names))  # what only this input has was summed
            part = np.einsum(f"{','.join(names)}->{kept}", grad, *others, optimize=True)
            summed = tuple(axis for axis, c in enumerate(terms[i]) if c not in kept)
            return np.broadcast_to(np.expand_dims(part, summed), shape)

        return gradient

    return np.einsum(equation, *inputs, optimize=True), tuple(map(to_input, range(len(inputs))))


def einsum(equation: str, *operands: Tensor) -> Tensor:
    """Sums of products, named by their indices: `einsum("ij,jk->ik", a, b)` is `a @ b`. Letters only; `...` isn't supported."""
    return Tensor.apply(_einsum.op, *operands, equation=equation)


def _whole(op: Callable) -> Callable:
    """A division operator that raises for integers divided by 0 (NumPy returns 0)."""

    def divide(self, other):
        left, right = (getattr(x, "array", x) for x in (self, other))
        of_integers = not any(arrays.result_type(x).kind == "f" for x in (left, right))
        if of_integers and np.size(left) and not np.all(right):
            raise RuntimeError("ZeroDivisionError: integers divided by 0: leave those out, or call .float() first")
        return Tensor.apply(op, self, other)

    return divide


def _swapped(operator: Callable) -> Callable:
    """An operator with the tensor on the right."""
    return lambda self, other: operator(other, self)


def _inplace(name: str) -> Callable:
    return lambda self, *args, **options: self.become(getattr(self._follow(), name)(*args, **options))


def _to(dtype: np.dtype) -> Callable:
    return lambda self: self.to(dtype)


def _only_cpu(where: object) -> None:
    device("cpu" if where is None else where)


def _extreme(number: str, place: str, of_two: str) -> Callable:
    def extreme(self, dim: object = None, keepdim: bool = False) -> "Tensor | Pairs":
        """The extreme of all; with a `dim`, (values, indices) along it; with a tensor, the elementwise extreme of the two."""
        if dim is None:
            return getattr(self, number)()
        if isinstance(dim, Tensor):
            return getattr(self, of_two)(dim)
        self._check_dim(dim)
        if self.ndim == 0:
            return Pairs((self.clone(), getattr(self, place)()))
        indices = getattr(self, place)(dim, keepdim=True)
        pair = self.gather(dim, indices), indices
        return Pairs(pair if keepdim else (part.squeeze(dim) for part in pair))

    return extreme


def _product(ndim: int) -> Callable:
    def product(self, other: Tensor) -> Tensor:
        if not self.ndim == other.ndim == ndim:
            raise RuntimeError(f"this product takes {ndim} axes each, not {self.ndim} and {other.ndim}: use @")
        return self @ other

    return product


# One-line methods
SHORT = {
    "__float__": lambda self: float(self.item()),
    "__int__": lambda self: int(self.item()),
    "__index__": lambda self: operator.index(self.item()),
    "__format__": lambda self, spec: format(self.item() if self.ndim == 0 else str(self), spec),
    "__contains__": lambda self, number: (self == number).array.any().item(),
    "dim": lambda self: self.ndim,
    "size": lambda self, dim=None: self.shape if dim is None else self.shape[dim],
    "is_floating_point": lambda self: self.dtype.kind == "f",
    "cpu": lambda self: self,
    "cuda": lambda self, index=None: self.to(device="cuda"),
    "type_as": lambda self, other: self.to(other.dtype),
    "__rtruediv__": lambda self, other: (
        self.reciprocal() * other
    ),  # as in PyTorch: the rule needs neither self nor the result
    "square": lambda self: self**2,
    "round": lambda self, *, decimals=0: _round(self, decimals=decimals),
    "where": lambda self, condition, other: where(condition, self, other),
    "clone": lambda self: _copy(self),
    "contiguous": lambda self: self if self.is_contiguous() else _copy(self),
    "equal": lambda self, other: np.array_equal(self.array, other.array),
    "zero_": lambda self: self.copy_(0),
    "fill_": lambda self, value: self.copy_(value),
    "normal_": lambda self, mean=0, std=1, **options: self.copy_(normal(mean, std, self.shape, **options)),
    "uniform_": lambda self, a=0, b=1, **options: self.copy_(a + (b - a) * base.rand(self.shape, **options)),
    "cumsum": lambda self, dim: _cumsum(self, axis=dim),
    "view_as": lambda self, other: self.view(*other.shape),
    "expand_as": lambda self, other: self.expand(*other.shape),
    "repeat": lambda self, *sizes: _repeat(self, sizes=as_shape(sizes)),
    "chunk": lambda self, chunks, dim=0: self.split(-(-self.shape[dim] // chunks) or [0] * chunks, dim),
    "tril": lambda self, diagonal=0: _triangle(self, shape=np.tril, k=diagonal),
    "triu": lambda self, diagonal=0: _triangle(self, shape=np.triu, k=diagonal),
    "outer": lambda self, other: einsum("i,j->ij", self, other),
    "dot": _product(1),
    "mm": _product(2),
    "bmm": _product(3),
}


class Methods:
    """Methods that `Tensor` gets in addition to those of Module 01."""

    __floordiv__, __mod__ = map(_whole, (np.floor_divide, np.remainder))
    __rfloordiv__, __rmod__, __rpow__ = map(_swapped, (__floordiv__, __mod__, partial(Tensor.apply, power)))
    __and__, __or__, __xor__ = binary(np.bitwise_and), binary(np.bitwise_or), binary(np.bitwise_xor)
    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__
    __invert__, __abs__, __pos__ = unary(np.invert), unary(np.absolute), lambda self: self
    __iadd__, __isub__, __imul__, __itruediv__, __ipow__ = map(_inplace, ("add", "sub", "mul", "div", "pow"))
    isnan, isfinite = unary(np.isnan), unary(np.isfinite)
    floor, ceil, sign = map(_flat, (np.floor, np.ceil, _sign))
    minimum, maximum = binary(np.minimum), binary(np.maximum)
    all, any = _truth(np.all), _truth(np.any)
    locals().update(SHORT)
    locals().update({name: _elementwise(name, *parts) for name, parts in (ELEMENTWISE | FROM_RESULT).items()})

    def add(self, other: object, *, alpha: float = 1) -> Tensor:
        return self + (other if alpha == 1 else alpha * other)

    def sub(self, other: object, *, alpha: float = 1) -> Tensor:
        return self - (other if alpha == 1 else alpha * other)

    def div(self, other: object, *, rounding_mode: str | None = None) -> Tensor:
        """Divide; `rounding_mode="floor"` is `//`, and "trunc" rounds toward 0."""
        if rounding_mode == "trunc":
            self % other  # raises for integers divided by 0
            return _flat(np.trunc)(self / other).to((self * other).dtype)
        return self // other if rounding_mode == "floor" else self / other

    def allclose(self, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
        return np.isclose(self.array, other.array, rtol, atol, equal_nan).all().item()

    def masked_fill(self, mask: Tensor, value: object) -> Tensor:
        if mask.dtype != BOOL:
            raise RuntimeError(f"a mask must be bool, not {mask.dtype}: compare, as in mask != 0")
        value = value.to(self.dtype) if isinstance(value, Tensor) else self.dtype.type(value).item()
        return where(mask, value, self).to(self.dtype)

    # Plain numbers, NumPy, printing

    def __array__(self, dtype=None, copy=None):
        array = np.asarray(self.numpy(), dtype)
        return array.copy() if copy else array

    def __iter__(self):
        if self.ndim == 0:
            raise TypeError("you can't iterate over a tensor without axes: use .item() for its number")
        return iter(self.unbind())

    # dtypes and devices

    device = property(lambda self: device())

    def to(self, *args: object, dtype: object = None, device: str = "cpu", copy: bool = False, **_: object) -> Tensor:
        """Convert to another dtype; `device` may only be the CPU. Returns the same tensor if nothing changes."""
        for arg in args:
            if isinstance(arg, (Tensor, np.dtype)):
                dtype = getattr(arg, "dtype", arg)
            else:
                device = arg
        _only_cpu(device)
        if dtype is None or dtype == self.dtype:
            return self.clone() if copy else self
        return self.apply(cast, self, dtype=dtype)

    def type(self, dtype: object = None) -> "Tensor | str":
        """Convert to a dtype, or to a legacy name such as "torch.FloatTensor"; without an argument, return that name."""
        if dtype is None:
            return next(f"torch.{name}Tensor" for name, dtype in TYPES.items() if dtype == self.dtype)
        if isinstance(dtype, str):
            dtype = TYPES[dtype.removeprefix("torch.").removesuffix("Tensor")]
        return self.to(getattr(dtype, "dtype", dtype))

    # In place

    _view_of = None  # of a view: (tensor, name of the method, its arguments, its options)

    def become(self, out: Tensor) -> Tensor:
        """In place: take over the numbers of `out`, the result of an op, and its graph if that was recorded."""
        tensor = self
        while tensor is not None:
            if grad_mode.enabled and tensor.requires_grad and tensor.is_leaf:
                raise RuntimeError(
                    "a leaf with requires_grad, or a view of it, can't change in place: use no_grad() or x = x + 1"
                )
            tensor = tensor._view_of and tensor._view_of[0]
        if out.shape != self.shape or KINDS[out.dtype.kind] > KINDS[self.dtype.kind]:
            result = f"{out.dtype} {out.shape}"
            raise RuntimeError(f"{result} doesn't fit into {self.dtype} {self.shape} in place: write x = x + y")
        if out.requires_grad:  # in new memory, because a rule may still need the old numbers
            out = out.to(self.dtype)
            if self._view_of:
                whole, again = self._view_of[0], lambda array: _again(self, Tensor.wrap(array)).array
                whole.become(self.apply(_put.op, whole, out, index=again))
                out = _again(self, whole)
            self.array, self.grad_fn, self.requires_grad = out.array, out.grad_fn, True
        else:
            np.copyto(self.array, out.array, casting="unsafe")
            self.increment_version()
        return self

    def _follow(self) -> Tensor:
        """Re-create a view on its tensor's memory, which a recorded in-place step may have replaced."""
        if self._view_of:
            whole = self._view_of[0]._follow()
            if graph.owner(self.array) is not graph.owner(whole.array):
                out = _again(self, whole)
                self.array, self.grad_fn, self.requires_grad = out.array, out.grad_fn, out.requires_grad
        return self

    def __setitem__(self, index, value):
        self._follow()
        index = arrays.split_index(index)
        value = value.reshape(()) if isinstance(value, Tensor) and value.numel() == 1 else value
        if grad_mode.enabled and (self.requires_grad or getattr(value, "requires_grad", False)):
            self.become(self.apply(_put.op, self, value, index=index))
            return
        value = getattr(value, "array", value)
        part, place = _place(self.array, index)
        part[place] = value.copy() if np.may_share_memory(part, value) else value
        self.increment_version()

    def copy_(self, src: object, non_blocking: bool = False) -> Tensor:
        shape = np.shape(getattr(src, "array", src))
        if np.broadcast_shapes(self.shape, shape) != self.shape:
            raise RuntimeError(f"numbers of shape {shape} don't fit into shape {self.shape}: reshape one of them")
        self[...] = src
        return self

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        if self.grad_fn is not None and not requires_grad:
            raise RuntimeError("only a leaf can stop requiring a gradient: use .detach()")
        return _requires_grad_(self, requires_grad)

    # Hooks

    def register_hook(self, hook: Callable) -> object:
        """Call `hook(grad)` when this gradient is complete; if it returns a value, that replaces the gradient."""
        owner = self if self.grad_fn is None else self.grad_fn
        owner.hooks = [*(owner.hooks or ()), hook]
        return SimpleNamespace(remove=lambda: owner.hooks.remove(hook))

    def retain_grad(self) -> None:
        """Keep `.grad` of a tensor that isn't a leaf."""
        if self.grad_fn is not None:
            self.register_hook(lambda grad: setattr(self, "grad", grad if self.grad is None else self.grad + grad))

    def _check_dim(self, *dims: int) -> None:
        """Raise IndexError if an axis doesn't exist; a tensor without axes accepts 0 and -1."""
        count = max(1, self.ndim)
        if any(not -count <= dim < count for dim in dims if dim is not None):
            raise IndexError(f"axes go from {-count} to {count - 1}, and {dims} is out of range: print the shape")

    # Reductions

    max, min = _extreme("amax", "argmax", "maximum"), _extreme("amin", "argmin", "minimum")

    def prod(self, dim: int | None = None, keepdim: bool = False) -> Tensor:
        self._check_dim(dim)
        flat = self.reshape(-1) if dim is None or self.ndim == 0 else self
        axis = 0 if flat is not self else dim
        out = _prod(flat, axis=axis)
        return out if keepdim and flat is self else out.squeeze(axis)

    def var(self, dim: object = None, unbiased: bool = True, keepdim: bool = False, *, correction: int = 1) -> Tensor:
        """Sum of squared distances from the mean, divided by n - correction; `unbiased=False` is a correction of 0."""
        dim, unbiased = (None, dim) if isinstance(dim, bool) else (dim, unbiased)
        squares = (self - self.mean(dim, keepdim=True)) ** 2
        total = squares.sum(dim, keepdim)
        return total / max(0, self.numel() / max(1, total.numel()) - (correction if unbiased else 0))

    def std(self, *args: object, **options: object) -> Tensor:
        """The square root of `var`, which takes the same arguments."""
        return _root(self.var(*args, **options))

    def norm(self, p: float = 2, dim: object = None, keepdim: bool = False) -> Tensor:
        """(sum of |x| to the power p) to the power 1 / p, a vector's length; for p = inf, the largest |x|."""
        if p in (2, "fro"):
            return _root((self * self).sum(dim, keepdim))
        if math.isinf(p):
            return self.abs().amax(dim, keepdim) if p > 0 else self.abs().amin(dim, keepdim)
        return self.abs().sum(dim, keepdim) if p == 1 else (self.abs() ** p).sum(dim, keepdim) ** (1 / p)

    def logsumexp(self, dim: object, keepdim: bool = False) -> Tensor:
        """log of the sum of exp, without overflow."""
        self = self if self.is_floating_point() else self.to(float32)
        top = np.max(self.array, axis=self.axes(dim), keepdims=True, initial=-math.inf)
        top = Tensor.wrap(np.where(np.isfinite(top), top, 0).astype(self.dtype))
        out = (self - top).exp().sum(dim, keepdim=True).log() + top
        return out if keepdim else out.squeeze(dim)

    def unique(self, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False) -> object:
        results = np.unique(self.array, True, return_inverse, return_counts, equal_nan=False)
        values = self.apply(_unique, self, numbers=results[0])  # without a rule, so that backward raises, as in PyTorch
        others = tuple(map(Tensor.wrap, results[2:]))
        return (values, *others) if others else values

    # Sorting and picking

    def sort(self, dim: int = -1, descending: bool = False, stable: bool = True) -> Pairs:
        """(values, indices) in order along an axis; equal numbers keep their order."""
        self._check_dim(dim)
        if self.ndim == 0:
            return Pairs((self.clone(), Tensor(0)))
        line = np.flip(self.array, dim) if descending else self.array
        order = np.argsort(line, axis=dim, kind="stable")
        order = self.shape[dim] - 1 - np.flip(order, dim) if descending else order
        return Pairs((self.gather(dim, Tensor.wrap(order)), Tensor.wrap(order)))

    def topk(self, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Pairs:
        """(values, indices) of the k largest or smallest, the best first; of equal numbers, the first ones."""
        if k > self.shape[dim]:
            raise RuntimeError(f"axis {dim} has only {self.shape[dim]} numbers: choose a k up to that, not {k}")
        order = self.sort(dim, largest).indices.array.take(range(k), axis=dim)
        return Pairs((self.gather(dim, Tensor.wrap(order)), Tensor.wrap(order)))

    def gather(self, dim: int, index: Tensor) -> Tensor:
        """Along `dim`, the numbers at the positions in `index`: for dim 0, `out[i, j]` is `x[index[i, j], j]`."""
        if self.ndim == 0:
            return self.reshape(1).gather(dim, index.reshape(-1)).reshape(index.shape)
        return _gather(self, dim=dim, index=index.array)

    def scatter_add(self, dim: int, index: Tensor, src: Tensor) -> Tensor:
        """A copy with `src` added at the positions in `index`: the reverse of `gather`."""
        return self.apply(_scatter_add.op, self, src, dim=dim, index=index.array)

    def multinomial(self, num_samples: int, replacement: bool = False, *, generator: Generator | None = None) -> Tensor:
        """Draw indices with these weights as probabilities; for a table, separately for each row."""
        weights = self.array.astype(float64).reshape(-1, self.shape[-1])
        if not (np.isfinite(weights).all() and (weights >= 0).all() and (weights.sum(axis=1) > 0).all()):
            raise RuntimeError("weights must be finite and not negative, with a sum above 0: print them to see which")
        draw = _random(generator).choice
        rows = [draw(len(row), num_samples, replacement, row / row.sum()) for row in weights]
        return Tensor(np.reshape(rows, (*self.shape[:-1], num_samples)), dtype=int64)

    # Shapes

    def view(self, *shape: int) -> Tensor:
        """The same memory in another shape."""
        if self.ndim == 4 and self._view_of is None and self.array.transpose(0, 2, 3, 1).flags.c_contiguous:
            self.array = np.ascontiguousarray(self.array)  # an image op's result, which PyTorch stores in this order
        out = self.reshape(*shape)
        if self.numel() and not np.may_share_memory(self.array, out.array):
            raise RuntimeError(
                f"strides {self.stride()} allow no view of shape {out.shape}: use .reshape(...), which copies"
            )
        return out

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> Tensor:
        self._check_dim(start_dim, end_dim)
        if self.ndim == 0:
            return self.reshape(1)
        start, end = start_dim % self.ndim, end_dim % self.ndim + 1
        if start >= end:
            raise RuntimeError(f"start_dim {start_dim} comes after end_dim {end_dim}: swap them")
        if start + 1 == end:
            return self
        return self.reshape(*self.shape[:start], math.prod(self.shape[start:end]), *self.shape[end:])

    def expand(self, *sizes: int) -> Tensor:
        """Stretch axes of size 1, without copying; -1 leaves an axis as it is."""
        sizes = as_shape(sizes)
        own = (-1,) * (len(sizes) - self.ndim) + self.shape  # a new axis has no size to keep
        return _expand(self, shape=tuple(mine if size == -1 else size for size, mine in zip(sizes, own, strict=True)))

    def t(self) -> Tensor:
        if self.ndim > 2:
            raise RuntimeError(f"t() is for matrices, and this has {self.ndim} axes: use transpose(dim0, dim1)")
        return self.T

    def unbind(self, dim: int = 0) -> tuple:
        """The parts along an axis, without that axis."""
        return tuple(self[(*[slice(None)] * (dim % self.ndim), i)] for i in range(self.shape[dim]))

    def split(self, split_size: int | Sequence[int], dim: int = 0) -> tuple:
        """Split into pieces of one size (the last may be smaller), or of the sizes in a list."""
        length, sizes = self.shape[dim], split_size
        if isinstance(sizes, int):
            sizes = [min(sizes, length - i) for i in range(0, length, sizes)] or [0]
        if sum(sizes) != length:
            raise RuntimeError(f"the sizes {list(sizes)} don't add up to {length}, the size of axis {dim}: change one")
        ends, before = np.cumsum(sizes).tolist(), [slice(None)] * (dim % self.ndim)
        return tuple(self[(*before, slice(end - size, end))] for size, end in zip(sizes, ends, strict=True))


def _numpy_spelling(method: Callable) -> Callable:
    """NumPy's axis= and keepdims= mean PyTorch's dim= and keepdim=; with dtype=, numbers are converted first."""

    @wraps(method)
    def either(self, *args, axis=None, keepdims=None, dtype=None, **options):
        options |= {} if axis is None else {"dim": axis}
        options |= {} if keepdims is None else {"keepdim": keepdims}
        if dtype is None:
            return method(self, *args, **options)
        if dtype.kind != "f" and self.requires_grad and grad_mode.enabled:
            raise RuntimeError(f"{dtype} has no gradient, and this tensor requires one: use .detach() first")
        return method(self.to(dtype), *args, **options).to(dtype)

    return either


def _remembering(name: str) -> Callable:
    """A method that makes views: each keeps its tensor and arguments, so a recorded in-place step also reaches that tensor."""
    method = getattr(Tensor, name)

    @wraps(method)
    def view(self, *args, **options):
        out = method(self, *args, **options)
        if grad_mode.enabled and graph.owner(out.array) is graph.owner(self.array):
            out._view_of = self, name, args, options
        return out

    return view


def _again(view: Tensor, whole: Tensor) -> Tensor:
    """The same view of another tensor."""
    _, name, args, options = view._view_of
    return getattr(whole, name)(*args, **options)


def _wider(method: Callable, dtypes: dict) -> Callable:
    """Compute in a dtype with more digits and a wider range, as PyTorch does internally."""

    @wraps(method)
    def either(self, *args, **options):
        wide = dtypes.get(self.dtype)
        return (
            method(self, *args, **options) if wide is None else method(self.to(wide), *args, **options).to(self.dtype)
        )

    return either


def _from_module_02(name: str) -> Callable:
    def activation(self, *args, **options):
        from tinytorch import activations

        return getattr(activations, name)(self, *args, **options)

    return activation


ALIASES = {"mul": "__mul__", "pow": "__pow__", "matmul": "__matmul__", "neg": "__neg__", "nelement": "numel"}
ALIASES |= {name: f"__{name}__" for name in ("eq", "ne", "lt", "le", "gt", "ge")}
INPLACE = "abs add clamp div exp floor masked_fill mul neg pow relu round scatter_add sigmoid sqrt square sub tanh"
REDUCTIONS = "all any amax amin argmax argmin cumsum log_softmax logsumexp max mean min norm prod softmax std sum var"
WIDER = {
    "cumsum": {float16: float32}
}  # a sum of float16 soon exceeds 65504, and the square of 1e30 is infinite in float32
WIDER |= dict.fromkeys(("norm", "std", "var"), {float16: float32, float32: float64})
VIEWS = "__getitem__ expand permute reshape squeeze transpose unsqueeze"
_requires_grad_ = Tensor.requires_grad_
for _name, _method in {**vars(Methods)}.items():
    if callable(_method) or isinstance(_method, property) or _name == "_view_of":
        setattr(Tensor, _name, _method)
for _name, _dtype in DTYPES.items():
    setattr(Tensor, _name, _to(_dtype))
for _name, _other in ALIASES.items():
    setattr(Tensor, _name, getattr(Tensor, _other))
for _name in ("relu", "sigmoid", "tanh", "softmax", "log_softmax"):
    setattr(Tensor, _name, _from_module_02(_name))
for _name in INPLACE.split():
    setattr(Tensor, f"{_name}_", _inplace(_name))
for _name, _dtypes in WIDER.items():
    setattr(Tensor, _name, _wider(getattr(Tensor, _name), _dtypes))
for _name in VIEWS.split():
    setattr(Tensor, _name, _remembering(_name))
for _name in REDUCTIONS.split():
    setattr(Tensor, _name, _numpy_spelling(getattr(Tensor, _name)))


# Making tensors


def _creator(make: Callable) -> Callable:
    """Let a function that makes tensors also take size=, device= and dtype=None."""

    @wraps(make)
    def create(*args, size=None, device=None, dtype=None, **options):
        _only_cpu(device)
        options |= {} if dtype is None else {"dtype": dtype}
        return make(*args, *([] if size is None else [size]), **options)

    return create


@_creator
def full(size: Sequence[int], fill_value: float, dtype: np.dtype | None = None, requires_grad: bool = False) -> Tensor:
    return Tensor(np.full(size, getattr(fill_value, "array", fill_value)), dtype=dtype, requires_grad=requires_grad)


@_creator
def eye(n: int, m: int | None = None, dtype: np.dtype = float32, requires_grad: bool = False) -> Tensor:
    return Tensor(np.eye(n, m), dtype=dtype, requires_grad=requires_grad)


@_creator
def linspace(start: float, end: float, steps: int, dtype: np.dtype = float32, requires_grad: bool = False) -> Tensor:
    """`steps` evenly spaced numbers from `start` to `end`; as in PyTorch, the second half is counted from the end."""
    places, step = np.arange(steps), (end - start) / max(1, steps - 1)
    numbers = np.where(places < (steps // 2 or 1), start + step * places, end - step * (steps - 1 - places))
    return Tensor(numbers, dtype=dtype, requires_grad=requires_grad)


@_creator
def randint(
    *bounds_and_size: object, generator: Generator | None = None, dtype: np.dtype = int64, **options: object
) -> Tensor:
    """Random integers from low to high - 1: `randint(low, high, size)`, or `randint(high, size)` from 0."""
    *bounds, size = bounds_and_size
    low, high = [0, *bounds, *(options.pop(name) for name in ("low", "high") if name in options)][-2:]
    return Tensor(_random(generator).integers(low, high, size), dtype=dtype, **options)


@_creator
def randperm(n: int, *, generator: Generator | None = None, dtype: np.dtype = int64) -> Tensor:
    """The numbers from 0 to n - 1 in random order."""
    return Tensor(_random(generator).permutation(n), dtype=dtype)


@_creator
def arange(*start_end_step: float, **options: object) -> Tensor:
    """Evenly spaced numbers: `arange(end)` or `arange(start, end, step)`, also by name."""
    bounds = (*start_end_step, *(options.pop(name) for name in ("start", "end", "step") if name in options))
    dtype = options.get("dtype", float32)
    if dtype.kind != "f" and any(isinstance(number, float) for number in bounds):  # PyTorch first truncates fractions,
        start, end, step = (0, *bounds, 1) if len(bounds) == 1 else (*bounds, 1)[:3]
        start, count, step = int(start), math.ceil((end - start) / step), int(step)
        if dtype != int64:  # but before counting only for int64
            return base.tensor(start + step * np.arange(max(0, count)), **options)
        bounds = start, int(end), step
    return base.arange(*bounds, **options)


zeros, ones, rand, randn, tensor = map(_creator, (base.zeros, base.ones, base.rand, base.randn, base.tensor))
empty = zeros


def normal(mean: object = 0.0, std: object = 1.0, size: Sequence[int] | None = None, **options: object) -> Tensor:
    """Normal random numbers with this mean and standard deviation; either may be a tensor."""
    shape = np.broadcast_shapes(np.shape(mean), np.shape(std)) if size is None else size
    return mean + std * randn(shape, **options)


def _like(make: Callable) -> Callable:
    return lambda input, *args, dtype=None, **options: make(input.shape, *args, dtype=dtype or input.dtype, **options)


zeros_like, ones_like, full_like, rand_like, randn_like = map(_like, (zeros, ones, full, rand, randn))


def _of_type(dtype: np.dtype) -> Callable:
    """`FloatTensor([1.5])` takes numbers, `FloatTensor(2, 3)` a shape."""

    def make(*data: object) -> Tensor:
        is_shape = not data or isinstance(data[0], int)
        return base.zeros(data or (0,), dtype=dtype) if is_shape else base.tensor(*data, dtype=dtype)

    make.dtype = dtype
    return make


globals().update({f"{name}Tensor": _of_type(dtype) for name, dtype in TYPES.items()})


def from_numpy(array: np.ndarray) -> Tensor:
    """A tensor that shares an array's memory and dtype: changing one in place changes the other."""
    return Tensor.wrap(array)


def as_tensor(data: object, dtype: np.dtype | None = None, device: str = "cpu") -> Tensor:
    """A tensor from `data` that shares its memory if possible."""
    out = from_numpy(data) if isinstance(data, np.ndarray) else data if isinstance(data, Tensor) else tensor(data)
    return out.to(device, dtype=dtype)


def is_tensor(obj: object) -> bool:
    return isinstance(obj, Tensor)


def is_grad_enabled() -> bool:
    return grad_mode.enabled


def where(condition: Tensor, input: object = None, other: object = None) -> "Tensor | tuple":
    """`input` where `condition` is true, `other` elsewhere; with a condition alone, the indices where it is true."""
    if input is None:
        return tuple(Tensor.wrap(place.copy()) for place in np.nonzero(np.atleast_1d(condition.array)))
    if condition.dtype not in (BOOL, uint8):
        raise RuntimeError(f"a mask must be bool, not {condition.dtype}: compare, as in mask != 0")
    return base.where(condition, input, other)


def set_num_threads(num_threads: int) -> None:
    """Does nothing: NumPy's matrix products take the number of threads from the environment, as in OPENBLAS_NUM_THREADS=1."""


def set_printoptions(profile: str | None = None, sci_mode: bool | None = None, **options: int) -> None:
    """Set how tensors are printed.

    Args:
        profile: "default", "short" or "full" sets all the other options.
        sci_mode: always use an exponent, or never; None decides by the numbers.
        options: `precision`, digits after the decimal point; `threshold`, how many numbers it takes to summarize a tensor, with
            `edgeitems` numbers at each end; `linewidth`, characters per line.
    """
    profiles = {"default": (4, 1000), "short": (2, 1000), "full": (4, math.inf)}
    if profile is not None:
        precision, threshold = profiles[profile]
        edgeitems = 2 if profile == "short" else 3
        options = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": 80, **options}
    arrays.PRINT_OPTIONS.update(options, sci_mode=sci_mode)


def one_hot(input: Tensor, num_classes: int = -1) -> Tensor:
    """A one-hot row for each class number."""
    classes = num_classes if num_classes != -1 else int(input.array.max()) + 1
    if input.dtype != int64 or input.numel() and not 0 <= input.array.min() <= input.array.max() < classes:
        raise RuntimeError(f"class numbers must be int64, from 0 to {classes - 1}: check the {input.dtype} input")
    return Tensor.wrap((input.array[..., None] == np.arange(classes)).astype(int64))


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """Divide by the norm along an axis."""
    return input / input.norm(p, dim, keepdim=True).clamp(min=eps)


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """Pad with a number: `pad` has two widths per axis, the last axis first. A negative width crops."""
    if mode != "constant":
        raise ValueError(f"only mode='constant' is supported: leave out mode={mode!r}")
    pairs = list(zip(pad[::2], pad[1::2], strict=True))[::-1]
    pairs = [(0, 0)] * (input.ndim - len(pairs)) + pairs
    if min(pad, default=0) < 0:
        cut = [(max(0, -before), max(0, -after)) for before, after in pairs]
        if any(size < sum(both) for size, both in zip(input.shape, cut, strict=True)):
            raise RuntimeError(f"{tuple(pad)} crops more than shape {input.shape} has: choose smaller widths")
        input = input[tuple(slice(first, n - last) for n, (first, last) in zip(input.shape, cut, strict=True))]
        pairs = [(max(0, before), max(0, after)) for before, after in pairs]
    return _pad(input, widths=pairs, value=value or 0)


def grad(
    outputs: object, inputs: object, grad_outputs: object = None, retain_graph: bool = False, allow_unused: bool = False
) -> tuple:
    """The gradients of `outputs` with respect to `inputs`, as a tuple; leaves every `.grad` unchanged."""
    outputs, inputs = ([x] if isinstance(x, Tensor) else list(x) for x in (outputs, inputs))
    starts = grad_outputs if isinstance(grad_outputs, (list, tuple)) else [grad_outputs] * len(outputs)
    collected, handles, before = {}, [], grad_mode.collected
    for x in inputs:
        if x.grad_fn is not None:
            handles.append(x.register_hook(lambda part, x=x: collected.setdefault(x, []).append(part.array)))
    grad_mode.collected = collected
    try:
        for output, start in zip(outputs, starts, strict=True):
            output.backward(start, retain_graph)
    finally:
        grad_mode.collected = before
        for handle in handles:
            handle.remove()
    if not allow_unused and any(x not in collected for x in inputs):
        raise RuntimeError("the outputs don't depend on one of the inputs: leave it out, or pass allow_unused=True")
    return tuple(Tensor.wrap(sum(collected[x])) if x in collected else None for x in inputs)


if autograd := sys.modules.get("tinytorch.autograd"):  # there since Module 05
    autograd.grad, autograd.enable_grad = grad, enable_grad


def __getattr__(name: str) -> object:
    """Names that shadow Python's builtins, and every method as a function."""
    if name in DTYPES:
        return DTYPES[name]
    method = getattr(Tensor, name, None)
    if name.startswith("_") or not callable(method):
        raise AttributeError(f"{__name__} has no {name}")

    def function(input, *args, **options):
        if not isinstance(input, Tensor):  # pow(2, x)
            if not any(isinstance(x, Tensor) for x in args):
                raise TypeError(f"{name} takes a tensor, not {type(input).__name__}: use math.{name}, or tensor(...)")
            input = base.tensor(input)
        return getattr(input, name)(*args, **options)

    function.__name__, function.__doc__, function.__wrapped__ = (
        name,
        method.__doc__,
        method,
    )  # `wraps` does more, and takes longer
    return function
