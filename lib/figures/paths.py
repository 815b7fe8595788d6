"""Figures of regularisation paths, and of what more samples cost and bring."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from lib.figures.style import COLOURS
from lib.numerics import Array

WIDEST_TO_NARROWEST = 1e5
"""The width of a band vanishes at the points of a path; so much of it is drawn."""


def plot_band(ax: Axes, band: Any, path: Any) -> Axes:
    """Draw what the points of a path prove of p* between them, and the points.

    Parameters
    ----------
    ax : Axes
    band : object
        With ``betas``, ``lower``, ``upper``, ``chords`` and ``tangents``, as
        :class:`lib.frank_wolfe.Band`.
    path : object
        With ``betas`` and ``primal``, as :class:`lib.frank_wolfe.Path`.
    """
    plain = {"color": COLOURS["bound"], "alpha": 0.3, "lw": 0}
    ax.fill_between(
        band.betas, band.chords, band.tangents, label="tangents and chords", **plain
    )
    sharp = {"color": COLOURS["dual"], "alpha": 0.9, "lw": 0}
    ax.fill_between(band.betas, band.lower, band.upper, label="averages", **sharp)
    ax.plot(path.betas, path.primal, "o", color=COLOURS["frank_wolfe"], label="solved")
    ax.set(xscale="log", xlabel=r"weight decay $\beta$", ylabel=r"$p^*(\beta)$")
    ax.legend()
    return ax


def plot_band_width(ax: Axes, band: Any) -> Axes:
    """Draw the relative width of a band, of both kinds, against beta."""
    plain = {"color": COLOURS["bound"], "ls": "--", "label": "tangents and chords"}
    ax.plot(band.betas, band.plain_width, lw=1.2, **plain)
    ax.plot(band.betas, band.width, color=COLOURS["dual"], lw=1.4, label="averages")
    top = 3 * float(band.plain_width.max())
    ax.set(xscale="log", yscale="log", ylim=(top / WIDEST_TO_NARROWEST, top))
    ax.set(xlabel=r"weight decay $\beta$", ylabel="relative width of the band")
    ax.legend()
    return ax


def plot_path_errors(ax: Axes, betas: Array, train: Array, held_out: Array) -> Axes:
    """Draw the errors on the samples and on held-out ones; mark the best beta.

    Parameters
    ----------
    ax : Axes
    betas, train, held_out : (k,) arrays
    """
    ax.plot(betas, train, "s--", color=COLOURS["literal"], ms=4, label="training")
    ax.plot(betas, held_out, "o-", color=COLOURS["frank_wolfe"], ms=4, label="held out")
    ax.axvline(betas[np.argmin(held_out)], color="0.6", ls=":")
    ax.set(xscale="log", xlabel=r"weight decay $\beta$", ylabel="mean squared error")
    ax.legend()
    return ax


def plot_path_neurons(ax: Axes, betas: Array, neurons: np.ndarray) -> Axes:
    """Draw the number of neurons at each point of a path."""
    ax.plot(betas, neurons, "o-", color=COLOURS["frank_wolfe"], ms=4)
    ax.set(xscale="log", xlabel=r"weight decay $\beta$", ylabel="neurons")
    return ax


def plot_growth(ax: Axes, growth: Any) -> Axes:
    """Draw processor time against n, of one oracle call and of a certified solve.

    ``growth`` has ``n``, ``kappa_seconds`` and ``seconds``, as
    :class:`experiments.Growth`. A thin line is what n log n would do.
    """
    n, sweep = growth.n, growth.kappa_seconds
    ax.plot(n, growth.seconds, "o-", color=COLOURS["frank_wolfe"], label="solve, prove")
    ax.plot(n, sweep, "s-", color=COLOURS["dual"], label=r"one $\kappa(Y)$")
    guide = sweep[-1] * n * np.log(n) / (n[-1] * np.log(n[-1]))
    ax.plot(n, guide, ":", color="0.5", lw=1.2, label=r"$n\,\log n$")
    ax.set(xscale="log", yscale="log", xlabel="samples $n$", ylabel="processor seconds")
    ax.legend()
    return ax


def plot_growth_errors(ax: Axes, growth: Any) -> Axes:
    """Draw training and held-out error against n, over the variance of the noise.

    ``growth`` has ``n``, ``train_error``, ``test_error`` and ``noise``.
    """
    floor = growth.noise
    rows = ("literal", "s--", "training"), ("frank_wolfe", "o-", "held out")
    values = growth.train_error, growth.test_error
    for (colour, mark, label), error in zip(rows, values, strict=True):
        ax.plot(growth.n, error / floor, mark, color=COLOURS[colour], label=label)
    ax.axhline(1.0, color="0.5", ls=":", lw=1.2)
    ax.set(xscale="log", xlabel="samples $n$", ylabel="squared error / noise")
    ax.legend()
    return ax
