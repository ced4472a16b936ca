"""Explorations show what their text claims, whatever their controls are set to; a notebook's own run tries the defaults only."""

import runpy

import numpy as np
import pytest

from tito.course import ROOT

for name in ("matplotlib", "sklearn"):
    pytest.importorskip(name, reason="figures need the extra: pip install -e '.[data]'")


@pytest.fixture(scope="module")
def dataloader():
    return runpy.run_path(str(ROOT / "notebooks" / "08_dataloader.py"))


def crops(dataloader, workers):
    """The eight crops of the figure, without the image in front."""
    import matplotlib.pyplot as plt

    figure = dataloader["explore_crops"](3, 2, workers)
    pictures = [np.asarray(axis.images[0].get_array()).tobytes() for axis in figure.axes]
    plt.close(figure)
    return pictures[1:]


def test_crops_repeat_where_the_generator_does(dataloader):
    one_by_one, one_call, copies = (crops(dataloader, workers) for workers in (1, 0, 2))
    assert [len(one_by_one), len(one_call), len(copies)] == [8, 8, 8]
    assert len(set(one_by_one)) > 4
    assert len(set(one_call)) == 1, "one call draws once for the whole batch"
    assert copies[:4] == copies[4:] == one_by_one[:4], "the second worker must repeat the first one's numbers"


@pytest.mark.parametrize(("pixels", "lr", "learns"), [("0 to 255", 0.1, False), ("normalized", 0.1, True)])
def test_normalized_pixels_learn_where_others_do_not(dataloader, pixels, lr, learns):
    import matplotlib.pyplot as plt

    figure = dataloader["explore_normalization"](pixels, lr)
    losses = figure.axes[1].lines[0].get_ydata()
    plt.close(figure)
    assert (len(losses) == 10 and losses[-1] < 0.5) == learns, f"{pixels}, lr={lr}: losses {losses}"


@pytest.mark.parametrize(("size", "drop_last", "cells"), [(64, False, (938, 32, 0)), (64, True, (937, 64, 32))])
def test_batch_sizes(dataloader, size, drop_last, cells):
    row = "| " + " | ".join(map(str, cells))
    assert row in dataloader["explore_batch_size"](size, drop_last)._repr_markdown_(), row
