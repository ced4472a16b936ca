"""Layers, under PyTorch's names.

Written by `tito export`: edit the notebooks instead.
"""

from tinytorch import _later
from tinytorch.layers import (
    ELU,
    GELU,
    Dropout,
    Flatten,
    Identity,
    LeakyReLU,
    Linear,
    LogSoftmax,
    Module,
    ModuleDict,
    ModuleList,
    Parameter,
    ReLU,
    Sequential,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)

try:
    from tinytorch.vocabulary.losses import (
        BCELoss,
        BCEWithLogitsLoss,
        CrossEntropyLoss,
        HuberLoss,
        L1Loss,
        MSELoss,
        NLLLoss,
        SmoothL1Loss,
    )
except Exception as error:
    _later.warn("tinytorch.vocabulary.losses does not work, so its names and methods are missing", error)

__getattr__ = _later.names_of(__name__)
