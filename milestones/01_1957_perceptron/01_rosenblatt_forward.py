"""Rosenblatt's perceptron before training: 200 random neurons classify handwritten zeros and ones."""

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
    """The share of images that a neuron classifies correctly: it says 1 when its sum is positive."""
    predicted = (neuron(x).reshape(-1) > 0).long()
    return (predicted == y).float().mean().item()


def draw(weights: Tensor) -> str:
    """The weights as an 8 by 8 picture: + where a bright pixel counts for a one, - for a zero, doubled for large weights."""
    large = weights.abs().amax().item() / 2

    def mark(weight: float) -> str:
        sign = "+" if weight > 0 else "-"
        return sign * 2 if abs(weight) > large else f"{sign} "

    return "\n".join(" ".join(mark(weight) for weight in row) for row in weights.reshape(8, 8).tolist())


def histogram(accuracies: Tensor) -> str:
    """How many neurons fall into each accuracy range, one line for every ten percent."""
    counts = [
        int(((accuracies >= low / 10) * (accuracies < (low + 1) / 10 + (low == 9))).long().sum().item())
        for low in range(10)
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
        accuracies = stack([Tensor(accuracy(neuron, x, y)) for neuron in neurons])
        mean, worst, best = accuracies.mean().item(), accuracies.amin().item(), accuracies.amax().item()
        print(f"seed {seed}: average accuracy {mean:.1%}, worst neuron {worst:.1%}, best neuron {best:.1%}")
    print(f"\nHow many of the {NEURONS} neurons of seed {seed} have which accuracy:\n\n{histogram(accuracies)}\n")
    chosen = neurons[int(accuracies.argmax().item())]
    print(f"The weights of the best one, good by chance and not by training:\n\n{draw(chosen.weight)}\n")
    print("On average, a random neuron is a coin flip. Some are good, and just as many are equally bad: flip the sign")
    print("of every weight of a bad one, and it is good. Training searches for the good ones. After module 06 you can")
    print("do it.")


if __name__ == "__main__":
    main()
