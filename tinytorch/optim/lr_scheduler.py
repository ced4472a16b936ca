"""How the learning rate changes.

Written by `tito export`: edit the notebooks instead.
"""

from tinytorch._later import names_of
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

__getattr__ = names_of(__name__)
