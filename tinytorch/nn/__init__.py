"""Layers, under PyTorch's names.

Written by `tito export`: edit the notebooks instead.
"""

from tinytorch import _later
from tinytorch.attention import MultiheadAttention
from tinytorch.embeddings import Embedding
from tinytorch.layers import (
    Dropout,
    Flatten,
    LeakyReLU,
    Linear,
    LogSoftmax,
    Module,
    Parameter,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
)
from tinytorch.spatial import Conv2d
from tinytorch.transformers import LayerNorm

try:
    from tinytorch.vocabulary.layers import (
        ELU,
        GELU,
        Identity,
        ModuleDict,
        ModuleList,
        SiLU,
        Softplus,
    )
except Exception as error:
    _later.warn("tinytorch.vocabulary.layers does not work, so its names and methods are missing", error)

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

try:
    from tinytorch.vocabulary.spatial import (
        AdaptiveAvgPool2d,
        AvgPool2d,
        BatchNorm1d,
        BatchNorm2d,
        MaxPool2d,
    )
except Exception as error:
    _later.warn("tinytorch.vocabulary.spatial does not work, so its names and methods are missing", error)

try:
    from tinytorch.vocabulary.embeddings import CosineSimilarity
except Exception as error:
    _later.warn("tinytorch.vocabulary.embeddings does not work, so its names and methods are missing", error)

__getattr__ = _later.names_of(__name__)
