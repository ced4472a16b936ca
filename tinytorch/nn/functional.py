"""Layers, activations and losses as functions.

Written by `tito export`: edit the notebooks instead.
"""

from tinytorch import _later
from tinytorch.activations import (
    gelu,
    leaky_relu,
    log_softmax,
    relu,
    sigmoid,
    softmax,
    tanh,
)
from tinytorch.attention import scaled_dot_product_attention
from tinytorch.embeddings import embedding
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
from tinytorch.spatial import (
    conv2d,
    max_pool2d,
)
from tinytorch.transformers import layer_norm

try:
    from tinytorch.vocabulary.tensor import (
        normalize,
        one_hot,
        pad,
    )
except Exception as error:
    _later.warn("tinytorch.vocabulary.tensor does not work, so its names and methods are missing", error)

try:
    from tinytorch.vocabulary.activations import (
        elu,
        gelu,
        logsigmoid,
        silu,
        softplus,
    )
except Exception as error:
    _later.warn("tinytorch.vocabulary.activations does not work, so its names and methods are missing", error)

try:
    from tinytorch.vocabulary.losses import (
        binary_cross_entropy,
        binary_cross_entropy_with_logits,
        cross_entropy,
        huber_loss,
        nll_loss,
        smooth_l1_loss,
    )
except Exception as error:
    _later.warn("tinytorch.vocabulary.losses does not work, so its names and methods are missing", error)

try:
    from tinytorch.vocabulary.spatial import (
        adaptive_avg_pool2d,
        avg_pool2d,
        batch_norm,
    )
except Exception as error:
    _later.warn("tinytorch.vocabulary.spatial does not work, so its names and methods are missing", error)

try:
    from tinytorch.vocabulary.embeddings import cosine_similarity
except Exception as error:
    _later.warn("tinytorch.vocabulary.embeddings does not work, so its names and methods are missing", error)

__getattr__ = _later.names_of(__name__)
