"""A multi-layer perceptron reads handwritten digits of 8 by 8 pixels, fed by your own DataLoader."""

from tito.milestone import use_own_tinytorch

use_own_tinytorch(__file__)

import sys  # noqa: E402
from pathlib import Path  # noqa: E402

from mlp import Task, gates, parts, replay  # noqa: E402

from tinytorch.datasets import Digits  # noqa: E402
from tito.gates import options  # noqa: E402

# chosen by the runs in evidence.json
GATES = gates(accuracy=0.96)


def main() -> int:
    chosen = options(__doc__)
    train, test = parts(Digits)
    task = Task(train, test, hidden=64, epochs=20, batch_size=32, lr=1e-2)
    return replay(Path(__file__), chosen, task, GATES, run="01_mlp_digits")


if __name__ == "__main__":
    sys.exit(main())
