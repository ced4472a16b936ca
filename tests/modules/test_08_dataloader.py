"""The exported loader, tested with other numbers than in the notebook."""

import re
import threading
import traceback
from collections import Counter

import numpy as np
import pytest

from tinytorch import Generator
from tinytorch.dataloader import (
    DataLoader,
    Dataset,
    Normalize,
    RandomCrop,
    RandomSampler,
    TensorDataset,
    default_collate,
)
from tinytorch.loading import Rows, prefetched, random_stream, transform_generator
from tinytorch.tensor import Tensor, manual_seed, rand
from tinytorch.transforms import Compose, RandomHorizontalFlip, ToTensor
from tinytorch.utils.data import (
    BatchSampler,
    ConcatDataset,
    Sampler,
    SequentialSampler,
    Subset,
    WeightedRandomSampler,
    random_split,
)
from tito.lesson import close


def numbers(batches):
    """The numbers of each batch of a loader over one tensor."""
    return [batch[0].tolist() for batch in batches]


# Datasets


@pytest.mark.parametrize("indices", [[2], [3, 3, 0], [0, 1, 2, 3], [-1, 1]])
def test_TensorDataset_rows(indices):
    """WHAT: the rows of a list of numbers, in that order, of each tensor; each item is a tuple.
    WHY: a batch whose images and classes are from different rows teaches nonsense.
    TIP: print the columns that `__getitems__` returns. Is each tensor indexed with the whole list?
    """
    images, classes = Tensor(np.arange(24.0).reshape(4, 2, 3)), Tensor(np.array([7, 5, 3, 1]))
    data = TensorDataset(images, classes)
    rows = data.__getitems__(indices)
    assert isinstance(rows, Rows) and len(rows) == len(indices)
    close(rows.columns[0], images.numpy()[indices], f"images {indices}", dtype=np.float32)
    close(rows.columns[1], classes.numpy()[indices], f"classes {indices}", dtype=np.int64)
    close(rows[0][1], classes.numpy()[indices[0]], "the class of the first item")
    assert len(data) == 4 and isinstance(data[1], tuple)


def test_TensorDataset_indexes_each_tensor_once(monkeypatch):
    """WHAT: the number of operations doesn't grow with the number of rows.
    WHY: a loop over rows takes ten times as long.
    TIP: index each tensor with the whole list.
    """
    calls, data = [], TensorDataset(Tensor(np.arange(50)), Tensor(np.arange(50.0)))
    counts = []
    monkeypatch.setattr(Tensor, "recorder", lambda *operation: calls.append(1))
    for size in (1, 50):
        calls.clear()
        data.__getitems__(list(range(size)))
        counts.append(len(calls))
    assert counts[0] == counts[1], f"{counts[0]} operations for one row, {counts[1]} for 50"


def test_bad_tensors_are_refused():
    """WHAT: no tensors, tensors of different lengths, and data that isn't tensors are refused, with the lengths or the type.
    WHY: the loader would drop rows, or fail in the last batch of the epoch.
    TIP: `TensorDataset.__init__` is given. Restore it from a new notebook if you changed it.
    """
    with pytest.raises(ValueError, match=r"\[3, 4\]"):
        TensorDataset(Tensor([1.0] * 3), Tensor([1.0] * 4))
    with pytest.raises(ValueError, match="at least one"):
        TensorDataset()
    with pytest.raises(ValueError, match="argument 1 .*without axes"):
        TensorDataset(Tensor([1.0]), Tensor(1.0))
    for bad, name in ((np.ones(3), "ndarray"), ([1, 2, 3], "list")):
        with pytest.raises(TypeError, match=f"argument 1 is a {name}"):
            TensorDataset(Tensor([1.0] * 3), bad)


class Squares(Dataset):
    """Item i is i * i; says which items were read."""

    def __init__(self, size):
        self.size, self.read = size, []

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        self.read.append(index)
        return index * index


def test_subsets_and_sums():
    """WHAT: a subset of a subset, `a + b`, and numbers from the end read the right items; others are refused.
    WHY: parts of data are data as well.
    TIP: these are given, in tinytorch/vocabulary/dataloader.py: does your `Dataset` still work?
    """
    part = Subset(Subset(Squares(10), [9, 7, 5, 3]), [2, 0])
    assert [part[0], part[-1], len(part)] == [25, 81, 2]
    assert list(part.__getitems__([1, 0])) == [81, 25]
    both = Squares(3) + Subset(Squares(9), [8, 4])
    assert isinstance(both, ConcatDataset) and [both[i] for i in (0, 2, 3, 4, -1, -5)] == [0, 4, 64, 16, 16, 0]
    assert list(both) == [0, 1, 4, 64, 16]
    for index, error in ((5, IndexError), (-6, ValueError)):
        with pytest.raises(error, match=str(index)):
            both[index]
    with pytest.raises(ValueError):
        ConcatDataset([])
    with pytest.raises(NotImplementedError, match="Bare.__getitem__"):
        type("Bare", (Dataset,), {})()[0]


@pytest.mark.parametrize(
    ("count", "lengths", "sizes"),
    [
        (10, [0.33, 0.33, 0.34], [4, 3, 3]),
        (11, [0.5, 0.5], [6, 5]),
        (5, [3, 0, 2], [3, 0, 2]),
        (3, [0.25] * 4, [1, 1, 1, 0]),
        (1, [1], [1]),
    ],
)
def test_random_split(count, lengths, sizes):
    """WHAT: parts of these sizes that share no item, in an order that a seed repeats.
    WHY: an item that is in two parts is learned and then measured.
    TIP: `random_split` is given, in tinytorch/vocabulary/dataloader.py.
    """
    parts = random_split(Squares(count), lengths)
    assert [len(part) for part in parts] == sizes
    assert sorted(i for part in parts for i in part.indices) == list(range(count))
    manual_seed(5)
    first = [part.indices for part in random_split(range(30), [20, 10])]
    manual_seed(5)
    assert first == [part.indices for part in random_split(range(30), [20, 10])]
    own = [random_split(range(30), [20, 10], Generator().manual_seed(4))[0].indices for _ in range(2)]
    assert own[0] == own[1] != sorted(own[0])


def test_random_split_refuses_what_is_not_a_generator():
    """WHAT: a seed in place of a generator is a TypeError that shows it.
    WHY: `generator=3` looks right, and no split would ever be repeated by it.
    TIP: `random_split` is given, in tinytorch/vocabulary/dataloader.py.
    """
    with pytest.raises(TypeError, match="generator is 3"):
        random_split(Squares(10), [5, 5], generator=3)


@pytest.mark.parametrize("lengths", [[5, 4], [0.5, 0.4], [12, -2], [1.5, -0.5], [9.5, 0.5]])
def test_random_split_refuses(lengths):
    """WHAT: sizes or fractions that don't add up are a ValueError.
    WHY: the items that are left over would silently be in no part.
    TIP: `random_split` is given, in tinytorch/vocabulary/dataloader.py.
    """
    with pytest.raises(ValueError):
        random_split(Squares(10), lengths)


# Samplers


@pytest.mark.parametrize("total", [1, 7, 8, 14, 20])
def test_RandomSampler_without_replacement(total):
    """WHAT: whole orders follow each other, the last one is cut; plain integers.
    WHY: an epoch that is longer than the data must not have one item three times and another never.
    TIP: count how often each number comes.
    """
    order = list(RandomSampler(range(7), num_samples=total))
    assert len(order) == total and {type(i) for i in order} == {int}
    for start in range(0, total, 7):
        part = order[start : start + 7]
        assert len(set(part)) == len(part) and set(part) <= set(range(7)), (
            f"{part} repeats a number, or has a wrong one"
        )


def test_RandomSampler_orders_are_equally_likely():
    """WHAT: over 6000 epochs each of the six orders of three items comes about 1000 times.
    WHY: an order that comes more often than others is not a shuffle.
    TIP: do you permute the numbers, or do something simpler?
    """
    manual_seed(0)
    sampler = RandomSampler(range(3))
    counts = Counter(tuple(sampler) for _ in range(6000))
    assert len(counts) == 6 and all(850 < count < 1150 for count in counts.values()), counts


def test_RandomSampler_with_replacement():
    """WHAT: any items, all equally likely, as many as are asked for.
    WHY: this is how a bootstrap sample is drawn.
    TIP: from which numbers do you draw, and how many?
    """
    manual_seed(1)
    drawn = list(RandomSampler(range(4), replacement=True, num_samples=8000))
    counts = Counter(drawn)
    assert len(drawn) == 8000 and sorted(counts) == [0, 1, 2, 3] and {type(i) for i in drawn} == {int}
    assert all(1800 < count < 2200 for count in counts.values()), counts
    assert len(list(RandomSampler(range(4), replacement=True))) == 4


def test_RandomSampler_draws_each_order_anew():
    """WHAT: the orders that follow each other in one epoch differ.
    WHY: batches that come again in the same composition are less random than they look.
    TIP: how often do you draw an order, for 90 of 30 items?
    """
    order = list(RandomSampler(range(30), num_samples=90))
    rounds = [order[:30], order[30:60], order[60:]]
    assert rounds[0] != rounds[1] != rounds[2] != rounds[0], f"one order came again: {rounds}"


@pytest.mark.parametrize("replacement", [False, True])
def test_RandomSampler_draws_from_its_generator(replacement):
    """WHAT: a seed repeats two different epochs; so does a generator of its own, which leaves the course's alone.
    WHY: two samplers with their own generators must not disturb each other.
    TIP: do you draw from `self.random`, at the start of each iteration?
    """
    runs = []
    for seed in (3, 4, 3):
        manual_seed(seed)
        sampler = RandomSampler(range(40), replacement=replacement)
        runs.append([list(sampler), list(sampler)])
    assert runs[0] == runs[2] != runs[1] and runs[0][0] != runs[0][1]
    for make in (lambda: np.random.default_rng(8), lambda: Generator().manual_seed(8)):
        manual_seed(0)
        drawn = rand(3).tolist()
        manual_seed(0)
        own = [list(RandomSampler(range(40), replacement, generator=make())) for _ in range(2)]
        assert own[0] == own[1], "the same generator must repeat the order"
        assert rand(3).tolist() == drawn, "a sampler with its own generator must not draw from the course's"


def test_BatchSampler():
    """WHAT: lists of numbers, the last one short or dropped, of any iterable; lengths agree.
    WHY: a scheduler needs to know the number of batches.
    TIP: `BatchSampler` is given, in tinytorch/loading.py.
    """
    for count, size in ((7, 3), (6, 3), (2, 5), (0, 2)):
        for drop_last in (False, True):
            sampler = BatchSampler(SequentialSampler(range(count)), size, drop_last)
            expected = [list(range(count))[i : i + size] for i in range(0, count, size)]
            expected = [part for part in expected if len(part) == size or not drop_last]
            assert list(sampler) == expected and len(sampler) == len(expected)
    assert list(BatchSampler(iter("abc"), 2, False)) == [["a", "b"], ["c"]]


def test_WeightedRandomSampler():
    """WHAT: draws in proportion to the weights; without replacement each item at most once.
    WHY: rare classes can be shown more often.
    TIP: `WeightedRandomSampler` is given, in tinytorch/vocabulary/dataloader.py.
    """
    manual_seed(2)
    counts = Counter(WeightedRandomSampler([1.0, 0.0, 3.0], 8000))
    assert 1 not in counts and 2.6 < counts[2] / counts[0] < 3.4
    assert sorted(WeightedRandomSampler([5, 0, 1, 1], 3, replacement=False)) == [0, 2, 3]
    orders = [list(WeightedRandomSampler(Tensor([1.0] * 9), 9, generator=np.random.default_rng(1))) for _ in range(2)]
    assert orders[0] == orders[1]


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: RandomSampler(range(3), replacement=1), TypeError, "replacement is 1"),
        (lambda: RandomSampler(range(3), num_samples=0), ValueError, "num_samples is 0"),
        (lambda: RandomSampler(range(3), num_samples=2.5), ValueError, r"num_samples is 2\.5"),
        (lambda: RandomSampler([]), ValueError, "empty"),
        (lambda: RandomSampler([], num_samples=3), ValueError, "empty"),
        (lambda: RandomSampler(range(3), generator=5), TypeError, "generator is 5"),
        (lambda: WeightedRandomSampler([1.0], 3, generator=5), TypeError, "generator is 5"),
        (lambda: BatchSampler(range(3), 0, False), ValueError, "batch_size is 0"),
        (lambda: BatchSampler(range(3), True, False), ValueError, "batch_size is True"),
        (lambda: BatchSampler(range(3), 2, 1), ValueError, "drop_last is 1"),
        (lambda: WeightedRandomSampler([1.0, -2.0], 3), RuntimeError, r"-2\.0"),
        (lambda: WeightedRandomSampler([1.0, float("nan")], 3), RuntimeError, "nan"),
        (lambda: WeightedRandomSampler([0.0, 0.0], 3), RuntimeError, "all weights are 0"),
        (lambda: WeightedRandomSampler([], 3), RuntimeError, "there are none"),
        (lambda: WeightedRandomSampler([[1.0, 2.0]], 3), ValueError, r"\(1, 2\)"),
        (lambda: WeightedRandomSampler([1.0], 0), ValueError, "num_samples is 0"),
        (lambda: WeightedRandomSampler([1.0, 1.0], 2, 1), ValueError, "replacement is 1"),
        (lambda: WeightedRandomSampler([1.0, 0.0], 2, False), RuntimeError, "num_samples is 2"),
        (lambda: list(Sampler()), NotImplementedError, "Sampler.__iter__"),
    ],
)
def test_samplers_refuse(make, error, words):
    """WHAT: bad arguments are refused when the sampler is made, in one sentence with the argument and its value.
    WHY: an hour later, nothing in the error would lead back to the line that made it.
    TIP: the samplers' options are given, in tinytorch/loading.py and tinytorch/vocabulary/dataloader.py.
    """
    with pytest.raises(error, match=words):
        make()


# Collating


def test_collate_keeps_dtypes():
    """WHAT: tensors, arrays and NumPy's numbers keep their dtype; Python's become bool, int64 and float64.
    WHY: PyTorch does so, and a loss that gets float64 targets is slow or fails.
    TIP: which case of yours does the failing item reach first?
    """
    for dtype in ("uint8", "int16", "int64", "float16", "float32", "float64", "bool"):
        item = np.ones((2, 3), dtype)
        close(default_collate([item] * 4), np.ones((4, 2, 3)), f"arrays of {dtype}", dtype=dtype)
        close(default_collate([Tensor(item, dtype=dtype)] * 4), np.ones((4, 2, 3)), f"tensors of {dtype}", dtype=dtype)
        close(default_collate([item[0, 0]] * 4), np.ones(4), f"numbers of {dtype}", dtype=dtype)
    for items, dtype in (([True, False, True], "bool"), ([1, -2, 3], "int64"), ([0.25, 2.0, 1e300], "float64")):
        close(default_collate(items), items, f"{items}", dtype=dtype)
        assert isinstance(default_collate(items), Tensor)


def test_collate_keeps_structure():
    """WHAT: nested tuples, lists, dicts, strings and bytes.
    WHY: a dataset may return whatever its task needs.
    TIP: every entry is collated as if it were the whole item.
    """
    items = [
        {"id": f"{i}", "raw": b"x", "pair": (i, [Tensor([i + 0.5]), np.int32(i)]), "sizes": {"h": i, "w": 2.0 * i}}
        for i in range(3)
    ]
    batch = default_collate(items)
    assert (
        list(batch) == ["id", "raw", "pair", "sizes"] and batch["id"] == ["0", "1", "2"] and batch["raw"] == [b"x"] * 3
    )
    assert isinstance(batch["pair"], list) and isinstance(batch["pair"][1], list)
    close(batch["pair"][0], [0, 1, 2], "numbers in a tuple in a dict", dtype=np.int64)
    close(batch["pair"][1][0], [[0.5], [1.5], [2.5]], "tensors in a list in a tuple in a dict", dtype=np.float32)
    close(batch["pair"][1][1], [0, 1, 2], "NumPy's numbers in a list in a tuple in a dict", dtype=np.int32)
    close(batch["sizes"]["w"], [0, 2, 4], "floats in a dict in a dict", dtype=np.float64)
    assert list(default_collate([{"a": 1}, {"a": 2, "b": 3}])) == ["a"], "the keys are those of the first item"
    columns = Rows([Tensor([1.0]), Tensor([2.0])])
    assert all(a is b for a, b in zip(default_collate(columns), columns.columns, strict=True))
    assert isinstance(default_collate(columns), list)


@pytest.mark.parametrize(
    ("items", "error", "words"),
    [
        ([np.zeros(2), np.zeros(2), np.zeros(3)], RuntimeError, "item 2 .*(3,)"),
        ([Tensor([1.0]), Tensor([[1.0]])], RuntimeError, "item 1"),
        ([(1, 2), (1, 2), (1, 2, 3)], RuntimeError, "item 2"),
        ([[1], []], RuntimeError, "item 1"),
        ([(1, 2), 3], RuntimeError, "item 1"),
        ([np.zeros(2), None], RuntimeError, "item 1"),
        ([{"a": 1, "b": 2}, {"a": 1}], KeyError, "item 1 .*b"),
        ([{"a": 1}, 3], KeyError, "item 1"),
        ([(1, {"x": Tensor([1.0])}), (2, {"x": Tensor([1.0, 2.0])})], RuntimeError, "item 1"),
        ([Tensor([1.0]), 3], RuntimeError, r"item 1 .*has type int, item 0 has shape \(1,\)"),
        ([], IndexError, "empty"),
        ([None, None], TypeError, "."),
        ([object(), object()], TypeError, "."),
        ([np.array("a")] * 2, TypeError, "."),
        ([1j, 2j], TypeError, "."),
        ([{1, 2}, {1, 2}], TypeError, "."),
    ],
)
def test_collate_refuses(items, error, words):
    """WHAT: items that can't be stacked, or that no tensor can hold, are refused; differences name the item.
    WHY: one odd image among ten thousand must be found.
    TIP: `check_alike` before anything else; and what is left for the last line of your function?
    """
    with pytest.raises(error, match=words):
        default_collate(items)


# The loader


@pytest.mark.parametrize("workers", [0, 1, 3])
@pytest.mark.parametrize("drop_last", [False, True])
def test_batches(workers, drop_last):
    """WHAT: all items in batches, with their own classes, from `__getitem__` and from `__getitems__`; the length agrees.
    WHY: with a thread, nothing must change but the time.
    TIP: which lists of numbers does `order` return?
    """
    x, y = Tensor(np.arange(20.0).reshape(10, 2)), Tensor(np.arange(10))
    for data in (TensorDataset(x, y), [(x[i], i) for i in range(10)]):
        loader = DataLoader(data, 4, drop_last=drop_last, num_workers=workers)
        batches = list(loader)
        assert [len(b) for _, b in batches] == ([4, 4] if drop_last else [4, 4, 2]) and len(loader) == len(batches)
        assert all(isinstance(batch, list) for batch in batches)
        for images, classes in batches:
            close(images, x.numpy()[classes.tolist()], "the rows of a batch", dtype=np.float32)
            assert classes.dtype == np.int64
    squares = Squares(5)
    assert [batch.tolist() for batch in DataLoader(squares, 2, num_workers=workers)] == [[0, 1], [4, 9], [16]]
    assert squares.read == [0, 1, 2, 3, 4]


def test_own_samplers_and_collate_fn():
    """WHAT: a sampler, lists of numbers, and a collate_fn of your own; Rows reach it as items.
    WHY: these three cover whatever the loader itself doesn't do.
    TIP: `order` returns the lists of the batch sampler.
    """
    data = TensorDataset(Tensor(np.arange(6) * 10))
    assert numbers(DataLoader(data, 2, sampler=[5, 3, 1])) == [[50, 30], [10]]
    assert numbers(DataLoader(data, batch_sampler=[[0], [4, 4, 2]])) == [[0], [40, 40, 20]]
    for make in (tuple, np.array, Tensor, iter):  # a tuple would index several axes
        assert numbers(DataLoader(data, batch_sampler=[make([0, 1]), make([5])])) == [[0, 10], [50]]
    tens = DataLoader(data, 3, collate_fn=lambda items: [(len(item), item[0].item()) for item in items])
    assert list(tens) == [[(1, 0), (1, 10), (1, 20)], [(1, 30), (1, 40), (1, 50)]]
    assert numbers(DataLoader(Subset(data, [4, 2, 0]), 2)) == [[40, 20], [0]]
    assert len(DataLoader(data, 100)) == 1 and numbers(DataLoader(data, 100)) == [[0, 10, 20, 30, 40, 50]]
    assert list(DataLoader(data, 100, drop_last=True)) == list(DataLoader([])) == []
    ignored = DataLoader(data, 6, pin_memory=True, persistent_workers=False, timeout=0)
    assert numbers(ignored) == numbers(DataLoader(data, 6))


@pytest.mark.parametrize("workers", [0, 2])
def test_a_seed_repeats_two_epochs(workers):
    """WHAT: the same seed, or the same generator, gives the same two orders, and these differ.
    WHY: you can't debug a run that you can't repeat.
    TIP: when do you set the generators' states, and to what?
    """
    data, runs = TensorDataset(Tensor(np.arange(30))), []
    for make in (lambda: None, lambda: np.random.default_rng(1), lambda: Generator().manual_seed(1)):
        for _ in range(2):
            manual_seed(11)
            loader = DataLoader(data, 7, shuffle=True, generator=make(), num_workers=workers)
            runs.append([numbers(loader), numbers(loader)])
        assert runs[-1] == runs[-2] and runs[-1][0] != runs[-1][1]
        assert sorted(sum(runs[-1][1], [])) == list(range(30))


class Jittered(Dataset):
    """Item i is i plus a random number, as a random transform would add it."""

    def __len__(self):
        return 11

    def __getitem__(self, index):
        return (index + float(transform_generator().random()),)


SAMPLERS = {
    "shuffle": lambda data, make: {"batch_size": 3, "shuffle": True, "generator": make()},
    "sequential": lambda data, make: {"batch_size": 3, "generator": make()},
    "replacement": lambda data, make: {"batch_size": 4, "sampler": RandomSampler(data, True, 20, make())},
    "weighted": lambda data, make: {
        "batch_size": 4,
        "sampler": WeightedRandomSampler([1.0] * 10 + [5.0], 15, generator=make()),
    },
    "batches": lambda data, make: {"batch_sampler": BatchSampler(RandomSampler(data, generator=make()), 3, True)},
}


@pytest.mark.parametrize("how", SAMPLERS)
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("own", [False, True])
def test_resumed_in_the_middle_of_an_epoch(how, workers, own):
    """WHAT: after any number of batches, the rest of the epoch and the next two, with their random transforms, are the same.
    WHY: a run that is resumed must be the run that was stopped.
    TIP: which states are set before the epoch is drawn, which afterwards, and where does the rest begin?
    """

    def make():
        return np.random.default_rng(6) if own else None

    def loader():
        data = Jittered()
        return DataLoader(data, num_workers=workers, **SAMPLERS[how](data, make))

    def take(batches, most=None):
        return [(batch[0].tolist(), rand(2))[0] for _, batch in zip(range(most or 99), batches, strict=False)]

    manual_seed(21)
    whole = loader()
    epochs = [take(whole) for _ in range(4)]
    assert epochs[1] != epochs[2]
    for taken in range(1, len(epochs[1]) + 1):
        manual_seed(21)
        stopped = loader()
        take(stopped)
        begun = take(stopped, taken)
        state = stopped.state_dict()
        manual_seed(0)
        resumed = loader()
        resumed.load_state_dict(state)
        assert begun + take(resumed) == epochs[1], f"resumed after {taken} batches"
        assert [take(resumed), take(resumed)] == epochs[2:], f"the epochs after one that was resumed after {taken}"


def test_resumed_between_epochs_and_read_nothing_twice():
    """WHAT: a state from between two epochs; a new epoch after a loop that ended early; skipped items aren't read.
    WHY: reading half an epoch only to throw it away may take an hour.
    TIP: what are `start` and `position` after an epoch?
    """
    manual_seed(3)
    data = Squares(12)
    first, second = (DataLoader(data, 4, shuffle=True) for _ in range(2))
    list(first)
    state = first.state_dict()
    expected = [batch.tolist() for batch in first]
    second.load_state_dict(state)
    assert [batch.tolist() for batch in second] == expected
    for _, _batch in zip(range(2), first, strict=False):
        pass
    state = first.state_dict()
    assert state["position"] == 2 and len(list(first)) == 3, "a new loop is a new epoch, unless a state is loaded"
    data.read.clear()
    second.load_state_dict(state)
    assert len(list(second)) == 1 and len(data.read) == 4, f"one batch of four was left, and {data.read} were read"
    assert second.state_dict()["start"] is None and not second.resuming


def test_a_state_of_another_loader_is_refused():
    """WHAT: a state with other items, or that is none, is a ValueError, and nothing changes.
    WHY: the positions of one data set mean nothing in another.
    TIP: `load_state_dict` is given, in tinytorch/loading.py.
    """
    loader = DataLoader(range(5), 2, shuffle=True)
    before = loader.rng_states()
    for bad in (
        {},
        {"position": 1},
        DataLoader(range(6), 2).state_dict(),
        loader.state_dict() | {"rng": []},
    ):
        with pytest.raises(ValueError, match=r"lacks|and was"):
            loader.load_state_dict(bad)
    with pytest.raises(TypeError, match="states is None"):
        loader.set_rng_states(None)
    with pytest.raises(ValueError, match="batch_size is 2, and was 3"):
        loader.load_state_dict(DataLoader(range(5), 3, shuffle=True).state_dict())
    assert loader.rng_states() == before and not loader.resuming and loader.position == 0


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"batch_size": 0}, ValueError, "batch_size is 0"),
        ({"batch_size": -3}, ValueError, "batch_size is -3"),
        ({"batch_size": 2.5}, ValueError, r"batch_size is 2\.5"),
        ({"batch_size": True}, ValueError, "batch_size is True"),
        ({"batch_size": None}, ValueError, "batch_size is None"),
        ({"shuffle": True, "sampler": [0, 1]}, ValueError, "sampler"),
        ({"batch_sampler": [[0]], "batch_size": 2}, ValueError, "batch_size"),
        ({"batch_sampler": [[0]], "shuffle": True}, ValueError, "shuffle"),
        ({"batch_sampler": [[0]], "sampler": [1]}, ValueError, "sampler"),
        ({"batch_sampler": [[0]], "drop_last": True}, ValueError, "drop_last"),
        ({"num_workers": -1}, ValueError, "num_workers is -1"),
        ({"prefetch_factor": 2}, ValueError, "num_workers is 0"),
        ({"prefetch_factor": 0, "num_workers": 1}, ValueError, "prefetch_factor is 0"),
        ({"dataset": 5}, TypeError, "dataset is a int"),
        ({"generator": 5}, TypeError, "generator is 5"),
        ({"generator": 5, "shuffle": True}, TypeError, "generator is 5"),
        ({"collate_fn": 5}, TypeError, "collate_fn is 5"),
        ({"dataset": [], "shuffle": True}, ValueError, "empty"),
        ({"colour": 1}, TypeError, "colour"),
    ],
)
def test_bad_arguments_are_refused(arguments, error, words):
    """WHAT: arguments that make no sense, or exclude each other, are refused with name and value.
    WHY: whatever the loader did instead, you would notice it in the loss, if at all.
    TIP: the loader's arguments are given, in tinytorch/loading.py.
    """
    with pytest.raises(error, match=words):
        DataLoader(**{"dataset": range(5)} | arguments)


@pytest.mark.parametrize("lists", [[1, 2], ["ab"], [np.int64(3)], [Tensor(2)]])
def test_batches_that_are_not_lists_are_refused(lists):
    """WHAT: a batch_sampler that yields single indices is a TypeError that shows what it yielded.
    WHY: it is most likely a sampler, and a tensor can be indexed by its indices, too: batches without their first axis.
    TIP: does your `order` return what `self.draw_epoch()` returned?
    """
    with pytest.raises(TypeError, match="batch_sampler yielded"):
        list(DataLoader(TensorDataset(Tensor(np.ones((4, 2)))), batch_sampler=lists))


# The thread


def workers_alive():
    return [thread for thread in threading.enumerate() if thread.name == "tinytorch prefetch"]


def test_an_error_arrives_with_its_traceback():
    """WHAT: what an item raises arrives in the loop: the very error, after the batches before it, with the line that raised it.
    WHY: an error that says "somewhere in the thread" costs an evening.
    TIP: does your `__iter__` still go through `self.load`?
    """

    class Broken(Squares):
        def __getitem__(self, index):
            if index == 5:
                raise KeyError("no such file: 5.png")
            return super().__getitem__(index)

    for workers in (0, 1):
        seen = []
        with pytest.raises(KeyError, match=r"5\.png") as caught:
            for batch in DataLoader(Broken(8), 2, num_workers=workers):
                seen.append(batch.tolist())
        assert seen == [[0, 1], [4, 9]]
        lines = [frame.line for frame in traceback.extract_tb(caught.value.__traceback__)]
        assert any("no such file" in line for line in lines)
        assert bool(getattr(caught.value, "__notes__", [])) == bool(workers)
    assert workers_alive() == []


def test_leaving_the_loop_ends_the_thread():
    """WHAT: no thread is left after `break`, an error in the loop, or the whole epoch; never more than agreed are prepared.
    WHY: a thread that goes on reads data that is thrown away, and keeps its batches in memory.
    TIP: does your `__iter__` close the batches when it is left?
    """
    data = Squares(100)
    loader = DataLoader(data, 2, num_workers=2, prefetch_factor=3)
    for number, _ in enumerate(loader, 1):
        if number == 3:
            break
    assert workers_alive() == []
    assert 6 <= len(data.read) <= 2 * (3 + 2 * 3), f"{len(data.read)} items were read for 3 batches and 6 ahead"
    with pytest.raises(ZeroDivisionError):
        for _ in loader:
            raise ZeroDivisionError
    assert workers_alive() == []
    assert len(list(loader)) == 50 and workers_alive() == []
    unused = iter(loader)
    next(unused)
    assert len(workers_alive()) == 1
    unused.close()
    assert workers_alive() == []


def test_the_thread_works_ahead():
    """WHAT: while you hold a batch, the next ones are prepared, `ahead` of them and no more.
    WHY: that is what the thread is for.
    TIP: `prefetched` is given, in tinytorch/loading.py.
    """
    started = [threading.Event() for _ in range(8)]

    def batches():
        for i, event in enumerate(started):
            event.set()
            yield i

    with_thread = prefetched(batches(), ahead=3)
    assert next(with_thread) == 0
    assert all(event.wait(30) for event in started[:4]), "three batches must be prepared while you hold the first"
    assert not started[4].is_set(), "a fourth must wait until you take the next"
    assert list(with_thread) == list(range(1, 8)) and workers_alive() == []


def test_in_a_browser_there_is_no_thread(monkeypatch):
    """WHAT: without threads the batches are the same.
    WHY: the book's pages run in the browser.
    TIP: `prefetched` is given, in tinytorch/loading.py.
    """
    monkeypatch.setattr("sys.platform", "emscripten")
    monkeypatch.setattr(threading.Thread, "start", lambda self: pytest.fail("a thread was started"))
    assert [batch.tolist() for batch in DataLoader(Squares(5), 2, num_workers=1)] == [[0, 1], [4, 9], [16]]


# Transforms


def test_ToTensor():
    """WHAT: (H, W) and (H, W, C) become (C, H, W); uint8 becomes 0 to 1; other dtypes stay; it is a copy.
    WHY: convolutions want the channels first.
    TIP: `ToTensor` is given, in tinytorch/vocabulary/dataloader.py.
    """
    image = np.arange(24, dtype=np.uint8).reshape(2, 4, 3) * 10
    close(ToTensor()(image), image.transpose(2, 0, 1) / np.float32(255), "a color image", dtype=np.float32)
    close(ToTensor()(image[..., 0]), image[None, ..., 0] / 255, "a gray image", dtype=np.float32)
    deep = np.ones((2, 2), np.float64)
    out = ToTensor()(deep)
    close(out, np.ones((1, 2, 2)), "floats", dtype=np.float64)
    assert not np.shares_memory(out.numpy(), deep) and out.is_contiguous()
    for bad, error in (([[1]], TypeError), (np.ones(3), ValueError), (np.ones((1, 2, 3, 4)), ValueError)):
        with pytest.raises(error):
            ToTensor()(bad)


def test_Normalize():
    """WHAT: (x - mean) / std for each channel, in any number of leading axes; floats only; std of 0 is refused.
    WHY: the numbers of the training part are used for every other image.
    TIP: which mean do you use, and along which axis does it lie?
    """
    rng = np.random.default_rng(0)
    mean, std = [0.1, -2.0, 3.0], [0.5, 2.0, 0.25]
    for shape in ((3, 4, 5), (2, 3, 4, 5), (1, 1, 3, 2, 2)):
        x = rng.uniform(-1, 9, shape).astype(np.float32)
        expected = (x - np.reshape(mean, (3, 1, 1))) / np.reshape(std, (3, 1, 1))
        kept = Tensor(x)
        close(Normalize(mean, std)(kept), expected, f"images {shape}", dtype=np.float32)
        close(kept, x, "the images must not change", atol=0, rtol=0)
    close(Normalize([0.5], [0.25])(Tensor(np.ones((1, 2, 2)), dtype=np.float64)), np.full((1, 2, 2), 2), "float64")
    close(Normalize(Tensor([0.5]), Tensor([0.25]))(Tensor(np.ones((1, 1, 1)))), [[[2]]], "mean and std as tensors")
    for dtype in (np.uint8, np.int64, np.bool_):
        with pytest.raises(TypeError):
            Normalize(mean, std)(Tensor(np.ones((3, 2, 2)), dtype=dtype))
    for bad in ([1.0, 0.0], [1.0, -1.0], [1.0, float("nan")]):
        with pytest.raises(ValueError, match="std is"):
            Normalize([0.5, 0.5], bad)
    for bad in (([0.5, 0.5], [1.0]), ([], [])):
        with pytest.raises(ValueError, match=f"mean has {len(bad[0])} numbers, std {len(bad[1])}"):
            Normalize(*bad)


@pytest.mark.parametrize(
    ("channels", "shape"), [(2, (1, 4, 5)), (3, (2, 4, 5)), (2, (2, 3, 4, 5)), (1, (4, 5)), (3, (3,))]
)
def test_Normalize_refuses_other_channels(channels, shape):
    """WHAT: an image that has other channels than there are means is a ValueError, and so is one without channels.
    WHY: NumPy would broadcast, and a gray image would become two.
    TIP: `check_channels` is given, and called before your code.
    """
    with pytest.raises(ValueError, match=f"has shape .*, and mean {channels} numbers"):
        Normalize([0.5] * channels, [0.5] * channels)(Tensor(np.ones(shape)))
    close(Normalize([1], [2])(Tensor(np.ones((3, 1, 2)))), np.zeros((3, 1, 2)), "one mean for all channels")


@pytest.mark.parametrize(
    ("size", "padding", "sides"),
    [
        (3, None, (0, 0, 0, 0)),
        ((2, 5), None, (0, 0, 0, 0)),
        ((4, 6), 0, (0, 0, 0, 0)),
        (6, 2, (2, 2, 2, 2)),
        ((5, 3), (0, 1), (0, 1, 0, 1)),
        ((4, 7), (1, 0, 2, 3), (1, 0, 2, 3)),
    ],
)
def test_RandomCrop(size, padding, sides):
    """WHAT: a window of the padded image, the same for all leading axes; over 300 draws every place comes.
    WHY: a place that never comes is an example that is never seen.
    TIP: list the places where a window fits, and those that came.
    """
    left, top, right, bottom = sides
    x = np.arange(1.0, 49).reshape(2, 4, 6).astype(np.float32)
    padded = np.pad(x, [(0, 0), (top, bottom), (left, right)])
    height, width = (size, size) if isinstance(size, int) else size
    places = np.ndindex(padded.shape[1] - height + 1, padded.shape[2] - width + 1)
    windows = {padded[:, i : i + height, j : j + width].tobytes(): (i, j) for i, j in places}
    manual_seed(9)
    crop, counts = RandomCrop(size, padding), Counter()
    for _ in range(40 * len(windows)):
        out = crop(Tensor(x)).numpy()
        assert out.shape == (2, height, width) and out.dtype == np.float32
        counts[windows[np.ascontiguousarray(out).tobytes()]] += 1
    assert len(counts) == len(windows) and min(counts.values()) > 12, f"some windows came too rarely: {counts}"


@pytest.mark.parametrize("axes", [(), (3,), (5, 3), (2, 2, 1)])
def test_RandomCrop_keeps_leading_axes(axes):
    """WHAT: (H, W), (C, H, W) and batches are all cut in their last two axes, at one place for everything in the tensor.
    WHY: an image and its mask, or two frames, must be cut alike.
    TIP: index with `...` in place of one colon for each axis.
    """
    rows = np.arange(1.0, 31).reshape(5, 6)
    out = RandomCrop((4, 2))(Tensor(np.broadcast_to(rows, (*axes, 5, 6)))).numpy()
    assert out.shape == (*axes, 4, 2), f"leading axes {axes}: the crop has shape {out.shape}"
    flat = out.reshape(-1, 4, 2)
    assert (flat == flat[0]).all() and flat[0].tolist() in [
        rows[i : i + 4, j : j + 2].tolist() for i in range(2) for j in range(5)
    ]


def test_random_transforms_follow_their_generator():
    """WHAT: outside of a loader the course's generator; in a stream its own, which doesn't touch the course's.
    WHY: otherwise a thread that works ahead changes your dropout.
    TIP: do you draw from `self.random`, in the call?
    """
    image = Tensor(np.arange(400.0).reshape(1, 20, 20))

    def crops():
        return [RandomCrop(2)(image)[0, 0, 0].item() for _ in range(6)]

    runs = []
    for seed in (1, 2, 1):
        manual_seed(seed)
        runs.append(crops())
    assert runs[0] == runs[2] != runs[1] and len(set(runs[0])) > 1
    manual_seed(1)
    before = rand(2).tolist()
    manual_seed(1)
    streams = []
    for key in ((1, 5), (2, 5), (1, 6), (1, 5)):
        with random_stream(*key):
            streams.append(crops())
    assert rand(2).tolist() == before, "in a stream, the course's generator isn't touched"
    assert streams[0] == streams[3] and streams[0] != streams[1] != streams[2] != streams[0]


@pytest.mark.parametrize("bad", [{"size": 5}, {"size": (4, 7)}, {"size": (7, 6), "padding": (1, 1, 0, 1)}])
def test_a_window_that_does_not_fit_is_refused(bad):
    """WHAT: a ValueError if the window is larger than the padded image, in rows or in columns.
    WHY: torchvision refuses it, and so a crop always has its size.
    TIP: compare the sizes after the zeros are added.
    """
    with pytest.raises(ValueError):
        RandomCrop(**bad)(Tensor(np.ones((1, 4, 6))))


@pytest.mark.parametrize(
    "options",
    [
        {"size": 0},
        {"size": 2.5},
        {"size": True},
        {"size": "3"},
        {"size": ()},
        {"size": (2.5, 3)},
        {"size": (1, 2, 3)},
        {"size": 2, "padding": -1},
        {"size": 2, "padding": 1.5},
        {"size": 2, "padding": (1, 0.5)},
        {"size": 2, "padding": (1, 1, 1)},
    ],
)
def test_bad_options_of_a_crop(options):
    """WHAT: what isn't a whole number, sizes below 1, and paddings below 0 or of a strange length, are a ValueError.
    WHY: better here than in the first batch.
    TIP: the options are given, in tinytorch/loading.py.
    """
    name, value = list(options.items())[-1]
    with pytest.raises(ValueError, match=re.escape(f"{name} is {value!r}")):
        RandomCrop(**options)


def test_bad_images_of_a_crop():
    """WHAT: an array is a TypeError, and an image without two axes a ValueError; NumPy's integers are sizes.
    WHY: ToTensor is missing more often than not.
    TIP: does your crop begin with `self.padded(img)`?
    """
    with pytest.raises(TypeError, match="ndarray"):
        RandomCrop(2)(np.ones((1, 4, 4)))
    with pytest.raises(ValueError, match=r"\(4,\)"):
        RandomCrop(2)(Tensor(np.ones(4)))
    assert RandomCrop(np.int64(3), [np.int64(1), 0])(Tensor(np.ones((1, 3, 1)))).shape == (1, 3, 3)


def test_flips_and_compose():
    """WHAT: a flip reverses each row, with probability p; transforms run one after the other.
    WHY: these are the two other transforms that most scripts use.
    TIP: both are given, in tinytorch/vocabulary/dataloader.py.
    """
    x = Tensor(np.arange(12.0).reshape(1, 3, 4))
    close(RandomHorizontalFlip(1.0)(x), x.numpy()[..., ::-1], "p=1")
    assert RandomHorizontalFlip(0.0)(x) is x
    manual_seed(4)
    flipped = sum(RandomHorizontalFlip()(x)[0, 0, 0].item() == 3 for _ in range(1000))
    assert 430 < flipped < 570, f"{flipped} of 1000 flips with p=0.5"
    with pytest.raises(ValueError, match=r"1\.5"):
        RandomHorizontalFlip(1.5)
    both = Compose([ToTensor(), Normalize([0.5], [0.5]), RandomHorizontalFlip(1.0)])
    close(both(np.array([[0, 255]], np.uint8)), [[[1, -1]]], "ToTensor, Normalize and a flip")
