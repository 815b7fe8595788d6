"""Figures of where every optimum must lie."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from figures.style import COLOURS, finish, styled
from lib.numerics import Array

__all__ = ["plot_answers", "plot_open_directions"]


def plot_open_directions(
    ax: Axes, angles: Array, rows: Sequence[np.ndarray], neurons: Array
) -> Axes:
    """Draw the directions that are not excluded, a row for each certificate.

    Parameters
    ----------
    ax : Axes
    angles : (k,) array
    rows : sequence of (k,) bool arrays
        From the first certificate, at the top, to the last.
    neurons : (m,) array
        Angles of the neurons of the last network, drawn in the last row.
    """
    for height, row in zip(range(len(rows), 0, -1), rows, strict=True):
        open_ = angles[row]
        ax.plot(open_, np.full(open_.size, height), "|", color=COLOURS["dual"], ms=18)
    ax.plot(neurons, np.ones(neurons.size), "o", **styled("sgd", "neurons"))
    ax.set_yticks([])
    return finish(ax, "angle", "", ylim=(0.4, len(rows) + 0.9))


def plot_answers(ax: Axes, names: Sequence[str], radii: Array) -> Axes:
    """Draw how far answers can be from the optimal ones after so many rounds."""
    ax.plot(names, radii, "o-", **styled("dual", "proved: at most"))
    return finish(ax, "rounds", "distance from the optimum", log="y")
