"""Bad input to attention: the error names the argument, its value, and what it must be."""

import re

import numpy as np
import pytest

from tinytorch import nn, ones, tensor, zeros
from tinytorch.attention import attention_weights
from tinytorch.nn import functional as F

X = zeros(2, 3, 4)


def hide(*shape):
    return tensor(np.zeros(shape, bool))


def layer(**masks):
    return nn.MultiheadAttention(4, 2, batch_first=True)(X, X, X, **masks)


SCORES = "and the scores (2, 3, 3): each of its axes must be as long, or 1"
FUNCTION = {
    "a mask that is too short": (lambda: F.scaled_dot_product_attention(X, X, X, hide(3, 2)), ValueError, f"mask has shape (3, 2), {SCORES}"),
    "a mask with an axis too many": (lambda: F.scaled_dot_product_attention(X, X, X, hide(1, 2, 3, 3)), ValueError, f"(1, 2, 3, 3), {SCORES}"),
    "a mask of integers": (lambda: F.scaled_dot_product_attention(X, X, X, ones(3, 3).long()), TypeError, "mask is int64: use booleans, or float32"),
    "a mask of other floats": (lambda: F.scaled_dot_product_attention(X, X, X, ones(3, 3).double()), TypeError, "mask is float64: use booleans, or float32"),
    "two masks": (lambda: F.scaled_dot_product_attention(X, X, X, hide(3, 3), is_causal=True), ValueError, "attn_mask is given and is_causal is True"),
    "queries and keys of other widths": (lambda: F.scaled_dot_product_attention(X, X[..., :2], X), ValueError, "query is 4 wide and key 2: a dot product needs the same width"),
    "other batches": (lambda: F.scaled_dot_product_attention(X, zeros(3, 3, 4), zeros(3, 3, 4)), ValueError, "query (2, 3, 4) and key (3, 3, 4) differ before their last two axes"),
    "a value too few": (lambda: F.scaled_dot_product_attention(X, X, X[:, :2]), ValueError, "value has shape (2, 2, 4), and key (2, 3, 4): give a value for each key"),
    "integers": (lambda: attention_weights(tensor([[1]]), tensor([[1]])), TypeError, "query is int64: use floats"),
    "two dtypes": (lambda: attention_weights(X, X.double()), TypeError, "query is float32, and key float64: use one dtype for both"),
    "one vector": (lambda: attention_weights(ones(4), X), ValueError, "query has shape (4,): use (..., how many, width)"),
    "no width": (lambda: attention_weights(zeros(2, 0), zeros(2, 0)), ValueError, "query has shape (2, 0)"),
    "a dropout above 1": (lambda: F.scaled_dot_product_attention(X, X, X, dropout_p=1.5), ValueError, "must be between 0 and 1, not 1.5"),
}  # fmt: skip
LAYER = {
    "heads that do not divide the width": (lambda: nn.MultiheadAttention(10, 3), ValueError, "embed_dim is 10 and num_heads 3: the heads share the width, so it must be a multiple"),
    "no heads": (lambda: nn.MultiheadAttention(10, 0), ValueError, "embed_dim is 10 and num_heads 0"),
    "a dropout below 0": (lambda: nn.MultiheadAttention(4, 2, dropout=-0.1), ValueError, "dropout is -0.1: use a probability, from 0 to 1"),
    "a query that is too narrow": (lambda: nn.MultiheadAttention(4, 2)(X[..., :3], X, X), ValueError, "query has shape (2, 3, 3): use two or three axes, the last one embed_dim = 4 long"),
    "a key with an axis too many": (lambda: nn.MultiheadAttention(4, 2)(X, zeros(1, 2, 3, 4), X), ValueError, "key has shape (1, 2, 3, 4)"),
    "keys without their values": (lambda: nn.MultiheadAttention(4, 2)(X, X, X[:1]), ValueError, "key and value must agree"),
    "other batches": (lambda: nn.MultiheadAttention(4, 2, batch_first=True)(X, X[:1], X[:1]), ValueError, "axis 0 is the batch, and must agree"),
    "an attn_mask of a wrong shape": (lambda: layer(attn_mask=hide(3, 2)), ValueError, "attn_mask has shape (3, 2): use (3, 3), or (4, 3, 3) with one for each head"),
    "an attn_mask of integers": (lambda: layer(attn_mask=zeros(3, 3).long()), TypeError, "attn_mask is int64: use booleans, or float32"),
    "padding the wrong way round": (lambda: layer(key_padding_mask=hide(3, 2)), ValueError, "key_padding_mask has shape (3, 2): use (2, 3), (batch, keys)"),
    "padding in integers": (lambda: layer(key_padding_mask=zeros(2, 3).long()), TypeError, "key_padding_mask is int64: use booleans, or float32"),
}  # fmt: skip


@pytest.mark.parametrize("name", [*FUNCTION, *(f"layer: {name}" for name in LAYER)])
def test_the_message_names_the_argument_and_what_it_must_be(name):
    call, error, text = LAYER[name.removeprefix("layer: ")] if name.startswith("layer: ") else FUNCTION[name]
    with pytest.raises(error, match=re.escape(text)):
        call()
