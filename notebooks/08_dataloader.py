import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Module 08: Dataloader")

with app.setup(hide_code=True):
    from collections.abc import Sequence
    from contextlib import closing, suppress
    from tempfile import TemporaryDirectory

    import marimo as mo
    import numpy as np

    import tinytorch.loading as loading
    from tinytorch.layers import Flatten, Linear, ReLU, Sequential
    from tinytorch.loading import BatchSampler, Rows, check_alike, items_of
    from tinytorch.losses import cross_entropy
    from tinytorch.optimizers import SGD
    from tinytorch.tensor import Tensor, float64, manual_seed, rand, stack
    from tinytorch.training import train_epoch
    from tito.diagrams import diagram
    from tito.lesson import close, compare, measure, show
    from tito.picture import panels


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # Module 08: Dataloader

    Real data doesn't come as two tensors in memory: it is read, augmented and put together, and meanwhile the network waits. How do
    you feed a network so that it doesn't wait, and so that you can repeat every batch?

    **When you are done:** I can ...

    - turn any collection of items into shuffled batches, and repeat their order from a seed;
    - stop in the middle of an epoch, and resume with the very batches that were left;
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
    ## 1. A dataset: items by number

    Ten million images don't fit into memory, but their names do. So a **dataset** promises only two things: `len(dataset)`, and
    `dataset[i]`, which reads item `i` when you ask for it. Which `i` to ask for, and when?

    If the data *is* in memory, one item at a time is slow: 64 items are 64 calls for each tensor. So a dataset may also offer
    `__getitems__`, which gets a list of numbers. For a tensor that is one index: `x[[3, 0, 3]]` has its rows 3, 0 and 3. `Rows`, which is
    given, is a sequence of items that stores them as columns, one tensor for each. (What is given is in `tinytorch/loading.py`.)
    """)
    return


@app.class_definition
class Dataset(loading.Joinable):
    """Items by number: a subclass defines `__len__` and `__getitem__`, and may define `__getitems__`, for many at once."""

    def __getitem__(self, index):
        raise NotImplementedError(f"{type(self).__name__}.__getitem__: define it, so that dataset[i] returns item i")


@app.class_definition
class TensorDataset(Dataset):
    """Rows of tensors of one length: item i is a tuple with row i of each. ValueError if the lengths differ."""

    def __init__(self, *tensors: Tensor) -> None:
        if not tensors or len({len(tensor) for tensor in tensors}) > 1:
            raise ValueError(f"tensors of lengths {[*map(len, tensors)]}: give at least one, all of one length")
        self.tensors = tensors

    def __len__(self):
        return len(self.tensors[0])

    def __getitem__(self, index):
        return tuple(tensor[index] for tensor in self.tensors)

    def __getitems__(self, indices):
        """The items of a list of numbers, as Rows: one index for each tensor, without a loop over the items.

        >>> rows = TensorDataset(Tensor([5, 6, 7]), Tensor([0, 1, 2])).__getitems__([2, 0])
        >>> rows.columns, len(rows), rows[0]
        ((tensor([7, 5]), tensor([2, 0])), 2, (tensor(7), tensor(2)))

        Steps:
            1. Take the rows of each tensor, all at once.
            2. Make Rows of the results.

        Hint: the second paragraph of section 1 has such an index.
        """
        ### BEGIN SOLUTION
        return Rows(tensor[indices] for tensor in self.tensors)
        ### END SOLUTION


@app.function
# points: 2
def test_TensorDataset_getitems():
    """WHAT: the rows asked for, in that order, of every tensor; as Rows; with one index per tensor.
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

    A **sampler** yields the item numbers of an epoch, and a batch sampler makes lists of them. Two epochs over five items, by hand:

    | epoch | order | batches of 2 |
    |:---|:---|:---|
    | 1 | 3 0 4 1 2 | (3, 0), (4, 1), (2) |
    | 2 | 1 4 2 0 3 | (1, 4), (2, 0), (3) |

    Each has every item, and they differ. "Random" must not mean "unknown": draw both from one generator, and the same seed gives the
    same two orders. Mind where you seed: if you seed at the start of each epoch, all epochs are the same.

    With `replacement` each draw is from all items: some come twice, others never. And `num_samples` may exceed the number of items:
    then whole orders follow each other, and the last one is cut short. `SequentialSampler` and `BatchSampler` are given.
    """)
    return


@app.class_definition
class RandomSampler(loading.RandomOptions):
    """Numbers of a dataset in random order. The options are given: `data_source`, `replacement`, `num_samples`, `generator`."""

    def __iter__(self):
        """An iterator over `num_samples` plain integers. It draws all of them at once, when the iteration begins.

        >>> sorted(RandomSampler(range(4))), len([*RandomSampler(range(4), replacement=True, num_samples=9)])
        ([0, 1, 2, 3], 9)

        Steps:
            1. With replacement, draw numbers of any items.
            2. Without, draw as many whole orders as are needed, and cut off the rest.

        Hint: `self.random` is NumPy's generator, with `permutation` and `integers`. See also `np.concatenate`.
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
        assert len(order) == total, f"num_samples={total} gave {len(order)} numbers"
        assert all(type(i) is int for i in order), "yield plain integers, as tolist() makes them"
        rounds = [order[i : i + 6] for i in range(0, total, 6)]
        whole = all(len(set(part)) == len(part) and set(part) <= set(range(6)) for part in rounds)
        assert whole, f"without replacement, items 0 to 5 must all come before one comes again, not {order}"
    drawn = list(RandomSampler(range(6), replacement=True, num_samples=300))
    assert len(drawn) == 300 and set(drawn) == set(range(6)), "with replacement, 300 draws of 6 items must have each"
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

    A short last batch has a noisy gradient, and its step counts as much as any other; `drop_last` leaves it out. (Never for measuring.)
    Here is an epoch of 60,000 images, 784 float32 each. **Predict**: when the batch size doubles, what happens to the number of steps,
    and to the memory of a batch? At which sizes does `drop_last` lose images? {batch_size} {drop_last}
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

    Items come one by one; the network wants one tensor of images and one of classes. A batch has the structure of an item: `(x0, 3)`
    and `(x1, 7)` become `[stack of x0 and x1, tensor([3, 7])]`. For nested items that is a recursion.

    | items | batch |
    |:---|:---|
    | tensors, NumPy arrays, NumPy's numbers | a tensor with one more axis, in front; the dtype stays |
    | `bool`, `int` | a tensor of booleans, of int64 |
    | `float` | a tensor of **float64**, which is what a Python float is (as in PyTorch) |
    | strings and bytes | a list of them, unchanged |
    | tuples and lists; dicts | a list of batches, one for each entry; a dict of batches, one for each key |
    | `Rows` | the list of its columns, ready as they are |

    Images of different sizes can't be stacked: `check_alike` says which item differs. A `collate_fn` of your own may pad them.
    """)
    return


@app.function
def default_collate(batch: Sequence) -> object:
    """Put items together into one batch, by the table above. RuntimeError or KeyError if they differ, TypeError for other kinds.

    Args:
        batch: a list of items, all of one kind and structure, or `Rows`.

    Returns:
        A tensor with one more axis in front, or the same structure of such tensors.

    >>> default_collate([(Tensor([1.0, 2.0]), {"n": 3}), (Tensor([5.0, 6.0]), {"n": 7})])
    [tensor([[1., 2.],
            [5., 6.]]), {'n': tensor([3, 7])}]

    Steps:
        1. Return what is ready, and refuse items that aren't alike.
        2. By the kind of the first item: make a tensor, or collate every entry or key by itself.

    Hint: `np.generic` is the class of NumPy's numbers, and np.float64 is a `float` as well. `zip(*rows)` yields columns.
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
        return Tensor(batch, dtype=float64 if isinstance(first, float) else None)
    if isinstance(first, (str, bytes)):
        return list(batch)
    if isinstance(first, dict):
        return {key: default_collate([item[key] for item in batch]) for key in first}
    if isinstance(first, (tuple, list)):
        return [default_collate(column) for column in zip(*batch, strict=True)]
    raise TypeError(f"an item has a {type(first).__name__}: return tensors, arrays, numbers, strings, tuples or dicts")
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
        close(default_collate([kind(1), kind(2)]), [1, 2], f"two numbers of {kind.__name__}", dtype=kind)
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
    assert len(columns) == 2 and columns[0] is x and columns[1] is y, "Rows are a batch already: return its columns"
    differ = ([x, Tensor([[1.0]])], RuntimeError), ([(1, 2), (1,)], RuntimeError), ([{"a": 1}, {"b": 1}], KeyError)
    for bad, error in (*differ, ([None, None], TypeError)):
        try:
            default_collate(bad)
        except error:
            continue
        raise AssertionError(f"default_collate must raise {error.__name__} for {bad}")


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 4. Prefetch: prepare while you compute

    In a plain loop the network waits while a batch is prepared, and preparing waits for the network. With 3 ms to prepare and 5 ms to
    compute, a batch takes 8 ms. If a **thread** prepares the next one meanwhile, it takes 5: the larger of the two, and that is all
    that prefetching can do. The work must be able to overlap: a thread that waits for a disk lets yours run, and so does one inside
    NumPy's arithmetic; but lines of Python take turns, because of a lock, the GIL. (PyTorch starts processes instead. Each has its own
    lock, takes a second or more to start, and must send its batches over.)

    `prefetched(batches, ahead)` in `tinytorch/loading.py` is given. Its thread needs a free slot to prepare a batch, and each batch that
    you take frees one, so at most `ahead` of them wait in memory. An error in the thread arrives in your loop, with its traceback.
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 5. The loader, and how to resume it

    A `DataLoader` puts the parts together. Now the machine restarts after 700 of 938 batches. To restore the state of the generator, as
    in Module 07, isn't enough: this epoch's order was drawn *before* those batches, from a state that is gone. So the loader keeps that
    state, as `start`, and counts the batches that you have taken: `position`. To resume, it draws the order again from `start`, and skips
    `position` lists, without reading an item. Then the generators must be back: the next epoch's order is drawn from there.

    A thread is a few batches ahead of you, so random transforms must not draw from the generator that your dropout uses. Each batch has
    its own, made of a seed that is drawn once per epoch, and the batch's number: the same with and without a thread, and resumed.
    """)
    return


@app.class_definition
class DataLoader(loading.LoaderOptions):
    """Batches of a dataset; each iteration is an epoch. PyTorch: [`DataLoader`](https://docs.pytorch.org/docs/stable/data.html).

    Args:
        dataset, batch_size, shuffle, drop_last: the items, and which of them make a batch.
        sampler, batch_sampler: your own order instead of `shuffle`, or your own lists instead of all but `dataset`; they must end.
        num_workers, prefetch_factor: with 1 worker or more, *one thread* prepares num_workers * prefetch_factor (2) batches ahead.
        collate_fn, generator: `default_collate` and `default_generator()` by default; a `tinytorch.Generator`, or NumPy's.

    A seed repeats every epoch, and `load_state_dict` the rest of one, if a sampler of yours draws from its attribute `generator`
    or the course's generator, and items from `tinytorch.loading.transform_generator()`. PyTorch's order for a seed is another one.
    """

    random_sampler, collate = RandomSampler, staticmethod(default_collate)

    def order(self) -> list[list[int]]:
        """The lists of item numbers of a new epoch; if `resuming`, those that are left of the one that was interrupted.

        A new epoch sets `start` to the generators' states from before it is drawn, and `position` to 0. To resume, both have been
        loaded: the epoch is drawn from `start`, the generators are put back, and `resuming` becomes False.

        >>> DataLoader(range(5), 2).order()
        [[0, 1], [2, 3], [4]]

        Steps:
            1. Look at the states. From which ones is this epoch drawn: these, or those that were loaded?
            2. Draw it. Are the generators where they should be now?
            3. Return what is left.

        Hint: `self.rng_states()`, `self.set_rng_states(states)` and `self.draw_epoch()` do the work. When do you call which?
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
    assert loader.position == 0 and loader.start is not None, "a new epoch starts here, at position 0"

    class Run(DataLoader):
        def __init__(self, own):
            super().__init__(data, 4, shuffle=True, generator=np.random.default_rng(3) if own else None)

        def take(self, most=99):
            """Take some batches; the loop draws a number after each, as dropout would."""
            return [(batch[0].tolist(), rand(1))[0] for _, batch in zip(range(most), self, strict=False)]

    for own in (False, True):
        manual_seed(7)
        epochs = [whole.take() for whole in [Run(own)] * 3]
        assert all(sorted(sum(epoch, [])) == list(range(10)) for epoch in epochs), f"every item once, not {epochs}"
        assert epochs[0] != epochs[1], "two epochs had the same order: when do you draw?"
        for taken in (1, 2, 3):
            manual_seed(7)
            stopped, resumed = Run(own), Run(own)
            begun, state = stopped.take(taken), stopped.state_dict()
            assert len(stopped.take()) == 3, "after a loop that ended early, a new epoch must have all batches"
            resumed.load_state_dict(state)
            rest, case = resumed.take(), f"resumed after {taken} of 3 batches"
            assert begun + rest == epochs[0], f"{case}: {begun}, then {rest}; without a stop: {epochs[0]}"
            assert [resumed.take(), resumed.take()] == epochs[1:], (
                f"{case}, later epochs differ: where is the generator?"
            )

    ### BEGIN HIDDEN TESTS
    class Toy(Dataset):
        def __len__(self):
            return 5

        def __getitem__(self, index):
            return index, {"half": index / 2}

    batches = [(x.tolist(), y["half"].tolist()) for x, y in DataLoader(Toy(), 2)]
    expected = [([0, 1], [0.0, 0.5]), ([2, 3], [1.0, 1.5]), ([4], [2.0])]
    assert batches == expected, f"five items, two at a time, gave {batches}"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 6. Normalize: by whose mean?

    Pixels from 0 to 255 make the first layer's outputs and gradients hundreds of times too large. So subtract a mean $\mu$ for each
    channel, and divide by a standard deviation $\sigma$: for $\mu = 0.5$ and $\sigma = 0.25$, pixels 0, 0.5 and 1 become $-2$, 0 and 2.

    These two belong to the model, like its weights: measure them on the *training* part, once, and use them for everything else. Measured
    on all the data, they have looked at the test part. And if each part or each image is normalized by its *own* mean, night looks
    like day: the network no longer sees what it was trained on.
    """)
    return


@app.class_definition
class Normalize(loading.NormalizeOptions):
    """A transform, as in torchvision: subtract `mean` and divide by `std`, one number for each channel."""

    def __call__(self, tensor: Tensor) -> Tensor:
        """Normalized images, (..., C, H, W), as a new tensor. TypeError if they aren't floats.

        >>> Normalize([0.5], [0.25])(Tensor([[[0.0, 0.5, 1.0]]]))
        tensor([[[-2.,  0.,  2.]]])

        Steps:
            1. Refuse other dtypes: `ToTensor` makes floats.
            2. Apply the formula.

        Hint: `self.mean` and `self.std` have shape (C, 1, 1). `dtype.kind` is "f" for floats.
        """
        ### BEGIN SOLUTION
        if tensor.dtype.kind != "f":
            raise TypeError(f"the image is {tensor.dtype}: make it float first, with ToTensor() or .float()")
        return (tensor - self.mean) / self.std
        ### END SOLUTION


@app.function
# points: 2
def test_Normalize_call():
    """WHAT: each channel by its own given numbers, whatever image it is; one image or a batch; a new tensor.
    WHY: a dark image must stay dark, or the network sees another world in testing than in training.
    TIP: compute one pixel of the failing case by hand. Which mean did you use: the given one, or the image's own?
    """
    x, normalize = Tensor([[[0.0, 1.0]], [[2.0, 4.0]]]), Normalize([0.5, 3.0], [0.25, 2.0])
    close(normalize(x), [[[-2, 2]], [[-0.5, 0.5]]], "an image, by means (0.5, 3) and stds (0.25, 2)", dtype=np.float32)
    expected = [[[[-2, 2]], [[-0.5, 0.5]]], [[[2, 6]], [[0, 1]]]]
    close(normalize(stack([x, x + 1])), expected, "a batch of two images, x and x + 1")
    close(x, [[[0, 1]], [[2, 4]]], "the image it was given must not change")
    try:
        normalize(Tensor([[[1]], [[2]]]))
    except TypeError:
        return
    raise AssertionError("Normalize must raise TypeError for an int64 image")


@app.cell(hide_code=True)
def _():
    pixels = mo.ui.dropdown(["0 to 255", "0 to 1", "normalized"], value="0 to 255", label="pixels")
    first_lr = mo.ui.slider(steps=[0.001, 0.01, 0.1, 0.5], value=0.1, label="lr", show_value=True)
    mo.md(f"""
    ### Explore: what normalization does to the first layer

    A network 64-32-10 learns 1000 digits with plain SGD. **Predict**, for each kind of pixels: how large are the outputs of the first
    layer before training, and does the loss fall at this `lr`? {pixels} {first_lr}
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
    images at random whenever they are read. Only in training: an augmented test part gives another accuracy each time. (And a
    mirrored 2 isn't a 2.)

    Random transforms differ only if their generator goes on. Three things go wrong without an error: a generator made from a fixed seed
    inside the call gives the same crop forever; a dataset's own generator, copied into two worker processes, gives both the same
    numbers (many PyTorch programs had this bug); and a transform of a whole batch draws once, so all its images get the same crop. Draw
    from `self.random`, once for each image: in a loader it is the batch's generator, elsewhere the course's.
    """)
    return


@app.class_definition
class RandomCrop(loading.CropOptions):
    """A transform, as in torchvision: cut out a window of `size`, (rows, columns) or one number for both, at a random place.

    `padding` adds zeros before: on all sides; or (left and right, top and bottom); or (left, top, right, bottom).
    """

    def __call__(self, img: Tensor) -> Tensor:
        """A random window of an image, (..., H, W). ValueError if it is larger than the padded image.

        >>> RandomCrop(3)(Tensor(np.ones((1, 5, 5)))).shape
        (1, 3, 3)

        Steps:
            1. Add the zeros. Does the window fit?
            2. Draw its first row, then its first column; every place where it fits is equally likely. Cut it out.

        Hint: `self.padded(img)`. `self.random.integers(n)` draws from 0 to n - 1. Where can 3 rows begin in 5? `...` is all leading axes.
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
    corners = {RandomCrop((3, 2))(image)[0, 0, 0].item() for _ in range(300)}
    assert corners == {1, 2, 3, 4, 6, 7, 8, 9}, f"windows (3, 2) of an image (4, 5) began at {sorted(corners)}"
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
        try:
            RandomCrop(size, padding)(image)
        except ValueError:
            continue
        raise AssertionError(f"RandomCrop({size}, {padding}) must raise ValueError for an image (4, 5)")


@app.cell(hide_code=True)
def _():
    crop_seed = mo.ui.slider(0, 20, value=0, label="seed", show_value=True)
    crop_padding = mo.ui.slider(0, 4, value=2, label="padding", show_value=True)
    at_once = mo.ui.checkbox(label="one call for the whole batch")
    mo.md(f"""
    ### Explore: augmentation, live

    One handwritten digit, cropped eight times, 8 by 8 pixels each. **Predict**: how many different crops are possible with a padding of
    2, and how many with 0? What does the checkbox do to the eight? {crop_seed} {crop_padding} {at_once}
    """)
    return at_once, crop_padding, crop_seed


@app.function(hide_code=True)
def explore_crops(seed, padding, at_once):
    """Figure: one handwritten digit, and eight random crops of it."""
    from sklearn.datasets import load_digits

    image, crop = Tensor(load_digits().images[4:5]), RandomCrop(8, padding)
    manual_seed(seed)
    crops = crop(stack([image] * 8)) if at_once else stack([crop(image) for _ in range(8)])
    figure, axes = panels(9, height=1.2)
    for axis, pixels in zip(axes, [image, *crops], strict=True):
        axis.imshow(pixels[0].numpy(), cmap="gray_r")
        axis.set(xticks=[], yticks=[])
    return figure


@app.cell(hide_code=True)
def _(at_once, crop_padding, crop_seed):
    show(explore_crops, crop_seed.value, crop_padding.value, at_once.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Measure: where does an epoch's time go?

    1024 images of 32 by 32, a file for each; batches of 64; a network 1024-256-10. **Predict**: which takes longest, reading, cropping,
    collating or computing? How much does a thread save? And how much faster is cropping if *one* index cuts out all 64 images of a
    batch, each at its own place?
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
        for i, image in enumerate(images):
            np.save(f"{folder}/{i}.npy", image.array)

        class Files(Dataset):
            def __len__(self):
                return count

            def __getitem__(self, index):
                return crop(Tensor.wrap(np.load(f"{folder}/{index}.npy"))), index % 10

        plain, ahead = (DataLoader(Files(), 64, shuffle=True, num_workers=workers) for workers in (0, 1))
        costs = compare({
            "read": lambda: [np.load(f"{folder}/{i}.npy") for i in range(count)],
            "crop, one by one": lambda: [crop(image) for image in images],
            "crop, a batch at once": lambda: [crop_at_once(images[i : i + 64]) for i in range(0, count, 64)],
            "collate": lambda: [default_collate(list(batch)) for _ in range(0, count, 64)],
            "compute": lambda: train_epoch(net, cross_entropy, optimizer, [batch.columns] * (count // 64)),
            "whole epoch, no thread": lambda: train_epoch(net, cross_entropy, optimizer, plain),
            "whole epoch, a thread ahead": lambda: train_epoch(net, cross_entropy, optimizer, ahead),
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
    Reading and cropping are lines of Python for each image, and take most of the time. So the thread saves at most the share of
    "compute", and less as far as both want the GIL. If preparing is the larger part, make *it* faster: a whole batch at once.

    ## Complexity

    $N$ items of $S$ bytes in batches of $B$; preparing a batch takes $p$ seconds, computing $c$:

    | | time | memory |
    |:---|:---|:---|
    | epoch, or with a thread | $(N / B)(p + c)$, or $(N / B) \max(p, c)$ at best | $B S$, or $(a + 2) B S$ for $a$ batches ahead |
    | order, and to resume after $k$ batches | $N$ random numbers each | $N$ numbers, no items |

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
    assert answer is not None, "answer_epoch_ms returned None: is there a return statement?"
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

    - A dataset has a length and items; if it hands out a whole batch at once, Python's loop over items is gone.
    - The order belongs to you: one generator, drawn at the start of an epoch. State and position are enough to resume inside it.
    - A thread hides the smaller one of preparing and computing, and needs work that can overlap.
    - Mean and standard deviation come from the training part. Random transforms draw once per image, from the batch's own generator.

    **Next:** export your work with `tito module complete 08`. Module 09 looks at images with convolutions.
    """)
    return


if __name__ == "__main__":
    app.run()
