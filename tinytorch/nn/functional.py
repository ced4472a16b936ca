"""What layers do, as functions.

Written by `tito export`: edit the notebooks instead.
"""

from tinytorch._later import names_of
from tinytorch.activations import (
    elu,
    gelu,
    leaky_relu,
    log_softmax,
    logsigmoid,
    relu,
    sigmoid,
    silu,
    softmax,
    softplus,
    tanh,
)
from tinytorch.layers import (
    dropout,
    linear,
)
from tinytorch.losses import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    l1_loss,
    mse_loss,
)

__getattr__ = names_of(__name__)
