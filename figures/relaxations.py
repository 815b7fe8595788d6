"""How far relaxations stay below p*, what they cost, and what sampled gates give."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from figures.style import SAMPLES, draw_level, finish, styled, tick

RELAXATIONS = {
    "gated": styled("literal", "(12), gates free", marker="s"),
    "residual": styled("bound", "lifting, given residual", marker="x"),
    "lifted": styled("dual", "lifted program", marker="o"),
    "split": styled("centre", "lifting, split", marker="v"),
    "cells": styled("frank_wolfe", "(19), cells", marker="^"),
}
"""How each relaxation is drawn."""

PROVED = r"proved bound $/\;p^*$"
SHARE = r"value $/\;p^*$"
SHORT = "share of $p^*$ that is missing"


def _missing(table: Any, method: str, floor: float) -> tuple[np.ndarray, np.ndarray]:
    """Return what is missing of p* at most and at least, not below the floor."""
    lower, upper = table.column(method)
    return np.maximum(1 - lower, floor), np.maximum(1 - upper, floor)


def plot_relaxations(
    ax: Axes, tables: Mapping[str, Any], *, floor: float = 1e-9
) -> Axes:
    """Draw how far each proved bound is below p*, data set by data set.

    A vertical line goes down to what is certainly missing, where that is less.

    Parameters
    ----------
    ax : Axes
    tables : mapping of str to object
        By the name of the data, with ``column(method)`` and ``shares``, as
        :class:`experiments.RelaxationTable`.
    floor : float
        Shares below it are drawn at it.
    """
    places = np.cumsum([0, *(len(table.shares) + 1 for table in tables.values())])
    for method, style in RELAXATIONS.items():
        for start, table in zip(places, tables.values(), strict=False):
            most, least = _missing(table, method, floor)
            x = start + np.arange(len(most))
            shown = style if start == 0 else style | {"label": None}
            ax.plot(x, most, **shown, ls="", ms=6, mfc="none", mew=1.4)
            ax.vlines(x, least, most, color=style["color"], lw=1.0, alpha=0.5)
    middles = [
        start + (len(table.shares) - 1) / 2
        for start, table in zip(places, tables.values(), strict=False)
    ]
    ax.set_xticks(middles, list(tables))
    ax.grid(visible=False, axis="x")
    beside = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)}
    told = "data, weight decay falling to the right"
    return finish(ax, told, SHORT, log="y", legend=beside)


def plot_relaxation_growth(ax: Axes, table: Any) -> Axes:
    """Draw the processor time of each relaxation against the number of samples.

    Parameters
    ----------
    ax : Axes
    table : object
        With ``METHODS``, ``samples`` and ``seconds``, as
        :class:`experiments.RelaxationTable`.
    """
    for place, method in enumerate(table.METHODS):
        style = RELAXATIONS[method] | {"label": None, "ms": 5, "lw": 1.2}
        ax.plot(table.samples, table.seconds[:, place], **style)
    ax.plot(table.samples, table.seconds[:, -1], color="black", label="certified $p^*$")
    ax.set(xscale="log")
    tick(ax, table.samples)
    return finish(
        ax,
        SAMPLES,
        "processor time, s",
        log="y",
        legend={"fontsize": 8, "loc": "lower right"},
    )


def plot_relaxation_loss(ax: Axes, table: Any) -> Axes:
    """Draw the share of p* that each relaxation proves, by number of samples.

    Parameters
    ----------
    ax : Axes
    table : object
        With ``column(method)`` and ``samples``, as
        :class:`experiments.RelaxationTable`.
    """
    for method, style in RELAXATIONS.items():
        lower, _ = table.column(method)
        ax.plot(table.samples, lower, **(style | {"ms": 5, "lw": 1.2}))
    tick(ax, table.samples)
    small = {"fontsize": 9, "loc": "lower left", "ncols": 2}
    return finish(ax, SAMPLES, PROVED, ylim=(0, 1.05), legend=small)


def plot_gate_factors(ax: Axes, factors: Any) -> Axes:
    """Draw p* over the optimum with free gates, a mark a draw, by number of samples.

    Parameters
    ----------
    ax : Axes
    factors : object
        With ``samples`` and ``factor``, as :class:`experiments.GateFactors`.
    """
    style = styled("literal", "a draw", marker="s", ls="", ms=5)
    for line in ax.plot(factors.samples, factors.factor, **style)[1:]:
        line.set_label(None)
    shape = np.sqrt(np.log(factors.samples))
    ax.plot(factors.samples, shape, color="0.5", ls=":", label=r"$\sqrt{\log n}$")
    tick(ax, factors.samples)
    return finish(ax, SAMPLES, "$p^*$ / free gates", ylim=(0, None))


def plot_sampled_gates(ax: Axes, sampled: Any) -> Axes:
    """Draw the values of programs over the cells of a few random directions.

    Parameters
    ----------
    ax : Axes
    sampled : object
        As :class:`experiments.SampledGates`.
    """
    inside = styled("sgd", "neurons inside their cells", marker="o")
    free = styled("literal", "gates free", marker="s")
    for values, style in ((sampled.inside, inside), (sampled.free, free)):
        lines = ax.plot(sampled.gates, values / sampled.primal, ls="", ms=5, **style)
        for line in lines[1:]:
            line.set_label(None)
    draw_level(ax, 1.0, "certified $p^*$")
    share = sampled.every / sampled.primal
    ax.axhline(share, **styled("literal", "all gates free", ls=":"))
    ax.set(xscale="log")
    tick(ax, sampled.gates)
    small = {"fontsize": 8, "loc": "lower left"}
    return finish(ax, "random directions", SHARE, ylim=(0, None), legend=small)
