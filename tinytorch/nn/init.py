"""How the weights of layers begin.

Written by `tito export`: edit the notebooks instead.
"""

from tinytorch import _later
from tinytorch.layers import (
    kaiming_uniform_,
    uniform_,
    xavier_uniform_,
)

__getattr__ = _later.names_of(__name__)
