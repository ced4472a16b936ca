"""A layer from a table that exists, and how similar two vectors are."""

import numpy as np

from tinytorch.arrays import row_of
from tinytorch.embeddings import Embedding
from tinytorch.layers import Activation, Parameter
from tinytorch.tensor import Tensor


def from_pretrained(
    cls: type[Embedding], embeddings: Tensor, freeze: bool = True, padding_idx: int | None = None
) -> Embedding:
    """A layer on this very table, which isn't trained if `freeze`. PyTorch:
    [`nn.Embedding.from_pretrained`](https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html).

    Args:
        embeddings: the table, of shape (num_embeddings, embedding_dim). ValueError for other axes.
        freeze, padding_idx: whether it stays as it is; the id whose row gets no gradient. That row isn't set to 0.

    >>> Embedding.from_pretrained(Tensor([[1.0, 2.0], [3.0, 4.0]]))(Tensor([1]))
    tensor([[3., 4.]])
    """
    layer = cls(*embeddings.shape, row_of(padding_idx, embeddings.shape))
    layer.weight = Parameter(embeddings, requires_grad=not freeze)
    return layer


Embedding.from_pretrained = classmethod(from_pretrained)


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between vectors: their dot product, divided by their lengths.

    PyTorch: [`F.cosine_similarity`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cosine_similarity.html).

    Args:
        x1, x2: tensors whose shapes broadcast. ValueError if neither has floats.
        dim: the axis that the vectors are along.
        eps: a length is at least this, so that a vector of zeros has the cosine 0.

    >>> cosine_similarity(Tensor([3.0, 4.0]), Tensor([[3.0, 4.0], [4.0, -3.0], [-30.0, -40.0]]), dim=-1)
    tensor([ 1.,  0., -1.])
    """
    floats = [x.dtype for x in (x1, x2) if x.dtype.kind == "f"]
    if not floats:
        raise ValueError(f"x1 is {x1.dtype}, and x2 {x2.dtype}: one of them must be floats")
    dtype, shape = np.result_type(*floats), np.broadcast_shapes(x1.shape, x2.shape)  # `dim` is an axis of that shape
    first, second = (_unit(x.to(dtype).expand(shape), dim, eps) for x in (x1, x2))
    return (first * second).sum(dim)


def _unit(x: Tensor, dim: int, eps: float) -> Tensor:
    """Vectors divided by their length, or by `eps` if that is larger; the gradient is that of the length, as in PyTorch."""
    length = x.norm(2, dim, keepdim=True)
    return x / (length + (length.clamp(min=eps) - length).detach())


class CosineSimilarity(Activation, function=cosine_similarity):
    """`cosine_similarity` as a module."""

    inputs = 2

    def extra_repr(self) -> str:
        return ""
