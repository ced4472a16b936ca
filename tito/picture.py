"""Pictures for the milestones, written as files: a script has no notebook to show them in."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

# A stage is a title and a function from points, an array of shape (N, 2), to scores of shape (N,): positive means yes.
Stage = tuple[str, Callable[[np.ndarray], np.ndarray]]


def draw_boundaries(path: Path, stages: Sequence[Stage], x: np.ndarray, y: np.ndarray) -> None:
    """Draw, for each stage of learning, which part of the plane gets a yes; circles and crosses are the points of both classes.

    Args:
        path: the PNG file to write.
        stages: titles and scores, drawn from left to right.
        x: points, shape (N, 2).
        y: classes, 0 or 1, shape (N,).
    """
    from matplotlib.figure import Figure  # not pyplot: nothing may ask for a screen

    low, high = x.min(axis=0) - 0.5, x.max(axis=0) + 0.5
    across, up = np.meshgrid(np.linspace(low[0], high[0], 200), np.linspace(low[1], high[1], 200))
    plane = np.stack([across.ravel(), up.ravel()], axis=1).astype(np.float32)
    figure = Figure(figsize=(2.6 * len(stages), 2.8), layout="constrained")
    for axes, (title, score) in zip(np.ravel(figure.subplots(1, len(stages))), stages, strict=True):
        yes = (score(plane) > 0).reshape(across.shape)
        axes.contourf(across, up, yes, levels=[-0.5, 0.5, 1.5], colors=["white", "lightgray"])
        axes.plot(*x[y == 0].T, "o", color="tab:blue", markerfacecolor="none")
        axes.plot(*x[y == 1].T, "x", color="tab:red")
        axes.set(title=title, xticks=[], yticks=[], aspect="equal")
    figure.savefig(path, dpi=120)
