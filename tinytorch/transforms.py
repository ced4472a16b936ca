"""Image transforms, under torchvision's names.

Written by `tito export`: edit the notebooks instead.
"""

from tinytorch import _later
from tinytorch.dataloader import (
    Normalize,
    RandomCrop,
)

try:
    from tinytorch.vocabulary.dataloader import (
        Compose,
        RandomHorizontalFlip,
        ToTensor,
    )
except Exception as error:
    _later.warn("tinytorch.vocabulary.dataloader does not work, so its names and methods are missing", error)

__getattr__ = _later.names_of(__name__)
