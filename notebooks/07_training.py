import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Module 07: Training")

with app.setup(hide_code=True):
    import math
    import os
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import nullcontext
    from itertools import islice
    from pathlib import Path
    from tempfile import TemporaryDirectory
    from typing import BinaryIO

    import marimo as mo
    import numpy as np

    from tinytorch.autograd import no_grad
    from tinytorch.layers import Dropout, Linear, Module, ReLU, Sequential, Tanh
    from tinytorch.losses import cross_entropy, mse_loss
    from tinytorch.optimizers import SGD, Adam, CosineAnnealingLR, LRScheduler, Optimizer
    from tinytorch.tensor import Tensor, default_generator, manual_seed, rand, randn
    from tito.diagrams import diagram
    from tito.lesson import compare, measure, show
    from tito.picture import panels


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # Module 07: Training

    All parts are there. Put together wrongly, they still run: a loss falls, somebody believes the curve, and weeks later it turns out that
    it was measured on the wrong rows. How do you build a loop whose curve you can trust?

    **When you are done:** I can ...

    - write the training loop, and say what each of its lines would break if it were left out;
    - make the step of a large batch in the memory of a small one;
    - measure a network on rows that it has not learnt from, and stop when they say so;
    - save a run to a file that is safe to open, and go on from it bit for bit.

    **You need:** Modules 01 to 06. **It unlocks:** Module 08, data.
    """)
    return


@app.cell(hide_code=True)
def _():
    diagram("training")
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 1. Batches: every row once

    One walk through all the data is an **epoch**. Ten rows in batches of 4 are pieces of 4, 4 and 2. Data often come sorted, first all
    zeros, then all ones; steps that see only zeros, and then only ones, undo each other. So each epoch has an order of its own, drawn from
    the course's `default_generator()`, so that a seed repeats it. A function with `yield` in it is a Python *generator*: at each `yield` it hands
    out a value, and waits until the next is wanted. It can be walked through only once: each epoch needs a new one.
    """)
    return


@app.function
def batches(x: Tensor, y: Tensor, batch_size: int, shuffle: bool = True) -> Iterator[tuple[Tensor, Tensor]]:
    """The rows of `x` and `y` in pieces: what one epoch consumes.

    Args:
        x, y: tensors of shape (N, ...); one row for each example, and its target.
        batch_size: rows of a piece; the last one may be shorter.
        shuffle: whether the rows come in random order, by `default_generator()`.

    Returns:
        A Python generator of pairs (rows of x, rows of y). Its first step refuses what does not fit, with a ValueError.

    >>> [y.tolist() for x, y in batches(Tensor([5.0, 6.0, 7.0]), Tensor([0, 1, 0]), 2, shuffle=False)]
    [[0, 1], [0]]

    Steps:
        1. Refuse what does not fit, and decide on an order of all row numbers.
        2. Hand out the rows, `batch_size` of them at a time.

    Hint: NumPy's generators can put numbers into random order. An array of row numbers is a fine index.
    """
    ### BEGIN SOLUTION
    if len(x) != len(y) or batch_size < 1:
        raise ValueError(f"{len(x)} rows, {len(y)} targets, batches of {batch_size}: give equal lengths, and 1 or more")
    order = default_generator().permutation(len(x)) if shuffle else np.arange(len(x))
    for start in range(0, len(x), batch_size):
        rows = order[start : start + batch_size]
        yield x[rows], y[rows]
    ### END SOLUTION


@app.function
# points: 3
def test_batches():
    """WHAT: every row once, with its own target, the last piece shorter; each epoch in a new order, which a seed repeats.
    WHY: a row that is never seen is lost, and a row with another's target teaches nonsense.
    TIP: print the targets of all pieces. Is one missing, or there twice? Then compare each row with its target.
    """
    x, y, orders = Tensor(np.arange(20).reshape(10, 2)), Tensor(np.arange(10)), []
    assert [y.tolist() for _, y in batches(x, y, 4, shuffle=False)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]], "in order"
    for seed in (1, 2, 1):
        manual_seed(seed)
        pieces = [*batches(x, y, 4), *batches(x, y, 4)]
        assert all(rows[:, 0].tolist() == (2 * y).tolist() for rows, y in pieces), "each row with its own target"
        orders.append([number for _, y in pieces for number in y.tolist()])
        assert sorted(orders[-1][:10]) == list(range(10)) != orders[-1][:10], "every row once, and not in order"
        assert orders[-1][:10] != orders[-1][10:], "each epoch in a new order"
    assert set(orders[0][:4]) not in ({0, 1, 2, 3}, {4, 5, 6, 7}), "rows are shuffled, not pieces"
    assert orders[0] == orders[2] and orders[0] != orders[1], "the seed decides about the order"


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 2. Accumulation: a large step in little memory

    Large batches point more steadily downhill, but the graph of a batch grows with its rows, and memory ends. Gradients, however, add up:
    `backward` adds to `.grad` until somebody clears it. So cut the batch, let each piece run backward before the next one runs forward,
    and make one step. There is never more than the graph of one piece.

    What must be added? Take the answer $w x$ with $w = 1$, squared error, and targets 0: a row's gradient is $2 x^2$. For $x = 1, 2, 3$
    these are 2, 8, 18, and their mean is $28 / 3 = 9.33$. For the pieces $\{1, 2\}$ and $\{3\}$ the means are 5 and 18. The sum, 23, is two
    and a half times too long; the mean, 11.5, lets the third row count double. Each piece must count by its share of the rows:
    $\frac23 \cdot 5 + \frac13 \cdot 18 = 9.33$. (A factor before a loss is a factor before its gradient.)

    ## 3. Clipping: one bad batch

    Some batch has a gradient a thousand times as long as all others, and one step throws away what an hour has learnt. **Clipping** limits
    the length of the *whole* gradient. With gradients $(3, 4)$ in one tensor and $(12)$ in another,

    $$\sqrt{3^2 + 4^2 + 12^2} = 13 \qquad \text{limit } 6.5\!: \quad (1.5,\, 2) \text{ and } (6)$$

    All shrink by one factor, so the direction stays. It is the limit divided by the length $+ 10^{-6}$, as in PyTorch, if that is below 1.
    Mind that $(10^{30})^2$ is `inf` in float32: the very gradients that need clipping most. And if one entry is `nan`, so is the length,
    and so is everything that it scales: every gradient becomes `nan`, as in PyTorch, and you notice at once. Left alone, the healthy
    gradients would make half a step. (Every comparison with `nan` is false, also `scale < 1`.) Other norms, and clipping entry by entry,
    are in `tinytorch/vocabulary/training.py`.
    """)
    return


@app.function
def clip_grad_norm_(parameters: Tensor | Iterable[Tensor], max_norm: float) -> Tensor:
    """Scale all gradients, in place, so that together they are no longer than `max_norm`. PyTorch: [`clip_grad_norm_`](
    https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html).

    Args:
        parameters, max_norm: tensors, in any iterable, or a single one; and the largest length that is allowed.

    Returns:
        Tensor with a single number: the length before. What has no gradient does not count; nothing at all has length 0.
        A gradient that holds a nan makes the length nan, and with it all gradients.

    >>> p = Tensor([0.0, 0.0], requires_grad=True)
    >>> p.grad = Tensor([3.0, 4.0])
    >>> clip_grad_norm_([p], 1.0), p.grad
    (tensor(5.), tensor([0.6000, 0.8000]))

    Steps:
        1. Collect the arrays of all gradients; an iterable may be walked through only once.
        2. Compute the length of all of them together, in float64.
        3. If they are too long, scale each of them, in place.

    Hint: NumPy's functions take `dtype=np.float64`.
    """
    ### BEGIN SOLUTION
    tensors = [parameters] if isinstance(parameters, Tensor) else parameters
    grads = [p.grad.array for p in tensors if p.grad is not None]
    norm = math.sqrt(sum(np.square(grad, dtype=np.float64).sum() for grad in grads))
    if not (scale := max_norm / (norm + 1e-6)) >= 1:  # nan, too
        for grad in grads:
            grad *= scale  # in place
    return Tensor(norm)
    ### END SOLUTION


@app.function
# points: 3
def test_clip_grad_norm():
    """WHAT: one length, one factor, in place, only if it is too long; the length before comes back.
    WHY: transformers are hardly ever trained without it.
    TIP: compute the lengths of the test with a pencil. One for each tensor, or one for all?
    """
    p, q, none = (Tensor([0.0] * n, requires_grad=True) for n in (2, 1, 3))
    for max_norm, factor in ((20.0, 1), (6.5, 0.5)):
        p.grad, q.grad = Tensor([3.0, 4.0]), Tensor([-12.0])
        array, norm = p.grad.array, clip_grad_norm_(iter([p, none, q]), max_norm)
        assert isinstance(norm, Tensor) and norm.tolist() == 13, "the length of all, before clipping"
        assert p.grad.array is array and array.dtype == np.float32 and none.grad is None, "in place"
        assert np.allclose([*array, *q.grad.array], [3 * factor, 4 * factor, -12 * factor])
    p.grad = Tensor([3e30, 4e30])
    assert np.isclose(clip_grad_norm_(p, 1.0).item(), 5e30) and np.allclose(p.grad.numpy(), [0.6, 0.8]), "huge ones"
    assert clip_grad_norm_([none], 1.0).item() == clip_grad_norm_([], 1.0).item() == 0
    p.grad, q.grad = Tensor([3.0, math.nan]), Tensor([-12.0])
    assert math.isnan(clip_grad_norm_([p, q], 1.0).item()), "one nan makes the length nan"
    assert np.isnan([*p.grad.array, *q.grad.array]).all(), "one nan makes every gradient nan: what is nan < 1?"


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 4. The loop

    Now the parts meet. None of these mistakes is an error for Python:

    | mistake | what one sees |
    |---|---|
    | old gradients are not cleared | each step follows all batches since the start; the loss falls, then swings |
    | the network was left in `eval` mode | dropout sleeps: a beautiful training loss, a poor network |
    | clipping after the step | nothing at all, until the one bad batch |
    | the mean is taken over batches | batches of 4, 4 and 2 rows with losses 1, 1, 6: 2.67 instead of 2.0 |
    | a step with a loss of `nan` | every weight is `nan`, and nobody knows since when: refuse the loss, and say in which batch |
    """)
    return


@app.function
def per_row(total: float, rows: int) -> float:
    """A sum over rows becomes a mean. ValueError if there were none."""
    if rows == 0:
        raise ValueError("there were no rows: batches(...) can be walked through only once, so make it anew each time")
    return total / rows


@app.function
def train_epoch(
    model: Module, loss_fn: Callable[[Tensor, Tensor], Tensor], optimizer: Optimizer,
    data: Iterable[tuple[Tensor, Tensor]], accumulate: int = 1, max_norm: float | None = None,
    scheduler: LRScheduler | None = None
) -> float:  # fmt: skip
    """Walk through the data once, and learn.

    Args:
        model, optimizer: a Module, which is left in training mode, and the optimizer of its parameters.
        loss_fn: function of (output, y); the mean over the rows, as one number.
        data: whatever gives pairs (x, y) of any numbers of rows: `batches(...)`, a list, a DataLoader.
        accumulate: how many batches are gathered for a step; the last step takes what is left.
        max_norm, scheduler: the length at which gradients are clipped, and what steps after the optimizer; or None.

    Returns:
        The mean loss over all rows, a float; each batch counts as it was before its step. A loss that is nan or inf is a
        FloatingPointError with the number of its batch, from 0; no rows, or `accumulate` below 1, are a ValueError.

    >>> net, data = Linear(1, 1, bias=False), [(Tensor([[1.0]]), Tensor([[0.0]]))] * 2
    >>> net.weight.array[:] = 1
    >>> train_epoch(net, mse_loss, SGD(net.parameters(), lr=0.25), data), net.weight.item()
    (0.625, 0.25)

    Steps:
        1. Refuse a wrong `accumulate`; put the network into its mode.
        2. As long as there are batches, gather up to `accumulate` of them, and count their rows.
        3. On a clean sheet, each adds its share of the gradient, if its loss is finite.
        4. Clip, step, and move the schedule on.

    Hint: `islice(iterator, n)` takes up to n more from an iterator, as `iter(data)` makes one.
    """
    ### BEGIN SOLUTION
    if accumulate < 1:
        raise ValueError(f"accumulate is {accumulate}: gather at least 1 batch for a step")
    model.train()
    data, total, rows, batch = iter(data), 0.0, 0, 0
    while pieces := list(islice(data, accumulate)):
        size = sum(len(y) for _, y in pieces)
        optimizer.zero_grad()
        for x, y in pieces:
            loss = loss_fn(model(x), y)
            if not math.isfinite(loss.item()):
                raise FloatingPointError(f"the loss of batch {batch} is {loss.item()}: try a smaller lr, or max_norm=1")
            (loss * (len(y) / size)).backward()
            total, batch = total + loss.item() * len(y), batch + 1
        if max_norm is not None:
            clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
        rows += size
    return per_row(total, rows)
    ### END SOLUTION


@app.function
# points: 6
def test_train_epoch():
    """WHAT: steps like those of merged batches, clipped, on schedule, in training mode; the mean over rows; no step with nan.
    WHY: every network of this course is trained by these lines.
    TIP: do the failing line with a pencil. Which step differs: how many there are, their length, or what is added up?
    """
    x, y, net, early = Tensor([[1.0], [2.0], [3.0]]), Tensor([[0.0]] * 3), Linear(1, 1, bias=False), []
    cut = [(x[:2], y[:2]), (x[2:], y[2:])]

    def trained(data, accumulate=1, max_norm=None, loss_fn=mse_loss):
        net.eval().weight.array[:], net.weight.grad = 1, Tensor([[1000.0]])
        scheduler = CosineAnnealingLR(optimizer := SGD(net.parameters(), 0.03), 2)
        loss = train_epoch(net, loss_fn, optimizer, data, accumulate, max_norm, scheduler)
        assert net.training and type(loss) is float, "in training mode; a float"
        return loss, net.weight.item(), scheduler.last_epoch

    assert np.allclose(trained([(x, y)]), (14 / 3, 0.72, 1)), "one step: 1 - 0.03 * 9.33"
    assert np.allclose(trained(cut, 2), (14 / 3, 0.72, 1)), "in two pieces: the same step, and the same loss"
    assert np.allclose(trained(iter([*cut, cut[1]]), 2), (4.6664, 0.5256, 2)), "a last, smaller group, at half the lr"
    assert np.allclose(trained([(x, y)], 1, 5.0), (14 / 3, 0.85, 1)), "clipped to 5: 1 - 0.03 * 5"
    trained(cut, 2, None, lambda out, y: early.append(net.weight.grad is not None) or mse_loss(out, y))
    assert early == [False, True], "start without gradients, and run backward after each piece, or all graphs are kept"
    try:
        trained([*cut, (x * math.nan, y)], 3)
    except FloatingPointError as error:
        assert "batch 2" in str(error) and net.weight.item() == 1, "say which batch, from 0, and make no step with it"
    else:
        raise AssertionError("a loss of nan must be a FloatingPointError")


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 5. A curve to trust

    The loss that `train_epoch` returns is flattering and out of date: of rows that the network learns from, with units that dropout hides,
    and of weights that change meanwhile. So keep some rows aside, never make a step with them, and measure on those: at work, not in
    training; without graphs; and then put everything back, or the next epoch trains a network whose dropout sleeps. People ask for
    **accuracy**, the share of right answers. It has no slope, so nothing can be learnt from it, but everybody understands it.
    """)
    return


@app.function
def accuracy(logits: Tensor, y: Tensor) -> float:
    """Share of the rows of scores, (N, C), whose largest one belongs to the right class; `y` has the N class numbers.

    >>> accuracy(Tensor([[2.0, 1.0], [0.0, 3.0], [5.0, 4.0], [0.0, 1.0]]), Tensor([0, 1, 1, 1]))
    0.75
    """
    if y.shape != logits.shape[:-1]:
        raise ValueError(f"scores of shape {logits.shape}, classes {y.shape}: give one class number for each row")
    return (logits.argmax(dim=-1) == y).numpy().mean().item()


@app.function
def evaluate(model: Module, loss_fn: Callable, data: Iterable, metric: Callable = accuracy) -> tuple[float, float]:
    """How good is the model on data, without learning from it?

    Args:
        model: a Module; afterwards each of its modules is in the mode it had before.
        loss_fn, data: as for `train_epoch`.
        metric: function of (output, y); the mean over the rows, as a float.

    Returns:
        (mean loss over all rows, mean of the metric over all rows), floats. No rows are a ValueError.

    >>> evaluate(Sequential(), mse_loss, [(Tensor([[3.0, 5.0]]), Tensor([[3.0, 1.0]]))], metric=lambda out, y: 1.0)
    (8.0, 1.0)

    Steps:
        1. Remember the mode of each module, then switch to work.
        2. Without graphs, add up loss and metric over rows. Restore the modes, also if something was raised.

    Hint: `model.modules()` gives all modules, and what stands in `finally:` is done whatever happens.
    """
    ### BEGIN SOLUTION
    modes, total, score, rows = [(module, module.training) for module in model.modules()], 0.0, 0.0, 0
    model.eval()
    try:
        with no_grad():
            for x, y in data:
                out = model(x)
                total += loss_fn(out, y).item() * len(y)
                score += metric(out, y) * len(y)
                rows += len(y)
    finally:
        for module, mode in modes:
            module.training = mode
    return per_row(total, rows), per_row(score, rows)
    ### END SOLUTION


@app.function
# points: 4
def test_evaluate():
    """WHAT: means over rows, at work and without graphs; afterwards all modes as before, whatever happens.
    WHY: this number decides about everything: when to stop, which network to keep.
    TIP: dropout still on? Modes lost when a loss raises? Means over batches? Each assert names its suspect.
    """
    manual_seed(4)
    net, x, y = Sequential(Linear(4, 3), Dropout(0.5), Dropout(0.5).eval()), randn(7, 4), Tensor([0, 1, 2, 0, 1, 2, 0])
    outputs, loss_fn = [], lambda out, y: outputs.append(out) or cross_entropy(out, y)
    loss, share = evaluate(net, loss_fn, iter([(x[:5], y[:5]), (x[5:], y[5:])]))
    out = net[0](x)
    assert type(loss) is float and np.isclose(loss, cross_entropy(out, y).item()), "mean over rows, with dropout off"
    right = (out.array.argmax(axis=1) == y.array).mean()
    assert np.isclose(share, right) and not any(out.requires_grad for out in outputs), "no graph"
    assert [module.training for module in net.modules()] == [True, True, True, False], "all modes as before"
    try:
        evaluate(net, loss_fn, [(x, y[:2])])
    except ValueError:
        assert net.training and not net[2].training, "modes must be restored after an error, too"


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 6. Early stopping: when is it enough?

    Training loss falls as long as you like: with enough weights a network learns its rows by heart. The loss on the rows aside, the
    **validation loss**, falls and then rises. The best network is in between, but one bad epoch is not yet the turn. Be patient: stop
    after so many epochs *in a row* without a new best value. With a patience of 2:

    | epoch | 1 | 2 | 3 | 4 | 5 | 6 | 7 |
    |---|---:|---:|---:|---:|---:|---:|---:|
    | validation loss | 0.90 | 0.60 | 0.50 | 0.55 | 0.49 | 0.52 | 0.51 |
    | epochs without a new best | 0 | 0 | 0 | 1 | 0 | 1 | 2: stop |

    A patience of 1 stops at epoch 4 and misses the best. And at epoch 7 the weights of epoch 5 are wanted: keep a *copy* of them.
    """)
    return


@app.class_definition
class EarlyStopping:
    """Says when a validation loss has stopped getting better, and keeps the best weights.

    Waits for `patience` epochs in a row without a new best value, lower by more than `min_delta`. `best` is the lowest value,
    `best_epoch` its epoch, from 1, and `best_state` the weights then, for `load_state_dict`.
    """

    def __init__(self, patience: int = 5, min_delta: float = 0.0) -> None:
        self.patience, self.min_delta = patience, min_delta
        self.epoch, self.best, self.best_epoch, self.best_state = 0, math.inf, 0, None

    def step(self, value: float, model: Module | None = None) -> bool:
        """Note the validation loss of an epoch, and the weights of `model` if it is the best; True when it is time to stop.

        >>> stopping = EarlyStopping(patience=2)
        >>> [stopping.step(value) for value in (0.9, 0.6, 0.7, 0.65)]
        [False, False, False, True]

        Steps:
            1. Count the epoch. A new best value? Note it, its epoch, and the weights.
            2. How long ago was the best epoch?

        Hint: nan is never better, and no comparison with nan is true: which way round do you ask?
        """
        ### BEGIN SOLUTION
        self.epoch += 1
        if value < self.best - self.min_delta:
            self.best, self.best_epoch = value, self.epoch
            self.best_state = None if model is None else model.state_dict()
        return self.epoch - self.best_epoch >= self.patience
        ### END SOLUTION


@app.function
# points: 3
def test_EarlyStopping_step():
    """WHAT: the table above; small gains and nan do not count; the best weights are a copy.
    WHY: a run that stops too early is lost, and one that keeps the last weights has waited for nothing.
    TIP: write down best, best_epoch and epoch after each value of the table.
    """
    net, stopping = Linear(1, 1), EarlyStopping(patience=2)
    for epoch, value in enumerate((0.9, 0.6, 0.5, 0.55, 0.49, 0.52, 0.51), 1):
        net.weight.array[:] = epoch
        assert stopping.step(value, net) is (epoch == 7), f"patience 2, epoch {epoch} of the table"
    assert (stopping.best, stopping.best_epoch, stopping.epoch) == (0.49, 5, 7)
    assert stopping.best_state["weight"].item() == 5, "the weights of the best epoch, not the last"
    stopping = EarlyStopping(patience=3, min_delta=0.1)
    assert [stopping.step(value) for value in (1.0, 0.95, 0.91, math.nan)] == [False, False, False, True]


@app.function(hide_code=True)
def explore_run(kind, lr, bend, rows, width, noise):
    """Figure: a run of 100 epochs on XOR; n points around the corners of a square, class 1 where one coordinate is 1."""

    def points(n):
        corners = rand(n, 2).numpy() > 0.5
        return Tensor(corners).float() + noise * randn(n, 2), Tensor(corners[:, 0] ^ corners[:, 1]).long()

    manual_seed(1)
    train, valid, bends = points(rows), points(500), [{"relu": ReLU, "tanh": Tanh}[bend]()] if bend != "none" else []
    net = Sequential(Linear(2, width), *bends, Linear(width, width), *bends, Linear(width, 2))
    optimizer, stopping, curves = kind(net.parameters(), lr), EarlyStopping(), []
    try:
        for _ in range(100):
            with np.errstate(all="ignore"):
                loss = train_epoch(net, cross_entropy, optimizer, batches(*train, 50))
            curves.append((loss, *evaluate(net, cross_entropy, [valid])))
            stopping.step(curves[-1][1])
    except FloatingPointError as error:
        return mo.md(f"**Your loop stopped:** {error}.")
    best, end = curves[stopping.best_epoch - 1], curves[-1]
    figure, axes = panels()
    axes.plot([loss for loss, _, _ in curves], "--", label=f"training loss, in the end {end[0]:.3g}")
    axes.plot([loss for _, loss, _ in curves], "-", label=f"validation loss, in the end {end[1]:.3g}")
    axes.axvline(stopping.best_epoch - 1, color="gray", linestyle=":", label=f"best epoch, {best[1]:.3g}")
    axes.axhline(math.log(2), color="gray", linestyle="-.", label="log 2: a coin")
    axes.set(ylim=(0, 2), xlabel="epoch", title=f"accuracy {best[2]:.1%} in the best epoch, {end[2]:.1%} in the end")
    axes.legend(fontsize=8, loc="upper right", ncols=2)
    return figure


@app.cell(hide_code=True)
def _():
    run_bend = mo.ui.dropdown(["none", "relu", "tanh"], value="relu", label="bend")
    run_lr = mo.ui.slider(steps=[0.001, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30], value=0.1, label="lr", show_value=True)
    mo.md(f"""
    ### Explore: a live run

    Your loop learns XOR from 200 points, with plain SGD. **Predict**: how far below the `lr` that ruins the run is the best one, a factor of
    3 or of 100? Does a ruined run end in `nan`? And without a bend, how low does the loss get? {run_bend} {run_lr}
    """)
    return run_bend, run_lr


@app.cell(hide_code=True)
def _(run_bend, run_lr):
    show(explore_run, SGD, run_lr.value, run_bend.value, 200, 16, 0.2)
    return


@app.cell(hide_code=True)
def _():
    fit_rows = mo.ui.slider(steps=[20, 50, 100, 200, 500], value=50, label="rows to learn from", show_value=True)
    fit_width = mo.ui.slider(steps=[2, 8, 32], value=32, label="width", show_value=True)
    mo.md(f"""
    **Why can a network without ReLU not learn XOR?** All its layers together are linear, and Module 02 proved that no linear function is
    XOR. The best that is left is to say "one half" everywhere, and training finds just that: a loss of $\\log 2$.

    ### Explore: learning by heart

    Now with so much noise that nobody gets all of it right, and with Adam. **Predict**: after its lowest point, what does the validation
    loss do, and what the *accuracy*? What do more rows change, and what a smaller network? {fit_rows} {fit_width}
    """)
    return fit_rows, fit_width


@app.cell(hide_code=True)
def _(fit_rows, fit_width):
    show(explore_run, Adam, 0.02, "relu", fit_rows.value, fit_width.value, 0.35)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 7. Saving: what is a run made of?

    A machine restarts. To go on *bit for bit*, all that the next step depends on must be in a file: the weights, the optimizer's averages,
    the scheduler's count, and where the random numbers are, which dropout and `batches` will draw next:

    `save({"model": net.state_dict(), "optimizer": ..., "scheduler": ..., "rng": get_rng_state(), "epoch": 3}, "run.ckpt")`

    Python's usual way, `pickle`, stores a *program* that builds the objects: open a stranger's file, and you run a stranger's code. Ours,
    which is given, is NumPy's .npz: a zip archive of arrays, without pickle. It is written next to the old file, and replaces it when
    complete.

    | entry | holds |
    |:---|:---|
    | `tree.npy` | bytes of JSON: the nested data, with a number in place of each array |
    | `0.npy`, `1.npy`, ... | the arrays, uncompressed, so that a small file can't unfold into a huge one |
    | `version.npy` | 2, the version of this format; files of version 1 are still read |

    A zip archive keeps a checksum of each entry (CRC-32), so an accidental change is noticed when the file is read. A forger can compute
    the checksum again; then you load wrong numbers, but still no code.
    """)
    return


@app.function
def pack(obj: object, arrays: list[np.ndarray], path: str = "") -> object:
    """What JSON can hold of `obj`; arrays are appended to `arrays`, and replaced by their number."""
    kind = type(obj)
    if kind in (str, int, float, bool, type(None)):
        return obj
    if kind in (list, tuple):
        return {kind.__name__: [pack(value, arrays, f"{path}[{i}]") for i, value in enumerate(obj)]}
    if kind is dict and all(type(key) in (str, int) for key in obj):
        return {"dict": [(key, pack(value, arrays, f"{path}.{key}".lstrip("."))) for key, value in obj.items()]}
    array = obj.array if isinstance(obj, Tensor) else obj
    if type(array) is not np.ndarray or array.dtype.kind not in "biufc":
        allowed = "dicts (of texts and integers), lists, tuples, texts, Python's numbers, None, tensors, number arrays"
        raise TypeError(f"{path or 'the object'} is a {kind.__name__}: save only {allowed}")
    arrays.append(array)
    return {"array" if array is obj else "tensor": len(arrays) - 1}


@app.function
def save(obj: object, f: str | os.PathLike | BinaryIO) -> None:
    """Write nested Python data with tensors to a file, which `load` reads back exactly. (`torch.save` has another format.)

    `f` is a path, or a file opened for writing bytes, such as a BytesIO. Anything but dicts, lists, tuples, texts, numbers,
    None, tensors and arrays is a TypeError that says where it is.
    """
    import json  # takes 10 ms to import, as does pathlib, and hardly any program saves
    from pathlib import Path

    tree = json.dumps(pack(obj, arrays := [])).encode()
    entries = {"version": np.array(2), "tree": np.frombuffer(tree, np.uint8)}
    entries |= {str(i): array for i, array in enumerate(arrays)}
    if hasattr(f, "write"):
        np.savez(f, **entries)
        return
    path = Path(f).resolve()
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with beside.open("wb") as file:
            np.savez(file, **entries)
            file.flush()
            os.fsync(file.fileno())  # on the disk before the old file goes
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


@app.function
def load(f: str | os.PathLike | BinaryIO) -> object:
    """Read what `save` wrote: the same objects, with tensors where tensors were. Nothing in the file is ever executed.

    A ValueError says when it is cut off, changed, compressed, newer than this version, or not a file of `save`.
    """
    import json
    from pathlib import Path

    with nullcontext(f) if hasattr(f, "read") else Path(f).open("rb") as file:
        try:
            archive = np.load(file)  # without pickle
            version = archive["version"].item() if "version" in archive else 1
            if version > 2 or any(entry.compress_type for entry in archive.zip.infolist()):
                raise ValueError(f"its format {version} is newer than 2, or it is compressed and could become huge")
            arrays = {name: archive[name] for name in archive}
            make = {"list": list, "tuple": tuple, "dict": dict, "array": lambda i: arrays[str(i)]}
            make |= {"tensor": lambda i: Tensor.wrap(arrays[str(i)]), "float": lambda i: arrays[str(i)].item()}
            tree = arrays["tree"].tobytes()
            return json.loads(tree, object_hook=lambda tagged: [make[kind](tagged[kind]) for kind in tagged][0])
        except Exception as error:
            why = f"cut off, changed, or not written by save ({type(error).__name__}: {' '.join(str(error).split())})"
            raise ValueError(f"{getattr(file, 'name', 'the file')} cannot be loaded: {why}; use another copy") from None


@app.function
def get_rng_state() -> dict:
    """Where the course's random numbers are: plain data, for `save`. (PyTorch's is a tensor of bytes.)"""
    return default_generator().bit_generator.state


@app.function
def set_rng_state(state: dict) -> None:
    """Let the random numbers go on where `get_rng_state` found them."""
    default_generator().bit_generator.state = state


@app.function
def test_save_and_load():
    """WHAT: all comes back, exactly, and so do the next random numbers.
    WHY: a run of a week hangs on one file.
    TIP: given; the module's other tests try many more ways to break a file, and resume a run.
    """
    data = {"a": [1, -0.0, math.inf, (True, None)], 7: Tensor([1.5, 2.5]), "array": np.eye(2), "rng": get_rng_state()}
    drawn = rand(3).tolist()
    with TemporaryDirectory() as folder:
        save(data, path := Path(folder) / "run.ckpt")
        assert repr(loaded := load(path)) == repr(data) and loaded[7].dtype == np.float32
        set_rng_state(loaded["rng"])
        assert rand(3).tolist() == drawn


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Measure: what does accumulation cost?

    One step with 1024 rows, in a network 784-256-256-256-10: as one batch, as 8 pieces of 128, and as 64 pieces of 16. **Predict**
    for both: by which factor does the memory shrink, and the time grow?
    """)
    return


@app.function(hide_code=True)
def measure_accumulation(rounds=9):
    """Markdown: median time and peak extra memory of one step, from pieces of different sizes."""
    manual_seed(6)
    net = Sequential(Linear(784, 256), ReLU(), Linear(256, 256), ReLU(), Linear(256, 256), ReLU(), Linear(256, 10))
    optimizer, ways, x, y = SGD(net.parameters()), {}, randn(1024, 784), Tensor(np.arange(1024) % 10)
    for k in (1, 8, 64):
        pieces = list(batches(x, y, 1024 // k))
        ways[k] = lambda k=k, pieces=pieces: train_epoch(net, cross_entropy, optimizer, pieces, accumulate=k)
    rows = ["| pieces | time | memory | time / one piece | memory / one piece |", "|---:|---:|---:|---:|---:|"]
    costs = compare(ways, rounds)
    for k, (seconds, peak) in costs.items():
        ratios = f"{seconds / costs[1][0]:.1f}x | {peak / costs[1][1]:.2f}x"
        rows.append(f"| {k} | {seconds * 1e3:.1f} ms | {peak / 2**20:.2f} MiB | {ratios} |")
    return mo.md("\n".join(rows))


@app.cell(hide_code=True)
def _():
    measure_button = mo.ui.run_button(label="Measure on this machine")
    measure_button
    return (measure_button,)


@app.cell(hide_code=True)
def _(measure_button):
    measure(measure_button, measure_accumulation)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    Eight pieces need less than half of the memory, 64 hardly less than eight: the gradient itself, as large as the weights, and the part
    that is being added to it do not shrink. The time grows: small products keep the processor less busy, and every call has its price.

    ## Complexity

    For $P$ parameters, the largest tensor having $L$, and a graph of $G$ bytes for each of $B$ rows:

    | | operations | memory |
    |---|---|---|
    | step of a batch | $B$ rows forward and backward | $B G$ for the graph, $4 P$ bytes for the gradient |
    | in $k$ equal pieces | the same, and $k$ times what a call costs | $B G / k$, and again $4 P$ |
    | `clip_grad_norm_` | $2 P$, and $P$ more if it clips | $8 L$ bytes, for the squares in float64 |

    ## In production

    PyTorch has no `train_epoch`: everybody writes the loop, or takes Lightning's or Hugging Face's. Clipping is in
    `torch/nn/utils/clip_grad.py`, saving in `torch/serialization.py`. For years `torch.load` unpickled whatever it was given; since 2.6 it
    allows only known types (`torch/_weights_only_unpickler.py`). The *safetensors* format is built like yours: JSON, then numbers.

    ## Questions
    """)
    return


@app.function
def answer_steps():
    """A data set has 50,000 rows, and memory holds the graph of 64. You want steps like those of batch 512.

    Return (batches to gather for a step, steps of an epoch, with the last incomplete one). Hint: the last batch is shorter.
    """
    ### BEGIN SOLUTION
    return 512 // 64, -(-50_000 // 512)
    ### END SOLUTION


@app.function
# points: 1
def test_answer_steps():
    """WHAT: batches for a step, and steps in an epoch.
    WHY: a schedule must be told how many steps there will be, before the first.
    TIP: the test cuts the rows and counts.
    """
    sizes, (gathered, steps) = [min(64, 50_000 - start) for start in range(0, 50_000, 64)], answer_steps()
    assert gathered * sizes[0] == 512 and steps == len(range(0, len(sizes), gathered))


@app.cell(hide_code=True)
def question_test_rows():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** A colleague tries 50 learning rates, stops each run early, and reports the best of the 50 validation accuracies.
    Why is that number too good, although no step was ever made with those rows? What would you report, and on which rows?

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def question_resume():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** A run goes on from a file that lacks the optimizer's state, or the scheduler's, or the random numbers'. What is
    different each time in the epoch after, and would you see it in the curve of the loss?

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Summary

    - An epoch sees each row once, in a new order. Pieces that count by their share of the rows make the step of the whole batch.
    - Clipping shrinks the whole gradient by one factor; a loss that is not finite stops the run before the step.
    - Trust a loss only on rows that were never learnt from, at work; keep the weights of its lowest point.
    - A run is weights, optimizer, schedule and random numbers. A file of plain numbers runs nobody's code.

    **Next:** export your work with `tito module complete 07`. Module 08 feeds the loop with real data.
    """)
    return


if __name__ == "__main__":
    app.run()
