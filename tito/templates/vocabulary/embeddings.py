"""How similar two vectors are, as a function and as a module."""

import numpy as np

from tinytorch.layers import Activation
from tinytorch.tensor import Tensor
from tinytorch.vocabulary.tensor import normalize


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between vectors: their dot product, divided by their lengths.

    PyTorch: [`F.cosine_similarity`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cosine_similarity.html).

    Args:
        x1, x2: tensors of floats whose shapes broadcast.
        dim: the axis that the vectors are along.
        eps: a length is at least this, so that a vector of zeros has the cosine 0.

    >>> cosine_similarity(Tensor([3.0, 4.0]), Tensor([[3.0, 4.0], [4.0, -3.0], [-30.0, -40.0]]), dim=-1)
    tensor([ 1.,  0., -1.])
    """
    shape = np.broadcast_shapes(x1.shape, x2.shape)  # `dim` is one of its axes
    first, second = (normalize(1.0 * x.expand(shape), dim=dim, eps=eps) for x in (x1, x2))
    return (first * second).sum(dim)


class CosineSimilarity(Activation, function=cosine_similarity):
    """`cosine_similarity` as a module."""

    inputs = 2
