"""Rosenblatt's perceptron learns: one neuron, trained with your own loss, gradients and optimizer, with 20 random seeds."""

from tito.milestone import use_own_tinytorch

use_own_tinytorch(__file__)

from pathlib import Path  # noqa: E402

from sklearn.datasets import load_digits  # noqa: E402

from tinytorch import Tensor, manual_seed, no_grad, randn  # noqa: E402
from tinytorch.nn import BCEWithLogitsLoss, Linear  # noqa: E402
from tinytorch.optim import SGD  # noqa: E402
from tito.picture import draw_learning  # noqa: E402

SEEDS, STEPS = 20, 100
PICTURE = Path(__file__).with_name("02_rosenblatt_trained.png")


def cards(count: int) -> tuple[Tensor, Tensor]:
    """Two clouds of points of shape (N, 2) that a straight line can separate, and their classes, 0 or 1, of shape (N, 1)."""
    y = (randn(count, 1) > 0).float()
    return randn(count, 2).clamp(-1.5, 1.5) + (4 * y - 2), y


def zeros_and_ones() -> tuple[Tensor, Tensor]:
    """Handwritten zeros and ones, pixels from 0 to 1, shape (N, 64), and their labels, of shape (N, 1)."""
    digits = load_digits(n_class=2)
    return Tensor(digits.data / 16), Tensor(digits.target).float().reshape(-1, 1)


def accuracy(neuron: Linear, x: Tensor, y: Tensor) -> float:
    """The share of examples that a neuron classifies correctly: it says yes when its sum is positive."""
    with no_grad():
        return ((neuron(x) > 0).float() == y).float().mean().item()


def train(neuron: Linear, x: Tensor, y: Tensor, lr: float, steps: int = STEPS) -> None:
    """Gradient descent, on all examples in every step."""
    loss_fn, optimizer = BCEWithLogitsLoss(), SGD(neuron.parameters(), lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        loss_fn(neuron(x), y).backward()
        optimizer.step()


def main() -> None:
    images, labels = zeros_and_ones()
    half = len(images) // 2
    print(f"{SEEDS} neurons, {STEPS} steps each. Accuracy on examples they haven't seen:\n")
    print("seed | cards: before   after | zeros and ones: before   after")
    results = []
    for seed in range(SEEDS):
        manual_seed(seed)
        (x, y), (new_x, new_y) = cards(200), cards(1000)
        neuron, reader = Linear(2, 1), Linear(64, 1)
        before = accuracy(neuron, new_x, new_y), accuracy(reader, images[half:], labels[half:])
        train(neuron, x, y, lr=0.1)
        train(reader, images[:half], labels[:half], lr=0.5)
        after = accuracy(neuron, new_x, new_y), accuracy(reader, images[half:], labels[half:])
        results.append(after)
        print(
            f"{seed:4d} |        {before[0]:6.1%}  {after[0]:6.1%} |                 {before[1]:6.1%}  {after[1]:6.1%}"
        )
    for name, accuracies in zip(("cards", "zeros and ones"), zip(*results, strict=True), strict=True):
        print(f"\n{name}: average {sum(accuracies) / SEEDS:.1%}, worst of {SEEDS} {min(accuracies):.1%}", end="")
    manual_seed(1)
    (x, y), neuron = cards(200), Linear(2, 1)
    draw_learning(PICTURE, neuron, lambda steps: train(neuron, x, y, lr=0.1, steps=steps), (1, 5, STEPS), x, y)
    print(f"\n\nThe decision boundary of one neuron as it learns: {PICTURE.name}")
    print("A neuron splits the plane along one straight line. What if no line works? That question ended the first era")
    print("of neural networks: milestone 02.")


if __name__ == "__main__":
    main()
