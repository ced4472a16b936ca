"""Module 03: Layers.

Written by `tito export` from notebooks/03_layers.py: edit that file instead. sha256: 281a8d9f5f80864e
"""

import math
from collections.abc import Callable, Iterator
from inspect import signature

import numpy as np

from tinytorch.activations import leaky_relu, log_softmax, relu, sigmoid, softmax, tanh
from tinytorch.tensor import Tensor, op, rand, where, zeros


class Parameter(Tensor):
    """A tensor that training changes. Made from a tensor, it shares that tensor's memory.

    >>> Parameter([1.0, 2.0]).requires_grad
    True
    """

    def __init__(self, data: Tensor, requires_grad: bool = True) -> None:
        super().__init__(data, requires_grad=requires_grad)
        if isinstance(data, Tensor):
            self.data = data


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill a tensor in place with a number (or an array of its shape); returns the tensor.

    >>> constant_(zeros(2), 0.5).tolist()
    [0.5, 0.5]
    """
    tensor.array[...] = val
    tensor.increment_version()
    return tensor


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: object = None) -> Tensor:
    """Fill a tensor in place with uniform random numbers between a and b; returns the tensor."""
    return constant_(tensor, a + (b - a) * rand(*tensor.shape, generator=generator).array)


def fan_in_and_out(tensor: Tensor) -> tuple:
    """How many inputs each output sums over, and how many outputs each input goes to.

    A weight has shape (out, in), or (out, in, height, width) for a convolution. Both numbers are at least 1, even if it is empty.

    >>> fan_in_and_out(zeros(128, 784)), fan_in_and_out(zeros(32, 3, 5, 5))
    ((784, 128), (75, 800))
    """
    kernel_size = math.prod(tensor.shape[2:])
    return max(1, tensor.shape[1] * kernel_size), max(1, tensor.shape[0] * kernel_size)


def xavier_uniform_(tensor: Tensor, generator: object = None) -> Tensor:
    """Fill a weight in place so that a linear layer roughly keeps variances, forward and backward.

    [Glorot and Bengio, 2010](https://proceedings.mlr.press/v9/glorot10a.html).

    Args:
        tensor: the weight, of shape (out, in) or (out, in, height, width).
        generator: where the random numbers come from; pass it to `uniform_`.

    Returns:
        The same tensor, filled with uniform random numbers between some -b and b.

    >>> weight = xavier_uniform_(zeros(200, 400))
    >>> bool(0.099 < weight.abs().amax() < 0.101)
    True
    """
    fan_in, fan_out = fan_in_and_out(tensor)
    bound = math.sqrt(6 / (fan_in + fan_out))
    return uniform_(tensor, -bound, bound, generator)


def kaiming_uniform_(tensor: Tensor, a: float = 0.0, generator: object = None) -> Tensor:
    """Fill a weight in place so that a leaky ReLU and the layer after it keep the mean square.

    [He and others, 2015](https://arxiv.org/abs/1502.01852).

    Args:
        tensor: the weight, of shape (out, in) or (out, in, height, width).
        a: slope of the leaky ReLU for negative numbers; 0 for ReLU, 1 for no activation.
        generator: where the random numbers come from; pass it to `uniform_`.

    Returns:
        The same tensor, filled with uniform random numbers between some -b and b.

    >>> weight = kaiming_uniform_(zeros(50, 600))
    >>> bool(0.099 < weight.abs().amax() < 0.101)
    True
    """
    fan_in, _ = fan_in_and_out(tensor)
    bound = math.sqrt(6 / ((1 + a**2) * fan_in))
    return uniform_(tensor, -bound, bound, generator)


@op
def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Weighted sums over the last axis: x W^T + b, in a single matrix product.

    PyTorch: [`F.linear`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.linear.html).

    Args:
        input: array of shape (..., in), called `x` below. It may have any number of leading axes, or
            none, and their sizes may be 0.
        weight: array of shape (out, in).
        bias: array of shape (out,), or None.

    Returns:
        Array of shape (..., out).

    Raises:
        ValueError: the last axes of `x` and `weight` differ in size (given).

    >>> linear(Tensor([1.0, 2.0]), Tensor([[1.0, 0.0], [1.0, 1.0]]), Tensor([0.0, 10.0]))
    tensor([ 1., 13.])
    """
    x = input
    if weight.ndim != 2 or x.shape[-1:] != weight.shape[1:]:
        rule = f"its last size must be {weight.shape[-1]}" if weight.ndim == 2 else "its weight must have two axes"
        raise ValueError(f"Linear{weight.shape[::-1]} got an input of shape {x.shape}: {rule}")
    rows = x.reshape(math.prod(x.shape[:-1]), x.shape[-1]) @ weight.T
    if bias is not None:
        rows += bias
    return rows.reshape(*x.shape[:-1], len(weight))


def dropout(x: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Set numbers to 0 with probability `p`, and scale up the others to keep the average.

    [Srivastava and others, 2014](https://jmlr.org/papers/v15/srivastava14a.html).

    Args:
        x: tensor of any shape.
        p: probability of a 0, from 0 to 1; 0 leaves `x` as it is, and 1 makes all zeros.
        training: if False, `x` comes back as it is.
        inplace: accepted, as in PyTorch, and ignored.

    Returns:
        Tensor of the same shape and dtype.

    Raises:
        ValueError: `p` is not between 0 and 1, or it is nan.

    >>> dropout(Tensor([1.0, 2.0]), p=0.5, training=False)
    tensor([1., 2.])
    >>> sorted(set(dropout(Tensor(np.ones(1000)), p=0.75).tolist()))
    [0.0, 4.0]
    """
    if not 0 <= p <= 1:
        raise ValueError(f"p must be between 0 and 1, not {p}")
    if not training or p == 0:
        return x
    scale = 1 / (1 - p) if p < 1 else 0.0
    return where(rand(*x.shape) >= p, x * scale, 0.0)


class Module:
    """A part of a network: a `forward` method, and parameters, buffers and smaller modules as attributes.

    PyTorch: [`nn.Module`](https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html). Here, calling
    `super().__init__()` is optional. `tinytorch/vocabulary/layers.py` adds hooks, casting and more.

    >>> net = Module()
    >>> net.weight = Parameter([1.0, 2.0])
    >>> [name for name, parameter in net.named_parameters()]
    ['weight']
    """

    training = True  # until you call `eval`
    _persistent = {}  # buffer name -> whether it is saved; never changed in place, since all modules share it

    def __call__(self, *args, **kwargs):
        return self.forward(*args, **kwargs)

    def forward(self, *args: object, **kwargs: object) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__}.forward: a module needs this method")

    def add_module(self, name: str, module: "Module") -> None:
        setattr(self, name, module)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Keep a tensor that isn't trained as `self.name`; if `persistent`, it is saved and loaded with the parameters."""
        setattr(self, name, tensor)
        self._persistent = self._persistent | {name: persistent}

    @property
    def buffer_names(self) -> list[str]:
        """The names of this module's buffers that are saved and not None."""
        return [name for name, saved in self._persistent.items() if saved and vars(self).get(name) is not None]

    def named_children(self) -> Iterator[tuple]:
        """(name, module) of the modules right below this one."""
        return ((name, value) for name, value in vars(self).items() if isinstance(value, Module))

    def modules(self) -> "Iterator[Module]":
        """This module and all below it, each once."""
        everything = [self, *(module for _, child in self.named_children() for module in child.modules())]
        return iter({id(module): module for module in everything}.values())

    def named_tensors(self, prefix: str = "") -> list:
        """All parameters, and all buffers that are saved, of this module and below, with their names.

        Args:
            prefix: the path to this module: "first", "first.block", or "" at the root.

        Returns:
            List of (name, tensor): this module's own, then each child's. A tensor that two
            attributes hold is listed twice.

        >>> net, first = Module(), Module()
        >>> first.weight, net.first = Parameter([1.0]), first
        >>> [(name, tensor.tolist()) for name, tensor in net.named_tensors()]
        [('first.weight', [1.0])]
        """
        path = f"{prefix}." if prefix else ""
        tensors = []
        for name, value in vars(self).items():
            if isinstance(value, Parameter) or name in self.buffer_names:
                tensors.append((path + name, value))
        for name, child in self.named_children():
            tensors += child.named_tensors(path + name)
        return tensors

    def named_parameters(self, prefix: str = "") -> Iterator[tuple]:
        """(name, parameter), each parameter once, under its first name."""
        seen = set()
        for name, tensor in self.named_tensors(prefix):
            if isinstance(tensor, Parameter) and id(tensor) not in seen:
                seen.add(id(tensor))
                yield name, tensor

    def parameters(self) -> Iterator[Parameter]:
        """Each parameter once, as an optimizer needs them."""
        return (parameter for _, parameter in self.named_parameters())

    def zero_grad(self) -> None:
        """Reset all gradients to None."""
        for parameter in self.parameters():
            parameter.grad = None

    def state_dict(self) -> dict:
        """Name -> copy of the tensor, for all parameters and buffers.

        >>> net = Module()
        >>> net.weight = Parameter([1.0])
        >>> net.state_dict()
        {'weight': tensor([1.])}
        """
        return {name: Tensor(tensor) for name, tensor in self.named_tensors()}

    def load_state_dict(self, state: dict, strict: bool = True) -> tuple:
        """Copy numbers into the parameters and buffers, in place.

        Args:
            state: dict of name -> tensor, as `state_dict` makes it.
            strict: if True, every name must be both in `state` and in this module; if False,
                names that are in only one of them are skipped.

        Returns:
            (missing, unexpected): a list of the names only this module has, and one of the
            names only `state` has.

        Raises:
            RuntimeError: names (if strict) or shapes don't match. The message lists all such
                names, and nothing has changed.

        >>> net = Module()
        >>> net.weight = Parameter([1.0])
        >>> net.load_state_dict({"weight": Tensor([2.0]), "bias": Tensor([3.0])}, strict=False)
        ([], ['bias'])
        """
        own = dict(self.named_tensors())
        missing = [name for name in own if name not in state]
        unexpected = [name for name in state if name not in own]
        mismatched = [name for name in own if name in state and own[name].shape != state[name].shape]
        if mismatched or (strict and (missing or unexpected)):
            shapes = [f"{name} is {own[name].shape}, not {state[name].shape}" for name in mismatched]
            raise RuntimeError(f"missing: {missing}, unexpected: {unexpected}, wrong shape: {shapes}")
        for name in own.keys() & state.keys():
            own[name].array[...] = state[name].array
            own[name].increment_version()
        return missing, unexpected

    def train(self, mode: bool = True) -> "Module":
        """Tell this module and all below it that the network is training; returns the module."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> "Module":
        """The opposite of `train`, for inference."""
        return self.train(False)

    def extra_repr(self) -> str:
        """What a layer shows in parentheses when it is printed."""
        return ""

    def __repr__(self) -> str:
        children = [f"({name}): {child}" for name, child in self.named_children()]
        inside = "\n".join([*self.extra_repr().splitlines(), *children])
        if "\n" in inside or children:
            inside = f"\n{inside}".replace("\n", "\n  ") + "\n"
        return f"{type(self).__name__}({inside})"


class Linear(Module):
    """Weighted sums of all inputs plus a bias: (..., in_features) -> (..., out_features).

    >>> Linear(64, 32)
    Linear(in_features=64, out_features=32, bias=True)
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        self.in_features, self.out_features = in_features, out_features
        self.weight = kaiming_uniform_(Parameter(zeros(out_features, in_features)), a=math.sqrt(5))
        bound = in_features and 1 / math.sqrt(in_features)
        self.bias = uniform_(Parameter(zeros(out_features)), -bound, bound) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        return linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Dropout(Module):
    """`dropout` that knows whether the network is training."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        self.p, self.inplace = p, inplace
        dropout(zeros(0), p)  # raises ValueError if p is not between 0 and 1

    def forward(self, x: Tensor) -> Tensor:
        return dropout(x, self.p, self.training)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Sequential(Module):
    """Modules that run one after another. Their names are "0", "1", ..., or the keys of a dict.

    >>> net = Sequential(Linear(2, 3), ReLU())
    >>> net
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): ReLU()
    )
    >>> list(net.state_dict())
    ['0.weight', '0.bias']
    """

    def __init__(self, *modules: Module) -> None:
        named = modules[0] if len(modules) == 1 and isinstance(modules[0], dict) else dict(enumerate(modules))
        for name, module in named.items():
            self.add_module(str(name), module)

    def forward(self, x: Tensor) -> Tensor:
        for module in self:
            x = module(x)
        return x

    def __len__(self) -> int:
        return len(list(self.named_children()))

    def __iter__(self):
        return (module for _, module in self.named_children())

    def __getitem__(self, index):
        chosen = list(self.named_children())[index]
        return type(self)(dict(chosen)) if isinstance(index, slice) else chosen[1]


class Activation(Module):
    """A function as a layer. It takes the function's options and keeps them as attributes.

    >>> LeakyReLU(0.2), LeakyReLU(0.2).negative_slope
    (LeakyReLU(negative_slope=0.2), 0.2)
    """

    inputs = 1  # how many tensors the function takes before its options

    def __init_subclass__(cls, function: Callable | None = None) -> None:
        if function is not None:
            cls.function = staticmethod(function)

    def __init__(self, *args: object, **options: object) -> None:
        bound = signature(self.function).bind(*[None] * self.inputs, *args, **options)
        bound.apply_defaults()
        self.options = tuple(bound.arguments)[self.inputs :]
        vars(self).update((name, bound.arguments[name]) for name in self.options)

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.function(*inputs, **{name: getattr(self, name) for name in self.options if name != "inplace"})

    def extra_repr(self) -> str:
        shown = (name for name in self.options if name != "inplace" or self.inplace)
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)


class Flatten(Activation, function=lambda x, start_dim=1, end_dim=-1: x.flatten(start_dim, end_dim)):
    """Merge the axes from `start_dim` to `end_dim` into one: images become rows."""


class ReLU(Activation, function=relu):
    """`relu` as a module."""


class LeakyReLU(Activation, function=leaky_relu):
    """`leaky_relu` as a module."""


class Sigmoid(Activation, function=sigmoid):
    """`sigmoid` as a module."""


class Tanh(Activation, function=tanh):
    """`tanh` as a module."""


class Softmax(Activation, function=softmax):
    """`softmax` as a module."""


class LogSoftmax(Activation, function=log_softmax):
    """`log_softmax` as a module."""
