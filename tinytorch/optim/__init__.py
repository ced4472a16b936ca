"""Optimizers, under PyTorch's names.

Written by `tito export`: edit the notebooks instead.
"""

from tinytorch import _later
from tinytorch.optimizers import (
    SGD,
    Adam,
    AdamW,
    Optimizer,
    RMSprop,
)

__getattr__ = _later.names_of(__name__)
