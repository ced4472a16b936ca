"""Bad input to embeddings and positions: the error names the value and what it must be; nothing changes."""

import re

import numpy as np
import pytest

from tinytorch import Tensor, nn, ones, tensor, zeros
from tinytorch.embeddings import Embedding, LearnedPositions, apply_rotary, sinusoidal_positions
from tinytorch.nn import functional as F

TABLE = "a table has two axes, (num_embeddings, embedding_dim)"

EMBEDDINGS = {
    "an id that is too large": (
        lambda: nn.Embedding(65, 4)(tensor([[3, 64], [65, 0]])), IndexError, "id 65 is not in the vocabulary: use 0 to 64"
    ),
    "a negative id": (lambda: nn.Embedding(65, 4)(tensor(-1)), IndexError, "id -1 is not in the vocabulary: use 0 to 64"),
    "floats": (lambda: nn.Embedding(5, 4)(ones(2)), TypeError, "ids are float32: use integers"),
    "booleans": (lambda: nn.Embedding(5, 4)(tensor([True])), TypeError, "ids are bool: use integers"),
    "a text": (lambda: nn.Embedding(5, 4)("a"), TypeError, "use integers"),
    "a list of floats": (lambda: nn.Embedding(5, 4)([1.0]), TypeError, "ids are float64: use integers"),
    "a vector as table": (lambda: F.embedding(tensor([0]), ones(3)), ValueError, f"weight has shape (3,): {TABLE}"),
    "a number as table": (lambda: F.embedding(tensor([0]), 3), ValueError, f"weight has shape (): {TABLE}"),
    "arguments exchanged": (lambda: F.embedding(ones(3, 2), tensor([0, 1])), ValueError, "weight has shape (2,): a table"),
    "padding beyond the table": (
        lambda: nn.Embedding(5, 4, padding_idx=5), ValueError, "padding_idx is 5: use one of the 5 rows, or None"
    ),
    "padding before the table": (lambda: nn.Embedding(5, 4, -6), ValueError, "padding_idx is -6: use one of the 5 rows"),
    "half a padding id": (lambda: F.embedding(tensor([0]), ones(5, 4), 0.5), ValueError, "padding_idx is 0.5: use one"),
    "padding of an empty table": (lambda: Embedding(0, 4, 0), ValueError, "padding_idx is 0: use one of the 0 rows"),
    "a pretrained vector": (lambda: Embedding.from_pretrained(ones(4)), ValueError, f"weight has shape (4,): {TABLE}"),
    "a negative size": (lambda: Embedding(-1, 4), ValueError, "negative"),
}  # fmt: skip
POSITIONS = {
    "a long text": (
        lambda: LearnedPositions(128, 4)(zeros(2, 129, 4)), ValueError, "the positions are 0 to 128: the table has 0 to 127"
    ),
    "a late offset": (lambda: LearnedPositions(128, 4)(zeros(1, 4), 128), ValueError, "the positions are 128 to 128"),
    "a negative offset": (lambda: LearnedPositions(8, 4)(zeros(1, 4), -1), ValueError, "the positions are -1 to -1"),
    "half an offset": (lambda: LearnedPositions(8, 4)(zeros(1, 4), 0.5), TypeError, "use integers"),
    "an odd width": (lambda: sinusoidal_positions(8, 7), ValueError, "dim is 7: it must be even"),
    "an odd width to turn": (lambda: apply_rotary(zeros(2, 8, 7)), ValueError, "dim is 7: it must be even"),
    "a single vector": (lambda: apply_rotary(zeros(8)), ValueError, "x is float32 of shape (8,): use floats, of shape (..., T, D)"),
    "integers to turn": (lambda: apply_rotary(zeros(3, 8).long()), ValueError, "x is int64 of shape (3, 8): use floats"),
    "too few positions": (
        lambda: apply_rotary(zeros(3, 8), np.arange(2)), ValueError, "x has 3 vectors and positions of shape (2,): give each one"
    ),
    "positions without an axis for heads": (
        lambda: apply_rotary(zeros(2, 5, 3, 4), np.zeros((2, 3), int)), ValueError, "add an axis, as in positions[:, None]"
    ),
    "a layout in words": (lambda: apply_rotary(zeros(3, 8), interleaved="half-split"), TypeError, "interleaved is 'half-split'"),
    "positions between two": (lambda: apply_rotary(zeros(3, 8), 0.5), TypeError, "positions are float64: use integers"),
    "half a position": (lambda: sinusoidal_positions(2.5, 4), ValueError, "positions are 2.5: give how many"),
    "fewer than no positions": (lambda: sinusoidal_positions(-3, 4), ValueError, "positions are -3"),
    "vectors that are too narrow": (lambda: LearnedPositions(4, 3)(zeros(2, 4, 1)), ValueError, "x has vectors of 1 numbers"),
    "ids instead of vectors": (lambda: LearnedPositions(4, 3)(zeros(2, 3).long()), ValueError, "x is int64 of shape (2, 3)"),
    "positions in a list": (lambda: apply_rotary(zeros(3, 8), [1, 2]), ValueError, "positions of shape (2,)"),
    "one position in a tensor": (lambda: apply_rotary(zeros(3, 8), tensor([1])), ValueError, "x has 3 vectors and 1 position"),
    "similarity of integers": (
        lambda: F.cosine_similarity(tensor([[1]]), tensor([[2]])), ValueError, "x1 is int64, and x2 int64: one of them must be floats"
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("step", "error", "expected"), [pytest.param(*case, id=name) for name, case in (EMBEDDINGS | POSITIONS).items()]
)
def test_the_error_says_what_was_expected(step, error, expected):
    with pytest.raises(error, match=re.escape(expected)):
        step()


def test_refused_ids_leave_no_trace():
    layer = Embedding(3, 2, padding_idx=0)
    before = layer.weight.tolist()
    for bad in ([0, 3], [-1], [0.5], [True]):
        with pytest.raises((IndexError, TypeError)):
            layer(Tensor(bad)).sum().backward()
    assert layer.weight.tolist() == before and layer.weight.grad is None


def test_what_else_may_be_given():
    """A list of ids, a single one, none; a number of NumPy as padding id; positions as a list and as a tensor without axes."""
    layer = Embedding(4, 2, padding_idx=np.int64(-1))
    assert layer.padding_idx == 3 and layer([2, 0]).shape == (2, 2) and layer(tensor(1)).shape == (2,)
    assert layer(tensor(np.zeros((0, 5), np.int64))).shape == (0, 5, 2)
    x = ones(2, 3, 4)
    expected = apply_rotary(x, 7).tolist()
    assert apply_rotary(x, [7, 8, 9]).tolist() == apply_rotary(x, tensor(7)).tolist() == expected
