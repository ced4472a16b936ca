"""How the weights of layers begin.

Written by `tito export`: edit the notebooks instead.
"""

from tinytorch import _later
from tinytorch.layers import (
    calculate_gain,
    constant_,
    kaiming_normal_,
    kaiming_uniform_,
    normal_,
    ones_,
    uniform_,
    xavier_normal_,
    xavier_uniform_,
    zeros_,
)

__getattr__ = _later.names_of(__name__)
