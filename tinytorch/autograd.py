"""Module 05: Autograd.

Written by `tito export` from notebooks/05_autograd.py: edit that file instead. sha256: 9c122d0fb5b6bb1e
"""

import math
from heapq import heappop, heappush
from itertools import count

import numpy as np

from tinytorch.activations import gelu, leaky_relu, log_softmax, relu, sigmoid, softmax, tanh
from tinytorch.arrays import add_up, float64, select
from tinytorch.graph import grad_mode, mentioned, no_grad, node_text, versions
from tinytorch.layers import linear
from tinytorch.losses import binary_cross_entropy_terms, cross_entropy_terms
from tinytorch.tensor import Tensor, cast, choose, clip, concatenate, getitem, power, stack_arrays, sum_to_shape

# op -> its gradient rule; filled by @gradient_of
gradients = {}
# what the next node of the graph gets as its sequence_nr
next_sequence_nr = count(1)


def numerical_gradient(f, x: np.ndarray, eps: float = 1e-6) -> np.ndarray:
    """The gradient of `f` at `x` by central differences: nudge each entry up and down by eps.

    Args:
        f: function from an array to one number.
        x: float64 array of any shape; it is not changed.
        eps: how far an entry is nudged, in each direction.

    Returns:
        Array of the shape of `x`.

    >>> numerical_gradient(lambda x: x[0] * x[1], np.array([3.0, 5.0])).round(4)
    array([5., 3.])
    """
    grad = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        moved = x.copy()
        moved[place] = x[place] + eps
        above = f(moved)
        moved[place] = x[place] - eps
        grad[place] = (above - f(moved)) / (2 * eps)
    return grad


def gradient_of(*ops):
    """Decorator: enter a gradient rule for `ops` into the table `gradients`.

    A rule is called right after the op, as `rule(out, *arrays, **params)`, and returns a tuple with one function for each input:
    from the gradient of `out` to that of the input, or None where the input has none. A gradient may have the shape of `out`
    where its input was broadcast. The arrays that a function mentions stay in memory until it has run; nothing else does.
    """

    def enter(rule):
        for op in ops:
            gradients[getattr(op, "op", op)] = rule  # @op keeps the bare function as `op`
        return rule

    return enter


@gradient_of(np.subtract)
def subtract_gradient(out, a, b):
    """Rule for a - b."""
    return lambda grad: grad, lambda grad: -grad


@gradient_of(np.divide)
def divide_gradient(out, a, b):
    """Rule for a / b."""
    return lambda grad: grad / b, lambda grad: -grad * (out / b)


@gradient_of(np.add)
def add_gradient(out, a, b):
    """Rule for a + b.

    Args:
        out: the sum, an array.
        a, b: arrays or numbers that were added.

    Returns:
        Two functions of `grad`: the gradient of a, and the gradient of b, both in the shape of `grad`.

    >>> to_a, to_b = add_gradient(None, 1.0, 2.0)
    >>> to_a(5.0), to_b(5.0)
    (5.0, 5.0)
    """
    return lambda grad: grad, lambda grad: grad


@gradient_of(np.multiply)
def multiply_gradient(out, a, b):
    """Rule for a * b.

    Args:
        out: the product, an array.
        a, b: arrays or numbers that were multiplied.

    Returns:
        Two functions of `grad`: the gradient of a, and the gradient of b, both in the shape of `grad`.

    >>> to_a, to_b = multiply_gradient(6.0, 2.0, 3.0)
    >>> to_a(5.0), to_b(5.0)
    (15.0, 10.0)
    """
    return lambda grad: grad * b, lambda grad: grad * a


@gradient_of(add_up)
def sum_gradient(out, x, axis=None, keepdims=False):
    """Rule for sums.

    Args:
        out: the sums, an array.
        x: array of any shape.
        axis: the axis along which was added, a tuple of several, or None for all.
        keepdims: whether the summed axes are still there, with size 1.

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


def add_at(full, index, grad):
    """Add `grad` to `full` at `index`, in place, once for each time that a place is picked.

    Only arrays of integers can pick a place twice. `np.add.at` adds those one after the other; where rows are picked many times each,
    as frequent words are, sorting them and adding up each run is faster.
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


@gradient_of(getitem)
def getitem_gradient(out, x, index):
    """Rule for x[index].

    Args:
        out: what was picked.
        x: array of any shape.
        index: whatever NumPy takes between square brackets.

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
def matmul_gradient(out, a, b):
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
def relu_gradient(out, x):
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
def softmax_gradient(out, x, dim=-1):
    """Rule for softmax.

    Args:
        out: the probabilities, which sum to one along `dim`.
        x: the scores, an array of the same shape.
        dim: the axis along which softmax was taken.

    Returns:
        A tuple of one function of `grad`: the gradient of x.

    >>> (to_x,) = softmax_gradient(np.array([0.5, 0.3, 0.2]), None)
    >>> to_x(np.array([1.0, 0.0, 0.0])).round(2).tolist()
    [0.25, -0.15, -0.1]
    """
    return (lambda grad: out * (grad - (grad * out).sum(axis=dim, keepdims=True)),)


@gradient_of(cross_entropy_terms)
def cross_entropy_gradient(out, logits, target):
    """Rule for cross_entropy_terms.

    Args:
        out: one number for each row, shape (N,).
        logits: the scores, shape (N, C).
        target: the right classes, shape (N,), integers.

    Returns:
        A function of `grad`, which has shape (N,): the gradient of the logits. And None, because a class number cannot move.

    >>> to_logits, to_target = cross_entropy_gradient(None, np.array([[0.0, 0.0]]), np.array([1]))
    >>> to_logits(np.array([1.0])).tolist()
    [[0.5, -0.5]]
    """

    def to_logits(grad):
        share = softmax(logits)
        share[np.arange(len(target)), target] -= 1
        return share * grad[:, None]

    return to_logits, None


class Node:
    """One recorded operation: (parent, function) for each input that needs a gradient, and what the result looked like."""

    __slots__ = ("op", "next_functions", "sequence_nr", "shape", "dtype", "version", "hooks")

    def __init__(self, op, next_functions: list, out: np.ndarray):
        self.op, self.next_functions, self.sequence_nr = op, next_functions, next(next_sequence_nr)
        self.shape, self.dtype, self.version, self.hooks = out.shape, out.dtype, versions.latest, None

    def free(self) -> None:
        """Let go of what the functions keep in memory."""
        self.next_functions, self.version = None, -1

    def __repr__(self):
        return node_text(self.op)


def missing_rule(op, *arrays):
    """The rule of an op that has none: the forward pass works, and asking for the gradient raises."""

    def to_input(grad):
        raise RuntimeError(f"{op.__name__} has no gradient rule: enter one with @gradient_of, or detach() its inputs")

    return (to_input,) * len(arrays)


@Tensor.set_recorder
def record(op, out, inputs, arrays, params, backward=None):
    """Record the op on the graph if any input requires a gradient.

    Args:
        op: the function that was called.
        out: the tensor that came out.
        inputs: what went in: tensors and plain numbers.
        arrays: the same, with the tensors' arrays in their place.
        params: its options, by name.
        backward: what a rule would return, if the op brought that along.

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
    for x, function in zip(inputs, backward):  # noqa: B905, options given by position have no gradient
        if isinstance(x, Tensor) and x.requires_grad:
            pairs.append((x.grad_fn or x, function))
    out.requires_grad = True
    out.grad_fn = Node(op, pairs, out.array)


def accumulate(leaf, grad):
    """Add to a leaf's `.grad`, in place. The leaf owns that array, so the first one is copied, in row-major order."""
    for hook in leaf.hooks or ():
        grad = run_hook(hook, grad)
    if grad_mode.collected is not None:  # `grad` runs, which leaves every .grad alone
        grad_mode.collected.setdefault(leaf, []).append(grad)
    elif leaf.grad is None:
        leaf.grad = Tensor.wrap(np.array(grad, leaf.dtype, order="C"))
    else:
        leaf.grad.array += grad


def run_hook(hook, grad):
    """Show a gradient to a hook, as a tensor; the hook may return another one to go on with."""
    changed = hook(Tensor.wrap(grad))
    return grad if changed is None else changed.array


def first_gradient(tensor, gradient):
    """Where `backward` begins: at 1 for a single number, else at what the caller gives.

    Raises:
        RuntimeError: the tensor requires no gradient, has several numbers but none was given, or another shape than what was.
    """
    if not tensor.requires_grad:
        raise RuntimeError("this tensor depends on nothing with requires_grad=True, or was computed under no_grad")
    if gradient is None:
        if tensor.numel() != 1:
            raise RuntimeError(
                f"backward starts at one number, not at shape {tensor.shape}: take .sum() or .mean() first"
            )
        return np.ones_like(tensor.array)
    array = np.asarray(gradient.array if isinstance(gradient, Tensor) else gradient, tensor.dtype)
    if array.shape != tensor.shape:
        raise RuntimeError(f"the gradient has shape {array.shape} and its tensor {tensor.shape}: they must agree")
    return array


def fit(grad, parent):
    """Give a gradient the shape and dtype of what it belongs to, where broadcasting or promotion has changed them."""
    grad = np.asarray(grad)
    return sum_to_shape(grad, parent.shape).astype(parent.dtype, copy=False)


def arrived(node, grad):
    """What to do with a gradient where a node was freed, has hooks, or may need an array that has changed in place."""
    if node.next_functions is None:
        raise RuntimeError("an earlier backward() freed the graph: compute the loss again, or use retain_graph=True")
    for _, function in node.next_functions:
        if any(versions.changed_since(node.version, array) for array in mentioned(function)):
            raise RuntimeError(
                f"{node} needs an array that has changed in place: change it after backward(), or change a clone()"
            )
    for hook in node.hooks or ():
        grad = run_hook(hook, grad)
    return grad


@Tensor.set_engine
def backward(tensor, gradient=None, retain_graph: bool = False) -> None:
    """Fill in `.grad` of every leaf that `tensor` depends on: what `tensor.backward()` does.

    There are no gradients of gradients: rules compute with arrays, and that is not recorded.

    Args:
        tensor: where to begin; one number, unless a `gradient` is given.
        gradient: tensor of the same shape: how much each number of `tensor` matters.
        retain_graph: keep the graph, so that backward can run again.

    Returns:
        None; adds to `.grad` of the leaves.

    Raises:
        RuntimeError: what `first_gradient` refuses, a graph that was freed, or an array that changed in place.

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
        if node.version != versions.latest or node.hooks:
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
            node.free()


def gradcheck(f, inputs, eps: float = 1e-6, atol: float = 1e-5, rtol: float = 1e-3) -> bool:
    """Compare the gradients of `backward` with numerical gradients, in float64.

    PyTorch: [`torch.autograd.gradcheck`](https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradcheck.html).

    Args:
        f: function from tensors to one tensor of any shape; smooth near the inputs, and deterministic.
        inputs: a tensor, or a tuple of tensors; those of floats are checked, as float64 copies.
        eps: how far entries are nudged.
        atol, rtol: how far the two may differ: by atol + rtol times the numerical gradient.

    Returns:
        True.

    Raises:
        RuntimeError: a gradient is wrong; says whose, where, and what it should be.

    >>> gradcheck(lambda a, b: a * b, (Tensor([2.0, 3.0]), Tensor([5.0])))
    True
    """
    inputs = inputs if isinstance(inputs, (tuple, list)) else (inputs,)
    leaves = [Tensor(x, dtype=float64, requires_grad=True) if x.dtype.kind == "f" else x for x in inputs]
    out = f(*leaves)
    direction = np.cos(np.arange(out.numel())).reshape(out.shape)  # no two outputs count the same
    backward(out, direction)

    def moved(array, place):
        with no_grad():
            return (f(*leaves[:place], Tensor(array, dtype=float64), *leaves[place + 1 :]).array * direction).sum()

    for place, leaf in enumerate(leaves):
        if leaf.requires_grad:
            expected = numerical_gradient(lambda array, place=place: moved(array, place), leaf.array, eps)
            found = np.zeros(leaf.shape) if leaf.grad is None else leaf.grad.array
            wrong = np.abs(found - expected) > atol + rtol * np.abs(expected)
            if wrong.any():
                at = tuple(int(i) for i in np.argwhere(wrong)[0])
                raise RuntimeError(
                    f"the gradient of input {place} at {at} is {found[at]:.6g}, but central differences give {expected[at]:.6g}"
                )
    return True


def table_of(rules):
    """Decorator: enter the rules that a function returns."""
    for op, rule in rules().items():
        gradient_of(op)(rule)
    return rules


@table_of
def simple_rules():
    """Op -> rule, where the rule is a line."""
    constant = lambda out, a, b: (lambda grad: 0 * grad, lambda grad: 0 * grad)  # noqa: E731
    back = lambda out, x, **params: (lambda grad: grad.reshape(x.shape),)  # noqa: E731
    return {
        np.negative: lambda out, x: (lambda grad: -grad,),
        np.exp: lambda out, x: (lambda grad: grad * out,),
        np.log: lambda out, x: (lambda grad: grad / x,),
        np.sqrt: lambda out, x: (lambda grad: grad / (2 * out),),
        np.absolute: lambda out, x: (lambda grad: select(x != 0, grad) * np.sign(x),),
        np.floor_divide: constant,
        np.remainder: lambda out, a, b: (lambda grad: grad, lambda grad: -grad * np.floor_divide(a, b)),
        np.maximum: lambda out, a, b: (share(a, b, np.greater), share(b, a, np.greater)),
        np.minimum: lambda out, a, b: (share(a, b, np.less), share(b, a, np.less)),
        choose: lambda out, a, b, condition: (lambda g: select(condition, g), lambda g: select(~condition, g)),
        cast: lambda out, x, dtype: (lambda grad: grad,),
        np.reshape: back,
        np.expand_dims: back,
        np.squeeze: back,
        np.swapaxes: lambda out, x, axis1, axis2: (lambda grad: grad.swapaxes(axis1, axis2),),
        np.transpose: lambda out, x, axes: (lambda grad: grad.transpose(np.argsort(np.arange(x.ndim)[list(axes)])),),
        leaky_relu: lambda out, x, negative_slope=0.01: (lambda grad: np.where(x > 0, grad, negative_slope * grad),),
        sigmoid: lambda out, x: (lambda grad: grad * out * (1 - out),),
        tanh: lambda out, x: (lambda grad: grad * (1 - out * out),),
        log_softmax: lambda out, x, dim=-1: (lambda g: g - np.exp(out) * g.sum(axis=dim, keepdims=True),),
        linear: lambda out, x, weight, bias=None: (
            lambda grad: (rows(grad) @ weight).reshape(x.shape),
            lambda grad: rows(grad).T @ rows(x),
            lambda grad: add_up(rows(grad), axis=0),
        ),
        binary_cross_entropy_terms: lambda out, x, target: (
            lambda grad: grad * (sigmoid(x) - target),
            lambda grad: -grad * x,
        ),
    }


def rows(x):
    """All leading axes as one: a table of rows."""
    return x.reshape(-1, x.shape[-1])


def share(a, b, wins):
    """The gradient of `a` in maximum or minimum: all of it where a wins, half where both are equal."""
    return lambda grad: select(wins(a, b), grad) + select(np.equal(a, b), grad / 2)


@gradient_of(power)
def power_gradient(out, base, exponent):
    """Rule for base ** exponent. An exponent of 0 has no slope; 0 stays 0 for every exponent above 0."""

    def to_base(grad):
        return select(
            np.not_equal(exponent, 0) | (grad != grad), grad * exponent * base ** (exponent - np.not_equal(exponent, 0))
        )

    def to_exponent(grad):
        return grad * out * np.log(np.where((base == 0) & (exponent >= 0), 1, base))

    return to_base, to_exponent


@gradient_of(clip)
def clip_gradient(out, x, low=None, high=None):
    """Rule for clamp: the gradient goes to x where nothing was cut, and to the bound where x was."""
    below = False if low is None else x < low
    above = False if high is None else x > high
    inside = ~(below | np.asarray(above))
    return (
        lambda grad: select(inside, grad),
        lambda grad: select(np.asarray(below), grad),
        lambda grad: select(np.asarray(above), grad),
    )


@gradient_of(np.max, np.min)
def extreme_gradient(out, x, axis=None, keepdims=False):
    """Rule for amax and amin: the gradient goes to the largest; where several are equal they share it, as in PyTorch."""
    (spread,) = sum_gradient(out, x, axis, keepdims)

    def to_x(grad):
        winners = x == spread(out)
        return select(
            winners, np.ascontiguousarray(spread(grad) / winners.sum(axis=axis, keepdims=True).astype(x.dtype))
        )

    return (to_x,)


@gradient_of(concatenate)
def concatenate_gradient(out, *arrays, dim):
    """Rule for cat: each input gets the piece that came from it."""
    ends = np.cumsum([array.shape[dim] for array in arrays])

    def piece(i):
        return lambda grad: np.split(grad, ends[:-1], axis=dim)[i]

    return tuple(piece(i) for i in range(len(arrays)))


@gradient_of(stack_arrays)
def stack_gradient(out, *arrays, dim):
    """Rule for stack: each input gets its slice."""
    return tuple((lambda grad, i=i: np.moveaxis(grad, dim, 0)[i]) for i in range(len(arrays)))


@gradient_of(gelu)
def gelu_gradient(out, x, approximate="tanh"):
    """Rule for gelu, x/2 (1 + tanh u): the product rule, and the slope of u."""

    def to_x(grad):
        near = np.clip(x, -10, 10)  # beyond, gelu is straight, and the cube of a huge x would be inf
        bend = np.tanh(math.sqrt(2 / math.pi) * (near + 0.044715 * near * near * near))
        slope = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * near * near)
        return grad * (0.5 * (1 + bend + near * (1 - bend * bend) * slope))

    return (to_x,)
