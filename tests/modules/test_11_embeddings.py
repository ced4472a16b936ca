"""The exported embeddings and positions, tested with other numbers than in the notebook."""

import numpy as np
import pytest

from tinytorch.arrays import add_at
from tinytorch.autograd import gradcheck
from tinytorch.embeddings import (
    Embedding,
    LearnedPositions,
    WordModel,
    apply_rotary,
    embedding,
    embedding_gradient,
    sinusoidal_positions,
)
from tinytorch.losses import cross_entropy
from tinytorch.optimizers import SGD, AdamW
from tinytorch.tensor import Tensor, manual_seed, randn, zeros
from tinytorch.vocabulary.embeddings import CosineSimilarity, cosine_similarity
from tito.lesson import close, raises, waves

# Lookup


@pytest.mark.parametrize(("shape", "rows"), [((40,), 3), ((3, 7), 50), ((2, 3, 4), 11), ((0,), 4)])
def test_the_gradient_agrees_with_that_of_indexing(shape, rows):
    """WHAT: the same gradient as Module 05's for `table[ids]`, for ids that repeat often, and for a large table.
    WHY: a lost gradient shows in no shape and in no error.
    TIP: is it the row of an id that occurs several times?
    """
    ids, grad = np.random.default_rng(0).integers(rows, size=shape), waves(*shape, 6)
    expected = np.zeros((rows, 6))
    add_at(expected, (ids,), grad)
    close(embedding_gradient(grad, ids, rows), expected, f"ids of shape {shape}, {rows} rows")


def test_the_gradient_of_a_sum_is_how_often_each_id_occurs():
    """WHAT: an upstream gradient of ones, which is a view without memory of its own, gives counts, in float32.
    WHY: `loss.sum()` passes such a view back.
    TIP: do you write to `grad`, or change its shape in a way that needs a copy?
    """
    layer, ids = Embedding(4, 2), Tensor([[3, 0, 3], [3, 1, 0]])
    layer(ids).sum().backward()
    close(layer.weight.grad, [[2, 2], [1, 1], [0, 0], [3, 3]], "ids [[3, 0, 3], [3, 1, 0]]", dtype=np.float32)
    layer(ids).sum().backward()
    close(layer.weight.grad, [[4, 4], [2, 2], [0, 0], [6, 6]], "after a second backward")


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16])
def test_ids_of_every_integer_dtype(dtype):
    """WHAT: ids of any integer dtype pick the same rows and give the same gradient.
    WHY: a corpus of bytes fits into uint8, with an eighth of the memory.
    TIP: does arithmetic with your ids overflow in a small dtype?
    """
    ids, table = np.array([99, 0, 99], dtype), waves(100, 4)
    close(embedding(ids, table), table[[99, 0, 99]], f"{np.dtype(dtype)}")
    expected = np.zeros((100, 4))
    expected[99], expected[0] = waves(3, 4)[0] + waves(3, 4)[2], waves(3, 4)[1]
    close(embedding_gradient(waves(3, 4), ids, 100), expected, f"the gradient, {np.dtype(dtype)}")


@pytest.mark.parametrize("padding", [0, 2, -1, -5])
def test_padding_has_no_gradient(padding):
    """WHAT: the padding id's row is zero at first, is looked up like any other, and gets no gradient; all others do.
    WHY: padding fills up short sentences, and must not learn.
    TIP: a negative padding id counts from the end. Is 0 a padding id?
    """
    layer, ids = Embedding(5, 3, padding_idx=padding), Tensor([0, 1, 2, 3, 4, 4, 0])
    row = padding % 5
    assert layer.padding_idx == row
    close(layer.weight[row], [0, 0, 0], "the padding row at first")
    layer.weight.array[row] = 7
    close(layer(Tensor([row])), [[7, 7, 7]], "its row is looked up")
    (layer(ids) ** 2).sum().backward()
    grad = layer.weight.grad.numpy()
    close(grad[row], [0, 0, 0], "its gradient")
    assert (np.delete(grad, row, axis=0) != 0).all(), "all other rows were used, and need a gradient"


def test_only_the_constructor_clears_the_padding_row():
    """WHAT: loading and `from_pretrained` keep the padding row; without a gradient SGD leaves it alone, AdamW's decay does not.
    WHY: PyTorch does the same, and weights that are loaded should be those that were saved.
    TIP: which lines of the class are about padding? (They are given.)
    """
    layer = Embedding(3, 2, padding_idx=0)
    layer.load_state_dict({"weight": Tensor(waves(3, 2))})
    close(layer.weight, waves(3, 2), "after loading")
    kept = Embedding.from_pretrained(Tensor(waves(3, 2)), freeze=False, padding_idx=0)
    close(kept(Tensor([0])), waves(3, 2)[:1], "from_pretrained")
    for optimizer, factor in (
        (SGD(kept.parameters(), lr=0.1), 1),
        (AdamW(kept.parameters(), lr=0.1, weight_decay=0.5), 0.95),
    ):
        optimizer.zero_grad()
        kept(Tensor([0, 1])).sum().backward()
        optimizer.step()
        close(kept.weight[0], factor * waves(3, 2)[0], f"the padding row after a step of {type(optimizer).__name__}")


@pytest.mark.parametrize(
    ("ids", "error"), [([3], IndexError), ([-1], IndexError), ([0.0], TypeError), ([True], TypeError)]
)
def test_bad_ids_are_refused_before_anything_is_looked_up(ids, error):
    """WHAT: an id that isn't in the vocabulary, a negative one, a float and a boolean are refused by the layer as well.
    WHY: NumPy would pick the last row for -1, and rows by a mask for booleans.
    TIP: which errors does your `embedding` raise before it picks rows?
    """
    layer = Embedding(3, 2)
    raises(error, lambda: layer(Tensor(np.array(ids))), f"ids {ids} of 3")


def test_the_op_keeps_the_ids_alone():
    """WHAT: the table may change in place between forward and backward, as when an optimizer steps; the ids may not.
    WHY: the gradient needs the ids and no row of the table.
    TIP: which arrays does your gradient's function use?
    """
    layer, ids = Embedding(3, 2), Tensor([1, 1])
    out = layer(ids)
    layer.weight.array[...] = 0
    layer.weight.increment_version()
    out.sum().backward()
    close(layer.weight.grad, [[0, 0], [2, 2], [0, 0]], "after the table has changed")
    out = layer(ids)
    ids.array[...] = 0
    ids.increment_version()
    raises(RuntimeError, lambda: out.sum().backward(), "after the ids have changed")


# Positions


@pytest.mark.parametrize("lead", [(), (2,), (2, 3)])
def test_learned_positions_for_any_leading_axes(lead):
    """WHAT: the same positions for every sequence of a batch, and for heads; each position's row gets all their gradients.
    WHY: sequences of a batch are read side by side.
    TIP: which axis counts the words of a sequence?
    """
    layer, x = LearnedPositions(6, 4), waves(*lead, 5, 4)
    out = layer(Tensor(x), offset=1)
    close(out, x + layer.table.weight.array[1:], f"x of shape {x.shape}, offset 1")
    out.sum().backward()
    count = np.prod(lead, dtype=int)
    close(layer.table.weight.grad, count * np.array([0, 1, 1, 1, 1, 1])[:, None] * np.ones(4), "the table's gradient")


@pytest.mark.parametrize(("offset", "length"), [(0, 7), (3, 4), (6, 1), (-2, 3)])
def test_a_sequence_longer_than_the_table_is_refused(offset, length):
    """WHAT: ValueError for positions that the table lacks, also in a batch; the last position that it has is fine.
    WHY: the table's own IndexError speaks of ids, and doesn't tell that your text is too long.
    TIP: which positions are needed? Do you refuse them before you look them up?
    """
    layer = LearnedPositions(6, 2)
    assert layer(zeros(1, 2, 2), offset=4).shape == (1, 2, 2), "positions 4 and 5 of 6"
    raises(ValueError, lambda: layer(zeros(1, length, 2), offset), f"{length} vectors from position {offset} on, of 6")


def test_a_sinusoidal_position_is_the_turned_one_before():
    """WHAT: the same turn leads from each position to the one k later, and dot products depend on distances only.
    WHY: so a linear layer can learn "k places back".
    TIP: are sine and cosine of one hand next to each other? Is the angle proportional to the position?
    """
    table = sinusoidal_positions(50, 8, 500.0)
    hands = table[:, 1::2] + 1j * table[:, 0::2]
    ratio = hands[7:] / hands[:-7]
    close(ratio.real, np.broadcast_to(ratio.real[0], ratio.shape), "the turn from a position to the one 7 later")
    close(ratio.imag, np.broadcast_to(ratio.imag[0], ratio.shape), "the turn from a position to the one 7 later")
    products = table @ table.T
    close(np.diag(products, 5), np.full(45, products[0, 5]), "dot products of positions 5 apart")
    close(np.diag(products), np.full(50, 4), "each with itself")


def test_sinusoidal_positions_of_any_array():
    """WHAT: rows for the positions asked for, in their shape; the first ones if a number is given.
    WHY: a sequence that goes on begins at a later position.
    TIP: which shape does your result have for positions of shape (2, 3)?
    """
    table, positions = sinusoidal_positions(30, 6), np.array([[4, 0, 29], [1, 1, 2]])
    close(sinusoidal_positions(positions, 6), table[positions], "positions (2, 3)")
    assert sinusoidal_positions(0, 6).shape == (0, 6)
    raises(ValueError, lambda: sinusoidal_positions(positions, 7), "dim 7")


@pytest.mark.parametrize("interleaved", [True, False])
def test_rotary_scores_depend_on_distances_only(interleaved):
    """WHAT: the scores of all queries with all keys stay the same if everything moves on; lengths stay as well.
    WHY: this is what rotary positions are for.
    TIP: do query and key turn in the same direction, by angles that are proportional to their positions?
    """
    q, k = waves(2, 5, 8), waves(3, 5, 8)[1:]
    scores = [
        apply_rotary(q, start, interleaved=interleaved) @ apply_rotary(k, start, interleaved=interleaved).swapaxes(1, 2)
        for start in (0, 1, 200)
    ]
    close(scores[1], scores[0], "moved by 1")
    close(scores[2], scores[0], "moved by 200", atol=1e-5)
    turned = apply_rotary(q, 3, interleaved=interleaved)
    close((turned**2).sum(axis=-1), (q**2).sum(axis=-1), "squared lengths")
    assert np.abs(turned - q).max() > 0.1, "the vectors must turn"


def test_permuted_weights_convert_between_the_layouts():
    """WHAT: scores in the half-split layout equal the interleaved ones if the rows of both weights are permuted, and only then.
    WHY: weights of one family of models are useless in the code of the other without it.
    TIP: in each layout, which two numbers are pair 0?
    """
    x, weights = waves(6, 10), waves(2, 8, 10)
    order = [0, 2, 4, 6, 1, 3, 5, 7]

    def scores(weights, interleaved):
        q, k = (apply_rotary(x @ weight.T, interleaved=interleaved) for weight in weights)
        return q @ k.T

    right = scores(weights, True)
    close(scores(weights[:, order], False), right, "permuted")
    assert np.abs(scores(weights, False) - right).max() > 0.1, "without permuting, scores must differ"


@pytest.mark.parametrize("interleaved", [True, False])
def test_rotary_passes_gradcheck(interleaved):
    """WHAT: gradients of tensors with several leading axes match numerical ones, for an offset and for an array of positions.
    WHY: a gradient that turns the wrong way still makes the loss fall.
    TIP: what undoes a turn?
    """
    x = Tensor(waves(2, 2, 3, 4))
    for positions in (5, Tensor([9, 0, 4]), np.array([[[0, 1, 2]], [[7, 8, 9]]])):
        assert gradcheck(lambda x, p=positions: apply_rotary(x, p, 50.0, interleaved=interleaved), x)


def test_a_step_with_an_offset_equals_the_row_of_the_whole():
    """WHAT: word by word, each at its own position, gives the rows of the whole sequence at once.
    WHY: text is generated like that.
    TIP: which position does the first vector have?
    """
    x = randn(2, 6, 4)
    whole = apply_rotary(x)
    for t in range(6):
        close(apply_rotary(x[:, t : t + 1], positions=t), whole.numpy()[:, t : t + 1], f"word {t}")
    assert whole.dtype == np.float32


@pytest.mark.parametrize("x", [waves(3, 5), waves(4), np.ones((3, 4), int)], ids=["odd", "no positions", "integers"])
def test_rotary_refuses_what_it_cannot_turn(x):
    """WHAT: an odd width, a single vector, and integers are refused, also as tensors.
    WHY: the message should name the shape, not an index deep inside.
    TIP: these checks are given, except for the odd width, which your `sinusoidal_positions` refuses.
    """
    raises(ValueError, lambda: apply_rotary(x), f"x of shape {x.shape}")
    raises(ValueError, lambda: apply_rotary(Tensor(x)), f"a tensor of shape {x.shape}")
    raises(ValueError, lambda: apply_rotary(waves(3, 4), np.array([1, 2])), "2 positions for 3 vectors")


# Tied weights, similarity


def test_a_tied_table_moves_once_per_step():
    """WHAT: one step of SGD moves the tied table by its whole gradient, once, and both names stay one tensor.
    WHY: a parameter that is listed twice takes two steps.
    TIP: the model is given. What does `named_parameters` of Module 03 do with a tensor that has two names?
    """
    manual_seed(0)
    model = WordModel(6, 4)
    before, optimizer = model.embedding.weight.detach().numpy().copy(), SGD(model.parameters(), lr=0.5)
    cross_entropy(model(Tensor([[0, 1], [2, 2]])), Tensor([3, 0])).backward()
    grad = model.embedding.weight.grad.numpy().copy()
    optimizer.step()
    close(model.embedding.weight, before - 0.5 * grad, "the table after a step")
    assert model.output.weight is model.embedding.weight
    state = model.state_dict()
    close(state["output.weight"], state["embedding.weight"].numpy(), "both names in the state")


def test_cosine_similarity():
    """WHAT: the cosine of the angle, whatever the lengths; 0 for a vector of zeros; broadcasting.
    WHY: frequent words have long vectors, and length should not decide what is similar.
    TIP: this function is given. It needs tensors and their gradients only.
    """
    x = Tensor([[3.0, 4.0], [0.0, 0.0], [-6.0, -8.0]])
    close(cosine_similarity(x, Tensor([30.0, 40.0]), dim=-1), [1, 0, -1], "three vectors with (30, 40)")
    close(CosineSimilarity(dim=2)(x[:, None], x[None]), [[1, 0, -1], [0, 0, 0], [-1, 0, 1]], "all pairs")
    assert gradcheck(lambda a, b: cosine_similarity(a, b), (Tensor(waves(3, 4)), Tensor(waves(4))))
