"""Figures of networks: where descents end, and the shape of the objective."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from lib.figures.style import COLOURS
from lib.numerics import Array


def plot_final_objectives(
    ax: Axes, excess: Mapping[int, Array], rng: np.random.Generator
) -> Axes:
    """Draw one dot a trial: its final excess over p*, by width of the network.

    Parameters
    ----------
    ax : Axes
    excess : mapping of int to (trials,) array
        ``objective / p* - 1`` of each trial for each width; values at or below
        the rounding of p* are drawn at the bottom.
    rng : numpy.random.Generator
        Jitter along the horizontal axis, so that dots do not cover each other.
    """
    for place, (_, values) in enumerate(excess.items()):
        jitter = rng.uniform(-0.28, 0.28, len(values))
        ax.plot(place + jitter, values, "o", color=COLOURS["sgd"], ms=4, alpha=0.6)
        median = np.median(values)
        ax.plot([place - 0.34, place + 0.34], [median, median], color="black", lw=2)
    ax.set_xticks(range(len(excess)), [str(width) for width in excess])
    ax.set(yscale="log", xlabel="neurons $m$", ylabel=r"objective $/\;p^* - 1$")
    return ax


def plot_rescaling(ax: Axes, gammas: Array, objectives: Array) -> Axes:
    """Draw the objective when every neuron is rescaled by gamma."""
    ax.plot(gammas, objectives, color=COLOURS["frank_wolfe"])
    best = int(np.argmin(objectives))
    ax.plot(gammas[best], objectives[best], "o", color="black", ms=6)
    ax.set(xscale="log", xlabel=r"scale $\gamma$", ylabel="objective (5)")
    marks = [gammas[0], 1.0, gammas[-1]]
    ax.set_xticks(marks, [f"{mark:g}" for mark in marks])
    ax.minorticks_off()
    ax.set_title("rescaling both layers")
    return ax


def plot_segment(ax: Axes, shares: Array, objectives: Array) -> Axes:
    """Draw the objective along a straight line between two networks."""
    ax.plot(shares, objectives, color=COLOURS["algorithm_1"])
    ends = [0, -1]
    ax.plot(shares[ends], objectives[ends], "o", color="black", ms=6)
    ax.set(xlabel=r"share $\theta$ of the second network", ylabel="objective (5)")
    ax.set_title("between two optimal networks")
    return ax


def plot_landscape(ax: Axes, grid: Array, heights: Array) -> Axes:
    """Draw the objective of one neuron over its two weights.

    Parameters
    ----------
    ax : Axes
    grid : (k,) array
        Values of either weight.
    heights : (k, k) array
        The objective; a row for each output weight.
    """
    levels = np.quantile(heights, np.linspace(0, 1, 15))
    ax.contourf(grid, grid, heights, levels=levels, cmap="Blues_r")
    ax.contour(grid, grid, heights, levels=levels, colors="black", linewidths=0.4)
    ax.axhline(0.0, color="black", lw=0.6)
    ax.axvline(0.0, color="black", lw=0.6)
    ax.set(xlabel="input weight $u$", ylabel="output weight $v$", aspect="equal")
    return ax
