"""Figures of cutting planes: two bounds that close in, and questions to the oracle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from lib.figures.style import COLOURS
from lib.numerics import Array

METHODS = {
    "linear": ("x", "--", "centres, linear cuts", "linear_cuts"),
    "centre": ("o", "-", "centres, cones", "centre"),
    "bundle": ("s", "-", "bundle, half way", "bundle"),
    "kelley": ("D", ":", "bundle, all the way", "bundle"),
    "frank_wolfe": ("^", "-", "Frank–Wolfe", "frank_wolfe"),
}
"""Mark, line, label and colour of each method."""


def _style(name: str) -> dict[str, Any]:
    """Return how a method is drawn."""
    mark, line, label, colour = METHODS[name]
    return {"marker": mark, "ls": line, "label": label, "color": COLOURS[colour]}


def plot_enclosure(ax: Axes, upper: Array, lower: Array, optimum: float) -> Axes:
    """Draw how both bounds approach p*, as relative distances from it.

    Parameters
    ----------
    ax : Axes
    upper, lower : (k,) array
        Best primal and dual value after each question.
    optimum : float
        Certified p*.
    """
    questions = np.arange(1, len(upper) + 1)
    above, below = np.asarray(upper) / optimum - 1, 1 - np.asarray(lower) / optimum
    style = {"color": COLOURS["centre"], "ms": 3.5}
    ax.plot(questions, above, "o-", label="network above $p^*$", **style)
    style = {"color": COLOURS["dual"], "ms": 3.5}
    ax.plot(questions, below, "v--", label="dual point below $p^*$", **style)
    ax.set(yscale="log", xlabel="questions to the oracle", ylabel="relative distance")
    ax.legend()
    return ax


def plot_gaps(
    ax: Axes, runs: Mapping[str, tuple[Sequence[int], Array]], tolerance: float
) -> Axes:
    """Draw the proved relative gap of each method against its questions.

    Parameters
    ----------
    ax : Axes
    runs : mapping of str to pair of (k,) sequences
        By the names of ``METHODS``: questions so far, and the gap.
    tolerance : float
        Drawn as a line.
    """
    for name, (questions, gaps) in runs.items():
        ax.plot(questions, np.maximum(gaps, 1e-16), ms=3.5, lw=1.2, **_style(name))
    ax.axhline(tolerance, color="0.5", lw=0.8)
    ax.set(yscale="log", ylim=(1e-10, 2), xlabel="questions to the oracle")
    ax.set_ylabel("relative gap")
    ax.legend(fontsize=9)
    return ax


def plot_questions(ax: Axes, result: Any) -> Axes:
    """Draw the questions that each method needs against the number of unknowns.

    ``result`` has ``n``, ``c``, ``guaranteed`` and, by method, counts, as
    :class:`experiments.Questions`.
    """
    order = np.argsort(result.n * result.c, kind="stable")
    unknowns = (result.n * result.c)[order]
    style = {"color": "black", "lw": 1.0, "label": "enough at centroids"}
    ax.plot(unknowns, result.guaranteed[order], "-", **style)
    for name in METHODS:
        style = _style(name) | {"ls": "", "alpha": 0.8}
        ax.plot(unknowns, getattr(result, name)[order], **style)
    ax.set(xscale="log", yscale="log", xlabel="unknowns $nc$", ylabel="questions")
    ax.set_ylim(top=60 * result.guaranteed.max())  # room for the legend
    ax.legend(fontsize=9, ncols=2, loc="upper left")
    return ax
