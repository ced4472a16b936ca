"""TinyTorch: a machine-learning framework, made of what the notebooks export.

Written by `tito export`: edit the notebooks instead.
"""

from tinytorch import _later
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

    _later.explain_missing("tinytorch.autograd")
except Exception as error:
    _later.warn("tinytorch.autograd does not work, so there are no gradients", error)

try:
    from tinytorch.vocabulary import is_tensor
except Exception as error:
    _later.warn("tinytorch.vocabulary does not work, so its names and methods are missing", error)

__getattr__ = _later.names_of(__name__)
