"""Module 07: Training.

Written by `tito export` from notebooks/07_training.py: edit that file instead. sha256: 3d6984dc6d15cb41
"""

import math
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from itertools import islice
from typing import BinaryIO

import numpy as np

from tinytorch.autograd import no_grad
from tinytorch.layers import Linear, Module, Sequential
from tinytorch.losses import mse_loss
from tinytorch.optimizers import SGD, LRScheduler, Optimizer
from tinytorch.tensor import Tensor, default_generator


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
    """
    if len(x) != len(y) or batch_size < 1:
        raise ValueError(f"{len(x)} rows, {len(y)} targets, batches of {batch_size}: give equal lengths, and 1 or more")
    order = default_generator().permutation(len(x)) if shuffle else np.arange(len(x))
    for start in range(0, len(x), batch_size):
        rows = order[start : start + batch_size]
        yield x[rows], y[rows]


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
    """
    tensors = [parameters] if isinstance(parameters, Tensor) else parameters
    grads = [p.grad.array for p in tensors if p.grad is not None]
    norm = math.sqrt(sum(np.square(grad, dtype=np.float64).sum() for grad in grads))
    if not (scale := max_norm / (norm + 1e-6)) >= 1:  # or nan
        for grad in grads:
            grad *= scale  # in place
    return Tensor(norm)


def per_row(total: float, rows: int) -> float:
    """Turn a sum over rows into a mean. ValueError if there are none."""
    if rows == 0:
        raise ValueError(
            "there were no rows: give more than drop_last drops, and call batches(...) again for each epoch"
        )
    return total / rows


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
    """
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


def accuracy(logits: Tensor, y: Tensor) -> float:
    """Share of the rows of scores, (N, C), whose largest score belongs to the right class; `y` has the N class indices.

    >>> accuracy(Tensor([[2.0, 1.0], [0.0, 3.0], [5.0, 4.0], [0.0, 1.0]]), Tensor([0, 1, 1, 1]))
    0.75
    """
    if y.shape != logits.shape[:-1]:
        raise ValueError(f"scores of shape {logits.shape}, classes {y.shape}: give one class index for each row")
    return (logits.argmax(dim=-1) == y).numpy().mean().item()


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
    """
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
        """
        self.epoch += 1
        if value < self.best - self.min_delta:
            self.best, self.best_epoch = value, self.epoch
            self.best_state = None if model is None else model.state_dict()
        return self.epoch - self.best_epoch >= self.patience


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


def get_rng_state() -> dict:
    """The state of the course's random generator: plain data, for `save`. (PyTorch's is a tensor of bytes.)"""
    return default_generator().bit_generator.state


def set_rng_state(state: dict) -> None:
    """Restore a state of the random generator from `get_rng_state`."""
    default_generator().bit_generator.state = state
