"""Module 11: Embeddings.

Written by `tito export` from notebooks/11_embeddings.py: edit that file instead. sha256: 495a0c7e2baf51af
"""

import numpy as np

from tinytorch.arrays import all_positions, check_vectors, positions_of, row_of
from tinytorch.layers import Linear, Module, Parameter
from tinytorch.tensor import Tensor, op, randn


def embedding_gradient(
    grad: np.ndarray, ids: np.ndarray, num_embeddings: int, padding_idx: int | None = None
) -> np.ndarray:
    """The gradient of a table whose rows were looked up.

    Args:
        grad, ids: the upstream gradient, of shape (*ids.shape, embedding_dim), and the ids, of any shape.
        num_embeddings, padding_idx: how many rows the table has; the id whose row gets no gradient, or None.

    Returns:
        Array of shape (num_embeddings, embedding_dim), in the dtype of `grad`.

    >>> embedding_gradient(np.array([[1.0, 2.0], [10.0, 20.0], [100.0, 200.0]]), np.array([2, 0, 2]), 4).tolist()
    [[10.0, 20.0], [0.0, 0.0], [101.0, 202.0], [0.0, 0.0]]
    """
    width, ids = grad.shape[-1], ids.reshape(-1).astype(np.int64)
    full, grad = np.zeros((num_embeddings, width), grad.dtype), grad.reshape(len(ids), width)
    if len(ids) > 8 * num_embeddings:  # ids occur often: sort the rows by id, and sum those of each
        ends = np.bincount(ids, minlength=num_embeddings).cumsum()
        for row, uses in zip(full, np.split(grad.take(ids.argsort(kind="stable"), axis=0), ends[:-1]), strict=True):
            np.add.reduce(uses, axis=0, out=row)
    else:  # flat, `np.add.at` is three times as fast
        places = ids[:, None] * width + np.arange(width)
        np.add.at(full.reshape(-1), places.reshape(-1), grad.reshape(-1))
    if padding_idx is not None:
        full[padding_idx] = 0
    return full


@op
def embedding(input: Tensor, weight: Tensor, padding_idx: int | None = None) -> Tensor:
    """The rows of a table, one for each id. PyTorch:
    [`F.embedding`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.embedding.html).

    Args:
        input: ids, integers, of any shape. TypeError for another dtype, IndexError for an id without a row.
        weight, padding_idx: the table, of shape (num_embeddings, embedding_dim); the id whose row gets no gradient.

    Returns:
        Array of shape (*input.shape, embedding_dim), and its gradients.

    >>> embedding(Tensor([[1, 0]]), Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[[3.0, 4.0], [1.0, 2.0]]]
    """
    padding, ids, count = row_of(padding_idx, np.shape(weight)), np.asarray(input), len(weight)
    if ids.dtype.kind not in "iu":
        raise TypeError(f"ids are {ids.dtype}: use integers")
    outside = ids[(ids < 0) | (ids >= count)]
    if outside.size:
        raise IndexError(f"id {outside[0]} is not in the vocabulary: use 0 to {count - 1}")
    return weight[ids], (None, lambda grad: embedding_gradient(grad, ids, count, padding))


class Embedding(Module):
    """`embedding` with its table. PyTorch: [`nn.Embedding`](https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html).

    >>> Embedding(10, 3, padding_idx=-1)
    Embedding(10, 3, padding_idx=9)
    """

    def __init__(self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None) -> None:
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = row_of(padding_idx, (num_embeddings, embedding_dim))
        self.weight = Parameter(randn(num_embeddings, embedding_dim))
        if padding_idx is not None:
            self.weight.array[padding_idx] = 0  # only here: loading keeps the row that it is given

    def forward(self, input: Tensor) -> Tensor:
        return embedding(input, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"


class WordModel(Module):
    """Scores every word as the one between its neighbors: ids (N, neighbors) -> (N, vocabulary)."""

    def __init__(self, vocabulary: int, dim: int, tied: bool = True) -> None:
        self.embedding, self.output = Embedding(vocabulary, dim), Linear(dim, vocabulary, bias=False)
        self.embedding.weight.array *= 0.1
        if tied:
            self.output.weight = self.embedding.weight

    def forward(self, ids: Tensor) -> Tensor:
        return self.output(self.embedding(ids).mean(dim=1))


class LearnedPositions(Module):
    """Adds to each vector a learned vector of its position: (..., T, D) -> (..., T, D)."""

    def __init__(self, max_length: int, dim: int) -> None:
        self.max_length, self.table = max_length, Embedding(max_length, dim)

    def forward(self, x: Tensor, offset: int = 0) -> Tensor:
        """Add the vectors of the positions from `offset` on. ValueError if the table lacks one of them.

        >>> layer = LearnedPositions(4, 1)
        >>> layer.table.weight.array[:, 0] = 0, 10, 20, 30
        >>> layer(Tensor([[1.0], [2.0]]), offset=2).tolist()
        [[21.0], [32.0]]
        """
        check_vectors(x, self.table.embedding_dim)
        end = offset + x.shape[-2]
        if offset < 0 or end > self.max_length:
            raise ValueError(f"the positions are {offset} to {end - 1}: the table has 0 to {self.max_length - 1}")
        return x + self.table(Tensor(np.arange(offset, end)))


def sinusoidal_positions(positions: int | np.ndarray, dim: int, base: float = 10000.0) -> np.ndarray:
    """A vector for each position: the sine and the cosine of each hand's angle.

    Args:
        positions: how many, from 0 on; or the positions, an array of integers of any shape.
        dim, base: how many numbers in a vector (ValueError if that is odd), and how slow the slowest hands are.

    Returns:
        Array of shape (*positions.shape, dim), float64: sine and cosine of hand 0, then those of hand 1, and so on.

    >>> sinusoidal_positions(2, 4).round(4).tolist()
    [[0.0, 1.0, 0.0, 1.0], [0.8415, 0.5403, 0.01, 1.0]]
    """
    positions = all_positions(positions)
    if dim % 2:
        raise ValueError(f"dim is {dim}: it must be even, two numbers for each angle")
    angles = positions[..., None] * base ** (-2 * np.arange(dim // 2) / dim)
    table = np.empty((*positions.shape, dim))
    table[..., 0::2], table[..., 1::2] = np.sin(angles), np.cos(angles)
    return table


@op
def apply_rotary(x: Tensor, positions: Tensor | int = 0, base: float = 10000.0, *, interleaved: bool = True) -> Tensor:
    """Turn the pairs of each vector by the angles of its position.

    Args:
        x: queries or keys, of shape (..., T, D). ValueError if D is odd.
        positions: the position of the first vector (the others follow); or all of them, an array of shape (T,) or (..., T).
        base: as for `sinusoidal_positions`.
        interleaved: whether neighbors are pairs; if not, number i and number i + D / 2 are.

    Returns:
        Array in the shape and dtype of `x`, and its gradient.

    >>> apply_rotary(np.array([[3.0, 1.0], [3.0, 1.0]])).round(2).tolist()
    [[3.0, 1.0], [0.78, 3.06]]
    """
    positions = positions_of(x, positions, interleaved)
    half, table = x.shape[-1] // 2, sinusoidal_positions(positions, x.shape[-1], base).astype(x.dtype)
    sin, cos = table[..., 0::2], table[..., 1::2]
    first, second = (slice(0, None, 2), slice(1, None, 2)) if interleaved else (slice(0, half), slice(half, None))

    def turned(x, sin):
        a, b, out = x[..., first], x[..., second], np.empty_like(x)
        out[..., first], out[..., second] = a * cos - b * sin, a * sin + b * cos
        return out

    return turned(x, sin), (lambda grad: turned(grad, -sin),)
