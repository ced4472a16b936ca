"""Support for Module 12: shapes and masks are checked here, and PyTorch's two conventions for boolean masks become one.

In `scaled_dot_product_attention`, True means "may attend". In `MultiheadAttention`, True means "must not". Inside the course's
code it always means the former. A mask of floats is added to the scores in both.

Copied by `tito export` from tito/templates/masks.py in the course's folder: edit that file instead.
"""

import numpy as np
from numpy import ndarray


def check_scores(query: ndarray, key: ndarray, mask: ndarray | None) -> None:
    """Refuse arrays that don't fit together in attention.

    Args:
        query, key: floats of shape (..., T, D) and (..., S, D).
        mask: booleans, or floats of the dtype of `query`, that broadcast to the scores, (..., T, S); or None.

    Raises:
        TypeError: a dtype that attention can't use.
        ValueError: shapes that don't fit.

    >>> check_scores(np.ones((2, 3, 4)), np.ones((2, 5, 4)), np.ones((3, 5), bool))
    >>> check_scores(np.ones((2, 3, 4)), np.ones((2, 5, 4)), np.ones((3, 4), bool))
    Traceback (most recent call last):
    ValueError: mask has shape (3, 4), and the scores (2, 3, 5): each of its axes must be as long, or 1
    """
    for name, x in (("query", query), ("key", key)):
        if not isinstance(x, ndarray) or x.dtype.kind != "f":
            raise TypeError(f"{name} is {getattr(x, 'dtype', type(x).__name__)}: use floats")
        if x.ndim < 2 or x.shape[-1] == 0:
            raise ValueError(f"{name} has shape {x.shape}: use (..., how many, width)")
    if query.dtype != key.dtype:
        raise TypeError(f"query is {query.dtype}, and key {key.dtype}: use one dtype for both")
    if query.shape[-1] != key.shape[-1]:
        raise ValueError(f"query is {query.shape[-1]} wide and key {key.shape[-1]}: a dot product needs the same width")
    try:
        leading = np.broadcast_shapes(query.shape[:-2], key.shape[:-2])
    except ValueError:
        raise ValueError(f"query {query.shape} and key {key.shape} differ before their last two axes") from None
    if mask is not None:
        check_mask("mask", mask, (*leading, query.shape[-2], key.shape[-2]), query.dtype)


def check_values(key: object, value: object) -> None:
    """ValueError unless `value`, of shape (..., S, E), has a vector for each key, (..., S, D); TypeError unless it has their dtype."""
    if value.dtype != key.dtype:
        raise TypeError(f"value is {value.dtype}, and key {key.dtype}: use one dtype for both")
    if value.ndim < 2 or value.shape[-2] != key.shape[-2:][0]:
        raise ValueError(
            f"value has shape {value.shape}, and key {key.shape}: give a value for each key, (..., keys, width)"
        )


def check_mask(name: str, mask: ndarray, shape: tuple, dtype: np.dtype) -> None:
    """TypeError unless a mask holds booleans, or floats of `dtype`; ValueError unless it broadcasts to `shape`."""
    if not isinstance(mask, ndarray) or mask.dtype not in (np.bool_, dtype):
        raise TypeError(f"{name} is {getattr(mask, 'dtype', type(mask).__name__)}: use booleans, or {dtype}")
    wide = (1,) * (len(shape) - mask.ndim) + mask.shape
    if len(wide) > len(shape) or any(m not in (1, n) for m, n in zip(wide, shape, strict=True)):
        raise ValueError(
            f"{name} has shape {mask.shape}, and the scores {shape}: each of its axes must be as long, or 1"
        )


def check_heads(embed_dim: int, num_heads: int, dropout: float) -> None:
    """ValueError unless `num_heads` heads share `embed_dim` numbers equally, and `dropout` is a probability."""
    if num_heads < 1 or embed_dim < 1 or embed_dim % num_heads:
        raise ValueError(
            f"embed_dim is {embed_dim} and num_heads {num_heads}: the heads share the width, so it must be a multiple"
        )
    if not 0 <= dropout <= 1:
        raise ValueError(f"dropout is {dropout}: use a probability, from 0 to 1")


def layouts(query: object, key: object, value: object, embed_dim: int, batch_first: bool) -> tuple:
    """How `MultiheadAttention` gets from its caller's layout to (N, T, D), and back.

    Args:
        query, key, value: tensors of shape (T, N, D) and twice (S, N, D); (N, T, D) if `batch_first`; or without N.
        embed_dim, batch_first: D, and the layout.

    Returns:
        Two functions from tensor to tensor: to (N, T, D), and back.

    Raises:
        ValueError: a wrong width, another number of axes, or batches or keys and values that differ in length.
    """
    inputs = {"query": query, "key": key, "value": value}
    for name, x in inputs.items():
        if x.ndim not in (2, 3) or x.shape[-1] != embed_dim:
            raise ValueError(
                f"{name} has shape {x.shape}: use two or three axes, the last one embed_dim = {embed_dim} long"
            )
    if len({x.ndim for x in inputs.values()}) > 1 or key.shape != value.shape:
        raise ValueError(f"query {query.shape}, key {key.shape} and value {value.shape}: key and value must agree")
    if query.ndim == 2:
        return lambda x: x.unsqueeze(0), lambda x: x[0]
    batch = 0 if batch_first else 1
    if query.shape[batch] != key.shape[batch]:
        raise ValueError(f"query {query.shape} and key {key.shape}: axis {batch} is the batch, and must agree")
    return (lambda x: x, lambda x: x) if batch_first else (lambda x: x.transpose(0, 1),) * 2


def merged_mask(
    attn_mask: object, key_padding_mask: object, is_causal: bool, heads: int, query: object, key: object
) -> ndarray | None:
    """The masks of `MultiheadAttention` as one, in which True means "may attend".

    Args:
        attn_mask: (T, S), or (N * heads, T, S) with a mask for each head; True, or -inf, means "must not attend". Or None.
        key_padding_mask: (N, S), of the keys that are padding; (S,) if there is one item. Likewise.
        is_causal: also hide the keys after each query.
        heads: how many.
        query, key: tensors of shape (N, T, D) and (N, S, D).

    Returns:
        None, or an array that broadcasts to (N, heads, T, S): booleans, or floats to add if a mask has floats. A tensor, if
        one of the masks requires a gradient.

    Raises:
        TypeError, ValueError: a mask of a wrong dtype or shape.
    """
    (count, queries), keys, dtype = query.shape[:2], key.shape[1], query.dtype
    parts = []
    if attn_mask is not None:
        mask, each = attn_mask.array, (count * heads, queries, keys)
        if mask.shape not in (each, each[1:]):
            raise ValueError(f"attn_mask has shape {mask.shape}: use {each[1:]}, or {each} with one for each head")
        check_mask("attn_mask", mask, mask.shape, dtype)
        mask = attn_mask if attn_mask.requires_grad else mask  # floats can be learned
        parts.append(mask.reshape(-1, heads, queries, keys) if mask.ndim == 3 else mask)
    if key_padding_mask is not None:
        mask = key_padding_mask.array
        if mask.shape != (count, keys) and (count, *mask.shape) != (1, keys):
            raise ValueError(f"key_padding_mask has shape {mask.shape}: use {(count, keys)}, (batch, keys)")
        check_mask("key_padding_mask", mask, mask.shape, dtype)
        mask = key_padding_mask if key_padding_mask.requires_grad else mask
        parts.append(mask.reshape(count, 1, 1, keys))
    if is_causal:
        parts.append(~np.tri(queries, keys, dtype=bool))
    if not parts:
        return None
    if all(part.dtype == bool for part in parts):
        return ~np.logical_or.reduce(np.broadcast_arrays(*parts))
    hidden = dtype.type(-np.inf)
    return sum(np.where(part, hidden, dtype.type(0)) if part.dtype == bool else part for part in parts)
