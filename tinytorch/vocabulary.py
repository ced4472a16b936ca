"""PyTorch's names that no lesson is about, built on the learner's `Tensor`.

Copied by `tito export` from tito/templates/vocabulary.py in the course's folder: edit that file instead.
"""

from tinytorch.tensor import Tensor


def is_tensor(obj: object) -> bool:
    """Whether `obj` is a tensor.

    >>> is_tensor(Tensor([1.0])), is_tensor([1.0])
    (True, False)
    """
    return isinstance(obj, Tensor)
