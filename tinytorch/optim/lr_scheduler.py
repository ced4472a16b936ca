"""How the learning rate changes.

Written by `tito export`: edit the notebooks instead.
"""

from tinytorch import _later
from tinytorch.optimizers import (
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
)

__getattr__ = _later.names_of(__name__)
