"""What tensor and activations do together: networks with weights set by hand, and probabilities from a matrix product."""

import numpy as np
import pytest

import tinytorch
from tinytorch import Tensor, log_softmax, manual_seed, randn, relu, sigmoid, softmax, tanh

CORNERS = Tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def test_xor_needs_a_bend():
    """WHAT: two layers compute XOR with relu between them; without it opposite corners have equal sums, for any weights.
    WHY: this is why a network needs activations at all.
    TIP: print the hidden layer before and after relu; which number does relu change?
    """
    w1, b1, w2 = Tensor([[1.0, -1.0], [-1.0, 1.0]]), Tensor([0.0, 0.0]), Tensor([[1.0], [1.0]])
    assert (relu(CORNERS @ w1 + b1) @ w2).tolist() == [[0.0], [1.0], [1.0], [0.0]]
    manual_seed(2)
    for _ in range(20):
        f = ((CORNERS @ randn(2, 8) + randn(8)) @ randn(8, 1) + randn(1)).numpy()[:, 0]
        assert f[0] + f[3] == pytest.approx(f[1] + f[2], abs=1e-4), "no linear network can do otherwise"


def test_temperature_over_logits():
    """WHAT: logits from a matrix product, divided by a temperature, become sharper or flatter probabilities.
    WHY: this is how a language model picks its next word.
    TIP: a tensor divided by a number is a tensor; softmax must take it, and its dim, and stay float32.
    """
    manual_seed(0)
    logits = randn(5, 16) @ randn(16, 10)
    choice = logits.argmax(dim=1)
    sure = [softmax(logits / temperature, dim=-1).amax(dim=1) for temperature in (0.01, 1.0, 1000.0)]
    assert sure[0].amin().item() > 0.99 and sure[2].amax().item() < 0.12
    assert ((sure[0] >= sure[1]).numpy() & (sure[1] >= sure[2]).numpy()).all()
    assert (softmax(logits / 7, dim=-1).argmax(dim=1) == choice).numpy().all(), "temperature does not change the order"
    assert softmax(logits).dtype == np.float32


def test_log_probability_of_the_labels():
    """WHAT: picking each row's label from log_softmax gives a finite loss, even for hopeless rows.
    WHY: in Module 04 its mean, negated, is the cross-entropy.
    TIP: -inf means that somewhere a probability was computed before its logarithm.
    """
    logits, labels = Tensor([[1.0, 1.0], [0.0, 300.0], [5.0, -5.0]]) * 4, Tensor([0, 0, 1])
    picked = log_softmax(logits, dim=1)[Tensor([0, 1, 2]), labels]
    assert picked.numpy() == pytest.approx([-np.log(2), -1200.0, -40.0], rel=1e-6)
    assert picked.mean().item() == pytest.approx(-(np.log(2) + 1240) / 3, rel=1e-6)


def test_everything_passes_the_door():
    """WHAT: every activation of a tensor is one operation for Tensor.recorder, with its parameters by name.
    WHY: Module 05 finds the gradient rule of an activation by the function that the recorder sees.
    TIP: `@op` above the function; inside it, work on arrays only.
    """
    seen, before = [], Tensor.recorder
    Tensor.recorder = lambda function, out, inputs, arrays, params, backward: seen.append((function, params))
    try:
        softmax(sigmoid(tanh(relu(Tensor([[1.0, -1.0]])))), dim=0)
    finally:
        Tensor.recorder = before
    assert seen == [
        (getattr(f, "op", f), params) for f, params in ((relu, {}), (tanh, {}), (sigmoid, {}), (softmax, {"dim": 0}))
    ]
    assert tinytorch.relu is relu
