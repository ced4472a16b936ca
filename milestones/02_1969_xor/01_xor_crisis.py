"""The crisis of 1969: however long one neuron trains, it never gets all four points right. 20 random seeds."""

from tito.milestone import use_own_tinytorch

use_own_tinytorch(__file__)

from pathlib import Path  # noqa: E402

from tinytorch import Tensor, manual_seed, no_grad  # noqa: E402
from tinytorch.nn import BCEWithLogitsLoss, Linear  # noqa: E402
from tinytorch.optim import Adam  # noqa: E402
from tito.picture import draw_learning  # noqa: E402

SEEDS, STEPS = 20, 500
PICTURE = Path(__file__).with_name("01_xor_crisis.png")

x = Tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = Tensor([[0.0], [1.0], [1.0], [0.0]])  # exactly one of the two


def train(neuron: Linear, steps: int = STEPS) -> tuple[float, float]:
    """Train on the four points; returns the best accuracy after any step, and the last loss."""
    loss_fn, optimizer, best = BCEWithLogitsLoss(), Adam(neuron.parameters(), lr=0.05), 0.0
    for _ in range(steps):
        optimizer.zero_grad()
        loss = loss_fn(neuron(x), y)
        loss.backward()
        optimizer.step()
        with no_grad():
            best = max(best, ((neuron(x) > 0).float() == y).float().mean().item())
    return best, loss.item()


def main() -> None:
    print(f"One neuron, the four points of XOR, {STEPS} steps of Adam, {SEEDS} random seeds:\n")
    print("seed   best accuracy   final loss")
    results = []
    for seed in range(SEEDS):
        manual_seed(seed)
        best, loss = train(Linear(2, 1))
        results.append(best)
        print(f"{seed:4d}   {best:13.0%}   {loss:10.4f}")
    print(f"\nThe best accuracy any of the {SEEDS} ever had: {max(results):.0%}.")
    manual_seed(0)
    neuron = Linear(2, 1)
    draw_learning(PICTURE, neuron, lambda steps: train(neuron, steps), (10, 50, STEPS), x, y)
    print(f"The decision boundary of one neuron as it learns: {PICTURE.name}\n")
    print(
        "The loss ends at log 2 = 0.6931, the loss of a coin flip: the neuron has learned to predict 50 % everywhere."
    )
    print("No line separates the two classes, so no amount of training helps. Now run 02_xor_solved.py.")


if __name__ == "__main__":
    main()
