import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Module 08: Dataloader")

with app.setup(hide_code=True):
    from collections.abc import Sequence
    from contextlib import closing, suppress
    from tempfile import TemporaryDirectory
    from time import sleep

    import marimo as mo
    import numpy as np

    import tinytorch.loading as loading
    from tinytorch.layers import Flatten, Linear, ReLU, Sequential
    from tinytorch.loading import BatchSampler, Rows, check_alike, items_of
    from tinytorch.losses import cross_entropy
    from tinytorch.optimizers import SGD
    from tinytorch.tensor import Tensor, manual_seed, rand, stack
    from tinytorch.training import train_epoch
    from tito.diagrams import diagram
    from tito.lesson import close, compare, measure, raises, show
    from tito.picture import panels


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # Module 08: Dataloader

    Real data doesn't come as two tensors in memory. It is read, augmented and put together, and meanwhile the network waits. How do
    you feed a network so that it waits as little as possible, and so that you can repeat every batch?

    **When you are done:** I can ...

    - turn any collection of items into shuffled batches, and repeat their order from a seed;
    - stop in the middle of an epoch, and resume with exactly the batches that were left;
    - say where the time of an epoch goes, and when preparing batches ahead helps;
    - normalize and augment images without spoiling the test part.

    **You need:** Modules 01 to 07. **It unlocks:** Module 09, convolutions.
    """)
    return


@app.cell(hide_code=True)
def _():
    diagram("dataloader")
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 1. A dataset: items by index

    Ten million images don't fit into memory, and a training step needs only 64 of them. So a **dataset** promises just two things: its
    length, `len(dataset)`, and `dataset[i]`, which reads item `i` when you ask for it.

    If the data *is* in memory, one item at a time is slow: for two tensors, 64 items take 128 indexing operations. So a dataset may
    also offer `__getitems__`, which takes a list of indices and returns all of these items at once. A tensor does that in one
    operation: `x[[3, 0, 3]]` has its rows 3, 0 and 3. The items come back as `Rows`: a sequence of items that stores them as columns,
    `Rows([images, classes])`. Item `i` has entry `i` of each column. (It is given, as all of `tinytorch/loading.py`.)
    """)
    return


@app.class_definition
class Dataset(loading.Joinable):
    """Items by index: a subclass defines `__len__` and `__getitem__`, and may define `__getitems__`, for many at once."""

    def __getitem__(self, index):
        raise NotImplementedError(f"{type(self).__name__}.__getitem__: define it, so that dataset[i] returns item i")


@app.class_definition
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

        Steps:
            1. Take the rows of each tensor, all at once.
            2. Make Rows of the results.

        Hint: the second paragraph of section 1 shows both, for one tensor and for two columns.
        """
        ### BEGIN SOLUTION
        return Rows(tensor[indices] for tensor in self.tensors)
        ### END SOLUTION


@app.function
# points: 2
def test_TensorDataset_getitems():
    """WHAT: the rows you ask for, in that order, of every tensor; as Rows; with one indexing operation per tensor.
    WHY: this is why a batch of 64 costs hardly more than an item.
    TIP: print `columns` of what you return. Which rows does it have, and of which tensors?
    """
    x, y = Tensor(np.arange(12.0).reshape(6, 2)), Tensor(np.arange(6) * 10)
    for indices in ([4, 0, 4], [5], [2, 3]):
        rows = items_of(TensorDataset(x, y), indices)
        assert isinstance(rows, Rows) and len(rows.columns) == 2, "return Rows, with a column for each tensor"
        close(rows.columns[0], [[2 * i, 2 * i + 1] for i in indices], f"x of items {indices}", dtype=np.float32)
        close(rows.columns[1], [10 * i for i in indices], f"y of items {indices}", dtype=np.int64)
    before, calls, Tensor.recorder = Tensor.recorder, [], lambda *operation: calls.append(1)
    items_of(TensorDataset(x, y), [0, 1, 2, 3, 4, 5] * 9)
    Tensor.recorder = before
    assert len(calls) <= 8, f"54 items of 2 tensors took {len(calls)} operations: index each tensor once, with the list"


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 2. Own the order

    A **sampler** yields the indices of one epoch, and a batch sampler groups them into lists. Two epochs over five items, by hand:

    | epoch | order | batches of 2 |
    |:---|:---|:---|
    | 1 | 3 0 4 1 2 | (3, 0), (4, 1), (2) |
    | 2 | 1 4 2 0 3 | (1, 4), (2, 0), (3) |

    Each epoch has every item, in another order. "Random" must not mean "unknown": draw both orders from one generator, and the same
    seed gives the same two orders. Mind where you seed: if you seed at the start of each epoch, all epochs are the same.

    With `replacement`, each draw is from all items: some come twice, others never. Without it, if `num_samples` exceeds the number of
    items, whole orders follow each other, each newly drawn, and the last is cut short. `SequentialSampler` and `BatchSampler` are given.
    """)
    return


@app.class_definition
class RandomSampler(loading.RandomOptions):
    """Indices of a dataset in random order. The options are given: `data_source`, `replacement`, `num_samples`, `generator`."""

    def __iter__(self):
        """An iterator over `num_samples` indices, as plain integers. Each iteration draws anew.

        >>> sorted(RandomSampler(range(4))), len([*RandomSampler(range(4), replacement=True, num_samples=9)])
        ([0, 1, 2, 3], 9)

        Steps:
            1. With replacement, draw each index from all of them.
            2. Without, draw as many whole orders as you need, and cut off the rest.

        Hint: `self.random` is a NumPy generator, with the methods `permutation` and `integers`. See also `np.concatenate`.
        """
        ### BEGIN SOLUTION
        count = len(self.data_source)
        if self.replacement:
            return iter(self.random.integers(count, size=self.num_samples).tolist())
        orders = [self.random.permutation(count) for _ in range(-(-self.num_samples // count))]
        return iter(np.concatenate(orders)[: self.num_samples].tolist())
        ### END SOLUTION


@app.function
# points: 3
def test_RandomSampler_iter():
    """WHAT: whole orders without replacement, any items with it; a new order each time, which a seed repeats.
    WHY: an item that never comes is lost, and an order that you can't repeat hides every bug that depends on it.
    TIP: print list(sampler) twice. What must be the same, and what must differ?
    """
    for total in (6, 4, 15):
        order = list(RandomSampler(range(6), num_samples=total))
        assert len(order) == total, f"num_samples={total} gave {len(order)} indices"
        assert all(type(i) is int for i in order), "yield plain integers, as tolist() makes them"
        rounds = [order[i : i + 6] for i in range(0, total, 6)]
        whole = all(len(set(part)) == len(part) and set(part) <= set(range(6)) for part in rounds)
        assert whole, f"without replacement, items 0 to 5 must all come before one comes again, not {order}"
    order = list(RandomSampler(range(30), num_samples=60))
    assert order[:30] != order[30:], "num_samples=60 of 30 items repeated one order: draw each order anew"
    drawn = list(RandomSampler(range(6), replacement=True, num_samples=300))
    assert len(drawn) == 300 and set(drawn) == set(range(6)), f"300 draws of 6 items with replacement gave {set(drawn)}"
    assert any(len(set(drawn[i : i + 6])) < 6 for i in range(0, 300, 6)), "with replacement, items may come again soon"
    runs = []
    for seed in (1, 2, 1):
        manual_seed(seed)
        runs.append([list(sampler := RandomSampler(range(12))), list(sampler)])
    gaps = {(order.index(1) - order.index(0)) % 12 for run in runs for order in run}
    assert len(gaps) > 1, f"the order isn't random: {runs[0][0]}"
    assert runs[0][0] != runs[0][1], "two epochs had the same order: draw when the iteration begins"
    assert runs[0] == runs[2] and runs[0] != runs[1], "a seed must repeat two epochs: use self.random"

    ### BEGIN HIDDEN TESTS
    class Seeded(RandomSampler):
        random = property(lambda self: np.random.default_rng(3))

    for more in (False, True):
        pair = [list(Seeded(range(12), replacement=more)) for _ in range(2)]
        assert pair[0] == pair[1], "the same generator must repeat the order: use self.random"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    batch_size = mo.ui.slider(steps=[1, 8, 32, 64, 100, 256, 1000, 5000], value=64, label="batch size", show_value=True)
    drop_last = mo.ui.checkbox(label="drop_last")
    mo.md(f"""
    ### Explore: batch size against steps and memory

    A short last batch has a noisy gradient, and its step counts as much as any other; `drop_last` leaves it out. (Only in training: a
    measurement needs every image.) Here is an epoch of 60,000 images, 784 float32 each. **Predict**: when the batch size doubles, what
    happens to the number of steps, and to the memory of a batch? At which sizes does `drop_last` lose images? {batch_size} {drop_last}
    """)
    return batch_size, drop_last


@app.function(hide_code=True)
def explore_batch_size(size, drop_last):
    """Markdown: steps, images left out, and memory of a batch."""
    batches = list(BatchSampler(range(60_000), size, drop_last))
    return mo.md(f"""
    | steps in an epoch | images in the last batch | images left out | memory of a batch |
    |---:|---:|---:|---:|
    | {len(batches):,} | {len(batches[-1]):,} | {60_000 - sum(map(len, batches)):,} | {size * 784 * 4 / 2**20:.2f} MiB |
    """)


@app.cell(hide_code=True)
def _(batch_size, drop_last):
    show(explore_batch_size, batch_size.value, drop_last.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 3. Collate: from items to a batch

    Items come one by one; the network wants one tensor of images and one of classes. To **collate** is to put items together, and the
    batch has the structure of an item: `(x0, 3)` and `(x1, 7)` become `[stack of x0 and x1, tensor([3, 7])]`. Nested items: a recursion.

    | items | batch |
    |:---|:---|
    | tensors, NumPy arrays, NumPy scalars | a tensor with one more axis, in front; the dtype stays |
    | `bool`; `int` | a tensor of bool; of int64 |
    | `float` | a tensor of **float64**, which is what a Python float is (as in PyTorch) |
    | strings and bytes | a list of them, unchanged |
    | tuples and lists; dicts | a list of batches, one for each entry; a dict of batches, one for each key |
    | `Rows` | the list of its columns, as they are |

    Images of different sizes can't be stacked: `check_alike(batch)` raises an error that names one. (Your own `collate_fn` may pad them.)
    """)
    return


@app.function
def default_collate(batch: Sequence) -> object:
    """Put items together into one batch, by the table above. TypeError for kinds that it lacks, and what `check_alike` raises.

    Args:
        batch: a list of items, all of one kind and structure, or `Rows`.

    Returns:
        A tensor with one more axis in front, or the same structure of such tensors.

    >>> default_collate([(Tensor([1.0, 2.0]), {"n": 3}), (Tensor([5.0, 6.0]), {"n": 7})])
    [tensor([[1., 2.],
            [5., 6.]]), {'n': tensor([3, 7])}]

    Steps:
        1. `Rows` are a batch already. Otherwise, check that the items are alike.
        2. Look at the first item: make one tensor, or collate each entry. Refuse every kind that isn't in the table.

    Hint: `np.generic` is the class of NumPy scalars, and np.float64 is a `float` as well. `zip(*rows)` yields columns.
    """
    ### BEGIN SOLUTION
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
    ### END SOLUTION


@app.function
# points: 4
def test_default_collate():
    """WHAT: every row of the table: values, shapes, dtypes and structure; what doesn't fit together is refused.
    WHY: a label that silently becomes a float, or an image with the wrong axis first, breaks the loss three modules away.
    TIP: which kind of item does the failing line have, and which of your cases does it reach first?
    """
    x, y = Tensor([[1.0, 2.0]]), Tensor([[3.0, 4.0]])
    close(default_collate([x, y, x]), [[[1, 2]], [[3, 4]], [[1, 2]]], "three tensors (1, 2)", dtype=np.float32)
    for kind in (np.uint8, np.float64, np.int32):
        close(default_collate([np.ones(2, kind)] * 3), np.ones((3, 2)), f"three arrays of {kind.__name__}", dtype=kind)
        close(default_collate([kind(1), kind(2)]), [1, 2], f"two scalars of {kind.__name__}", dtype=kind)
    for items, dtype in (([3, 7], np.int64), ([0.5, 1.5], np.float64), ([True, False], np.bool_)):
        close(default_collate(items), items, f"the items {items}", dtype=dtype)
    assert default_collate(["a", "b"]) == ["a", "b"] and default_collate([b"a"]) == [b"a"], "strings stay as they are"
    batch = default_collate([(x, 3), (y, 7), (x, 5)])
    shapes = [getattr(part, "shape", "no tensor") for part in batch]
    assert isinstance(batch, list) and shapes == [(3, 1, 2), (3,)], f"entries (1, 2) and () of 3 items became {shapes}"
    close(batch[0], [[[1, 2]], [[3, 4]], [[1, 2]]], "the first entries")
    close(batch[1], [3, 7, 5], "the second entries", dtype=np.int64)
    batch = default_collate([{"x": [1.5, 2], "name": "a"}, {"x": [2.5, 4], "name": "b"}])
    assert sorted(batch) == ["name", "x"] and batch["name"] == ["a", "b"], "dicts must become a dict of batches"
    close(batch["x"][0], [1.5, 2.5], "the first entries of lists in dicts", dtype=np.float64)
    close(batch["x"][1], [2, 4], "the second entries of lists in dicts", dtype=np.int64)
    columns = default_collate(Rows([x, y]))
    assert isinstance(columns, list) and len(columns) == 2, f"Rows must become the list of their columns, not {columns}"
    assert columns[0] is x and columns[1] is y, "Rows are a batch already: return the columns, not copies"
    differ = ([x, Tensor([[1.0]])], RuntimeError), ([(1, 2), (1,)], RuntimeError), ([{"a": 1}, {"b": 1}], KeyError)
    for bad, error in (*differ, ([None, None], TypeError)):
        raises(error, lambda bad=bad: default_collate(bad), f"the items {bad}")


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 4. Prefetch: prepare while you compute

    In a plain loop the network waits while a batch is prepared, and then preparing waits for the network. With 3 ms to prepare and
    5 ms to compute, a batch takes 8 ms. If a **thread** prepares the next batch meanwhile, it takes 5 ms: the larger of the two, and
    prefetching can't save more. It saves that much only if the two overlap. A thread that waits for a disk lets yours run, and so does
    one inside NumPy's arithmetic. But Python code takes turns: only the thread that holds the **GIL**, the global interpreter lock, runs
    it. (PyTorch starts processes instead: each has a GIL of its own, but must be started, and must send its batches over.)

    `prefetched(batches, ahead)` in `tinytorch/loading.py` is given. At most `ahead` batches wait in memory: its thread prepares the next
    one when you take one. An error in the thread arrives in your loop, with its traceback.
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 5. The loader, and how to resume it

    A `DataLoader` puts the parts together. Now the machine restarts after 700 of 938 batches. How do you get the other 238? Restoring
    the generator's state, as in Module 07, isn't enough: the order was drawn *at the start* of the epoch, from a state that is gone. So
    the loader keeps that state, as `start`, and counts the batches that you have taken: `position`. To resume, it draws the order
    again from `start` and skips the first `position` lists, without reading an item. Then the generators must go back to where they were
    when you stopped: dropout and the next epoch draw from there.

    A thread is a few batches ahead of you, so random transforms must not draw from the generator that your dropout uses. Each batch has
    its own, seeded by the batch's number and a seed that is drawn once per epoch: the same with a thread, without, and when you resume.
    """)
    return


@app.class_definition
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

        Steps:
            1. Keep the states of now. From which states is this epoch drawn: these, or those that were loaded?
            2. Draw it. Are the generators where they should be now?
            3. Return the lists that are left.

        Hint: `self.rng_states()`, `self.set_rng_states(states)`, and `self.draw_epoch()`, which returns all lists. When is which called?
        """
        ### BEGIN SOLUTION
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
        ### END SOLUTION

    def __iter__(self):
        order = self.order()
        with closing(self.load(order)) as batches:  # closing ends the thread
            for batch in batches:
                self.position += 1
                yield batch
        self.start, self.position = None, 0


@app.function
# points: 4
def test_DataLoader_order():
    """WHAT: a new order for each epoch; resumed anywhere, the batches that were left, then the epochs after it.
    WHY: a run of a week stops more than once, and must not learn some items twice and others never.
    TIP: write down start, position and the state of the generators before and after order(), for a new epoch and a resumed one.
    """
    data = TensorDataset(Tensor(np.arange(10)))
    loader, lists = DataLoader(data, 4), [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert [loader.order(), loader.order()] == [lists, lists], "without shuffle, the lists come in order, in each epoch"
    assert loader.position == 0 and loader.start is not None, "a new epoch must set start, and position to 0"

    class Run(DataLoader):
        def __init__(self, own):
            super().__init__(data, 4, shuffle=True, generator=np.random.default_rng(3) if own else None)

        def take(self, most=99):
            """Take some batches; the loop draws a number after each, as dropout would."""
            return [(batch[0].tolist(), rand(1))[0] for _, batch in zip(range(most), self, strict=False)]

    for own in (False, True):
        manual_seed(7)
        epochs = [whole.take() for whole in [Run(own)] * 3]
        assert epochs[0] != epochs[1], "two epochs had the same order: when do you draw?"
        for taken in (1, 2, 3):
            manual_seed(7)
            stopped, resumed = Run(own), Run(own)
            begun, state = stopped.take(taken), stopped.state_dict()
            assert len(stopped.take()) == 3, "after a loop that ended early, a new epoch must have all batches"
            resumed.load_state_dict(state)
            rest, case = resumed.take(), f"resumed after {taken} of 3 batches"
            assert begun + rest == epochs[0], f"{case}: {begun}, then {rest}; without a stop: {epochs[0]}"
            later = [resumed.take(), resumed.take()]
            assert later == epochs[1:], f"{case}, the epochs after it differ: where are the generators?"

    ### BEGIN HIDDEN TESTS
    class Toy(Dataset):
        def __len__(self):
            return 5

        def __getitem__(self, index):
            return index, {"half": index / 2}

    got = [(x.tolist(), y["half"].tolist()) for x, y in DataLoader(Toy(), 3)]
    assert got == [([0, 1, 2], [0.0, 0.5, 1.0]), ([3, 4], [1.5, 2.0])], f"five items in batches of 3 gave {got}"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 6. Normalize: by whose mean?

    Pixels from 0 to 255 make the first layer's outputs and gradients hundreds of times too large. So subtract a mean $\mu$ from each
    channel, and divide by a standard deviation $\sigma$: for $\mu = 0.5$ and $\sigma = 0.25$, pixels 0, 0.5 and 1 become $-2$, 0 and 2.

    These two numbers belong to the model, like its weights: measure them once, on the *training* part, and use them for everything else.
    If you measure them on all the data, they have seen the test part. And if each part or each image is normalized by its *own* mean,
    night looks like day: the network no longer sees what it was trained on.
    """)
    return


@app.class_definition
class Normalize(loading.NormalizeOptions):
    """A transform, as in torchvision: subtract `mean` and divide by `std`, one number for each channel."""

    def __call__(self, tensor: Tensor) -> Tensor:
        """Normalized images, (..., C, H, W), as a new tensor. TypeError if their dtype isn't a float dtype.

        >>> Normalize([0.5], [0.25])(Tensor([[[0.0, 0.5, 1.0]]]))
        tensor([[[-2.,  0.,  2.]]])

        Steps:
            1. Refuse images that aren't floats: `ToTensor` makes them so.
            2. Apply the formula.

        Hint: `self.mean` and `self.std` are arrays (C, 1, 1). `dtype.kind` is "f" for floats.
        """
        self.check_channels(tensor)
        ### BEGIN SOLUTION
        if tensor.dtype.kind != "f":
            raise TypeError(f"the image is {tensor.dtype}: make it float first, with ToTensor() or .float()")
        return (tensor - self.mean) / self.std
        ### END SOLUTION


@app.function
# points: 2
def test_Normalize_call():
    """WHAT: each channel by the two numbers given for it, whatever image it is; one image or a batch; a new tensor; floats only.
    WHY: a dark image must stay dark, or the network sees another world in testing than in training.
    TIP: compute one pixel of the failing case by hand. Which mean do you use, the given one? Which dtypes do you refuse?
    """
    x, normalize = Tensor([[[0.0, 1.0]], [[2.0, 4.0]]]), Normalize([0.5, 3.0], [0.25, 2.0])
    close(normalize(x), [[[-2, 2]], [[-0.5, 0.5]]], "an image, by means (0.5, 3) and stds (0.25, 2)", dtype=np.float32)
    close(x, [[[0, 1]], [[2, 4]]], "after normalize(x), x itself must not have changed")
    expected = [[[[-2, 2]], [[-0.5, 0.5]]], [[[2, 6]], [[0, 1]]]]
    close(normalize(stack([x, x + 1])), expected, "a batch of two images, x and x + 1")
    raises(TypeError, lambda: normalize(Tensor([[[1]], [[2]]])), "an int64 image")


@app.cell(hide_code=True)
def _():
    pixels = mo.ui.dropdown(["0 to 255", "0 to 1", "normalized"], value="0 to 255", label="pixels")
    first_lr = mo.ui.slider(steps=[0.001, 0.01, 0.1, 0.5], value=0.1, label="lr", show_value=True)
    mo.md(f"""
    ### Explore: what normalization does to the first layer

    A network 64-32-10 learns 1000 digits with plain SGD. **Predict**, for each kind of pixels: how large are the outputs of the first
    layer before training, and does the loss fall with this `lr`? {pixels} {first_lr}
    """)
    return first_lr, pixels


@app.function(hide_code=True)
def explore_normalization(kind, lr):
    """Figure: the outputs of an untrained first layer, and the training loss of ten epochs, for one kind of pixels."""
    from sklearn.datasets import load_digits

    x, y = Tensor(load_digits().images[:1000, None] / 16), Tensor(load_digits().target[:1000])
    x = Normalize([x.mean().item()], [x.array.std()])(x) if kind == "normalized" else x * int(kind.split()[-1])
    manual_seed(0)
    net = Sequential(Flatten(), Linear(64, 32), ReLU(), Linear(32, 10))
    loader, losses = DataLoader(TensorDataset(x, y), 50, shuffle=True), []
    figure, (left, right) = panels(2)
    outputs = net[1](net[0](x)).detach().numpy().ravel()
    left.hist(outputs, bins=60)
    left.set(title=f"first layer: {outputs.mean():.2g} ± {outputs.std():.2g}", xlabel="output", yticks=[])
    with np.errstate(all="ignore"), suppress(FloatingPointError):
        for _ in range(10):
            losses.append(train_epoch(net, cross_entropy, SGD(net.parameters(), lr), loader))
    right.plot(range(1, len(losses) + 1), losses, "o-")
    end = f"at the end {losses[-1]:.3g}" if len(losses) == 10 else f"not finite in epoch {len(losses) + 1}"
    right.set(xlabel="epoch", title=f"training loss, {end}")
    return figure


@app.cell(hide_code=True)
def _(first_lr, pixels):
    show(explore_normalization, pixels.value, first_lr.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 7. Random transforms: whose randomness?

    A digit moved by a pixel is the same digit, and to a network of linear layers a new example. **Augmentation** moves, crops or flips
    images at random (but a mirrored 2 isn't a 2). Only in training: an augmented test part would give another accuracy each time.

    Do random transforms differ by themselves? Only while their generator advances. Three things go wrong, without an error. A generator
    made from a fixed seed inside the call gives the same crop each time. Two worker processes with copies of one generator draw the
    same numbers (many PyTorch programs with NumPy had this bug). A transform of a whole batch draws once: all its images get the same
    crop. So draw from `self.random`, once for each image: in a loader it is the batch's generator, elsewhere the course's.
    """)
    return


@app.class_definition
class RandomCrop(loading.CropOptions):
    """A transform, as in torchvision: cut out a window of `size`, (rows, columns) or one number for both, at a random place.

    `padding` adds zeros first: on all sides; or (left and right, top and bottom); or (left, top, right, bottom).
    """

    def __call__(self, img: Tensor) -> Tensor:
        """A random window of an image, (..., H, W). ValueError if it is larger than the padded image.

        >>> RandomCrop(3)(Tensor(np.ones((1, 5, 5)))).shape
        (1, 3, 3)

        Steps:
            1. Add the zeros. Refuse a window that doesn't fit then.
            2. Draw its first row, then its first column; every place where it fits is equally likely. Cut it out.

        Hint: `self.padded(img)` returns the image with the zeros; `self.size` is (rows, columns). `self.random.integers(n)` draws from
        0 to n - 1. In how many rows can a window of 3 rows begin in 5? An index `...` stands for all leading axes.
        """
        ### BEGIN SOLUTION
        img, (height, width) = self.padded(img), self.size
        rows, columns = img.shape[-2] - height + 1, img.shape[-1] - width + 1
        if rows < 1 or columns < 1:
            raise ValueError(f"a window {self.size} doesn't fit into {img.shape[-2:]}: use a smaller size, or padding")
        top, left = (int(self.random.integers(places)) for places in (rows, columns))
        return img[..., top : top + height, left : left + width]
        ### END SOLUTION


@app.function
# points: 3
def test_RandomCrop_call():
    """WHAT: a window from any place where it fits, zeros where it leaves the image; new each time; from the right generator.
    WHY: a crop that is the same for every image, or in every epoch, augments nothing, and nothing looks broken.
    TIP: print ten crops of the test's image. Which places never come? Does a seed repeat them? Are two in a row equal?
    """
    image = Tensor(np.arange(1.0, 21).reshape(1, 4, 5))
    for size, padding, expected in (((3, 2), None, {1, 2, 3, 4, 6, 7, 8, 9}), ((4, 5), 1, {0, 1, 2, 6, 7})):
        corners = {RandomCrop(size, padding)(image)[0, 0, 0].item() for _ in range(300)}
        windows = f"windows {size} of the image (4, 5) with padding={padding}"
        assert corners == expected, f"{windows} began with the pixels {sorted(corners)}, not {sorted(expected)}"
    shapes = [RandomCrop((3, 2))(Tensor(np.ones((*axes, 4, 5)))).shape[:-2] for axes in ((), (2,), (6, 2))]
    assert shapes == [(), (2,), (6, 2)], f"the leading axes (), (2,) and (6, 2) became {shapes}"
    pixels = np.arange(1.0, 41).reshape(2, 4, 5)
    crop, padded = RandomCrop((5, 6), (0, 1, 1, 2))(Tensor(pixels)), np.pad(pixels, [(0, 0), (1, 2), (0, 1)])
    windows = [padded[:, i : i + 5, :].tolist() for i in range(3)]
    assert crop.tolist() in windows, f"padding (0, 1, 1, 2): {crop.tolist()} isn't a window of {padded.tolist()}"
    runs = []
    for seed in (1, 2, 1):
        manual_seed(seed)
        runs.append([RandomCrop(2)(image)[0, 0, 0].item() for _ in range(20)])
    assert len(set(runs[0])) > 3, "20 crops in a row were nearly all the same: draw anew in each call"
    assert runs[0] == runs[2] and runs[0] != runs[1], "a seed must repeat the crops: draw from self.random"

    class Crops(TensorDataset):
        def __getitems__(self, indices):
            return [RandomCrop(2)(image)[0, 0, 0] for _ in indices]

    loaded = []
    for workers in (0, 1):
        manual_seed(1)
        loaded.append([[x.tolist() for x in DataLoader(Crops(image[0]), 2, num_workers=workers)] for _ in range(2)])
    assert loaded[0] == loaded[1], "in a thread the crops differ: draw from self.random, the generator of the batch"
    for size, padding in ((5, None), ((4, 6), None), ((7, 5), 1)):
        crop = RandomCrop(size, padding)
        raises(ValueError, lambda crop=crop: crop(image), f"size={size}, padding={padding}, an image (4, 5)")


@app.cell(hide_code=True)
def _():
    crop_seed = mo.ui.slider(0, 20, value=0, label="seed", show_value=True)
    crop_padding = mo.ui.slider(0, 4, value=2, label="padding", show_value=True)
    ways = {"one by one": 1, "one call for the whole batch": 0, "two workers, each with a copy of the generator": 2}
    workers = mo.ui.dropdown(ways, value="one by one", label="drawn")
    mo.md(f"""
    ### Explore: augmentation, live

    One handwritten digit, cropped eight times, 8 by 8 pixels each. **Predict**: how many different crops are possible with a padding of
    2, and how many with 0? And how many different ones do you see for each way to draw them? {crop_seed} {crop_padding} {workers}
    """)
    return crop_padding, crop_seed, workers


@app.function(hide_code=True)
def explore_crops(seed, padding, workers):
    """Figure: one handwritten digit, and eight random crops of it, drawn by some workers; with 0, by one call."""
    from sklearn.datasets import load_digits

    image, crop, crops = Tensor(load_digits().images[4:5]), RandomCrop(8, padding), []
    for _ in range(max(workers, 1)):
        manual_seed(seed)  # each worker begins with a copy of the generator
        crops.extend([crop(image) for _ in range(8 // workers)] if workers else crop(stack([image] * 8)))
    figure, axes = panels(9, height=1.2)
    for axis, pixels in zip(axes, [image, *crops], strict=True):
        axis.imshow(pixels[0].numpy(), cmap="gray_r")
        axis.set(xticks=[], yticks=[])
    return figure


@app.cell(hide_code=True)
def _(crop_padding, crop_seed, workers):
    show(explore_crops, crop_seed.value, crop_padding.value, workers.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Measure: where does an epoch's time go?

    1024 images of 32 by 32, a file for each; batches of 64; a network 1024-256-10. **Predict**: which takes longest, reading, cropping,
    collating or computing? How much does a thread save? And if the images are in memory, but each batch waits 5 ms, as for a network
    drive? How much faster is cropping if *one* indexing operation cuts out all 64 images of a batch, each at its own place?
    """)
    return


@app.function(hide_code=True)
def measure_epoch(count=1024, rounds=5):
    """Markdown: median time and peak extra memory of the parts of an epoch, and of whole epochs."""
    manual_seed(0)
    crop, images = RandomCrop(32, 4), rand(count, 1, 32, 32)
    batch = Rows([images[:64], Tensor(np.arange(64) % 10)])
    net = Sequential(Flatten(), Linear(1024, 256), ReLU(), Linear(256, 10))
    optimizer = SGD(net.parameters(), lr=0.01)

    def crop_at_once(x):
        padded, (tops, lefts) = crop.padded(x).array, crop.random.integers(9, size=(2, len(x), 1, 1))
        cut = padded[np.arange(len(x))[:, None, None], 0, tops + np.arange(32)[:, None], lefts + np.arange(32)]
        return Tensor.wrap(cut[:, None])

    with TemporaryDirectory() as folder:
        files, memory = [f"{folder}/{i}.npy" for i in range(count)], TensorDataset(images, images[:, 0, 0, 0].long())
        for file, image in zip(files, images, strict=True):
            np.save(file, image.array)

        def read(files):
            return default_collate([(crop(Tensor.wrap(np.load(file))), 0) for file in files])

        plain, ahead = (DataLoader(files, 64, shuffle=True, collate_fn=read, num_workers=n) for n in (0, 1))
        options = {"batch_size": 64, "collate_fn": lambda rows: sleep(0.005) or default_collate(rows)}
        waits, hides = (DataLoader(memory, num_workers=n, **options) for n in (0, 1))
        costs = compare({
            "read": lambda: [np.load(file) for file in files],
            "crop, one by one": lambda: [crop(image) for image in images],
            "crop, a batch at once": lambda: [crop_at_once(images[i : i + 64]) for i in range(0, count, 64)],
            "collate": lambda: [default_collate(list(batch)) for _ in range(0, count, 64)],
            "compute": lambda: train_epoch(net, cross_entropy, optimizer, [batch.columns] * (count // 64)),
            "whole epoch, no thread": lambda: train_epoch(net, cross_entropy, optimizer, plain),
            "whole epoch, a thread ahead": lambda: train_epoch(net, cross_entropy, optimizer, ahead),
            "5 ms of waiting, no thread": lambda: train_epoch(net, cross_entropy, optimizer, waits),
            "5 ms of waiting, a thread ahead": lambda: train_epoch(net, cross_entropy, optimizer, hides),
        }, rounds)  # fmt: skip
    rows, whole = ["| part | time | share | memory |", "|:---|---:|---:|---:|"], costs["whole epoch, no thread"][0]
    for part, (seconds, peak) in costs.items():
        rows.append(f"| {part} | {seconds * 1e3:.1f} ms | {seconds / whole:.0%} | {peak / 2**20:.2f} MiB |")
    return mo.md("\n".join(rows))


@app.cell(hide_code=True)
def _():
    measure_button = mo.ui.run_button(label="Measure on this machine")
    measure_button
    return (measure_button,)


@app.cell(hide_code=True)
def _(measure_button):
    measure(measure_button, measure_epoch)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    Reading and cropping run Python code for each image. The thread could hide up to the share of "compute", but both want the GIL: it
    saves less, on a busy machine nothing, or it even costs time. Waiting needs no GIL: there the thread can save all of the smaller part.
    So first make preparing cheap, a whole batch at once, and then prefetch what still waits.

    ## Complexity

    $N$ items of $S$ bytes in batches of $B$; preparing a batch takes $p$ seconds, computing $c$:

    | | time | memory |
    |:---|:---|:---|
    | epoch | $(N / B)(p + c)$ | $B S$ |
    | epoch, a thread is $a$ batches ahead | $(N / B) \max(p, c)$ at best | $(a + 2) B S$ |
    | order; or to resume, after any batch | $N$ random numbers | $N$ indices, no items |

    ## In production

    PyTorch's loader is in `torch/utils/data/dataloader.py`, its worker processes in `torch/utils/data/_utils/worker.py`. It can't resume
    inside an epoch; torchdata's `StatefulDataLoader` can. On a cluster, data is packed into large files that are read in sequence.

    ## Questions
    """)
    return


@app.function
def answer_epoch_ms():
    """Preparing a batch takes 8 ms, computing 5 ms; an epoch has 100 batches. How many ms does it take?

    Return (without a thread, with a thread that prepares ahead). Hint: nothing can overlap with the first batch's preparation.
    """
    ### BEGIN SOLUTION
    return 100 * (8 + 5), 100 * 8 + 5
    ### END SOLUTION


@app.function
# points: 1
def test_answer_epoch_ms():
    """WHAT: the time of an epoch of 100 batches, without and with a thread.
    WHY: it tells you what prefetching can save before you write a line.
    TIP: draw the first three batches on a time line, one row for the thread and one for the loop.
    """
    answer = answer_epoch_ms()
    done = 0
    for batch in range(1, 101):
        done = max(done, 8 * batch) + 5
    close(answer, (sum([8 + 5] * 100), done), "ms of an epoch (without a thread, with a thread)")


@app.cell(hide_code=True)
def question_leak():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** A colleague normalizes all images by the mean of all images, augments them tenfold, and then splits at random into a
    training and a test part. The test accuracy is 99%. Name the two leaks. Which one matters more, and in which order would you work?

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def question_bottleneck():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** With four workers a run isn't any faster. Give two possible reasons, and for each a measurement that would confirm it.

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Summary

    - A dataset has a length and items by index; if it can return a whole batch at once, no Python loop over items is needed.
    - You own the order: it is drawn from one generator at the start of an epoch. Its state and the position are enough to resume.
    - A thread hides the smaller one of preparing and computing, if the two can overlap.
    - Mean and standard deviation come from the training part. Random transforms draw once per image, from the batch's own generator.

    **Next:** export your work with `tito module complete 08`. Module 09 looks at images with convolutions.
    """)
    return


if __name__ == "__main__":
    app.run()
