"""Figures of training: descents, Frank-Wolfe steps and certified rounds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from lib.figures.style import COLOURS
from lib.numerics import Array

DIVERGED = 1e9
"""Objectives above so many times the optimum are not drawn: the descent diverged."""


def plot_descents(
    ax: Axes, epochs: np.ndarray, objectives: Array, optimum: float
) -> Axes:
    """Draw the objective of every trial against the epoch, and p* as a line.

    A trial that diverged leaves the picture.

    Parameters
    ----------
    ax : Axes
    epochs : (k,) int array
    objectives : (k, trials) array
    optimum : float
        Certified p*.
    """
    shown = np.where(objectives < DIVERGED * optimum, objectives, np.nan)
    ax.plot(epochs, shown, color=COLOURS["sgd"], lw=1.2, alpha=0.8)
    ax.lines[0].set_label(f"SGD, {shown.shape[1]} trials")
    ax.axhline(optimum, color=COLOURS["optimum"], ls="--", label="certified $p^*$")
    ax.set(yscale="log", xlabel="epoch", ylabel="objective (5)")
    ax.legend()
    return ax


def plot_bounds(
    ax: Axes, steps: np.ndarray, primal: Array, dual: Array, optimum: float
) -> Axes:
    """Draw how a primal value and a proved lower bound close in on p*.

    Both are drawn as distances, ``primal / p* - 1`` and ``1 - dual / p*``.
    """
    above, below = primal / optimum - 1, 1 - dual / optimum
    ax.plot(steps, above, color=COLOURS["algorithm_1"], label="primal above $p^*$")
    ax.plot(steps, below, "--", color=COLOURS["dual"], label="dual below $p^*$")
    ax.set(xscale="log", yscale="log", xlabel="step", ylabel="relative distance")
    ax.legend()
    return ax


def plot_rounds(ax: Axes, primal: Array, dual: Array, floor: float) -> Axes:
    """Draw the relative certified gap of each round of a solver.

    Parameters
    ----------
    ax : Axes
    primal, dual : (k,) array
        Value and proved bound after each round.
    floor : float
        Relative gaps below it are drawn at it: the resolution of the arithmetic.
    """
    gaps = np.maximum((primal - np.maximum(dual, 0.0)) / primal, floor)
    ax.plot(range(len(gaps)), gaps, "o-", color=COLOURS["frank_wolfe"])
    ax.set(yscale="log", xlabel="round", ylabel="relative certified gap")
    return ax


def plot_radii(ax: Axes, radii: Array, primal: Sequence[float], optimum: float) -> Axes:
    """Draw where Algorithm 1 ends for each radius t."""
    excess = np.asarray(primal) / optimum - 1
    ax.plot(radii, excess, "o-", color=COLOURS["algorithm_1"])
    ax.set(yscale="log", xlabel=r"radius $t$ / path norm of the optimum")
    ax.set_ylabel(r"objective $/\;p^* - 1$")
    return ax
