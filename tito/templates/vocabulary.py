"""The rest of PyTorch's vocabulary: what first programs say, and no lesson is about.

Everything is built on the `Tensor.apply` and the ops that you wrote. An op that has a gradient returns (array, backward), where backward
has one function for each input. `Methods` become methods of Tensor; most are functions as well: `tinytorch.sin(x)` calls `x.sin()`.
"""

import math
import sys
from collections import namedtuple
from collections.abc import Callable, Sequence
from functools import wraps

import numpy as np

from tinytorch import arrays
from tinytorch.arrays import KINDS, float16, float32, float64, int8, int16, int32, int64, promoted, uint8
from tinytorch.graph import enable_grad, grad_mode, no_grad
from tinytorch.tensor import Tensor, as_shape, binary, cast, comparison, default_generator, op, unary

base = sys.modules[Tensor.__module__]  # `tinytorch.tensor` itself is a function by now, as in PyTorch
Pairs = namedtuple("Pairs", ["values", "indices"])
Size = tuple


DTYPES = {
    "half": float16,
    "float": float32,
    "double": float64,
    "short": int16,
    "int": int32,
    "long": int64,
    "bool": np.dtype(np.bool_),
}


class device:
    """Where tensors live. Here that is always the CPU."""

    def __init__(self, type: "str | device", index: int | None = None):
        if not str(getattr(type, "type", type)).startswith("cpu"):
            raise RuntimeError(f"this course computes on the CPU, and not on {type}: use device('cpu')")
        self.type, self.index = "cpu", index

    def __eq__(self, other):
        return isinstance(other, device)

    def __hash__(self):
        return hash("cpu")

    def __repr__(self):
        return "device(type='cpu')"

    def __str__(self):
        return "cpu"


class Generator:
    """A source of random numbers with a seed of its own."""

    def __init__(self, device: object = "cpu"):
        self.manual_seed(0)

    def manual_seed(self, seed: int) -> "Generator":
        self.numpy = np.random.default_rng(seed)
        return self

    def get_state(self) -> dict:
        return self.numpy.bit_generator.state

    def set_state(self, state: dict) -> None:
        self.numpy.bit_generator.state = state


class inference_mode(no_grad):
    """The same as `no_grad`, under the name that PyTorch recommends for inference."""

    def __new__(cls, mode: bool | Callable = True):
        return super().__new__(cls, mode if callable(mode) else None)

    def __init__(self, mode: bool = True):
        self.enabled = not mode


class set_grad_enabled(no_grad):
    """Switch recording on or off: at once, and back at the end if it is used as a block."""

    def __new__(cls, mode: bool):
        return super().__new__(cls)

    def __init__(self, mode: bool):
        self.enabled, self.outside = mode, grad_mode.enabled
        grad_mode.enabled = mode

    def __exit__(self, *error):
        super().__exit__()
        grad_mode.enabled = self.outside


def is_grad_enabled() -> bool:
    return grad_mode.enabled


# Ops that NumPy has, and their slope at x, where the result is y

erf = np.vectorize(math.erf, otypes=[float64])  # right, and slow: NumPy has no error function of its own
ELEMENTWISE = {
    "sin": (np.sin, lambda x, y: np.cos(x)),
    "cos": (np.cos, lambda x, y: -np.sin(x)),
    "log1p": (np.log1p, lambda x, y: 1 / (1 + x)),
    "log2": (np.log2, lambda x, y: 1 / (x * math.log(2))),
    "log10": (np.log10, lambda x, y: 1 / (x * math.log(10))),
    "erf": (lambda x: erf(x).astype(x.dtype), lambda x, y: 2 / math.sqrt(math.pi) * np.exp(-x * x)),
    "reciprocal": (lambda x: 1 / x, lambda x, y: -y * y),
    "rsqrt": (lambda x: 1 / np.sqrt(x), lambda x, y: -y / (2 * x)),
}
STEPS = {"floor": np.floor, "ceil": np.ceil, "trunc": np.trunc, "sign": np.sign}  # flat, wherever they have a slope


def _elementwise(function: Callable, slope: Callable) -> Callable:
    @promoted("float")
    def run(x):
        y = function(x)
        return y, (lambda grad: grad * slope(x, y),)

    return op(run)


def _step(function: Callable) -> Callable:
    return op(lambda x: (function(x), (np.zeros_like,)))


def _along(index: np.ndarray, dim: int) -> tuple:
    """The places that `gather` reads: everywhere the same place, but along `dim` the one in `index`."""
    places = list(np.indices(index.shape, sparse=True))
    places[dim] = np.where(index < 0, np.iinfo(np.int64).max, index)  # PyTorch does not count from the end here
    return tuple(places)


@op
def _gather(x, dim, index):
    places = _along(index, dim)

    def to_x(grad):
        full = np.zeros(x.shape, x.dtype)
        np.add.at(full, places, grad)
        return full

    return x[places], (to_x,)


@op
def _scatter(x, src, dim, index, add):
    out, places, part = x.copy(), _along(index, dim), tuple(map(slice, index.shape))
    src = np.broadcast_to(src, index.shape) if np.ndim(src) == 0 else src
    (np.add.at if add else np.ndarray.__setitem__)(out, places, src[part])

    def to_x(grad):
        grad = grad.copy()
        grad[places] *= add
        return grad

    def to_src(grad):
        full = np.zeros(src.shape, grad.dtype)
        full[part] = grad[places]
        return full

    return out, (to_x, to_src)


@op
def _put(x, value, index):
    """A copy of `x` with `value` at `index`, which comes in the two parts of `split_index`."""
    first, second = index

    def at(array):
        return (array, first) if second is None else (array[first], second)

    out = x.copy()
    np.ndarray.__setitem__(*at(out), value)

    def to_x(grad):
        grad = grad.copy()
        np.ndarray.__setitem__(*at(grad), 0)
        return grad

    return out, (to_x, lambda grad: np.ndarray.__getitem__(*at(grad)))


@op
def _cumsum(x, axis):
    out = np.cumsum(x, axis=axis, dtype=None if x.dtype.kind == "f" else int64)
    return out, (lambda grad: np.flip(np.cumsum(np.flip(grad, axis), axis=axis), axis),)


@op
def _prod(x, axis, keepdims):
    out = np.prod(x, axis=axis, keepdims=keepdims, dtype=None if x.dtype.kind == "f" else int64)

    def to_x(grad):
        """The product of all others: of those before, and of those after."""
        line = np.moveaxis(x, axis, 0) if axis is not None else x.reshape(-1)
        ones = np.ones_like(line[:1])
        before = np.cumprod(np.concatenate([ones, line[:-1]]), axis=0)
        after = np.cumprod(np.concatenate([ones, line[:0:-1]]), axis=0)[::-1]
        others = np.moveaxis(before * after, 0, axis) if axis is not None else (before * after).reshape(x.shape)
        return others * (grad if axis is None or keepdims else np.expand_dims(grad, axis))

    return out, (to_x,)


@op
@promoted("float")
def _norm(x, axis, keepdims):
    out = np.sqrt(arrays.add_up(x * x, axis=axis, keepdims=True))
    unit = np.divide(x, out, out=np.zeros_like(x), where=out != 0)
    shape = arrays.add_up(x, axis=axis, keepdims=keepdims).shape
    return out.reshape(shape), (lambda grad: unit * grad.reshape(out.shape),)


@op
@promoted("float")
def _logsumexp(x, axis, keepdims):
    top = np.max(x, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, np.zeros_like(top))
    whole = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    out = whole if keepdims else np.squeeze(whole, axis)
    return out, (lambda grad: grad.reshape(whole.shape) * np.exp(x - whole),)


@op
def _triangle(x, function, k):
    return function(x, k), (lambda grad: function(grad, k),)


@op
def _copy(x):
    return x.copy(), (lambda grad: grad,)


@op
def _expand(x, shape):
    return np.broadcast_to(x, shape), (lambda grad: grad,)  # the engine adds up what was stretched


@op
def _repeat(x, sizes):
    whole = (1,) * (len(sizes) - x.ndim) + x.shape
    pairs = [part for pair in zip(sizes, whole, strict=True) for part in pair]
    return np.tile(x, sizes), (
        lambda grad: grad.reshape(pairs).sum(axis=tuple(range(0, len(pairs), 2))).reshape(x.shape),
    )


@op
def _flip(x, axis):
    return np.flip(x, axis), (lambda grad: np.flip(grad, axis),)


@op
def _pad(x, widths, value):
    inside = tuple(slice(before, before + size) for (before, _), size in zip(widths, x.shape, strict=True))
    return np.pad(x, widths, constant_values=value), (lambda grad: grad[inside],)


@op
@promoted("any")
def _einsum(*inputs, equation):
    left, _, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    right = right if "->" in equation else "".join(sorted(c for c in set(left) - {","} if left.count(c) == 1))

    def to_input(i):
        def gradient(grad):
            others = [right, *(term for j, term in enumerate(terms) if j != i)]
            kept = "".join(
                c for c in terms[i] if any(c in other for other in others)
            )  # what only this input has was summed
            values = [grad, *(x for j, x in enumerate(inputs) if j != i)]
            part = np.einsum(f"{','.join(others)}->{kept}", *values, optimize=True)
            summed = tuple(axis for axis, c in enumerate(terms[i]) if c not in kept)
            return np.broadcast_to(np.expand_dims(part, summed), inputs[i].shape)

        return gradient

    return np.einsum(equation, *inputs, optimize=True), tuple(map(to_input, range(len(inputs))))


def einsum(equation: str, *operands: Tensor) -> Tensor:
    """Sums of products by their indices: `einsum("ij,jk->ik", a, b)` is `a @ b`. Letters only, without `...`."""
    return Tensor.apply(_einsum.op, *operands, equation=equation)


def _inplace(name: str) -> Callable:
    return lambda self, *args, **options: self.become(getattr(self, name)(*args, **options))


def _to(dtype: np.dtype) -> Callable:
    return lambda self: self.to(dtype)


class Methods:
    """What `Tensor` gets besides the methods of Module 01."""

    # Operators

    __iadd__, __isub__, __imul__, __itruediv__, __ipow__ = map(_inplace, ("add", "sub", "mul", "div", "pow"))
    __floordiv__, __mod__ = binary(np.floor_divide), binary(np.remainder)
    __and__, __or__, __xor__ = binary(np.bitwise_and), binary(np.bitwise_or), binary(np.bitwise_xor)
    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__
    __invert__, __abs__ = unary(np.invert), unary(np.absolute)
    mul, pow, matmul, minimum = (binary(f) for f in (np.multiply, base.power, np.matmul, np.minimum))
    maximum, eq, ne = binary(np.maximum), comparison(np.equal), comparison(np.not_equal)
    lt, le, gt, ge = (comparison(f) for f in (np.less, np.less_equal, np.greater, np.greater_equal))
    neg, isnan, isfinite, isinf = map(unary, (np.negative, np.isnan, np.isfinite, np.isinf))
    logical_not, logical_and, logical_or = unary(np.logical_not), binary(np.logical_and), binary(np.logical_or)

    def __rpow__(self, other):
        return self.apply(base.power, other, self)

    def __rfloordiv__(self, other):
        return self.apply(np.floor_divide, other, self)

    def __rmod__(self, other):
        return self.apply(np.remainder, other, self)

    def __pos__(self):
        return self

    def add(self, other: object, *, alpha: float = 1) -> Tensor:
        return self + (other if alpha == 1 else alpha * other)

    def sub(self, other: object, *, alpha: float = 1) -> Tensor:
        return self - (other if alpha == 1 else alpha * other)

    def div(self, other: object, *, rounding_mode: str | None = None) -> Tensor:
        return {None: lambda x: x, "floor": Methods.floor, "trunc": Methods.trunc}[rounding_mode](self / other)

    # Plain numbers, NumPy, printing

    def __float__(self):
        return float(self.item())

    def __int__(self):
        return int(self.item())

    def __index__(self):
        return self.item().__index__()

    def __format__(self, spec):
        return format(self.item() if self.ndim == 0 else str(self), spec)

    def __array__(self, dtype=None, copy=None):
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __iter__(self):
        if self.ndim == 0:
            raise TypeError("a tensor without axes has no parts to iterate over: use .item() for its number")
        return iter([self[i] for i in range(len(self))])

    def __contains__(self, number):
        return bool((self == number).array.any())

    def dim(self) -> int:
        return self.ndim

    def size(self, dim: int | None = None) -> tuple | int:
        return self.shape if dim is None else self.shape[dim]

    def element_size(self) -> int:
        return self.array.itemsize

    def is_floating_point(self) -> bool:
        return self.dtype.kind == "f"

    nelement = Tensor.numel
    device = property(lambda self: device("cpu"))
    is_cuda = property(lambda self: False)
    itemsize = property(element_size)
    mT = property(lambda self: self.transpose(-1, -2))

    # dtypes and devices

    def to(
        self, *args: object, dtype: np.dtype | None = None, device: object = "cpu", copy: bool = False, **ignored
    ) -> Tensor:
        """With another dtype; `device` may be the CPU. The same tensor, if that changes nothing."""
        for arg in args:
            if isinstance(arg, Tensor):
                dtype = arg.dtype
            elif isinstance(arg, np.dtype):
                dtype = arg
            else:
                device = arg
        _on_cpu(device)
        same = dtype is None or dtype == self.dtype
        return (self.clone() if copy else self) if same else self.apply(cast, self, dtype=dtype)

    def type(self, dtype: object = None, non_blocking: bool = False) -> "Tensor | str":
        names = {
            float32: "Float",
            float64: "Double",
            float16: "Half",
            int64: "Long",
            int32: "Int",
            int16: "Short",
            int8: "Char",
        }
        if dtype is None:
            return f"torch.{names.get(self.dtype, 'Byte' if self.dtype == uint8 else 'Bool')}Tensor"
        return self.to({FloatTensor: float32, LongTensor: int64}.get(dtype, dtype))

    def type_as(self, other: Tensor) -> Tensor:
        return self.to(other.dtype)

    def cpu(self) -> Tensor:
        return self

    def cuda(self, device_: object = "cuda") -> Tensor:
        return self.to(device=device_)

    # In place

    def become(self, out: Tensor) -> Tensor:
        """In place: take over the numbers of `out`, the result of an op, and its history if that was recorded."""
        if out.requires_grad and self.requires_grad and self.is_leaf:
            raise RuntimeError(
                "a leaf that requires a gradient cannot change in place: use no_grad(), or write x = x + 1"
            )
        if out.shape != self.shape or KINDS[out.dtype.kind] > KINDS[self.dtype.kind]:
            here, there = f"{self.dtype} {self.shape}", f"{out.dtype} {out.shape}"
            raise RuntimeError(
                f"the result, {there}, does not fit into {here}: write x = x + y, which makes a new tensor"
            )
        if out.requires_grad:  # in memory of its own, because a rule may still need the old numbers
            out = out.to(self.dtype)
            self.array, self.grad_fn, self.requires_grad = out.array, out.grad_fn, True
        else:
            np.copyto(self.array, out.array, casting="unsafe")
            self.increment_version()
        return self

    def __setitem__(self, index, value):
        index = arrays.split_index(index)
        recorded = grad_mode.enabled and (self.requires_grad or getattr(value, "requires_grad", False))
        if recorded or self.array.base is not None:
            self.become(self.apply(_put.op, self, value, index=index))
            return
        first, second = index
        array, place = (self.array, first) if second is None else (self.array[first], second)
        array[place] = getattr(value, "array", value)
        self.increment_version()

    def fill_(self, value: object) -> Tensor:
        return self.become(self.masked_fill(True, value))

    def zero_(self) -> Tensor:
        return self.fill_(0)

    def copy_(self, src: object, non_blocking: bool = False) -> Tensor:
        src = src if isinstance(src, Tensor) else Tensor(src)
        return self.become(src.to(self.dtype).expand(*self.shape))

    def normal_(self, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None) -> Tensor:
        return self.copy_(normal(mean, std, self.shape, generator=generator))

    def uniform_(self, a: float = 0.0, b: float = 1.0, *, generator: Generator | None = None) -> Tensor:
        return self.copy_(a + (b - a) * base.rand(self.shape, generator=generator))

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        if self.grad_fn is not None and not requires_grad:
            raise RuntimeError("only a leaf can stop requiring a gradient: use .detach()")
        return _requires_grad_(self, requires_grad)

    def detach_(self) -> Tensor:
        self.grad_fn, self.requires_grad = None, False
        return self

    # Hooks

    def register_hook(self, hook: Callable) -> object:
        """Call `hook(grad)` when this gradient is complete; what it returns, if anything, replaces the gradient."""
        where = self if self.grad_fn is None else self.grad_fn
        where.hooks = [*(where.hooks or ()), hook]
        return namedtuple("Handle", ["remove"])(lambda: where.hooks.remove(hook))

    def retain_grad(self) -> None:
        """Keep `.grad` of a tensor that is not a leaf."""
        if self.grad_fn is not None:
            self.register_hook(lambda grad: setattr(self, "grad", grad if self.grad is None else self.grad + grad))

    # Elementwise

    locals().update({name: _elementwise(*parts) for name, parts in ELEMENTWISE.items()})
    locals().update({name: _step(function) for name, function in STEPS.items()})

    def round(self, *, decimals: int = 0) -> Tensor:
        return _step(lambda x: np.round(x, decimals))(self)

    def square(self) -> Tensor:
        return self**2

    def where(self, condition: Tensor, other: object) -> Tensor:
        return base.where(condition, self, other)

    def masked_fill(self, mask: object, value: object) -> Tensor:
        return base.where(mask, value, self).to(self.dtype)

    def clone(self) -> Tensor:
        return _copy(self)

    def contiguous(self) -> Tensor:
        return self if self.is_contiguous() else _copy(self)

    def isclose(self, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
        return Tensor(np.isclose(self.array, other.array, rtol, atol, equal_nan))

    def allclose(self, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
        return self.isclose(other, rtol, atol, equal_nan).array.all().item()

    def equal(self, other: Tensor) -> bool:
        return np.array_equal(self.array, other.array)

    # Reductions

    def all(self, dim: int | None = None, keepdim: bool = False) -> Tensor:
        return self.apply(np.all, self, axis=self.axes(dim), keepdims=keepdim)

    def any(self, dim: int | None = None, keepdim: bool = False) -> Tensor:
        return self.apply(np.any, self, axis=self.axes(dim), keepdims=keepdim)

    def max(self, dim: object = None, keepdim: bool = False) -> "Tensor | Pairs":
        """The largest number; with a `dim`, (values, indices) along it; with a tensor, the larger of two."""
        return self._extreme(dim, keepdim, "amax", "argmax", np.maximum)

    def min(self, dim: object = None, keepdim: bool = False) -> "Tensor | Pairs":
        return self._extreme(dim, keepdim, "amin", "argmin", np.minimum)

    def _extreme(self, dim, keepdim, number, place, of_two):
        if dim is None:
            return getattr(self, number)()
        if isinstance(dim, Tensor):
            return self.apply(of_two, self, dim)
        indices = getattr(self, place)(dim, keepdim=True)
        values = self.gather(dim, indices) if self.ndim else self.clone()
        return Pairs(*((part if keepdim or not self.ndim else part.squeeze(dim)) for part in (values, indices)))

    def prod(self, dim: int | None = None, keepdim: bool = False) -> Tensor:
        return _prod(self, axis=self.axes(dim), keepdims=keepdim)

    def var(
        self, dim: object = None, unbiased: bool = True, keepdim: bool = False, *, correction: int | None = None
    ) -> Tensor:
        """Mean squared distance from the mean, divided by n - correction; `unbiased` is a correction of 1."""
        dim, unbiased = (None, dim) if isinstance(dim, bool) else (self.axes(dim), unbiased)
        squares = (self - self.mean(dim, keepdim=True)) ** 2
        count = self.numel() / max(1, math.prod(squares.sum(dim).shape))
        return squares.sum(dim, keepdim) / max(0, count - (unbiased if correction is None else correction))

    def std(self, *args: object, **options) -> Tensor:
        return self.var(*args, **options).sqrt()

    def norm(self, p: float = 2, dim: object = None, keepdim: bool = False) -> Tensor:
        dim = self.axes(dim)
        if p in (2, "fro"):
            return _norm(self, axis=dim, keepdims=keepdim)
        if p in (math.inf, -math.inf):
            return self.abs().amax(dim, keepdim) if p > 0 else self.abs().amin(dim, keepdim)
        return self.abs().sum(dim, keepdim) if p == 1 else (self.abs() ** p).sum(dim, keepdim) ** (1 / p)

    def logsumexp(self, dim: object, keepdim: bool = False) -> Tensor:
        return _logsumexp(self, axis=self.axes(dim), keepdims=keepdim)

    def cumsum(self, dim: int) -> Tensor:
        return _cumsum(self, axis=dim)

    def unique(self, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False) -> object:
        found = np.unique(self.array, return_inverse=return_inverse, return_counts=return_counts)
        return tuple(map(Tensor, found)) if isinstance(found, tuple) else Tensor(found)

    # Sorting and picking

    def sort(self, dim: int = -1, descending: bool = False, stable: bool = True) -> Pairs:
        line = np.flip(self.array, dim) if descending else self.array  # so that equal numbers keep their order
        order = np.argsort(line, axis=dim, kind="stable")
        if descending:
            order = self.shape[dim] - 1 - np.flip(order, dim)
        return Pairs(self.gather(dim, Tensor(order)), Tensor(order))

    def argsort(self, dim: int = -1, descending: bool = False) -> Tensor:
        return self.sort(dim, descending).indices

    def topk(self, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Pairs:
        """The k largest or smallest, the best first; of equal ones, those that come first."""
        if k > self.shape[dim]:
            raise RuntimeError(
                f"there are only {self.shape[dim]} numbers along axis {dim}: choose a k up to that, not {k}"
            )
        order = self.sort(dim, largest).indices.array.take(range(k), axis=dim)
        return Pairs(self.gather(dim, Tensor(order)), Tensor(order))

    def gather(self, dim: int, index: Tensor) -> Tensor:
        return _gather(self, dim=dim, index=index.array)

    def scatter_add(self, dim: int, index: Tensor, src: Tensor) -> Tensor:
        return self.apply(_scatter.op, self, src, dim=dim, index=index.array, add=True)

    def scatter(self, dim: int, index: Tensor, src: object) -> Tensor:
        return self.apply(_scatter.op, self, src, dim=dim, index=index.array, add=False)

    def index_select(self, dim: int, index: Tensor) -> Tensor:
        return self[(*[slice(None)] * (dim % self.ndim), index)]

    def multinomial(self, num_samples: int, replacement: bool = False, *, generator: Generator | None = None) -> Tensor:
        """Draw indices, with these weights as probabilities; of a table, some for each row."""
        draw = default_generator() if generator is None else generator.numpy
        weights = self.array.astype(float64)
        if not (np.isfinite(weights).all() and (weights >= 0).all() and (weights.sum(axis=-1) > 0).all()):
            raise RuntimeError(
                "weights must be finite and not negative, with a sum above 0: look at them before you draw"
            )
        rows = [
            draw.choice(len(w), num_samples, replacement, w / w.sum()) for w in weights.reshape(-1, weights.shape[-1])
        ]
        return Tensor(np.reshape(rows, (*self.shape[:-1], num_samples)))

    # Shapes

    def view(self, *shape: object) -> Tensor:
        return self.to(shape[0]) if isinstance(shape[0], np.dtype) else self.reshape(*shape)

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> Tensor:
        if self.ndim == 0:
            return self.reshape(1)
        start, end = start_dim % self.ndim, end_dim % self.ndim
        return self.reshape(*self.shape[:start], math.prod(self.shape[start : end + 1]), *self.shape[end + 1 :])

    def expand(self, *sizes: int) -> Tensor:
        """Stretch axes of size 1, without copying; -1 leaves an axis as it is."""
        sizes = as_shape(sizes)
        own = (1,) * (len(sizes) - self.ndim) + self.shape
        return _expand(self, shape=tuple(mine if size == -1 else size for size, mine in zip(sizes, own, strict=True)))

    def expand_as(self, other: Tensor) -> Tensor:
        return self.expand(*other.shape)

    def view_as(self, other: Tensor) -> Tensor:
        return self.reshape(*other.shape)

    def repeat(self, *sizes: int) -> Tensor:
        return _repeat(self, sizes=as_shape(sizes))

    def t(self) -> Tensor:
        if self.ndim > 2:
            raise RuntimeError(f"t() is for matrices, and this has {self.ndim} axes: use transpose(dim0, dim1)")
        return self.T

    def flip(self, *dims: int) -> Tensor:
        return _flip(self, axis=as_shape(dims))

    def unbind(self, dim: int = 0) -> tuple:
        return tuple(self[(*[slice(None)] * (dim % self.ndim), i)] for i in range(self.shape[dim]))

    def split(self, size: int | Sequence[int], dim: int = 0) -> tuple:
        """Pieces of a size (the last may be smaller), or of each size in a list."""
        length = self.shape[dim]
        sizes = [min(size, length - i) for i in range(0, length, size)] or [0] if isinstance(size, int) else size
        if sum(sizes) != length:
            raise RuntimeError(f"the sizes {list(sizes)} do not add up to {length}, the size of axis {dim}: change one")
        ends = np.cumsum([0, *sizes]).tolist()
        return tuple(
            self[(*[slice(None)] * (dim % self.ndim), slice(a, b))] for a, b in zip(ends, ends[1:], strict=False)
        )

    def chunk(self, chunks: int, dim: int = 0) -> tuple:
        return self.split(-(-self.shape[dim] // chunks) or 1, dim)

    def tril(self, diagonal: int = 0) -> Tensor:
        return _triangle(self, function=np.tril, k=diagonal)

    def triu(self, diagonal: int = 0) -> Tensor:
        return _triangle(self, function=np.triu, k=diagonal)

    # Products

    def mm(self, other: Tensor) -> Tensor:
        return self._product(other, 2)

    def bmm(self, other: Tensor) -> Tensor:
        return self._product(other, 3)

    def dot(self, other: Tensor) -> Tensor:
        return self._product(other, 1)

    def _product(self, other, ndim):
        if not self.ndim == other.ndim == ndim:
            raise RuntimeError(f"this product is for tensors of {ndim} axes, not {self.ndim} and {other.ndim}: use @")
        return self @ other

    def outer(self, other: Tensor) -> Tensor:
        return self.unsqueeze(1) * other


_requires_grad_ = Tensor.requires_grad_


def _numpy_spelling(method: Callable) -> Callable:
    """NumPy's axis= and keepdims= mean PyTorch's dim= and keepdim=."""

    @wraps(method)
    def either(self, *args, **options):
        if options:
            names = {"axis": "dim", "keepdims": "keepdim", "dtype": "dtype"}
            dtype = options.pop("dtype", None)
            self = self if dtype is None else self.to(dtype)
            options = {names.get(name, name): value for name, value in options.items()}
        return method(self, *args, **options)

    return either


for _name in ("sum", "mean", "amax", "amin", "argmax", "argmin"):
    setattr(Tensor, _name, _numpy_spelling(getattr(Tensor, _name)))
for _name, _method in {**vars(Methods)}.items():
    if _name not in (
        "__module__",
        "__dict__",
        "__weakref__",
        "__doc__",
        "__qualname__",
        "__firstlineno__",
        "__static_attributes__",
    ):
        reduces = _name in ("all", "any", "max", "min", "prod", "var", "std", "norm", "logsumexp", "cumsum")
        setattr(Tensor, _name, _numpy_spelling(_method) if reduces else _method)
for _name, _dtype in DTYPES.items():
    setattr(Tensor, _name, _to(_dtype))
for _name in ("relu", "sigmoid", "tanh", "softmax", "log_softmax"):  # a method, once Module 02 is there

    def _activation(self, *args, _name=_name, **options):
        from tinytorch import activations

        return getattr(activations, _name)(self, *args, **options)

    setattr(Tensor, _name, _activation)
INPLACE = "abs add clamp div exp floor masked_fill mul neg pow relu round scatter scatter_add sigmoid sqrt square sub tanh tril triu"
for _name in [*INPLACE.split(), "squeeze", "unsqueeze"]:
    setattr(Tensor, f"{_name}_", _inplace(_name))


# Making tensors


def _on_cpu(where: object) -> None:
    device("cpu" if where is None else where)


def _creator(make: Callable) -> Callable:
    """A function that makes tensors takes size=, device= and dtype=None, too."""

    @wraps(make)
    def create(*args, device=None, size=None, layout=None, pin_memory=False, **options):
        _on_cpu(device)
        options = {name: value for name, value in options.items() if name != "dtype" or value is not None}
        return make(*(args if size is None else (size,)), **options)

    return create


def full(size: Sequence[int], fill_value: float, dtype: np.dtype | None = None, requires_grad: bool = False) -> Tensor:
    fill_value = getattr(fill_value, "array", fill_value)
    array = np.full(size, fill_value)
    return Tensor(array, dtype=dtype, requires_grad=requires_grad)


def eye(n: int, m: int | None = None, dtype: np.dtype = float32, requires_grad: bool = False) -> Tensor:
    return Tensor(np.eye(n, m), dtype=dtype, requires_grad=requires_grad)


def linspace(start: float, end: float, steps: int, dtype: np.dtype = float32, requires_grad: bool = False) -> Tensor:
    return Tensor(np.linspace(start, end, steps), dtype=dtype, requires_grad=requires_grad)


def randint(low: int, *rest: object, generator: Generator | None = None, dtype: np.dtype = int64, **options) -> Tensor:
    """Whole numbers from low to high - 1: `randint(low, high, size)`, or `randint(high, size)` from 0."""
    high, size = (
        (rest if len(rest) == 2 else (options.pop("high"), *rest))
        if len(rest) == 2 or "high" in options
        else (None, *rest)
    )
    draw = default_generator() if generator is None else generator.numpy
    return Tensor(draw.integers(low, high, size), dtype=dtype, **options)


def randperm(n: int, *, generator: Generator | None = None, dtype: np.dtype = int64) -> Tensor:
    draw = default_generator() if generator is None else generator.numpy
    return Tensor(draw.permutation(n), dtype=dtype)


def normal(
    mean: object = 0.0, std: object = 1.0, size: Sequence[int] | None = None, *, generator: Generator | None = None
) -> Tensor:
    """Normal random numbers around `mean`, which may be a tensor, as may `std`."""
    shape = np.broadcast_shapes(np.shape(mean), np.shape(std)) if size is None else tuple(size)
    return mean + std * base.randn(shape, generator=generator)


def _like(make: Callable) -> Callable:
    return lambda input, dtype=None, **options: make(input.shape, dtype=dtype or input.dtype, **options)


def from_numpy(array: np.ndarray) -> Tensor:
    """A tensor on the memory of an array, with its dtype: each sees what happens to the other."""
    return Tensor.wrap(array)


def as_tensor(data: object, dtype: np.dtype | None = None, device: object = None) -> Tensor:
    _on_cpu(device)
    made = data if isinstance(data, Tensor) else from_numpy(data) if isinstance(data, np.ndarray) else base.tensor(data)
    return made if dtype is None else made.to(dtype)


def FloatTensor(*data: object) -> Tensor:
    return base.zeros(*data) if data and isinstance(data[0], int) else Tensor(*data, dtype=float32)


def LongTensor(*data: object) -> Tensor:
    return base.zeros(*data, dtype=int64) if data and isinstance(data[0], int) else Tensor(*data, dtype=int64)


def is_tensor(obj: object) -> bool:
    return isinstance(obj, Tensor)


def set_printoptions(
    precision: int = 4, threshold: int = 1000, edgeitems: int = 3, linewidth: int = 80, **ignored
) -> None:
    """How tensors are printed: digits after the point, from how many numbers on they are summarised, and how wide."""
    arrays.PRINT_OPTIONS.update(precision=precision, threshold=threshold, edgeitems=edgeitems, max_line_width=linewidth)


def one_hot(input: Tensor, num_classes: int = -1) -> Tensor:
    """A row with a single 1 for each class number."""
    classes = num_classes if num_classes != -1 else int(input.array.max()) + 1
    if input.dtype != int64 or input.numel() and not 0 <= input.array.min() <= input.array.max() < classes:
        raise RuntimeError(f"class numbers are int64, from 0 to {classes - 1}: look at {input.dtype} input")
    return Tensor((input.array[..., None] == np.arange(classes)).astype(int64))


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """Divide by the norm along an axis."""
    return input / input.norm(p, dim, keepdim=True).clamp(min=eps)


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """Add numbers around: `pad` has two widths for each axis, the last axis first."""
    if mode != "constant" or min(pad) < 0:
        raise ValueError(
            f"pad adds a constant number and never cuts, so not mode={mode!r} with {tuple(pad)}: index to cut"
        )
    pairs = list(zip(pad[::2], pad[1::2], strict=True))[::-1]
    return _pad(input, widths=[(0, 0)] * (input.ndim - len(pairs)) + pairs, value=value or 0)


def grad(
    outputs: object, inputs: object, grad_outputs: object = None, retain_graph: bool = False, allow_unused: bool = False
) -> tuple:
    """The gradients of `outputs` with respect to `inputs`, as a tuple; every `.grad` stays as it is."""
    outputs, inputs = ([x] if isinstance(x, Tensor) else list(x) for x in (outputs, inputs))
    given = [grad_outputs] if grad_outputs is None or isinstance(grad_outputs, Tensor) else grad_outputs
    collected, handles = {}, []
    for x in inputs:
        if x.grad_fn is not None:
            handles.append(x.register_hook(lambda part, x=x: collected.setdefault(x, []).append(part.array)))
    before, grad_mode.collected = grad_mode.collected, collected
    try:
        for output, start in zip(outputs, given * len(outputs) if len(given) == 1 else given, strict=True):
            output.backward(start, retain_graph)
    finally:
        grad_mode.collected = before
        for handle in handles:
            handle.remove()
    if not allow_unused and any(x not in collected for x in inputs):
        raise RuntimeError("an input was not used for the outputs: leave it out, or pass allow_unused=True")
    return tuple(Tensor.wrap(sum(collected[x])) if x in collected else None for x in inputs)


zeros, ones, rand, randn, arange = map(_creator, (base.zeros, base.ones, base.rand, base.randn, base.arange))
full, eye, linspace, randint, randperm = map(_creator, (full, eye, linspace, randint, randperm))
empty, tensor = zeros, _creator(base.tensor)
zeros_like, ones_like, rand_like, randn_like = map(_like, (zeros, ones, rand, randn))


def full_like(input: Tensor, fill_value: float, dtype: np.dtype | None = None, **options) -> Tensor:
    return full(input.shape, fill_value, dtype=dtype or input.dtype, **options)


if autograd := sys.modules.get("tinytorch.autograd"):  # there since Module 05
    autograd.grad, autograd.enable_grad = grad, enable_grad

# What shares its name with something of Python's, and every method as a function


def __getattr__(name: str) -> object:
    if name in DTYPES:
        return DTYPES[name]
    if name.startswith("_") or not callable(getattr(Tensor, name, None)):
        raise AttributeError(f"tinytorch.vocabulary has no {name}")
    return lambda input, *args, **options: getattr(input, name)(*args, **options)
