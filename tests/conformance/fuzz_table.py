"""What the fuzzer may call: name -> how to call it with random arguments, written once in PyTorch's names.

An entry is a function of the draw `g` that returns a call: its arguments and, where the name alone does not say how it is
spelled, the spellings. A name stands for all its spellings in PyTorch: `exp` for `x.exp()` and `torch.exp(x)`. Those that
tinytorch does not offer are left out and counted. Arguments are mostly valid, sometimes not: who refuses is compared, too.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import torch

import tinytorch

FLOATS = ("float16", "float32", "float64")
INTS = ("uint8", "int8", "int32", "int64")
DTYPES = ("bool", *INTS, *FLOATS)
SPACES = {"torch": torch, "Tensor": torch.Tensor, "F": torch.nn.functional, "nn": torch.nn}
MAX_NUMEL = 200


class Ref(NamedTuple):
    """An argument that is an earlier value; of a tuple, one part."""

    value: int
    part: int | None = None


class Source(str):
    """An argument that is written as it is: `torch.float32`."""


class Index(tuple):
    """What stands between the brackets of x[...]."""


def show(value) -> str:
    """An argument as Python source."""
    if isinstance(value, Ref):
        return f"v{value.value}" if value.part is None else f"v{value.value}[{value.part}]"
    if isinstance(value, Source):
        return str(value)
    if isinstance(value, Index):
        return ", ".join(map(show, value)) + ("," if len(value) == 1 and not isinstance(value[0], Ref) else "") or "()"
    if isinstance(value, slice):
        ends = [show(end) if end is not None else "" for end in (value.start, value.stop, value.step)]
        return ":".join(ends[: 3 if ends[2] else 2])
    if isinstance(value, list):
        return "[" + ", ".join(map(show, value)) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(show, value)) + ("," if len(value) == 1 else "") + ")"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name!r}: {show(part)}" for name, part in value.items()) + "}"
    if isinstance(value, np.generic):
        return f"np.{value.dtype.name.replace('bool', 'bool_')}({show(value.item())})"
    if isinstance(value, float) and not np.isfinite(value):
        return f'float("{value}")'
    return "..." if value is ... else repr(value)


def refs(value):
    """All earlier values inside an argument."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from refs(part)


@dataclass(frozen=True)
class Step:
    """One line of a program."""

    op: str  # name in the table
    covers: str  # the name it calls: Tensor.exp, torch.exp, F.relu, nn.ReLU
    form: str  # {0} {1} ... are arguments, {rest} those that are not mentioned
    args: tuple
    kwargs: dict = field(default_factory=dict)
    in_place: bool = False  # the first argument changes
    random: bool = False  # the numbers are each library's own
    fixed: bool = False  # with other arguments the numbers might be random
    no_grad: bool = False

    def source(self) -> str:
        """The expression or statement."""
        named = {int(n) for n in re.findall(r"\{(\d)\}", self.form)}
        rest = [show(a) for i, a in enumerate(self.args) if i not in named]
        rest += [f"{name}={show(value)}" for name, value in self.kwargs.items()]
        shown = [f"({show(a)})" if isinstance(a, (int, float)) and "{0} " in self.form else show(a) for a in self.args]
        return self.form.format(*shown, rest=", ".join(rest))

    @property
    def is_statement(self) -> bool:
        return bool(re.search(r"\{\d\}\]? \S*= ", self.form)) and "==" not in self.form and self.in_place

    def needs(self) -> list[Ref]:
        return [*refs(self.args), *refs(list(self.kwargs.values()))]


@dataclass(frozen=True)
class Call:
    """What an entry returns."""

    args: tuple
    kwargs: dict
    forms: tuple = ()  # (name it covers, form)
    in_place: bool = False
    random: bool = False
    fixed: bool = False

    def but(self, **changes):
        return replace(self, **changes)


def call(*args, forms=(), in_place=False, random=False, **kwargs) -> Call:
    return Call(args, kwargs, tuple(forms), in_place, random)


@dataclass(frozen=True)
class Entry:
    name: str
    draw: Callable
    spaces: tuple[str, ...]
    weight: float
    optional: bool  # no goal of the course: run where tinytorch has it

    def forms(self) -> list[tuple[str, str]]:
        """The spellings that PyTorch has for the name."""
        found = []
        for space in self.spaces:
            if hasattr(SPACES[space], self.name):
                start = {"Tensor": "{0}", "F": "torch.nn.functional", "nn": "torch.nn", "torch": "torch"}[space]
                found.append((f"{space}.{self.name}", f"{start}.{self.name}({{rest}})"))
        return found


TABLE: dict[str, Entry] = {}


def entry(names: str, optional: str = "", spaces=("Tensor", "torch", "F"), weight=1.0):
    """Decorator: register a draw for these names."""

    def register(draw):
        for name in dict.fromkeys([*names.split(), *optional.split()]):
            assert name not in TABLE, name
            TABLE[name] = Entry(name, draw, spaces, weight, name in optional.split())
        return draw

    return register


def offered(covers: str) -> bool:
    """Whether tinytorch has something under a name."""
    space, _, name = covers.partition(".")
    if space == "Tensor":
        return name in dir(tinytorch.tensor(1.0))  # hasattr would run properties
    owner = {"torch": tinytorch, "F": tinytorch.nn.functional, "nn": tinytorch.nn}[space]
    try:
        return hasattr(owner, name)
    except ImportError:  # of a later module
        return False


METHOD = lambda name, form: ((f"Tensor.{name}", form),)  # noqa: E731

# One tensor


@entry(
    "abs cos sin exp log log10 log1p sqrt rsqrt square reciprocal sign floor round erf tanh sigmoid relu isfinite isnan neg",
    optional="tan ceil trunc log2 expm1 isinf logical_not absolute negative isneginf isposinf sinh cosh asin acos atan exp2 "
    "frac deg2rad rad2deg positive asinh acosh atanh erfinv lgamma digamma signbit",
)
def of_one(g):
    return call(g.tensor())


@entry("elu silu softplus logsigmoid", optional="relu6 softsign hardtanh selu mish celu tanhshrink", spaces=("F",))
def activation(g):
    return call(g.tensor("float"))


@entry("leaky_relu", spaces=("F",))
def leaky(g):
    return call(g.tensor(), **g.maybe(negative_slope=g.choice([0.1, 0.5, 0.0, 2.0])))


@entry("gelu", spaces=("F",))
def gelu(g):
    return call(g.tensor("float"), **g.maybe(0.6, approximate="tanh"))


@entry("softmax log_softmax")
def softmax(g):
    x = g.tensor("float" if g.chance(0.9) else "any", min_ndim=g.int(0, 1))
    kwargs = g.maybe(0.15, dtype=g.dtype(FLOATS))
    return call(x, g.dim(x), **kwargs) if g.chance(0.3) else call(x, dim=g.dim(x), **kwargs)


@entry("float double long int bool half", optional="short", spaces=("Tensor",))
def cast(g):
    return call(g.tensor())


@entry("to type", spaces=("Tensor",))
def to(g):
    return call(g.tensor(), g.dtype())


@entry("contiguous clone detach", optional="ravel", spaces=("Tensor", "torch"))
def copies(g):
    return call(g.tensor())


@entry("", optional="nan_to_num")
def nan_to_num(g):
    return call(g.tensor())


@entry("__neg__ __invert__ __abs__", optional="__pos__", spaces=())
def signs(g):
    x = g.tensor("int" if g.chance(0.3) else "any")
    return call(
        x,
        forms=(
            ("Tensor.__neg__", "-{0}"),
            ("Tensor.__invert__", "~{0}"),
            ("Tensor.__abs__", "abs({0})"),
            ("Tensor.__pos__", "+{0}"),
        ),
    )


# Two tensors, or a tensor and a number

OPERATORS = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "truediv": "/",
    "floordiv": "//",
    "mod": "%",
    "and": "&",
    "or": "|",
    "xor": "^",
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
}


def operator(name, sign):
    def draw(g):
        x = g.tensor("whole" if name in ("and", "or", "xor") and g.chance(0.9) else "any")
        other = g.operand(x)
        forms = [(f"Tensor.__{name}__", f"{{0}} {sign} {{1}}")]
        if name not in ("eq", "ne", "lt", "le", "gt", "ge"):
            forms.append((f"Tensor.__r{name}__", f"{{1}} {sign} {{0}}"))
        return call(x, other, forms=forms)

    return draw


for _name, _sign in OPERATORS.items():
    entry(f"__{_name}__", optional="", spaces=(), weight=2 if _name in ("add", "sub", "mul", "truediv") else 1)(
        operator(_name, _sign)
    )


@entry("__pow__", spaces=(), weight=1.5)
def power(g):
    x = g.tensor()
    other = g.choice([2, 3, 0, 1, 0.5, -1, -2, 2.0, 1.5, True]) if g.chance(0.5) else g.operand(x)
    return call(x, other, forms=(("Tensor.__pow__", "{0} ** {1}"), ("Tensor.__rpow__", "{1} ** {0}")))


@entry("pow")
def pow_(g):
    x = g.tensor()
    return call(x, g.choice([2, 3, 0, 1, 0.5, -1, -2, 2.0, 1.5]) if g.chance(0.5) else g.operand(x))


@entry(
    "add sub mul div eq ne",
    optional="lt le gt ge multiply subtract divide true_divide floor_divide remainder fmod logical_and "
    "logical_or logical_xor atan2 greater less fmax fmin hypot not_equal greater_equal less_equal "
    "rsub xlogy logaddexp",
)
def of_two(g):
    x = g.tensor()
    return call(x, g.operand(x))


@entry("", optional="bitwise_and bitwise_or bitwise_xor")
def of_bits(g):
    x = g.tensor("whole")
    return call(x, g.other(x, "int64" if g.dtype_of(x) != "bool" else "bool"))


@entry("maximum minimum")
def of_two_tensors(g):
    x = g.tensor()
    return call(x, g.other(x) if g.chance(0.95) else g.number())


@entry("allclose equal", optional="isclose")
def close(g):
    x = g.tensor()
    return call(x, x if g.chance(0.3) else g.other(x))


@entry("", optional="lerp")
def lerp(g):
    x = g.tensor("float")
    return call(x, g.other(x), g.choice([0.5, 0.25]))


@entry("clamp", optional="clip", weight=1.5)
def clamp(g):
    x = g.tensor()
    low, high = g.number(), g.number()
    return g.choice(
        [call(x, low, high), call(x, min=low), call(x, max=high), call(x, min=low, max=high), call(x, g.other(x))]
    )


@entry("where", spaces=(), weight=1.5)
def where(g):
    x = g.tensor()
    condition = g.other(x, "bool") if g.chance(0.95) else g.other(x)
    if g.chance(0.1):
        return call(g.tensor("any"), forms=(("torch.where", "torch.where({0})"),))
    if g.chance(0.2):
        return call(x, condition, g.operand(x), forms=METHOD("where", "{0}.where({1}, {2})"))
    pair = (x, g.operand(x)) if g.chance(0.5) else (g.operand(x), x)
    if g.chance(0.1):
        pair = (g.number(), g.number())
    return call(condition, *pair, forms=(("torch.where", "torch.where({rest})"),))


@entry("masked_fill")
def masked_fill(g):
    x = g.tensor()
    return call(x, g.other(x, "bool") if g.chance(0.95) else g.other(x), g.number())


@entry("matmul")
def matmul(g):
    return call(*g.matrices())


def of_axes(left: int, right: int):
    """A product of tensors of so many axes."""

    def draw(g):
        n, k, m, dtype = (
            g.int(1, 3),
            g.choice(g.sizes),
            g.int(1, 3),
            g.choice(FLOATS) if g.chance(0.8) else g.any_dtype(),
        )
        sizes = {1: ((k,), (k,)), 2: ((n, k), (k, m)), 3: ((2, n, k), (2, k, m))}
        shapes = [sizes[left][0], sizes[right][1]] if g.chance(0.95) else [g.shape(), g.shape()]
        return call(*(g.leaf(shape, dtype if g.chance(0.97) else None) for shape in shapes))

    return draw


entry("mm")(of_axes(2, 2))
entry("bmm")(of_axes(3, 3))
entry("dot")(of_axes(1, 1))
entry("outer")(of_axes(1, 1))
entry("", optional="mv")(of_axes(2, 1))


@entry("__matmul__", spaces=(), weight=2)
def matmul_operator(g):
    return call(*g.matrices(), forms=METHOD("__matmul__", "{0} @ {1}"))


@entry("einsum", spaces=())
def einsum(g):
    pattern, ndims = g.choice(
        [
            ("ij->ji", (2,)),
            ("ij,jk->ik", (2, 2)),
            ("i,j->ij", (1, 1)),
            ("ii->i", (2,)),
            ("ij->", (2,)),
            ("bij,bjk->bik", (3, 3)),
            ("...ij->...ji", (3,)),
            ("ij,ij->i", (2, 2)),
            ("i,i", (1, 1)),
        ]
    )
    n, dtype = g.int(1, 3), g.choice(FLOATS)
    return call(
        pattern, *(g.leaf((n,) * ndim, dtype) for ndim in ndims), forms=(("torch.einsum", "torch.einsum({rest})"),)
    )


@entry("linear", spaces=("F",))
def linear(g):
    rows, columns, dtype = g.int(0, 3), g.int(0, 3), g.choice(FLOATS)
    lead = tuple(g.int(1, 3) for _ in range(g.int(0, 2)))
    x = g.leaf((*lead, columns if g.chance(0.95) else columns + 1), dtype)
    weight = g.leaf((rows, columns) if g.chance(0.9) else (columns,), dtype)
    bias = {} if g.chance(0.4) else {"bias": g.leaf((rows,), dtype)}
    return call(x, weight, **bias)


# Reductions


def dims_of(g, x):
    """Keywords dim and keepdim in their spellings, or none."""
    kind = g.int(0, 9)
    if kind < 3:
        return {}
    dim = g.dim(x) if kind < 7 else g.dims(x)
    return {"dim": dim} | g.maybe(0.4, keepdim=g.chance(0.7))


@entry("sum mean", weight=2)
def sums(g):
    x = g.tensor("float") if g.chance(0.6) else g.tensor()
    kwargs = dims_of(g, x)
    if "dim" in kwargs and g.chance(0.2):
        return call(x, kwargs.pop("dim"), **kwargs)
    return call(x, **kwargs | g.maybe(0.1, dtype=g.dtype()))


def one_dim(g, x):
    kwargs = {} if g.chance(0.3) else {"dim": g.dim(x)} | g.maybe(0.4, keepdim=g.chance(0.7))
    if "dim" in kwargs and g.chance(0.2):
        return call(x, kwargs.pop("dim"), **kwargs)
    return call(x, **kwargs)


@entry("prod")
def prod(g):
    return one_dim(g, g.tensor())


@entry("amax amin", optional="nansum count_nonzero")
def extremes(g):
    x = g.tensor()
    return call(x, **dims_of(g, x))


@entry("argmax argmin any all max min", optional="median")
def reduce_one(g):
    x = g.tensor()
    if g.chance(0.1) and g.ndim(x):
        return call(x, g.other(x))
    return one_dim(g, x)


@entry("std var", optional="std_mean var_mean")
def spread(g):
    x = g.tensor("float") if g.chance(0.95) else g.tensor()
    return call(x, **dims_of(g, x) | g.choice([{}, {}, {"unbiased": False}, {"correction": 0}, {"correction": 1}]))


@entry("logsumexp")
def logsumexp(g):
    x = g.tensor("float") if g.chance(0.95) else g.tensor()
    return call(x, dim=g.dim(x) if g.chance(0.7) else g.dims(x), **g.maybe(0.3, keepdim=True))


@entry("norm", spaces=("Tensor", "torch"))
def norm(g):
    x = g.tensor("float")
    return g.choice([call(x), call(x, p=g.choice([1, 2, 3])), call(x, dim=g.dim(x), **g.maybe(0.3, keepdim=True))])


@entry("cumsum", optional="cumprod logcumsumexp")
def cumulative(g):
    x = g.tensor()
    return call(x, dim=g.dim(x))


@entry("sort", optional="argsort", spaces=("Tensor", "torch"))
def sort(g):
    x = g.tensor()
    return call(x, **g.maybe(0.6, dim=g.dim(x)) | g.maybe(0.4, descending=True) | {"stable": True})


@entry("topk", spaces=("Tensor", "torch"))
def topk(g):
    shape = g.shape(min_ndim=1)
    x = g.distinct(shape)
    return call(x, g.int(0, 3), **g.maybe(0.5, dim=g.dim(x)) | g.maybe(0.3, largest=False))


@entry("unique", spaces=("Tensor", "torch"))
def unique(g):
    return call(g.tensor(), **g.maybe(0.2, return_inverse=True) | g.maybe(0.2, return_counts=True))


@entry("", optional="bincount", spaces=("Tensor", "torch"))
def bincount(g):
    return call(g.whole((g.int(0, 5),), 0, 5))


# Shape


@entry("reshape view", weight=1.5)
def reshape(g):
    x = g.tensor()
    shape = g.other_shape(g.numel(x))
    sizes = METHOD("reshape", "{0}.reshape({rest})") + METHOD("view", "{0}.view({rest})")
    return call(x, *shape, forms=sizes) if shape and g.chance(0.4) else call(x, shape)


@entry("transpose", optional="swapaxes swapdims", weight=1.5)
def transpose(g):
    x = g.tensor(min_ndim=g.choice([0, 1, 2, 2]))
    return call(x, g.dim(x), g.dim(x))


@entry("t", optional="adjoint")
def t(g):
    return call(g.tensor())


@entry("permute")
def permute(g):
    x = g.tensor()
    order = [int(i) for i in g.rng.permutation(g.ndim(x))]
    order = [i - g.ndim(x) if g.chance(0.2) else i for i in order]
    if g.chance(0.05):
        order = order[:-1] + [0]
    return call(x, tuple(order))


@entry("unsqueeze")
def unsqueeze(g):
    x = g.tensor()
    return call(x, g.int(-g.ndim(x) - 1, g.ndim(x)) if g.chance(0.95) else g.ndim(x) + 2)


@entry("squeeze")
def squeeze(g):
    x = g.tensor()
    return call(x) if g.chance(0.3) else call(x, g.dim(x) if g.chance(0.8) else g.dims(x))


@entry("flatten")
def flatten(g):
    x = g.tensor()
    return call(x) if g.chance(0.4) else call(x, g.dim(x), **g.maybe(0.5, end_dim=g.dim(x)))


@entry("expand", optional="broadcast_to", spaces=("Tensor",), weight=1.5)
def expand(g):
    x = g.tensor()
    shape = [g.int(0, 3) if n == 1 and g.chance(0.7) else (-1 if g.chance(0.2) else n) for n in g.shape_of(x)]
    shape = [g.int(1, 3)] * g.choice([0, 0, 1]) + shape
    if g.chance(0.05):
        shape = [*shape, 3]
    return call(x, tuple(shape)) if g.chance(0.5) or not shape else call(x, *shape)


@entry("", optional="expand_as view_as reshape_as type_as", spaces=("Tensor",))
def as_other(g):
    x = g.tensor()
    return call(x, g.other(x))


@entry("repeat", optional="tile", spaces=("Tensor",))
def repeat(g):
    x = g.tensor()
    counts = [g.int(0, 2) if g.chance(0.2) else g.int(1, 2) for _ in range(g.ndim(x) + g.choice([0, 0, 1]))]
    return call(x, *counts) if counts else call(x, ())


@entry("", optional="repeat_interleave")
def repeat_interleave(g):
    x = g.tensor()
    return call(x, g.int(0, 3), **g.maybe(dim=g.dim(x)))


@entry("", optional="flip")
def flip(g):
    x = g.tensor()
    return call(x, g.dims(x))


@entry("", optional="roll")
def roll(g):
    x = g.tensor()
    return call(x, g.int(-3, 3), g.dim(x))


@entry("", optional="movedim moveaxis")
def movedim(g):
    x = g.tensor()
    return call(x, g.dim(x), g.dim(x))


@entry("", optional="narrow")
def narrow(g):
    x = g.tensor(min_ndim=1)
    return call(x, g.dim(x), g.int(0, 2), g.int(0, 2))


@entry("", optional="select")
def select(g):
    x = g.tensor(min_ndim=1)
    return call(x, g.dim(x), g.int(-2, 2))


@entry("tril triu")
def triangle(g):
    return call(g.tensor(min_ndim=g.choice([0, 2, 2, 2])), **g.maybe(diagonal=g.int(-2, 2)))


@entry("", optional="diagonal diag trace")
def diagonal(g):
    return call(g.tensor(min_ndim=1))


@entry("chunk")
def chunk(g):
    x = g.tensor()
    return call(x, g.int(0, 4) if g.chance(0.1) else g.int(1, 4), **g.maybe(dim=g.dim(x)))


@entry("split")
def split(g):
    x = g.tensor(min_ndim=g.choice([0, 1, 1, 1]))
    dim = g.dim(x)
    size = g.shape_of(x)[dim] if -g.ndim(x) <= dim < g.ndim(x) else 1
    cut = g.int(0, size)
    parts = [cut, size - cut] if g.chance(0.5) else g.int(1, 3)
    return call(x, parts, dim=dim)


@entry("unbind")
def unbind(g):
    x = g.tensor()
    return call(x, **g.maybe(dim=g.dim(x)))


@entry("cat stack", optional="concat concatenate", spaces=("torch",), weight=1.5)
def join(g):
    x = g.tensor()
    axis = g.dim(x)
    parts = [x, *(g.like(x, axis) for _ in range(g.int(0, 2)))]
    parts = tuple(parts) if g.chance(0.3) else parts
    return g.choice([call(parts), call(parts, dim=axis), call(parts, axis)])


@entry("", optional="hstack vstack", spaces=("torch",))
def join_rows(g):
    x = g.tensor()
    return call([x, g.like(x, 0)])


@entry("", optional="meshgrid", spaces=("torch",))
def meshgrid(g):
    return call(g.leaf((g.int(1, 3),)), g.leaf((g.int(1, 3),)), indexing="ij")


# Indexing


@entry("__getitem__", spaces=(), weight=4)
def getitem(g):
    x = g.tensor(min_ndim=g.choice([0, 1, 1, 2]))
    return call(x, g.index(x), forms=METHOD("__getitem__", "{0}[{1}]"))


@entry("__setitem__", spaces=(), weight=3)
def setitem(g):
    x = g.tensor(min_ndim=g.choice([0, 1, 1, 2]), part=False)
    index = g.index(x)
    shape = g.shape_at(x, index)
    value = g.number() if shape is None or g.chance(0.5) else g.leaf(g.broadcastable(shape), g.any_dtype())
    return call(x, index, value, forms=METHOD("__setitem__", "{0}[{1}] = {2}"), in_place=True)


@entry("gather")
def gather(g):
    x = g.tensor(min_ndim=g.choice([0, 1, 1, 1]))
    dim = g.dim(x)
    size = g.shape_of(x)[dim] if -g.ndim(x) <= dim < g.ndim(x) else 1
    shape = [n if g.chance(0.7) else min(n, 1) for n in g.shape_of(x)]
    if shape and -len(shape) <= dim < len(shape):
        shape[dim] = g.int(1, 3)
    return call(x, dim, g.whole(tuple(shape), 0 if g.chance(0.97) else -1, max(size, 1)))


@entry("scatter_add", optional="scatter")
def scatter_add(g):
    x = g.tensor("float", min_ndim=1)
    dim = g.dim(x, invalid=0)
    size = g.shape_of(x)[dim]
    shape = tuple(g.shape_of(x))
    return call(x, dim, g.whole(shape, 0, max(size, 1)), g.leaf(shape, g.dtype_of(x)))


@entry("", optional="index_select")
def index_select(g):
    x = g.tensor(min_ndim=1)
    dim = g.dim(x, invalid=0)
    return call(x, dim, g.whole((g.int(0, 3),), 0, max(g.shape_of(x)[dim], 1)))


@entry("", optional="masked_select")
def masked_select(g):
    x = g.tensor()
    return call(x, g.other(x, "bool"))


@entry("", optional="nonzero", spaces=("Tensor", "torch"))
def nonzero(g):
    return call(g.tensor())


@entry("one_hot", spaces=("F",))
def one_hot(g):
    shape = g.shape(max_ndim=2)
    low = 0 if g.chance(0.95) else -1
    return call(g.whole(shape, low, 4), **g.maybe(0.6, num_classes=g.int(3, 5)))


@entry("pad", spaces=("F",))
def pad(g):
    x = g.tensor(min_ndim=1)
    count = g.int(1, min(g.ndim(x), 2))
    sizes = tuple(g.int(-1, 2) if g.chance(0.2) else g.int(0, 2) for _ in range(2 * count))
    return call(x, sizes, **g.maybe(0.3, value=g.choice([1.0, 2, -1.5])))


@entry("normalize", spaces=("F",))
def normalize(g):
    x = g.tensor("float", min_ndim=1)
    return call(x, **g.maybe(0.6, dim=g.dim(x)) | g.maybe(0.3, p=g.choice([1, 2, 3])))


def ids_for(g, rows):
    """Ids of a table, mostly."""
    if g.chance(0.04):
        return g.tensor("any")
    return g.whole(g.shape(max_ndim=2), 0 if g.chance(0.97) else -1, rows if g.chance(0.97) else rows + 1)


@entry("embedding", spaces=("F",))
def embedding(g):
    rows = g.int(1, 4)
    table = g.leaf((rows, g.int(0, 3)) if g.chance(0.97) else (rows,), g.choice(FLOATS))
    padding = g.int(-rows, rows - 1) if g.chance(0.95) else rows
    return call(ids_for(g, rows), table, **g.maybe(0.4, padding_idx=padding))


@entry("Embedding", spaces=(), weight=0.3)
def embedding_module(g):
    """Its rows are drawn by each library itself, so they are replaced."""
    rows = g.int(1, 4)
    made = f"torch.nn.Embedding({rows}, {g.int(1, 3)}{spelled(g.maybe(0.4, padding_idx=g.int(-rows, rows - 1)))})"
    form = f"(lambda layer: layer.weight.data.fill_(0.375) is not None and layer({{0}}))({made})"
    return call(ids_for(g, rows), forms=(("nn.Embedding", form),))


@entry("cosine_similarity", spaces=("F",))
def cosine_similarity(g):
    x = g.tensor("float" if g.chance(0.95) else "any", min_ndim=1)
    return call(x, g.other(x), **g.maybe(0.7, dim=g.dim(x)) | g.maybe(0.2, eps=g.choice([1e-3, 1.0])))


@entry("CosineSimilarity", spaces=(), weight=0.3)
def cosine_similarity_module(g):
    x = g.tensor("float", min_ndim=1)
    form = f"torch.nn.CosineSimilarity({show(g.dim(x))})({{0}}, {{1}})"
    return call(x, g.other(x), forms=(("nn.CosineSimilarity", form),))


# Losses


def reductions(g):
    return g.maybe(0.6, reduction=g.choice(["mean", "sum", "none", "none", "average"]))


@entry("mse_loss l1_loss smooth_l1_loss", optional="huber_loss", spaces=("F",))
def pair_loss(g):
    x = g.tensor("float" if g.chance(0.9) else "any")
    return call(x, g.other(x) if g.chance(0.1) else g.same_shape(x), **reductions(g))


@entry("binary_cross_entropy_with_logits", spaces=("F",))
def bce_logits(g):
    x = g.tensor("float")
    return call(x, g.same_shape(x, "unit"), **reductions(g))


@entry("binary_cross_entropy", spaces=("F",))
def bce(g):
    dtype = g.choice(FLOATS)
    x = g.unit(g.shape(), dtype)
    return call(x, g.same_shape(x, "unit"), **reductions(g))


@entry("cross_entropy nll_loss", spaces=("F",))
def cross_entropy(g):
    classes, n, dtype = g.int(1, 4), g.int(0, 3), g.choice(FLOATS)
    lead = (n,) if g.chance(0.8) else ()
    rest = (2,) if lead and g.chance(0.15) else ()
    target = g.whole((*lead, *rest), 0, classes if g.chance(0.9) else classes + 1)
    kwargs = reductions(g) | g.maybe(0.15, ignore_index=0)
    if g.chance(0.15):
        kwargs["weight"] = g.unit((classes,), dtype)
    return call(g.leaf((*lead, classes, *rest), dtype), target, **kwargs)


@entry("dropout", spaces=("F",))
def dropout(g):
    x = g.tensor("float")
    p = g.choice([0.0, 1.0, 0.5, 0.0, 1.5, -0.5])
    options = g.choice([{"p": p, "training": True}, {"p": p, "training": False}])
    return call(x, **options, random=p == 0.5).but(fixed=True)


# Images


def images(g):
    """Mostly floats of shape (N, C, H, W)."""
    return g.tensor("float" if g.chance(0.95) else "any", min_ndim=4 if g.chance(0.93) else g.int(0, 3))


def some_or_two(g, low, high):
    """An integer, or two of them: valid, mostly."""
    if g.chance(0.03):
        return g.choice([-1, 0, 1.5, "same", (1, 2, 3), True])
    two = (g.int(low, high), g.int(low, high))
    return g.choice([g.int(low, high), two, list(two)])


def kernel_for(g, x):
    """A window that fits, mostly."""
    shape = g.shape_of(x)[-2:]
    if len(shape) < 2 or g.chance(0.1):
        return some_or_two(g, 1, 3)
    two = tuple(g.int(1, min(n + 1, 3)) for n in shape)
    return g.choice([min(two), two, two])


def window_options(g, names):
    drawn = {
        "stride": lambda: some_or_two(g, 1, 3),
        "padding": lambda: some_or_two(g, 0, 1),
        "dilation": lambda: some_or_two(g, 1, 2),
        "ceil_mode": lambda: g.chance(0.7),
        "count_include_pad": lambda: g.chance(0.5),
        "divisor_override": lambda: g.choice([1, 2, 3, -1, None]),
    }
    return {name: drawn[name]() for name in names if g.chance(0.4)}


def max_pool_options(g, x):
    """Where a window lies in the padding only, PyTorch's backward writes outside of the gradient, and may end the process."""
    options = window_options(g, MAX_POOL)
    if "padding" in options and min(g.shape_of(x)[-2:], default=0) < 2:
        options.pop("dilation", None)
    return options


MAX_POOL = ("stride", "padding", "dilation", "ceil_mode")
AVG_POOL = ("stride", "padding", "ceil_mode", "count_include_pad", "divisor_override")


@entry("max_pool2d", spaces=("F",), weight=1.5)
def max_pool2d(g):
    x = images(g)
    return call(x, kernel_for(g, x), **max_pool_options(g, x))


@entry("avg_pool2d", spaces=("F",))
def avg_pool2d(g):
    x = images(g)
    return call(x, kernel_for(g, x), **window_options(g, AVG_POOL))


def output_size(g):
    side = lambda: g.choice([1, 2, 3, 5, 4, None])  # noqa: E731
    return g.choice([1, g.int(1, 5), (side(), side()), (side(), side()), 0])


@entry("adaptive_avg_pool2d", spaces=("F",))
def adaptive_avg_pool2d(g):
    return call(images(g), output_size(g))


@entry("conv2d", spaces=("F",), weight=2)
def conv2d(g):
    x = images(g)
    shape = g.shape_of(x)
    channels = shape[1] if len(shape) == 4 else 1
    groups = g.choice([n for n in (1, 1, 2, 3, 4) if max(channels, 1) % n == 0])
    kernel = kernel_for(g, x)
    kernel = kernel if isinstance(kernel, tuple) and len(kernel) == 2 else (1, 2)
    inside = channels // groups + (1 if g.chance(0.03) else 0)
    dtype = g.dtype_of(x) if g.chance(0.97) else g.choice(FLOATS)
    weight = g.leaf((groups * g.int(1, 2), inside, *kernel), dtype)
    args = (x, weight, g.leaf(g.shape_of(weight)[:1], dtype)) if g.chance(0.5) else (x, weight)
    options = window_options(g, ("stride", "padding", "dilation"))
    options |= g.maybe(0.15, padding=g.choice(["same", "valid"]))
    return call(*args, **options, **g.maybe(1.0 if groups > 1 else 0.2, groups=groups))


BATCH_NORM = (
    "(lambda mean, var: (torch.nn.functional.batch_norm({0}, mean, var, {rest}), mean, var))({1}.clone(), {2}.clone())"
)


@entry("batch_norm", spaces=(), weight=1.5)
def batch_norm(g):
    """With running statistics, these are part of the result."""
    x = g.tensor("float" if g.chance(0.95) else "any", min_ndim=2 if g.chance(0.95) else 0)
    shape, dtype = g.shape_of(x), g.dtype_of(x)
    channels = (shape[1] if len(shape) > 1 else 1,) if g.chance(0.97) else (g.int(1, 3),)
    options = {name: g.leaf(channels, dtype) for name in ("weight", "bias") if g.chance(0.5)}
    options |= g.maybe(momentum=g.choice([0.1, 0.5, 0.0, 1.0])) | g.maybe(0.3, eps=g.choice([1e-3, 0.5]))
    if g.chance(0.3):
        form = "torch.nn.functional.batch_norm({0}, None, None, {rest})"
        return call(x, forms=(("F.batch_norm", form),), **options, training=g.chance(0.95))
    args = (x, g.plain(channels, dtype), g.plain(channels, dtype, 0.125))
    return call(*args, forms=(("F.batch_norm", BATCH_NORM),), **options, training=g.chance(0.6))


def spelled(options) -> str:
    return "".join(f", {name}={show(value)}" for name, value in options.items())


def pooling_module(name, options):
    def draw(g):
        x = images(g)
        text = f"torch.nn.{name}({show(kernel_for(g, x))}{spelled(options(g, x))})({{0}})"
        return call(x, forms=((f"nn.{name}", text),))

    return draw


entry("MaxPool2d", spaces=(), weight=0.3)(pooling_module("MaxPool2d", max_pool_options))
entry("AvgPool2d", spaces=(), weight=0.3)(pooling_module("AvgPool2d", lambda g, x: window_options(g, AVG_POOL)))


@entry("AdaptiveAvgPool2d", spaces=(), weight=0.3)
def adaptive_pooling_module(g):
    form = f"torch.nn.AdaptiveAvgPool2d({show(output_size(g))})({{0}})"
    return call(images(g), forms=(("nn.AdaptiveAvgPool2d", form),))


@entry("Conv2d", spaces=(), weight=0.3)
def conv2d_module(g):
    """Its weights are drawn by each library itself, so they are replaced."""
    x = images(g)
    shape, options = g.shape_of(x), window_options(g, ("stride", "padding", "dilation"))
    channels = shape[1] if len(shape) == 4 else 1
    options |= g.maybe(0.2, groups=channels) | g.maybe(0.3, bias=g.chance(0.5))
    made = f"torch.nn.Conv2d({channels}, {2 * max(channels, 1)}, {show(kernel_for(g, x))}{spelled(options)})"
    form = f"(lambda layer: [p.data.fill_(0.375) for p in layer.parameters()] and layer({{0}}))({made}.to({{0}}.dtype))"
    return call(x, forms=(("nn.Conv2d", form),))


@entry("BatchNorm1d BatchNorm2d", spaces=(), weight=0.3)
def batch_norm_module(g):
    x = images(g) if g.chance(0.5) else g.tensor("float", min_ndim=2)
    shape = g.shape_of(x)
    options = g.maybe(0.3, eps=0.5) | g.maybe(0.3, momentum=g.choice([None, 0.5])) | g.maybe(0.3, affine=False)
    options |= g.maybe(0.3, track_running_stats=False)
    name = "BatchNorm2d" if len(shape) == 4 else g.choice(["BatchNorm1d", "BatchNorm2d"])
    made = f"torch.nn.{name}({shape[1] if len(shape) > 1 else 1}{spelled(options)}).to({{0}}.dtype)"
    twice = g.choice(
        ["layer({0})", "(layer({0}), layer.running_mean, layer.running_var)", "(layer({0}), layer.eval()({0}))"]
    )
    return call(x, forms=((f"nn.{name}", f"(lambda layer: {twice})({made})"),))


# Attention


@entry("scaled_dot_product_attention", spaces=("F",))
def scaled_dot_product_attention(g):
    query = g.tensor("float", min_ndim=2)
    shape, options = g.shape_of(query), g.maybe(0.3, is_causal=True) | g.maybe(0.3, scale=0.5)
    queries = shape[-2] if len(shape) > 1 else 1
    mask = {} if "is_causal" in options else g.maybe(0.4, attn_mask=g.new(g.values((queries, queries), "bool")))
    return call(query, g.same_shape(query), g.same_shape(query), **options | mask)


@entry("layer_norm", spaces=("F",))
def layer_norm(g):
    x = g.tensor("float", min_ndim=1)
    inside = g.shape_of(x)[-g.int(1, 2) :] if g.chance(0.95) else (2,)
    return call(x, inside, **g.maybe(0.3, eps=0.5))


@entry("LayerNorm", spaces=(), weight=0.3)
def layer_norm_module(g):
    x = g.tensor("float", min_ndim=1)
    shape = g.shape_of(x)
    options = g.maybe(0.3, eps=0.5) | g.maybe(0.3, elementwise_affine=False) | g.maybe(0.2, bias=False)
    form = f"torch.nn.LayerNorm({shape[-1] if shape else 1}{spelled(options)}).to({{0}}.dtype)({{0}})"
    return call(x, forms=(("nn.LayerNorm", form),))


@entry("MultiheadAttention", spaces=(), weight=0.3)
def multihead_attention(g):
    """Its weights are drawn by each library itself, so they are replaced."""
    x = g.tensor("float", min_ndim=2)
    shape = g.shape_of(x)
    width = shape[-1] if shape else 1
    options = g.maybe(0.3, bias=False) | g.maybe(0.5, batch_first=True)
    made = f"torch.nn.MultiheadAttention({max(width, 1)}, 1{spelled(options)}).to({{0}}.dtype)"
    form = f"(lambda layer: [p.data.fill_(0.375) for p in layer.parameters()] and layer({{0}}, {{0}}, {{0}}))({made})"
    return call(x, forms=(("nn.MultiheadAttention", form),))


# Modules without weights


def module(name, options=lambda g: "", losses=False):
    def draw(g):
        x = g.tensor("float")
        given = (x, g.same_shape(x, "unit" if "BCE" in name else "normal")) if losses else (x,)
        return call(*given, forms=((f"nn.{name}", f"torch.nn.{name}({options(g)})({{rest}})"),))

    return draw


def some(*choices):
    return lambda g: g.choice(choices)


MODULES = {
    "ReLU": some("", "inplace=False"),
    "Sigmoid": some(""),
    "Tanh": some(""),
    "GELU": some("approximate='tanh'"),
    "LeakyReLU": some("", "0.1", "negative_slope=0.5"),
    "SiLU": some(""),
    "Softplus": some(""),
    "Identity": some(""),
    "Softmax": some("dim=-1", "dim=0", "0", "dim=2"),
    "LogSoftmax": some("dim=-1", "dim=0"),
    "Flatten": some("", "0", "0, 1", "start_dim=1", "1, -2"),
    "Dropout": some("0.0", "p=1.0", "p=0"),
    "ELU": some(""),
    "LogSigmoid": some(""),
    "Unflatten": some("0, (1, -1)"),
}
LOSS_MODULES = ("MSELoss", "L1Loss", "BCEWithLogitsLoss", "SmoothL1Loss", "HuberLoss")
for _name, _options in MODULES.items():
    entry(_name, optional=_name if _name in ("ELU", "LogSigmoid", "Unflatten") else "", spaces=(), weight=0.3)(
        module(_name, _options)
    )
for _name in LOSS_MODULES:
    entry(_name, optional=_name if _name in ("SmoothL1Loss", "HuberLoss") else "", spaces=(), weight=0.3)(
        module(_name, some("", "reduction='sum'", "reduction='none'"), losses=True)
    )


@entry("BCELoss", spaces=(), weight=0.3)
def bce_loss(g):
    return bce(g).but(forms=(("nn.BCELoss", "torch.nn.BCELoss()({0}, {1})"),), kwargs={})


@entry("CrossEntropyLoss NLLLoss", spaces=(), weight=0.3)
def class_loss(g):
    name = g.choice(["CrossEntropyLoss", "NLLLoss"])
    drawn = cross_entropy(g)
    options = g.choice(["", "reduction='sum'", "ignore_index=0", "label_smoothing=0.1"])
    if name == "NLLLoss" and "smoothing" in options:
        options = ""
    return drawn.but(forms=((f"nn.{name}", f"torch.nn.{name}({options})({{0}}, {{1}})"),), kwargs={})


# Making tensors


def creator_options(g, dtypes=DTYPES):
    return g.maybe(0.4, dtype=g.dtype(dtypes)) | g.maybe(0.2, requires_grad=g.chance(0.8))


@entry("zeros ones", spaces=("torch",), weight=0.5)
def filled(g):
    shape = g.shape()
    options = creator_options(g)
    return call(shape, **options) if g.chance(0.5) or not shape else call(*shape, **options)


@entry("empty rand randn", spaces=("torch",), weight=0.5)
def unfilled(g):
    shape = g.shape()
    options = creator_options(g, FLOATS)
    return call(shape, **options, random=True) if g.chance(0.5) or not shape else call(*shape, **options, random=True)


@entry("zeros_like ones_like", spaces=("torch",), weight=0.5)
def like(g):
    return call(g.tensor(), **g.maybe(0.3, dtype=g.dtype()))


@entry("empty_like rand_like randn_like", optional="empty_like", spaces=("torch",), weight=0.5)
def random_like(g):
    return call(g.tensor("float"), random=True)


@entry("full_like", spaces=("torch",), weight=0.5)
def full_like(g):
    return call(g.tensor(), g.number(), **g.maybe(0.3, dtype=g.dtype()))


@entry("full", spaces=("torch",), weight=0.5)
def full(g):
    return call(g.shape(), g.number(), **creator_options(g))


@entry("", optional="new_zeros new_ones new_empty", spaces=("Tensor",), weight=0.3)
def new(g):
    return call(g.tensor(), g.shape(), random=True)  # also new_empty


@entry("eye", spaces=("torch",), weight=0.3)
def eye(g):
    return call(g.int(0, 4), **creator_options(g))


@entry("arange", spaces=("torch",))
def arange(g):
    numbers = [-2, 0, 1, 3, 5, 0.5, 2.5, -1.0]
    end, start, step = g.choice(numbers), g.choice(numbers), g.choice([1, 2, -1, 0.5, -0.5, 0, 0.3])
    return g.choice([call(end), call(start, end), call(start, end, step), call(start, end, step, dtype=g.dtype())])


@entry("linspace", spaces=("torch",), weight=0.5)
def linspace(g):
    return call(g.choice([-1, 0, 0.5]), g.choice([1, 2.5, 0]), g.int(0, 6), **g.maybe(0.2, dtype=g.dtype(FLOATS)))


@entry("randint", spaces=("torch",), weight=0.3)
def randint(g):
    return call(g.int(0, 1), g.int(1, 5), g.shape(), random=True)


@entry("randperm", spaces=("torch",), weight=0.3)
def randperm(g):
    return call(g.int(0, 5), random=True)


@entry("normal", spaces=("torch",), weight=0.3)
def normal(g):
    return call(0.0, 1.0, g.shape(), random=True)


@entry("multinomial", spaces=("Tensor", "torch"), weight=0.3)
def multinomial(g):
    lead = (2,) if g.chance(0.3) else ()
    return call(g.unit((*lead, 4), "float32"), g.int(1, 4), **g.maybe(0.4, replacement=True), random=True)


@entry("tensor", spaces=("torch",), weight=1.5)
def tensor(g):
    shape = g.shape(max_ndim=2)
    dtype = g.choice(("bool", "int64", "float64"))
    data = g.values(shape, dtype).tolist()
    data = g.number() if shape == () and g.chance(0.5) else data
    return call(data, **creator_options(g))


@entry("from_numpy as_tensor", optional="as_tensor", spaces=("torch",), weight=0.5)
def from_numpy(g):
    return call(Source(f"np.array({g.values(g.shape(max_ndim=2), 'int64').tolist()}, dtype='{g.any_dtype()}')"))


@entry("Tensor FloatTensor LongTensor", spaces=("torch",), weight=0.3)
def old_creators(g):
    return call(0, *g.shape()) if g.chance(0.4) else call(g.values((2,), "int64").tolist())


@entry("is_tensor", spaces=("torch",), weight=0.2)
def is_tensor(g):
    return call(g.tensor() if g.chance(0.7) else g.number())


# What a tensor says about itself, and Python's ways to ask

PROPERTIES = "T shape dtype ndim is_leaf requires_grad data"
MORE_PROPERTIES = "mT H itemsize nbytes is_floating_point"


def attribute(name):
    return lambda g: call(g.tensor(), forms=METHOD(name, f"{{0}}.{name}"))


for _name in (PROPERTIES + " mT H itemsize nbytes").split():
    entry(_name, optional=_name if _name in MORE_PROPERTIES.split() else "", spaces=(), weight=0.4)(attribute(_name))

ASKED = {
    "dim": "{0}.dim()",
    "nelement": "{0}.nelement()",
    "stride": "{0}.stride()",
    "is_contiguous": "{0}.is_contiguous()",
    "item": "{0}.item()",
    "tolist": "{0}.tolist()",
    "numpy": "{0}.numpy()",
    "__len__": "len({0})",
    "__bool__": "bool({0})",
    "__float__": "float({0})",
    "__int__": "int({0})",
    "__index__": "[10, 11, 12][{0}]",
    "__iter__": "list({0})",
    "__repr__": "repr({0})",
    "__array__": "np.asarray({0})",
    "__format__": "f'{{{0}}}'",
    "is_floating_point": "{0}.is_floating_point()",
    "element_size": "{0}.element_size()",
    "ndimension": "{0}.ndimension()",
    "__hash__": "hash({0}) == hash({0})",
    "__deepcopy__": "__import__('copy').deepcopy({0})",
    "grad_fn": "{0}.grad_fn is None",
    "grad": "{0}.grad",
    "device": "str({0}.device)",
    "cpu": "{0}.cpu()",
    "is_cuda": "{0}.is_cuda",
    "__reversed__": "list(reversed({0}))",
}
NOT_WANTED = (
    "cpu",
    "is_cuda",
    "is_floating_point",
    "element_size",
    "ndimension",
    "__hash__",
    "__deepcopy__",
    "__reversed__",
)


def asked(name, form):
    small = name in ("item", "__bool__", "__float__", "__int__", "__index__", "__format__")
    kind = "int" if name == "__index__" else "any"
    return lambda g: call(g.single(kind) if small and g.chance(0.7) else g.tensor(), forms=METHOD(name, form))


for _name, _form in ASKED.items():
    entry(_name, optional=_name if _name in NOT_WANTED else "", spaces=(), weight=0.4)(asked(_name, _form))


@entry("numel", spaces=("Tensor", "torch"), weight=0.4)
def numel(g):
    return call(g.tensor())


@entry("size", spaces=("Tensor",), weight=0.4)
def size(g):
    x = g.tensor()
    return call(x) if g.chance(0.4) else call(x, g.dim(x))


@entry("__contains__", spaces=(), weight=0.4)
def contains(g):
    return call(g.tensor(), g.number(), forms=METHOD("__contains__", "{1} in {0}"))


@entry("requires_grad_", spaces=("Tensor",), weight=0.3)
def requires_grad_(g):
    return call(g.leaf(g.shape(), g.any_dtype()), **g.maybe(0.3, requires_grad=g.chance(0.5)))


# In place

AUGMENTED = {"iadd": "+=", "isub": "-=", "imul": "*=", "itruediv": "/="}
MORE_AUGMENTED = {"ipow": "**=", "ifloordiv": "//=", "imod": "%=", "iand": "&=", "ior": "|="}


def augmented(name, sign):
    def draw(g):
        x = g.tensor(part=False)
        forms = METHOD(f"__{name}__", f"{{0}} {sign} {{1}}")
        return call(x, g.operand(x, expands=False), forms=forms, in_place=True)

    return draw


for _name, _sign in (AUGMENTED | MORE_AUGMENTED).items():
    entry(f"__{_name}__", optional=f"__{_name}__" if _name in MORE_AUGMENTED else "", spaces=(), weight=1.5)(
        augmented(_name, _sign)
    )


@entry("add_ sub_ mul_ div_", optional="pow_ eq_ remainder_ floor_divide_", spaces=("Tensor",))
def in_place_two(g):
    x = g.tensor()
    return call(x, g.operand(x, expands=False), in_place=True)


@entry("copy_", spaces=("Tensor",))
def copy_(g):
    x = g.tensor()
    return call(x, g.other(x, expands=False), in_place=True)


@entry("", optional="scatter_ scatter_add_", spaces=("Tensor",))
def scatter_in_place(g):
    return scatter_add(g).but(in_place=True)


@entry("fill_", spaces=("Tensor",))
def fill_(g):
    return call(g.tensor(), g.number(), in_place=True)


@entry(
    "zero_",
    optional="exp_ log_ sqrt_ neg_ abs_ relu_ sigmoid_ tanh_ floor_ round_ reciprocal_ square_ detach_ sin_ cos_ sign_ t_ "
    "squeeze_ tril_ triu_",
    spaces=("Tensor",),
)
def in_place_one(g):
    return call(g.tensor(), in_place=True)


@entry("clamp_", optional="clip_", spaces=("Tensor",))
def clamp_(g):
    x = g.tensor()
    return call(x, g.choice([0, -1, 0.5]), **g.maybe(max=g.choice([1, 2, 0.25])), in_place=True)


@entry("", optional="masked_fill_", spaces=("Tensor",))
def masked_fill_(g):
    x = g.tensor()
    return call(x, g.other(x, "bool", expands=False), g.number(), in_place=True)


@entry("normal_ uniform_", optional="bernoulli_ exponential_", spaces=("Tensor",), weight=0.3)
def random_(g):
    return call(g.tensor("float"), in_place=True, random=True)


@entry("", optional="unsqueeze_", spaces=("Tensor",), weight=0.3)
def unsqueeze_(g):
    x = g.tensor(min_ndim=1)
    return call(x, g.dim(x), in_place=True)
