"""The same perceptron, larger, reads MNIST: 60,000 images of 28 by 28 pixels, by hundreds of writers."""

from tito.milestone import use_own_tinytorch

use_own_tinytorch(__file__)

import sys  # noqa: E402
from pathlib import Path  # noqa: E402

from mlp import Task, gates, parts, replay  # noqa: E402

from tinytorch.datasets import MNIST  # noqa: E402
from tito.gates import options  # noqa: E402

# chosen by the runs in evidence.json
FULL, QUICK = gates(accuracy=0.975), gates(accuracy=0.95)


def main() -> int:
    chosen = options(__doc__)
    train, test = parts(MNIST)
    task = Task(train, test, hidden=128, epochs=1 if chosen.quick else 10, batch_size=64, lr=4e-3)
    if chosen.quick:
        return replay(Path(__file__), chosen, task, QUICK, run="02_mlp_mnist --quick")
    return replay(Path(__file__), chosen, task, FULL, run="02_mlp_mnist")


if __name__ == "__main__":
    sys.exit(main())
