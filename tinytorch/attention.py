"""Module 12: Attention.

Written by `tito export` from notebooks/12_attention.py: edit that file instead. sha256: 9eb65abef4881770
"""

import math

import numpy as np

from tinytorch.arrays import once
from tinytorch.layers import Linear, Module, Parameter, dropout, linear, xavier_uniform_
from tinytorch.masks import check_heads, check_scores, check_values, layouts, merged_mask
from tinytorch.tensor import Tensor, op, zeros


def masked_softmax(scores: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """Turn scores into weights along the last axis; hidden keys get 0.

    Args:
        scores: floats of shape (..., T, S): a row for each query, with a score for each key.
        mask: booleans, True where a query may read a key; or floats to add to the scores, -inf to hide; or None. It broadcasts to `scores`.

    Returns:
        A new array in the shape and dtype of `scores`. Each row sums to 1, or is all 0 if nothing may be read.

    >>> masked_softmax(np.log([[3.0, 1.0, 4.0]]), np.array([True, True, False])).round(2).tolist()
    [[0.75, 0.25, 0.0]]
    """
    if mask is not None and mask.dtype == bool:
        mask = np.where(mask, 0, -np.inf).astype(scores.dtype)
    weights = scores + (0 if mask is None else mask)  # all that follows is in place: these are large arrays
    peak = weights.max(axis=-1, keepdims=True, initial=-np.inf)
    weights -= np.where(peak == -np.inf, 0, peak)
    np.exp(weights, out=weights)
    total = weights.sum(axis=-1, keepdims=True)
    weights /= np.where(total == 0, 1, total)
    return weights


@op
def attention_weights(query: Tensor, key: Tensor, mask: Tensor | None = None, scale: float | None = None) -> Tensor:
    """How much each query reads of each key.

    Args:
        query, key: floats of shape (..., T, D) and (..., S, D). TypeError or ValueError if they don't fit (given).
        mask: as for `masked_softmax`, or None.
        scale: what dot products are multiplied by; None is 1 / sqrt(D).

    Returns:
        Weights of shape (..., T, S), and their gradients.

    >>> attention_weights(np.array([[2.0, 0, 0, 0]]), np.array([[1.0986, 0, 0, 0], [0, 0, 0, 0]])).round(2).tolist()
    [[0.75, 0.25]]
    """
    check_scores(query, key, mask)
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    weights = masked_softmax(query * scale @ key.swapaxes(-1, -2), mask)

    @once
    def to_scores(grad):
        scores = grad - np.einsum("...s,...s->...", grad, weights)[..., None]
        scores *= weights
        return scores

    return weights, (
        lambda grad: to_scores(grad) @ key * scale,
        lambda grad: to_scores(grad).swapaxes(-1, -2) @ query * scale,
        to_scores,
    )


def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, dropout_p: float = 0.0,
    is_causal: bool = False, scale: float | None = None,
) -> Tensor:  # fmt: skip
    """Read a mean of the values for each query, weighted by how well the keys match. PyTorch: [`F.scaled_dot_product_attention`](
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html).

    Args:
        query, key, value: tensors of shape (..., T, D), (..., S, D) and (..., S, E).
        attn_mask, scale: as for `attention_weights`.
        dropout_p: the share of the weights that dropout hides.
        is_causal: whether query i may read only the keys 0 to i.

    Returns:
        Tensor of shape (..., T, E). A query that may read nothing gets 0. ValueError for both `attn_mask` and `is_causal`.

    >>> scaled_dot_product_attention(zeros(2, 1), zeros(2, 1), Tensor([[1.0], [3.0]]), is_causal=True).tolist()
    [[1.0], [2.0]]
    """
    check_values(key, value)
    if is_causal:
        if attn_mask is not None:
            raise ValueError("attn_mask is given and is_causal is True: put both into one mask")
        attn_mask = Tensor(np.tri(query.shape[-2], key.shape[-2], dtype=bool))
    return dropout(attention_weights(query, key, attn_mask, scale), dropout_p) @ value


def split_heads(x: Tensor, num_heads: int) -> Tensor:
    """Cut each vector into a piece for each head.

    Args:
        x: tensor of shape (..., T, D).
        num_heads: H, a divisor of D.

    Returns:
        Tensor of shape (..., H, T, D / H): head h has the numbers from h * D / H on, of every vector.

    >>> split_heads(Tensor([[1, 2, 3, 4], [5, 6, 7, 8]]), 2).tolist()
    [[[1, 2], [5, 6]], [[3, 4], [7, 8]]]
    """
    return x.reshape(*x.shape[:-1], num_heads, x.shape[-1] // num_heads).transpose(-2, -3)


def merge_heads(x: Tensor) -> Tensor:
    """Undo `split_heads`: (..., H, T, D / H) -> (..., T, D).

    >>> merge_heads(Tensor([[[1, 2], [5, 6]], [[3, 4], [7, 8]]])).tolist()
    [[1, 2, 3, 4], [5, 6, 7, 8]]
    """
    x = x.transpose(-2, -3)
    return x.reshape(*x.shape[:-2], x.shape[-2] * x.shape[-1])


class MultiheadAttention(Module):
    """Attention with several heads. PyTorch: [`nn.MultiheadAttention`](
    https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html).

    >>> layer, x = MultiheadAttention(8, 2, batch_first=True), zeros(1, 3, 8)
    >>> [part.shape for part in layer(x, x, x)]
    [(1, 3, 8), (1, 3, 3)]
    """

    def __init__(
        self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True, *, batch_first: bool = False
    ) -> None:
        check_heads(embed_dim, num_heads, dropout)
        self.embed_dim, self.num_heads, self.dropout, self.batch_first = embed_dim, num_heads, dropout, batch_first
        self.in_proj_weight = xavier_uniform_(Parameter(zeros(3 * embed_dim, embed_dim)))
        self.in_proj_bias = Parameter(zeros(3 * embed_dim)) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias)
        self.out_proj.bias = Parameter(zeros(embed_dim)) if bias else None

    def project(self, x: Tensor, part: int) -> Tensor:
        """A linear layer with rows of `in_proj_weight`: part 0 makes queries, 1 keys, 2 values."""
        rows = slice(part * self.embed_dim, (part + 1) * self.embed_dim)
        return linear(x, self.in_proj_weight[rows], None if self.in_proj_bias is None else self.in_proj_bias[rows])

    # points: 5
    def attend(self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """What `forward` does, once layouts and masks are sorted out.

        Args:
            query, key, value: of shape (N, T, D), and twice (N, S, D), where D is `embed_dim`.
            mask: as for `attention_weights`, for scores (N, H, T, S); or None.

        Returns:
            (output, weights after dropout), of shape (N, T, D) and (N, H, T, S).

        >>> [part.shape for part in MultiheadAttention(8, 2).attend(*[zeros(1, 3, 8)] * 3, None)]
        [(1, 3, 8), (1, 2, 3, 3)]
        """
        inputs = enumerate((query, key, value))
        q, k, v = (split_heads(self.project(x, part), self.num_heads) for part, x in inputs)
        weights = dropout(attention_weights(q, k, mask), self.dropout, self.training)
        return self.out_proj(merge_heads(weights @ v)), weights

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, key_padding_mask: Tensor | None = None,
        need_weights: bool = True, attn_mask: Tensor | None = None, average_attn_weights: bool = True, is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:  # fmt: skip
        """Attend, in PyTorch's layouts. True in a mask means: must *not* read.

        Args:
            query, key, value: (T, N, D) and twice (S, N, D); (N, T, D) if `batch_first`; or without N.
            key_padding_mask, attn_mask: (N, S), of the keys that are padding; (T, S) or (N * H, T, S).
            need_weights, average_attn_weights: return weights, (N, T, S); or of each head, (N, H, T, S).
            is_causal: also hide all later keys.
        """
        swap, restore = layouts(query, key, value, self.embed_dim, self.batch_first)
        query, key, value = map(swap, (query, key, value))
        mask = merged_mask(attn_mask, key_padding_mask, is_causal, self.num_heads, query, key)
        mask = Tensor.wrap(mask) if isinstance(mask, np.ndarray) else mask
        output, weights = self.attend(query, key, value, mask)
        if not need_weights:
            return restore(output), None
        weights = weights.mean(dim=1) if average_attn_weights else weights
        return restore(output), weights[0] if restore(output).ndim == 2 else weights
