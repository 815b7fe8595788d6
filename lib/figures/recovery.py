"""Figures of the way back: neurons in the cone of a block, and neurons left."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from lib.figures.style import COLOURS
from lib.numerics import Array
from lib.problem import Network


def plot_split(ax: Axes, rays: Array, neurons: Network, colour: str) -> Axes:
    """Draw a cone of the plane and the neurons into which a block of it is split.

    Each arrow is a balanced neuron's input weights, so that the squares of the lengths
    add up to the cost of the block; the title states it.

    Parameters
    ----------
    ax : Axes
    rays : (2, 2) array
        One ray a column.
    neurons : Network
        On two inputs, as from :func:`lib.recovery.split_by_rays`.
    colour : str
        Name of a method among the colours of the book.
    """
    arrows = neurons.balanced().U
    size = 1.15 * float(np.linalg.norm(arrows, axis=1).max())
    corners = np.vstack([np.zeros(2), *(3 * size * ray for ray in _unit(rays))])
    ax.fill(*corners.T, color=COLOURS["bound"], alpha=0.25, lw=0)
    for tip in arrows:
        ax.annotate(
            "",
            xy=tip,
            xytext=(0, 0),
            arrowprops={"arrowstyle": "-|>", "color": COLOURS[colour], "lw": 2},
        )
    limits = (float(arrows.min(initial=0.0)) - 0.15 * size, size)
    ax.set(xlim=limits, ylim=limits, aspect="equal", xlabel="$u_1$", ylabel="$u_2$")
    ax.set_title(f"cost {neurons.path_norm:.4g}, {neurons.width} neurons")
    return ax


def _unit(rays: Array) -> Array:
    """Return the unit rays, one a row."""
    return (rays / np.linalg.norm(rays, axis=0)).T
