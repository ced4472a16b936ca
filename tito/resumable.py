"""Training that shows its progress, and that you can stop with Ctrl-C and resume, bit for bit.

It imports `tinytorch`: a milestone imports it after `use_own_tinytorch`.
"""

import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tinytorch import Tensor, get_rng_state, load, save, set_rng_state
from tinytorch.nn import Module
from tinytorch.optim import Optimizer
from tinytorch.optim.lr_scheduler import LRScheduler
from tinytorch.training import accuracy, evaluate, train_epoch
from tinytorch.utils.data import DataLoader, RandomSampler

REDRAWS_PER_S = 10
BAR_CHARS = 16
STOPPED = 130  # the exit code of a program that Ctrl-C ended


class Interrupted(Exception):
    """Ctrl-C was pressed, and the training step that was running is complete."""


class Diverged(Exception):
    """The loss is nan or inf."""


class CtrlC:
    """Inside this block, Ctrl-C only sets `pressed`, so that a training step can be completed. A second one stops at once."""

    pressed = False

    def __enter__(self) -> "CtrlC":
        self.before = signal.signal(signal.SIGINT, self._note)
        return self

    def _note(self, number: int, frame: object) -> None:
        self.pressed = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def __exit__(self, *error: object) -> None:
        signal.signal(signal.SIGINT, self.before)


class Progress:
    """A line about a training: redrawn in place on a terminal, elsewhere printed once per epoch. It has no colors.

    Args:
        title: what is trained, as in "seed 0".
        total: how many items are read in all epochs.
        every_epoch: whether epochs are printed where there is no terminal.
        unit: what is counted, and how many of them an item has.
    """

    def __init__(self, title: str, total: int, every_epoch: bool, unit: tuple[str, int] = ("img", 1)):
        self.title, self.total, self.every_epoch, self.unit = title, total, every_epoch, unit
        self.on_terminal = sys.stdout.isatty()
        self.start, self.items, self.drawn = time.perf_counter(), 0, 0.0

    def step(self, epoch: str, count: int, done: int, loss: float, share: float) -> None:
        """After a step on `count` items: `done` of all are read, with this mean loss and accuracy in the epoch so far."""
        self.items += count
        now = time.perf_counter()
        if self.on_terminal and now - self.drawn > 1 / REDRAWS_PER_S:
            self.drawn = now
            before, after = f"{self.title}, {epoch}", self._facts(done, loss, share)
            self._redraw(f"{before} {self._bar(done, len(before) + len(after) + 2)}{after}")

    def epoch(self, epoch: str, done: int, loss: float, share: float, tested: float) -> None:
        """After an epoch, whose accuracy on test images is `tested`."""
        if self.every_epoch and not self.on_terminal:
            facts = self._facts(done, loss, share)
            print(f"{self.title}, {epoch}: {facts}, {tested:.1%} on test images", flush=True)

    def say(self, text: str) -> None:
        """Print lines above the one that is redrawn, on a terminal too."""
        self.end()
        print(text, flush=True)

    def end(self) -> None:
        if self.on_terminal:
            self._redraw("")

    def speed(self, done: int) -> str:
        """How fast it is, and how long it will take, when `done` of all items are read."""
        rate = self.items / max(1e-9, time.perf_counter() - self.start)
        left = (self.total - done) / max(1e-9, rate)
        name, size = self.unit
        return f"{rate * size:,.0f} {name}/s, {clock(left)} left"

    def _facts(self, done: int, loss: float, share: float) -> str:
        return f"loss {loss:.3f}, {share:.1%}, {self.speed(done)}"

    def _bar(self, done: int, used: int) -> str:
        """A bar that fills, as long as the line has room beside its `used` characters; else nothing."""
        length = min(BAR_CHARS, self.width - used - 2)
        filled = length * done // self.total
        return f"[{'#' * filled}{'-' * (length - filled)}] " if length > 3 else ""

    @property
    def width(self) -> int:
        return shutil.get_terminal_size().columns - 1  # the last column would wrap on some terminals

    def _redraw(self, line: str) -> None:
        width = self.width
        print(f"\r{line[:width]:{width}}", end="" if line else "\r", flush=True)


def clock(seconds: float) -> str:
    """Minutes and seconds.

    >>> clock(83.4), clock(3723)
    ('1:23', '62:03')
    """
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02}"


@dataclass(frozen=True)
class Recipe:
    """How a network is trained: `optimizer(net)`, and `scheduler(optimizer, steps)` for that many steps in all.

    An epoch reads each item once, or as many as `items`, drawn with replacement. Gradients are clipped to the norm `max_norm`.
    """

    epochs: int
    batch_size: int
    loss: Callable[[Tensor, Tensor], Tensor]
    optimizer: Callable[[Module], Optimizer]
    scheduler: Callable[[Optimizer, int], LRScheduler]
    items: int | None = None
    max_norm: float | None = None


@dataclass
class Curves:
    """What each epoch measured: the mean loss and the accuracy while training, and the accuracy and the loss on test items."""

    loss: list[float] = field(default_factory=list)
    trained: list[float] = field(default_factory=list)
    tested: list[float] = field(default_factory=list)
    tested_loss: list[float] = field(default_factory=list)


class Training:
    """A network in training. `state_dict` holds all that changes, after any step, so that another process can go on.

    Args:
        net: the network.
        data: items (input, target), a data set that draws its random numbers from `transform_generator()`.
        test: batches of test items to measure after each epoch; a loader without shuffling.
        recipe: how it is trained.
    """

    unit = ("img", 1)  # as for `Progress`

    def __init__(self, net: Module, data: object, test: DataLoader, recipe: Recipe):
        self.net, self.test, self.recipe = net, test, recipe
        drawn = None if recipe.items is None else RandomSampler(data, replacement=True, num_samples=recipe.items)
        self.loader = DataLoader(data, batch_size=recipe.batch_size, shuffle=drawn is None, sampler=drawn)
        self.optimizer = recipe.optimizer(net)
        self.scheduler = recipe.scheduler(self.optimizer, recipe.epochs * len(self.loader))
        self.curves, self.seconds = Curves(), 0.0
        self.loss_sum, self.right, self.rows = 0.0, 0.0, 0  # of the epoch so far

    def state_dict(self) -> dict:
        return {
            "net": self.net.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "loader": self.loader.state_dict(),
            "rng": get_rng_state(),
            "curves": {name: list(values) for name, values in vars(self.curves).items()},
            "epoch so far": [self.loss_sum, self.right, self.rows],
            "seconds": self.seconds,
        }

    def load_state_dict(self, state: dict) -> None:
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.loader.load_state_dict(state["loader"])
        set_rng_state(state["rng"])
        self.curves = Curves(**state["curves"])
        self.loss_sum, self.right, self.rows = state["epoch so far"]
        self.seconds = state["seconds"]

    def run(self, title: str, ctrl_c: CtrlC, every_epoch: bool = False) -> None:
        """Train for the epochs that are left.

        Raises:
            Interrupted: Ctrl-C was pressed; the state is the one after the last complete step.
            Diverged: a loss is nan or inf.
        """
        progress = Progress(title, self.recipe.epochs * len(self.loader.sampler), every_epoch, self.unit)
        start = time.perf_counter() - self.seconds
        try:
            with np.errstate(over="ignore", invalid="ignore"):  # a loss that isn't finite is reported below
                while len(self.curves.loss) < self.recipe.epochs:
                    self._epoch(progress, ctrl_c)
        finally:
            self.seconds = time.perf_counter() - start
            progress.end()

    def _epoch(self, progress: Progress, ctrl_c: CtrlC) -> None:
        """Train for what is left of an epoch, with your own `train_epoch`."""
        epoch, data = len(self.curves.loss) + 1, self._batches(progress, ctrl_c)
        try:
            train_epoch(
                self.net, self._loss, self.optimizer, data, max_norm=self.recipe.max_norm, scheduler=self.scheduler
            )
        except FloatingPointError:
            raise Diverged(f"The loss of step {self.scheduler.last_epoch + 1} is nan or inf") from None
        tested_loss, tested = evaluate(self.net, self.recipe.loss, self.test)
        loss, share = self.loss_sum / self.rows, self.right / self.rows
        self.curves.loss.append(loss)
        self.curves.trained.append(share)
        self.curves.tested.append(tested)
        self.curves.tested_loss.append(tested_loss)
        self.loss_sum, self.right, self.rows = 0.0, 0.0, 0
        progress.epoch(self.position(epoch), epoch * len(self.loader.sampler), loss, share, tested)
        self.after_epoch(progress)

    def _batches(self, progress: Progress, ctrl_c: CtrlC) -> Iterator[tuple[Tensor, Tensor]]:
        """The loader's batches. `train_epoch` asks for the next one when it has completed the step on the last."""
        epoch, items = len(self.curves.loss), len(self.loader.sampler)
        for x, y in self.loader:
            yield x, y
            share, loss = self.right / self.rows, self.loss_sum / self.rows
            progress.step(self.position(epoch + 1), len(y), epoch * items + self.rows, loss, share)
            self.after_step(progress)
            # after the last batch nothing would be left to resume in this epoch
            if ctrl_c.pressed and self.loader.position < len(self.loader):
                raise Interrupted

    def _loss(self, out: Tensor, y: Tensor) -> Tensor:
        """The loss of a batch, which also counts towards the epoch's mean loss and accuracy."""
        loss = self.recipe.loss(out, y)
        self.loss_sum += loss.item() * len(y)
        self.right += accuracy(out, y) * len(y)
        self.rows += len(y)
        return loss

    def position(self, epoch: int) -> str:
        """Where the training is, in words."""
        return f"epoch {epoch}/{self.recipe.epochs}"

    def after_step(self, progress: Progress) -> None:
        """For subclasses: called after each step."""

    def after_epoch(self, progress: Progress) -> None:
        """For subclasses: called after each epoch, when it is measured."""


class Session:
    """A script's run over several seeds, which can be saved and resumed.

    Args:
        checkpoint: the file that Ctrl-C writes.
        config: what makes runs comparable, by name: numbers and strings. A checkpoint of another configuration is refused.
        resume: whether to continue from the checkpoint.

    Attributes:
        runs: what each complete seed measured.
        first: the state of the first seed's main training, for the picture; None before it is complete.
    """

    def __init__(self, checkpoint: Path, config: dict, resume: bool):
        self.checkpoint, self.config, self.ctrl_c = checkpoint, config, CtrlC()
        self.runs, self.first, self.complete, self.partial = [], None, {}, None
        if resume:
            self._load()

    def train(self, name: str, title: str, training: Training, every_epoch: bool = False) -> None:
        """Train, unless this seed's training of that name is complete already; a resumed one continues where it stopped.

        Raises:
            SystemExit: after Ctrl-C, when the checkpoint is written; or the loss is nan or inf.
        """
        if name in self.complete:
            training.load_state_dict(self.complete[name])
            return
        if self.partial is not None:
            training.load_state_dict(self.partial)
            self.partial = None
        try:
            training.run(title, self.ctrl_c, every_epoch)
        except Interrupted:
            self._save(training)
            print(f"Stopped after step {training.scheduler.last_epoch} of {title}, and saved {self.checkpoint.name}.")
            print(f"To continue, run: {self.command} --resume")
            sys.exit(STOPPED)
        except Diverged as error:
            sys.exit(f"{error}: check the gradients with `tito module test --all`, or lower the learning rate.")
        self.complete[name] = training.state_dict()

    def end_seed(self, measured: dict) -> None:
        """Keep what a seed measured; the next one starts."""
        self.runs.append(measured)
        self.first = self.first or self.complete["network"]
        self.complete = {}

    def end(self) -> None:
        """The run is complete, so there is nothing to resume."""
        self.checkpoint.unlink(missing_ok=True)

    @property
    def command(self) -> str:
        arguments = [argument for argument in sys.argv[1:] if argument != "--resume"]
        return " ".join(["python", Path(sys.argv[0]).name, *arguments])

    def _save(self, training: Training) -> None:
        state = {"config": self.config, "runs": self.runs, "first": self.first, "complete": self.complete}
        save(state | {"partial": training.state_dict()}, self.checkpoint)

    def _load(self) -> None:
        name, again = self.checkpoint.name, f"run {self.command}, without --resume"
        if not self.checkpoint.exists():
            sys.exit(f"There is no {name} to resume: {again}.")
        try:
            state = load(self.checkpoint)
            saved = state["config"]
            self.runs, self.first, self.complete, self.partial = (
                state[part] for part in ("runs", "first", "complete", "partial")
            )
        except (ValueError, KeyError, TypeError):
            sys.exit(f"{name} is damaged: {again}.")
        for part, value in self.config.items():
            if saved.get(part) != value:
                sys.exit(f"{name} is from a run with {part} {saved.get(part)}, and this one has {value}: {again}.")


def run_seeds(
    session: Session, seeds: Sequence[int], measure: Callable[[int], tuple[Training, dict]],
    show: Callable[[int, dict], None],
) -> Training | None:  # fmt: skip
    """Measure each seed that isn't complete.

    Args:
        seeds: all seeds; the first ones may be complete in `session`.
        measure: from a seed to its main training and what it measured.
        show: prints what a seed measured.

    Returns:
        The last main training, whose network may load `session.first`; None if nothing was left to do.
    """
    for seed, measured in zip(seeds, session.runs, strict=False):
        show(seed, measured)
    training = None
    with session.ctrl_c:
        for seed in seeds[len(session.runs) :]:
            training, measured = measure(seed)
            session.end_seed(measured)
            show(seed, measured)
    return training
