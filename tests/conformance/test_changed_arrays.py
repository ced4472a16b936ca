"""Whatever is changed in place between forward and backward: the gradient is that of the numbers before, or it is refused.

PyTorch refuses in other places than tinytorch, so the fuzzer can't compare this. What no library may do is compute with changed
numbers and say nothing.
"""

import numpy as np
import pytest

import tinytorch
from tinytorch.nn import functional as F

OPS = {
    **{
        name: lambda x, name=name: getattr(x / 2, name)()
        for name in [
            "exp",
            "log",
            "sqrt",
            "rsqrt",
            "square",
            "reciprocal",
            "abs",
            "sin",
            "cos",
            "tanh",
            "sigmoid",
            "relu",
            "log1p",
            "log10",
        ]
    },
    **{
        name: lambda x, name=name: getattr(F, name)(x - 3.5)
        for name in ("gelu", "silu", "elu", "softplus", "leaky_relu")
    },
    **{
        name: lambda x, name=name: getattr(x, name)(dim=0, keepdim=True)
        for name in ("sum", "mean", "prod", "amax", "amin", "std", "var", "norm", "logsumexp")
    },
    "x * x": lambda x: x * x,
    "1 / x": lambda x: 1 / x,
    "x / x": lambda x: (x + 1) / x,
    "x ** 3": lambda x: x**3,
    "x ** 0.5": lambda x: x**0.5,
    "2 ** x": lambda x: 2**x,
    "x ** x": lambda x: x**x,
    "x % 2.5": lambda x: x % 2.5,
    "softmax": lambda x: x.softmax(0),
    "log_softmax": lambda x: x.log_softmax(0),
    "clamp": lambda x: x.clamp(0, 3.5),
    "maximum": lambda x: tinytorch.maximum(x, 7 - x),
    "minimum": lambda x: tinytorch.minimum(x, 7 - x),
    "where": lambda x: tinytorch.where(x > 3.5, x, x * x),
    "masked_fill": lambda x: x.masked_fill(x > 3.5, 0.0),
    "max": lambda x: x.max(dim=0, keepdim=True)[0],
    "sort": lambda x: x.sort()[0] ** 2,
    "topk": lambda x: x.topk(1)[0] ** 2,
    "gather": lambda x: x.gather(0, tinytorch.tensor([1, 0])) ** 2,
    "x[list]": lambda x: x[[0, 1, 0]] ** 2,
    "cumsum": lambda x: x.cumsum(0) ** 2,
    "cat": lambda x: tinytorch.cat([x, x]) ** 2,
    "x @ x": lambda x: x[None] @ x[:, None],
    "linear": lambda x: F.linear(x, tinytorch.tensor([[1.0, 2.0]]) * x),
    "einsum": lambda x: tinytorch.einsum("i,j->ij", x, x),
    "normalize": lambda x: F.normalize(x, dim=0),
    "cross_entropy": lambda x: F.cross_entropy(x[None], tinytorch.tensor([0]), reduction="none"),
    "binary_cross_entropy": lambda x: F.binary_cross_entropy(x / 5, x / 6, reduction="none"),
    "with_logits": lambda x: F.binary_cross_entropy_with_logits(x, x / 6, reduction="none"),
    "mse_loss": lambda x: F.mse_loss(x, 7 - x, reduction="none"),
    "smooth_l1_loss": lambda x: F.smooth_l1_loss(x, 6.5 - x, reduction="none"),
}
CHANGES = {
    "mul_": lambda t: t.mul_(10),
    "add_": lambda t: t.add_(3),
    "zero_": lambda t: t.zero_(),
    "copy_": lambda t: t.copy_(t * 0 - 2),
    "+=": lambda t: t.__iadd__(5),
    "x[0] =": lambda t: t.__setitem__(0, -7.0),
    "x[mask] =": lambda t: t.__setitem__(t > -100, -7.0),
    "a view": lambda t: t[0:1].mul_(-3),
    "data": lambda t: t.data.mul_(-3),
    "detach": lambda t: t.detach().zero_(),
}


def gradient(op, change_input=None, change_result=None):
    """The gradient of [3, 4], or that it is refused because an array has changed."""
    x = tinytorch.tensor([3.0, 4.0], requires_grad=True)
    middle = x * 1
    result = op(middle)
    with tinytorch.no_grad():
        for change, tensor in ((change_input, middle), (change_result, result)):
            if change:
                change(tensor)
    upstream = np.arange(1, 1 + result.numel(), dtype=np.float32).reshape(result.shape)
    try:
        result.backward(tinytorch.tensor(upstream))
    except RuntimeError as error:
        assert "changed" in str(error)
        return "refused"
    return x.grad.numpy()


@pytest.mark.parametrize("op", OPS)
def test_changed_numbers_are_never_used(op):
    right = gradient(OPS[op])
    for name, change in CHANGES.items():
        for found in (gradient(OPS[op], change_input=change), gradient(OPS[op], change_result=change)):
            assert isinstance(found, str) or np.allclose(found, right), name


NEEDS_NO_NUMBERS = {
    "x + x": lambda x: x + x,
    "x * 2": lambda x: x * 2,
    "-x": lambda x: -x,
    "sum": lambda x: x.sum(),
    "mean": lambda x: x.mean(),
    "cumsum": lambda x: x.cumsum(0),
    "x[list]": lambda x: x[[1, 0]],
    "reshape": lambda x: x.reshape(2, 1),
    "expand": lambda x: x.expand(3, 2),
    "repeat": lambda x: x.repeat(2),
    "cat": lambda x: tinytorch.cat([x, x]),
    "stack": lambda x: tinytorch.stack([x, x]),
    "pad": lambda x: F.pad(x, (1, 1)),
    "masked_fill": lambda x: x.masked_fill(tinytorch.tensor([True, False]), 0.0),
    "tril": lambda x: x[None].tril(),
    "einsum": lambda x: tinytorch.einsum("...i->...i", x),
}


@pytest.mark.parametrize("op", NEEDS_NO_NUMBERS)
def test_what_no_rule_needs_may_change(op):
    right = gradient(NEEDS_NO_NUMBERS[op])
    for change in CHANGES.values():
        assert np.array_equal(gradient(NEEDS_NO_NUMBERS[op], change_input=change), right)
