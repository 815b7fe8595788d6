"""Figures of whitened data: turned singular vectors, test accuracy by variant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from lib.figures.style import COLOURS
from lib.numerics import Array


def plot_turned_basis(
    ax: Axes, angles: Array, values: Sequence[float], optimum: float
) -> Axes:
    """Draw the objective of the network read off each basis, against its angle.

    Parameters
    ----------
    ax : Axes
    angles : (k,) array
        Radians.
    values : (k,) sequence of float
    optimum : float
        Certified p*.
    """
    colour = COLOURS["literal"]
    ax.plot(np.degrees(angles), values, color=colour, label="read off the SVD")
    ax.axhline(optimum, color=COLOURS["optimum"], ls="--", label="certified $p^*$")
    ax.set(xlabel="angle of the basis, degrees", ylabel="objective (5)")
    ax.set(xticks=np.arange(0, 361, 90), ylim=(0, None))
    ax.legend()
    return ax


def plot_size_accuracy(ax: Axes, result: Any, **style: Any) -> Axes:
    """Draw test accuracy behind exact ZCA against the number of images.

    ``result`` has ``sizes``, ``size_accuracy``, ``pixels`` and ``classes``, as
    :class:`experiments.WhitenedTests`.
    """
    line = {"color": COLOURS["frank_wolfe"], "marker": "o"} | style
    ax.plot(result.sizes, 100 * result.size_accuracy, **line)
    ax.axvline(result.pixels, color="0.6", ls=":", label="$n = d$")
    _draw_chance(ax, result)
    ax.set(xlabel="training images $n$", ylabel="test accuracy, %")
    return ax


def plot_ridge_accuracy(ax: Axes, result: Any, **style: Any) -> Axes:
    """Draw test accuracy behind regularised ZCA against what is added.

    ``result`` has ``ridges``, ``ridge_accuracy`` and ``classes``, as
    :class:`experiments.WhitenedTests`.
    """
    line = {"color": COLOURS["frank_wolfe"], "marker": "o"} | style
    ax.plot(result.ridges, 100 * result.ridge_accuracy, **line)
    _draw_chance(ax, result)
    ax.set(xscale="log", xlabel=r"$\varepsilon$, variances of a pixel")
    return ax


def _draw_chance(ax: Axes, result: Any) -> None:
    """Draw what guessing reaches, and let the axis begin at 0."""
    chance = 100 / result.classes
    ax.axhline(chance, color=COLOURS["optimum"], ls="--", label="guessing")
    ax.set(ylim=(0, None))
    ax.legend()
