"""What optimizers do together with networks and gradients: they make the loss go down."""

import numpy as np
import pytest

import tinytorch
from tinytorch.layers import Linear, ReLU, Sequential
from tinytorch.optimizers import SGD, Adam, AdamW, CosineAnnealingLR, LinearLR, SequentialLR
from tinytorch.tensor import Tensor, manual_seed


def network():
    manual_seed(3)
    return Sequential(Linear(2, 16), ReLU(), Linear(16, 1))


CORNERS, LABELS = Tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), Tensor([[0.0], [1.0], [1.0], [0.0]])


def steps(net, optimizer, number, scheduler=None):
    for _ in range(number):
        optimizer.zero_grad()
        loss = ((net(CORNERS) - LABELS) ** 2).mean()
        loss.backward()
        optimizer.step()
        if scheduler:
            scheduler.step()
    return loss.item()


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (SGD, {"lr": 0.2}),
        (SGD, {"lr": 0.05, "momentum": 0.9}),
        (SGD, {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
        (Adam, {"lr": 0.02}),
        (AdamW, {"lr": 0.02}),
    ],
)
def test_xor_is_learnt(kind, options):
    """WHAT: 400 steps bring the loss of XOR near 0.
    WHY: this is what all of it is for.
    TIP: does the loss climb? Then the step goes up, or it is too long. Does it stand still? Are the arrays the network's?
    """
    net = network()
    assert steps(net, kind(net.parameters(), **options), 400) < 0.01


@pytest.mark.parametrize("kind", [SGD, AdamW])
def test_training_goes_on_where_it_was(kind):
    """WHAT: network, optimizer and scheduler, saved after 30 steps and loaded, are after 60 where one run is.
    WHY: training for days means stopping and going on.
    TIP: compare the states, name by name.
    """

    def build():
        net = network()
        optimizer = kind(net.parameters(), lr=0.02, **({"momentum": 0.9} if kind is SGD else {}))
        parts = [LinearLR(optimizer, 0.1, total_iters=10), CosineAnnealingLR(optimizer, 50)]
        return net, optimizer, SequentialLR(optimizer, parts, [10])

    one, two = build(), build()
    steps(one[0], one[1], 30, one[2])
    saved = [part.state_dict() for part in one]
    steps(one[0], one[1], 30, one[2])
    for part, state in zip(two, saved, strict=True):
        part.load_state_dict(state)
    steps(two[0], two[1], 30, two[2])
    for p, q in zip(one[0].parameters(), two[0].parameters(), strict=True):
        assert np.array_equal(p.array, q.array)


def test_gradients_that_add_up_do_not_reach_the_momentum():
    """WHAT: after zero_grad(set_to_none=False) and another backward the speed is still what step left.
    WHY: the engine adds into the array of a gradient; a momentum that shares it would be overwritten.
    TIP: is the first speed the gradient itself, or a copy?
    """
    p = Tensor([1.0], requires_grad=True)
    optimizer = SGD([p], lr=0.1, momentum=0.5)
    (p * 3).sum().backward()
    optimizer.step()
    optimizer.zero_grad(set_to_none=False)
    (p * 100).sum().backward()
    assert optimizer.state[p]["momentum_buffer"].item() == 3


@pytest.mark.parametrize("factor", [0.98, 1.02])
def test_the_edge_of_plain_descent(factor):
    """WHAT: on a bowl of curvature c, SGD comes closer below lr = 2 / c, and flies apart above.
    WHY: the steepest direction limits every learning rate.
    TIP: is there a factor of 2 too much in the gradient or in the step?
    """
    curvature = 20.0
    x = Tensor([1.0], requires_grad=True)
    optimizer = SGD([x], lr=factor * 2 / curvature)
    for _ in range(100):
        optimizer.zero_grad()
        (x * x * (curvature / 2)).sum().backward()
        optimizer.step()
    assert (abs(x.item()) < 1) == (factor < 1)


def test_steps_are_not_recorded():
    """WHAT: a step leaves parameters leaves, and the graph of the next pass is as large as the first.
    WHY: otherwise memory grows with every step.
    TIP: work on arrays, not on tensors.
    """
    net = network()
    optimizer = Adam(net.parameters())
    steps(net, optimizer, 3)
    assert all(p.is_leaf and p.requires_grad for p in net.parameters())
    assert all(value.is_leaf for state in optimizer.state.values() for name, value in state.items() if name != "step")


def test_pytorchs_names():
    """WHAT: the package offers optimizers and schedulers where PyTorch does.
    WHY: a PyTorch script needs only its imports changed.
    TIP: run `tito export 06`.
    """
    assert tinytorch.optim.Adam is Adam and tinytorch.optim.lr_scheduler.LinearLR is LinearLR
