"""Figures of how far networks are from the optimum, as far as can be proved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from lib.figures.style import COLOURS
from lib.numerics import Array

NEGLIGIBLE = 1e-6
"""Relative distances below are drawn here."""

FLOOR = 0.05
"""Bounds below this share of p* are not worth space."""


def plot_certified_descent(
    ax: Axes, epochs: np.ndarray, primal: Array, dual: Array, optimum: float
) -> Axes:
    """Draw the objective along a descent, the best bound proved so far, and p*.

    Parameters
    ----------
    ax : Axes
    epochs : (k,) int array
    primal, dual : (k,) arrays
        Objective and certified lower bound of the network at each epoch.
    optimum : float
    """
    best = np.maximum(np.maximum.accumulate(dual), 0.5 * FLOOR * optimum)
    ax.plot(epochs, primal, color=COLOURS["sgd"], label="objective")
    ax.plot(epochs, best, "--", color=COLOURS["dual"], label="best bound so far")
    ax.fill_between(epochs, best, primal, color=COLOURS["dual"], alpha=0.12, lw=0)
    ax.axhline(optimum, color=COLOURS["optimum"], ls=":", label="$p^*$")
    ax.set(xscale="symlog", xlabel="epoch", ylabel="objective (5)", yscale="log")
    ax.set(xlim=(0, epochs[-1]), ylim=(FLOOR * optimum, 1.2 * max(primal[0], optimum)))
    ax.legend()
    return ax


def plot_distances(ax: Axes, distances: Sequence[Any], optimum: float) -> Axes:
    """Draw what is proved of each network's distance, and the distance itself.

    Parameters
    ----------
    ax : Axes
    distances : sequence of lib.certificate.Distance
    optimum : float
        p*, once it is known.
    """
    primal = np.array([d.certificate.primal for d in distances])
    rows = [d.least for d in distances], [d.most for d in distances]
    low, high, true = (np.maximum(v, NEGLIGIBLE) for v in (*rows, 1 - optimum / primal))
    places = np.arange(1, len(low) + 1)
    ax.vlines(places, low, high, color=COLOURS["dual"], lw=6, alpha=0.35)
    ends = {"ls": "", "marker": "_", "ms": 16, "mew": 2}
    ax.plot(places, high, color=COLOURS["dual"], label="proved: at most", **ends)
    ax.plot(places, true, "o", color=COLOURS["sgd"], label="distance")
    ax.plot(places, low, color=COLOURS["literal"], label="proved: at least", **ends)
    ax.set(yscale="log", xlabel="trial", ylabel=r"$1 - p^*/$ objective")
    ax.set_xticks(places)
    ax.legend()
    return ax
