"""Figures of the dual: kappa around the circle and what a wrong dual would claim."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from lib.figures.style import COLOURS
from lib.numerics import Array


def plot_correlation(
    ax: Axes, angles: Array, values: Array, beta: float, neurons: Array
) -> Axes:
    """Draw ``|Z^T (X u)_+|`` around the circle, the level beta, and the neurons.

    Parameters
    ----------
    ax : Axes
    angles : (k,) array
        Directions of u, radians.
    values : (k,) array
        ``|Z^T (X u)_+|`` there.
    beta : float
    neurons : (m,) array
        Directions of the network's neurons, radians in [0, 2 pi).
    """
    ax.plot(np.degrees(angles), values, color=COLOURS["frank_wolfe"], lw=1.4)
    ax.axhline(beta, color=COLOURS["dual"], ls="--", label=r"$\beta$")
    foot = np.zeros_like(neurons)
    ax.plot(np.degrees(neurons), foot, "^", color="black", ms=5, label="neurons")
    ax.set(xlim=(0, 360), xticks=range(0, 361, 60), ylim=(0, None))
    ax.set(xlabel="direction of $u$ (degrees)", ylabel=r"$|Z^\top (Xu)_+|$")
    ax.legend(loc="lower right", framealpha=0.9, frameon=True)
    return ax


def plot_sandwich(ax: Axes, grid: Array, upper: Array, optimum: float) -> Axes:
    """Draw how far the dual on a grid of directions lies above p*."""
    ax.plot(grid, np.asarray(upper) / optimum - 1, "o-", color=COLOURS["dual"])
    ax.set(xscale="log", yscale="log", xlabel="directions in the grid")
    ax.set_xticks(grid, [str(size) for size in grid])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_ylabel(r"$d^*_\mathrm{grid} / p^* - 1$")
    return ax


def plot_literal(ax: Axes, betas: Array, network: Array, literal: Array) -> Axes:
    """Draw the optimum of the network and of (12) as printed, against beta."""
    style = {"color": COLOURS["frank_wolfe"], "label": "network optimum, (5)"}
    ax.plot(betas, network, **style)
    ax.plot(betas, literal, "s--", color=COLOURS["literal"], label="(12) as printed")
    ax.set(xlabel=r"weight decay $\beta$", ylabel="optimal value")
    ax.legend()
    return ax


def plot_ratios(ax: Axes, ratios: Mapping[str, float]) -> Axes:
    """Draw what is claimed over what is true, a bar from one for each claim.

    Parameters
    ----------
    ax : Axes
    ratios : mapping of str to float
        By claim, the first at the top.
    """
    rows = np.arange(len(ratios))[::-1]
    values = np.array(list(ratios.values()))
    colours = np.where(values < 1, COLOURS["literal"], COLOURS["algorithm_1"])
    ax.barh(rows, values - 1, left=1.0, height=0.55, color=colours)
    ax.axvline(1.0, color=COLOURS["optimum"], lw=1.0)
    for row, value in zip(rows, values, strict=True):
        side, shift = ("right", -4) if value < 1 else ("left", 4)
        ax.annotate(
            f"{value:.3f}",
            (value, row),
            (shift, 0),
            textcoords="offset points",
            ha=side,
            va="center",
        )
    ax.set(yticks=rows, yticklabels=list(ratios), xlabel="claimed / true")
    ax.margins(x=0.22)
    return ax
