"""What both scripts of this milestone share: the network, its training, what is measured on each seed, and the report."""

import math
import sys
import time
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinytorch import Tensor, manual_seed, randperm
from tinytorch.data_files import DataError
from tinytorch.machine import machine_facts
from tinytorch.nn import CrossEntropyLoss, Linear, Module, ReLU, Sequential
from tinytorch.optim import Adam
from tinytorch.optim.lr_scheduler import CosineAnnealingLR
from tinytorch.training import evaluate, train_epoch
from tinytorch.utils.data import DataLoader, Dataset, TensorDataset
from tito.gates import Gate, classifier_gates, conclude, recorded_runs
from tito.picture import draw_reader

SHUFFLED_EPOCHS = 1  # enough to see whether labels leak


@dataclass(frozen=True)
class Task:
    """What is learned: parts of a data set as items (pixels, label), and how."""

    train: TensorDataset
    test: TensorDataset
    hidden: int
    epochs: int
    batch_size: int
    lr: float


def parts(data_set: type[Dataset]) -> list[TensorDataset]:
    """The training part and the test part of a data set; what is missing is downloaded, or the script ends with a sentence.

    Their items are rows of numbers from 0 to 1, float32 of shape (H * W,), with their labels.
    """
    try:
        images = [data_set(train=train, download=True) for train in (True, False)]
    except DataError as error:
        sys.exit(f"{error}")
    return [TensorDataset(Tensor(part.data).flatten(1).float() / 255, Tensor(part.targets)) for part in images]


def network(task: Task) -> Sequential:
    inputs = task.train.tensors[0].shape[1]
    return Sequential(Linear(inputs, task.hidden), ReLU(), Linear(task.hidden, 10))


def train(net: Module, data: Dataset, task: Task, epochs: int) -> None:
    loader = DataLoader(data, batch_size=task.batch_size, shuffle=True)
    optimizer = Adam(net.parameters(), lr=task.lr)
    # the steps become smaller, so that it matters less where the last one happens to end
    scheduler = CosineAnnealingLR(optimizer, T_max=epochs * len(loader))
    for _ in range(epochs):
        train_epoch(net, CrossEntropyLoss(), optimizer, loader, scheduler=scheduler)


def test(net: Module, data: Dataset) -> tuple[float, float]:
    """The mean loss and the accuracy on a data set."""
    return evaluate(net, CrossEntropyLoss(), DataLoader(data, batch_size=1000))


def measure(seed: int, task: Task) -> tuple[Module, dict[str, float]]:
    """Train with one seed, once on the true labels and once on shuffled ones.

    Returns:
        The network that read the true labels, and what was measured, by the names of `gates`; "seconds" is the training's time.
    """
    manual_seed(seed)
    net = network(task)
    first_loss, _ = test(net, task.train)
    before = {name: parameter.detach().numpy().copy() for name, parameter in net.named_parameters()}
    start = time.perf_counter()
    train(net, task.train, task, task.epochs)
    seconds = time.perf_counter() - start
    moved = min(_change(before[name], parameter.detach().numpy()) for name, parameter in net.named_parameters())
    x, y = task.train.tensors
    shuffled = network(task)
    train(shuffled, TensorDataset(x, y[randperm(len(y))]), task, SHUFFLED_EPOCHS)
    measured = {
        "accuracy": test(net, task.test)[1],
        "first loss": first_loss,
        "weights moved": moved,
        "shuffled labels": test(shuffled, task.test)[1],
        "seconds": seconds,
    }
    return net, measured


def _change(before: np.ndarray, after: np.ndarray) -> float:
    """How far an array has moved, as a share of where it began."""
    return float(np.linalg.norm(after - before) / np.linalg.norm(before))


def gates(accuracy: float) -> tuple[Gate, ...]:
    """What every seed must pass. `accuracy` is the smallest one on test images; the other bounds are the same for all."""
    *first, shuffled = classifier_gates(accuracy, shuffled=0.25)
    moved = Gate("weights moved", low=0.10, form=".0%", meaning="the layer that changed least, by its own size")
    return (*first, moved, shuffled)


def replay(script: Path, options: Namespace, task: Task, checks: tuple[Gate, ...], run: str) -> int:
    """Train with every seed, save the picture, and hold what was measured against the gates; returns the exit code.

    `run` is the name of the recorded runs in `evidence.json`.
    """
    recorded = recorded_runs(script.parent, run, options)
    machine = machine_facts()
    print(f"{machine['system']}, {machine['cores']} cores, {machine['gflops']:.0f} GFLOP/s measured just now\n")
    count = sum(parameter.numel() for parameter in network(task).parameters())
    print(f"{len(task.train):,} images, {count:,} weights, {task.epochs} epochs, batches of {task.batch_size}\n")
    print("seed   first loss   weights moved   accuracy   shuffled labels   seconds")
    runs, first = [], None
    for seed in range(options.seed, options.seed + options.seeds):
        net, measured = measure(seed, task)
        first = first or net
        runs.append(measured)
        print(
            f"{seed:4d}   {measured['first loss']:10.3f}   {measured['weights moved']:13.0%}   {measured['accuracy']:8.2%}"
            f"   {measured['shuffled labels']:15.1%}   {measured['seconds']:7.1f}",
            flush=True,
        )
    accuracies = [measured["accuracy"] for measured in runs]
    print(f"\nAccuracy: mean {np.mean(accuracies):.2%}, lowest {min(accuracies):.2%}, highest {max(accuracies):.2%}")
    picture = script.with_suffix(".png")
    draw(picture, first, task.test)
    print(f"What the first layer sees, and the mistakes: {picture.name}\n")
    return conclude(checks, runs, recorded, options)


def draw(path: Path, net: Module, data: TensorDataset) -> None:
    """Draw the weights of hidden neurons as images, and test images that were misread."""
    x, y = data.tensors
    side = math.isqrt(x.shape[1])
    read = net(x).argmax(dim=1).numpy()
    wrong = np.flatnonzero(read != y.numpy())[:8]
    images = x.numpy()[wrong].reshape(-1, side, side)
    weights = net[0].weight.detach().numpy()[:16].reshape(-1, side, side)
    draw_reader(path, weights, images, list(zip(y.numpy()[wrong], read[wrong], strict=True)))
