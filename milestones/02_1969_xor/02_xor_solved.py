"""How hidden layers solve XOR, trained by your own backward. How many neurons does it take? 20 random seeds each."""

from tito.milestone import use_own_tinytorch

use_own_tinytorch(__file__)

from pathlib import Path  # noqa: E402

from tinytorch import Tensor, manual_seed, no_grad  # noqa: E402
from tinytorch.nn import BCEWithLogitsLoss, Linear, Module, Sequential, Tanh  # noqa: E402
from tinytorch.optim import Adam  # noqa: E402
from tito.picture import draw_learning  # noqa: E402

SEEDS, STEPS, WIDTH = 20, 200, 8
PICTURE = Path(__file__).with_name("02_xor_solved.png")

x = Tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = Tensor([[0.0], [1.0], [1.0], [0.0]])  # exactly one of the two


def network(width: int) -> Sequential:
    return Sequential(Linear(2, width), Tanh(), Linear(width, 1))


def linear_network(width: int) -> Sequential:
    return Sequential(Linear(2, width), Linear(width, 1))


def accuracy(net: Module) -> float:
    with no_grad():
        return ((net(x) > 0).float() == y).float().mean().item()


def train(net: Module, steps: int = STEPS) -> int | None:
    """Train on the four points; returns the step after which all four stay right, or None."""
    loss_fn, optimizer, solved = BCEWithLogitsLoss(), Adam(net.parameters(), lr=0.1), None
    for step in range(1, steps + 1):
        optimizer.zero_grad()
        loss_fn(net(x), y).backward()
        optimizer.step()
        if accuracy(net) < 1:
            solved = None
        elif solved is None:
            solved = step
    return solved


def seeded(make, width: int, seed: int) -> Sequential:
    manual_seed(seed)
    return make(width)


def main() -> None:
    print(f"A hidden layer of {WIDTH}, {STEPS} steps of Adam, {SEEDS} random seeds:\n")
    print("seed   before   after   all four right since step")
    for seed in range(SEEDS):
        net = seeded(network, WIDTH, seed)
        before = accuracy(net)
        solved = train(net)
        print(f"{seed:4d}   {before:6.0%}   {accuracy(net):5.0%}   {solved or 'never':>25}")
    print(f"\nHow many of {SEEDS} seeds get all four points right:\n")
    for width in (1, 2, 4, WIDTH):
        count = sum(train(seeded(network, width, seed)) is not None for seed in range(SEEDS))
        print(f"  {width} hidden, tanh            {count:3d}")
    count = sum(train(seeded(linear_network, WIDTH, seed)) is not None for seed in range(SEEDS))
    print(f"  {WIDTH} hidden, no nonlinearity {count:3d}")
    net = seeded(network, WIDTH, 0)
    draw_learning(PICTURE, net, lambda steps: train(net, steps), (5, 10, STEPS), x, y)
    print(f"\nThe decision boundary as the network learns: {PICTURE.name}\n")
    print(
        "Two hidden neurons are enough: each draws a line, and the output neuron says yes between the two. But training"
    )
    print(
        "doesn't always find those lines. With more neurons than necessary, it does. Without the nonlinearity, the two"
    )
    print("layers are a single linear layer in disguise, and nothing helps.")


if __name__ == "__main__":
    main()
