"""Module 03: Layers.

Written by `tito export` from notebooks/03_layers.py: edit that file instead. sha256: dfc680f6ba340662
"""

import math

import numpy as np

from tinytorch.activations import gelu, leaky_relu, log_softmax, relu, sigmoid, softmax, tanh
from tinytorch.tensor import Tensor, default_generator, op, rand, zeros


class Parameter(Tensor):
    """A tensor that a network learns.

    >>> Parameter([1.0, 2.0]).requires_grad
    True
    """

    __slots__ = ()

    def __init__(self, data, requires_grad=True):
        super().__init__(data, requires_grad=requires_grad)


def uniform_(tensor, a=0.0, b=1.0):
    """Fill a tensor, in place, with random numbers between a and b; returns the tensor."""
    tensor.array[...] = a + (b - a) * default_generator().random(tensor.shape, dtype=np.float32)
    return tensor


def fan_in_and_out(tensor):
    """How many inputs each output of a weight sums over, and how many outputs each input goes to.

    A weight has shape (out, in), or (out, in, height, width) for a convolution.

    >>> fan_in_and_out(zeros(128, 784)), fan_in_and_out(zeros(32, 3, 5, 5))
    ((784, 128), (75, 800))
    """
    places = math.prod(tensor.shape[2:])
    return tensor.shape[1] * places, tensor.shape[0] * places


def xavier_uniform_(tensor):
    """Fill a weight, in place, so that a linear layer nearly keeps variances, both ways.

    [Glorot and Bengio, 2010](https://proceedings.mlr.press/v9/glorot10a.html).

    Args:
        tensor: the weight, of shape (out, in) or (out, in, height, width).

    Returns:
        The same tensor, filled with uniform random numbers around 0.

    >>> weight = xavier_uniform_(zeros(200, 400))
    >>> bool(0.099 < weight.abs().amax() < 0.101)
    True
    """
    fan_in, fan_out = fan_in_and_out(tensor)
    bound = math.sqrt(6 / (fan_in + fan_out))
    return uniform_(tensor, -bound, bound)


def kaiming_uniform_(tensor, a=0.0):
    """Fill a weight, in place, so that leaky ReLU and layer together keep the mean square.

    [He and others, 2015](https://arxiv.org/abs/1502.01852).

    Args:
        tensor: the weight, of shape (out, in) or (out, in, height, width).
        a: slope of the leaky ReLU for negative numbers; 0 for ReLU, 1 for no activation.

    Returns:
        The same tensor, filled with uniform random numbers around 0.

    >>> weight = kaiming_uniform_(zeros(50, 600))
    >>> bool(0.099 < weight.abs().amax() < 0.101)
    True
    """
    fan_in, _ = fan_in_and_out(tensor)
    bound = math.sqrt(6 / ((1 + a**2) * fan_in))
    return uniform_(tensor, -bound, bound)


@op
def linear(x, weight, bias=None):
    """Weighted sums of the last axis: x W^T + b, as one matrix product.

    PyTorch: [`F.linear`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.linear.html).

    Args:
        x: array of shape (..., in), with any number of leading axes, also none.
        weight: array of shape (out, in).
        bias: array of shape (out,), or None.

    Returns:
        Array of shape (..., out).

    Raises:
        ValueError: the last axis of `x` has another size than that of `weight`.

    >>> linear(Tensor([1.0, 2.0]), Tensor([[1.0, 0.0], [1.0, 1.0]]), Tensor([0.0, 10.0]))
    tensor([ 1., 13.])
    """
    rows = x.reshape(-1, x.shape[-1]) @ weight.T
    if bias is not None:
        rows += bias
    return rows.reshape(*x.shape[:-1], len(weight))


def dropout(x, p=0.5, training=True):
    """Set numbers to 0 with probability `p`; the others grow, so that the average stays.

    [Srivastava and others, 2014](https://jmlr.org/papers/v15/srivastava14a.html).

    Args:
        x: tensor of any shape.
        p: probability of a 0, from 0 to 1; 1 leaves nothing but zeros.
        training: without it nothing happens to `x`.

    Returns:
        Tensor of the same shape and dtype.

    Raises:
        ValueError: `p` is no probability.

    >>> dropout(Tensor([1.0, 2.0]), p=0.5, training=False)
    tensor([1., 2.])
    >>> sorted(set(dropout(Tensor(np.ones(1000)), p=0.75).tolist()))
    [0.0, 4.0]
    """
    if not 0 <= p <= 1:
        raise ValueError(f"p is a probability, from 0 to 1, and not {p}")
    if not training:
        return x
    mask = rand(*x.shape) >= p
    return x * (mask.float() / (1 - p)) if p < 1 else 0 * x


class Module:
    """A part of a network: `forward`, and as attributes its parameters, buffers and smaller modules.

    PyTorch: [`nn.Module`](https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html). This one needs no
    `super().__init__()`, and does not mind it.

    >>> net = Module()
    >>> net.weight = Parameter([1.0, 2.0])
    >>> dict(net.named_parameters())
    {'weight': tensor([1., 2.])}
    """

    training = True  # until `train` or `eval` says otherwise
    buffer_names = ()

    def forward(self, *args, **kwargs):
        raise NotImplementedError(f"{type(self).__name__}.forward: a module needs this method")

    def __call__(self, *args, **kwargs):
        return self.forward(*args, **kwargs)

    def register_buffer(self, name, tensor):
        """Keep a tensor that is not learnt as `self.name`; it is saved and loaded with the parameters."""
        setattr(self, name, tensor)
        self.buffer_names = (*self.buffer_names, name)

    def named_children(self):
        """(name, module) of the modules right below this one."""
        return ((name, value) for name, value in vars(self).items() if isinstance(value, Module))

    def children(self):
        return (child for _, child in self.named_children())

    def modules(self):
        """This module and all below it, each once."""
        found = {id(self): self}
        for child in self.children():
            found |= {id(module): module for module in child.modules()}
        yield from found.values()

    def named_tensors(self, prefix=""):
        """All parameters and buffers, here and below, with their names.

        Args:
            prefix: the path to this module: "first", "first.block", or "" at the root.

        Returns:
            List of (name, tensor): this module's own, then each child's. A tensor that stands
            in two places comes twice.

        >>> net, first = Module(), Module()
        >>> first.weight, net.first = Parameter([1.0]), first
        >>> net.named_tensors()
        [('first.weight', tensor([1.]))]
        """
        path = f"{prefix}." if prefix else ""
        found = [
            (path + name, value)
            for name, value in vars(self).items()
            if isinstance(value, Parameter) or name in self.buffer_names
        ]
        for name, child in self.named_children():
            found += child.named_tensors(path + name)
        return found

    def named_parameters(self, prefix=""):
        """(name, parameter), each parameter once, under its first name."""
        seen = set()
        for name, tensor in self.named_tensors(prefix):
            if isinstance(tensor, Parameter) and id(tensor) not in seen:
                seen.add(id(tensor))
                yield name, tensor

    def parameters(self):
        """Each parameter once: what an optimizer gets."""
        return (parameter for _, parameter in self.named_parameters())

    def buffers(self):
        return (tensor for _, tensor in self.named_tensors() if not isinstance(tensor, Parameter))

    def zero_grad(self):
        """Forget all gradients."""
        for parameter in self.parameters():
            parameter.grad = None

    def state_dict(self):
        """Name -> copy of the tensor, for all parameters and buffers.

        >>> net = Module()
        >>> net.weight = Parameter([1.0])
        >>> net.state_dict()
        {'weight': tensor([1.])}
        """
        return {name: Tensor(tensor, dtype=tensor.dtype) for name, tensor in self.named_tensors()}

    def load_state_dict(self, state, strict=True):
        """Copy numbers into the parameters and buffers, in place.

        Args:
            state: dict of name -> tensor, as `state_dict` makes it.
            strict: every name must be in both, `state` and this module; without it, names
                that are only in one of them are left alone.

        Returns:
            (missing, unexpected): names only this module has, names only `state` has.

        Raises:
            RuntimeError: names or shapes do not fit. It lists all these names, and nothing
                has been changed.

        >>> net = Module()
        >>> net.weight = Parameter([1.0])
        >>> net.load_state_dict({"weight": Tensor([2.0]), "bias": Tensor([3.0])}, strict=False)
        ([], ['bias'])
        """
        own = dict(self.named_tensors())
        missing = [name for name in own if name not in state]
        unexpected = [name for name in state if name not in own]
        misfits = [name for name in own if name in state and own[name].shape != state[name].shape]
        if misfits or (strict and (missing or unexpected)):
            shapes = [f"{name} {state[name].shape}, here {own[name].shape}" for name in misfits]
            raise RuntimeError(f"missing: {missing}, unexpected: {unexpected}, other shape: {shapes}")
        for name in own.keys() & state.keys():
            own[name].array[...] = state[name].array
        return missing, unexpected

    def train(self, mode=True):
        """Tell this module, and all below it, that the network is training; returns the module."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self):
        """The opposite of `train`: the network is at work."""
        return self.train(False)

    def extra_repr(self):
        """What a layer says about itself when it is printed."""
        return ""

    def __repr__(self):
        lines = [f"({name}): {child}" for name, child in self.named_children()]
        if not lines:
            return f"{type(self).__name__}({self.extra_repr()})"
        inside = "\n".join(lines).replace("\n", "\n  ")
        return f"{type(self).__name__}(\n  {inside}\n)"


class Linear(Module):
    """Weighted sums of all inputs, and a bias: (..., in_features) -> (..., out_features).

    >>> Linear(64, 32)
    Linear(in_features=64, out_features=32, bias=True)
    """

    def __init__(self, in_features, out_features, bias=True):
        self.in_features, self.out_features = in_features, out_features
        self.weight = kaiming_uniform_(Parameter(zeros(out_features, in_features)), a=math.sqrt(5))
        bound = 1 / math.sqrt(in_features)
        self.bias = uniform_(Parameter(zeros(out_features)), -bound, bound) if bias else None

    def forward(self, x):
        return linear(x, self.weight, self.bias)

    def extra_repr(self):
        bias = self.bias is not None
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={bias}"


class Dropout(Module):
    """`dropout` that knows whether the network is training."""

    def __init__(self, p=0.5):
        self.p = p

    def forward(self, x):
        return dropout(x, self.p, self.training)

    def extra_repr(self):
        return f"p={self.p}"


class Flatten(Module):
    """All axes from `start_dim` on become one: images to rows."""

    def __init__(self, start_dim=1):
        self.start_dim = start_dim

    def forward(self, x):
        return x.reshape(*x.shape[: self.start_dim], math.prod(x.shape[self.start_dim :]))

    def extra_repr(self):
        return f"start_dim={self.start_dim}"


class Sequential(Module):
    """Modules that run one after another. They are called "0", "1", ..., and `net[0]` is the first.

    >>> net = Sequential(Linear(2, 3), ReLU())
    >>> net
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): ReLU()
    )
    >>> list(net.state_dict())
    ['0.weight', '0.bias']
    """

    def __init__(self, *modules):
        for i, module in enumerate(modules):
            setattr(self, str(i), module)

    def forward(self, x):
        for module in self:
            x = module(x)
        return x

    def __len__(self):
        return len(list(self.children()))

    def __iter__(self):
        return self.children()

    def __getitem__(self, index):
        chosen = list(self.children())[index]
        return Sequential(*chosen) if isinstance(index, slice) else chosen


class ReLU(Module):
    """`relu` as a module."""

    def forward(self, x):
        return relu(x)


class LeakyReLU(Module):
    """`leaky_relu` as a module."""

    def __init__(self, negative_slope=0.01):
        self.negative_slope = negative_slope

    def forward(self, x):
        return leaky_relu(x, negative_slope=self.negative_slope)

    def extra_repr(self):
        return f"negative_slope={self.negative_slope}"


class Sigmoid(Module):
    """`sigmoid` as a module."""

    def forward(self, x):
        return sigmoid(x)


class Tanh(Module):
    """`tanh` as a module."""

    def forward(self, x):
        return tanh(x)


class GELU(Module):
    """`gelu` as a module."""

    def __init__(self, approximate="tanh"):
        self.approximate = approximate

    def forward(self, x):
        return gelu(x, approximate=self.approximate)

    def extra_repr(self):
        return f"approximate={self.approximate!r}"


class Softmax(Module):
    """`softmax` as a module."""

    def __init__(self, dim=-1):
        self.dim = dim

    def forward(self, x):
        return softmax(x, dim=self.dim)

    def extra_repr(self):
        return f"dim={self.dim}"


class LogSoftmax(Module):
    """`log_softmax` as a module."""

    def __init__(self, dim=-1):
        self.dim = dim

    def forward(self, x):
        return log_softmax(x, dim=self.dim)

    def extra_repr(self):
        return f"dim={self.dim}"
