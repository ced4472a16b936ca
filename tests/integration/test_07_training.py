"""The loop together with all earlier modules: it reads real handwriting, and resumes bit for bit."""

import inspect
import subprocess
import sys

import numpy as np
import pytest

from tinytorch.layers import Dropout, Linear, ReLU, Sequential
from tinytorch.nn import BCEWithLogitsLoss, CrossEntropyLoss
from tinytorch.optimizers import SGD, Adam, AdamW, CosineAnnealingLR, LinearLR, SequentialLR
from tinytorch.tensor import Tensor, manual_seed, randn
from tinytorch.training import (
    EarlyStopping,
    accuracy,
    batches,
    evaluate,
    get_rng_state,
    load,
    save,
    set_rng_state,
    train_epoch,
)
from tito.lesson import close


@pytest.fixture(scope="module")
def digits():
    """1000 rows to train on, 297 to validate on, and 500 to report on: three pairs (x, y)."""
    datasets = pytest.importorskip(
        "sklearn.datasets", reason="the digits come with scikit-learn: pip install -e '.[data]'"
    )
    data = datasets.load_digits()
    order = np.random.default_rng(0).permutation(1797)
    x, y = Tensor(data.data[order] / 16), Tensor(data.target[order])
    return [(x[a:b], y[a:b]) for a, b in ((0, 1000), (1000, 1297), (1297, 1797))]


def test_digits(digits):
    """WHAT: a network 64-32-10 reads at least 95 % of handwriting that it hasn't learned from; its best weights are kept.
    WHY: all seven modules have a part in this number.
    TIP: print the loss of every epoch. Does it fall? Then compare training and held-out accuracy.
    """
    train, valid, held_out = digits
    manual_seed(0)
    net = Sequential(Linear(64, 32), ReLU(), Linear(32, 10))
    optimizer, stopping = Adam(net.parameters(), lr=0.01), EarlyStopping(patience=5)
    for _ in range(40):
        train_epoch(net, CrossEntropyLoss(), optimizer, batches(*train, 32), max_norm=1.0)
        if stopping.step(evaluate(net, CrossEntropyLoss(), batches(*valid, 100))[0], net):
            break
    net.load_state_dict(stopping.best_state)
    share = evaluate(net, CrossEntropyLoss(), [held_out])[1]
    assert share >= 0.95, f"held-out accuracy {share:.3f}"
    close(evaluate(net, CrossEntropyLoss(), [valid])[0], stopping.best, "the loss of the best weights", atol=1e-5)
    close(accuracy(net(held_out[0]), held_out[1]), share, "the held-out accuracy, computed in one batch")


@pytest.mark.parametrize("nonlinear", [True, False])
def test_xor_needs_a_nonlinearity(nonlinear):
    """WHAT: the same loop learns XOR with a ReLU between two layers, and without one ends at log 2, "one half" for all.
    WHY: no linear function is XOR, so no training finds one.
    TIP: print the loss of every epoch. Does it fall?
    """
    manual_seed(1)
    x, y = Tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), Tensor([[0.0], [1.0], [1.0], [0.0]])
    net = Sequential(Linear(2, 16), *([ReLU()] if nonlinear else []), Linear(16, 1))
    optimizer = Adam(net.parameters(), lr=0.05)
    for _ in range(200):
        loss = train_epoch(net, BCEWithLogitsLoss(), optimizer, [(x, y)])
    close(loss, 0 if nonlinear else np.log(2), "the loss of XOR after 200 epochs", atol=0.01 if nonlinear else 1e-3)


def test_clipping_saves_a_run_from_a_bad_batch():
    """WHAT: one batch a million times too large ruins a run; with clipping, the run still learns.
    WHY: every large data set has such a batch.
    TIP: is the gradient clipped before the step?
    """
    losses = []
    for max_norm in (None, 1.0):
        manual_seed(2)
        x = randn(64, 4)
        y = (x[:, 0] > 0).long()
        net = Sequential(Linear(4, 8), ReLU(), Linear(8, 2))
        optimizer = SGD(net.parameters(), lr=0.1)
        for epoch in range(30):
            data = [*batches(x, y, 16), *([(x[:16] * 1e6, 1 - y[:16])] if epoch == 20 else [])]
            train_epoch(net, CrossEntropyLoss(), optimizer, data, max_norm=max_norm)
        losses.append(evaluate(net, CrossEntropyLoss(), [(x, y)])[0])
    plain, clipped = losses
    assert clipped < 0.5 and plain > 10 * clipped, (
        f"the final loss is {plain:.3g} without and {clipped:.3g} with clipping"
    )


# Resuming. The same functions run here and in a new process.


def start(seed, kind):
    manual_seed(seed)
    net = Sequential(Linear(4, 16), ReLU(), Dropout(0.3), Linear(16, 3))
    optimizer = kind(net.parameters(), lr=0.01)
    parts = [LinearLR(optimizer, 0.1, total_iters=5), CosineAnnealingLR(optimizer, 20)]
    return {"model": net, "optimizer": optimizer, "scheduler": SequentialLR(optimizer, parts, [5])}


def learn(run, x, y, epochs):
    options = {"accumulate": 2, "max_norm": 1.0, "scheduler": run["scheduler"]}
    return [
        train_epoch(run["model"], CrossEntropyLoss(), run["optimizer"], batches(x, y, 8), **options)
        for _ in range(epochs)
    ]


def store(run, path, x, y):
    save({name: part.state_dict() for name, part in run.items()} | {"rng": get_rng_state(), "data": (x, y)}, path)


def resume(path, kind):
    run, saved = start(99, kind), load(path)
    for name, part in run.items():
        part.load_state_dict(saved[name])
    set_rng_state(saved["rng"])
    return run, *saved["data"]


def same_run(a, b):
    weights = zip(a["model"].parameters(), b["model"].parameters(), strict=True)
    return all(np.array_equal(p.array, q.array) for p, q in weights)


@pytest.mark.parametrize("kind", [Adam, AdamW, SGD])
def test_resume_with_new_objects(kind, tmp_path):
    """WHAT: six epochs in one go, or three, a file, and three more with new objects: equal to the last bit.
    WHY: otherwise you can't tell an idea that helped from a run that was interrupted.
    TIP: what does the next step depend on, and what of it does a file not have?
    """
    manual_seed(7)
    x, y = randn(50, 4), Tensor(np.arange(50) % 3)
    whole = start(1, kind)
    losses = learn(whole, x, y, 6)
    first = start(1, kind)
    before = learn(first, x, y, 3)
    store(first, tmp_path / "run", x, y)
    second, x, y = resume(tmp_path / "run", kind)
    close(before + learn(second, x, y, 3), losses, "losses of all epochs", rtol=0, atol=0)
    assert same_run(whole, second), "the weights of the resumed run differ from those of the whole one"
    assert not same_run(first, second), "the resumed run must have weights of its own"


def test_resume_in_a_new_process(tmp_path):
    """WHAT: the second half runs in another process, and ends with the same weights and the same random numbers.
    WHY: that is what happens when a machine restarts.
    TIP: it works when the test above does. What lives in this process, and not in the file?
    """
    manual_seed(7)
    x, y = randn(50, 4), Tensor(np.arange(50) % 3)
    first = start(1, Adam)
    learn(first, x, y, 3)
    store(first, tmp_path / "run", x, y)
    learn(first, x, y, 3)
    modules = ("layers", "nn", "optimizers", "tensor", "training")
    lines = [f"import sys; sys.path[:0] = {sys.path!r}", *(f"from tinytorch.{name} import *" for name in modules)]
    lines += [inspect.getsource(function) for function in (start, learn, store, resume)]
    lines += ["run, x, y = resume('run', Adam)", "learn(run, x, y, 3)", "store(run, 'end', x, y)"]
    subprocess.run([sys.executable, "-c", "\n".join(lines)], cwd=tmp_path, check=True)
    end = load(tmp_path / "end")
    for name, weight in first["model"].named_tensors():
        close(end["model"][name], weight.array, name, rtol=0, atol=0)
    assert end["rng"] == get_rng_state(), "the random generators of the two processes differ"
