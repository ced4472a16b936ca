"""Weight initialization.

Written by `tito export`: edit the notebooks instead.
"""

from tinytorch import _later
from tinytorch.layers import (
    constant_,
    kaiming_uniform_,
    uniform_,
    xavier_uniform_,
)

try:
    from tinytorch.vocabulary.layers import (
        calculate_gain,
        kaiming_normal_,
        kaiming_uniform_,
        normal_,
        ones_,
        xavier_normal_,
        xavier_uniform_,
        zeros_,
    )
except Exception as error:
    _later.warn("tinytorch.vocabulary.layers does not work, so its names and methods are missing", error)

__getattr__ = _later.names_of(__name__)
