"""Figures 2 to 6 of the paper and its Table 1, from the results of experiments."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from lib.figures.style import COLOURS
from lib.numerics import Array

Row = tuple[str, str, str, str]
"""A method: its field of the result, mark, label, and name among the colours."""


def plot_margin_objective(ax: Axes, result: Any, **style: Any) -> Axes:
    """Draw SGD's objective against wall time, and the closed form as a point.

    ``result`` has ``seconds``, ``objectives``, ``value``, ``closed_seconds`` and
    ``linear_value``, as :class:`experiments.MaxMargin` (Figure 2).
    """
    line = {"color": COLOURS["sgd"], "label": "SGD"} | style
    ax.plot(result.seconds, result.objectives, **line)
    ax.axhline(result.value, color=COLOURS["optimum"], ls="--", label="certified $p^*$")
    ax.axhline(result.linear_value, color=COLOURS["literal"], ls=":", label="(16)")
    ax.plot([result.closed_seconds], [result.value], "o", color="black", ms=6)
    ax.set(yscale="log", xlabel="wall time, s", ylabel="objective (5)")
    ax.legend()
    return ax


def plot_margin_accuracy(ax: Axes, result: Any, **style: Any) -> Axes:
    """Draw SGD's test accuracy against wall time, and the closed form's as a line.

    ``result`` has ``seconds``, ``test_accuracy`` and ``closed_test_accuracy``
    (Figure 6).
    """
    line = {"color": COLOURS["sgd"], "label": "SGD"} | style
    ax.plot(result.seconds, 100 * result.test_accuracy, **line)
    level = 100 * result.closed_test_accuracy
    ax.axhline(level, color=COLOURS["optimum"], ls="--", label="closed form")
    ax.set(xlabel="wall time, s", ylabel="test accuracy, %")
    ax.legend()
    return ax


def _plot_methods(
    ax: Axes, result: Any, rows: tuple[Row, ...], unit: Any, style: dict
) -> None:
    """Draw a mark for each beta and method, in units of ``unit``."""
    for name, mark, label, colour in rows:
        kind = {"color": COLOURS[colour], "label": label, "fillstyle": "none"} | style
        ax.plot(result.betas, getattr(result, name) / unit, mark, **kind)


def plot_spiral_losses(ax: Axes, result: Any, **style: Any) -> Axes:
    """Draw the objective of each method against beta (Figure 3b).

    ``result`` has ``betas`` and, by method, ``sgd``, ``algorithm_1``, ``copositive``
    and ``ours``, as :class:`experiments.SpiralLosses`.
    """
    rows = (
        ("sgd", "+", "SGD", "sgd"),
        ("algorithm_1", "x", "Algorithm 1", "algorithm_1"),
        ("copositive", "D", "relaxation (19)", "dual"),
        ("ours", "o", "ours, certified", "frank_wolfe"),
    )
    _plot_methods(ax, result, rows, 1.0, style)
    ax.axvline(result.kappa, color="0.6", ls=":")
    ax.set(xscale="log", xlabel=r"weight decay $\beta$", ylabel="objective (5)")
    ax.legend()
    return ax


def plot_spiral_excess(
    ax: Axes, result: Any, floor: float = 1e-12, **style: Any
) -> Axes:
    """Draw how far each method ends above our objective, and our gap, against beta.

    ``result`` has ``betas``, ``relative_gap`` and the method ``excess``, as
    :class:`experiments.SpiralLosses`. Values below ``floor``, the resolution of
    the objectives, are drawn at it.
    """
    rows = {
        "SGD": ("+-", "sgd", result.excess("sgd")),
        "Algorithm 1": ("x-", "algorithm_1", result.excess("algorithm_1")),
        "relaxation (19)": ("D-", "dual", np.abs(result.excess("copositive"))),
        "our certified gap": ("o-", "frank_wolfe", result.relative_gap),
    }
    for label, (mark, colour, values) in rows.items():
        kind = {
            "color": COLOURS[colour],
            "label": label,
            "fillstyle": "none",
            "lw": 1.0,
        }
        ax.plot(result.betas, np.maximum(values, floor), mark, **(kind | style))
    ax.set(xscale="log", yscale="log", xlabel=r"weight decay $\beta$")
    ax.set_ylabel(r"objective $/\;p^* - 1$")
    ax.legend()
    return ax


def plot_regions(ax: Axes, result: Any, which: int = 0, **style: Any) -> Axes:
    """Draw the class that a network answers at each input, and the data over it.

    ``result`` has ``axis``, ``regions``, ``X`` and ``Y``; ``which`` is 0 for our
    network and 1 for SGD's (Figure 3a).
    """
    colours = [COLOURS[name] for name in ("frank_wolfe", "algorithm_1", "sgd")]
    levels = np.arange(4) - 0.5
    grid = result.axis, result.axis, result.regions[which]
    ax.contourf(*grid, levels=levels, colors=colours, alpha=0.25)
    for k, colour in enumerate(colours):
        rows = result.X[result.Y[:, k] > 0]
        dots = {"color": colour, "ms": 4} | style
        ax.plot(rows[:, 0], rows[:, 1], "os^"[k], label=f"class {k + 1}", **dots)
    ax.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    return ax


def plot_generation(ax: Axes, result: Any, **style: Any) -> Axes:
    """Draw both sides of p* against beta, over the lower one (Figure 4).

    ``result`` has ``betas``, ``bound``, ``relaxed``, ``sgd``, ``trimmed`` and
    ``recovered``, as :class:`experiments.Generation`. All are drawn as quotients
    by the bound.
    """
    rows = (
        ("sgd", "+", "SGD", "sgd"),
        ("trimmed", "v", "SGD, trimmed", "frank_wolfe"),
        ("recovered", "x", "factored from (20)", "algorithm_1"),
        ("relaxed", "o", "relaxation (20)", "dual"),
    )
    _plot_methods(ax, result, rows, result.bound, style)
    ax.axhline(1.0, color=COLOURS["optimum"], ls="--", label="proved bound")
    ax.set(xscale="log", xlabel=r"weight decay $\beta$", ylabel="objective / bound")
    ax.legend()
    return ax


def plot_prolonged(ax: Axes, result: Any, printed: float, **style: Any) -> Axes:
    """Draw how far above the bound SGD is against rate times epochs.

    ``result`` has ``travel``, ``objectives`` and ``bound``, as
    :class:`experiments.Prolonged`; ``printed`` is how far the paper travels.
    """
    line = {"color": COLOURS["sgd"], "label": "SGD"} | style
    ax.plot(result.travel, result.objectives / result.bound - 1, **line)
    ax.axvline(printed, color=COLOURS["optimum"], ls=":", label="the paper stops")
    ax.set(yscale="log", xlabel="learning rate times epochs")
    ax.set_ylabel("objective / bound - 1")
    ax.legend()
    return ax


def plot_looseness(
    ax: Axes, betas: Array, relaxed: Array, network: Array, **style: Any
) -> Axes:
    """Draw by how many per cent a relaxation lies below p*, against beta."""
    line = {"color": COLOURS["dual"]} | style
    below = 100 * (1 - np.asarray(relaxed) / np.asarray(network))
    ax.plot(betas, below, "o-", **line)
    ax.axhline(0.0, color=COLOURS["optimum"], ls="--")
    ax.set(xlabel=r"weight decay $\beta$", ylabel="(20) below $p^*$, %")
    return ax


def plot_generated(ax: Axes, result: Any, which: int = 0, **style: Any) -> Axes:
    """Draw targets, SGD's images and the recovered network's, a row each.

    ``result`` has ``images``, (3, k, s, height, width, channels); ``which`` is the
    place of beta.
    """
    rows = [np.concatenate(list(row[which]), axis=1) for row in result.images]
    picture = np.concatenate(rows, axis=0)
    kind = {"cmap": "gray", "vmin": 0, "vmax": 255, "interpolation": "nearest"} | style
    ax.imshow(picture[:, :, 0] if picture.shape[2] == 1 else picture, **kind)
    height = rows[0].shape[0]
    ax.set_yticks(height * (np.arange(3) + 0.5), ["target", "SGD", "recovered"])
    ax.set(xticks=[], xlabel="one image of each class")
    ax.grid(False)
    ax.set_ylabel(rf"$\beta = {result.betas[which]:g}$")
    return ax


def plot_activations(ax: Axes, result: Any, which: str = "test", **style: Any) -> Axes:
    """Draw a loss of the ReLU and of the linear network against beta (Figure 5).

    ``result`` has ``betas``, ``train`` and ``test``, (2, k), ``zero_train``,
    ``zero_test``, ``both_test`` and ``kappa``, as
    :class:`experiments.Activations`; ``which`` is ``"train"`` or ``"test"``, with
    which the prediction without training is drawn.
    """
    rows = (("ReLU", "o-", "frank_wolfe"), ("linear", "s--", "literal"))
    for row, (label, mark, colour) in zip(getattr(result, which), rows, strict=True):
        kind = {"color": COLOURS[colour], "label": label} | style
        ax.plot(result.betas, row, mark, **kind)
    zero = getattr(result, f"zero_{which}")
    ax.axhline(zero, color=COLOURS["optimum"], ls=":", label="zero network")
    if which == "test":
        label = "length and interpolation"
        ax.axhline(result.both_test, color=COLOURS["bound"], ls="--", label=label)
    ax.axvline(result.kappa, color="0.6", ls=":")
    ax.set(xscale="log", yscale="log", xlabel=r"weight decay $\beta$")
    ax.margins(y=0.3)  # for the legend
    ax.set_ylabel(f"{which} loss")
    ax.legend()
    return ax


def plot_complexity(ax: Axes, result: Any, what: str = "cells", **style: Any) -> Axes:
    """Draw a column of Table 1 against n, a line a rank, the printed bound dashed.

    ``result`` has ``n``, ``r``, ``printed`` and the column, as
    :class:`experiments.Complexity`.
    """
    names = ("bound", "frank_wolfe", "algorithm_1", "sgd", "dual", "literal")
    for rank in np.unique(result.r):
        rows = result.r == rank
        column = getattr(result, what)[rows]
        if not np.isfinite(column).any():
            continue
        kind = {"color": COLOURS[names[rank % len(names)]], "label": f"$r = {rank}$"}
        ax.plot(result.n[rows], column, "o-", **(kind | style))
        if what == "cells":
            ax.plot(result.n[rows], result.printed[rows], "--", color=kind["color"])
    ax.set(xscale="log", yscale="log", xlabel="samples $n$", ylabel=what)
    ax.legend()
    return ax
