"""What tensor and activations do together: networks with weights set by hand, and probabilities from a matrix product."""

import numpy as np
import pytest

import tinytorch
from tinytorch import Tensor, log_softmax, manual_seed, randn, relu, sigmoid, softmax, tanh
from tito.lesson import close

CORNERS = Tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def test_xor_needs_a_nonlinearity():
    """WHAT: two layers compute XOR with relu between them; without it opposite corners have equal sums, for any weights.
    WHY: this is why a network needs activations at all.
    TIP: print the hidden layer before and after relu. Which number does relu change?
    """
    w1, b1, w2 = Tensor([[1.0, -1.0], [-1.0, 1.0]]), Tensor([0.0, 0.0]), Tensor([[1.0], [1.0]])
    close(relu(CORNERS @ w1 + b1) @ w2, [[0.0], [1.0], [1.0], [0.0]], "XOR of the four corners")
    manual_seed(2)
    for _ in range(20):
        f = ((CORNERS @ randn(2, 8) + randn(8)) @ randn(8, 1) + randn(1)).numpy()[:, 0]
        assert f[0] + f[3] == pytest.approx(f[1] + f[2], abs=1e-4), (
            "a linear network must give opposite corners equal sums"
        )


def test_temperature_over_logits():
    """WHAT: logits from a matrix product, divided by a temperature, become sharper or flatter probabilities.
    WHY: this is how a language model picks its next word.
    TIP: a tensor divided by a number is a tensor. Softmax must take it, respect `dim`, and keep float32.
    """
    manual_seed(0)
    logits = randn(5, 16) @ randn(16, 10)
    choice = logits.argmax(dim=1)
    sure = [softmax(logits / temperature, dim=-1).amax(dim=1) for temperature in (0.01, 1.0, 1000.0)]
    assert sure[0].amin().item() > 0.99, "temperature 0.01 must give one class nearly all of the probability"
    assert sure[2].amax().item() < 0.12, "temperature 1000 must give ten classes about 0.1 each"
    sharper = (sure[0] >= sure[1]).numpy() & (sure[1] >= sure[2]).numpy()
    assert sharper.all(), "a higher temperature must never make the largest probability larger"
    assert (softmax(logits / 7, dim=-1).argmax(dim=1) == choice).numpy().all(), "temperature does not change the order"
    assert softmax(logits).dtype == np.float32, "softmax must keep float32"


def test_log_probability_of_the_labels():
    """WHAT: picking each row's label from log_softmax gives a finite loss, even for hopeless rows.
    WHY: in Module 04 its mean, negated, is the cross-entropy.
    TIP: -inf means that something computed a probability before its logarithm.
    """
    logits, labels = Tensor([[1.0, 1.0], [0.0, 300.0], [5.0, -5.0]]) * 4, Tensor([0, 0, 1])
    picked = log_softmax(logits, dim=1)[Tensor([0, 1, 2]), labels]
    close(picked, [-np.log(2), -1200.0, -40.0], "the log-probability of each row's label")
    close(picked.mean(), -(np.log(2) + 1240) / 3, "their mean")


def test_every_activation_is_recorded():
    """WHAT: every activation of a tensor is one operation for Tensor.recorder, with its parameters by name.
    WHY: Module 05 finds the gradient rule of an activation by the function that the recorder sees.
    TIP: keep `@op` above the function, and work on arrays inside it.
    """
    seen, before = [], Tensor.recorder
    Tensor.recorder = lambda function, out, inputs, arrays, params, backward: seen.append((function, params))
    try:
        softmax(sigmoid(tanh(relu(Tensor([[1.0, -1.0]])))), dim=0)
    finally:
        Tensor.recorder = before
    ops = ((relu, {}), (tanh, {}), (sigmoid, {}), (softmax, {"dim": 0}))
    expected = [(getattr(f, "op", f), params) for f, params in ops]
    assert seen == expected, "Tensor.recorder must see relu, tanh, sigmoid and softmax, once each"
    assert tinytorch.relu is relu, "tinytorch.relu must be the relu of this module"
