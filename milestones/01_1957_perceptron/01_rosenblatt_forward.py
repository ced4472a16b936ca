"""Rosenblatt's perceptron before it has learnt anything: 200 random neurons look at handwritten zeros and ones."""

from tito.milestone import use_own_tinytorch

use_own_tinytorch(__file__)

from sklearn.datasets import load_digits  # noqa: E402

from tinytorch import Tensor, manual_seed, stack  # noqa: E402
from tinytorch.nn import Linear  # noqa: E402

NEURONS, SEEDS = 200, 5


def zeros_and_ones() -> tuple[Tensor, Tensor]:
    """Images of shape (N, 64), pixels from 0 to 1, and their labels, 0 or 1, of shape (N,)."""
    digits = load_digits(n_class=2)
    return Tensor(digits.data / 16), Tensor(digits.target)


def accuracy(neuron: Linear, x: Tensor, y: Tensor) -> float:
    """The share of images that a neuron names rightly: it says 1 when its sum is positive."""
    says = (neuron(x).reshape(-1) > 0).long()
    return (says == y).float().mean().item()


def draw(weights: Tensor) -> str:
    """An 8 by 8 picture: + where light speaks for a one, - where it speaks for a zero, doubled where it speaks loudly."""
    loud = weights.abs().amax().item() / 2

    def mark(weight: float) -> str:
        sign = "+" if weight > 0 else "-"
        return sign * 2 if abs(weight) > loud else f"{sign} "

    return "\n".join(" ".join(mark(weight) for weight in row) for row in weights.reshape(8, 8).tolist())


def histogram(shares: Tensor) -> str:
    """How many neurons are right how often, a line for every ten per cent."""
    counts = [
        int(((shares >= low / 10) * (shares < (low + 1) / 10 + (low == 9))).long().sum().item()) for low in range(10)
    ]
    return "\n".join(
        f"{10 * low:3d}-{10 * (low + 1):3d} % {count:4d} {'#' * (count // 2)}" for low, count in enumerate(counts)
    )


def main() -> None:
    x, y = zeros_and_ones()
    print(
        f"{len(y)} handwritten zeros and ones; {NEURONS} neurons, each with {x.shape[1]} random weights and a bias.\n"
    )
    for seed in range(SEEDS):
        manual_seed(seed)
        neurons = [Linear(x.shape[1], 1) for _ in range(NEURONS)]
        shares = stack([Tensor(accuracy(neuron, x, y)) for neuron in neurons])
        mean, worst, best = shares.mean().item(), shares.amin().item(), shares.amax().item()
        print(f"seed {seed}: right on average {mean:.1%}, the worst neuron {worst:.1%}, the best {best:.1%}")
    print(f"\nHow often the neurons of seed {seed} are right:\n\n{histogram(shares)}\n")
    chosen = neurons[int(shares.argmax().item())]
    print(f"What the best of them looks at, by chance and not by learning:\n\n{draw(chosen.weight)}\n")
    print(
        "On average a random neuron is a coin. Some are good, and as many are just as bad: turn every weight of a bad"
    )
    print("one round, and it is good. Learning is the search for the good ones; after module 06 you can do it.")


if __name__ == "__main__":
    main()
