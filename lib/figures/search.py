"""Figures of the search for kappa: its maxima, what misses them, what proof costs."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from lib.figures.style import COLOURS
from lib.numerics import Array


def plot_maxima(
    ax: Axes, angles: Array, values: Array, walls: Array, peaks: tuple[Array, Array]
) -> Axes:
    """Draw ``|Z^T (X u)_+|`` around the circle, the walls, and all local maxima.

    Parameters
    ----------
    ax : Axes
    angles : (k,) array
        Directions of u, radians.
    values : (k,) array
        ``|Z^T (X u)_+|`` there.
    walls : (w,) array
        Directions where a sample switches, radians.
    peaks : pair of (m,) arrays
        Directions and values of the local maxima, the best first.
    """
    for wall in np.degrees(walls):
        ax.axvline(wall, color="0.85", lw=0.6, zorder=0)
    ax.plot(np.degrees(angles), values, color=COLOURS["frank_wolfe"], lw=1.4)
    toward, heights = np.degrees(peaks[0]) % 360, peaks[1]
    ax.plot(toward, heights, "o", color="black", ms=4.5, label="local maxima")
    ax.axhline(heights[0], color=COLOURS["dual"], ls="--", label=r"$\kappa(Z)$")
    ax.set(xlim=(0, 360), xticks=range(0, 361, 60), ylim=(0, 1.25 * heights[0]))
    ax.set(xlabel="direction of $u$ (degrees)", ylabel=r"$|Z^\top (Xu)_+|$")
    ax.grid(visible=False)
    ax.legend(ncols=2, loc="upper right", framealpha=0.9, frameon=True)
    return ax


def plot_nodes(ax: Axes, result: Any) -> Axes:
    """Draw cells and the cones that searches look at, against n.

    ``result`` has ``n``, ``cells``, ``random`` and ``residual``, as
    :class:`experiments.SearchSizes`.
    """
    ax.plot(result.n, result.cells, "--", color=COLOURS["bound"], label="cells $P$")
    style = {"color": COLOURS["dual"], "label": "cones, optimal residual"}
    ax.plot(result.n, result.residual, "s-", **style)
    style = {"color": COLOURS["frank_wolfe"], "label": "cones, random $Z$"}
    ax.plot(result.n, result.random, "o-", **style)
    ax.set(xscale="log", yscale="log", xlabel="samples $n$", ylabel="count")
    ax.set_xticks(result.n, [str(n) for n in result.n])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.legend()
    return ax


def plot_ascents(ax: Axes, result: Any, excess: float) -> Axes:
    """Draw in how many per cent of the draws each ascent misses kappa by ``excess``.

    ``result`` has ``starts``, ``power`` and the method ``misses``, as
    :class:`experiments.Ascents`.
    """
    draws = len(result.power)
    for name, mark, label, colour in (
        ("power", "x-", "power ascent", "algorithm_1"),
        ("climbs", "o-", "climbs that mind walls", "frank_wolfe"),
    ):
        missed = 100 * result.misses(name, excess) / draws
        ax.plot(result.starts, missed, mark, color=COLOURS[colour], label=label)
    ax.set(xscale="log", ylim=(-3, 103), xlabel="random starts")
    ax.set_ylabel("draws missed, %")
    ax.set_xticks(result.starts, [str(k) for k in result.starts])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.legend()
    return ax
