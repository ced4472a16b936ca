"""What tensors, layers and losses do together: how wrong is an untrained network on real handwriting?"""

import math

import numpy as np
import pytest

import tinytorch.nn as nn
import tinytorch.nn.functional as F
from tinytorch.tensor import Tensor, manual_seed, randn


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
    """WHAT: an untrained network loses about log(10) on the digits, as one number, in float32.
    WHY: it is the first line of every training run; another number tells of a mistake before anything is learnt.
    TIP: print scores, log-softmax and the loss of each row, and look for the first that surprises you.
    """
    images, labels = digits
    manual_seed(1)
    scores = network()(images)
    loss = nn.CrossEntropyLoss()(scores, labels)
    assert loss.shape == () and loss.dtype == np.float32 and abs(loss.item() - math.log(10)) < 0.15
    each = F.cross_entropy(scores, labels, reduction="none")
    assert each.shape == (1797,) and math.isclose(each.mean().item(), loss.item(), rel_tol=1e-5)
    by_hand = -F.log_softmax(scores)[np.arange(1797), labels]
    assert np.allclose(each.array, by_hand.array, atol=1e-6)


def test_a_loud_network_knows_no_more_and_pays_more(digits):
    """WHAT: scores times 1000 leave every answer as it is; the loss grows a lot, and stays finite.
    WHY: this is how a run that got too large weights looks, and it must survive.
    TIP: inf or nan? Then a probability was computed on the way.
    """
    images, labels = digits
    manual_seed(2)
    scores = network()(images)
    loud = 1000 * scores
    assert loud.argmax(dim=1).tolist() == scores.argmax(dim=1).tolist()
    quiet_loss, loud_loss = F.cross_entropy(scores, labels).item(), F.cross_entropy(loud, labels).item()
    assert math.isfinite(loud_loss) and loud_loss > 10 * quiet_loss


def test_is_it_a_zero(digits):
    """WHAT: yes-or-no questions and numbers as targets: one output, reshaped, against labels of other types.
    WHY: shapes and types of scores and labels rarely fit by themselves.
    TIP: a column and a row do not fit: the loss must say so.
    """
    images, labels = digits
    manual_seed(3)
    score = network(outputs=1)(images)
    with pytest.raises(ValueError):
        F.binary_cross_entropy_with_logits(score, labels == 0)
    score = score.reshape(-1)
    loss = nn.BCEWithLogitsLoss()(score, labels == 0)
    assert loss.dtype == np.float32 and abs(loss.item() - math.log(2)) < 0.2
    for function in (F.mse_loss, F.l1_loss):
        assert function(score, labels).dtype == np.float32 and 3 < function(score, labels).item() < 40


def test_two_classes_are_a_yes_or_no_question():
    """WHAT: cross-entropy of the scores (0, x) is binary cross-entropy of x, and of a pair only the difference counts.
    WHY: sigmoid is the softmax of two scores: both losses are one idea.
    TIP: compare them row by row, with reduction="none".
    """
    manual_seed(4)
    pair, answer = 30 * randn(50, 2), (randn(50) > 0).long()
    many = F.cross_entropy(pair, answer, reduction="none")
    two = F.binary_cross_entropy_with_logits(pair[:, 1] - pair[:, 0], answer, reduction="none")
    assert np.allclose(many.array, two.array, rtol=1e-4, atol=1e-5)
