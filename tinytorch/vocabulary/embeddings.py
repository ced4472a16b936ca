"""How similar two vectors are, as a function and as a module.

Copied by `tito export` from tito/templates/vocabulary/embeddings.py in the course's folder: edit that file instead.
"""

import numpy as np

from tinytorch.layers import Activation
from tinytorch.tensor import Tensor


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
