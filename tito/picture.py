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
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.4), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(2, 1.2))
    above.suptitle("The weights of 16 hidden neurons: orange counts for, blue against")
    below.suptitle("Misread: what it shows, and what was read" if labels else "No image was misread")
    for axes, image in zip(above.subplots(2, 8).flat, weights, strict=False):
        _draw_weights(axes, image)
    for axes, image, (true, read) in zip(below.subplots(1, 8).flat, misread, labels, strict=False):
        axes.imshow(image, cmap="gray_r")
        axes.set_title(f"{true}, not {read}")
    for axes in figure.axes:
        axes.set_axis_off()
    figure.savefig(path, dpi=120)


def _draw_weights(axes, weights) -> None:
    """Draw (H, W) weights: orange counts for, blue against, white is 0."""
    from matplotlib.colors import LinearSegmentedColormap

    limit = np.abs(weights).max()
    for_and_against = LinearSegmentedColormap.from_list("weights", [BLUE, "white", ORANGE])
    axes.imshow(weights, cmap=for_and_against, vmin=-limit, vmax=limit)


def draw_classifier(
    path: Path, curves: dict[str, Sequence[float]], kernels, confusions, images, mistakes: Sequence[tuple[str, str]],
    classes: Sequence[str],
) -> None:  # fmt: skip
    """Draw how a classifier of images learned, what its first layer looks at, and what it confuses.

    Args:
        path: the PNG file to write.
        curves: of each epoch the mean "loss", and the accuracies in training, "trained", and on test images, "tested".
        kernels: filters of the first layer, (N, rows, columns, channels), with 1 channel or 3.
        confusions: (classes, classes) counts: row for what an image shows, column for what was read.
        images: the worst mistakes, (M, H, W, channels), uint8.
        mistakes: for each of them (what it shows, what was read).
        classes: their names.
    """
    from matplotlib.figure import Figure

    heights = (2.4, 5, 2.9 if len(mistakes) > 5 else 1.6)
    figure = Figure(figsize=(10, sum(heights)), layout="constrained")
    top, middle, bottom = figure.subfigures(3, 1, height_ratios=heights)
    _draw_curves(top.subplots(1, 2), curves)
    left, right = middle.subfigures(1, 2, width_ratios=(1, 1.7))
    _draw_kernels(left, kernels)
    _draw_confusions(right.subplots(), confusions, classes)
    bottom.suptitle("The worst mistakes: what it shows, and what was read" if mistakes else "No image was misread")
    for axes, image, (true, read) in zip(
        bottom.subplots(2 if len(mistakes) > 5 else 1, 5).flat, images, mistakes, strict=False
    ):
        axes.imshow(image if image.shape[-1] == 3 else image[..., 0], cmap="gray_r")
        axes.set_title(f"{true}, not {read}", fontsize=9)
    for axes in [*left.axes, *bottom.axes]:
        axes.set_axis_off()
    figure.savefig(path, dpi=100)


def _draw_curves(axes, curves: dict[str, Sequence[float]]) -> None:
    """The loss, and the accuracies, after each epoch."""
    epochs = np.arange(1, 1 + len(curves["loss"]))
    loss, share = axes
    loss.plot(epochs, curves["loss"], color=BLUE)
    loss.set(title="Loss in training", xlabel="epoch", ylim=(0, None))
    share.plot(epochs, 100 * np.array(curves["trained"]), color=BLUE, label="training images, while it trains")
    share.plot(epochs, 100 * np.array(curves["tested"]), color=ORANGE, linestyle="--", label="test images")
    share.set(title="Accuracy, %", xlabel="epoch")
    share.legend(frameon=False, loc="lower right")
    for one in axes:
        one.xaxis.get_major_locator().set_params(integer=True)
        one.spines[["right", "top"]].set_visible(False)


def _draw_kernels(figure, kernels) -> None:
    """The filters of a first layer: in color for three channels, else orange counts for, blue against."""
    colored = kernels.shape[-1] == 3
    meaning = "gray is 0" if colored else "orange counts for, blue against"
    figure.suptitle(f"The {len(kernels)} filters of the first layer:\n{meaning}")
    for axes, kernel in zip(figure.subplots(-(-len(kernels) // 4), 4).flat, kernels, strict=False):
        if colored:
            axes.imshow(0.5 + kernel / (2 * np.abs(kernel).max()))
        else:
            _draw_weights(axes, kernel[..., 0])


def _draw_confusions(axes, confusions, classes: Sequence[str]) -> None:
    """Counts in a grid, shaded by their share of the row."""
    shares = confusions / np.maximum(1, confusions.sum(axis=1, keepdims=True))
    draw_shares(axes, shares, [[f"{count or ''}" for count in row] for row in confusions.tolist()], size=8)
    axes.set_aspect("equal")
    numbers = range(len(classes))
    long = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if max(map(len, classes)) > 2 else {}
    axes.set_xticks(numbers, classes, **long)
    axes.set_yticks(numbers, classes)
    axes.set(title="How often was it read as what?", xlabel="read", ylabel="shown")


def draw_shares(
    axes: object, shares: object, texts: Sequence[Sequence[str]] = (), *, most: float | None = 1, size: int = 9
) -> None:
    """Squares from white (0) to blue, with a text in each.

    Args:
        axes: where.
        shares: (rows, columns), numbers from 0 on.
        texts: what to write into each square of each row; empty for none.
        most: the number that is darkest; None is the largest.
        size: of the letters, in points.
    """
    from matplotlib.colors import LinearSegmentedColormap

    darkest = np.max(shares) if most is None else most
    colors = LinearSegmentedColormap.from_list("shares", ["white", BLUE])
    axes.imshow(shares, cmap=colors, vmin=0, vmax=darkest, aspect="auto")
    for row, line in enumerate(texts):
        for column, text in enumerate(line):
            color = "white" if shares[row][column] > 0.9 * darkest else "black"  # whichever has more contrast
            axes.text(column, row, text, ha="center", va="center", fontsize=size, color=color)


def draw_writer(
    path: Path, steps: Sequence[int], curves: dict[str, Sequence[float]], levels: dict[str, float], maps: Sequence[tuple],
    tokens: Sequence[str],
) -> None:  # fmt: skip
    """Draw how a language model learned, and what its heads read.

    Args:
        path: the PNG file to write.
        steps: when the losses were measured.
        curves: label -> losses.
        levels: label -> a loss to compare with, drawn as a horizontal line.
        maps: for each head (title, weights): (T, T), row for the token that reads, column for the one that is read.
        tokens: the T tokens.
    """
    from matplotlib.figure import Figure

    rows = -(-len(maps) // 2)
    figure = Figure(figsize=(9, 3 + 4.2 * rows), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(3, 4.2 * rows))
    axes = above.subplots()
    for (label, losses), color, dash in zip(curves.items(), (BLUE, ORANGE), ("-", "--"), strict=True):
        axes.plot(steps, losses, dash, color=color, label=label)
    for label, loss in levels.items():
        axes.axhline(loss, color="#777777", linewidth=1, linestyle=":")
        axes.text(steps[-1], loss, label, ha="right", va="bottom", fontsize=8)
    axes.set(title="Loss", xlabel="step")
    axes.legend(frameon=False, loc="lower left")
    axes.spines[["right", "top"]].set_visible(False)
    below.suptitle("What heads read: row for the token that reads, column for the one that is read")
    for axis, (title, weights) in zip(below.subplots(rows, 2, squeeze=False).flat, maps, strict=True):
        draw_attention(axis, weights, tokens, title)
    figure.savefig(path, dpi=100)


def draw_attention(
    axes: object,
    weights: object,
    tokens: Sequence[str],
    title: str = "",
    *,
    most: float | None = None,
    numbers: bool = False,
) -> None:
    """Draw how much each token reads of each other token.

    Args:
        axes: where.
        weights: (T, T), a row for the token that reads: white is 0.
        tokens: T texts.
        title: of the axes.
        most: the weight that is darkest; None is the largest.
        numbers: whether to write each weight into its square.
    """
    names = [visible(token) for token in tokens]
    draw_shares(axes, weights, [[f"{weight:.2f}" for weight in row] for row in weights] if numbers else (), most=most)
    axes.set_aspect("equal")
    axes.set_xticks(range(len(names)), names, fontsize=8, rotation=90 if max(map(len, names)) > 1 else 0)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_title(title)


def visible(text: str) -> str:
    """A text whose spaces and ends of lines can be seen."""
    return text.replace(" ", "␣").replace("\n", "⏎")


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
