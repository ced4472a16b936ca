"""The crisis of 1969: however long one neuron trains, it never gets four points right. 20 beginnings."""

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
y = Tensor([[0.0], [1.0], [1.0], [0.0]])  # one or the other, but not both


def train(neuron: Linear, steps: int = STEPS) -> tuple[float, float]:
    """Train on the four points; returns the best share of right answers after any step, and the last loss."""
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
    print(f"One neuron, the four points of XOR, {STEPS} steps of Adam, {SEEDS} beginnings:\n")
    print("seed   best share right   loss at the end")
    results = []
    for seed in range(SEEDS):
        manual_seed(seed)
        best, loss = train(Linear(2, 1))
        results.append(best)
        print(f"{seed:4d}   {best:16.0%}   {loss:15.4f}")
    print(f"\nThe best that any of the {SEEDS} ever was: {max(results):.0%}.")
    manual_seed(0)
    neuron = Linear(2, 1)
    draw_learning(PICTURE, neuron, lambda steps: train(neuron, steps), (10, 50, STEPS), x, y)
    print(f"The line that a neuron draws, as it learns: {PICTURE.name}\n")
    print(
        "The loss ends at log 2 = 0.6931, that of a coin: the neuron has learnt to say nothing. No line has the two points"
    )
    print(
        "of one class on one side and the two of the other on the other; so no training can help. Now run 02_xor_solved.py."
    )


if __name__ == "__main__":
    main()
