"""One layer of attention turns sequences around; without it, the same network can only guess."""

from tito.milestone import use_own_tinytorch

use_own_tinytorch(__file__)

import sys  # noqa: E402
from argparse import Namespace  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402

from tinytorch import Tensor, manual_seed, no_grad, randint  # noqa: E402
from tinytorch.attention import MultiheadAttention  # noqa: E402
from tinytorch.embeddings import LearnedPositions  # noqa: E402
from tinytorch.nn import Embedding, Linear, Module  # noqa: E402
from tinytorch.nn.functional import cross_entropy  # noqa: E402
from tinytorch.optim import Adam  # noqa: E402
from tinytorch.optim.lr_scheduler import CosineAnnealingLR  # noqa: E402
from tinytorch.utils.data import DataLoader, TensorDataset  # noqa: E402
from tito.gates import Gate, conclude, options, recorded_runs  # noqa: E402
from tito.picture import draw_attention, panels  # noqa: E402
from tito.probes import count_weights, gradient_error  # noqa: E402
from tito.resumable import Recipe, Session, Training, run_seeds  # noqa: E402

SYMBOLS, LENGTH, WIDTH = 10, 10, 32
TRAIN, TEST, EPOCH = 5_000, 1_000, 320  # sequences; an epoch is short, so that the curve shows how fast it is learned

# chosen by the runs in evidence.json
GATES = (
    Gate("reversed", low=0.99, meaning="symbols of new sequences that come out at the right place"),
    Gate("without attention", high=0.13, meaning="of the same network; chance is 10.0%"),
    Gate("anti-diagonal", low=0.90, meaning="of the attention, on the place that the answer is at"),
    Gate("gradient error", high=0.01, meaning="compared with central differences of the loss"),
)


class Reverser(Module):
    """Tokens and positions, one layer of attention (or none), and a linear layer: (N, T) ids -> (N, T, SYMBOLS) scores."""

    def __init__(self, attends: bool):
        self.tokens, self.positions = Embedding(SYMBOLS, WIDTH), LearnedPositions(LENGTH, WIDTH)
        self.attention = MultiheadAttention(WIDTH, 1, batch_first=True) if attends else None
        self.out = Linear(WIDTH, SYMBOLS)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.positions(self.tokens(ids))
        return self.out(x if self.attention is None else x + self.attention(x, x, x, need_weights=False)[0])

    def weights(self, ids: Tensor) -> np.ndarray:
        """How much each place reads of each place, (N, T, T)."""
        with no_grad():
            x = self.positions(self.tokens(ids))
            return self.attention(x, x, x)[1].numpy()


def loss(scores: Tensor, y: Tensor) -> Tensor:
    return cross_entropy(scores.flatten(0, 1), y.flatten())


def sequences(count: int) -> TensorDataset:
    """Random sequences, and the same ones backwards."""
    x = randint(SYMBOLS, (count, LENGTH))
    return TensorDataset(x, Tensor(np.ascontiguousarray(x.numpy()[:, ::-1])))


def prepared(seed: int, attends: bool) -> Training:
    """A training that hasn't started."""
    manual_seed(seed)
    train, test, net = sequences(TRAIN), sequences(TEST), Reverser(attends)
    recipe = Recipe(
        epochs=30,
        batch_size=32,
        items=EPOCH,
        loss=loss,
        optimizer=lambda net: Adam(net.parameters(), lr=5e-3),
        scheduler=lambda optimizer, steps: CosineAnnealingLR(optimizer, T_max=steps),
    )
    return Training(net, train, DataLoader(test, batch_size=500), recipe)


def measure(seed: int, session: Session) -> tuple[Training, dict[str, float]]:
    """Train with one seed, with attention and without it; what is measured has the names of GATES."""
    training, without = prepared(seed, attends=True), prepared(seed, attends=False)
    net, (x, y) = training.net, training.loader.dataset[:64]
    loss(net(x), y).backward()
    errors = [gradient_error(lambda: loss(net(x), y), parameter) for parameter in net.parameters()]
    manual_seed(seed)
    session.train("network", f"seed {seed}", training)
    manual_seed(seed)
    session.train("without", f"seed {seed}, without attention", without)
    weights = net.weights(training.test.dataset.tensors[0])
    measured = {
        "reversed": training.curves.tested[-1],
        "without attention": without.curves.tested[-1],
        "anti-diagonal": float(weights[:, range(LENGTH), range(LENGTH - 1, -1, -1)].mean()),
        "gradient error": max(errors),
        "seconds": training.seconds,
    }
    return training, measured


def show(seed: int, measured: dict[str, float]) -> None:
    shares = "  ".join(f"{measured[gate.name]:{len(gate.name)}.1%}" for gate in GATES)
    print(f"{seed:4d}  {shares}  {measured['seconds']:7.1f}", flush=True)


def draw(path: Path, training: Training) -> None:
    """Draw what each place of a sequence reads, and how accuracy grew."""
    figure, (left, right) = panels(2, width=9, height=4)
    ids = training.test.dataset.tensors[0][:1]
    symbols = [str(token) for token in ids.tolist()[0]]
    draw_attention(left, training.net.weights(ids)[0], symbols, "What is read for each place")
    left.set_yticks(range(LENGTH), symbols[::-1])
    left.set(xlabel="the sequence", ylabel="the answer")
    sequences_read = EPOCH * np.arange(1, 1 + len(training.curves.tested))
    right.plot(sequences_read, 100 * np.array(training.curves.tested), label="with attention")
    right.axhline(100 / SYMBOLS, color="#777777", linestyle=":", label="chance")
    right.set(title="Symbols at the right place, %", xlabel="sequences read", ylim=(0, 102))
    right.legend(frameon=False, loc="center right")
    figure.savefig(path, dpi=100)


def replay(script: Path, chosen: Namespace) -> int:
    recorded = recorded_runs(script.parent, "01_attention_proof", chosen)
    config = {"seed": chosen.seed, "seeds": chosen.seeds}
    session = Session(script.with_suffix(".checkpoint"), config, chosen.resume)
    print(f"{LENGTH} symbols of {SYMBOLS}, to be turned around; {count_weights(Reverser(True)):,} weights\n")
    print("seed  " + "  ".join(gate.name for gate in GATES) + "  seconds")
    seeds = range(chosen.seed, chosen.seed + chosen.seeds)
    training = run_seeds(session, seeds, lambda seed: measure(seed, session), show)
    training = training or prepared(chosen.seed, attends=True)
    training.load_state_dict(session.first)
    picture = script.with_suffix(".png")
    draw(picture, training)
    session.end()
    print(f"\nThe map of its attention: {picture.name}\n")
    return conclude(GATES, session.runs, recorded, chosen)


if __name__ == "__main__":
    sys.exit(replay(Path(__file__), options(__doc__, resume=True)))
