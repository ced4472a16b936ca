"""PyTorch's names that no lesson is about, built on the learner's `Tensor`."""

from tinytorch.tensor import Tensor


def is_tensor(obj: object) -> bool:
    """Whether `obj` is a tensor.

    >>> is_tensor(Tensor([1.0])), is_tensor([1.0])
    (True, False)
    """
    return isinstance(obj, Tensor)
