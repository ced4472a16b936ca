"""The exported training loop, tested with other numbers than in the notebook."""

import io
import json
import math
import pickle
import struct
import zipfile

import numpy as np
import pytest

from tinytorch import load
from tinytorch.layers import Dropout, Linear, Module, ReLU, Sequential
from tinytorch.losses import cross_entropy, mse_loss
from tinytorch.nn import MSELoss
from tinytorch.optim.lr_scheduler import StepLR
from tinytorch.optimizers import SGD, Adam, CosineAnnealingLR
from tinytorch.tensor import Tensor, cat, manual_seed, rand, randn
from tinytorch.training import (
    EarlyStopping,
    accuracy,
    batches,
    clip_grad_norm_,
    evaluate,
    get_rng_state,
    save,
    set_rng_state,
    train_epoch,
)
from tito.lesson import close


@pytest.mark.parametrize(("rows", "size", "sizes"), [(7, 3, [3, 3, 1]), (6, 3, [3, 3]), (2, 5, [2]), (0, 4, [])])
def test_batches_cover_every_row(rows, size, sizes):
    """WHAT: batches of the right sizes that hold every row once, with its target, also for images.
    WHY: an epoch is one pass over all the data.
    TIP: list the row numbers that each batch takes.
    """
    x, y = Tensor(np.arange(4 * rows).reshape(rows, 2, 2)), Tensor(np.arange(rows))
    for shuffle in (True, False):
        pairs = list(batches(x, y, size, shuffle))
        lengths = [len(targets) for _, targets in pairs]
        assert lengths == sizes, f"{rows} rows in batches of {size} must be {sizes}, not {lengths}"
        for images, targets in pairs:
            own = np.stack([x.numpy()[target] for target in targets.tolist()])
            close(images, own, "the rows of a batch, for its targets", dtype=np.int64)
        order = [number for _, targets in pairs for number in targets.tolist()]
        assert sorted(order) == list(range(rows)), f"an epoch must have every row once, not {order}"


def test_batches_refuse_and_leave_the_data_alone():
    """WHAT: lengths that differ and sizes below 1 are a ValueError; the data is neither changed nor reordered.
    WHY: with one target missing, some rows are silently dropped, or get another row's target.
    TIP: compare the lengths before anything else, and shuffle row numbers instead of the data.
    """
    x, y = Tensor(np.arange(5.0)), Tensor(np.arange(5))
    for bad in ((x, y[:4], 2), (x[:4], y, 2), (x, y, 0), (x, y, -1)):
        with pytest.raises(ValueError):
            list(batches(*bad))
    list(batches(x, y, 2))
    close(x, np.arange(5), "batches must not change x")
    close(y, np.arange(5), "batches must not change y")


def test_batches_shuffle_by_the_course_generator():
    """WHAT: manual_seed repeats two epochs in a row; the second differs from the first.
    WHY: you can't debug a run that you can't repeat.
    TIP: which generator does your function draw from?
    """
    y = Tensor(np.arange(50))
    runs = []
    for _ in range(2):
        manual_seed(11)
        runs.append([[n for _, part in batches(y, y, 8) for n in part.tolist()] for _ in range(2)])
    assert runs[0] == runs[1], "the same seed must repeat the order"
    assert runs[0][0] != runs[0][1], "two epochs must have different orders"


@pytest.mark.parametrize("max_norm", [0.1, 2.0, 5.0, 100.0])
def test_clip_grad_norm(max_norm):
    """WHAT: the norm of all gradients together is at most `max_norm` afterwards, and the direction stays the same.
    WHY: scaled tensor by tensor, the step would point elsewhere.
    TIP: is there one factor for all tensors, and only if their norm is too large?
    """
    manual_seed(1)
    params = [Tensor(np.zeros(shape), requires_grad=True) for shape in ((3, 4), (5,), (), (2,))]
    for p in params[:3]:
        p.grad = randn(*p.shape)
    before = np.concatenate([p.grad.numpy().ravel().copy() for p in params[:3]])
    total = np.linalg.norm(before.astype(np.float64))
    close(clip_grad_norm_((p for p in params), max_norm), total, "the norm before clipping", dtype=np.float32)
    assert params[3].grad is None, "a tensor without a gradient must not get one"
    after = np.concatenate([p.grad.numpy().ravel() for p in params[:3]])
    expected = before * min(1, max_norm / (total + 1e-6))
    close(after, expected, f"all gradients clipped to {max_norm}", dtype=np.float32, atol=1e-7)


def test_clip_grad_norm_of_a_single_tensor_and_of_nothing():
    """WHAT: a tensor instead of a list; no gradients at all; gradients of 1e25, whose squares float32 can't hold.
    WHY: clipping is for gradients that explode.
    TIP: in which dtype do you add up the squares? What do you iterate over if there is a single tensor?
    """
    p = Tensor([0.0], requires_grad=True)
    close(clip_grad_norm_(p, 1.0), 0, "the norm of a tensor without a gradient")
    close(clip_grad_norm_([], 1.0), 0, "the norm of no tensors")
    p.grad = Tensor([1e25])
    close(clip_grad_norm_(p, 2.0), 1e25, "the norm of a gradient of 1e25", rtol=1e-6, atol=0)
    close(p.grad, [2], "a gradient of 1e25, clipped to 2")


def network(seed=0, dropout=0.0):
    manual_seed(seed)
    return Sequential(Linear(3, 8), ReLU(), Dropout(dropout), Linear(8, 2))


@pytest.mark.parametrize("cuts", [(0, 4, 8, 12), (0, 5, 6, 12), (0, 12)])
def test_accumulated_steps_equal_large_batches(cuts):
    """WHAT: Adam's steps on micro-batches, equal or not, are those on the merged batch, with clipping and a scheduler.
    WHY: then the size of a micro-batch is a question of memory alone.
    TIP: print the gradient before the step, for both. By which factor do they differ?
    """
    manual_seed(5)
    x, y, results = randn(12, 3), Tensor(np.arange(12) % 2), []
    pieces = [(x[a:b], y[a:b]) for a, b in zip(cuts, cuts[1:], strict=False)]
    for data, accumulate in ((pieces, len(pieces)), ([(x, y)], 1)):
        net = network()
        optimizer = Adam(net.parameters(), lr=0.01)
        scheduler = StepLR(optimizer, 1, 0.5)
        losses = [train_epoch(net, cross_entropy, optimizer, data, accumulate, 0.1, scheduler) for _ in range(3)]
        assert scheduler.last_epoch == 3, f"3 steps, but the scheduler made {scheduler.last_epoch}"
        results.append([*losses, *np.concatenate([p.array.ravel() for p in net.parameters()])])
    close(*results, "losses and weights, in micro-batches against one batch", atol=2e-5)


def test_a_last_group_that_is_not_full():
    """WHAT: 5 batches, 3 for each step: two steps, the second of two batches.
    WHY: otherwise the last step of every epoch is too small, or missing.
    TIP: how many batches does the last step have, and how many rows?
    """
    x, y = randn(10, 3), Tensor(np.arange(10) % 2)
    pieces, weights = [(x[i : i + 2], y[i : i + 2]) for i in range(0, 10, 2)], []
    for data, accumulate in ((iter(pieces), 3), ([(x[:6], y[:6]), (x[6:], y[6:])], 1)):
        net = network()
        train_epoch(net, cross_entropy, SGD(net.parameters(), lr=0.5), data, accumulate)
        weights.append(net[0].weight.array)
    close(*weights, "weights after 5 batches, accumulate=3, against two merged batches", atol=1e-6)


def test_mean_over_rows():
    """WHAT: the returned loss is the mean over rows, a float, and not the mean over batches.
    WHY: a last batch of one row must not count as much as one of a hundred.
    TIP: what do you multiply each batch's loss by, and what do you divide by?
    """
    net = Sequential(Linear(1, 1, bias=False))
    net[0].weight.array[:] = 0
    data = [(Tensor(np.ones((n, 1))), Tensor(np.full((n, 1), value))) for n, value in ((3, 1.0), (2, 2.0), (1, 3.0))]
    optimizer = SGD(net.parameters(), lr=0.0)
    close(train_epoch(net, MSELoss(), optimizer, data), 20 / 6, "the loss of train_epoch")
    close(train_epoch(net, MSELoss(), optimizer, data, accumulate=2), 20 / 6, "the loss of train_epoch, accumulate=2")
    pair = evaluate(net, mse_loss, data, metric=lambda out, y: float(len(y)))
    close(pair, (20 / 6, 14 / 6), "loss and metric of evaluate")
    assert all(isinstance(number, float) for number in pair), "evaluate must return two floats"


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_stops_the_run(bad):
    """WHAT: FloatingPointError with the batch's number; the batches before it made their steps, this one didn't.
    WHY: one step with nan, and every weight is nan.
    TIP: is the loss checked before the step, and are batches counted from 0?
    """
    net = network()
    x, y = randn(8, 3), Tensor([0, 1] * 4)
    data = [(x[:4], y[:4]), (x[4:], y[4:]), (x * bad, y)]
    with pytest.raises(FloatingPointError, match=r"(?<![-\d])2(?!\d)"), np.errstate(all="ignore"):
        train_epoch(net, cross_entropy, SGD(net.parameters(), lr=0.1), data)
    stopped = network()
    train_epoch(stopped, cross_entropy, SGD(stopped.parameters(), lr=0.1), data[:2])
    for p, q in zip(net.parameters(), stopped.parameters(), strict=True):
        close(p.array, q.array, "weights after the error, against those after the first two batches")


def test_no_rows_are_refused():
    """WHAT: no data, a generator that is used up, and accumulate = 0 are a ValueError.
    WHY: a second epoch over a used generator would "train" in no time, and learn nothing.
    TIP: how many rows did you count, and which values of `accumulate` make sense?
    """
    net, x, y = network(), randn(4, 3), Tensor([0, 1, 0, 1])
    optimizer, data = SGD(net.parameters()), batches(x, y, 2)
    train_epoch(net, cross_entropy, optimizer, data)
    with pytest.raises(ValueError):
        train_epoch(net, cross_entropy, optimizer, data)
    with pytest.raises(ValueError):
        evaluate(net, cross_entropy, data)
    with pytest.raises(ValueError):
        train_epoch(net, cross_entropy, optimizer, [(x, y)], accumulate=0)


def test_modes():
    """WHAT: training mode while training; eval mode while evaluating, without graphs; then every module as it was.
    WHY: dropout that is off in training, or on in evaluation, spoils both curves.
    TIP: is each module's mode remembered, or only that of the whole network?
    """
    seen = []

    class Probe(Module):
        def forward(self, x):
            seen.append((self.training, x.requires_grad))
            return x

    net = Sequential(Linear(3, 2), Probe(), Dropout(0.9))
    x, y = randn(6, 3), Tensor([0, 1, 0, 1, 0, 1])
    train_epoch(net.eval(), cross_entropy, SGD(net.parameters()), [(x, y)])
    net[2].eval()
    evaluate(net, cross_entropy, [(x, y)])
    expected = [(True, True), (False, False)]
    assert seen == expected, f"(training mode, graph) in train_epoch and evaluate must be {expected}, not {seen}"
    modes = [module.training for module in net.modules()]
    assert modes == [True, True, True, False], f"evaluate must restore each mode, and left {modes}"
    with pytest.raises(ValueError):
        evaluate(net, cross_entropy, [(x, y[:2])])
    assert [module.training for module in net.modules()] == modes, "restore the modes after an error as well"


def test_accuracy():
    """WHAT: the share of right rows; a column of classes is refused.
    WHY: broadcasting would compare every row with every class.
    TIP: `accuracy` is given. Restore it from a new notebook if you changed it.
    """
    close(accuracy(Tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 3.0]]), Tensor([1, 1, 1])), 2 / 3, "two of three are right")
    with pytest.raises(ValueError, match="one class index"):
        accuracy(Tensor([[1.0, 0.0], [0.0, 1.0]]), Tensor([[1], [1]]))


@pytest.mark.parametrize(
    ("patience", "min_delta", "values", "stops"),
    [(1, 0.0, [3, 2, 2], 3), (3, 0.0, [5, 6, 6, 4, 5, 5, 5], 7), (2, 0.5, [3, 2.6, 2.4, 2.0, 2.0], 5)],
)
def test_early_stopping(patience, min_delta, values, stops):
    """WHAT: it stops after `patience` values in a row that are not better, and knows the best.
    WHY: one bad epoch is not the end.
    TIP: count from the best epoch, not how many bad ones there were in all.
    """
    stopping = EarlyStopping(patience, min_delta)
    answers = [stopping.step(value) for value in values]
    expected = [epoch == stops for epoch in range(1, len(values) + 1)]
    assert answers == expected, f"losses {values}, patience {patience}, min_delta {min_delta}: step returned {answers}"
    best = (stops - patience, values[stops - patience - 1])
    close((stopping.best_epoch, stopping.best), best, f"(best_epoch, best) of losses {values}")


def test_early_stopping_keeps_the_best_weights():
    """WHAT: a copy of the best epoch's weights; nan is never the best.
    WHY: the last weights aren't the ones that were worth waiting for.
    TIP: do the kept weights change when the network's do?
    """
    net, stopping = Linear(2, 1), EarlyStopping(2)
    for value in (math.nan, 2.0, 1.0, math.nan):
        net.weight.array[:] = value
        assert not stopping.step(value, net), f"patience 2 must not stop at the loss {value}"
    assert stopping.step(1.0, net), "patience 2 must stop after nan and an equal loss"
    close(stopping.best, 1.0, "best")
    net.load_state_dict(stopping.best_state)
    close(net.weight.array, [[1.0, 1.0]], "the weights of the best epoch")


# Files


def same(a, b):
    """Whether two nested objects have the same types and bits."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return [*a] == [*b] and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, (Tensor, np.ndarray)):
        a, b = (x.array if isinstance(x, Tensor) else x for x in (a, b))
        return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()
    return struct.pack(">d", a) == struct.pack(">d", b) if isinstance(a, float) else a == b


def test_everything_comes_back(tmp_path):
    """WHAT: every kind of object, to the last bit, under exactly the file name that was given.
    WHY: with "nearly the same" weights it is another run.
    TIP: `save` and `load` are given. Restore them from a new notebook if you changed them.
    """
    data = {
        "floats": [0.1, -0.0, 5e-324, math.inf, -math.inf, math.nan, 1e300],
        "others": (True, False, None, 2**200, -1, "ü\n\0\ud800", ""),
        7: {-1: [], 0: (), "": {}},
        "tensors": [
            Tensor(3),
            Tensor([True]),
            Tensor(np.zeros((0, 3))),
            Tensor([1.0], dtype=np.float64),
            randn(2, 3).T,
        ],
        "small": [
            Tensor(np.array(value, dtype)) for dtype in ("float16", "int8", "uint8", "int32") for value in (1, [2], [])
        ],
        "arrays": [np.float16([1.5]), np.arange(6, dtype=">i2")[::-2], np.array(2j), np.array([math.nan])],
        "names": {
            name: Tensor([i]) for i, name in enumerate(("file", "allow_pickle", "w", "w.npy", "tree", "0", "a/b"))
        },
    }
    for name in ("run", "run.ckpt", "run.npz"):
        save(data, tmp_path / name)
        assert same(load(str(tmp_path / name)), data)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "run.ckpt", "run.npz"]
    loaded = load(tmp_path / "run")
    loaded["tensors"][0].array[...] = 4  # it is writable
    assert np.load(tmp_path / "run")["1"].tolist() == [True], "any NumPy reads it"


@pytest.mark.parametrize(
    ("data", "where"),
    [
        ({"model": {"head": {"extra": object()}}}, "model.head.extra is a object"),
        ({"a": [1, (2, {3})]}, r"a\[1\]\[1\] is a set"),
        ({"loss": np.float32(1)}, "loss is a float32"),
        ({"loss": np.float64(1)}, "loss is a float64"),
        ([{(1, 2): 3}], r"\[0\] is a dict"),
        ([{True: 3}], r"\[0\] is a dict"),
        (np.array([None]), "the object is a ndarray"),
        ({"f": len}, "f is a builtin"),
    ],
)
def test_what_cannot_be_saved_is_named(data, where, tmp_path):
    """WHAT: a TypeError that says where it is; the old file is untouched.
    WHY: a mistake in what you save must not cost you a night of training.
    TIP: `save` is given. Restore it from a new notebook if you changed it.
    """
    path = tmp_path / "run"
    save({"old": 1}, path)
    with pytest.raises(TypeError, match=f"^{where}.*: save only"):
        save(data, path)
    assert load(path) == {"old": 1} and [*tmp_path.iterdir()] == [path]


def test_a_crash_while_writing_keeps_the_old_file(tmp_path, monkeypatch):
    """WHAT: an error in the middle of writing leaves the old file as it was, and nothing else.
    WHY: disks run full when it matters.
    TIP: `save` is given. Restore it from a new notebook if you changed it.
    """
    path, entries = tmp_path / "run", []
    save({"old": 1}, path)
    real = np.lib.format.write_array

    def full(*args, **kwargs):
        entries.append(args)
        if len(entries) == 3:
            raise OSError("no space left on device")
        real(*args, **kwargs)

    monkeypatch.setattr(np.lib.format, "write_array", full)
    with pytest.raises(OSError, match="no space"):
        save({"new": Tensor([1.0])}, path)
    monkeypatch.undo()
    assert load(path) == {"old": 1} and [*tmp_path.iterdir()] == [path]
    with path.open("rb") as reader:
        save({"new": 2}, path)
        assert load(reader) == {"old": 1}, "the old file is replaced, not overwritten under a reader"


def test_save_through_a_link(tmp_path):
    """WHAT: a symbolic link stays one, and its target gets the data.
    WHY: "latest" is often a link.
    TIP: `save` and `load` are given. Restore them from a new notebook if you changed them.
    """
    save(1, tmp_path / "real")
    (tmp_path / "latest").symlink_to("real")
    save(2, tmp_path / "latest")
    assert (tmp_path / "latest").is_symlink() and load(tmp_path / "real") == 2


def test_every_changed_byte_is_harmless_or_noticed(tmp_path):
    """WHAT: change any byte, or truncate the file anywhere, and you get the same data or a ValueError.
    WHY: disks and cables lose bits.
    TIP: `save` and `load` are given. Restore them from a new notebook if you changed them.
    """
    path, data = tmp_path / "run", {"w": Tensor([1.5, -2.0]), "lr": 0.1}
    save(data, path)
    whole = path.read_bytes()
    for place in range(0, len(whole), 3):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
        try:
            assert same(load(path), data), f"byte {place}"
        except ValueError as error:
            assert "cannot be loaded" in str(error)
    for length in (0, 1, 50, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="cannot be loaded"):
            load(path)


def rewrite(path, change, compression=zipfile.ZIP_STORED):
    """Write the archive again, with its entries changed by `change`, and with matching checksums."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    change(entries)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


def npy(array):
    np.save(stream := io.BytesIO(), array)
    return stream.getvalue()


def huge(entries):
    assert b"(3,), }         " in entries["0.npy"]
    entries["0.npy"] = entries["0.npy"].replace(b"(3,), }         ", b"(3000000000,), }")


def objects(entries):
    with zipfile.ZipFile("evil.npz") as archive:
        entries["0.npy"] = archive.read("a.npy")


FORGED = {
    "newer": lambda entries: entries.update({"version.npy": npy(np.array(3))}),
    "no tree": lambda entries: entries.pop("tree.npy"),
    "no array": lambda entries: entries.pop("0.npy"),
    "smaller than it says": lambda entries: entries.update({"0.npy": entries["0.npy"][:-1]}),
    "huge": huge,
    "unknown tag": lambda entries: entries.update({"tree.npy": entries["tree.npy"].replace(b"tensor", b"system")}),
    "not JSON": lambda entries: entries.update({"tree.npy": entries["tree.npy"].replace(b"{", b"[")}),
    "endless": lambda entries: entries.update({"tree.npy": npy(np.frombuffer(b"[" * 100_000, np.uint8))}),
    "objects": objects,
}


@pytest.mark.parametrize("why", FORGED)
def test_forged_files_are_refused(why, tmp_path, monkeypatch):
    """WHAT: files with matching checksums that `save` would never write: one sentence, and nothing is executed.
    WHY: files come from strangers.
    TIP: `save` and `load` are given. Restore them from a new notebook if you changed them.
    """
    monkeypatch.chdir(tmp_path)

    class Evil:
        def __reduce__(self):
            return exec, ("open('hacked', 'w').close()",)

    np.savez("evil.npz", a=np.array([Evil()], dtype=object), allow_pickle=True)
    (tmp_path / "hacked").unlink(missing_ok=True)
    save({"w": Tensor([1.0, 2.0, 3.0])}, "run")
    rewrite("run", FORGED[why])
    with pytest.raises(ValueError, match="^run cannot be loaded: ") as error:
        load("run")
    assert "\n" not in str(error.value) and not (tmp_path / "hacked").exists()


def test_a_changed_number_is_noticed(tmp_path):
    """WHAT: one entry of a weight changes on disk: a ValueError that names the checksum.
    WHY: a run with one wrong weight looks like any other.
    TIP: `save` and `load` are given. Restore them from a new notebook if you changed them.
    """
    path = tmp_path / "run"
    save({"w": Tensor([1.0, 2.0, 3.0])}, path)
    whole = path.read_bytes()
    assert whole.count(np.float32(2).tobytes() + np.float32(3).tobytes()) == 1
    path.write_bytes(whole.replace(np.float32(2).tobytes() + np.float32(3).tobytes(), np.float32([2, 9]).tobytes()))
    with pytest.raises(ValueError, match="CRC"):
        load(path)


def test_other_files_are_refused(tmp_path):
    """WHAT: compressed archives, other .npz files, pickles, text files: a ValueError; a missing file: FileNotFoundError.
    WHY: a small compressed file can unfold into more than memory holds.
    TIP: `save` and `load` are given. Restore them from a new notebook if you changed them.
    """
    path = tmp_path / "run"
    save({"w": Tensor(np.zeros(100_000))}, path)
    rewrite(path, lambda entries: None, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 5000
    with pytest.raises(ValueError, match="compressed"):
        load(path)
    save({"w": rand(1000)}, path)  # hardly smaller when compressed
    rewrite(path, lambda entries: None, zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match="compressed"):
        load(path)
    np.savez(path.open("wb"), a=np.zeros(3))
    with pytest.raises(ValueError, match="cannot be loaded"):
        load(path)
    for content in (b"", b"hello", pickle.dumps({"a": 1})):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="cannot be loaded"):
            load(path)
    np.save(path.open("wb"), np.zeros(3))
    with pytest.raises(ValueError, match="cannot be loaded"):
        load(path)
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "missing")


def test_files_in_memory(tmp_path):
    """WHAT: save to a BytesIO or an open file, and load from it; it stays open; `map_location` must be the CPU.
    WHY: PyTorch programs do it.
    TIP: `save` and `load` are given. Restore them from a new notebook if you changed them.
    """
    data = {"w": Tensor([1.0, 2.0]), "epoch": 3}
    save(data, memory := io.BytesIO())
    memory.seek(0)
    assert same(load(memory), data) and not memory.closed
    with (tmp_path / "run").open("wb") as file:
        save(data, file)
        assert not file.closed
    with (tmp_path / "run").open("rb") as file:
        assert same(load(file, map_location="cpu", weights_only=True), data)
    assert same(load(tmp_path / "run", weights_only=False), data)
    with pytest.raises(ValueError, match="CPU"):
        load(tmp_path / "run", map_location="cuda:0")
    with pytest.raises(ValueError, match="^the file cannot be loaded"):
        load(io.BytesIO(memory.getvalue()[:-5]))


def test_files_of_version_1_are_read(tmp_path):
    """WHAT: the previous format, with a header of checksums and with arrays for numbers that JSON can't hold.
    WHY: you must be able to resume a run that was saved before an update.
    TIP: `save` and `load` are given. Restore them from a new notebook if you changed them.
    """
    tree = b'{"dict": [["w", {"tensor": 0}], ["best", {"float": 1}], [7, {"tuple": [1, {"array": 2}]}]]}'
    arrays = {"tree": np.frombuffer(tree, np.uint8), "0": np.float32([1, 2]), "1": np.array(math.inf), "2": np.eye(2)}
    with zipfile.ZipFile(tmp_path / "run", "w") as archive:
        for name, array in arrays.items():
            archive.writestr(f"{name}.npy", npy(array))
        archive.writestr("header.json", json.dumps({"format": "tinytorch", "version": 1, "sha256": {}}))
    data = {"w": Tensor([1.0, 2.0]), "best": math.inf, 7: (1, np.eye(2))}
    assert same(load(tmp_path / "run"), data)


def test_random_numbers_go_on(tmp_path):
    """WHAT: the state is plain data; once it is set, all kinds of random numbers continue as they did.
    WHY: dropout and shuffling draw from this generator.
    TIP: `save` and `load` are given. Restore them from a new notebook if you changed them.
    """
    manual_seed(3)
    rand(3)
    save(get_rng_state(), tmp_path / "rng")
    assert json.loads(json.dumps(get_rng_state())) == get_rng_state()
    drawn = [rand(3).tolist(), randn(3).tolist()]
    manual_seed(4)
    set_rng_state(load(tmp_path / "rng"))
    assert [rand(3).tolist(), randn(3).tolist()] == drawn


def test_parts_of_a_run_can_be_saved(tmp_path):
    """WHAT: the states of network, optimizer, schedule and early stopping come back with their types.
    WHY: that is what the file is for.
    TIP: `save` and `load` are given. Restore them from a new notebook if you changed them.
    """
    net = network(dropout=0.1)
    optimizer = Adam(net.parameters(), lr=0.01, betas=(0.8, 0.99))
    scheduler, stopping = CosineAnnealingLR(optimizer, 10), EarlyStopping()
    data = [(cat([randn(4, 3)]), Tensor([0, 1, 0, 1]))]
    stopping.step(train_epoch(net, cross_entropy, optimizer, data, scheduler=scheduler), net)
    run = [net.state_dict(), optimizer.state_dict(), scheduler.state_dict(), dict(vars(stopping))]
    save(run, tmp_path / "run")
    assert same(load(tmp_path / "run"), run)
