"""Module 08: Dataloader.

Written by `tito export` from notebooks/08_dataloader.py: edit that file instead. sha256: 3fb02c1799c32a85
"""

from collections.abc import Sequence
from contextlib import closing

import numpy as np

import tinytorch.loading as loading
from tinytorch.loading import Rows, check_alike
from tinytorch.tensor import Tensor, stack


class Dataset(loading.Joinable):
    """Items by index: a subclass defines `__len__` and `__getitem__`, and may define `__getitems__`, for many at once."""

    def __getitem__(self, index):
        raise NotImplementedError(f"{type(self).__name__}.__getitem__: define it, so that dataset[i] returns item i")


class TensorDataset(Dataset):
    """Rows of tensors: item i is a tuple with row i of each. ValueError if their lengths differ, TypeError for other data."""

    def __init__(self, *tensors: Tensor) -> None:
        loading.check_tensors(tensors)
        self.tensors = tensors

    def __len__(self):
        return len(self.tensors[0])

    def __getitem__(self, index):
        return tuple(tensor[index] for tensor in self.tensors)

    def __getitems__(self, indices):
        """The items at a list of indices, as Rows: one indexing operation per tensor, without a loop over the items.

        >>> rows = TensorDataset(Tensor([5, 6, 7]), Tensor([0, 1, 2])).__getitems__([2, 0])
        >>> rows.columns, len(rows), rows[0]
        ((tensor([7, 5]), tensor([2, 0])), 2, (tensor(7), tensor(2)))
        """
        return Rows(tensor[indices] for tensor in self.tensors)


class RandomSampler(loading.RandomOptions):
    """Indices of a dataset in random order. The options are given: `data_source`, `replacement`, `num_samples`, `generator`."""

    def __iter__(self):
        """An iterator over `num_samples` indices, as plain integers. Each iteration draws anew.

        >>> sorted(RandomSampler(range(4))), len([*RandomSampler(range(4), replacement=True, num_samples=9)])
        ([0, 1, 2, 3], 9)
        """
        count = len(self.data_source)
        if self.replacement:
            return iter(self.random.integers(count, size=self.num_samples).tolist())
        orders = [self.random.permutation(count) for _ in range(-(-self.num_samples // count))]
        return iter(np.concatenate(orders)[: self.num_samples].tolist())


def default_collate(batch: Sequence) -> object:
    """Put items together into one batch, by the table above. TypeError for kinds that it lacks, and what `check_alike` raises.

    Args:
        batch: a list of items, all of one kind and structure, or `Rows`.

    Returns:
        A tensor with one more axis in front, or the same structure of such tensors.

    >>> default_collate([(Tensor([1.0, 2.0]), {"n": 3}), (Tensor([5.0, 6.0]), {"n": 7})])
    [tensor([[1., 2.],
            [5., 6.]]), {'n': tensor([3, 7])}]
    """
    if isinstance(batch, Rows):
        return list(batch.columns)
    check_alike(batch)
    first = batch[0]
    if isinstance(first, Tensor):
        return stack(batch)
    if isinstance(first, (np.ndarray, np.generic)) and first.dtype.kind in "biuf":
        return Tensor.wrap(np.stack(batch))
    if isinstance(first, (int, float)):
        return Tensor(batch, dtype=np.float64 if isinstance(first, float) else None)
    if isinstance(first, (str, bytes)):
        return list(batch)
    if isinstance(first, dict):
        return {key: default_collate([item[key] for item in batch]) for key in first}
    if isinstance(first, (tuple, list)):
        return [default_collate(column) for column in zip(*batch, strict=True)]
    raise TypeError(f"an item is a {type(first).__name__}: give tensors, arrays, numbers, strings, tuples or dicts")


class DataLoader(loading.LoaderOptions):
    """Batches of a dataset; each iteration is an epoch. PyTorch: [`DataLoader`](https://docs.pytorch.org/docs/stable/data.html).

    Args:
        dataset, batch_size, shuffle, drop_last: the items, and which of them make a batch.
        sampler, batch_sampler: your own order instead of `shuffle`, or your own lists instead of all but `dataset`; they must end.
        num_workers, prefetch_factor: from 1 worker on, *one thread* prepares num_workers * prefetch_factor (default 2) batches ahead.
        collate_fn, generator: `default_collate` and `default_generator()` by default; a `tinytorch.Generator`, or NumPy's.

    A seed repeats every epoch, and `load_state_dict` the rest of one, as long as your own samplers draw from their attribute
    `generator` or the course's, and your items from `tinytorch.loading.transform_generator()`. For a seed, PyTorch's order differs.
    """

    random_sampler, collate = RandomSampler, staticmethod(default_collate)

    def order(self) -> list[list[int]]:
        """The lists of indices of a new epoch; if `self.resuming`, those that are left of the one that was interrupted.

        A new epoch sets `self.start` to the generators' states before it is drawn, and `self.position` to 0. To resume, both have
        been loaded: the epoch is drawn from `start`, the generators are put back, and `resuming` becomes False.

        >>> DataLoader(range(5), 2).order()
        [[0, 1], [2, 3], [4]]
        """
        now = self.rng_states()
        if self.resuming:
            self.set_rng_states(self.start)
        else:
            self.start, self.position = now, 0
        batches = self.draw_epoch()
        if self.resuming:
            self.set_rng_states(now)
        self.resuming = False
        return batches[self.position :]

    def __iter__(self):
        order = self.order()
        with closing(self.load(order)) as batches:  # closing ends the thread
            for batch in batches:
                self.position += 1
                yield batch
        self.start, self.position = None, 0


class Normalize(loading.NormalizeOptions):
    """A transform, as in torchvision: subtract `mean` and divide by `std`, one number for each channel."""

    def __call__(self, tensor: Tensor) -> Tensor:
        """Normalized images, (..., C, H, W), as a new tensor. TypeError if their dtype isn't a float dtype.

        >>> Normalize([0.5], [0.25])(Tensor([[[0.0, 0.5, 1.0]]]))
        tensor([[[-2.,  0.,  2.]]])
        """
        self.check_channels(tensor)
        if tensor.dtype.kind != "f":
            raise TypeError(f"the image is {tensor.dtype}: make it float first, with ToTensor() or .float()")
        return (tensor - self.mean) / self.std


class RandomCrop(loading.CropOptions):
    """A transform, as in torchvision: cut out a window of `size`, (rows, columns) or one number for both, at a random place.

    `padding` adds zeros first: on all sides; or (left and right, top and bottom); or (left, top, right, bottom).
    """

    def __call__(self, img: Tensor) -> Tensor:
        """A random window of an image, (..., H, W). ValueError if it is larger than the padded image.

        >>> RandomCrop(3)(Tensor(np.ones((1, 5, 5)))).shape
        (1, 3, 3)
        """
        img, (height, width) = self.padded(img), self.size
        rows, columns = img.shape[-2] - height + 1, img.shape[-1] - width + 1
        if rows < 1 or columns < 1:
            raise ValueError(f"a window {self.size} doesn't fit into {img.shape[-2:]}: use a smaller size, or padding")
        top, left = (int(self.random.integers(places)) for places in (rows, columns))
        return img[..., top : top + height, left : left + width]
