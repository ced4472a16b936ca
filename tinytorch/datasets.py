"""Datasets, under torchvision's names.

Written by `tito export`: edit the notebooks instead.
"""

from tinytorch import _later

try:
    from tinytorch.vocabulary.datasets import (
        CIFAR10,
        MNIST,
        Digits,
        FashionMNIST,
        SmallTalk,
        TinyShakespeare,
    )
except Exception as error:
    _later.warn("tinytorch.vocabulary.datasets does not work, so its names and methods are missing", error)

__getattr__ = _later.names_of(__name__)
