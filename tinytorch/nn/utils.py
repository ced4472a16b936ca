"""Gradient clipping.

Written by `tito export`: edit the notebooks instead.
"""

from tinytorch import _later
from tinytorch.training import clip_grad_norm_

try:
    from tinytorch.vocabulary.training import (
        clip_grad_norm_,
        clip_grad_value_,
    )
except Exception as error:
    _later.warn("tinytorch.vocabulary.training does not work, so its names and methods are missing", error)

__getattr__ = _later.names_of(__name__)
