"""Pictures of stacked networks: what each stage reaches, and all of them at once."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from figures.style import OBJECTIVE, finish, styled
from lib.numerics import Array

WIDTH_STYLES = ("frank_wolfe", "algorithm_1", "literal", "centre")
"""One colour a width of the bottleneck."""


def plot_stages(
    ax: Axes, optima: Mapping[int, Array], again: Mapping[int, Array]
) -> Axes:
    """Draw the certified optimum of each stage, and the bound that repetition gives.

    Parameters
    ----------
    ax : Axes
    optima, again : mappings of int to (stages,) array
        By width of the bottleneck; ``again`` bounds the optimum of the next stage.
    """
    for style, (width, values) in zip(WIDTH_STYLES, optima.items(), strict=False):
        places = np.arange(1, len(values) + 1)
        ax.plot(places, values, "o-", **styled(style, f"$p^*$, bottleneck {width}"))
        label = "doing the last again"
        ax.plot(
            places[1:], again[width][:-1], "_", **styled(style, label, ms=16, mew=2)
        )
    ax.set_xticks(places)
    return finish(ax, "stage", "objective of the stage")


def plot_deep(ax: Axes, tuned: Any, drawn: Sequence[Any]) -> Axes:
    """Draw descents on all layers, from the greedy stages and from random starts.

    Parameters
    ----------
    ax : Axes
    tuned : experiments.DeepDescent
    drawn : sequence of experiments.DeepDescent
    """
    for k, one in enumerate(drawn):
        label = None if k else "random starts"
        ax.plot(one.epochs, one.objectives, **styled("sgd", label, lw=1.0))
    ax.plot(tuned.epochs, tuned.objectives, **styled("frank_wolfe", "greedy start"))
    ax.axhline(tuned.objectives[0], **styled("frank_wolfe", "greedy", ls=":"))
    ax.set(xscale="symlog", xlim=(0, tuned.epochs[-1]))
    return finish(ax, "epoch", OBJECTIVE.split()[0] + " of all layers", log="y")
