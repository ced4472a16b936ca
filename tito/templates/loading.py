"""What a data loader needs around your code: checks, samplers, its state, a thread that prepares batches, random streams.

Module 08 builds on it. Of the other modules it needs the random generator of module 01 only.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from queue import SimpleQueue
from threading import Semaphore, Thread, local

import numpy as np


class Joinable:
    """The given half of Dataset: `a + b` has the items of both."""

    def __add__(self, other):
        from tinytorch.vocabulary.dataloader import ConcatDataset

        return ConcatDataset([self, other])


class Rows(Sequence):
    """Items stored as columns: `rows[i]` is a tuple with entry i of each column.

    >>> rows = Rows([[5, 6], "ab"])
    >>> len(rows), rows[1], rows.columns
    (2, (6, 'b'), ([5, 6], 'ab'))
    """

    def __init__(self, columns: Iterable[Sequence]):
        self.columns = tuple(columns)

    def __len__(self):
        return len(self.columns[0])

    def __getitem__(self, index):
        return tuple(column[index] for column in self.columns)


def items_of(dataset: Sequence, indices: Sequence[int]) -> Sequence:
    """The items at these indices: all at once if the dataset has `__getitems__`, else one after the other.

    >>> items_of("abc", [2, 0])
    ['c', 'a']
    """
    at_once = getattr(dataset, "__getitems__", None)
    return at_once(indices) if at_once else [dataset[i] for i in indices]


def check_alike(batch: Sequence) -> None:
    """Refuse items that can't be stacked.

    RuntimeError if shapes or lengths differ, KeyError if a dict lacks a key, IndexError if there are no items.
    """
    if not len(batch):
        raise IndexError("the batch is empty: give at least one item")
    first = batch[0]
    shape, is_dict, is_list = getattr(first, "shape", None), isinstance(first, dict), isinstance(first, (tuple, list))
    for i, item in enumerate(batch):
        if getattr(item, "shape", None) != shape:
            shapes = f"item {i} of the batch {_shape_in_words(item)}, item 0 {_shape_in_words(first)}"
            raise RuntimeError(f"{shapes}: crop or pad them to one shape, or give a collate_fn")
        if is_list and (not isinstance(item, (tuple, list)) or len(item) != len(first)):
            size = len(item) if isinstance(item, (tuple, list)) else f"a {type(item).__name__}, and no entries"
            raise RuntimeError(
                f"item {i} of the batch has {size}, item 0 has {len(first)}: return as many for each item"
            )
        if is_dict and (not isinstance(item, dict) or first.keys() - item.keys()):
            lacking = sorted(map(str, first.keys() - item.keys() if isinstance(item, dict) else first.keys()))
            raise KeyError(f"item {i} of the batch lacks {', '.join(lacking)}: give every item the keys of item 0")


def _shape_in_words(item: object) -> str:
    return f"has shape {item.shape}" if hasattr(item, "shape") else f"has type {type(item).__name__}"


def check_tensors(tensors: Sequence) -> None:
    """TypeError if one of the arguments of TensorDataset isn't a tensor, ValueError if there are none, or their lengths differ."""
    for i, tensor in enumerate(tensors):
        if not hasattr(tensor, "requires_grad"):
            raise TypeError(f"argument {i} is a {type(tensor).__name__}, not a tensor: make one of it, Tensor(data)")
        if not tensor.ndim:
            raise ValueError(f"argument {i} is a tensor without axes: give one with a row for each item")
    if not tensors or len({len(tensor) for tensor in tensors}) > 1:
        raise ValueError(f"the tensors have lengths {[*map(len, tensors)]}: give at least one, all of the same length")


# Samplers


class Sampler:
    """Yields the indices of an epoch. A subclass defines `__iter__`, and `__len__` if their count is known."""

    def __init__(self, data_source: object = None):
        self.data_source = data_source

    def __iter__(self):
        raise NotImplementedError(f"{type(self).__name__}.__iter__: define it, so that it yields indices")


class SequentialSampler(Sampler):
    """All indices of a dataset, in order.

    >>> list(SequentialSampler("abc"))
    [0, 1, 2]
    """

    def __len__(self):
        return len(self.data_source)

    def __iter__(self):
        return iter(range(len(self.data_source)))


class RandomOptions(Sampler):
    """The given half of RandomSampler: everything but the order."""

    def __init__(
        self, data_source: Sequence, replacement: bool = False, num_samples: int | None = None, generator: object = None
    ):  # fmt: skip
        if not isinstance(replacement, bool):
            raise TypeError(f"replacement is {replacement!r}: it must be True or False")
        numpy_generator(generator)  # refuses what isn't one
        self.data_source, self.replacement, self.generator = data_source, replacement, generator
        self.fixed_samples = num_samples
        if num_samples is None and not len(data_source):
            raise ValueError("the dataset is empty, so there is nothing to shuffle: give at least one item")
        check_count("num_samples", self.num_samples)
        if not len(data_source):
            raise ValueError(f"num_samples is {num_samples}, and the dataset is empty: give at least one item")

    @property
    def num_samples(self) -> int:
        """How many indices an epoch has: as many as there are items, unless you asked for another number."""
        return len(self.data_source) if self.fixed_samples is None else self.fixed_samples

    @property
    def random(self) -> "np.random.Generator":
        """What to draw from: NumPy's generator inside `generator`, or the course's."""
        return numpy_generator(self.generator)

    def __len__(self):
        return self.num_samples


class BatchSampler(Sampler):
    """Lists of `batch_size` indices of a sampler. The last one may be shorter; with `drop_last` it is left out then.

    >>> [*BatchSampler(range(5), 2, False)], [*BatchSampler(range(5), 2, True)]
    ([[0, 1], [2, 3], [4]], [[0, 1], [2, 3]])
    """

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool):
        check_count("batch_size", batch_size)
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last is {drop_last!r}: it must be True or False")
        self.sampler, self.batch_size, self.drop_last = sampler, batch_size, drop_last

    def __len__(self):
        return (len(self.sampler) + (0 if self.drop_last else self.batch_size - 1)) // self.batch_size

    def __iter__(self):
        indices = iter(self.sampler)
        while batch := list(islice(indices, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch


def check_count(name: str, value: object) -> None:
    """ValueError if an argument is not a whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"{name} is {value!r}: it must be a whole number of at least 1")


# A thread that prepares batches


def prefetched(batches: Iterable, ahead: int) -> Iterator:
    """The same batches in the same order, up to `ahead` of them prepared by a thread before you ask.

    What `batches` raises arrives here, with its traceback. The thread ends with the iterator, also if you stop early: closing
    waits for the batch that is being prepared. In a browser, which has no threads, batches are prepared when you ask.

    >>> list(prefetched(range(4), ahead=2))
    [0, 1, 2, 3]
    """
    source, results, slots, stopped = iter(batches), SimpleQueue(), Semaphore(ahead), []
    if sys.platform == "emscripten":
        yield from source
        return

    def work():
        try:
            while slots.acquire() and not stopped:
                results.put((next(source), None))
        except BaseException as error:  # StopIteration as well: the end
            results.put((None, error))

    thread = Thread(target=work, daemon=True, name="tinytorch prefetch")
    thread.start()
    try:
        while True:
            batch, error = results.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                error.add_note("(raised in the data loader's thread while it prepared a batch)")
                raise error
            slots.release()  # for the next one
            yield batch
            del batch  # before waiting: it may be large
    finally:
        stopped.append(True)
        slots.release()
        thread.join()


# Random numbers

CURRENT = local()  # in each thread, the batch that it prepares: [key, generator or None]


def numpy_generator(generator: object = None) -> "np.random.Generator":
    """NumPy's generator to draw from: the one inside a `tinytorch.Generator`, or NumPy's own; for None `default_generator()`.

    TypeError if it is something else.
    """
    if generator is None:
        from tinytorch.tensor import default_generator  # here, so that a new export of module 01 takes effect

        return default_generator()
    numpy = getattr(generator, "numpy", generator)
    if not hasattr(numpy, "bit_generator"):
        raise TypeError(
            f"generator is {generator!r}: give a tinytorch.Generator, or np.random.default_rng(seed), or leave it out"
        )
    return numpy


def transform_generator() -> "np.random.Generator":
    """NumPy's generator for random transforms: in a loader the one of the batch, elsewhere `default_generator()`.

    >>> with random_stream(1, seed=3):
    ...     first = transform_generator().integers(1000)
    >>> with random_stream(1, seed=3):
    ...     bool(transform_generator().integers(1000) == first)
    True
    """
    batch = getattr(CURRENT, "batch", None)
    if batch is None:
        return numpy_generator()
    if batch[1] is None:  # only random transforms pay for it
        batch[1] = np.random.default_rng(batch[0])
    return batch[1]


@contextmanager
def random_stream(number: int, seed: int) -> Iterator[None]:
    """Inside this block, `transform_generator()` belongs to one batch.

    Args:
        number: of the batch in its epoch, counted from 1: NumPy drops zeros from a seed, so batch 0 would share its numbers.
        seed: of the epoch.
    """
    before = getattr(CURRENT, "batch", None)
    CURRENT.batch = [(number, seed), None]
    try:
        yield
    finally:
        CURRENT.batch = before


# Loaders


def load_batches(
    dataset: Sequence, batches: Iterable, collate_fn: Callable, seed: int, first: int = 1, ahead: int = 0
) -> Iterator:
    """Collate the items of each list of indices; a thread does up to `ahead` of them before you ask.

    Random transforms draw from a generator that belongs to the batch: it is made of its number, counted from `first`, and `seed`.

    >>> list(load_batches("abcde", [[0, 1], [4]], "".join, seed=0))
    ['ab', 'e']
    """

    def load():
        for number, indices in enumerate(batches, first):
            with random_stream(number, seed):
                batch = collate_fn(items_of(dataset, indices))
            yield batch

    return prefetched(load(), ahead) if ahead else load()


class LoaderOptions:
    """The given half of DataLoader: its arguments, what it needs to resume an epoch, and the loading of batches.

    `start`: the states of its generators before this epoch was drawn; None between epochs. `position`: how many batches you have
    taken of it. `resuming`: whether both were loaded, and not used yet. `seed`: of the epoch's random transforms.
    """

    start, position, resuming, seed = None, 0, False, 0
    random_sampler = collate = None  # the class and the function of module 08

    def __init__(
        self, dataset: Sequence, batch_size: int = 1, shuffle: bool | None = None, sampler: Iterable | None = None,
        batch_sampler: Iterable | None = None, num_workers: int = 0, collate_fn: Callable | None = None,
        drop_last: bool = False, *, prefetch_factor: int | None = None, generator: object = None, **unused: object
    ):  # fmt: skip
        check_loader(
            dataset, batch_size, shuffle, sampler, batch_sampler, num_workers, drop_last, prefetch_factor, unused
        )
        numpy_generator(generator)  # refuses what isn't one
        if collate_fn is not None and not callable(collate_fn):
            raise TypeError(f"collate_fn is {collate_fn!r}: give a function that makes a batch of a list of items")
        self.dataset, self.generator, self.collate_fn = dataset, generator, collate_fn or self.collate
        if batch_sampler is not None:
            self.sampler, self.batch_sampler = getattr(batch_sampler, "sampler", None), batch_sampler
            batch_size, drop_last = (
                getattr(batch_sampler, "batch_size", None),
                getattr(batch_sampler, "drop_last", False),
            )
        else:
            if sampler is None:
                sampler = self.random_sampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
            self.sampler, self.batch_sampler = sampler, BatchSampler(sampler, batch_size, drop_last)
        self.batch_size, self.drop_last, self.num_workers = batch_size, drop_last, num_workers
        self.prefetch_factor = prefetch_factor or (2 if num_workers else None)

    def __len__(self):
        return len(self.batch_sampler)

    def generators(self) -> list:
        """What the order is drawn from: the generators of the loader and of its samplers, each once."""
        parts = [self, *(part for part in (self.sampler, self.batch_sampler) if hasattr(part, "generator"))]
        generators = [numpy_generator(part.generator) for part in parts]
        return list({id(generator): generator for generator in generators}.values())

    def rng_states(self) -> list[dict]:
        """The states of these generators."""
        return [generator.bit_generator.state for generator in self.generators()]

    def set_rng_states(self, states: list[dict]) -> None:
        """Set the states of these generators. TypeError if they aren't what `rng_states` returned."""
        if not isinstance(states, list):
            raise TypeError(f"states is {states!r}: give a list of states, as rng_states() returned it")
        for generator, state in zip(self.generators(), states, strict=True):
            generator.bit_generator.state = state

    def draw_epoch(self) -> list[list[int]]:
        """Draw a new epoch in one go: a seed for its random transforms, and its lists of indices."""
        self.seed = int(numpy_generator(self.generator).integers(2**63))
        return [self._as_list(indices) for indices in self.batch_sampler]

    @staticmethod
    def _as_list(indices: object) -> list[int]:
        """The indices of a batch as a list: a tuple would index several axes of a tensor."""
        if isinstance(indices, list):
            return indices
        if isinstance(indices, str) or not hasattr(indices, "__iter__") or getattr(indices, "ndim", 1) == 0:
            raise TypeError(f"batch_sampler yielded {indices!r}: it must yield a list of indices for each batch")
        return indices.tolist() if hasattr(indices, "tolist") else list(indices)

    def load(self, batches: Iterable[list[int]]) -> Iterator:
        """The batches of these lists of indices, which begin at `position`; with workers, a thread prepares them ahead."""
        ahead = self.num_workers and self.num_workers * self.prefetch_factor
        return load_batches(self.dataset, batches, self.collate_fn, self.seed, self.position + 1, ahead)

    def state_dict(self) -> dict:
        """Where the loader is, for `save`: what to draw the epoch from, how many batches are taken, the generators' states now.

        If the loader has a generator of its own, save `tinytorch.get_rng_state()` as well: dropout draws from the course's.
        """
        return {
            "start": self.start, "position": self.position, "rng": self.rng_states(), "items": len(self.dataset),
            "batch_size": self.batch_size,
        }  # fmt: skip

    def load_state_dict(self, state_dict: dict) -> None:
        """Let the next iteration have the batches that were left when `state_dict` was made. Sets the generators as well.

        ValueError, before anything changes, if it is the state of another loader.
        """
        if lacking := sorted(self.state_dict().keys() - state_dict.keys()):
            raise ValueError(
                f"the state lacks {', '.join(lacking)}: load what the state_dict() of a DataLoader returned"
            )
        for name, saved, now in (
            ("number of items", state_dict["items"], len(self.dataset)),
            ("batch_size", state_dict["batch_size"], self.batch_size),
            ("number of random generators", len(state_dict["rng"]), len(self.generators())),
        ):
            if saved != now:
                raise ValueError(f"{name} is {now}, and was {saved} when the state was saved: use the same arguments")
        self.set_rng_states(state_dict["rng"])
        self.start, self.position = state_dict["start"], state_dict["position"]
        self.resuming = self.start is not None


# PyTorch's arguments about processes and GPUs: accepted, and without effect
UNUSED = {"in_order", "persistent_workers", "pin_memory", "pin_memory_device", "timeout"}


def check_loader(
    dataset: object, batch_size: object, shuffle: object, sampler: object, batch_sampler: object, num_workers: object,
    drop_last: object, prefetch_factor: object, unused: dict
) -> None:  # fmt: skip
    """ValueError for arguments of a DataLoader that make no sense, or exclude each other; TypeError if it can't read `dataset`."""
    if unknown := sorted(unused.keys() - UNUSED):
        raise TypeError(f"DataLoader has no argument {unknown[0]}: leave it out")
    if not (hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__")):
        raise TypeError(
            f"dataset is a {type(dataset).__name__}: give one with a length, len(dataset), and items by index, dataset[i]"
        )
    if isinstance(num_workers, bool) or not isinstance(num_workers, (int, np.integer)) or num_workers < 0:
        raise ValueError(
            f"num_workers is {num_workers!r}: it must be 0, or 1 and more for a thread that prepares batches"
        )
    if prefetch_factor is not None:
        check_count("prefetch_factor", prefetch_factor)
        if not num_workers:
            raise ValueError(
                f"prefetch_factor is {prefetch_factor}, but num_workers is 0: set num_workers=1 for a thread"
            )
    if batch_sampler is not None:
        given = {
            "batch_size": batch_size != 1,
            "shuffle": shuffle,
            "sampler": sampler is not None,
            "drop_last": drop_last,
        }
        if names := [name for name, is_given in given.items() if is_given]:
            raise ValueError(f"batch_sampler already says what is in a batch: leave out {', '.join(names)}")
    if sampler is not None and shuffle:
        raise ValueError("sampler already decides the order: leave out shuffle, or the sampler")
    if batch_size is None:
        raise ValueError(
            "batch_size is None, which this course doesn't have: use batch_size=1, or iterate over the dataset"
        )
    check_count("batch_size", batch_size)


# Transforms


class NormalizeOptions:
    """The given half of Normalize: `mean` and `std` as arrays (C, 1, 1), one number for each channel."""

    def __init__(self, mean: Sequence[float], std: Sequence[float]):
        self.mean, self.std = (
            np.array(getattr(numbers, "array", numbers), np.float32).reshape(-1, 1, 1) for numbers in (mean, std)
        )
        if not self.mean.size or self.mean.shape != self.std.shape:
            raise ValueError(f"mean has {self.mean.size} numbers, std {self.std.size}: give one each for each channel")
        if not (self.std > 0).all():
            raise ValueError(
                f"std is {self.std.ravel().tolist()}: give numbers above 0; for a channel that never changes, use 1"
            )

    def check_channels(self, img: object) -> None:
        """ValueError if an image isn't (..., C, H, W), or has another number of channels than `mean` has numbers."""
        if img.ndim < 3 or self.mean.size not in (1, img.shape[-3]):
            raise ValueError(
                f"the image has shape {img.shape}, and mean {self.mean.size} numbers: give an image (..., C, H, W), "
                "and one number for each of its C channels"
            )


class CropOptions:
    """The given half of RandomCrop: `size` as (rows, columns), `padding` as (left, top, right, bottom), and the zeros."""

    def __init__(self, size: int | Sequence[int], padding: int | Sequence[int] | None = None):
        self.size, sides = whole_numbers(size), whole_numbers(0 if padding is None else padding)
        if len(self.size) not in (1, 2) or min(self.size) < 1:
            raise ValueError(f"size is {size!r}: give (rows, columns), or one number for both, of at least 1")
        if len(sides) not in (1, 2, 4) or min(sides) < 0:
            raise ValueError(f"padding is {padding!r}: give 1, 2 or 4 whole numbers of at least 0")
        self.size *= 2 // len(self.size)
        self.padding = sides * (4 // len(sides))

    @property
    def random(self) -> "np.random.Generator":
        """What to draw from: in a loader the generator of the batch, elsewhere the course's."""
        return transform_generator()

    def padded(self, img: object) -> object:
        """An image, a tensor (..., H, W), with zeros around it. TypeError if it isn't a tensor, ValueError if it lacks axes."""
        if not hasattr(img, "requires_grad"):
            raise TypeError(f"the image is a {type(img).__name__}: give a tensor, as ToTensor() makes it")
        if img.ndim < 2:
            raise ValueError(f"the image has shape {img.shape}: give (..., H, W)")
        left, top, right, bottom = self.padding
        return img.apply(np.pad, img, pad_width=[(0, 0)] * (img.ndim - 2) + [(top, bottom), (left, right)])


def whole_numbers(value: object) -> tuple[int, ...]:
    """One whole number, or several, as a tuple; an empty one if something else is among them.

    >>> whole_numbers(3), whole_numbers([1, 2]), whole_numbers(2.5)
    ((3,), (1, 2), ())
    """
    numbers = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    is_whole = all(isinstance(number, (int, np.integer)) and not isinstance(number, bool) for number in numbers)
    return tuple(map(int, numbers)) if is_whole else ()
