"""Datasets, samplers and transforms of PyTorch and torchvision besides yours."""

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate

import numpy as np

from tinytorch.dataloader import Dataset
from tinytorch.loading import (
    BatchSampler,
    Sampler,
    SequentialSampler,
    check_count,
    items_of,
    numpy_generator,
    transform_generator,
)
from tinytorch.tensor import Tensor

__all__ = [
    "BatchSampler", "Compose", "ConcatDataset", "RandomHorizontalFlip", "Sampler", "SequentialSampler", "Subset", "ToTensor",
    "WeightedRandomSampler", "random_split",
]  # fmt: skip


# Datasets


class Subset(Dataset):
    """Some items of a dataset: item i is `dataset[indices[i]]`. Nothing is copied.

    >>> Subset("abc", [2, 0])[0]
    'c'
    """

    def __init__(self, dataset: Dataset, indices: Sequence[int]) -> None:
        self.dataset, self.indices = dataset, indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int | list[int]) -> object:
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]
        return self.dataset[self.indices[index]]

    def __getitems__(self, indices: list[int]) -> Sequence:
        return items_of(self.dataset, [self.indices[i] for i in indices])


class ConcatDataset(Dataset):
    """The items of several datasets, one after the other.

    >>> both = ConcatDataset(["abc", "de"])
    >>> len(both), both[3], both[-1]
    (5, 'd', 'e')
    """

    def __init__(self, datasets: Iterable[Dataset]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise ValueError("datasets is empty: give at least one")
        self.cumulative_sizes = list(accumulate(map(len, self.datasets)))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: int) -> object:
        if index < -len(self):
            raise ValueError(
                f"index {index} is out of range for {len(self)} items: use -{len(self)} to {len(self) - 1}"
            )
        if index >= len(self):
            raise IndexError(
                f"index {index} is out of range for {len(self)} items: use -{len(self)} to {len(self) - 1}"
            )
        index += len(self) if index < 0 else 0
        part = bisect_right(self.cumulative_sizes, index)
        return self.datasets[part][index - (self.cumulative_sizes[part - 1] if part else 0)]


def random_split(dataset: Dataset, lengths: Sequence[float], generator: object = None) -> list[Subset]:
    """Split a dataset at random into parts that share no item.

    Args:
        dataset: anything with a length.
        lengths: the size of each part; or its fraction of the whole, rounded down, and leftovers go round from the first.
        generator: what to draw from, a `tinytorch.Generator` or NumPy's; None: the course's.

    Raises:
        ValueError: the sizes don't add up to the length of the dataset, or a fraction is not between 0 and 1.

    >>> [len(part) for part in random_split(range(10), [0.33, 0.33, 0.34])]
    [4, 3, 3]
    """
    count, sizes = len(dataset), list(lengths)
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        for i, fraction in enumerate(lengths):
            if not 0 <= fraction <= 1:
                raise ValueError(f"fraction {i} is {fraction}: it must be between 0 and 1")
        sizes = [math.floor(count * fraction) for fraction in lengths]
        for i in range(count - sum(sizes)):
            sizes[i % len(sizes)] += 1
    if sum(sizes) != count or any(size < 0 or size != int(size) for size in sizes):
        raise ValueError(
            f"lengths are {list(lengths)}: give sizes that add up to {count}, or fractions that add up to 1"
        )
    order, ends = numpy_generator(generator).permutation(count).tolist(), accumulate(map(int, sizes))
    return [Subset(dataset, order[end - int(size) : end]) for size, end in zip(sizes, ends, strict=True)]


# Samplers


class WeightedRandomSampler(Sampler):
    """Indices drawn in proportion to `weights`, which need not add up to 1. Draws the whole epoch when the iteration begins.

    RuntimeError, when you make it: a weight is negative or not finite, all are 0, or, without replacement, fewer than
    `num_samples` are above 0.

    >>> list(WeightedRandomSampler([0.0, 3.0], num_samples=4))
    [1, 1, 1, 1]
    """

    def __init__(
        self, weights: Sequence[float], num_samples: int, replacement: bool = True, generator: object = None
    ) -> None:  # fmt: skip
        check_count("num_samples", num_samples)
        if not isinstance(replacement, bool):
            raise ValueError(f"replacement is {replacement!r}: it must be True or False")
        self.weights = np.asarray(getattr(weights, "array", weights), dtype=np.float64)
        if self.weights.ndim != 1:
            raise ValueError(f"weights have shape {self.weights.shape}: give a flat list, one number for each item")
        if not (np.isfinite(self.weights) & (self.weights >= 0)).all() or not self.weights.any():
            wrong = self.weights[~(np.isfinite(self.weights) & (self.weights >= 0))]
            which = f"one of the weights is {wrong[0]}" if wrong.size else "all weights are 0, or there are none"
            raise RuntimeError(f"{which}: give numbers of at least 0, not all of them 0")
        if not replacement and num_samples > np.count_nonzero(self.weights):
            positive = np.count_nonzero(self.weights)
            raise RuntimeError(
                f"num_samples is {num_samples}, but without replacement only {positive} items can be drawn"
            )
        numpy_generator(generator)  # refuses what isn't one
        self.num_samples, self.replacement, self.generator = num_samples, replacement, generator

    def __len__(self) -> int:
        return self.num_samples

    def __iter__(self) -> Iterator[int]:
        share, random = self.weights / self.weights.sum(), numpy_generator(self.generator)
        return iter(random.choice(len(share), self.num_samples, self.replacement, share).tolist())


# Transforms


class Compose:
    """Several transforms, one after the other.

    >>> Compose([abs, float])(-2)
    2.0
    """

    def __init__(self, transforms: Sequence[Callable]) -> None:
        self.transforms = transforms

    def __call__(self, img: object) -> object:
        for transform in self.transforms:
            img = transform(img)
        return img


class ToTensor:
    """An image as an array, (H, W) or (H, W, C), becomes a tensor (C, H, W); uint8 becomes float32 from 0 to 1.

    TypeError if it is not an array, ValueError if it has another number of axes.

    >>> ToTensor()(np.array([[0, 255]], np.uint8))
    tensor([[[0., 1.]]])
    """

    def __call__(self, pic: np.ndarray) -> Tensor:
        if not isinstance(pic, np.ndarray):
            raise TypeError(f"the image is a {type(pic).__name__}: give a NumPy array, as np.asarray(image) makes it")
        if pic.ndim not in (2, 3):
            raise ValueError(f"the image has shape {pic.shape}: give (H, W), or (H, W, C)")
        array = np.ascontiguousarray(np.atleast_3d(pic).transpose(2, 0, 1))
        return Tensor.wrap(array.astype(np.float32) / 255 if array.dtype == np.uint8 else array.copy())


class RandomHorizontalFlip:
    """Mirror an image, (..., H, W), left to right, with probability `p`: one draw for everything in the tensor.

    >>> RandomHorizontalFlip(p=1.0)(Tensor([[1.0, 2.0]]))
    tensor([[2., 1.]])
    """

    def __init__(self, p: float = 0.5) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"p is {p}: a probability is between 0 and 1")
        self.p = p

    def __call__(self, img: Tensor) -> Tensor:
        if transform_generator().random() >= self.p:
            return img
        return Tensor.apply(np.flip, img, axis=-1)
