"""Module 05: Autograd.

Written by `tito export` from notebooks/05_autograd.py: edit that file instead. sha256: dfb32d772fcd571d
"""

import math
from collections.abc import Callable
from heapq import heappop, heappush

import numpy as np

import tinytorch.arrays as arrays
from tinytorch.activations import gelu, leaky_relu, log_softmax, relu, sigmoid, softmax, tanh
from tinytorch.arrays import add_at, add_up, choose, clip, concatenate, float64, getitem, in_blocks, power, select
from tinytorch.graph import check, first_gradient, freed, grad_mode, missing_rule, no_grad, node_text, versions
from tinytorch.layers import linear
from tinytorch.losses import binary_cross_entropy_terms, cross_entropy_terms
from tinytorch.tensor import Tensor, sum_to_shape

# op -> its gradient rule; filled by @gradient_of
gradients = {}


def numerical_gradient(f: Callable, x: np.ndarray, eps: float = 1e-6) -> np.ndarray:
    """Estimate the gradient of `f` at `x` by central differences: nudge each entry up and down by eps.

    Args:
        f: function from an array to one number.
        x: float64 array of any shape; it keeps its values.
        eps: how far to nudge an entry in each direction.

    Returns:
        Array of the shape of `x`.

    >>> numerical_gradient(lambda x: x[0] * x[1], np.array([3.0, 5.0])).round(4)
    array([5., 3.])
    """
    grad = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        nudged = x.copy()
        nudged[index] = x[index] + eps
        above = f(nudged)
        nudged[index] = x[index] - eps
        grad[index] = (above - f(nudged)) / (2 * eps)
    return grad


def gradient_of(*ops: Callable) -> Callable:
    """Decorator: register a rule for `ops` in the table `gradients`.

    If an input was broadcast, its gradient may have the shape of `out`. The arrays a function uses stay in memory until it has run.
    """

    def register(rule):
        gradients.update({getattr(op, "op", op): rule for op in ops})  # @op keeps the bare function as `op`
        return rule

    return register


@gradient_of(np.subtract)
def subtract_gradient(out: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple:
    """Rule for a - b."""
    return lambda grad: grad, lambda grad: -grad


@gradient_of(np.divide)
def divide_gradient(out: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple:
    """Rule for a / b."""
    return lambda grad: grad / b, lambda grad: -grad * (a / b / b)


@gradient_of(np.add)
def add_gradient(out: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple:
    """Rule for a + b.

    Args:
        out: the sum, an array.
        a, b: the arrays or numbers added.

    Returns:
        Two functions of `grad`: the gradient of a, and the gradient of b, both in the shape of `grad`.

    >>> to_a, to_b = add_gradient(None, 1.0, 2.0)
    >>> to_a(5.0), to_b(5.0)
    (5.0, 5.0)
    """
    return lambda grad: grad, lambda grad: grad


@gradient_of(np.multiply)
def multiply_gradient(out: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple:
    """Rule for a * b.

    Args:
        out: the product, an array.
        a, b: the arrays or numbers multiplied.

    Returns:
        Two functions of `grad`: the gradient of a, and the gradient of b, both in the shape of `grad`.

    >>> to_a, to_b = multiply_gradient(6.0, 2.0, 3.0)
    >>> float(to_a(5.0)), float(to_b(5.0))
    (15.0, 10.0)
    """
    return lambda grad: grad * b, lambda grad: grad * a


@gradient_of(add_up)
def sum_gradient(out: np.ndarray, x: np.ndarray, axis: int | tuple | None = None, keepdims: bool = False) -> tuple:
    """Rule for sums.

    Args:
        out: the sums, an array.
        x: array of any shape.
        axis: the axis that was summed, a tuple of several, or None for all.
        keepdims: whether the sum kept these axes, with size 1.

    Returns:
        A tuple of one function of `grad`, which has the shape of `out`: the gradient of x, in the shape of `x`.

    >>> (to_x,) = sum_gradient(None, np.zeros((2, 3)), axis=1)
    >>> to_x(np.array([10.0, 20.0])).tolist()
    [[10.0, 10.0, 10.0], [20.0, 20.0, 20.0]]
    """
    shape = x.shape

    def to_x(grad):
        if axis is not None and not keepdims:
            grad = np.expand_dims(grad, axis)
        return np.broadcast_to(grad, shape)

    return (to_x,)


@gradient_of(getitem)
def getitem_gradient(out: np.ndarray, x: np.ndarray, index: tuple) -> tuple:
    """Rule for x[index].

    Args:
        out: the entries picked.
        x: array of any shape.
        index: what NumPy takes between square brackets, as a tuple.

    Returns:
        A tuple of one function of `grad`: the gradient of x, in the shape and dtype of `x`.

    >>> (to_x,) = getitem_gradient(None, np.zeros(3), ([2, 0, 2],))
    >>> to_x(np.array([1.0, 10.0, 100.0])).tolist()
    [10.0, 0.0, 101.0]
    """
    shape, dtype = x.shape, x.dtype

    def to_x(grad):
        full = np.zeros(shape, dtype)
        add_at(full, index, grad)
        return full

    return (to_x,)


@gradient_of(np.matmul)
def matmul_gradient(out: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple:
    """Rule for a @ b, for matrices and for stacks of them (the last two axes are the matrix).

    Args:
        out: the product, of shape (..., n, m).
        a: array of shape (..., n, k).
        b: array of shape (..., k, m).

    Returns:
        Two functions of `grad`, which has the shape of `out`: the gradient of a, and the gradient of b.

    >>> to_a, to_b = matmul_gradient(None, np.array([[1.0, 2.0]]), np.array([[3.0, 4.0], [5.0, 6.0]]))
    >>> to_a(np.array([[10.0, 1.0]])).tolist(), to_b(np.array([[10.0, 1.0]])).tolist()
    ([[34.0, 56.0]], [[10.0, 1.0], [20.0, 2.0]])
    """
    return lambda grad: grad @ b.swapaxes(-1, -2), lambda grad: a.swapaxes(-1, -2) @ grad


@gradient_of(relu)
def relu_gradient(out: np.ndarray, x: np.ndarray) -> tuple:
    """Rule for relu.

    Args:
        out: relu(x).
        x: array of any shape.

    Returns:
        A tuple of one function of `grad`: the gradient of x, in the dtype of `grad`.

    >>> (to_x,) = relu_gradient(np.array([0.0, 3.0]), np.array([-2.0, 3.0]))
    >>> to_x(np.array([5.0, 5.0])).tolist()
    [0.0, 5.0]
    """
    return (lambda grad: select(out > 0, grad),)


@gradient_of(softmax)
def softmax_gradient(out: np.ndarray, x: np.ndarray, dim: int = -1) -> tuple:
    """Rule for softmax.

    Args:
        out: the probabilities, which sum to one along `dim`.
        x: the scores, an array of the same shape.
        dim: the axis of the softmax.

    Returns:
        A tuple of one function of `grad`: the gradient of x.

    >>> (to_x,) = softmax_gradient(np.array([0.5, 0.3, 0.2]), None)
    >>> to_x(np.array([1.0, 0.0, 0.0])).round(2).tolist()
    [0.25, -0.15, -0.1]
    """
    return (lambda grad: out * (grad - (grad * out).sum(axis=dim, keepdims=True)),)


@gradient_of(cross_entropy_terms)
def cross_entropy_gradient(out: np.ndarray, logits: np.ndarray, target: np.ndarray) -> tuple:
    """Rule for cross_entropy_terms.

    Args:
        out: the loss of each row, shape (N,).
        logits: the scores, shape (N, C).
        target: the target classes, shape (N,), integers.

    Returns:
        A function of `grad`, which has shape (N,): the gradient of the logits, in their dtype. And None: classes have no gradient.

    >>> to_logits, to_target = cross_entropy_gradient(None, np.array([[0.0, 0.0]]), np.array([1]))
    >>> to_logits(np.array([1.0])).tolist()
    [[0.5, -0.5]]
    """

    def to_logits(grad):
        error = softmax(logits)
        error[np.arange(len(target)), target] -= 1
        return error * grad[:, None]

    return to_logits, None


class Node:
    """One recorded operation: (parent, function) for each input that requires a gradient, and the result's shape and dtype."""

    __slots__ = ("op", "next_functions", "sequence_nr", "shape", "dtype", "hooks")

    def __init__(self, op, next_functions: list, out: np.ndarray):
        self.op, self.next_functions, self.sequence_nr = op, next_functions, next(versions.clock)
        self.shape, self.dtype, self.hooks = out.shape, out.dtype, None

    def __repr__(self):
        return node_text(self.op)


@Tensor.set_recorder
def record(op: Callable, out: Tensor, inputs: tuple, arrays: list, params: dict, backward: tuple | None = None) -> None:
    """Record the op on the graph if any input requires a gradient.

    Args:
        op: the function that was called.
        out: the tensor that it returned.
        inputs, arrays: what it was given, tensors and plain numbers; and the same with arrays instead of tensors.
        params: its options, by name.
        backward: the tuple of functions that a rule returns, if the op brought its own.

    Returns:
        None; sets `out.requires_grad` and `out.grad_fn`.

    >>> a = Tensor([2.0], requires_grad=True)
    >>> product = a * 3
    >>> product.requires_grad, [parent is a for parent, _ in product.grad_fn.next_functions]
    (True, [True])
    """
    for x in inputs:
        if isinstance(x, Tensor) and x.requires_grad:
            break
    else:
        return
    if out.array.dtype.kind != "f" or not grad_mode.enabled:
        return
    if backward is None:
        rule = gradients.get(op)
        backward = rule(out.array, *arrays, **params) if rule else missing_rule(op, *arrays)
    pairs = []
    for x, function in zip(inputs, backward):  # noqa: B905, options given by position have no function
        if isinstance(x, Tensor) and x.requires_grad:
            pairs.append((x.grad_fn or x, function))
    out.requires_grad = True
    out.grad_fn = Node(op, pairs, out.array)


def run_hooks(owner: Tensor | Node, grad: np.ndarray) -> np.ndarray:
    """Pass a gradient to the hooks of a leaf or a node; if a hook returns a tensor, that replaces it."""
    for hook in owner.hooks or ():
        changed = hook(Tensor.wrap(grad))
        grad = grad if changed is None else changed.array
    return grad


def accumulate(leaf: Tensor, grad: np.ndarray) -> None:
    """Add to a leaf's `.grad`, in place. The leaf owns that array, so the first gradient is copied, in row-major order."""
    grad = run_hooks(leaf, grad)
    if grad_mode.collected is not None:  # `grad` runs, which leaves every .grad alone
        grad_mode.collected.setdefault(leaf, []).append(grad)
    elif leaf.grad is None:
        leaf.grad = Tensor.wrap(np.array(grad, leaf.dtype, order="C"))
    else:
        leaf.grad.array += grad


def fit(grad: np.ndarray, parent: Tensor | Node) -> np.ndarray:
    """Restore the shape and dtype of a gradient's tensor, after broadcasting or type promotion."""
    return sum_to_shape(np.asarray(grad), parent.shape).astype(parent.dtype, copy=False)


def arrived(node: Node, grad: np.ndarray) -> np.ndarray:
    """Check that a node was not freed and that its arrays did not change in place, then run its hooks."""
    check(node)
    return run_hooks(node, grad)


@Tensor.set_engine
def backward(tensor: Tensor, gradient: Tensor | None = None, retain_graph: bool = False) -> None:
    """Add to `.grad` of every leaf that `tensor` depends on: what `tensor.backward()` does.

    Args:
        tensor: where to start; a single number, unless `gradient` is given.
        gradient: the upstream gradient, a tensor of the same shape.
        retain_graph: keep the graph, so that backward can run again.

    Returns:
        None.

    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """
    start = first_gradient(tensor, gradient)
    if tensor.grad_fn is None:
        accumulate(tensor, start)
        return
    waiting, queue = {tensor.grad_fn: start}, [(-tensor.grad_fn.sequence_nr, tensor.grad_fn)]
    while queue:
        node = heappop(queue)[1]
        grad = waiting.pop(node)
        if node.sequence_nr < versions.latest or node.hooks:
            grad = arrived(node, grad)
        for parent, function in node.next_functions:
            part = function(grad)
            if part.shape != parent.shape or part.dtype is not parent.dtype:
                part = fit(part, parent)
            if isinstance(parent, Tensor):
                accumulate(parent, part)
            elif parent in waiting:
                waiting[parent] = waiting[parent] + part
            else:
                waiting[parent] = part
                heappush(queue, (-parent.sequence_nr, parent))
        if not retain_graph:
            node.next_functions = freed


def gradcheck(f: Callable, inputs: Tensor | tuple, eps: float = 1e-6, atol: float = 1e-5, rtol: float = 1e-3) -> bool:
    """Compare the gradients of `backward` with numerical gradients, in float64.

    Args:
        f: function from tensors to one tensor of any shape; smooth near the inputs, and deterministic.
        inputs: a tensor, or a tuple of tensors; those that hold floats are checked, as float64 copies.
        eps: how far to nudge each entry.
        atol, rtol: the two may differ by atol + rtol times the numerical gradient.

    Returns:
        True. If a gradient is wrong, RuntimeError: which one, where, and what it should be.

    >>> gradcheck(lambda a, b: a * b, (Tensor([2.0, 3.0]), Tensor([5.0])))
    True
    """
    inputs = inputs if isinstance(inputs, (tuple, list)) else (inputs,)
    leaves = [Tensor(x, dtype=float64, requires_grad=True) if x.dtype.kind == "f" else x for x in inputs]
    out = f(*leaves)
    direction = np.cos(np.arange(out.numel())).reshape(out.shape)  # no two outputs count the same
    backward(out, direction)

    @no_grad()
    def nudged(array, i):
        return (f(*leaves[:i], Tensor(array, dtype=float64), *leaves[i + 1 :]).array * direction).sum()

    for i, leaf in enumerate(leaves):
        if leaf.requires_grad:
            expected = numerical_gradient(lambda array, i=i: nudged(array, i), leaf.array, eps)
            actual = np.zeros(leaf.shape) if leaf.grad is None else leaf.grad.array
            for index in np.argwhere(np.abs(actual - expected) > atol + rtol * np.abs(expected)).tolist():
                at, wrong, right = tuple(index), actual[tuple(index)], expected[tuple(index)]
                raise RuntimeError(f"the gradient of input {i} at {at} is {wrong:.6g}, not {right:.6g}")
    return True


def table_of(rules: Callable) -> Callable:
    """Decorator: register the rules that a function returns."""
    gradients.update({getattr(op, "op", op): rule for op, rule in rules().items()})
    return rules


@table_of
def simple_rules() -> dict:
    """Op -> rule, for rules of one line."""
    back_to = lambda shape: (lambda g: g.reshape(shape),)  # noqa: E731, keeps no array, which may change in place
    reshaped = lambda out, x, **params: back_to(x.shape)  # noqa: E731
    rows = lambda x: x.reshape(math.prod(x.shape[:-1]), x.shape[-1])  # noqa: E731, all leading axes as one
    share = lambda wins, a, b: lambda g: select(wins(a, b), g) + select(np.equal(a, b), g / 2)  # noqa: E731
    clamped = lambda x, low, high: (  # noqa: E731
        lambda g: select((low <= x) & (x <= high), g),
        lambda g: select((x < low) & (low < high), g),
        lambda g: select((x > high) | (low > high), g),
    )
    return {
        np.negative: lambda out, x: (lambda g: -g,), np.exp: lambda out, x: (lambda g: g * out,),
        np.log: lambda out, x: (lambda g: g / x,), np.sqrt: lambda out, x: (lambda g: g / (2 * out),),
        np.absolute: lambda out, x: (lambda g: select(x != 0, g) * np.sign(x),),
        np.remainder: lambda out, a, b: (lambda g: g, lambda g: -g * np.floor_divide(a, b)),
        np.maximum: lambda out, a, b: (share(np.greater, a, b), share(np.greater, b, a)),
        np.minimum: lambda out, a, b: (share(np.less, a, b), share(np.less, b, a)),
        clip: lambda out, x, low, high: clamped(x, -np.inf if low is None else low, np.inf if high is None else high),
        choose: lambda out, a, b, condition: (lambda g: select(condition, g), lambda g: select(~condition, g)),
        arrays.cast: lambda out, x, dtype: (lambda g: g,),
        **dict.fromkeys((np.reshape, np.expand_dims, np.squeeze), reshaped),
        np.swapaxes: lambda out, x, axis1, axis2: (lambda g: g.swapaxes(axis1, axis2),),
        np.transpose: lambda out, x, axes: (lambda g: g.transpose(np.argsort(np.arange(g.ndim)[list(axes)])),),
        concatenate: lambda out, *xs, dim: tuple(
            lambda g, ends=ends, shape=x.shape: np.split(g, ends, dim)[1].reshape(shape)
            for x, ends in zip(xs, arrays.ends(xs, dim), strict=True)
        ),
        arrays.stack_arrays: lambda out, *xs, dim: tuple(lambda g, i=i: g.take(i, dim) for i in range(len(xs))),
        leaky_relu: lambda out, x, negative_slope=0.01: (lambda g: np.where(x > 0, g, negative_slope * g),),
        sigmoid: lambda out, x: (lambda g: g * out * (1 - out),), tanh: lambda out, x: (lambda g: g * (1 - out * out),),
        log_softmax: lambda out, x, dim=-1: (lambda g: g - np.exp(out) * g.sum(axis=dim, keepdims=True),),
        linear: lambda out, x, weight, bias=None: (
            lambda g, shape=x.shape: (rows(g) @ weight).reshape(shape),
            lambda g: rows(g).T @ rows(x),
            lambda g: add_up(rows(g), axis=0),
        ),
        binary_cross_entropy_terms: lambda out, x, y: (lambda g: g * (sigmoid(x) - y), lambda g: -g * x),
    }  # fmt: skip


@gradient_of(power)
def power_gradient(out: np.ndarray, base: np.ndarray, exponent: np.ndarray) -> tuple:
    """Rule for base ** exponent. The slope is 0 for an exponent of 0; so is that along the exponent for a base of 0."""

    def to_base(grad):
        if type(exponent) in (int, float) and exponent != 0:  # the common case
            return grad * exponent * base ** (exponent - 1)
        slope = grad * exponent * base ** (exponent - np.not_equal(exponent, 0))
        return select(np.not_equal(exponent, 0) | (grad != grad), slope)

    return to_base, lambda grad: grad * out * np.log(np.where((base == 0) & (exponent >= 0), 1, base))


@gradient_of(np.max, np.min)
def extreme_gradient(out: np.ndarray, x: np.ndarray, axis: int | tuple | None = None, keepdims: bool = False) -> tuple:
    """Rule for amax and amin: the gradient goes to the extreme; where several are equal they share it, as in PyTorch."""
    (spread,) = sum_gradient(out, x, axis, keepdims)

    def to_x(grad):
        top, winners = spread(out), x == spread(out)
        share = spread(grad) / np.maximum(1, winners.sum(axis=axis, keepdims=True)).astype(x.dtype)
        return np.where(top == top, select(winners, share), top)  # nan stays nan

    return (to_x,)


@gradient_of(gelu)
def gelu_gradient(out: np.ndarray, x: np.ndarray, approximate: str = "tanh") -> tuple:
    """Rule for gelu, x/2 (1 + tanh u): the product rule, and the slope of u."""

    @in_blocks
    def slope_times(grad, x):
        x, factor = np.clip(x, -10, 10), math.sqrt(2 / math.pi)  # beyond 10 the cube of x may be inf
        square = x * x
        tanh_u = np.tanh(factor * x * (1 + 0.044715 * square))
        slope = 3 * 0.044715 * factor * square  # in place from here on, of u first: these may be large arrays
        slope += factor
        slope *= x
        slope *= 1 - tanh_u * tanh_u
        slope += 1 + tanh_u
        slope *= 0.5
        slope *= grad
        return slope

    return (lambda grad: slope_times(grad, x),)
