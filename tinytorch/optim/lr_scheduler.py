"""Learning rate schedulers, under PyTorch's names.

Written by `tito export`: edit the notebooks instead.
"""

from tinytorch import _later
from tinytorch.optimizers import (
    CosineAnnealingLR,
    LinearLR,
    LRScheduler,
    SequentialLR,
)

try:
    from tinytorch.vocabulary.optimizers import (
        ExponentialLR,
        LambdaLR,
        ReduceLROnPlateau,
        StepLR,
    )
except Exception as error:
    _later.warn("tinytorch.vocabulary.optimizers does not work, so its names and methods are missing", error)

__getattr__ = _later.names_of(__name__)
