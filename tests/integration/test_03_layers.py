"""What tensors, activations and layers do together: an untrained network that looks at real handwriting."""

import math

import numpy as np
import pytest

from tinytorch.layers import Dropout, Flatten, Linear, ReLU, Sequential, Softmax
from tinytorch.tensor import Tensor, manual_seed
from tito.lesson import close


@pytest.fixture(scope="module")
def images():
    datasets = pytest.importorskip(
        "sklearn.datasets", reason="the digits come with scikit-learn: pip install -e '.[data]'"
    )
    return Tensor(datasets.load_digits().images / 16)


def network(p=0.5):
    return Sequential(Flatten(), Linear(64, 32), ReLU(), Dropout(p), Linear(32, 10), Softmax(dim=-1))


def test_network_gives_probabilities(images):
    """WHAT: 1797 images of 8 x 8 become 1797 rows of ten probabilities, in float32.
    WHY: shapes, dtypes and activations must fit together from the first layer to the last.
    TIP: call the layers one by one, and print the shape after each: `for layer in net: x = layer(x)`.
    """
    manual_seed(0)
    out = network().eval()(images)
    assert out.shape == (1797, 10), f"the probabilities must have shape (1797, 10), not {out.shape}"
    assert (out >= 0).array.all(), "a probability must not be negative or nan"
    close(out.sum(dim=-1).array, np.ones(1797), "the sum of each row", dtype=np.float32)


def test_loaded_network_gives_the_same_answers(images):
    """WHAT: a second network, loaded with the first one's state, gives identical outputs.
    WHY: saving and loading must not lose or mix up a single number.
    TIP: compare the two state_dicts, name by name.
    """
    net, other = network().eval(), network().eval()
    assert not np.allclose(net(images).array, other(images).array), "two networks must be initialized differently"
    other.load_state_dict(net.state_dict())
    assert np.array_equal(net(images).array, other(images).array), "after loading the outputs must be identical"


def test_dropout_only_while_training(images):
    """WHAT: at inference the network gives the same answer twice, in training it doesn't; a seed repeats it.
    WHY: a network that reads handwriting should give one answer for one image.
    TIP: which modules does `eval` reach?
    """
    net = network(p=0.3)
    x = images[:20]
    manual_seed(1)
    first = net(x).array
    assert not np.array_equal(first, net(x).array), "in training, two calls must use different masks"
    manual_seed(1)
    assert np.array_equal(first, net(x).array), "the same manual_seed must give the same masks"
    net.eval()
    assert np.array_equal(net(x).array, net(x).array), "at inference, two calls must agree"


def test_untrained_network_is_unsure(images):
    """WHAT: before training every probability is near 1/10, and the number of parameters is right.
    WHY: the initial loss of a ten-class network is about log(10); a larger one means the weights are too large.
    TIP: one class near 1? Print the standard deviation of the activations after each layer.
    """
    manual_seed(2)
    net = network().eval()
    surprise = -net(images).log().mean().item()
    assert abs(surprise - math.log(10)) < 0.2, f"the mean of -log p must be near log(10) = 2.303, not {surprise:.3f}"
    total = sum(parameter.numel() for parameter in net.parameters())
    assert total == 64 * 32 + 32 + 32 * 10 + 10, f"the network has 2410 numbers, not {total}"
