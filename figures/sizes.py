"""What depends on how much there is: samples, starts, directions, images, draws."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from figures.methods import CUTTING_PLANES
from figures.style import (
    COLOURS,
    SAMPLES,
    draw_level,
    finish,
    mark_place,
    styled,
    tick,
)
from lib.numerics import Array

RANKS = ("bound", "frank_wolfe", "algorithm_1", "sgd", "dual", "literal")
"""Colour of each rank of Table 1, by the names of the methods."""


def plot_cell_counts(
    ax: Axes,
    samples: np.ndarray,
    exact: Mapping[int, Array],
    bound: Mapping[int, Array],
) -> Axes:
    """Draw exact cell counts and the paper's bound against n, a colour a rank.

    Parameters
    ----------
    ax : Axes
    samples : (k,) int array
    exact, bound : mapping of int to (k,) array
        By rank, at most four.
    """
    for rank, name in zip(exact, RANKS[1:5], strict=False):
        ax.plot(samples, exact[rank], "o-", **styled(name, f"exact, $r={rank}$"))
        ax.plot(samples, bound[rank], "--", **styled(name, f"bound, $r={rank}$"))
    finish(ax, SAMPLES, "cells $P$", log="xy", legend={"ncols": 2})
    tick(ax, samples)
    ax.minorticks_off()
    return ax


def plot_complexity(ax: Axes, result: Any, what: str = "cells", **style: Any) -> Axes:
    """Draw a column of Table 1 against n, a line a rank, the printed bound dashed.

    Parameters
    ----------
    ax : Axes
    result : object
        With ``n``, ``r``, ``printed`` and the column, as
        :class:`experiments.Complexity`.
    what : str
        The column; the bound is drawn beside ``"cells"``.
    **style
        Of the lines.
    """
    for rank in np.unique(result.r):
        rows, name = result.r == rank, RANKS[rank % len(RANKS)]
        column = getattr(result, what)[rows]
        if not np.isfinite(column).any():
            continue
        ax.plot(result.n[rows], column, "o-", **styled(name, f"$r = {rank}$", **style))
        if what == "cells":
            ax.plot(result.n[rows], result.printed[rows], "--", color=COLOURS[name])
    return finish(ax, SAMPLES, what, log="xy")


def plot_nodes(ax: Axes, result: Any) -> Axes:
    """Draw cells and the cones that searches look at, against n.

    Parameters
    ----------
    ax : Axes
    result : object
        With ``n``, ``cells``, ``random`` and ``residual``, as
        :class:`experiments.SearchSizes`.
    """
    ax.plot(result.n, result.cells, "--", **styled("bound", "cells $P$"))
    optimal = styled("dual", "cones, optimal residual")
    ax.plot(result.n, result.residual, "s-", **optimal)
    ax.plot(result.n, result.random, "o-", **styled("frank_wolfe", "cones, random $Z$"))
    finish(ax, SAMPLES, "count", log="xy")
    tick(ax, result.n)
    return ax


def plot_ascents(ax: Axes, result: Any, excess: float) -> Axes:
    """Draw in how many per cent of the draws each ascent misses kappa by ``excess``.

    Parameters
    ----------
    ax : Axes
    result : object
        With ``starts``, ``power`` and the method ``misses``, as
        :class:`experiments.Ascents`.
    excess : float
    """
    for name, mark, label, colour in (
        ("power", "x-", "power ascent", "algorithm_1"),
        ("climbs", "o-", "climbs that mind walls", "frank_wolfe"),
    ):
        missed = 100 * result.misses(name, excess) / len(result.power)
        ax.plot(result.starts, missed, mark, **styled(colour, label))
    finish(ax, "random starts", "draws missed, %", log="x", ylim=(-3, 103))
    tick(ax, result.starts)
    return ax


def plot_questions(ax: Axes, result: Any) -> Axes:
    """Draw the questions that each method needs against the number of unknowns.

    Parameters
    ----------
    ax : Axes
    result : object
        With ``n``, ``c``, ``guaranteed`` and, by method, counts, as
        :class:`experiments.Questions`.
    """
    order = np.argsort(result.n * result.c, kind="stable")
    unknowns = (result.n * result.c)[order]
    style = styled("optimum", "enough at centroids", lw=1.0)
    ax.plot(unknowns, result.guaranteed[order], "-", **style)
    for name, style in CUTTING_PLANES.items():
        marks = style | {"ls": "", "alpha": 0.8}
        ax.plot(unknowns, getattr(result, name)[order], **marks)
    box = {"fontsize": 9, "ncols": 2, "loc": "upper left"}
    finish(ax, "unknowns $nc$", "questions", log="xy", legend=box)
    ax.set_ylim(top=60 * result.guaranteed.max())  # room for the legend
    return ax


def plot_growth(ax: Axes, growth: Any) -> Axes:
    """Draw processor time against n, of one oracle call and of a certified solve.

    Parameters
    ----------
    ax : Axes
    growth : object
        With ``n``, ``kappa_seconds`` and ``seconds``, as :class:`experiments.Growth`.
        A thin line is what n log n would do.
    """
    n, sweep = growth.n, growth.kappa_seconds
    ax.plot(n, growth.seconds, "o-", **styled("frank_wolfe", "solve, prove"))
    ax.plot(n, sweep, "s-", **styled("dual", r"one $\kappa(Y)$"))
    guide = sweep[-1] * n * np.log(n) / (n[-1] * np.log(n[-1]))
    ax.plot(n, guide, ":", color="0.5", lw=1.2, label=r"$n\,\log n$")
    return finish(ax, SAMPLES, "processor seconds", log="xy")


def plot_growth_errors(ax: Axes, growth: Any) -> Axes:
    """Draw training and held-out error against n, over the variance of the noise.

    Parameters
    ----------
    ax : Axes
    growth : object
        With ``n``, ``train_error``, ``test_error`` and ``noise``, as
        :class:`experiments.Growth`.
    """
    floor = growth.noise
    ax.plot(
        growth.n, growth.train_error / floor, "s--", **styled("literal", "training")
    )
    held_out = styled("frank_wolfe", "held out")
    ax.plot(growth.n, growth.test_error / floor, "o-", **held_out)
    ax.axhline(1.0, color="0.5", ls=":", lw=1.2)
    return finish(ax, SAMPLES, "squared error / noise", log="x")


def plot_sandwich(ax: Axes, grid: Array, upper: Array, optimum: float) -> Axes:
    """Draw how far the dual on a grid of directions lies above p*.

    Parameters
    ----------
    ax : Axes
    grid : (k,) int array
        Numbers of directions.
    upper : (k,) sequence of float
        Optimal value of the dual on each.
    optimum : float
        Certified p*.
    """
    ax.plot(grid, np.asarray(upper) / optimum - 1, "o-", **styled("dual"))
    above = r"$d^*_\mathrm{grid} / p^* - 1$"
    finish(ax, "directions in the grid", above, log="xy")
    tick(ax, grid)
    return ax


def plot_size_accuracy(ax: Axes, result: Any, **style: Any) -> Axes:
    """Draw test accuracy behind exact ZCA against the number of images.

    Parameters
    ----------
    ax : Axes
    result : object
        With ``sizes``, ``size_accuracy``, ``pixels`` and ``classes``, as
        :class:`experiments.WhitenedTests`.
    **style
        Of the line.
    """
    line = styled("frank_wolfe", marker="o") | style
    ax.plot(result.sizes, 100 * result.size_accuracy, **line)
    mark_place(ax, result.pixels, label="$n = d$")
    draw_level(ax, 100 / result.classes, "guessing")
    return finish(ax, "training images $n$", "test accuracy, %", ylim=(0, None))


def plot_ridge_accuracy(ax: Axes, result: Any, **style: Any) -> Axes:
    """Draw test accuracy behind regularised ZCA against what is added.

    Parameters
    ----------
    ax : Axes
    result : object
        With ``ridges``, ``ridge_accuracy`` and ``classes``, as
        :class:`experiments.WhitenedTests`.
    **style
        Of the line.
    """
    line = styled("frank_wolfe", marker="o") | style
    ax.plot(result.ridges, 100 * result.ridge_accuracy, **line)
    draw_level(ax, 100 / result.classes, "guessing")
    added = r"$\varepsilon$, variances of a pixel"
    return finish(ax, added, "", log="x", ylim=(0, None))


def plot_shortfalls(ax: Axes, shortfalls: Mapping[str, Array]) -> Axes:
    """Draw how far (19) lies below p*, in percent, the loosest draw first, by law.

    Parameters
    ----------
    ax : Axes
    shortfalls : mapping of str to (k,) array
        ``1 - value / p*`` of each draw; at most three laws.
    """
    kinds = (("dual", "D"), ("algorithm_1", "x"), ("sgd", "+"))
    for (label, row), (name, mark) in zip(shortfalls.items(), kinds, strict=False):
        share = 100 * np.sort(row)[::-1]
        ax.plot(np.arange(1, len(row) + 1), share, mark, **styled(name, label))
    return finish(ax, "draw, by rank", "(19) below $p^*$, %")
