"""TinyTorch: a machine-learning framework, made of what the notebooks export.

Written by `tito export`: edit the notebooks instead.
"""

import warnings

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
    float32,
    float64,
    int64,
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
from tinytorch.training import (
    get_rng_state,
    load,
    save,
    set_rng_state,
)

try:
    from tinytorch.autograd import no_grad
except Exception as error:
    warnings.warn(f"tinytorch.autograd does not work, so there are no gradients: {error}", stacklevel=2)

try:
    from tinytorch.vocabulary import is_tensor
except Exception as error:
    warnings.warn(f"tinytorch.vocabulary does not work, so its names and methods are missing: {error}", stacklevel=2)

__getattr__ = names_of(__name__)
