"""The way out: a hidden layer, trained through by your own backward. How many neurons does it take? 20 beginnings each."""

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
y = Tensor([[0.0], [1.0], [1.0], [0.0]])  # one or the other, but not both


def network(width: int) -> Sequential:
    return Sequential(Linear(2, width), Tanh(), Linear(width, 1))


def without_bends(width: int) -> Sequential:
    return Sequential(Linear(2, width), Linear(width, 1))


def share_right(net: Module) -> float:
    with no_grad():
        return ((net(x) > 0).float() == y).float().mean().item()


def train(net: Module, steps: int = STEPS) -> int | None:
    """Train on the four points; returns the step from which on all four were right, or None."""
    loss_fn, optimizer, solved = BCEWithLogitsLoss(), Adam(net.parameters(), lr=0.1), None
    for step in range(1, steps + 1):
        optimizer.zero_grad()
        loss_fn(net(x), y).backward()
        optimizer.step()
        if share_right(net) < 1:
            solved = None
        elif solved is None:
            solved = step
    return solved


def seeded(make, width: int, seed: int) -> Sequential:
    manual_seed(seed)
    return make(width)


def main() -> None:
    print(f"A hidden layer of {WIDTH}, {STEPS} steps of Adam, {SEEDS} beginnings:\n")
    print("seed   before   after   all four right from step")
    for seed in range(SEEDS):
        net = seeded(network, WIDTH, seed)
        before = share_right(net)
        solved = train(net)
        print(f"{seed:4d}   {before:6.0%}   {share_right(net):5.0%}   {solved or 'never':>24}")
    print(f"\nHow many of {SEEDS} beginnings get all four points right:\n")
    for width in (1, 2, 4, WIDTH):
        count = sum(train(seeded(network, width, seed)) is not None for seed in range(SEEDS))
        print(f"  {width} hidden, tanh            {count:3d}")
    count = sum(train(seeded(without_bends, WIDTH, seed)) is not None for seed in range(SEEDS))
    print(f"  {WIDTH} hidden, without the bend {count:3d}")
    net = seeded(network, WIDTH, 0)
    draw_learning(PICTURE, net, lambda steps: train(net, steps), (5, 10, STEPS), x, y)
    print(f"\nThe boundary, as it is learnt: {PICTURE.name}\n")
    print(
        "Two hidden neurons could do it: each draws a line, and the last one says yes between the two. But they do not"
    )
    print(
        "always find the way. More neurons than are needed make the search easy. Without the bend between the layers they"
    )
    print("are one single layer in disguise, and nothing helps.")


if __name__ == "__main__":
    main()
