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
    WHY: this is what optimizers are for.
    TIP: SGD and Adam are given. With AdamW: does `decayed` write into the network's own array, and return the gradient?
    """
    net = network()
    loss = steps(net, kind(net.parameters(), **options), 400)
    assert loss < 0.01, f"after 400 steps of {kind.__name__} the loss of XOR is {loss:.3g}"


@pytest.mark.parametrize("kind", [SGD, AdamW])
def test_training_resumes_where_it_was(kind):
    """WHAT: a run that is saved after 30 steps, loaded, and run for 30 more ends with the weights of a run of 60.
    WHY: training for days means stopping and resuming.
    TIP: given; compare the states, name by name.
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
        assert np.array_equal(p.array, q.array), "the resumed run ends with other weights"


def test_gradients_that_add_up_do_not_reach_the_momentum():
    """WHAT: zero_grad(set_to_none=False) and another backward don't change the speed.
    WHY: the engine adds into the array of a gradient, so a speed that shared that array would change with it.
    TIP: given; is the first speed the gradient itself, or a copy?
    """
    p = Tensor([1.0], requires_grad=True)
    optimizer = SGD([p], lr=0.1, momentum=0.5)
    (p * 3).sum().backward()
    optimizer.step()
    optimizer.zero_grad(set_to_none=False)
    (p * 100).sum().backward()
    assert optimizer.state[p]["momentum_buffer"].item() == 3, "the speed must still be the first gradient, 3"


@pytest.mark.parametrize("factor", [0.98, 1.02])
def test_the_edge_of_plain_descent(factor):
    """WHAT: on a bowl of curvature c, SGD converges below lr = 2 / c, and diverges above.
    WHY: the steepest direction limits the learning rate.
    TIP: given; is a gradient or a step off by a factor of 2?
    """
    curvature = 20.0
    x = Tensor([1.0], requires_grad=True)
    optimizer = SGD([x], lr=factor * 2 / curvature)
    for _ in range(100):
        optimizer.zero_grad()
        (x * x * (curvature / 2)).sum().backward()
        optimizer.step()
    assert (abs(x.item()) < 1) == (factor < 1), f"with lr = {factor} * 2 / c, x goes from 1 to {x.item():.3g}"


def test_steps_are_not_recorded():
    """WHAT: after a step the parameters are still leaves, and so is the state.
    WHY: otherwise the graph, and memory, grow with every step.
    TIP: optimizers work on arrays, not on tensors.
    """
    net = network()
    optimizer = Adam(net.parameters())
    steps(net, optimizer, 3)
    assert all(p.is_leaf and p.requires_grad for p in net.parameters()), "a parameter is no longer a leaf"
    tensors = [value for state in optimizer.state.values() for name, value in state.items() if name != "step"]
    assert all(tensor.is_leaf for tensor in tensors), "the state was recorded on the graph"


def test_pytorchs_names():
    """WHAT: the package offers optimizers and schedulers where PyTorch does.
    WHY: a PyTorch script needs only its imports changed.
    TIP: run `tito export 06`.
    """
    assert tinytorch.optim.Adam is Adam and tinytorch.optim.lr_scheduler.LinearLR is LinearLR
