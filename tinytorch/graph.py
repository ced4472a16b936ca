"""Support for Modules 01 and 05: turn gradient recording on and off, and detect in-place changes after an operation was recorded.

Each thread has its own switch. PyTorch counts the in-place changes of each tensor; here a single counter numbers all changes, and
each block of memory keeps the number of its latest, so that a node of the graph stores only one number.

Copied by `tito export` from tito/templates/graph.py in the course's folder: edit that file instead.
"""

from _thread import _local as local  # `threading.local`, without the rest of that module, which loads slowly
from collections.abc import Callable, Iterator
from functools import wraps
from inspect import isgeneratorfunction
from itertools import count

import numpy as np


class GradMode(local):
    enabled = True
    collected = None  # leaf -> its gradients, while `autograd.grad` runs, which leaves every `.grad` alone

    def __init__(self):
        self.outer = []  # `enabled` outside each block that this thread has entered


grad_mode = GradMode()


class no_grad:
    """Disable gradient recording inside this block, or in the function that it decorates.

    PyTorch: [`torch.no_grad`](https://docs.pytorch.org/docs/stable/generated/torch.no_grad.html).

    >>> with no_grad():
    ...     grad_mode.enabled
    False
    """

    enabled = False

    def __new__(cls, function: Callable | None = None):
        context = super().__new__(cls)
        return context if function is None else context(function)  # @no_grad and @no_grad() mean the same

    def __enter__(self):
        grad_mode.outer.append(grad_mode.enabled)
        grad_mode.enabled = self.enabled

    def __exit__(self, *error):
        grad_mode.enabled = grad_mode.outer.pop()

    def __call__(self, function: Callable) -> Callable:
        @wraps(function)
        def inside(*args, **options):
            with self:
                return function(*args, **options)

        @wraps(function)
        def inside_generator(*args, **options):
            generator = function(*args, **options)
            resume, value = generator.send, None
            while True:
                try:
                    with self:  # only while the generator itself runs, not while its caller does
                        value = resume(value)
                except StopIteration as stop:
                    return stop.value
                try:
                    resume, value = generator.send, (yield value)
                except BaseException as error:  # also when the caller abandons it
                    resume, value = generator.throw, error

        return inside_generator if isgeneratorfunction(function) else inside


class enable_grad(no_grad):
    """Enable gradient recording inside a block, even within `no_grad`."""

    enabled = True


class inference_mode(no_grad):
    """Like `no_grad`, under the name that PyTorch recommends for inference."""

    def __new__(cls, mode: bool | Callable = True):
        return super().__new__(cls, mode if callable(mode) else None)

    def __init__(self, mode: bool = True):
        self.enabled = grad_mode.enabled and not mode


class set_grad_enabled(no_grad):
    """Turn recording on or off immediately; used as a block, restore the previous setting at its end."""

    def __new__(cls, mode: bool):
        return super().__new__(cls)

    def __init__(self, mode: bool):
        self.enabled, self.outside = mode, grad_mode.enabled
        grad_mode.enabled = mode

    def __exit__(self, *error):
        super().__exit__()
        grad_mode.enabled = self.outside


class Versions:
    """Which blocks of memory have changed in place, and when. One clock numbers these changes and the nodes of the graph."""

    def __init__(self):
        self.clock, self.latest = count(1), 0
        self.changed = {}  # id of the array that owns the memory -> number of its latest change

    def increment(self, array: np.ndarray) -> None:
        self.latest = next(self.clock)
        self.changed[id(owner(array))] = self.latest

    def changed_since(self, number: int, array: np.ndarray) -> bool:
        return self.changed.get(id(owner(array)), 0) > number


versions = Versions()


class Freed:
    """Replaces a node's `next_functions` once backward() has freed the graph."""

    def __iter__(self):
        raise RuntimeError("an earlier backward() freed the graph: compute the loss again, or use retain_graph=True")


freed = Freed()


# PyTorch's name for an op's node, where it differs from the op's own name
NODES = {
    "absolute": "Abs", "add_up": "Sum", "avg_pool2d": "AvgPool2D", "batch_norm": "NativeBatchNorm", "choose": "Where",
    "clip": "Clamp", "concatenate": "Cat", "conv2d": "Convolution", "divide": "Div", "expand_dims": "Unsqueeze",
    "getitem": "Index", "linear": "Addmm", "matmul": "Mm", "max_pool2d": "MaxPool2DWithIndices", "multiply": "Mul",
    "negative": "Neg", "power": "Pow", "reshape": "View", "stack_arrays": "Stack", "subtract": "Sub", "swapaxes": "Transpose", "transpose": "Permute",
}  # fmt: skip


def node_text(op: Callable) -> str:
    """An op's node as it is printed: `<MulBackward0>`."""
    return f"<{NODES.get(op.__name__, op.__name__.title().replace('_', ''))}Backward0>"


def owner(array: np.ndarray) -> np.ndarray:
    """The array that owns the memory, at the end of a chain of views."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def mentioned(function: Callable) -> Iterator[np.ndarray]:
    """The arrays that a function captures, in its closure or its defaults, and those of functions captured there."""
    captured = [cell.cell_contents for cell in getattr(function, "__closure__", None) or ()]
    for content in (*captured, *(getattr(function, "__defaults__", None) or ())):
        for value in content if isinstance(content, (tuple, list)) else (content,):
            if isinstance(value, np.ndarray):
                yield value
            elif callable(value):
                yield from mentioned(value)


def missing_rule(op: Callable, *arrays: np.ndarray) -> tuple:
    """Backward for an op without a gradient rule: raises when called, so that the forward pass works."""

    def to_input(grad):
        raise RuntimeError(f"{op.__name__} has no gradient rule: enter one with @gradient_of, or detach() its inputs")

    return (to_input,) * len(arrays)


def first_gradient(tensor: object, gradient: object) -> np.ndarray:
    """The gradient that `backward` starts from: 1 for a single number, otherwise the one the caller passes.

    Raises:
        RuntimeError: the tensor requires no gradient, or has several numbers and no gradient was passed, or one of another shape.
    """
    if not tensor.requires_grad:
        raise RuntimeError("this tensor depends on nothing with requires_grad=True, or was computed under no_grad")
    if gradient is None:
        if tensor.numel() != 1:
            raise RuntimeError(
                f"backward starts at one number, not at shape {tensor.shape}: take .sum() or .mean() first"
            )
        return np.ones_like(tensor.array)
    array = np.asarray(getattr(gradient, "array", gradient), tensor.dtype)
    if array.shape != tensor.shape:
        raise RuntimeError(f"the gradient has shape {array.shape} and its tensor {tensor.shape}: they must agree")
    return array


def check(node: object) -> None:
    """Raise if a node was freed, or if an array that its functions need has changed in place."""
    for _, function in node.next_functions:
        if any(versions.changed_since(node.sequence_nr, array) for array in mentioned(function)):
            raise RuntimeError(
                f"{node} needs an array that has changed in place: change a copy, or wait until after backward()"
            )
