"""A convolutional network reads digits of 8 by 8 pixels, and so does a perceptron with as many weights."""

from tito.milestone import use_own_tinytorch

use_own_tinytorch(__file__)

import sys  # noqa: E402
from pathlib import Path  # noqa: E402

from cnn import Task, gates, parts, replay  # noqa: E402

from tinytorch import nn  # noqa: E402
from tinytorch.datasets import Digits  # noqa: E402
from tinytorch.optim import Adam  # noqa: E402
from tinytorch.optim.lr_scheduler import CosineAnnealingLR  # noqa: E402
from tito.gates import options  # noqa: E402
from tito.resumable import Recipe  # noqa: E402

# chosen by the runs in evidence.json
GATES = gates(accuracy=0.98, shuffled=0.30, gradient=0.10)


def network() -> nn.Sequential:
    """LeNet's plan, convolve, pool, convolve, pool, for small images: a side of 8 pixels becomes 4, then 2."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.MaxPool2d(2), nn.BatchNorm2d(16), nn.ReLU(),
        nn.Conv2d(16, 32, 3, padding=1, bias=False), nn.MaxPool2d(2), nn.BatchNorm2d(32), nn.ReLU(),
        nn.Flatten(), nn.Linear(32 * 2 * 2, 10),
    )  # fmt: skip


def main() -> int:
    chosen = options(__doc__, resume=True)
    train, test = parts(Digits, normalize=False)
    recipe = Recipe(
        epochs=30,
        batch_size=32,
        loss=nn.functional.cross_entropy,
        optimizer=lambda net: Adam(net.parameters(), lr=1e-2),
        # the steps become smaller, so that it matters less where the last one happens to end
        scheduler=lambda optimizer, steps: CosineAnnealingLR(optimizer, T_max=steps),
    )
    task = Task(train, test, Digits.classes, network, recipe, shuffled=(len(train), 1), rival=True)
    return replay(Path(__file__), chosen, task, GATES, run="01_lenet_digits")


if __name__ == "__main__":
    sys.exit(main())
