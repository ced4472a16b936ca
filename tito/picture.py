"""Pictures for the milestones, written as files: a script has no notebook to show them in."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np


def draw_learning(path: Path, net, train: Callable[[int], object], moments: Sequence[int], x, y) -> None:
    """Draw which part of the plane gets a yes, before a network learns and at some moments while it does.

    Args:
        path: the PNG file to write.
        net: from points, a tensor of shape (N, 2), to scores of shape (N, 1): positive means yes.
        train: trains `net` for a number of steps.
        moments: after how many steps in all it is drawn again.
        x: points, a tensor of shape (N, 2).
        y: their classes, 0 or 1, a tensor of shape (N, 1): drawn as circles and crosses.
    """
    from matplotlib.figure import Figure  # not pyplot: nothing may ask for a screen

    points, classes = x.numpy(), y.numpy()[:, 0]
    low, high = points.min(axis=0) - 0.5, points.max(axis=0) + 0.5
    across, up = np.meshgrid(np.linspace(low[0], high[0], 200), np.linspace(low[1], high[1], 200))
    plane = type(x)(np.stack([across.ravel(), up.ravel()], axis=1))
    figure, done = Figure(figsize=(2.6 * (1 + len(moments)), 2.8), layout="constrained"), 0
    for axes, until in zip(figure.subplots(1, 1 + len(moments)), (0, *moments), strict=True):
        if until > done:
            train(until - done)
        done = until
        yes = (net(plane).numpy() > 0).reshape(across.shape)
        axes.contourf(across, up, yes, levels=[-0.5, 0.5, 1.5], colors=["white", "lightgray"])
        axes.plot(*points[classes == 0].T, "o", color="tab:blue", markerfacecolor="none")
        axes.plot(*points[classes == 1].T, "x", color="tab:red")
        axes.set(title=f"after {done}" if done else "untrained", xticks=[], yticks=[], aspect="equal")
    figure.savefig(path, dpi=120)
