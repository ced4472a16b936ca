"""Convolutions together with all earlier modules: they read digits, and a network with batch norm survives saving."""

import numpy as np
import pytest

from tinytorch.dataloader import DataLoader, TensorDataset
from tinytorch.layers import Flatten, Linear, ReLU, Sequential
from tinytorch.nn import AdaptiveAvgPool2d, BatchNorm2d, Conv2d, CrossEntropyLoss, MaxPool2d
from tinytorch.optimizers import SGD, Adam
from tinytorch.tensor import Tensor, manual_seed, randn
from tinytorch.training import evaluate, load, save, train_epoch
from tinytorch.vocabulary.spatial import ResidualBlock
from tito.lesson import close


def test_digits():
    """WHAT: a convolutional network reads at least 95 % of handwriting that it hasn't learned from, and each of its filters has moved.
    WHY: on random filters, the layers after them learn a good deal as well: accuracy alone doesn't show that yours learn.
    TIP: print how far each filter moved. None? Look at kernel_gradient. Only those of the first layer? Look at input_gradient.
    """
    datasets = pytest.importorskip(
        "sklearn.datasets", reason="the digits come with scikit-learn: pip install -e '.[data]'"
    )
    images, classes = Tensor(datasets.load_digits().images[:, None] / 16), Tensor(datasets.load_digits().target)
    order = np.random.default_rng(0).permutation(len(classes))
    train, test = (TensorDataset(images[part], classes[part]) for part in (order[:1437], order[1437:]))
    manual_seed(0)
    net = Sequential(
        Conv2d(1, 8, 3, padding=1, bias=False), MaxPool2d(2), BatchNorm2d(8), ReLU(),
        Conv2d(8, 16, 3, padding=1, bias=False), MaxPool2d(2), BatchNorm2d(16), ReLU(), Flatten(), Linear(64, 10),
    )  # fmt: skip
    before = [layer.weight.detach().numpy().copy() for layer in (net[0], net[4])]
    optimizer = Adam(net.parameters(), lr=1e-2)
    for _ in range(5):
        train_epoch(net, CrossEntropyLoss(), optimizer, DataLoader(train, 32, shuffle=True))
    _, accuracy = evaluate(net, CrossEntropyLoss(), DataLoader(test, 360))
    assert accuracy >= 0.95, f"the network reads {accuracy:.1%} of the test images"
    for layer, old in zip((net[0], net[4]), before, strict=True):
        moved = np.linalg.norm((layer.weight.detach().numpy() - old).reshape(len(old), -1), axis=1)
        assert (moved > 0.05).all(), f"filters moved by {moved.round(3)}, and each should move by more than 0.05"


def network():
    return Sequential(
        Conv2d(1, 4, 3, padding=1, bias=False), BatchNorm2d(4), ReLU(), MaxPool2d(2),
        ResidualBlock(4, 6, stride=2), AdaptiveAvgPool2d(1), Flatten(), Linear(6, 2),
    )  # fmt: skip


def trained(net, steps):
    """The same network after some steps on images that are brighter on the left or on the right."""
    optimizer = SGD(net.parameters(), lr=0.1, momentum=0.9)
    rng = np.random.default_rng(steps)
    for _ in range(steps):
        side = rng.integers(2, size=16)
        images = rng.normal(size=(16, 1, 8, 8)).astype(np.float32)
        images[np.arange(16), 0, :, 0] += 4 * (side[:, None] == 0)
        images[np.arange(16), 0, :, 7] += 4 * (side[:, None] == 1)
        optimizer.zero_grad()
        CrossEntropyLoss()(net(Tensor(images)), Tensor(side)).backward()
        optimizer.step()
    return net


def test_a_network_with_batch_norm_is_saved_with_its_statistics(tmp_path):
    """WHAT: after saving and loading, a network gives the same answers, because running statistics are saved as well.
    WHY: without them, a loaded network normalizes with 0 and 1, and its answers are worthless.
    TIP: which names does state_dict have? Do the buffers change in place in training?
    """
    manual_seed(0)
    net = trained(network(), 20).eval()
    save(net.state_dict(), tmp_path / "net.npz")
    other = network().eval()
    x = randn(3, 1, 8, 8)
    assert np.abs((other(x) - net(x)).detach().numpy()).max() > 0.01
    other.load_state_dict(load(tmp_path / "net.npz"))
    close(other(x), net(x), "the loaded network")


def test_eval_gives_one_answer_and_training_another():
    """WHAT: in training an answer depends on the rest of the batch, after eval it doesn't.
    WHY: without eval you get other answers for other neighbors.
    TIP: what does norm_statistics return for each mode?
    """
    manual_seed(0)
    net, x = trained(network(), 10), randn(6, 1, 8, 8)
    together, alone = net.train()(x)[:2], net.train()(x[:2])
    assert np.abs((together - alone).detach().numpy()).max() > 0.01, (
        "in training, two images have other neighbors than six"
    )
    together, alone = net.eval()(x)[:2], net.eval()(x[:2])
    close(together, alone, "after eval, the neighbors don't matter", atol=1e-5)


def test_the_gradient_reaches_the_first_filter_through_batch_norm():
    """WHAT: the gradient of the first convolution's weight is that of central differences along a direction, in float64.
    WHY: a batch norm that passes nothing on, or too much, still lets the last layer learn.
    TIP: test_batch_norm_passes_gradcheck looks at the op alone.
    """
    manual_seed(0)
    net = network().double()
    x, y = Tensor(np.random.default_rng(0).normal(size=(4, 1, 8, 8)), dtype=np.float64), Tensor([0, 1, 1, 0])
    weight, direction = net[0].weight, np.random.default_rng(1).normal(size=(4, 1, 3, 3))

    def loss():
        return CrossEntropyLoss()(net(x), y)

    loss().backward()
    slope, middle = (weight.grad.numpy() * direction).sum(), weight.detach().numpy().copy()
    ends = []
    for sign in (1, -1):
        weight.array[...] = middle + sign * 1e-5 * direction
        ends.append(loss().item())
    close(slope, (ends[0] - ends[1]) / 2e-5, "the slope along a direction of the first filters", rtol=1e-4)
    assert abs(slope) > 1e-3
