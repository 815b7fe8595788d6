"""Graphs of functions: objectives, kappa around the circle, losses, networks."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from figures.style import (
    OBJECTIVE,
    OPTIMUM,
    draw_level,
    finish,
    styled,
    tick,
)
from lib.numerics import Array

CORRELATION = r"$|Z^\top (Xu)_+|$"

LOSS_STYLES = {
    "squared": styled("frank_wolfe", "squared", ls="-"),
    "Huber": styled("algorithm_1", "Huber", ls="--", lw=2.6),
    "logistic": styled("sgd", "logistic", ls="-."),
    "cross-entropy": styled("dual", "cross-entropy", ls=":"),
}
"""One line a loss wherever several are drawn together."""


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
    return finish(ax, "input weight $u$", "output weight $v$", aspect="equal")


def plot_rescaling(ax: Axes, gammas: Array, objectives: Array) -> Axes:
    """Draw the objective when every neuron is rescaled by gamma.

    Parameters
    ----------
    ax : Axes
    gammas, objectives : (k,) arrays
    """
    ax.plot(gammas, objectives, **styled("frank_wolfe"))
    best = int(np.argmin(objectives))
    ax.plot(gammas[best], objectives[best], "o", color="black", ms=6)
    ax.set_title("rescaling both layers")
    finish(ax, r"scale $\gamma$", OBJECTIVE, log="x")
    tick(ax, [gammas[0], 1.0, gammas[-1]])
    return ax


def plot_segment(ax: Axes, shares: Array, objectives: Array) -> Axes:
    """Draw the objective along a straight line between two networks.

    Parameters
    ----------
    ax : Axes
    shares, objectives : (k,) arrays
    """
    ax.plot(shares, objectives, **styled("algorithm_1"))
    ends = [0, -1]
    ax.plot(shares[ends], objectives[ends], "o", color="black", ms=6)
    ax.set_title("between two optimal networks")
    return finish(ax, r"share $\theta$ of the second network", OBJECTIVE)


def plot_correlation(
    ax: Axes, angles: Array, values: Array, beta: float, neurons: Array
) -> Axes:
    """Draw ``|Z^T (X u)_+|`` around the circle, the level beta, and the neurons.

    Parameters
    ----------
    ax : Axes
    angles : (k,) array
        Directions of u, radians.
    values : (k,) array
        ``|Z^T (X u)_+|`` there.
    beta : float
    neurons : (m,) array
        Directions of the network's neurons, radians in [0, 2 pi).
    """
    ax.plot(np.degrees(angles), values, **styled("frank_wolfe", lw=1.4))
    ax.axhline(beta, **styled("dual", r"$\beta$", ls="--"))
    foot = np.zeros_like(neurons)
    ax.plot(np.degrees(neurons), foot, "^", color="black", ms=5, label="neurons")
    box = {"loc": "lower right"}
    return _finish_turn(ax, None, box)


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
    ax.plot(np.degrees(angles), values, **styled("frank_wolfe", lw=1.4))
    toward, heights = np.degrees(peaks[0]) % 360, peaks[1]
    ax.plot(toward, heights, "o", color="black", ms=4.5, label="local maxima")
    ax.axhline(heights[0], **styled("dual", r"$\kappa(Z)$", ls="--"))
    ax.grid(visible=False)
    return _finish_turn(ax, 1.25 * heights[0], {"ncols": 2, "loc": "upper right"})


def _finish_turn(ax: Axes, top: float | None, legend: dict) -> Axes:
    """Finish a graph of the correlation over one turn, its legend in a box."""
    turn = {"xlim": (0, 360), "xticks": range(0, 361, 60), "ylim": (0, top)}
    legend = legend | {"framealpha": 0.9, "frameon": True}
    names = "direction of $u$ (degrees)", CORRELATION
    return finish(ax, *names, legend=legend, **turn)


def plot_turned_basis(
    ax: Axes, angles: Array, values: Sequence[float], optimum: float
) -> Axes:
    """Draw the objective of the network read off each basis, against its angle.

    Parameters
    ----------
    ax : Axes
    angles : (k,) array
        Radians.
    values : (k,) sequence of float
    optimum : float
        Certified p*.
    """
    ax.plot(np.degrees(angles), values, **styled("literal", "read off the SVD"))
    draw_level(ax, optimum, OPTIMUM)
    turn = {"xticks": np.arange(0, 361, 90), "ylim": (0, None)}
    return finish(ax, "angle of the basis, degrees", OBJECTIVE, **turn)


def plot_losses(
    ax: Axes, outputs: Array, curves: Mapping[str, Sequence[float]]
) -> Axes:
    """Draw each loss of one output.

    Parameters
    ----------
    ax : Axes
    outputs : (k,) array
    curves : mapping of str to (k,) sequence
        By name of loss, see ``LOSS_STYLES``.
    """
    _plot_curves(ax, outputs, curves)
    return finish(ax, "output $f$", r"loss $\ell(f)$")


def plot_dual_values(
    ax: Axes, variables: Array, curves: Mapping[str, Sequence[float]]
) -> Axes:
    """Draw the dual value of each loss of one output; minus infinity is left out.

    Parameters
    ----------
    ax : Axes
    variables : (k,) array
    curves : mapping of str to (k,) sequence
        As for :func:`plot_losses`.
    """
    _plot_curves(ax, variables, curves)
    return finish(ax, "dual variable $z$", r"$-\ell^*(-z)$")


def plot_robust_fits(
    ax: Axes, samples: Array, grid: Array, truth: Array, fits: Mapping[str, Array]
) -> Axes:
    """Draw samples of one input and one output, and the function of each network.

    Parameters
    ----------
    ax : Axes
    samples : (n, 2) array
        Input and target.
    grid, truth : (k,) arrays
        Inputs, and the function that the samples come from.
    fits : mapping of str to (k,) array
        By name of loss.
    """
    ax.plot(*samples.T, "o", color="0.55", ms=4, label="samples")
    ax.plot(grid, truth, **styled("optimum", "true function", ls=":"))
    _plot_curves(ax, grid, fits)
    return finish(ax, "input $x$", "output")


def _plot_curves(ax: Axes, at: Array, curves: Mapping[str, Sequence[float]]) -> None:
    """Draw a line a loss where it is finite."""
    for name, values in curves.items():
        shown = np.asarray(values, dtype=float)
        shown = np.where(np.isfinite(shown), shown, np.nan)
        ax.plot(at, shown, **LOSS_STYLES[name])
