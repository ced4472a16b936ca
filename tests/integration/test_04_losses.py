"""What tensors, layers and losses do together: how wrong is an untrained network on real handwriting?"""

import math

import numpy as np
import pytest

import tinytorch.nn as nn
import tinytorch.nn.functional as F
from tinytorch.tensor import Tensor, manual_seed, randn
from tito.lesson import close


@pytest.fixture(scope="module")
def digits():
    datasets = pytest.importorskip(
        "sklearn.datasets", reason="the digits come with scikit-learn: pip install -e '.[data]'"
    )
    data = datasets.load_digits()
    return Tensor(data.images / 16), Tensor(data.target)


def network(outputs=10):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, outputs))


def test_first_loss_is_that_of_a_guess(digits):
    """WHAT: an untrained network has a loss of about log(10) on the digits: a scalar, in float32.
    WHY: it is the first line of every training run; any other number reveals a mistake before training starts.
    TIP: print scores, log-softmax and the loss of each row, and look for the first that surprises you.
    """
    images, labels = digits
    manual_seed(1)
    scores = network()(images)
    loss = nn.CrossEntropyLoss()(scores, labels)
    close(loss.array, math.log(10), "the loss of an untrained network", dtype=np.float32, atol=0.15)
    each = F.cross_entropy(scores, labels, reduction="none")
    close(each.array, -F.log_softmax(scores).array[np.arange(1797), labels.array], "the loss of each row")
    close(each.array.mean(), loss.array, "the mean of all rows")


def test_an_overconfident_network_has_a_larger_loss(digits):
    """WHAT: scores times 1000 change no answer; the loss grows a lot, and stays finite.
    WHY: this is what a run with weights that are too large looks like, and it must survive.
    TIP: inf or nan? Then something computes a probability on the way.
    """
    images, labels = digits
    manual_seed(2)
    scores = network()(images)
    large = 1000 * scores
    assert large.argmax(dim=1).tolist() == scores.argmax(dim=1).tolist(), "the answers must stay the same"
    small_loss, large_loss = F.cross_entropy(scores, labels).item(), F.cross_entropy(large, labels).item()
    assert math.isfinite(large_loss) and large_loss > 10 * small_loss, f"{small_loss} grew to {large_loss}"


def test_is_it_a_zero(digits):
    """WHAT: yes-or-no questions and numbers as targets: one output, reshaped, against labels of other dtypes.
    WHY: shapes and dtypes of scores and labels rarely match from the start.
    TIP: a column and a row do not match: the loss must say so.
    """
    images, labels = digits
    manual_seed(3)
    score = network(outputs=1)(images)
    with pytest.raises(ValueError):
        F.binary_cross_entropy_with_logits(score, labels == 0)
    score = score.reshape(-1)
    loss = nn.BCEWithLogitsLoss()(score, labels == 0)
    close(loss.array, math.log(2), "the loss of a yes-or-no question before training", dtype=np.float32, atol=0.2)
    for function, expected in ((F.mse_loss, np.square), (F.l1_loss, np.abs)):
        errors = expected(score.array - labels.array)
        close(function(score, labels).array, errors.mean(), f"{function.__name__} against the digits", dtype=np.float32)


def test_two_classes_are_a_yes_or_no_question():
    """WHAT: cross-entropy of the scores (0, x) is binary cross-entropy of x; only the difference of two scores counts.
    WHY: sigmoid is the softmax of two scores: both losses are one idea.
    TIP: compare them row by row, with reduction="none".
    """
    manual_seed(4)
    pair, answer = 30 * randn(50, 2), (randn(50) > 0).long()
    many = F.cross_entropy(pair, answer, reduction="none")
    two = F.binary_cross_entropy_with_logits(pair[:, 1] - pair[:, 0], answer, reduction="none")
    close(many, two, "cross-entropy of two classes, against binary cross-entropy", rtol=1e-4, atol=1e-5)
