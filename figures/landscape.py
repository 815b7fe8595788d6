"""Pictures of the landscape: a way down, and valleys that are proved."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from figures.style import EXCESS, finish, mark_place, styled

LEAST_EXCESS = 1e-6
"""The bottom of the picture: below it the optimum is reached."""


def plot_profile(ax: Axes, profile: Any, optimum: float) -> Axes:
    """Draw the excess of the objective on a path and on the straight line beside it.

    Parameters
    ----------
    ax : Axes
    profile : experiments.Profile
    optimum : float
    """
    for values, style in (
        (profile.line, styled("algorithm_1", "straight line", ls="--")),
        (profile.heights, styled("frank_wolfe", "path")),
    ):
        ax.plot(profile.times, np.maximum(values / optimum - 1, LEAST_EXCESS), **style)
    for k, name in enumerate(profile.names):
        mark_place(ax, k + 1.0)
        ax.text(k + 0.5, 3 * LEAST_EXCESS, name, ha="center")
    return finish(ax, "time on the path", EXCESS, log="y")


def plot_narrow_ends(
    ax: Axes, ends: Mapping[int, Any], optimum: float, rng: np.random.Generator
) -> Axes:
    """Draw where narrow networks end, full where a valley is proved around the end.

    Parameters
    ----------
    ax : Axes
    ends : mapping of int to experiments.NarrowEnds
    optimum : float
        p*, of all widths.
    rng : numpy.random.Generator
        Jitter along the horizontal axis.
    """
    ax.set_xticks(range(len(ends)), [str(width) for width in ends])
    for place, one in enumerate(ends.values()):
        across = place + rng.uniform(-0.3, 0.3, len(one.floors))
        excess = one.floors / optimum - 1
        for chosen, fill, label in (
            (one.spurious, "full", "in a spurious valley"),
            (~one.spurious, "none", "other"),
        ):
            style = styled("sgd", label if place == 0 else None, fillstyle=fill)
            ax.plot(across[chosen], excess[chosen], "o", **style)
    return finish(ax, "neurons $m$", EXCESS, log="y")
