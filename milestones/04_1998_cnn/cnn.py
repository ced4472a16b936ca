"""What both scripts of this milestone share: images, what is measured on each seed, the gates, and the report."""

import math
import sys
import zlib
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tinytorch import Tensor, manual_seed, no_grad, randperm
from tinytorch.data_files import DataError
from tinytorch.loading import Rows, transform_generator
from tinytorch.machine import machine_facts, matmul_flops
from tinytorch.nn import BatchNorm2d, Conv2d, Flatten, Linear, MaxPool2d, Module, ReLU, Sequential
from tinytorch.nn.functional import cross_entropy, softmax
from tinytorch.utils.data import DataLoader, Dataset
from tito.gates import Gate, classifier_gates, conclude, recorded_runs
from tito.picture import draw_classifier
from tito.probes import checksum, count_weights, gradient_error
from tito.resumable import Recipe, Session, Training, run_seeds

SAMPLE = 256  # images on which gradients and modes are measured
TEST_BATCH = 500
TURNED = 0.05  # how far a filter's direction, a vector of length 1, must move
MISTAKES = 10  # in the picture


class Images(Dataset):
    """Images with labels, normalized, and shifted and mirrored at random whenever they are read.

    Args:
        pixels: (N, H, W, C) uint8.
        labels: (N,) integers.
        mean, std: of each channel, for pixels from 0 to 1.
        shift: by how many pixels an image may move, in each direction.
        mirror: whether half of the images are flipped, left to right.
    """

    def __init__(
        self, pixels: np.ndarray, labels: np.ndarray, mean: np.ndarray, std: np.ndarray, shift: int = 0,
        mirror: bool = False,
    ):  # fmt: skip
        self.pixels, self.labels, self.shift, self.mirror = pixels, labels, shift, mirror
        self.scale, self.offset = np.float32(1 / (255 * std)), np.float32(mean / std)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> Rows:
        """A batch at once, which is ten times as fast as one image after the other: (N, C, H, W) float32, and labels."""
        x = self.pixels[indices] * self.scale - self.offset
        if self.shift or self.mirror:
            x = self._moved(x)
        # a view: the layers of module 09 compute with the channels last
        return Rows([Tensor.wrap(x.transpose(0, 3, 1, 2)), Tensor.wrap(self.labels[indices])])

    def _moved(self, x: np.ndarray) -> np.ndarray:
        """Shift and mirror each image of (N, H, W, C). What comes in from outside is zero, the mean color."""
        random, shift, (count, height, width, _) = transform_generator(), self.shift, x.shape
        x = np.pad(x, ((0, 0), (shift, shift), (shift, shift), (0, 0)))
        top, left = random.integers(2 * shift + 1, size=(2, count, 1))
        rows, columns = top + np.arange(height), left + np.arange(width)
        if self.mirror:
            columns = np.where(random.random((count, 1)) < 0.5, columns[:, ::-1], columns)
        return x[np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]

    def plain(self, indices: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Some images as they are, neither shifted nor mirrored, and their labels."""
        return Images.__getitems__(self.where(shift=0, mirror=False), indices).columns

    def where(self, **changes: object) -> "Images":
        """The same data set with other attributes."""
        copy = object.__new__(Images)
        vars(copy).update(vars(self) | changes)
        return copy

    def part(self, count: int) -> "Images":
        """The first `count` images."""
        return self.where(pixels=self.pixels[:count], labels=self.labels[:count])


def parts(data_set: type[Dataset], normalize: bool, shift: int = 0, mirror: bool = False) -> tuple[Images, Images]:
    """The training part and the test part of a data set; what is missing is downloaded, or the script ends with a sentence.

    With `normalize`, each channel of the training part has mean 0 and standard deviation 1; without, pixels are from 0 to 1.
    `shift` and `mirror` apply to the training part only.
    """
    try:
        train, test = (data_set(train=train, download=True) for train in (True, False))
    except DataError as error:
        sys.exit(f"{error}")
    pixels = [part.data if part.data.ndim == 4 else part.data[..., None] for part in (train, test)]
    mean, std = np.zeros(pixels[0].shape[-1]), np.ones(pixels[0].shape[-1])
    if normalize:
        mean, std = moments(pixels[0])
    return (
        Images(pixels[0], train.targets, mean, std, shift, mirror),
        Images(pixels[1], test.targets, mean, std),
    )


def moments(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each channel, of (N, H, W, C) uint8, as shares of 255; from counts, without a large copy."""
    values = np.arange(256) / 255
    counts = [np.bincount(pixels[..., channel].ravel(), minlength=256) for channel in range(pixels.shape[-1])]
    mean = np.array([np.average(values, weights=count) for count in counts])
    variance = [np.average((values - m) ** 2, weights=count) for m, count in zip(mean, counts, strict=True)]
    return mean, np.sqrt(variance)


@dataclass(frozen=True)
class Task:
    """What is learned, by which network, and how.

    Args:
        train, test: images.
        classes: the names of the labels.
        network: makes a new network.
        recipe: how it is trained.
        shuffled: with how many images and epochs the network is trained on shuffled labels.
        rival: whether a multi-layer perceptron with as many weights is trained as well.
        every_epoch: whether each epoch is printed where the output is not a terminal.
    """

    train: Images
    test: Images
    classes: Sequence[str]
    network: Callable[[], Sequential]
    recipe: Recipe
    shuffled: tuple[int, int]
    rival: bool = False
    every_epoch: bool = False

    def config(self) -> dict:
        """What a checkpoint must agree with."""
        labels = np.ascontiguousarray(self.train.labels)
        return {
            "network": repr(self.network()),
            "epochs": self.recipe.epochs,
            "batch size": self.recipe.batch_size,
            "training images": len(self.train),
            "test images": len(self.test),
            "checksum of the labels": zlib.crc32(labels.tobytes()),
        }


def perceptron(task: Task) -> Sequential:
    """A multi-layer perceptron with as many weights as the task's network, within the weights of one hidden neuron."""
    inputs, classes = task.train.pixels[0].size, len(task.classes)
    hidden = round((count_weights(task.network()) - classes) / (inputs + 1 + classes))
    return Sequential(Flatten(), Linear(inputs, hidden), ReLU(), Linear(hidden, classes))


def training_flops(net: Sequential, images: Images) -> int:
    """Floating-point operations to train on one image: of the forward pass, and twice as many for the backward pass.

    Counted are the matrix products of convolutions and linear layers.
    """
    x, _ = images.plain([0])
    flops, net = 0, net.eval()
    with no_grad():
        for layer in net:
            x = layer(x)
            if isinstance(layer, Conv2d):
                flops += matmul_flops(math.prod(x.shape[2:]), layer.weight[0].numel(), layer.out_channels)
            elif isinstance(layer, Linear):
                flops += matmul_flops(1, *layer.weight.shape)
    return 3 * flops


# What is measured


def measure(seed: int, task: Task, session: Session) -> tuple[Training, dict[str, float]]:
    """Train with one seed: on the true labels, on shuffled ones, and a perceptron if the task has one as a rival.

    Returns:
        The training on the true labels, and what was measured, by the names of `gates`; besides these, "seconds" is its time,
        "checksum" that of its weights, and "perceptron" the rival's accuracy.
    """
    manual_seed(seed)
    net = task.network()
    measured = before_training(net, task.train)
    start = {name: parameter.detach().numpy().copy() for name, parameter in net.named_parameters()}
    training = prepared(seed, net, task.train, task)
    session.train("network", f"seed {seed}", training, task.every_epoch)
    measured |= {"accuracy": training.curves.tested[-1]}
    measured |= movement(net, start) | modes(net, task.test)
    count, epochs = task.shuffled
    manual_seed(seed)
    shuffled = task.train.part(count)
    shuffled = shuffled.where(labels=shuffled.labels[randperm(count).numpy()])
    control = prepared(seed, task.network(), shuffled, task, epochs)
    session.train("shuffled labels", f"seed {seed}, shuffled labels", control)
    measured |= {"shuffled labels": control.curves.tested[-1]}
    if task.rival:
        manual_seed(seed)
        rival = prepared(seed, perceptron(task), task.train, task)
        session.train("perceptron", f"seed {seed}, perceptron", rival)
        measured |= {"perceptron": rival.curves.tested[-1]}
    return training, measured | {"seconds": training.seconds, "checksum": checksum(net)}


def prepared(seed: int, net: Module, images: Images, task: Task, epochs: int | None = None) -> Training:
    """A training that hasn't started. Its order depends on the seed, and not on what was drawn before."""
    manual_seed(seed)
    recipe = task.recipe if epochs is None else replace(task.recipe, epochs=epochs)
    return Training(net, images, DataLoader(task.test, batch_size=TEST_BATCH), recipe)


def before_training(net: Sequential, images: Images) -> dict[str, float]:
    """The loss in eval(), and whether convolutions and the gradients of the first step are right. The network is left as it was.

    Batch norm divides by the spread of what it gets. So the length of a filter in front of it doesn't matter, and the filter's
    gradient is at right angles to it; unless the backward pass takes the batch's statistics for constants.
    """
    saved = net.state_dict()
    x, y = images.plain(range(min(SAMPLE, len(images))))
    with no_grad():
        first_loss = cross_entropy(net.eval()(x), y).item()
        convolution_error = max(direct_error(layer, before) for layer, before in inputs_of_convolutions(net, x[:1]))
    cross_entropy(net.train()(x), y).backward()
    convolutions = [layer for layer in net if isinstance(layer, Conv2d)]
    measured = {
        "first loss": first_loss,
        "convolution error": convolution_error,
        "gradient error": max(
            gradient_error(lambda: cross_entropy(net(x), y), parameter) for parameter in net.parameters()
        ),
        "gradient of the first layer": float(np.linalg.norm(convolutions[0].weight.grad.numpy())),
        "gradient along filters": max(along(net, layer) for layer in convolutions),
    }
    for parameter in net.parameters():
        parameter.grad = None
    net.load_state_dict(saved)
    return measured


def inputs_of_convolutions(net: Sequential, x: Tensor) -> Iterator[tuple[Conv2d, Tensor]]:
    """Each convolution of a network, and what it gets if the network gets `x`."""
    for layer in net:
        if isinstance(layer, Conv2d):
            yield layer, x
        x = layer(x)


def direct_error(layer: Conv2d, x: Tensor) -> float:
    """How far the output on the first image is from the sum of products that defines it, in the corners and in the middle.

    It is a share of the largest of these sums. For convolutions with stride 1, without bias.
    """
    out, weight, (rows, columns) = layer(x).numpy()[0], layer.weight.detach().numpy(), layer.padding
    image = np.pad(x.numpy()[0], ((0, 0), (rows, rows), (columns, columns)))
    height, width = (size - kernel + 1 for size, kernel in zip(image.shape[1:], weight.shape[2:], strict=True))
    if out.shape != (len(weight), height, width):
        return 1.0
    places = [(i, j) for i in (0, height // 2, height - 1) for j in (0, width // 2, width - 1)]
    windows = [image[:, i : i + weight.shape[2], j : j + weight.shape[3]] for i, j in places]
    sums = np.array([(weight * window).sum(axis=(1, 2, 3)) for window in windows])
    return float(np.abs(sums - np.array([out[:, i, j] for i, j in places])).max() / np.abs(sums).max())


def along(net: Sequential, layer: Module) -> float:
    """How much of the gradient of a convolution's filters points along the filters, from 0 to 1; 0 without batch norm after it."""
    layers = list(net)
    following = next(after for after in layers[layers.index(layer) + 1 :] if not isinstance(after, MaxPool2d))
    if not isinstance(following, BatchNorm2d):
        return 0.0
    filters, gradients = (rows(tensor.detach().numpy()) for tensor in (layer.weight, layer.weight.grad))
    products = (filters * gradients).sum(axis=1)
    lengths = np.linalg.norm(filters, axis=1) * np.linalg.norm(gradients, axis=1)
    if not lengths.any():
        return 1.0  # no gradient at all
    return float(np.linalg.norm(products) / np.linalg.norm(lengths))


def rows(weights: np.ndarray) -> np.ndarray:
    """Each filter as a row."""
    return weights.reshape(len(weights), -1)


def movement(net: Sequential, start: dict[str, np.ndarray]) -> dict[str, float]:
    """Which share of the filters training turned, and how far it moved the layer and the running statistics that moved least.

    Filters count by their direction: weight decay shortens a filter, but only its gradient can turn it.
    """
    turned, moved = [], []
    for name, parameter in net.named_parameters():
        before, after = start[name], parameter.detach().numpy()
        if before.ndim >= 2:
            moved.append(np.linalg.norm(after - before) / np.linalg.norm(before))
        if before.ndim == 4:
            directions = [rows(w) / np.linalg.norm(rows(w), axis=1, keepdims=True) for w in (before, after)]
            turned += list(np.linalg.norm(directions[1] - directions[0], axis=1) > TURNED)
    norms = [layer for layer in net if isinstance(layer, BatchNorm2d)]
    statistics = [
        np.abs(values - fresh).max()
        for layer in norms
        for values, fresh in ((layer.running_mean.numpy(), 0), (layer.running_var.numpy(), 1))
    ]
    return {
        "filters turned": float(np.mean(turned)),
        "weights moved": float(min(moved)),
        "statistics moved": float(min(statistics)),
    }


def modes(net: Sequential, images: Images) -> dict[str, float]:
    """How outputs differ between train() and eval(), and how much the other images of a batch change an output in eval()."""
    saved = net.state_dict()
    x, _ = images.plain(range(min(SAMPLE, len(images))))
    with no_grad():
        net.eval()
        together, alone = net(x).numpy(), net(x[:1]).numpy()
        net.train()
        training = net(x).numpy()
    net.load_state_dict(saved)
    net.eval()
    return {
        "train against eval": float(np.linalg.norm(training - together) / np.linalg.norm(together)),
        "alone against batch": float(np.abs(alone - together[:1]).max()),
    }


def gates(accuracy: float, shuffled: float, gradient: float) -> tuple[Gate, ...]:
    """What every seed must pass.

    Args:
        accuracy: the smallest one on test images.
        shuffled: the largest accuracy of a network that was trained on shuffled labels.
        gradient: the smallest norm of the first layer's gradient.
    """
    return (
        *classifier_gates(accuracy, shuffled),
        Gate("filters turned", low=1.0, form=".0%", meaning="filters that have another direction than before training"),
        Gate("weights moved", low=0.25, form=".0%", meaning="the layer that changed least, by its own size"),
        Gate("convolution error", high=1e-3, form=".1g", meaning="compared with the sum of products that defines it"),
        Gate("gradient error", high=0.10, form=".1%", meaning="compared with central differences of the loss"),
        Gate("gradient of the first layer", low=gradient, form=".2g", meaning="it comes through batch norm"),
        Gate(
            "gradient along filters",
            high=0.01,
            form=".1g",
            meaning="batch norm undoes their length, so it costs nothing; 0 to 1",
        ),
        Gate("statistics moved", low=0.05, form=".2g", meaning="running mean and variance of batch norm"),
        Gate("train against eval", low=0.005, form=".1%", meaning="batch norm uses other statistics in eval()"),
        Gate("alone against batch", high=1e-3, form=".1g", meaning="in eval(), other images change nothing"),
    )


# The report


def replay(script: Path, options: Namespace, task: Task, checks: tuple[Gate, ...], run: str) -> int:
    """Train with every seed, save the picture, and hold what was measured against the gates; returns the exit code.

    `run` is the name of the recorded runs in `evidence.json`.
    """
    recorded = recorded_runs(script.parent, run, options)
    config = {"run": run, "seed": options.seed, "seeds": options.seeds} | task.config()
    session = Session(script.with_suffix(".checkpoint"), config, options.resume)
    introduce(task)
    seeds = range(options.seed, options.seed + options.seeds)
    columns = table_columns(task)
    print("  ".join(["seed", *(heading for heading, _ in columns.values())]))
    show = lambda seed, measured: print(row(seed, measured, columns), flush=True)  # noqa: E731
    training = run_seeds(session, seeds, lambda seed: measure(seed, task, session), show)
    summarize(session.runs)
    if training is None:
        training = prepared(0, task.network(), task.train, task)
    training.load_state_dict(session.first)
    picture = script.with_suffix(".png")
    draw(picture, training, task)
    session.end()
    print(f"Curves, filters, confusions and the worst mistakes: {picture.name}\n")
    return conclude(checks, session.runs, recorded, options)


def introduce(task: Task) -> None:
    """Print the machine, the network, and how much work its training is."""
    machine, net, epochs = machine_facts(), task.network(), task.recipe.epochs
    print(f"{machine['system']}, {machine['cores']} cores, {machine['gflops']:.0f} GFLOP/s measured just now\n")
    flops = training_flops(net, task.train) * len(task.train) * epochs
    print(
        f"{len(task.train):,} images, {count_weights(net):,} weights, {epochs} epochs, batches of {task.recipe.batch_size}"
    )
    if task.rival:
        print(f"Its rival: a perceptron with {count_weights(perceptron(task)):,} weights")
    seconds = flops / 1e9 / machine["gflops"]
    print(f"{flops / 1e12:.3g} TFLOP per seed: {seconds:,.0f} s at the speed of a large matrix product")
    print(f"Tested on {len(task.test):,} images\n")


def table_columns(task: Task) -> dict[str, tuple[str, str]]:
    """Name -> (heading, format) of what is printed for each seed."""
    rival = {"perceptron": ("perceptron", ".2%")} if task.rival else {}
    return {
        "first loss": ("first loss", ".3f"),
        "filters turned": ("turned", ".0%"),
        "shuffled labels": ("shuffled", ".1%"),
        "accuracy": ("accuracy", ".2%"),
        **rival,
        "seconds": ("seconds", ".1f"),
        "checksum": ("checksum", "08x"),
    }


def row(seed: int, measured: dict[str, float], columns: dict[str, tuple[str, str]]) -> str:
    values = [f"{format(measured[name], form):>{len(heading)}}" for name, (heading, form) in columns.items()]
    return "  ".join([f"{seed:4d}", *values])


def summarize(runs: list[dict[str, float]]) -> None:
    """Print the accuracies of all seeds, and how they compare with the perceptrons' if there are any."""
    print()
    for name in ("accuracy", "perceptron"):
        values = [measured[name] for measured in runs if name in measured]
        if values:
            title = name.capitalize() + ":"
            print(f"{title:11} mean {np.mean(values):.2%}, lowest {min(values):.2%}, highest {max(values):.2%}")


def draw(path: Path, training: Training, task: Task) -> None:
    """Draw how training went, what the first layer looks at, which classes are confused, and the worst mistakes."""
    net, labels = training.net.eval(), task.test.labels
    with no_grad():
        batches = [net(x) for x, _ in DataLoader(task.test, batch_size=TEST_BATCH)]
    shares = np.concatenate([softmax(scores, dim=-1).numpy() for scores in batches])
    read = shares.argmax(axis=1)
    confusions = np.zeros((len(task.classes), len(task.classes)), int)
    np.add.at(confusions, (labels, read), 1)
    wrong = np.flatnonzero(read != labels)
    worst = wrong[np.argsort(shares[wrong, labels[wrong]])][:MISTAKES]
    first = next(layer for layer in net if isinstance(layer, Conv2d))
    draw_classifier(
        path,
        curves=vars(training.curves),
        kernels=first.weight.detach().numpy().transpose(0, 2, 3, 1),
        confusions=confusions,
        images=task.test.pixels[worst],
        mistakes=[(task.classes[labels[i]], task.classes[read[i]]) for i in worst],
        classes=task.classes,
    )
