"""How methods fare: objectives and bounds on the way, and where each ends."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from figures.style import (
    COLOURS,
    EXCESS,
    OBJECTIVE,
    OPTIMUM,
    draw_level,
    finish,
    mark_place,
    styled,
)
from lib.numerics import Array

DIVERGED = 1e9
"""Objectives above so many times the optimum are not drawn: the descent diverged."""

UNPROVED = 0.05
"""Bounds below this share of p* are not worth space."""

LEAST_DISTANCE = 1e-6
"""Relative distances below are drawn here."""

MARKERS = "os^vD<>Pp*Xhd"
"""One shape a problem, in the order in which the problems come."""

CUTTING_PLANES = {
    "linear": styled("linear_cuts", "centres, linear cuts", marker="x", ls="--"),
    "centre": styled("centre", "centres, cones", marker="o", ls="-"),
    "bundle": styled("bundle", "bundle, half way", marker="s", ls="-"),
    "kelley": styled("bundle", "bundle, all the way", marker="D", ls=":"),
    "frank_wolfe": styled("frank_wolfe", "Frank–Wolfe", marker="^", ls="-"),
}
"""How each method that asks the oracle is drawn."""

QUESTIONS = "questions to the oracle"
DISTANCE = "relative distance"


def plot_descents(
    ax: Axes,
    epochs: np.ndarray,
    objectives: Array,
    optimum: float,
    *,
    excess: bool = False,
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
    excess : bool
        Draw ``objective / p* - 1`` instead: where descents end so near to p* that
        they lie on its line.
    """
    shown = np.where(objectives < DIVERGED * optimum, objectives, np.nan)
    shown = shown / optimum - 1 if excess else shown
    ax.plot(epochs, shown, **styled("sgd", lw=1.2, alpha=0.8))
    ax.lines[0].set_label(f"SGD, {shown.shape[1]} trials")
    if not excess:
        draw_level(ax, optimum, OPTIMUM)
    return finish(ax, "epoch", EXCESS if excess else OBJECTIVE, log="y")


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
    for place, values in enumerate(excess.values()):
        jitter = rng.uniform(-0.28, 0.28, len(values))
        ax.plot(place + jitter, values, "o", **styled("sgd", ms=4, alpha=0.6))
        ends = [place - 0.34, place + 0.34]
        ax.plot(ends, [np.median(values)] * 2, color="black", lw=2)
    ax.set_xticks(range(len(excess)), [str(width) for width in excess])
    return finish(ax, "neurons $m$", EXCESS, log="y")


def plot_certified_descent(
    ax: Axes, epochs: np.ndarray, primal: Array, dual: Array, optimum: float
) -> Axes:
    """Draw the objective along a descent, the best bound proved so far, and p*.

    Parameters
    ----------
    ax : Axes
    epochs : (k,) int array
    primal, dual : (k,) arrays
        Objective and certified lower bound of the network at each epoch.
    optimum : float
    """
    best = np.maximum(np.maximum.accumulate(dual), 0.5 * UNPROVED * optimum)
    ax.plot(epochs, primal, **styled("sgd", "objective"))
    ax.plot(epochs, best, **styled("dual", "best bound so far", ls="--"))
    ax.fill_between(epochs, best, primal, color=COLOURS["dual"], alpha=0.12, lw=0)
    draw_level(ax, optimum, "$p^*$", ":")
    ax.set(xscale="symlog", yscale="log", xlim=(0, epochs[-1]))
    top = 1.2 * max(primal[0], optimum)
    return finish(ax, "epoch", OBJECTIVE, ylim=(UNPROVED * optimum, top))


def plot_distances(ax: Axes, distances: Sequence[Any], optimum: float) -> Axes:
    """Draw what is proved of each network's distance, and the distance itself.

    Parameters
    ----------
    ax : Axes
    distances : sequence of lib.certificate.Distance
    optimum : float
        p*, once it is known.
    """
    primal = np.array([d.certificate.primal for d in distances])
    rows = [d.least for d in distances], [d.most for d in distances]
    drawn = (np.maximum(v, LEAST_DISTANCE) for v in (*rows, 1 - optimum / primal))
    low, high, true = drawn
    places = np.arange(1, len(low) + 1)
    ax.vlines(places, low, high, color=COLOURS["dual"], lw=6, alpha=0.35)
    ends = {"ls": "", "marker": "_", "ms": 16, "mew": 2}
    ax.plot(places, high, **styled("dual", "proved: at most", **ends))
    ax.plot(places, true, "o", **styled("sgd", "distance"))
    ax.plot(places, low, **styled("literal", "proved: at least", **ends))
    ax.set_xticks(places)
    return finish(ax, "trial", r"$1 - p^*/$ objective", log="y")


def plot_bounds(
    ax: Axes, steps: np.ndarray, primal: Array, dual: Array, optimum: float
) -> Axes:
    """Draw how a primal value and a proved lower bound close in on p*.

    Both are drawn as distances, ``primal / p* - 1`` and ``1 - dual / p*``.

    Parameters
    ----------
    ax : Axes
    steps : (k,) int array
    primal, dual : (k,) arrays
    optimum : float
        Certified p*.
    """
    above, below = primal / optimum - 1, 1 - dual / optimum
    ax.plot(steps, above, **styled("algorithm_1", "primal above $p^*$"))
    ax.plot(steps, below, **styled("dual", "dual below $p^*$", ls="--"))
    return finish(ax, "step", DISTANCE, log="xy")


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
    ax.plot(questions, above, "o-", **styled("centre", "network above $p^*$", ms=3.5))
    ax.plot(questions, below, "v--", **styled("dual", "dual point below $p^*$", ms=3.5))
    return finish(ax, QUESTIONS, DISTANCE, log="y")


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
    ax.plot(range(len(gaps)), gaps, "o-", **styled("frank_wolfe"))
    return finish(ax, "round", "relative certified gap", log="y")


def plot_gaps(
    ax: Axes, runs: Mapping[str, tuple[Sequence[int], Array]], tolerance: float
) -> Axes:
    """Draw the proved relative gap of each method against its questions.

    Parameters
    ----------
    ax : Axes
    runs : mapping of str to pair of (k,) sequences
        By the names of ``CUTTING_PLANES``: questions so far, and the gap.
    tolerance : float
        Drawn as a line.
    """
    for name, (questions, gaps) in runs.items():
        style = CUTTING_PLANES[name] | {"ms": 3.5, "lw": 1.2}
        ax.plot(questions, np.maximum(gaps, 1e-16), **style)
    ax.axhline(tolerance, color="0.5", lw=0.8)
    told = {"ylim": (1e-10, 2), "legend": {"fontsize": 9}}
    return finish(ax, QUESTIONS, "relative gap", log="y", **told)


def plot_radii(ax: Axes, radii: Array, primal: Sequence[float], optimum: float) -> Axes:
    """Draw where Algorithm 1 ends for each radius t.

    Parameters
    ----------
    ax : Axes
    radii, primal : (k,) sequences
        Radii over the path norm of the optimum, and objectives.
    optimum : float
        Certified p*.
    """
    excess = np.asarray(primal) / optimum - 1
    ax.plot(radii, excess, "o-", **styled("algorithm_1"))
    return finish(ax, r"radius $t$ / path norm of the optimum", EXCESS, log="y")


def plot_margin_objective(ax: Axes, result: Any, **style: Any) -> Axes:
    """Draw SGD's objective against wall time, and the closed form as a point.

    Parameters
    ----------
    ax : Axes
    result : object
        With ``seconds``, ``objectives``, ``value``, ``closed_seconds`` and
        ``linear_value``, as :class:`experiments.MaxMargin` (Figure 2).
    **style
        Of SGD's line.
    """
    ax.plot(result.seconds, result.objectives, **styled("sgd", "SGD", **style))
    draw_level(ax, result.value, OPTIMUM)
    ax.axhline(result.linear_value, **styled("literal", "(16)", ls=":"))
    ax.plot([result.closed_seconds], [result.value], "o", color="black", ms=6)
    return finish(ax, "wall time, s", OBJECTIVE, log="y")


def plot_margin_accuracy(ax: Axes, result: Any, **style: Any) -> Axes:
    """Draw SGD's test accuracy against wall time, and the closed form's as a line.

    Parameters
    ----------
    ax : Axes
    result : object
        With ``seconds``, ``test_accuracy`` and ``closed_test_accuracy``, as
        :class:`experiments.MaxMargin` (Figure 6).
    **style
        Of SGD's line.
    """
    ax.plot(result.seconds, 100 * result.test_accuracy, **styled("sgd", "SGD", **style))
    draw_level(ax, 100 * result.closed_test_accuracy, "closed form")
    return finish(ax, "wall time, s", "test accuracy, %")


def plot_prolonged(ax: Axes, result: Any, printed: float, **style: Any) -> Axes:
    """Draw how far above the bound SGD is against rate times epochs.

    Parameters
    ----------
    ax : Axes
    result : object
        With ``travel``, ``objectives`` and ``bound``, as
        :class:`experiments.NoiseDescent`.
    printed : float
        How far the paper travels.
    **style
        Of the line.
    """
    above = result.objectives / result.bound - 1
    ax.plot(result.travel, above, **styled("sgd", "SGD", **style))
    mark_place(ax, printed, **styled("optimum", "the paper stops"))
    return finish(ax, "learning rate times epochs", "objective / bound - 1", log="y")


def plot_benchmark(
    ax: Axes,
    rows: Mapping[str, Mapping[str, float]],
    colours: Mapping[str, str],
    *,
    floor: float = 0.0,
) -> Axes:
    """Draw a positive quantity of every method on every problem.

    Parameters
    ----------
    ax : Axes
    rows : mapping of str to mapping of str to float
        For each method, the first at the top, its quantity on each problem. A method
        without any keeps its row, empty.
    colours : mapping of str to str
        The colour of each method.
    floor : float
        Values below it are drawn at it: the resolution of the quantity.

    Raises
    ------
    ValueError
        If there are more problems than markers.
    """
    problems = list(dict.fromkeys(name for row in rows.values() for name in row))
    if len(problems) > len(MARKERS):
        raise ValueError(
            f"plot_benchmark has markers for {len(MARKERS)} problems; got "
            f"{len(problems)}. Draw fewer in one figure."
        )
    for problem, marker in zip(problems, MARKERS, strict=False):
        ax.plot([], [], marker, color="0.4", label=problem)  # for the legend
        for place, (method, row) in enumerate(rows.items()):
            if problem in row:
                value = max(row[problem], floor)
                style = {"color": colours[method], "alpha": 0.75, "ms": 6}
                ax.plot([value], [place], marker, **style)
    ax.set_yticks(range(len(rows)), list(rows))
    ax.set(xscale="log", ylim=(len(rows) - 0.5, -0.5))
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
        beside = {"textcoords": "offset points", "ha": side, "va": "center"}
        ax.annotate(f"{value:.3f}", (value, row), (shift, 0), **beside)
    ax.set(yticks=rows, yticklabels=list(ratios), xlabel="claimed / true")
    ax.margins(x=0.22)
    return ax
