"""Scripts: datasets, samplers, collating and loaders. What is drawn at random is compared by what must hold for every draw."""

import numpy as np

from tests.conformance.draws import script


def data(lib, rows=7):
    """A dataset of so many rows: row i is ([2i, 2i + 1], 10 i)."""
    x = lib.tensor(np.arange(2.0 * rows, dtype=np.float32).reshape(rows, 2))
    return lib.utils.data.TensorDataset(x, lib.tensor(np.arange(rows) * 10))


class Items:
    """Items by number that know nothing of either library."""

    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]


def items_of(lib):
    """The same items, as a dataset of the library."""
    return type("Own", (Items, lib.utils.data.Dataset), {})


def kind(step):
    """The type of the error that a step raises."""
    try:
        step()
    except Exception as error:
        return type(error).__name__
    return "no error"


# Datasets


@script
def tensor_dataset(lib):
    found = data(lib)
    return len(found), found[0], found[-1], found[2:5], list(found)[6], kind(lambda: found[7])


@script
def subset(lib):
    part = lib.utils.data.Subset(data(lib), [5, 1, 3])
    again = lib.utils.data.Subset(part, [2, 0])
    return (
        len(part),
        part[0],
        part[-1],
        part[[0, 2]],
        list(again),
        list(again.__getitems__([1, 0])),
        kind(lambda: part[3]),
    )


@script
def concat_dataset(lib):
    both = lib.utils.data.ConcatDataset([data(lib, 3), data(lib, 4), data(lib, 1)])
    numbers = [both[i][1] for i in (0, 2, 3, 6, 7, -1, -2, -8)]
    errors = [kind(lambda i=i: both[i]) for i in (8, -9)]
    return (
        len(both),
        both.cumulative_sizes,
        numbers,
        errors,
        len(data(lib, 2) + data(lib, 5)),
        (data(lib, 2) + data(lib, 5))[3],
    )


@script
def a_dataset_without_items(lib):
    return kind(lambda: lib.utils.data.Dataset()[0])


@script
def random_split_sizes(lib):
    splits = (
        (10, [0.33, 0.33, 0.34]), (11, [0.5, 0.5]), (10, [3, 7]), (10, [0, 10]), (3, [0.25] * 4), (10, [0.05, 0.95]),
        (10, [0.15, 0.15, 0.7]), (1, [1]), (10, [0, 1.0]),
    )  # fmt: skip
    parts = [lib.utils.data.random_split(range(count), lengths) for count, lengths in splits]
    return [[len(part) for part in split] for split in parts], [
        sorted(i for part in split for i in part.indices) for split in parts
    ]


@script
def random_split_errors(lib):
    bad = ([5, 4], [0.5, 0.4], [1.5, -0.5], [12, -1])
    return [kind(lambda lengths=lengths: lib.utils.data.random_split(range(10), lengths)) for lengths in bad]


@script
def random_split_of_a_generator(lib):
    splits = [
        lib.utils.data.random_split(range(20), [15, 5], generator=lib.Generator().manual_seed(seed))
        for seed in (1, 1, 2)
    ]
    first, same, other = (list(split[0].indices) for split in splits)
    return first == same, first == other, first == sorted(first)


# Samplers


@script
def sequential_sampler(lib):
    sampler = lib.utils.data.SequentialSampler(range(4))
    return list(sampler), list(sampler), len(sampler)


@script
def random_sampler(lib):
    found = []
    for options in (
        {},
        {"num_samples": 25},
        {"num_samples": 3},
        {"replacement": True},
        {"replacement": True, "num_samples": 40},
    ):
        sampler = lib.utils.data.RandomSampler(range(10), **options)
        order = list(sampler)
        whole = [sorted(order[i : i + 10]) == list(range(10)) for i in range(0, len(order) - 9, 10)]
        found.append((len(sampler), sampler.num_samples, len(order), {type(i) for i in order} == {int}))
        found.append(whole if "replacement" not in options else set(order) <= set(range(10)))
    return found


@script
def random_sampler_repeats(lib):
    runs = []
    for make in (lambda: None, lambda: lib.Generator().manual_seed(4)):
        for _ in range(2):
            lib.manual_seed(3)
            sampler = lib.utils.data.RandomSampler(range(30), generator=make())
            runs.append([list(sampler), list(sampler)])
    return runs[0] == runs[1], runs[2] == runs[3], runs[0][0] == runs[0][1], runs[2][0] == runs[2][1]


@script
def batch_sampler(lib):
    found = []
    for count, size in ((7, 3), (6, 3), (2, 5), (0, 2), (5, 1)):
        for drop_last in (False, True):
            sampler = lib.utils.data.BatchSampler(lib.utils.data.SequentialSampler(range(count)), size, drop_last)
            found.append((list(sampler), len(sampler)))
    return found, list(lib.utils.data.BatchSampler(iter("abcde"), 2, False))


@script
def weighted_sampler(lib):
    sampler = lib.utils.data.WeightedRandomSampler([0.0, 2.0, 0.0], 5)
    parts = sorted(lib.utils.data.WeightedRandomSampler([1, 0, 5, 1], 3, replacement=False))
    of_tensor = lib.utils.data.WeightedRandomSampler(lib.tensor([0.0, 1.0]), 2, generator=lib.Generator())
    return list(sampler), len(sampler), parts, list(of_tensor)


@script
def a_sampler_of_ones_own(lib):
    class Backwards(lib.utils.data.Sampler):
        def __init__(self, count):
            self.count = count

        def __iter__(self):
            return iter(range(self.count - 1, -1, -1))

        def __len__(self):
            return self.count

    loader = lib.utils.data.DataLoader(data(lib), 3, sampler=Backwards(5))
    return len(loader), [y for _, y in loader], kind(lambda: list(lib.utils.data.Sampler()))


@script
def sampler_errors(lib):
    found = lib.utils.data
    return [
        kind(step)
        for step in (
            lambda: found.RandomSampler(range(3), replacement=1),
            lambda: found.RandomSampler(range(3), num_samples=0),
            lambda: found.RandomSampler([]),
            lambda: found.BatchSampler(range(3), 0, False),
            lambda: found.BatchSampler(range(3), True, False),
            lambda: found.BatchSampler(range(3), 2, 1),
            lambda: list(found.WeightedRandomSampler([1.0, -2.0], 3)),
            lambda: list(found.WeightedRandomSampler([0.0, 0.0], 3)),
            lambda: list(found.WeightedRandomSampler([0.0, 1.0], 3, False)),
            lambda: found.WeightedRandomSampler([[1.0, 2.0]], 3),
            lambda: found.WeightedRandomSampler([1.0], 0),
            lambda: found.WeightedRandomSampler([1.0, 1.0], 2, 1),
        )
    ]


# Collating


@script
def collate_dtypes(lib):
    batches = (
        [1, 2], [1.5, 2], [1, 2.5], [True, False], [np.float32(1)] * 2, [np.int16(3)], [np.float64(0.5)] * 3,
        [np.uint8(200)], [np.bool_(True)], [np.zeros((2, 3))] * 2, [np.ones(2, np.float32)], [np.zeros(2, np.uint8)] * 2,
        [np.array(1.5)] * 2, [lib.tensor([1.0, 2.0])] * 3, [lib.tensor(1), lib.tensor(2)], [lib.tensor(1), lib.tensor(2.5)],
        [lib.tensor([True])] * 2,
    )  # fmt: skip
    return [lib.utils.data.default_collate(batch) for batch in batches]


@script
def collate_structures(lib):
    one = lib.tensor([1.0])
    batches = (
        ["a", "b"], [b"a"], [(1, 2.0), (3, 4.0)], [[1, 2], [3, 4]], [(one, 5), (one, 6)], [{"x": one, "y": 1}] * 2,
        [{"x": (1, [one, 2])}] * 2, [(1, {"a": [1.5, {"b": "c"}]})] * 3, [[], []], [{"a": 1}, {"a": 2, "b": 3}], [()],
    )  # fmt: skip
    return [lib.utils.data.default_collate(batch) for batch in batches]


@script
def collate_errors(lib):
    batches = (
        [None, None], [object()], [1j], [np.array("a")], [(1, 2), (1,)], [[1], []], [{"a": 1}, {"b": 1}],
        [lib.tensor([1.0]), lib.tensor([1.0, 2.0])], [np.zeros(2), np.zeros(3)],
    )  # fmt: skip
    return [kind(lambda batch=batch: lib.utils.data.default_collate(batch)) for batch in batches]


# Loaders


@script
def loader(lib):
    found = []
    for size in (1, 3, 7, 20):
        for drop_last in (False, True):
            loader = lib.utils.data.DataLoader(data(lib), batch_size=size, drop_last=drop_last)
            found.append((len(loader), list(loader), loader.batch_size, loader.drop_last, loader.num_workers))
    return found


@script
def loader_of_ones_own_dataset(lib):
    rows = [{"x": [i, i / 2], "name": str(i)} for i in range(5)]
    return list(lib.utils.data.DataLoader(items_of(lib)(rows), 2)), list(lib.utils.data.DataLoader(range(5), 2))


@script
def loader_of_many_items_at_once(lib):
    class AtOnce(items_of(lib)):
        def __getitems__(self, indices):
            return [self.items[i] + 100 for i in indices]

    found = AtOnce([1, 2, 3, 4, 5])
    return list(lib.utils.data.DataLoader(found, 2)), list(
        lib.utils.data.DataLoader(lib.utils.data.Subset(found, [4, 0]), 2)
    )


@script
def loader_with_samplers(lib):
    found = data(lib)
    by_sampler = lib.utils.data.DataLoader(found, 2, sampler=[5, 3, 3])
    by_lists = lib.utils.data.DataLoader(found, batch_sampler=[[6], [0, 0, 1]])
    by_tuples = lib.utils.data.DataLoader(found, batch_sampler=[(6,), (0, 0, 1)])
    made = lib.utils.data.DataLoader(found, 2, collate_fn=len)
    return (
        list(by_sampler),
        len(by_sampler),
        list(by_lists),
        len(by_lists),
        list(by_tuples),
        list(made),
        list(lib.utils.data.DataLoader([])),
    )


@script
def loader_shuffles(lib):
    runs = []
    for make in (lambda: None, lambda: lib.Generator().manual_seed(4)):
        for _ in range(2):
            lib.manual_seed(3)
            loader = lib.utils.data.DataLoader(data(lib, 30), 8, shuffle=True, generator=make())
            runs.append([[i for _, y in loader for i in y.tolist()] for _ in range(2)])
    every = [sorted(order) == [10 * i for i in range(30)] for run in runs for order in run]
    return every, runs[0] == runs[1], runs[2] == runs[3], runs[0][0] == runs[0][1], runs[2][0] == runs[2][1]


@script
def loader_errors(lib):
    made, found = lib.utils.data.DataLoader, data(lib)
    lists = [[0, 1]]
    return [
        kind(step)
        for step in (
            lambda: made(found, batch_size=0),
            lambda: made(found, batch_size=-1),
            lambda: made(found, batch_size=2.5),
            lambda: made(found, shuffle=True, sampler=[0]),
            lambda: made(found, batch_sampler=lists, batch_size=3),
            lambda: made(found, batch_sampler=lists, shuffle=True),
            lambda: made(found, batch_sampler=lists, sampler=[0]),
            lambda: made(found, batch_sampler=lists, drop_last=True),
            lambda: made(found, num_workers=-1),
            lambda: made(found, prefetch_factor=2),
            lambda: made([], shuffle=True),
            lambda: made(found, colour=1),
        )
    ]


@script
def training_on_a_loader(lib):
    """In order, so that both libraries see the same batches: the losses of two epochs."""
    net = lib.nn.Linear(2, 1)
    net.load_state_dict({"weight": lib.tensor([[0.25, -0.5]]), "bias": lib.tensor([0.125])})
    optimizer, losses = lib.optim.SGD(net.parameters(), lr=0.001), []
    for _ in range(2):
        for x, y in lib.utils.data.DataLoader(data(lib), 3):
            optimizer.zero_grad()
            loss = lib.nn.functional.mse_loss(net(x).squeeze(1), y.float() / 10)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses
