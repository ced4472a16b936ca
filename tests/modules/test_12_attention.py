"""The exported attention, tested with other numbers than in the notebook."""

import numpy as np
import pytest

from tinytorch.activations import softmax
from tinytorch.attention import (
    MultiheadAttention,
    attention_weights,
    masked_softmax,
    merge_heads,
    scaled_dot_product_attention,
    split_heads,
)
from tinytorch.autograd import gradcheck
from tinytorch.optimizers import Adam
from tinytorch.tensor import Tensor, manual_seed, rand, randn
from tito.lesson import close, raises, waves

FLOAT16_LARGEST = 65504


# Softmax with a mask


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_hidden_keys_get_nothing_in_every_dtype(dtype):
    """WHAT: hidden scores of any size, as large as the dtype allows, leave no trace in the weights.
    WHY: padding holds whatever was in memory.
    TIP: is it the hidden score that sets the largest one of its row? What do you subtract?
    """
    scores = np.array([[1, 2, FLOAT16_LARGEST], [FLOAT16_LARGEST, -3, 0]], dtype)
    keep = np.array([[True, True, False], [False, True, True]])
    expected = [[0.268941, 0.731059, 0], [0, 0.047426, 0.952574]]
    close(masked_softmax(scores, keep), expected, f"{np.dtype(dtype)}", dtype=dtype, atol=1e-3)


def test_rows_that_may_read_nothing_are_zero_in_both_kinds_of_mask():
    """WHAT: a row without keys gives weights of 0, among rows that have keys.
    WHY: the first word of a padded sentence may have nothing to read.
    TIP: what is the largest of scores that are all -inf, and what is that minus itself?
    """
    scores, keep = waves(3, 4), np.array([[False] * 4, [True] * 4, [False] * 4])
    for mask in (keep, np.where(keep, 0.0, -np.inf)):
        close(masked_softmax(scores, mask), [[0] * 4, softmax(scores)[1], [0] * 4], f"a mask of {mask.dtype}")


def test_masks_are_broadcast():
    """WHAT: one mask for all heads, one for all queries, one for each item of a batch.
    WHY: a padding mask has a row for each sentence, a causal one a row for each query.
    TIP: does your mask keep its axes until it meets the scores?
    """
    scores = waves(2, 3, 4, 5)
    for shape in ((4, 5), (1, 5), (2, 1, 1, 5), (2, 3, 4, 5), (4, 1)):
        keep = waves(*shape) > -0.5
        expected = masked_softmax(scores, np.broadcast_to(keep, scores.shape).copy())
        close(masked_softmax(scores, keep), expected, f"scores (2, 3, 4, 5), mask {shape}")


# Attention


def test_a_key_that_fits_best_wins_when_the_scale_grows():
    """WHAT: with a large scale, attention returns the value of the best key; with scale 0 the mean.
    WHY: a soft dictionary has a hard one as its limit.
    TIP: does the scale multiply the scores before softmax?
    """
    keys, values = Tensor(np.eye(4)), Tensor(waves(4, 2))
    close(
        scaled_dot_product_attention(keys, keys, values, scale=1000.0), values, "scale=1000, keys that are unit vectors"
    )
    mean = np.tile(values.array.mean(0), (4, 1))
    close(scaled_dot_product_attention(keys, keys, values, scale=0.0), mean, "scale=0")


@pytest.mark.parametrize(("queries", "keys"), [(1, 5), (5, 1), (4, 4), (3, 5), (5, 3)])
def test_causal_masks_of_any_shape(queries, keys):
    """WHAT: query i reads the keys 0 to i, for more queries than keys and the other way round.
    WHY: PyTorch aligns its causal mask at the top left, and so must weights and code that are exchanged with it.
    TIP: how many keys does the last query of the message read?
    """
    q, k, v = (Tensor(waves(n, 3)) for n in (queries, keys, keys))
    out = scaled_dot_product_attention(q, k, v, is_causal=True).numpy()
    for i in range(queries):
        scores = q.array[i] @ k.array[: i + 1].T / 3**0.5
        close(out[i], softmax(scores) @ v.array[: i + 1], f"{queries} queries, {keys} keys: query {i}")


def test_gradients_of_batches_that_are_broadcast():
    """WHAT: one query for a batch of keys, and one set of keys for all heads, get the sum of their gradients.
    WHY: multi-query attention shares its keys among the heads.
    TIP: `gradcheck` names the input: 0 is the query, 1 the key, 2 the value.
    """
    q, k, v = (Tensor(waves(*shape), dtype=np.float64) for shape in ((1, 2, 3), (4, 5, 3), (5, 2)))
    assert gradcheck(scaled_dot_product_attention, (q, k, v))


def test_a_learned_mask_gets_its_gradient():
    """WHAT: a mask of floats with requires_grad=True, broadcast over a batch, gets a gradient.
    WHY: relative positions (T5) and other biases are learned this way.
    TIP: the mask was added to the scores. What is its gradient before the batch is summed up?
    """
    q, k, v = (Tensor(waves(2, 3, 4), dtype=np.float64) for _ in range(3))
    bias = Tensor(waves(3, 3), dtype=np.float64)
    assert gradcheck(lambda bias: scaled_dot_product_attention(q, k, v, bias), bias)


def test_nothing_is_read_and_nothing_flows_back():
    """WHAT: queries that may read nothing get exactly 0, and send no gradient, not nan.
    WHY: one nan in one row would reach every weight at the next step.
    TIP: look at `masked_softmax` first: are such rows 0?
    """
    q, k, v = (Tensor(waves(2, 3), requires_grad=True) for _ in range(3))
    out = scaled_dot_product_attention(q, k, v, Tensor([[False, False], [True, False]]))
    close(out[0], [0, 0, 0], "the query that may read nothing")
    out.sum().backward()
    close(q.grad, np.zeros((2, 3)), "the gradient of the queries")
    close(v.grad, [[1, 1, 1], [0, 0, 0]], "the gradient of the values")


def test_an_empty_batch_and_no_queries():
    """WHAT: a batch of size 0, and 0 queries, give empty results.
    WHY: the last batch of a filtered data set may be empty.
    TIP: which of your reductions fails on an empty axis?
    """
    assert scaled_dot_product_attention(*(Tensor(np.zeros((0, 2, 3))) for _ in range(3))).shape == (0, 2, 3)
    q, k = Tensor(np.zeros((0, 3))), Tensor(np.zeros((2, 3)))
    assert scaled_dot_product_attention(q, k, k).shape == (0, 3)


# Heads


def test_heads_of_views():
    """WHAT: vectors that aren't contiguous are split and merged correctly.
    WHY: projections may be transposed views.
    TIP: do you compute with strides, or with shapes?
    """
    x = Tensor(waves(6, 4, 2)).transpose(0, 2)
    close(merge_heads(split_heads(x, 3)), x.numpy(), "a transposed tensor of 6 numbers in 3 heads")


def test_one_head_is_attention():
    """WHAT: one head with identity projections is `scaled_dot_product_attention` of its inputs.
    WHY: heads are an arrangement of the same operation.
    TIP: which of the three inputs goes through which part of `in_proj_weight`?
    """
    layer, x = MultiheadAttention(4, 1, bias=False, batch_first=True), Tensor(waves(2, 3, 4))
    layer.in_proj_weight.array[:], layer.out_proj.weight.array[:] = np.tile(np.eye(4), (3, 1)), np.eye(4)
    output, weights = layer(x, x, x)
    close(output, scaled_dot_product_attention(x, x, x).numpy(), "one head, identity projections")
    close(weights, attention_weights(x, x).numpy(), "its weights")


def test_layouts_agree():
    """WHAT: (N, T, D) with batch_first, (T, N, D) without, and (T, D) for one item give the same numbers.
    WHY: PyTorch's default puts the words first, and nearly everybody's code the batch.
    TIP: `forward` is given; if this fails, look at the shapes that `attend` returns.
    """
    manual_seed(0)
    first, x, y = MultiheadAttention(6, 3, batch_first=True), randn(2, 3, 6), randn(2, 5, 6)
    second = MultiheadAttention(6, 3)
    second.load_state_dict(first.state_dict())
    output, weights = first(x, y, y)
    turned = second(x.transpose(0, 1), y.transpose(0, 1), y.transpose(0, 1))
    close(turned[0].transpose(0, 1), output.detach().numpy(), "words first")
    close(turned[1], weights.detach().numpy(), "words first: the weights")
    single = first(x[0], y[0], y[0], average_attn_weights=False)
    close(single[0], output[0].detach().numpy(), "one item")
    assert single[1].shape == (3, 3, 5), "the weights of each head of one item"
    assert first(x, y, y, need_weights=False)[1] is None


def test_true_means_must_not_in_this_layer():
    """WHAT: key_padding_mask and attn_mask hide where they are True; together with is_causal they all hide.
    WHY: `scaled_dot_product_attention` means the opposite, and the wrong one trains without an error.
    TIP: `forward` merges the masks: what `attend` gets says where a query may read.
    """
    layer, x = MultiheadAttention(4, 2, batch_first=True), Tensor(waves(2, 3, 4))
    padding = np.array([[False, False, True], [False, True, True]])
    own = np.array([[True, False, False], [False] * 3, [False] * 3])
    weights = (
        layer(x, x, x, key_padding_mask=Tensor(padding), attn_mask=Tensor(own), is_causal=True)[1].detach().numpy()
    )
    hidden = padding[:, None] | own | ~np.tri(3, dtype=bool)
    assert ((weights == 0) == hidden).all(), (
        f"weights of 0 at\n{(weights == 0).astype(int)}, hidden\n{hidden.astype(int)}"
    )
    each = np.stack([np.eye(3, dtype=bool) if i % 2 else own for i in range(4)])
    weights = layer(x, x, x, attn_mask=Tensor(each), average_attn_weights=False)[1].detach().numpy()
    assert ((weights.reshape(4, 3, 3) == 0) == each).all(), "a mask for each head of each item"
    floats = layer(x, x, x, attn_mask=Tensor(np.where(own, -np.inf, 0)))[1]
    close(floats, layer(x, x, x, attn_mask=Tensor(own))[1].detach().numpy(), "a mask of floats")


def test_dropout_takes_the_seed():
    """WHAT: the same seed gives the same dropout; eval mode has none.
    WHY: a run that can't be repeated can't be debugged.
    TIP: is it Module 03's `dropout`, with `self.training`?
    """
    layer, x = MultiheadAttention(4, 2, dropout=0.5, batch_first=True), Tensor(waves(1, 6, 4))
    outputs = []
    for seed in (1, 1, 2):
        manual_seed(seed)
        outputs.append(layer(x, x, x)[0].tolist())
    assert outputs[0] == outputs[1] != outputs[2]
    layer.eval()
    assert layer(x, x, x)[0].tolist() == layer(x, x, x)[0].tolist()


def test_attention_learns_to_look_up():
    """WHAT: a layer learns to return, for each query, the number stored beside the key that is equal to it.
    WHY: this is what attention is for, and no layer without it can do it for keys that change in each item.
    TIP: if it doesn't learn, check the gradients of `attention_weights`.
    """
    manual_seed(0)
    layer = MultiheadAttention(16, 2, batch_first=True)
    optimizer = Adam(layer.parameters(), 1e-2)
    losses = []
    for _ in range(150):
        keys = randn(32, 4, 8) * 2
        numbers = rand(32, 4, 1)
        empty = Tensor(np.zeros((32, 4, 8), np.float32))
        full = Tensor(np.concatenate([keys.array, np.repeat(numbers.array, 8, axis=2)], axis=2))
        asked = Tensor(np.concatenate([keys.array, empty.array], axis=2))
        optimizer.zero_grad()
        loss = ((layer(asked, full, full, need_weights=False)[0][..., :1] - numbers) ** 2).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert np.mean(losses[-10:]) < 0.5 * 1 / 12, (
        f"mean squared error {np.mean(losses[-10:]):.3f}; guessing the mean: 0.083"
    )


def test_refusals():
    """WHAT: heads that don't divide the width, masks of a wrong shape or dtype, and inputs of a wrong width are refused.
    WHY: NumPy would broadcast many of them into nonsense.
    TIP: the checks are given; if this fails, do you call `check_scores` first?
    """
    layer, x = MultiheadAttention(4, 2, batch_first=True), Tensor(waves(2, 3, 4))
    raises(ValueError, lambda: MultiheadAttention(4, 3), "4 numbers, 3 heads")
    raises(ValueError, lambda: layer(x[..., :3], x, x), "a query 3 wide")
    raises(ValueError, lambda: layer(x, x, x, attn_mask=Tensor(np.zeros((3, 2), bool))), "attn_mask (3, 2)")
    raises(TypeError, lambda: layer(x, x, x, attn_mask=Tensor(np.zeros((3, 3), int))), "attn_mask of integers")
    raises(
        ValueError, lambda: layer(x, x, x, key_padding_mask=Tensor(np.zeros((3, 2), bool))), "key_padding_mask (3, 2)"
    )
    raises(ValueError, lambda: attention_weights(x, x[..., :2]), "queries 4 wide, keys 2")
    raises(TypeError, lambda: attention_weights(Tensor([[1, 2]]), Tensor([[1, 2]])), "integers")
    raises(
        ValueError, lambda: attention_weights(x, x, Tensor(np.ones((2, 2, 3, 3), bool))), "a mask with an axis too many"
    )
