"""What depends on the weight decay: optima, relaxations, descents, paths."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from figures.style import (
    BETA,
    EXCESS,
    OBJECTIVE,
    draw_level,
    finish,
    mark_place,
    styled,
    tick,
)
from lib.numerics import Array

WIDEST_TO_NARROWEST = 1e5
"""The width of a band vanishes at the points of a path; so much of it is drawn."""

PROVED_WITHIN = 1e-6
"""Relative accuracy of the bounds of Figure 4; nearer objectives are drawn here."""


def plot_literal(ax: Axes, betas: Array, network: Array, literal: Array) -> Axes:
    """Draw the optimum of the network and of (12) as printed, against beta.

    Parameters
    ----------
    ax : Axes
    betas, network, literal : (k,) arrays
    """
    ax.plot(betas, network, **styled("frank_wolfe", "network optimum, (5)"))
    ax.plot(betas, literal, "s--", **styled("literal", "(12) as printed"))
    return finish(ax, BETA, "optimal value")


def plot_pooled_values(
    ax: Axes, betas: Array, network: Array, program: Array, printed: Array
) -> Axes:
    """Draw the optimum of a CNN, Corollary 5.1 corrected, and (50) as printed.

    Parameters
    ----------
    ax : Axes
    betas, network, program, printed : (k,) arrays
    """
    ax.plot(betas, network, **styled("frank_wolfe", "CNN optimum, (6)"))
    corrected = styled("dual", "(50) with the gauge", fillstyle="none", ms=8)
    ax.plot(betas, program, "o", **corrected)
    ax.plot(betas, printed, "s--", **styled("literal", "(50) as printed"))
    finish(ax, BETA, "optimal value", log="x")
    tick(ax, betas)
    return ax


def plot_relaxed_values(
    ax: Axes, betas: Array, values: Mapping[str, Array], norms: tuple[float, float]
) -> Axes:
    """Draw values of programs, as quotients by p*, against beta.

    Parameters
    ----------
    ax : Axes
    betas : (k,) array
    values : mapping of str to (k,) array
        At most two programs: (19), and its repair.
    norms : pair of float
        kappa(Y) and its relaxation, as vertical lines.
    """
    kinds = (("dual", "D-"), ("frank_wolfe", "o"))
    for (label, row), (name, mark) in zip(values.items(), kinds, strict=False):
        ax.plot(betas, row, mark, **styled(name, label, fillstyle="none"))
    for norm in norms:
        mark_place(ax, norm)
    return finish(ax, BETA, r"value $/\;p^*$")


def plot_looseness(
    ax: Axes, betas: Array, relaxed: Array, network: Array, **style: Any
) -> Axes:
    """Draw by how many per cent a relaxation lies below p*, against beta.

    Parameters
    ----------
    ax : Axes
    betas, relaxed, network : (k,) sequences
        Values of (20) and certified optima.
    **style
        Of the line.
    """
    below = 100 * (1 - np.asarray(relaxed) / np.asarray(network))
    ax.plot(betas, below, **styled("dual", **({"marker": "o"} | style)))
    ax.axhline(0.0, **styled("optimum", ls="--"))
    return finish(ax, BETA, "(20) below $p^*$, %")


def plot_spiral_losses(ax: Axes, result: Any, **style: Any) -> Axes:
    """Draw the objective of each method against beta (Figure 3b).

    Parameters
    ----------
    ax : Axes
    result : object
        With ``betas``, ``kappa`` and, by method, ``sgd``, ``algorithm_1``,
        ``copositive`` and ``ours``, as :class:`experiments.SpiralLosses`.
    **style
        Of the marks.
    """
    rows = (
        (result.sgd, "+", "SGD", "sgd"),
        (result.algorithm_1, "x", "Algorithm 1", "algorithm_1"),
        (result.copositive, "D", "relaxation (19)", "dual"),
        (result.ours, "o", "ours, certified", "frank_wolfe"),
    )
    _plot_methods(ax, result.betas, rows, style)
    mark_place(ax, result.kappa)
    return finish(ax, BETA, OBJECTIVE, log="x")


def plot_spiral_excess(
    ax: Axes, result: Any, floor: float = 1e-12, **style: Any
) -> Axes:
    """Draw how far each method ends above our objective, and our gap, against beta.

    Parameters
    ----------
    ax : Axes
    result : object
        With ``betas``, ``relative_gap`` and the method ``excess``, as
        :class:`experiments.SpiralLosses`.
    floor : float
        Values below it, the resolution of the objectives, are drawn at it.
    **style
        Of the lines.
    """
    rows = (
        (result.excess("sgd"), "+-", "SGD", "sgd"),
        (result.excess("algorithm_1"), "x-", "Algorithm 1", "algorithm_1"),
        (np.abs(result.excess("copositive")), "D-", "relaxation (19)", "dual"),
        (result.relative_gap, "o-", "our certified gap", "frank_wolfe"),
    )
    _plot_methods(ax, result.betas, rows, {"lw": 1.0} | style, floor)
    return finish(ax, BETA, EXCESS, log="xy")


def plot_generation(ax: Axes, result: Any, plain: Any = None, **style: Any) -> Axes:
    """Draw how far both sides of p* lie above the proved bound, against beta.

    Parameters
    ----------
    ax : Axes
    result : object
        With ``betas``, ``bound``, ``relaxed``, ``sgd``, ``trimmed`` and
        ``recovered``, as :class:`experiments.GeneratedImages` (Figure 4). What is
        nearer to the bound than ``PROVED_WITHIN``, relatively, is drawn there.
    plain : object, optional
        With ``beta``, ``final`` and ``bound``, as :class:`experiments.NoiseDescent`:
        the descent from a plain start.
    **style
        Of the marks.
    """
    if plain is not None:
        kind = styled("sgd", "SGD, plain start", marker="*", ls="", ms=9) | style
        ax.plot([plain.beta], [plain.final / plain.bound - 1], **kind)
    rows = (
        ("sgd", "+", "SGD, outputs projected", "sgd"),
        ("trimmed", "v", "the same, trimmed", "frank_wolfe"),
        ("recovered", "x", "factored from (20)", "algorithm_1"),
        ("relaxed", "o", "relaxation (20)", "dual"),
    )
    above = [(getattr(result, row[0]) / result.bound - 1, *row[1:]) for row in rows]
    _plot_methods(ax, result.betas, above, style, PROVED_WITHIN)
    return finish(ax, BETA, "objective / bound - 1", log="xy")


def _plot_methods(
    ax: Axes, betas: Array, rows: Any, style: dict, floor: float = -np.inf
) -> None:
    """Draw a mark for each beta and method: its values, mark, label and colour."""
    for values, mark, label, colour in rows:
        kind = styled(colour, label, fillstyle="none") | style
        ax.plot(betas, np.maximum(values, floor), mark, **kind)


def plot_activations(ax: Axes, result: Any, which: str = "test", **style: Any) -> Axes:
    """Draw a loss of the ReLU and of the linear network against beta (Figure 5).

    Parameters
    ----------
    ax : Axes
    result : object
        With ``betas``, ``train`` and ``test``, (2, k), ``zero_train``, ``zero_test``,
        ``both_test`` and ``kappa``, as :class:`experiments.Activations`.
    which : {"train", "test"}
        With the test loss, the prediction without training is drawn.
    **style
        Of both lines.
    """
    relu, linear = getattr(result, which)
    ax.plot(result.betas, relu, "o-", **styled("frank_wolfe", "ReLU", **style))
    ax.plot(result.betas, linear, "s--", **styled("literal", "linear", **style))
    draw_level(ax, getattr(result, f"zero_{which}"), "zero network", ":")
    if which == "test":
        line = styled("bound", "length and interpolation", ls="--")
        ax.axhline(result.both_test, **line)
    mark_place(ax, result.kappa)
    ax.margins(y=0.3)  # for the legend
    return finish(ax, BETA, f"{which} loss", log="xy")


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
    plain = styled("bound", "tangents and chords", alpha=0.3, lw=0)
    ax.fill_between(band.betas, band.chords, band.tangents, **plain)
    sharp = styled("dual", "averages", alpha=0.9, lw=0)
    ax.fill_between(band.betas, band.lower, band.upper, **sharp)
    ax.plot(path.betas, path.primal, "o", **styled("frank_wolfe", "solved"))
    return finish(ax, BETA, r"$p^*(\beta)$", log="x")


def plot_band_width(ax: Axes, band: Any) -> Axes:
    """Draw the relative width of a band, of both kinds, against beta.

    Parameters
    ----------
    ax : Axes
    band : object
        With ``betas``, ``width`` and ``plain_width``, as
        :class:`lib.frank_wolfe.Band`.
    """
    plain = styled("bound", "tangents and chords", ls="--", lw=1.2)
    ax.plot(band.betas, band.plain_width, **plain)
    ax.plot(band.betas, band.width, **styled("dual", "averages", lw=1.4))
    top = 3 * float(band.plain_width.max())
    limits = {"ylim": (top / WIDEST_TO_NARROWEST, top)}
    return finish(ax, BETA, "relative width of the band", log="xy", **limits)


def plot_path_errors(ax: Axes, betas: Array, train: Array, held_out: Array) -> Axes:
    """Draw the errors on the samples and on held-out ones; mark the best beta.

    Parameters
    ----------
    ax : Axes
    betas, train, held_out : (k,) arrays
    """
    ax.plot(betas, train, "s--", **styled("literal", "training", ms=4))
    ax.plot(betas, held_out, "o-", **styled("frank_wolfe", "held out", ms=4))
    mark_place(ax, betas[np.argmin(held_out)])
    return finish(ax, BETA, "mean squared error", log="x")


def plot_path_neurons(ax: Axes, betas: Array, neurons: np.ndarray) -> Axes:
    """Draw the number of neurons at each point of a path.

    Parameters
    ----------
    ax : Axes
    betas, neurons : (k,) arrays
    """
    ax.plot(betas, neurons, "o-", **styled("frank_wolfe", ms=4))
    return finish(ax, BETA, "neurons", log="x")
