"""A convolutional network learns CIFAR-10: color photos of ten things, of 32 by 32 pixels."""

from tito.milestone import use_own_tinytorch

use_own_tinytorch(__file__)

import sys  # noqa: E402
from functools import partial  # noqa: E402
from pathlib import Path  # noqa: E402

from cnn import Task, gates, parts, replay  # noqa: E402

from tinytorch import nn  # noqa: E402
from tinytorch.datasets import CIFAR10  # noqa: E402
from tinytorch.optim import SGD, Optimizer  # noqa: E402
from tinytorch.optim.lr_scheduler import LinearLR, SequentialLR  # noqa: E402
from tito.gates import options  # noqa: E402
from tito.resumable import Recipe  # noqa: E402

# chosen by the runs in evidence.json
FULL = gates(accuracy=0.75, shuffled=0.20, gradient=0.10)
QUICK = gates(accuracy=0.60, shuffled=0.20, gradient=0.10)
EPOCHS, SHUFFLED_IMAGES = 9, 10_000
QUICK_EPOCHS, QUICK_IMAGES, QUICK_SHUFFLED_IMAGES = 4, 10_000, 5_000
WARM_UP = 0.2  # the share of the steps in which the learning rate rises


def network(nn=nn):
    """Its layers; `nn` may also be PyTorch's, for the comparison in benchmarks/cifar.py.

    Pooling comes before batch norm and ReLU, so that these have a quarter of the work.
    Nearly all of the work is in the second and third convolution: 64 and 128 filters, on 15 and 7 pixels a side.
    """
    return nn.Sequential(
        nn.Conv2d(3, 24, 3, bias=False), nn.MaxPool2d(2), nn.BatchNorm2d(24), nn.ReLU(),
        nn.Conv2d(24, 64, 3, padding=1, bias=False), nn.MaxPool2d(2), nn.BatchNorm2d(64), nn.ReLU(),
        nn.Conv2d(64, 128, 3, padding=1, bias=False), nn.MaxPool2d(2), nn.BatchNorm2d(128), nn.ReLU(),
        nn.Flatten(), nn.Linear(128 * 3 * 3, 10),
    )  # fmt: skip


def optimizer(net: nn.Module) -> SGD:
    return SGD(net.parameters(), lr=0.2, momentum=0.9, nesterov=True, weight_decay=5e-4)


def one_cycle(optimizer: Optimizer, steps: int) -> SequentialLR:
    """The learning rate rises in a straight line, and then falls to 0 in another."""
    up = max(1, round(WARM_UP * steps))
    rise = LinearLR(optimizer, start_factor=1 / up, total_iters=up)
    fall = LinearLR(optimizer, start_factor=1.0, end_factor=0.0, total_iters=steps - up)
    return SequentialLR(optimizer, [rise, fall], milestones=[up])


def main() -> int:
    chosen = options(__doc__, seeds=2, resume=True)
    train, test = parts(CIFAR10, normalize=True, shift=2, mirror=True)
    recipe = Recipe(
        epochs=QUICK_EPOCHS if chosen.quick else EPOCHS,
        batch_size=128,
        loss=partial(nn.functional.cross_entropy, label_smoothing=0.1),
        optimizer=optimizer,
        scheduler=one_cycle,
    )
    if chosen.quick:
        train = train.part(QUICK_IMAGES)
    shuffled = min(QUICK_SHUFFLED_IMAGES if chosen.quick else SHUFFLED_IMAGES, len(train))
    task = Task(train, test, CIFAR10.classes, network, recipe, shuffled=(shuffled, 1), every_epoch=True)
    if len(test) < 10_000:
        print(f"Only {len(test):,} of the 10,000 test images are here: the accuracy is on these.\n")
    if chosen.quick:
        return replay(Path(__file__), chosen, task, QUICK, run="02_cnn_cifar10 --quick")
    return replay(Path(__file__), chosen, task, FULL, run="02_cnn_cifar10")


if __name__ == "__main__":
    sys.exit(main())
