"""Figures, all in one style: in the notebooks, and as the pictures that milestones leave."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

# Colours that can be told apart with any colour vision (Okabe and Ito, Color Universal Design, 2008), by lightness too.
BLUE, ORANGE, GREEN, PURPLE = "#0072b2", "#d55e00", "#009e73", "#aa4499"
STYLE = {
    "axes.edgecolor": "#555555",
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": "medium",
    "font.size": 10,
    "lines.linewidth": 1.8,
}


def panels(columns=1, width=8, height=2.8):
    """A figure in the course's style, with its axes.

    Args:
        columns: how many axes, side by side.
        width, height: of the whole figure, in inches.

    Returns:
        (figure, axes): one axes, or an array of `columns` of them.
    """
    from cycler import cycler
    from matplotlib import rc_context
    from matplotlib.figure import Figure  # not pyplot: it would keep the figure, and may ask for a screen

    # lines differ in colour and in dashes
    lines = cycler(color=[BLUE, ORANGE, GREEN, PURPLE], linestyle=["-", "--", "-.", ":"])
    with rc_context(STYLE | {"axes.prop_cycle": lines}):
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.subplots(1, columns)


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
    points, classes = x.numpy(), y.numpy()[:, 0]
    low, high = points.min(axis=0) - 0.5, points.max(axis=0) + 0.5
    across, up = np.meshgrid(np.linspace(low[0], high[0], 200), np.linspace(low[1], high[1], 200))
    plane = type(x)(np.stack([across.ravel(), up.ravel()], axis=1))
    figure, stages = panels(1 + len(moments), width=2.6 * (1 + len(moments)))
    done = 0
    for axes, until in zip(stages, (0, *moments), strict=True):
        if until > done:
            train(until - done)
        done = until
        yes = (net(plane).detach().numpy() > 0).reshape(across.shape)
        axes.contourf(across, up, yes, levels=[-0.5, 0.5, 1.5], colors=["white", "lightgray"])
        axes.plot(*points[classes == 0].T, "o", color=BLUE, markerfacecolor="none")
        axes.plot(*points[classes == 1].T, "x", color=ORANGE)
        axes.set(title=f"after {done}" if done else "untrained", xticks=[], yticks=[], aspect="equal")
    figure.savefig(path, dpi=120)


def draw_reader(path: Path, weights, misread, labels: Sequence[tuple[int, int]]) -> None:
    """Draw what a reader of images looks at, and what it reads wrong.

    Args:
        path: the PNG file to write.
        weights: of some neurons of the first layer, as images of shape (N, H, W): orange counts for, blue against.
        misread: images of shape (M, H, W).
        labels: for each of them (what it shows, what was read).
    """
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

    for_and_against = LinearSegmentedColormap.from_list("weights", [BLUE, "white", ORANGE])
    figure = Figure(figsize=(8, 4.4), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(2, 1.2))
    above.suptitle("The weights of 16 hidden neurons: orange counts for, blue against")
    below.suptitle("Misread: what it shows, and what was read" if labels else "No image was misread")
    for axes, image in zip(above.subplots(2, 8).flat, weights, strict=False):
        limit = np.abs(image).max()
        axes.imshow(image, cmap=for_and_against, vmin=-limit, vmax=limit)
    for axes, image, (true, read) in zip(below.subplots(1, 8).flat, misread, labels, strict=False):
        axes.imshow(image, cmap="gray_r")
        axes.set_title(f"{true}, not {read}")
    for axes in figure.axes:
        axes.set_axis_off()
    figure.savefig(path, dpi=120)


# kind of numbers -> colormap, and whether it is symmetric about 0
COLORS = {"ink": ("gray_r", False), "count": ("Blues", False), "share": ("viridis", False), "signed": ("PuOr", True)}


def images(shown: Sequence[tuple], rows: int = 1, width: float = 8, height: float = 2.8) -> tuple:
    """A figure of images side by side, without ticks.

    Args:
        shown: for each image its title, its kind in COLORS, and its numbers, of shape (H, W). A "share" is from 0 to 1.
        rows: in how many rows they are placed, as many in each.
        width, height: of the whole figure, in inches.

    Returns:
        (figure, axes): one axes for each image.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(rows, len(shown) // rows, squeeze=False).ravel()
    for axis, (title, kind, numbers) in zip(axes, shown, strict=True):
        colors, symmetric = COLORS[kind]
        limit = 1 if kind == "share" else np.abs(numbers).max() or 1
        axis.imshow(numbers, cmap=colors, vmin=-limit if symmetric else 0, vmax=limit)
        axis.set_title(title, fontsize="medium")
        axis.set(xticks=[], yticks=[])
    return figure, axes


def mark(axis: object, row: int, column: int, size: int = 1) -> None:
    """Outline a square of `size` pixels on an image, from its top left pixel on."""
    from matplotlib.patches import Rectangle

    axis.add_patch(Rectangle((column - 0.5, row - 0.5), size, size, fill=False, edgecolor=ORANGE, linewidth=3))
