"""More of PyTorch's layers, the rest of `nn.init`, and more methods of `Module`: hooks, casting, checked assignment.

`Methods` become methods of the `Module` that you wrote, and `ListMethods` of your `Sequential`.

Copied by `tito export` from tito/templates/vocabulary/layers.py in the course's folder: edit that file instead.
"""

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from functools import partialmethod
from inspect import Signature, signature
from types import SimpleNamespace

import numpy as np

import tinytorch.layers as base
from tinytorch.arrays import float32, float64
from tinytorch.layers import Activation, Module, Parameter, Sequential, constant_, fan_in_and_out, uniform_
from tinytorch.tensor import Tensor, randn
from tinytorch.vocabulary.activations import elu, gelu, silu, softplus


class Methods:
    """Methods added to the `Module` of Module 03."""

    _forward_hooks = ()

    def __call__(self, *args, **kwargs):
        out = self.forward(*args, **kwargs)
        for handle in self._forward_hooks:
            new = handle.hook(self, args, out)
            out = out if new is None else new
        return out

    def register_forward_hook(self, hook: Callable) -> SimpleNamespace:
        """Call `hook(module, args, out)` after `forward`; a result that isn't None replaces `out`. Stop with `.remove()`."""
        handle = SimpleNamespace(hook=hook)
        handle.remove = lambda: setattr(
            self, "_forward_hooks", tuple(h for h in self._forward_hooks if h is not handle)
        )
        self._forward_hooks = (*self._forward_hooks, handle)
        return handle

    # Registering

    def __setattr__(self, name: str, value) -> None:
        """Refuse to replace a parameter, a module or a buffer by a plain value: it would silently be lost."""
        kinds = [kind for kind in (Parameter, Module) if isinstance(vars(self).get(name), kind)]
        self._register(name, value, *kinds, *[Tensor] * (name in self._persistent))

    def _register(self, name: str, value, kind: type = object, *rest) -> None:
        """Set an attribute to a value of this kind or to None."""
        if value is not None and not isinstance(value, kind):
            kind = kind.__name__
            raise TypeError(f"cannot assign a {type(value).__name__} as {name!r}, which must be a {kind} or None")
        object.__setattr__(self, name, value)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Keep a tensor that isn't trained as `self.name`; if `persistent`, it is saved and loaded with the parameters."""
        self._register(name, tensor, Tensor)
        self._persistent = self._persistent | {name: persistent}

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        self._register(name, param, Parameter)

    def add_module(self, name: str, module: Module | None) -> None:
        self._register(name, module, Module)

    # Walking

    def children(self) -> Iterator[Module]:
        """The modules directly below this one."""
        return (child for _, child in self.named_children())

    def named_modules(self, prefix: str = "") -> Iterator[tuple]:
        """(path, module) of this module and all below it, each once."""
        by_id = {id(self): (prefix, self)}
        for name, child in self.named_children():
            for path, module in child.named_modules(f"{prefix}.{name}".lstrip(".")):
                by_id.setdefault(id(module), (path, module))
        yield from by_id.values()

    def named_buffers(self, prefix: str = "") -> Iterator[tuple]:
        """(name, buffer), including those that aren't saved."""
        for path, module in self.named_modules(prefix):
            for name in module._persistent:
                if vars(module).get(name) is not None:
                    yield f"{path}.{name}".lstrip("."), vars(module)[name]

    def buffers(self) -> Iterator[Tensor]:
        return (buffer for _, buffer in self.named_buffers())

    def parameters(self) -> Iterator[Parameter]:
        """Each parameter once; warns about layers in plain lists, which aren't found."""
        self._warn_of_plain_lists()
        return (parameter for _, parameter in self.named_parameters())

    def _warn_of_plain_lists(self) -> None:
        """Warn about layers and parameters in a plain list, tuple or dict: they are neither trained nor saved."""
        known = set(map(id, (*self.modules(), *dict(self.named_tensors()).values())))
        for module in self.modules():
            for name, value in vars(module).items():
                items = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
                if any(isinstance(item, (Module, Parameter)) and id(item) not in known for item in items):
                    text = f"{name!r} is a plain {type(value).__name__}: its layers are neither trained nor saved"
                    warnings.warn(f"{text}. Use nn.ModuleList or nn.ModuleDict.", stacklevel=3)

    def apply(self, fn: Callable) -> Module:
        """Call `fn` on every module below this one, then on this one; returns the module."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    # Parameters and buffers, all at once

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Reset all gradients to None, or to zero."""
        for parameter in self.parameters():
            parameter.grad = None if set_to_none or parameter.grad is None else constant_(parameter.grad, 0)

    def requires_grad_(self, requires_grad: bool = True) -> Module:
        """Freeze or unfreeze all parameters; returns the module."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def to(self, *args: object, **kwargs: object) -> Module:
        """Cast parameters and buffers in place, as `Tensor.to` does; integers keep their dtype. Returns the module."""
        for tensor in (*self.parameters(), *self.buffers()):
            if tensor.dtype.kind == "f":
                tensor.data = tensor.detach().to(*args, **kwargs)
        return self

    double, float, half = partialmethod(to, float64), partialmethod(to, float32), partialmethod(to, np.dtype("float16"))
    cpu, cuda = partialmethod(to, "cpu"), partialmethod(to, "cuda")


class ListMethods:
    """Methods that `Sequential` and `ModuleList` share with a list."""

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, list(self.named_children())[index][0], module)

    def append(self, module: Module) -> Module:
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Module:
        for module in modules:
            self.append(module)
        return self


for _owner, _methods in ((Module, Methods), (Sequential, ListMethods)):
    for _name, _method in vars(_methods).items():
        if callable(_method) or isinstance(_method, (partialmethod, tuple)):
            setattr(_owner, _name, _method)


class _Options:
    """What `help(nn.LeakyReLU)` shows: the options of the function. Created on first use."""

    def __get__(self, instance: object, owner: type) -> Signature:
        return Signature([*signature(owner.function).parameters.values()][owner.inputs :])


Activation.__signature__ = _Options()
Parameter.__repr__ = lambda self: "Parameter containing:\n" + Tensor.__repr__(self)


class ModuleList(ListMethods, Module):
    """A list whose modules are found, trained and saved.

    >>> len(ModuleList([Identity(), SiLU()]).append(ELU()))
    3
    """

    __len__, __iter__, __getitem__ = Sequential.__len__, Sequential.__iter__, Sequential.__getitem__

    def __init__(self, modules=()) -> None:
        self.extend(modules.values() if isinstance(modules, dict) else modules)


class ModuleDict(Module, MutableMapping):
    """A dict whose modules are found, trained and saved.

    >>> list(ModuleDict({"silu": SiLU(), "elu": ELU()}))
    ['silu', 'elu']
    """

    __setitem__, __delitem__, __len__ = Module.add_module, Module.__delattr__, Sequential.__len__
    __eq__, __hash__ = Module.__eq__, Module.__hash__  # modules are compared by identity

    def __init__(self, modules=None) -> None:
        self.update(modules or {})

    def __getitem__(self, name: str) -> Module:
        return dict(self.named_children())[name]

    def __iter__(self):
        return (name for name, _ in self.named_children())


class GELU(Activation, function=gelu):
    """`gelu` as a module."""


class SiLU(Activation, function=silu):
    """`silu` as a module."""


class ELU(Activation, function=elu):
    """`elu` as a module."""


class Softplus(Activation, function=softplus):
    """`softplus` as a module."""


class Identity(Activation, function=lambda x: x):
    """Return the input unchanged: a placeholder for a layer."""


# Initialization


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor for initial weights that compensates for an activation, as in PyTorch; `param` is the slope of leaky_relu.

    >>> calculate_gain("tanh"), calculate_gain("leaky_relu", 1)
    (1.6666666666666667, 1.0)
    """
    slope = 0.01 if param is None else param
    gains = {"relu": 2**0.5, "leaky_relu": math.sqrt(2 / (1 + slope**2)), "tanh": 5 / 3, "selu": 0.75}
    return (dict.fromkeys(("linear", "sigmoid", "conv1d", "conv2d", "conv3d"), 1) | gains)[nonlinearity]


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    """The standard deviation of Kaiming's weights, for any activation and either fan."""
    fans = dict(zip(("fan_in", "fan_out"), fan_in_and_out(tensor), strict=True))
    return calculate_gain(nonlinearity, a) / math.sqrt(fans[mode])


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: object = None) -> Tensor:
    """Your `xavier_uniform_`, times a gain.

    >>> weight = xavier_uniform_(Tensor(np.zeros((200, 400))), gain=2)
    >>> bool(0.198 < weight.abs().amax() < 0.202)
    True
    """
    base.xavier_uniform_(tensor, generator=generator)
    return tensor if gain == 1 else constant_(tensor, gain * tensor.array)


def kaiming_uniform_(
    tensor: Tensor, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: object = None
) -> Tensor:
    """Your `kaiming_uniform_`, also for other activations and for fan-out.

    >>> weight = kaiming_uniform_(Tensor(np.zeros((600, 50))), mode="fan_out")
    >>> bool(0.099 < weight.abs().amax() < 0.101)
    True
    """
    if (mode, nonlinearity) == ("fan_in", "leaky_relu"):
        return base.kaiming_uniform_(tensor, a, generator=generator)
    bound = math.sqrt(3) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: object = None) -> Tensor:
    """Fill a tensor in place with normal random numbers; returns the tensor."""
    return constant_(tensor, mean + std * randn(*tensor.shape, generator=generator).array)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: object = None) -> Tensor:
    """Like `xavier_uniform_`, with normal numbers."""
    return normal_(tensor, 0, gain * math.sqrt(2 / sum(fan_in_and_out(tensor))), generator)


def kaiming_normal_(
    tensor: Tensor, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: object = None
) -> Tensor:
    """Like `kaiming_uniform_`, with normal numbers."""
    return normal_(tensor, 0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill a tensor in place with zeros; returns the tensor."""
    return constant_(tensor, 0)


def ones_(tensor: Tensor) -> Tensor:
    """Fill a tensor in place with ones; returns the tensor."""
    return constant_(tensor, 1)
