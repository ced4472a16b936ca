"""Datasets and data loaders, under PyTorch's names.

Written by `tito export`: edit the notebooks instead.
"""

from tinytorch import _later
from tinytorch.dataloader import (
    DataLoader,
    Dataset,
    RandomSampler,
    TensorDataset,
    default_collate,
)

try:
    from tinytorch.vocabulary.dataloader import (
        BatchSampler,
        ConcatDataset,
        Sampler,
        SequentialSampler,
        Subset,
        WeightedRandomSampler,
        random_split,
    )
except Exception as error:
    _later.warn("tinytorch.vocabulary.dataloader does not work, so its names and methods are missing", error)

__getattr__ = _later.names_of(__name__)
