"""What tensors, layers, losses and the engine do together: gradients of whole networks."""

import numpy as np
import pytest

from tinytorch.activations import gelu, leaky_relu, sigmoid, softmax, tanh
from tinytorch.autograd import gradcheck
from tinytorch.graph import no_grad
from tinytorch.layers import (
    Dropout,
    Flatten,
    LeakyReLU,
    Linear,
    LogSoftmax,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
    dropout,
)
from tinytorch.losses import binary_cross_entropy_with_logits, cross_entropy, l1_loss, mse_loss
from tinytorch.nn import GELU
from tinytorch.tensor import Tensor, manual_seed, rand, randn


@pytest.mark.parametrize("activation", [ReLU, LeakyReLU, Sigmoid, Tanh, GELU, Softmax, LogSoftmax])
def test_every_layer_in_a_network(activation):
    """WHAT: the gradients of all parameters and of the input of a small network match numerical gradients.
    WHY: rules that are right one by one must also be right together.
    TIP: gradcheck the layers one by one to find the wrong one.
    """
    manual_seed(3)
    net = Sequential(Flatten(), Linear(6, 5), activation(), Linear(5, 3))
    target = Tensor([0, 2, 1, 1])
    names = [name for name, _ in net.named_parameters()]

    def loss(x, *tensors):
        for name, tensor in zip(names, tensors, strict=True):
            layer, attribute = name.split(".")
            vars(net[int(layer)])[attribute] = tensor
        return cross_entropy(net(x), target)

    assert gradcheck(loss, (randn(4, 2, 3), *net.parameters()))


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_every_loss(reduction):
    """WHAT: the gradients of all losses, with every reduction, for the prediction and, if it holds floats, for the target.
    WHY: the loss is where every gradient begins.
    TIP: the rules of the terms are in module 05; reductions are sums.
    """
    manual_seed(4)
    a, b = randn(5, 3), randn(5, 3)
    for loss in (mse_loss, l1_loss):
        assert gradcheck(lambda a, b, loss=loss: loss(a, b, reduction=reduction), (a, b))
    assert gradcheck(lambda a, p: binary_cross_entropy_with_logits(a, p, reduction=reduction), (a, rand(5, 3)))
    assert gradcheck(lambda a: cross_entropy(a, Tensor([0, 2, 1, 0, 2]), reduction=reduction), a)


def test_dropout_and_activations_as_functions():
    """WHAT: with the same seed, and so the same mask, dropout has a gradient like any other op.
    WHY: a layer made of ops needs no rule of its own.
    TIP: the mask is a constant.
    """

    def f(x):
        manual_seed(9)
        return dropout(gelu(x) * sigmoid(x) + tanh(x) * softmax(x) + leaky_relu(x), p=0.4)

    assert gradcheck(f, randn(3, 5))


def test_every_parameter_of_a_network_gets_a_gradient():
    """WHAT: after backward every parameter has a gradient; under no_grad none has.
    WHY: a parameter without a gradient never learns, and the loss may still go down.
    TIP: which op on the way returns a result that requires no gradient?
    """
    net = Sequential(Linear(8, 16), ReLU(), Dropout(0.2), Linear(16, 16), GELU(), Linear(16, 4))
    x, y = randn(10, 8), Tensor(np.arange(10) % 4)
    cross_entropy(net(x), y).backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, f"{name} has no gradient after backward"
        assert parameter.grad.shape == parameter.shape, f"the gradient of {name} has shape {parameter.grad.shape}"
        assert parameter.grad.abs().amax().item() > 0, f"the gradient of {name} is 0 everywhere"
    assert x.grad is None, "the input requires no gradient"
    net.zero_grad()
    with no_grad():
        loss = cross_entropy(net(x), y)
    assert not loss.requires_grad and net[0].weight.grad is None, "under no_grad a loss requires no gradient"


def test_loss_goes_down_along_the_gradient():
    """WHAT: forty steps against the gradient, on real handwriting, more than halve the loss.
    WHY: that is what gradients are for.
    TIP: does the loss go up? Then a sign is wrong.
    """
    datasets = pytest.importorskip(
        "sklearn.datasets", reason="the digits come with scikit-learn: pip install -e '.[data]'"
    )
    digits = datasets.load_digits()
    x, y = Tensor(digits.data / 16), Tensor(digits.target)
    manual_seed(0)
    net = Sequential(Linear(64, 32), ReLU(), Linear(32, 10))
    losses = []
    for _ in range(40):
        loss = cross_entropy(net(x), y)
        losses.append(loss.item())
        net.zero_grad()
        loss.backward()
        for parameter in net.parameters():
            parameter.array -= 0.5 * parameter.grad.array
    assert losses[0] > 2.2, f"an untrained network must have a loss near 2.3, not {losses[0]:.3g}"
    assert losses[-1] < losses[0] / 2, f"the loss went from {losses[0]:.3g} to {losses[-1]:.3g} in 40 steps"
