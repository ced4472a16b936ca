"""Optimizers, under PyTorch's names.

Written by `tito export`: edit the notebooks instead.
"""

from tinytorch._later import names_of
from tinytorch.optimizers import (
    SGD,
    Adam,
    AdamW,
    Optimizer,
    RMSprop,
)

__getattr__ = names_of(__name__)
