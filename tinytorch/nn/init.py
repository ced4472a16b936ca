"""How the weights of layers begin.

Written by `tito export`: edit the notebooks instead.
"""

from tinytorch._later import names_of
from tinytorch.layers import (
    kaiming_uniform_,
    uniform_,
    xavier_uniform_,
)

__getattr__ = names_of(__name__)
