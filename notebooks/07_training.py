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
    from tito.lesson import close, compare, measure, show
    from tito.picture import panels


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # Module 07: Training

    You have all the parts. Put together wrongly, they still run: the loss falls, you believe the curve, and weeks later it turns out
    that it was measured on the wrong rows. How do you build a loop whose curve you can trust?

    **When you are done:** I can ...

    - write the training loop, and say what breaks if you leave out any of its lines;
    - take the step of a large batch in the memory of a small one;
    - measure a network on rows that it hasn't learned from, and stop when they say so;
    - save a run to a file that is safe to open, and resume it bit for bit.

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

    One pass over all the data is an **epoch**. Ten rows in batches of 4 are pieces of 4, 4 and 2. Data often comes sorted, first all
    zeros, then all ones; steps that see only zeros, and then only ones, undo each other. So each epoch has its own random order, drawn
    from the course's `default_generator()`, so that a seed repeats it. A function with `yield` in it is a Python *generator*: at each
    `yield` it hands out a value, and waits until you ask for the next. You can iterate over it only once: each epoch needs a new one.
    """)
    return


@app.function
def batches(x: Tensor, y: Tensor, batch_size: int, shuffle: bool = True) -> Iterator[tuple[Tensor, Tensor]]:
    """The rows of `x` and `y` in batches: one epoch.

    Args:
        x, y: tensors of shape (N, ...); one row for each example, and its target.
        batch_size: rows of a batch; the last one may be shorter.
        shuffle: whether the rows come in random order, drawn from `default_generator()`.

    Returns:
        A Python generator of pairs of tensors, (rows of x, rows of y).

    Raises:
        ValueError: `x` and `y` have different lengths, or `batch_size` is below 1. Raised when you ask for the first batch.

    >>> [y.tolist() for x, y in batches(Tensor([5.0, 6.0, 7.0]), Tensor([0, 1, 0]), 2, shuffle=False)]
    [[0, 1], [0]]

    Steps:
        1. Refuse bad lengths and sizes, and decide on an order of all row numbers.
        2. Yield the rows, `batch_size` of them at a time.

    Hint: NumPy's generators can shuffle numbers. A tensor takes an array of row numbers as an index.
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
    """WHAT: every row once, with its own target, the last batch shorter; each epoch in a new order, which a seed repeats.
    WHY: a row that is never seen is lost, and a row with another row's target teaches nonsense.
    TIP: print the targets of all batches. Is one missing, or there twice? Then compare each row with its target.
    """
    x, y, orders = Tensor(np.arange(20).reshape(10, 2)), Tensor(np.arange(10)), []
    assert hasattr(batches(x, y, 4), "__next__"), "batches must be a generator: does it yield its batches?"
    ordered = [targets.tolist() for _, targets in batches(x, y, 4, shuffle=False)]
    assert ordered == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]], f"with shuffle=False the targets came as {ordered}"
    for seed in (1, 2, 1):
        manual_seed(seed)
        pairs = [*batches(x, y, 4), *batches(x, y, 4)]
        assert all(isinstance(rows, Tensor) for rows in pairs[0]), "yield tensors, not arrays"
        assert all(rows[:, 0].tolist() == (2 * y).tolist() for rows, y in pairs), "a row came with another row's target"
        order = [number for _, targets in pairs for number in targets.tolist()]
        orders += [order[:10], order[10:]]
        assert sorted(order[:10]) == list(range(10)), f"an epoch must have every row once, not {order[:10]}"
    assert y.tolist() == list(range(10)), "batches must not change the tensors it is given"
    assert any(order != sorted(order) for order in orders), "with shuffle=True the rows came in order"
    follows = [order.index(1) == order.index(0) + 1 for order in orders]
    assert not all(follows), "row 1 always comes right after row 0: shuffle rows, not whole batches"
    assert orders[0] != orders[1], "two epochs had the same order"
    assert orders[:2] == orders[4:], "the same seed must repeat the order: draw from default_generator()"
    assert orders[:2] != orders[2:4], "another seed must give another order: draw from default_generator()"
    assert len([*batches(x, y, 1)]) == 10, "10 rows in batches of 1 must be 10 batches"
    for rows, targets, size in ((x[:9], y, 4), (x, y[:9], 4), (x, y, 0), (x, y, -1)):
        try:
            list(batches(rows, targets, size))
        except ValueError:
            continue
        case = f"{len(rows)} rows, {len(targets)} targets and batch_size={size}"
        raise AssertionError(f"batches must raise ValueError for {case}")


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 2. Accumulation: a large step in little memory

    Large batches give less noisy gradients, but the graph of a batch grows with its rows, and memory is limited. Gradients, however,
    accumulate: `backward` adds to `.grad` until you clear it. So cut the batch into **micro-batches**, run backward on each before the
    next one's forward pass, and take one step. There is never more than one micro-batch's graph in memory.

    What must you add up? Take the output $w x$ with $w = 1$, squared error, and targets 0: a row's gradient is $2 x^2$. For $x = 1, 2, 3$
    these are 2, 8, 18, and their mean is $28 / 3 = 9.33$. For the pieces $\{1, 2\}$ and $\{3\}$ the means are 5 and 18. The sum, 23, is two
    and a half times too large; the mean, 11.5, counts the third row twice. Each piece must count by its share of the rows:
    $\frac23 \cdot 5 + \frac13 \cdot 18 = 9.33$. (A factor on a loss is a factor on its gradient.)

    ## 3. Clipping: one bad batch

    Now and then a batch has a gradient a thousand times larger than usual, and one step destroys what an hour of training has learned.
    **Gradient clipping** limits the norm of the *whole* gradient. With gradients $(3, 4)$ in one tensor and $(12)$ in another,

    $$\sqrt{3^2 + 4^2 + 12^2} = 13 \qquad \text{limit } 6.5\!: \quad (1.5,\, 2) \text{ and } (6)$$

    All shrink by one factor, so the direction stays the same. It is the limit divided by the norm $+ 10^{-6}$, as in PyTorch, if that is
    below 1. Note that $(10^{30})^2$ is `inf` in float32, and huge gradients need clipping most. And if one entry is `nan`, so is the
    norm, and so is everything that you scale by it: every gradient becomes `nan`, as in PyTorch, and you notice at once. Left alone,
    some parameters would step, and the others turn `nan`. (Every comparison with `nan` is false, including `scale < 1`.) Other norms, and clipping
    entry by entry, are in `tinytorch/vocabulary/training.py`.
    """)
    return


@app.function
def clip_grad_norm_(parameters: Tensor | Iterable[Tensor], max_norm: float) -> Tensor:
    """Scale all gradients, in place, so that their common norm is at most `max_norm`. PyTorch: [`clip_grad_norm_`](
    https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html).

    Args:
        parameters: tensors, in any iterable, or a single tensor.
        max_norm: the largest norm that is allowed.

    Returns:
        Scalar float32 tensor: the norm before clipping. Tensors without a gradient don't count; without any gradient it is 0.
        A nan in one gradient makes the norm nan, and with it all gradients.

    >>> p = Tensor([0.0, 0.0], requires_grad=True)
    >>> p.grad = Tensor([3.0, 4.0])
    >>> clip_grad_norm_([p], 1.0), p.grad
    (tensor(5.), tensor([0.6000, 0.8000]))

    Steps:
        1. Collect the arrays of all gradients; you can iterate over some iterables only once.
        2. Compute the norm of all of them together, in float64.
        3. If it is too large, scale each of them, in place.

    Hint: NumPy's functions take `dtype=np.float64`.
    """
    ### BEGIN SOLUTION
    tensors = [parameters] if isinstance(parameters, Tensor) else parameters
    grads = [p.grad.array for p in tensors if p.grad is not None]
    norm = math.sqrt(sum(np.square(grad, dtype=np.float64).sum() for grad in grads))
    if not (scale := max_norm / (norm + 1e-6)) >= 1:  # or nan
        for grad in grads:
            grad *= scale  # in place
    return Tensor(norm)
    ### END SOLUTION


@app.function
# points: 3
def test_clip_grad_norm():
    """WHAT: one norm, one factor, in place, only if the norm is too large; the norm before clipping is returned.
    WHY: transformers are hardly ever trained without it.
    TIP: compute norm and factor of the failing case by hand. Do you have one norm for each tensor, or one for all?
    """
    p, q, none = (Tensor([0.0] * n, requires_grad=True) for n in (2, 1, 3))
    for max_norm, factor in ((20.0, 1), (6.5, 0.5)):
        p.grad, q.grad = Tensor([3.0, 4.0]), Tensor([-12.0])
        array, norm = p.grad.array, clip_grad_norm_(iter([p, none, q]), max_norm)
        close(norm, 13, f"the norm before clipping to {max_norm}")
        assert isinstance(norm, Tensor) and norm.dtype == np.float32, "the norm must be a float32 tensor"
        assert p.grad.array is array and none.grad is None, (
            "write into the array of each gradient, and add no gradients"
        )
        close(array, [3 * factor, 4 * factor], f"gradients (3, 4) clipped to {max_norm}", dtype=np.float32)
        close(q.grad, [-12 * factor], f"gradient (-12) clipped to {max_norm}")
    for size, max_norm, factor in ((1e30, 1.0, 0.2e-30), (1e-6, 2.5e-6, 2.5 / 6)):
        p.grad = Tensor([3 * size, 4 * size])
        close(clip_grad_norm_(p, max_norm), 5 * size, f"the norm of (3, 4) times {size}", atol=0)
        expected = np.array([3, 4]) * size * factor
        close(p.grad, expected, f"(3, 4) times {size}, clipped by max_norm / (norm + 1e-6)", rtol=1e-4, atol=0)
    close(clip_grad_norm_([none], 1.0), 0, "the norm without any gradient")
    close(clip_grad_norm_([], 1.0), 0, "the norm without any tensor")
    p.grad, q.grad = Tensor([3.0, math.nan]), Tensor([-12.0])
    close(clip_grad_norm_([p, q], 1.0), math.nan, "the norm, with one nan")
    close([*p.grad.array, *q.grad.array], [math.nan] * 3, "all gradients, with one nan (what is nan < 1?)")


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 4. The loop

    Now put the parts together. Python raises an error for none of these mistakes:

    | mistake | what you see |
    |:---|:---|
    | old gradients are not cleared | each step follows all batches since the start; the loss falls, then oscillates |
    | the network stays in `eval` mode | dropout is off: a great training loss, a poor network |
    | clipping after the step | nothing at all, until the one bad batch |
    | the mean is taken over batches | batches of 4, 4 and 2 rows with losses 1, 1, 6: 2.67 instead of 2.0 |
    | a step with a loss of `nan` | every weight is `nan`, and you can't tell since when: raise an error that names the batch |
    """)
    return


@app.function
def per_row(total: float, rows: int) -> float:
    """Turn a sum over rows into a mean. ValueError if there are none."""
    if rows == 0:
        raise ValueError(
            "there were no rows: give more than drop_last drops, and call batches(...) again for each epoch"
        )
    return total / rows


@app.function
def train_epoch(
    model: Module, loss_fn: Callable[[Tensor, Tensor], Tensor], optimizer: Optimizer,
    data: Iterable[tuple[Tensor, Tensor]], accumulate: int = 1, max_norm: float | None = None,
    scheduler: LRScheduler | None = None
) -> float:  # fmt: skip
    """Train for one epoch.

    Args:
        model, optimizer: a Module, which is left in training mode, and the optimizer of its parameters.
        loss_fn: function of (output, y); the mean over the rows, as a scalar.
        data: any iterable of pairs (x, y), of any number of rows each: `batches(...)`, a list, a DataLoader.
        accumulate: how many batches to gather for a step; the last step takes what is left.
        max_norm, scheduler: the norm that gradients are clipped to, and what steps after the optimizer; or None.

    Returns:
        The mean loss over all rows, a float; the loss of each batch is the one before its step.

    Raises:
        FloatingPointError: a loss is nan or inf; the message has the number of its batch, from 0.
        ValueError: there are no rows, or `accumulate` is below 1.

    >>> net, data = Linear(1, 1, bias=False), [(Tensor([[1.0]]), Tensor([[0.0]]))] * 2
    >>> net.weight.array[:] = 1
    >>> train_epoch(net, mse_loss, SGD(net.parameters(), lr=0.25), data), net.weight.item()
    (0.625, 0.25)

    Steps:
        1. Refuse a wrong `accumulate`; set the mode of the network.
        2. While there are batches, gather up to `accumulate` of them, and count their rows.
        3. Clear the gradients. Then each batch adds its share of the gradient, if its loss is finite.
        4. Clip, step, and advance the scheduler.

    Hint: `islice(iterator, n)` yields at most n more items of an iterator such as `iter(data)`.
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
    TIP: compute the failing case by hand. What differs: the number of steps, their size, or what you add up?
    """
    x, y, net = Tensor([[1.0], [2.0], [3.0]]), Tensor([[0.0]] * 3), Linear(1, 1, bias=False)
    halves, seen = [(x[:2], y[:2]), (x[2:], y[2:])], []

    def loss_fn(out, y):
        seen.append((net.training, math.nan if net.weight.grad is None else net.weight.grad.item()))
        return mse_loss(out, y)

    def trained(data, accumulate=1, max_norm=None):
        net.eval().weight.array[:], net.weight.grad = 1, Tensor([[1000.0]])
        scheduler = CosineAnnealingLR(optimizer := SGD(net.parameters(), 0.03), 2)
        loss = train_epoch(net, loss_fn, optimizer, data, accumulate, max_norm, scheduler)
        assert isinstance(loss, float), f"train_epoch must return a float, not {type(loss).__name__}"
        return loss, net.weight.item(), scheduler.last_epoch

    what = "(loss, weight, steps of the scheduler)"
    close(trained([(x, y)]), (14 / 3, 0.72, 1), f"{what} after one batch, 1 - 0.03 * 9.33")
    assert seen[0][0] and net.training, "the network must be in training mode"
    seen.clear()
    close(trained(halves, 2), (14 / 3, 0.72, 1), f"{what} after the same rows in two batches, accumulate=2")
    close(seen[1][1], 10 / 3, "the gradient before the second batch (each batch must run backward before the next)")
    close(trained(iter([*halves, halves[1]]), 2), (4.6664, 0.5256, 2), f"{what} after 3 batches, accumulate=2")
    close(trained([(x, y)], 1, 5.0), (14 / 3, 0.85, 1), f"{what} after one batch, clipped to 5, 1 - 0.03 * 5")
    opposite = [halves[0], (x[2:], y[2:] + 6)]  # gradients 3.33 and -6
    close(trained(opposite, 2, 3.0), (14 / 3, 1.08, 1), f"{what} after two batches, opposite gradients, clipped to 3")
    for data, accumulate in (([], 1), ([(x, y)], 0)):
        try:
            trained(data, accumulate)
        except ValueError:
            continue
        raise AssertionError(f"train_epoch must raise ValueError for {len(data)} batches and accumulate={accumulate}")
    for bad in (math.nan, math.inf):
        try:
            trained([*halves, (x * bad, y)], 3)
        except FloatingPointError as error:
            assert "2" in str(error), f"the error must have the number of the batch, 2, and says: {error}"
            assert net.weight.item() == 1, f"train_epoch must not step with a loss of {bad}"
            continue
        raise AssertionError(f"train_epoch must raise FloatingPointError for a loss of {bad}")


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 5. A curve to trust

    Don't trust the loss that `train_epoch` returns: it is measured on rows that the network learns from, with dropout on, and with
    weights that change meanwhile. So hold some rows out, never take a step with them, and measure on those: in `eval` mode, without
    graphs; then restore every mode, or the next epoch trains a network whose dropout is off. People ask for **accuracy**, the share of
    right answers. Its slope is zero almost everywhere, so a network can't learn from it, but everyone understands it.
    """)
    return


@app.function
def accuracy(logits: Tensor, y: Tensor) -> float:
    """Share of the rows of scores, (N, C), whose largest score belongs to the right class; `y` has the N class indices.

    >>> accuracy(Tensor([[2.0, 1.0], [0.0, 3.0], [5.0, 4.0], [0.0, 1.0]]), Tensor([0, 1, 1, 1]))
    0.75
    """
    if y.shape != logits.shape[:-1]:
        raise ValueError(f"scores of shape {logits.shape}, classes {y.shape}: give one class index for each row")
    return (logits.argmax(dim=-1) == y).numpy().mean().item()


@app.function
def evaluate(model: Module, loss_fn: Callable, data: Iterable, metric: Callable = accuracy) -> tuple[float, float]:
    """Measure a model on data, without learning from it.

    Args:
        model: a Module; afterwards each of its modules is in the mode it had before.
        loss_fn, data: as for `train_epoch`.
        metric: function of (output, y); the mean over the rows, as a float.

    Returns:
        (mean loss over all rows, mean of the metric over all rows), floats.

    Raises:
        ValueError: there are no rows.

    >>> evaluate(Sequential(), mse_loss, [(Tensor([[3.0, 5.0]]), Tensor([[3.0, 1.0]]))], metric=lambda out, y: 1.0)
    (8.0, 1.0)

    Steps:
        1. Remember the mode of each module, then switch to `eval` mode.
        2. Without graphs, add up loss and metric over rows. Restore the modes, even after an error.

    Hint: `model.modules()` yields all modules, and a `finally:` block runs whatever happens.
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
    """WHAT: means over rows, in eval mode and without graphs; afterwards all modes as before, even after an error.
    WHY: this number decides when to stop, and which network to keep.
    TIP: a wrong mean? Is dropout on, or do you average over batches? A wrong mode? List the modes before and after.
    """
    manual_seed(4)
    net, x, y = Sequential(Linear(4, 3), Dropout(0.5), Dropout(0.5).eval()), randn(7, 4), Tensor([0, 1, 2, 0, 1, 2, 0])
    outputs, loss_fn, modes = [], lambda out, y: outputs.append(out) or cross_entropy(out, y), [True, True, True, False]
    pair = evaluate(net, loss_fn, iter([(x[:5], y[:5]), (x[5:], y[5:])]))
    out = net[0](x)
    right = (out.array.argmax(axis=1) == y.array).mean()
    close(pair, [cross_entropy(out, y).item(), right], "mean loss and accuracy of 7 rows, with dropout off")
    assert all(isinstance(number, float) for number in pair), "evaluate must return two floats"
    assert not any(out.requires_grad for out in outputs), "evaluate must not record a graph"
    assert [module.training for module in net.modules()] == modes, "each module must be in the mode it had before"
    close(evaluate(net, loss_fn, [(x, y)], lambda out, y: 0.25)[1], 0.25, "the mean of a metric that is always 0.25")
    for bad in ([(x, y[:2])], []):
        try:
            evaluate(net, loss_fn, bad)
        except ValueError:
            assert [module.training for module in net.modules()] == modes, "restore the modes after an error as well"
            continue
        raise AssertionError(f"evaluate must raise ValueError for {'2 targets of 7 rows' if bad else 'no rows'}")


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 6. Early stopping: when is it enough?

    The training loss keeps falling: with enough weights a network memorizes its rows. The loss on the held-out rows, the **validation
    loss**, falls and then rises. The best network is in between, but one bad epoch doesn't mean that the loss has turned. Be patient:
    stop after so many epochs *in a row* without a new best value. With a patience of 2:

    | epoch | 1 | 2 | 3 | 4 | 5 | 6 | 7 |
    |:---|---:|---:|---:|---:|---:|---:|---:|
    | validation loss | 0.90 | 0.60 | 0.50 | 0.55 | 0.49 | 0.52 | 0.51 |
    | epochs without a new best | 0 | 0 | 0 | 1 | 0 | 1 | 2: stop |

    A patience of 1 stops at epoch 4 and misses the best. And at epoch 7 you want the weights of epoch 5: keep a *copy* of them.
    """)
    return


@app.class_definition
class EarlyStopping:
    """Says when a validation loss has stopped improving, and keeps the best weights.

    Waits for `patience` epochs in a row without a new best value, lower by more than `min_delta`. `best` is the best value,
    `best_epoch` its epoch, from 1, and `best_state` a copy of the weights of that epoch, for `load_state_dict`.
    """

    def __init__(self, patience: int = 5, min_delta: float = 0.0) -> None:
        self.patience, self.min_delta = patience, min_delta
        self.epoch, self.best, self.best_epoch, self.best_state = 0, math.inf, 0, None

    def step(self, value: float, model: Module | None = None) -> bool:
        """Record the validation loss of an epoch, and the weights of `model` if it is the best; True when it is time to stop.

        >>> stopping = EarlyStopping(patience=2)
        >>> [stopping.step(value) for value in (0.9, 0.6, 0.7, 0.65)]
        [False, False, False, True]

        Steps:
            1. Count the epoch. A new best value? Record it, its epoch, and the weights.
            2. How long ago was the best epoch?

        Hint: nan is never better, and every comparison with nan is false: which way round do you compare?
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
    """WHAT: the table above; equal values, small gains and nan don't count; the best weights are a copy.
    WHY: a run that stops too early is lost, and one that keeps the last weights has waited for nothing.
    TIP: write down best, best_epoch and epoch after each value of the failing case.
    """
    net, stopping = Linear(1, 1), EarlyStopping(patience=2)
    for epoch, value in enumerate((0.9, 0.6, 0.5, 0.55, 0.49, 0.52, 0.51), 1):
        net.weight.array[:] = epoch
        stop = stopping.step(value, net)
        assert stop == (epoch == 7), f"epoch {epoch} of the table: step must return {epoch == 7}, not {stop}"
    numbers = (stopping.best, stopping.best_epoch, stopping.epoch)
    close(numbers, (0.49, 5, 7), "(best, best_epoch, epoch) after the table")
    assert stopping.best_state is not None, "best_state is None after the table: keep the weights of `model`"
    weight = stopping.best_state["weight"].item()
    assert weight == 5, f"keep a copy of the weights of epoch 5, not those of epoch {weight:g}"
    for patience, min_delta, values in ((1, 0.0, (1.0, 1.0)), (3, 0.1, (1.0, 0.95, 0.91, math.nan))):
        stopping = EarlyStopping(patience, min_delta)
        stops, expected = [stopping.step(value) for value in values], [False] * patience + [True]
        assert stops == expected, f"losses {values}, patience {patience}, min_delta {min_delta}: step returned {stops}"


@app.function(hide_code=True)
def explore_run(kind, lr, activation, rows, width, noise):
    """Figure: a run of 100 epochs on XOR; n points around the corners of a square, class 1 where one coordinate is 1."""

    def points(n):
        corners = rand(n, 2).numpy() > 0.5
        return Tensor(corners).float() + noise * randn(n, 2), Tensor(corners[:, 0] ^ corners[:, 1]).long()

    manual_seed(1)
    train, valid, layer = points(rows), points(500), {"none": [], "relu": [ReLU()], "tanh": [Tanh()]}[activation]
    net = Sequential(Linear(2, width), *layer, Linear(width, width), *layer, Linear(width, 2))
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
    axes.plot([loss for loss, _, _ in curves], "--", label=f"training loss, at the end {end[0]:.3g}")
    axes.plot([loss for _, loss, _ in curves], "-", label=f"validation loss, at the end {end[1]:.3g}")
    axes.axvline(stopping.best_epoch - 1, color="gray", linestyle=":", label=f"best epoch, {best[1]:.3g}")
    axes.axhline(math.log(2), color="gray", linestyle="-.", label="log 2: a coin flip")
    axes.set(ylim=(0, 2), xlabel="epoch", title=f"accuracy {best[2]:.1%} in the best epoch, {end[2]:.1%} at the end")
    axes.legend(fontsize=8, loc="upper right", ncols=2)
    return figure


@app.cell(hide_code=True)
def _():
    run_activation = mo.ui.dropdown(["none", "relu", "tanh"], value="relu", label="activation")
    run_lr = mo.ui.slider(steps=[0.001, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30], value=0.1, label="lr", show_value=True)
    mo.md(f"""
    ### Explore: a live run

    Your loop learns XOR from 200 points, with plain SGD. **Predict**: how far below the `lr` that ruins the run is the best one, a factor of
    3 or of 100? Does a ruined run end in `nan`? And without an activation, how low does the loss get? {run_activation} {run_lr}
    """)
    return run_activation, run_lr


@app.cell(hide_code=True)
def _(run_activation, run_lr):
    show(explore_run, SGD, run_lr.value, run_activation.value, 200, 16, 0.2)
    return


@app.cell(hide_code=True)
def _():
    fit_rows = mo.ui.slider(steps=[20, 50, 100, 200, 500], value=50, label="training rows", show_value=True)
    fit_width = mo.ui.slider(steps=[2, 8, 32], value=32, label="width", show_value=True)
    mo.md(f"""
    **Why can't a network without ReLU learn XOR?** All its layers together are one linear function, and Module 02 proved that no linear
    function is XOR. The best it can do is to answer "one half" everywhere, and that is what training finds: a loss of $\\log 2$.

    ### Explore: overfitting

    Now with so much noise that no network gets everything right, and with Adam. **Predict**: after its lowest point, what does the
    validation loss do, and what does the *accuracy* do? What do more rows change, and a smaller network? {fit_rows} {fit_width}
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

    A machine restarts. To resume *bit for bit*, everything that the next step depends on must be in a file: the weights, the optimizer's
    averages, the scheduler's count, and the state of the random generator that dropout and `batches` draw from:

    `save({"model": net.state_dict(), "optimizer": ..., "scheduler": ..., "rng": get_rng_state(), "epoch": 3}, "run.ckpt")`

    Python's usual way, `pickle`, stores a *program* that builds the objects: open a stranger's file, and you run a stranger's code. Ours,
    which is given, is NumPy's .npz: a zip archive of arrays, without pickle. It is written next to the old file, and replaces it once
    complete.

    | entry | holds |
    |:---|:---|
    | `tree.npy` | bytes of JSON: the nested data, with a number in place of each array |
    | `0.npy`, `1.npy`, ... | the arrays, uncompressed, so that a small file can't unfold into a huge one |
    | `version.npy` | 2, the version of this format; files of version 1 are still read |

    A zip archive has a checksum for each entry (CRC-32), so reading the file detects an accidental change. A forger can recompute the
    checksum; then you load wrong numbers, but still no code.
    """)
    return


@app.function
def pack(obj: object, arrays: list[np.ndarray], path: str = "") -> object:
    """Turn `obj` into what JSON can hold; arrays are appended to `arrays`, and replaced by their index."""
    kind = type(obj)
    if kind in (str, int, float, bool, type(None)):
        return obj
    if kind in (list, tuple):
        return {kind.__name__: [pack(value, arrays, f"{path}[{i}]") for i, value in enumerate(obj)]}
    if kind is dict and all(type(key) in (str, int) for key in obj):
        return {"dict": [(key, pack(value, arrays, f"{path}.{key}".lstrip("."))) for key, value in obj.items()]}
    array = obj.array if isinstance(obj, Tensor) else obj
    if type(array) is not np.ndarray or array.dtype.kind not in "biufc":
        allowed = (
            "dicts (keys: strings, integers), lists, tuples, strings, Python numbers, None, tensors, numeric arrays"
        )
        raise TypeError(f"{path or 'the object'} is a {kind.__name__}: save only {allowed}")
    arrays.append(array)
    return {"array" if array is obj else "tensor": len(arrays) - 1}


@app.function
def save(obj: object, f: str | os.PathLike | BinaryIO) -> None:
    """Write nested Python data with tensors to a file, which `load` reads back exactly. (`torch.save` uses another format.)

    `f` is a path, or a file opened for writing bytes, such as a BytesIO. Anything but dicts, lists, tuples, strings, numbers,
    None, tensors and arrays is a TypeError that says where it is.
    """
    import json  # imported here because it takes 10 ms, as does pathlib, and most programs never save
    from pathlib import Path

    tree = json.dumps(pack(obj, arrays := [])).encode()
    entries = {"version": np.array(2), "tree": np.frombuffer(tree, np.uint8)}
    entries |= {str(i): array for i, array in enumerate(arrays)}
    if hasattr(f, "write"):
        np.savez(f, **entries)
        return
    path = Path(f).resolve()
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            np.savez(file, **entries)
            file.flush()
            os.fsync(file.fileno())  # on the disk before the old file goes
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@app.function
def load(f: str | os.PathLike | BinaryIO) -> object:
    """Read what `save` wrote: the same objects, with tensors where there were tensors. Nothing in the file is ever executed.

    A ValueError says if it is truncated, changed, compressed, of a newer format, or not written by `save`.
    """
    import json
    from pathlib import Path

    with nullcontext(f) if hasattr(f, "read") else Path(f).open("rb") as file:
        try:
            archive = np.load(file)  # without pickle
            version = archive["version"].item() if "version" in archive else 1
            if version > 2 or any(entry.compress_type for entry in archive.zip.infolist()):
                raise ValueError(
                    f"its format {version} is newer than 2, or it is compressed and could unfold into a huge one"
                )
            arrays = {name: archive[name] for name in archive}
            builders = {"list": list, "tuple": tuple, "dict": dict, "array": lambda i: arrays[str(i)]}
            builders |= {"tensor": lambda i: Tensor.wrap(arrays[str(i)]), "float": lambda i: arrays[str(i)].item()}
            tree = arrays["tree"].tobytes()
            return json.loads(tree, object_hook=lambda tagged: [builders[kind](tagged[kind]) for kind in tagged][0])
        except Exception as error:
            why = f"truncated, changed, or not written by save ({type(error).__name__}: {' '.join(str(error).split())})"
            raise ValueError(f"{getattr(file, 'name', 'the file')} cannot be loaded: {why}; use another copy") from None


@app.function
def get_rng_state() -> dict:
    """The state of the course's random generator: plain data, for `save`. (PyTorch's is a tensor of bytes.)"""
    return default_generator().bit_generator.state


@app.function
def set_rng_state(state: dict) -> None:
    """Restore a state of the random generator from `get_rng_state`."""
    default_generator().bit_generator.state = state


@app.function
def test_save_and_load():
    """WHAT: everything comes back exactly, and so do the next random numbers.
    WHY: a week of training depends on one file.
    TIP: `save` and `load` are given. Restore them from a new notebook if you changed them.
    """
    data = {"a": [1, -0.0, math.inf, (True, None)], 7: Tensor([1.5, 2.5]), "array": np.eye(2), "rng": get_rng_state()}
    drawn = rand(3).tolist()
    with TemporaryDirectory() as folder:
        save(data, path := Path(folder) / "run.ckpt")
        assert repr(loaded := load(path)) == repr(data), "load must return what was saved"
        close(loaded[7], [1.5, 2.5], "a tensor in the file", dtype=np.float32)
        set_rng_state(loaded["rng"])
        close(rand(3), drawn, "the random numbers after set_rng_state")


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
    that backward adds to it don't shrink. The time grows: small products use the processor less well, and every call has its overhead.

    ## Complexity

    For $P$ parameters, the largest tensor having $L$, and a graph of $G$ bytes for each of $B$ rows:

    | | operations | memory |
    |:---|:---|:---|
    | step of a batch | $B$ rows forward and backward | $B G$ for the graph, $4 P$ bytes for the gradient |
    | in $k$ equal pieces | the same, and $k$ times the overhead of a call | $B G / k$, and again $4 P$ |
    | `clip_grad_norm_` | $2 P$, and $P$ more if it clips | $8 L$ bytes, for the squares in float64 |

    ## In production

    PyTorch has no `train_epoch`: you write the loop, or use Lightning's or Hugging Face's. Clipping is in
    `torch/nn/utils/clip_grad.py`, saving in `torch/serialization.py`. For years `torch.load` unpickled whatever it was given; since 2.6 it
    allows only known types (`torch/_weights_only_unpickler.py`). The *safetensors* format is built like yours: JSON, then numbers.

    ## Questions
    """)
    return


@app.function
def answer_steps():
    """A data set has 50,000 rows, and memory holds the graph of 64. You want steps like those of batch size 512.

    Return (batches per step, steps per epoch, including an incomplete last one). Hint: the last batch is shorter.
    """
    ### BEGIN SOLUTION
    return 512 // 64, -(-50_000 // 512)
    ### END SOLUTION


@app.function
# points: 1
def test_answer_steps():
    """WHAT: batches per step, and steps per epoch.
    WHY: a scheduler must know the number of steps before the first one.
    TIP: the test cuts the rows into batches of 64, and counts.
    """
    answer = answer_steps()
    assert answer is not None, "answer_steps returned None: is there a return statement?"
    per_step, steps = answer
    assert per_step * 64 == 512, f"{per_step} batches of 64 are {per_step * 64} rows, not 512"
    batch_count = len(range(0, 50_000, 64))
    assert steps == len(range(0, batch_count, per_step)), f"{steps} steps, but there are {batch_count} batches of 64"


@app.cell(hide_code=True)
def question_test_rows():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** A colleague tries 50 learning rates, stops each run early, and reports the best of the 50 validation accuracies.
    Why is that number too good, even though no step ever used those rows? What would you report, and on which rows?

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def question_resume():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** You resume a run from a file without the optimizer's state, or the scheduler's, or the random generator's. What is
    different in the next epoch in each case, and would you see it in the loss curve?

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Summary

    - An epoch sees each row once, in a new order. Micro-batches that count by their share of the rows make the whole batch's step.
    - Clipping shrinks the whole gradient by one factor; a loss that isn't finite stops the run before the step.
    - Trust a loss only if it is measured in `eval` mode, on rows that no step has used; keep the weights of its lowest point.
    - A run is weights, optimizer, scheduler and random state. A file of plain numbers runs no code.

    **Next:** export your work with `tito module complete 07`. Module 08 feeds the loop with real data.
    """)
    return


if __name__ == "__main__":
    app.run()
