"""Module 05: Autograd.

Written by `tito export` from notebooks/05_autograd.py: edit that file instead. sha256: 63253537d7795f49
"""

import math
from contextlib import contextmanager
from heapq import heappop, heappush
from itertools import count

import numpy as np

from tinytorch.activations import gelu, leaky_relu, log_softmax, relu, sigmoid, softmax, tanh
from tinytorch.layers import linear
from tinytorch.losses import binary_cross_entropy_terms, cross_entropy_terms
from tinytorch.tensor import Tensor, cast, concatenate, float64, getitem, stack_arrays, sum_to_shape

# op -> its gradient rule; filled by @gradient_of
gradients = {}
# every recorded operation gets the next one: they count down, so that the youngest has the smallest
numbers = count(0, -1)


def numerical_gradient(f, x, eps=1e-6):
    """The gradient of `f` at `x`, by trying: every number is moved a little, both ways.

    Args:
        f: function from an array to one number.
        x: float64 array of any shape; it is not changed.
        eps: how far a number is moved, in each direction.

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

    A rule is called right after the op, as `rule(out, *arrays, **params)`, and returns `backward(grad)`. That returns one gradient
    for each input: an array, None where there is none, or a function that computes it if anybody wants it. Arrays may be bigger
    than their input, where that was broadcast. What `backward` mentions stays in memory until it has run; nothing else does.
    """

    def enter(rule):
        for op in ops:
            gradients[op] = rule
        return rule

    return enter


@gradient_of(np.subtract)
def subtract_gradient(out, a, b):
    """Rule for a - b."""
    return lambda grad: (grad, -grad)


@gradient_of(np.divide)
def divide_gradient(out, a, b):
    """Rule for a / b."""
    return lambda grad: (grad / b, -grad * out / b)


@gradient_of(np.add)
def add_gradient(out, a, b):
    """Rule for a + b.

    Args:
        out: the sum, an array.
        a, b: arrays or numbers that were added.

    Returns:
        backward(grad) -> (gradient of a, gradient of b), both in the shape of `grad`.

    >>> add_gradient(None, 1.0, 2.0)(5.0)
    (5.0, 5.0)
    """
    return lambda grad: (grad, grad)


@gradient_of(np.multiply)
def multiply_gradient(out, a, b):
    """Rule for a * b.

    Args:
        out: the product, an array.
        a, b: arrays or numbers that were multiplied.

    Returns:
        backward(grad) -> (gradient of a, gradient of b), both in the shape of `grad`.

    >>> multiply_gradient(6.0, 2.0, 3.0)(5.0)
    (15.0, 10.0)
    """
    return lambda grad: (grad * b, grad * a)


@gradient_of(np.sum)
def sum_gradient(out, x, axis=None, keepdims=False):
    """Rule for sums.

    Args:
        out: the sums, an array.
        x: array of any shape.
        axis: the axis along which was added, a tuple of several, or None for all.
        keepdims: whether the summed axes are still there, with size 1.

    Returns:
        backward(grad) -> (gradient of x,), in the shape of `x`; `grad` has that of `out`.

    >>> sum_gradient(None, np.zeros((2, 3)), axis=1)(np.array([10.0, 20.0]))[0].tolist()
    [[10.0, 10.0, 10.0], [20.0, 20.0, 20.0]]
    """
    shape = x.shape

    def backward(grad):
        if axis is not None and not keepdims:
            grad = np.expand_dims(grad, axis)
        return (np.broadcast_to(grad, shape),)

    return backward


@gradient_of(getitem)
def getitem_gradient(out, x, index):
    """Rule for x[index].

    Args:
        out: what was picked.
        x: array of any shape.
        index: whatever NumPy takes between square brackets.

    Returns:
        backward(grad) -> (gradient of x,), in the shape and dtype of `x`.

    >>> getitem_gradient(None, np.zeros(3), [2, 0, 2])(np.array([1.0, 10.0, 100.0]))[0].tolist()
    [10.0, 0.0, 101.0]
    """
    shape, dtype = x.shape, x.dtype

    def backward(grad):
        full = np.zeros(shape, dtype)
        np.add.at(full, index, grad)
        return (full,)

    return backward


def matmul_gradient(out, a, b):
    """Rule for a @ b, for matrices and for stacks of them (the last two axes are the matrix).

    Args:
        out: the product, of shape (..., n, m).
        a: array of shape (..., n, k).
        b: array of shape (..., k, m).

    Returns:
        backward(grad) -> (gradient of a, gradient of b); `grad` has the shape of `out`.

    >>> to_a, to_b = matmul_gradient(None, np.array([[1.0, 2.0]]), np.array([[3.0, 4.0], [5.0, 6.0]]))(np.array([[10.0, 1.0]]))
    >>> to_a.tolist(), to_b.tolist()
    ([[34.0, 56.0]], [[10.0, 1.0], [20.0, 2.0]])
    """
    return lambda grad: (grad @ b.swapaxes(-1, -2), a.swapaxes(-1, -2) @ grad)


@gradient_of(relu)
def relu_gradient(out, x):
    """Rule for relu.

    Args:
        out: relu(x).
        x: array of any shape.

    Returns:
        backward(grad) -> (gradient of x,), in the dtype of `grad`.

    >>> relu_gradient(np.array([0.0, 3.0]), np.array([-2.0, 3.0]))(np.array([5.0, 5.0]))[0].tolist()
    [0.0, 5.0]
    """
    return lambda grad: (grad * (out > 0),)


@gradient_of(softmax)
def softmax_gradient(out, x, dim=-1):
    """Rule for softmax.

    Args:
        out: the probabilities, which sum to one along `dim`.
        x: the scores, an array of the same shape.
        dim: the axis along which softmax was taken.

    Returns:
        backward(grad) -> (gradient of x,).

    >>> softmax_gradient(np.array([0.5, 0.3, 0.2]), None)(np.array([1.0, 0.0, 0.0]))[0].round(2).tolist()
    [0.25, -0.15, -0.1]
    """
    return lambda grad: (out * (grad - (grad * out).sum(axis=dim, keepdims=True)),)


@gradient_of(cross_entropy_terms)
def cross_entropy_gradient(out, logits, target):
    """Rule for cross_entropy_terms.

    Args:
        out: one number for each row, shape (N,).
        logits: the scores, shape (N, C).
        target: the right classes, shape (N,), integers.

    Returns:
        backward(grad) -> (gradient of the logits, None), because a class number cannot move; `grad` has shape (N,).

    >>> cross_entropy_gradient(None, np.array([[0.0, 0.0]]), np.array([1]))(np.array([1.0]))[0].tolist()
    [[0.5, -0.5]]
    """

    def backward(grad):
        share = softmax(logits)
        share[np.arange(len(target)), target] -= 1
        return share * grad[:, None], None

    return backward


class Node:
    """One recorded operation: where its gradient goes next, the second half of its rule, and the shape of the result."""

    __slots__ = ("number", "parents", "backward", "shape")

    def __init__(self, parents, backward, shape):
        self.number, self.parents = next(numbers), parents
        self.backward, self.shape = backward, shape


def missing_rule(op):
    """The second half of a rule that nobody has written: whoever asks for the gradient is told so."""

    def backward(grad):
        raise RuntimeError(f"{op.__name__} has no gradient rule: enter one with @gradient_of, or detach() its inputs")

    return backward


@Tensor.set_recorder
def record(op, out, inputs, arrays, params, backward=None):
    """The guard in the door: note an operation down, if anybody wants its gradient.

    Args:
        op: the function that was called.
        out: the tensor that came out.
        inputs: what went in: tensors and plain numbers.
        arrays: the same, with the tensors' arrays in their place.
        params: its options, by name.
        backward: the second half of a rule, if the op brought one along.

    Returns:
        None; sets `out.requires_grad` and `out.grad_fn`.

    >>> a = Tensor([2.0], requires_grad=True)
    >>> product = a * 3
    >>> product.requires_grad, product.grad_fn.parents[0] is a, product.grad_fn.parents[1]
    (True, True, None)
    """
    parents, wanted = [], False
    for x in inputs:
        if isinstance(x, Tensor) and x.requires_grad:
            parents.append(x.grad_fn or x)
            wanted = True
        else:
            parents.append(None)
    if not wanted or out.array.dtype.kind != "f":
        return
    if backward is None:
        rule = gradients.get(op)
        backward = rule(out.array, *arrays, **params) if rule else missing_rule(op)
    out.requires_grad = True
    out.grad_fn = Node(parents, backward, out.array.shape)


def accumulate(leaf, part):
    """Add to a leaf's gradient, in place. The leaf owns that array, so the first part is copied, row by row."""
    if leaf.grad is None:
        leaf.grad = Tensor.wrap(np.array(part, leaf.dtype, order="C"))
    else:
        leaf.grad.array += part


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
        raise RuntimeError(
            f"the gradient has shape {array.shape}, and its tensor {tensor.shape}: give one of that shape"
        )
    return array


@Tensor.set_engine
def backward(tensor, gradient=None, retain_graph=False):
    """Fill in `.grad` of every leaf that `tensor` depends on: what `tensor.backward()` does.

    Gradients of gradients are not offered: rules compute with arrays, and nobody takes notes of that.

    Args:
        tensor: where to begin; one number, unless a `gradient` is given.
        gradient: tensor of the same shape: how much each number of `tensor` matters.
        retain_graph: keep the notes, so that backward can be called again.

    Returns:
        None; adds to `.grad` of the leaves.

    Raises:
        RuntimeError: what `first_gradient` refuses, or a graph that was used before.

    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """
    start = first_gradient(tensor, gradient)
    if tensor.grad_fn is None:
        accumulate(tensor, start)
        return
    waiting, queue = {tensor.grad_fn: start}, [(tensor.grad_fn.number, tensor.grad_fn)]
    while queue:
        node = heappop(queue)[1]
        if node.backward is None:
            raise RuntimeError(
                "this graph was used and is gone: compute the loss again, or backward(retain_graph=True)"
            )
        # without `strict`, which alone takes a twentieth of the time: options given by position have no gradient
        for parent, part in zip(node.parents, node.backward(waiting.pop(node))):  # noqa: B905
            if parent is None:
                continue
            if part is None:
                raise RuntimeError("a rule gives no gradient for an input that requires one: detach() that input")
            if callable(part):
                part = part()
            if part.shape != parent.shape:
                part = sum_to_shape(part, parent.shape)
            if isinstance(parent, Tensor):
                accumulate(parent, part)
            elif parent in waiting:
                waiting[parent] = waiting[parent] + part
            else:
                waiting[parent] = part
                heappush(queue, (parent.number, parent))
        if not retain_graph:
            node.parents, node.backward = (), None


@contextmanager
def no_grad():
    """Inside this block nobody takes notes.

    PyTorch: [`torch.no_grad`](https://docs.pytorch.org/docs/stable/generated/torch.no_grad.html).

    >>> x = Tensor([1.0], requires_grad=True)
    >>> with no_grad():
    ...     y = x * 2
    >>> y.requires_grad, (x * 2).requires_grad
    (False, True)
    """
    recorder, Tensor.recorder = Tensor.recorder, None
    try:
        yield
    finally:
        Tensor.recorder = recorder


def gradcheck(f, inputs, eps=1e-6, atol=1e-5, rtol=1e-3):
    """Compare the gradients that `backward` finds with those that trying finds, in float64.

    PyTorch: [`torch.autograd.gradcheck`](https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradcheck.html).

    Args:
        f: function from tensors to one tensor of any shape; smooth near the inputs, and without chance.
        inputs: a tensor, or a tuple of tensors; those of floats are checked, as float64 copies.
        eps: how far numbers are moved.
        atol, rtol: how far the two may differ: by atol + rtol times the slope that trying finds.

    Returns:
        True.

    Raises:
        RuntimeError: a gradient is wrong; says whose, where, and what it should be.

    >>> gradcheck(lambda a, b: a * b, (Tensor([2.0, 3.0]), Tensor([5.0])))
    True
    """
    inputs = inputs if isinstance(inputs, (tuple, list)) else (inputs,)
    leaves = [Tensor(x, float64, requires_grad=True) if x.dtype.kind == "f" else x for x in inputs]
    out = f(*leaves)
    direction = np.cos(np.arange(out.numel())).reshape(out.shape)  # no two outputs count the same
    backward(out, direction)

    def moved(array, place):
        with no_grad():
            return (f(*leaves[:place], Tensor(array, float64), *leaves[place + 1 :]).array * direction).sum()

    for place, leaf in enumerate(leaves):
        if leaf.requires_grad:
            expected = numerical_gradient(lambda array, place=place: moved(array, place), leaf.array, eps)
            found = np.zeros(leaf.shape) if leaf.grad is None else leaf.grad.array
            wrong = np.abs(found - expected) > atol + rtol * np.abs(expected)
            if wrong.any():
                at = tuple(int(i) for i in np.argwhere(wrong)[0])
                raise RuntimeError(
                    f"the gradient of input {place} at {at} is {found[at]:.6g}, and trying says {expected[at]:.6g}"
                )
    return True


@gradient_of(np.matmul)
def vector_matmul_gradient(out, a, b):
    """Rule for a @ b, also where one is a vector: it joins as a matrix of one row, or of one column."""
    if a.ndim > 1 and b.ndim > 1:
        return matmul_gradient(out, a, b)
    rule = matmul_gradient(out, a[None] if a.ndim == 1 else a, b[:, None] if b.ndim == 1 else b)

    def backward(grad):
        grad = grad[..., None] if b.ndim == 1 else grad
        grad = grad[..., None, :] if a.ndim == 1 else grad
        to_a, to_b = rule(grad)
        return to_a, to_b[..., 0] if b.ndim == 1 else to_b

    return backward


@gradient_of(np.power)
def power_gradient(out, base, exponent):
    """Rule for base ** exponent. An exponent of 0 has no slope; 0 stays 0 for every exponent above 0."""

    def to_exponent(grad):
        return grad * out * np.log(np.where((base == 0) & (exponent >= 0), 1, base))

    def backward(grad):
        slope = exponent * base ** (exponent - (exponent != 0))  # minus 1, unless it is 0
        return grad * slope, lambda: to_exponent(grad)

    return backward


@gradient_of(np.negative)
def negative_gradient(out, x):
    """Rule for -x."""
    return lambda grad: (-grad,)


@gradient_of(np.exp)
def exp_gradient(out, x):
    """Rule for exp(x), which is its own slope."""
    return lambda grad: (grad * out,)


@gradient_of(np.log)
def log_gradient(out, x):
    """Rule for log(x)."""
    return lambda grad: (grad / x,)


@gradient_of(np.sqrt)
def sqrt_gradient(out, x):
    """Rule for the square root."""
    return lambda grad: (grad / (2 * out),)


@gradient_of(np.absolute)
def absolute_gradient(out, x):
    """Rule for |x|; at 0 the slope is said to be 0."""
    return lambda grad: (grad * np.sign(x),)


@gradient_of(np.clip)
def clip_gradient(out, x, a_min=None, a_max=None):
    """Rule for clamp: what was not cut moves."""
    inside = (a_min is None or x >= a_min) & (a_max is None or x <= a_max)
    return lambda grad: (grad * inside,)


@gradient_of(np.maximum)
def maximum_gradient(out, a, b):
    """Rule for maximum; at a tie both get half, as in PyTorch."""

    def backward(grad):
        shared = np.where(a == b, grad / 2, 0)
        return shared + grad * (a > b), shared + grad * (a < b)

    return backward


@gradient_of(np.max, np.min)
def extreme_gradient(out, x, axis=None, keepdims=False):
    """Rule for amax and amin: the winner takes it all; at a tie the winners share it, as in PyTorch."""
    winners = x == (out if axis is None or keepdims else np.expand_dims(out, axis))
    share = winners / winners.sum(axis=axis, keepdims=True).astype(x.dtype)
    spread = sum_gradient(out, x, axis, keepdims)
    return lambda grad: (spread(grad)[0] * share,)


@gradient_of(np.where)
def where_gradient(out, condition, a, b):
    """Rule for where: the gradient goes to the one that was picked."""
    picked = np.asarray(condition, dtype=bool)
    return lambda grad: (None, grad * picked, grad * ~picked)


@gradient_of(cast)
def cast_gradient(out, x, dtype):
    """Rule for another type of number: the gradient has the old one."""
    before = x.dtype
    return lambda grad: (grad.astype(before),)


@gradient_of(np.reshape, np.expand_dims, np.squeeze)
def reshape_gradient(out, x, **params):
    """Rule for whatever leaves the numbers in their order: back into the old shape."""
    shape = x.shape
    return lambda grad: (grad.reshape(shape),)


@gradient_of(np.swapaxes)
def swapaxes_gradient(out, x, axis1, axis2):
    """Rule for transpose: swap once more."""
    return lambda grad: (grad.swapaxes(axis1, axis2),)


@gradient_of(np.transpose)
def permute_gradient(out, x, axes):
    """Rule for permute: the permutation that undoes it."""
    undo = np.argsort(np.arange(x.ndim)[list(axes)])
    return lambda grad: (grad.transpose(undo),)


@gradient_of(concatenate)
def concatenate_gradient(out, *arrays, dim):
    """Rule for cat: cut where the arrays were joined."""
    cuts = np.cumsum([array.shape[dim] for array in arrays])[:-1]
    return lambda grad: np.split(grad, cuts, axis=dim)


@gradient_of(stack_arrays)
def stack_gradient(out, *arrays, dim):
    """Rule for stack: a slice for each."""
    return lambda grad: tuple(np.moveaxis(grad, dim, 0))


@gradient_of(leaky_relu)
def leaky_relu_gradient(out, x, negative_slope=0.01):
    """Rule for leaky_relu."""
    return lambda grad: (np.where(x > 0, grad, negative_slope * grad),)


@gradient_of(sigmoid)
def sigmoid_gradient(out, x):
    """Rule for sigmoid: out (1 - out)."""
    return lambda grad: (grad * out * (1 - out),)


@gradient_of(tanh)
def tanh_gradient(out, x):
    """Rule for tanh: 1 - out^2."""
    return lambda grad: (grad * (1 - out * out),)


@gradient_of(gelu)
def gelu_gradient(out, x, approximate="tanh"):
    """Rule for gelu, x/2 (1 + tanh u): the product rule, and the slope of u."""

    def backward(grad):
        near = np.clip(x, -10, 10)  # beyond, gelu is straight, and the cube of a huge x would be inf
        bend = np.tanh(math.sqrt(2 / math.pi) * (near + 0.044715 * near * near * near))
        slope = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * near * near)
        return (grad * (0.5 * (1 + bend + near * (1 - bend * bend) * slope)),)

    return backward


@gradient_of(log_softmax)
def log_softmax_gradient(out, x, dim=-1):
    """Rule for log_softmax."""
    return lambda grad: (grad - np.exp(out) * grad.sum(axis=dim, keepdims=True),)


@gradient_of(linear)
def linear_gradient(out, x, weight, bias=None):
    """Rule for linear: two products and a sum. The gradient of `x` waits until somebody asks: nobody does for the pixels."""

    def backward(grad):
        rows, grad = x.reshape(-1, x.shape[-1]), grad.reshape(-1, len(weight))
        parts = (lambda: (grad @ weight).reshape(x.shape), grad.T @ rows)
        return parts if bias is None else (*parts, grad.sum(axis=0))

    return backward


@gradient_of(binary_cross_entropy_terms)
def binary_cross_entropy_gradient(out, logits, target):
    """Rule for binary_cross_entropy_terms: what the network says, minus what is true."""
    target = np.asarray(target, logits.dtype)
    return lambda grad: (grad * (sigmoid(logits) - target), lambda: -grad * logits)
