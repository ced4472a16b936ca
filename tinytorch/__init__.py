"""TinyTorch: a machine-learning framework, made of what the notebooks export.

Written by `tito export`: edit the notebooks instead.
"""

from tinytorch._later import __getattr__
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
