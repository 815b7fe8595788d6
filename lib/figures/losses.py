"""Figures of losses: their graphs, their dual values, and what outliers do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from lib.figures.style import COLOURS
from lib.numerics import Array

LOSS_STYLES = {
    "squared": {"color": COLOURS["frank_wolfe"], "ls": "-"},
    "Huber": {"color": COLOURS["algorithm_1"], "ls": "--", "lw": 2.6},
    "logistic": {"color": COLOURS["sgd"], "ls": "-."},
    "cross-entropy": {"color": COLOURS["dual"], "ls": ":"},
}
"""One line a loss wherever several are drawn together."""


def plot_losses(
    ax: Axes, outputs: Array, curves: Mapping[str, Sequence[float]]
) -> Axes:
    """Draw each loss of one output.

    Parameters
    ----------
    ax : Axes
    outputs : (k,) array
    curves : mapping of str to (k,) sequence
        By name of loss, see ``LOSS_STYLES``.
    """
    _plot_curves(ax, outputs, curves)
    ax.set(xlabel="output $f$", ylabel=r"loss $\ell(f)$")
    return ax


def plot_dual_values(
    ax: Axes, variables: Array, curves: Mapping[str, Sequence[float]]
) -> Axes:
    """Draw the dual value of each loss of one output; minus infinity is left out.

    Parameters are those of :func:`plot_losses`.
    """
    _plot_curves(ax, variables, curves)
    ax.set(xlabel="dual variable $z$", ylabel=r"$-\ell^*(-z)$")
    return ax


def _plot_curves(ax: Axes, at: Array, curves: Mapping[str, Sequence[float]]) -> None:
    """Draw a line a loss where it is finite."""
    for name, values in curves.items():
        shown = np.asarray(values, dtype=float)
        shown = np.where(np.isfinite(shown), shown, np.nan)
        ax.plot(at, shown, label=name, **LOSS_STYLES[name])
    ax.legend()


def plot_robust_fits(
    ax: Axes, samples: Array, grid: Array, truth: Array, fits: Mapping[str, Array]
) -> Axes:
    """Draw samples of one input and one output, and the function of each network.

    Parameters
    ----------
    ax : Axes
    samples : (n, 2) array
        Input and target.
    grid, truth : (k,) arrays
        Inputs, and the function that the samples come from.
    fits : mapping of str to (k,) array
        By name of loss.
    """
    ax.plot(*samples.T, "o", color="0.55", ms=4, label="samples")
    ax.plot(grid, truth, color=COLOURS["optimum"], ls=":", label="true function")
    for name, values in fits.items():
        ax.plot(grid, values, label=name, **LOSS_STYLES[name])
    ax.set(xlabel="input $x$", ylabel="output")
    ax.legend()
    return ax
