"""TinyTorch: a machine-learning framework, made of what the notebooks export.

Written by `tito export`: edit the notebooks instead.
"""

from tinytorch._later import names_of
from tinytorch.activations import (
    log_softmax,
    relu,
    sigmoid,
    softmax,
    tanh,
)
from tinytorch.tensor import (
    Tensor,
    arange,
    cat,
    manual_seed,
    maximum,
    ones,
    op,
    rand,
    randn,
    stack,
    tensor,
    where,
    zeros,
)

__getattr__ = names_of(__name__)
