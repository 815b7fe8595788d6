"""Figures of the copositive programs: the pentagon, its values, random searches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, Polygon

from lib.figures.style import COLOURS
from lib.numerics import Array


def plot_section(
    ax: Axes, pieces: Sequence[Array], exact: float, relaxed: float
) -> Axes:
    """Draw the pieces of a cone at height ``u_3 = 1`` and how far out two norms lie.

    Parameters
    ----------
    ax : Axes
    pieces : sequence of (3, 3) arrays
        Rays of each piece as columns, with positive last entries.
    exact, relaxed : float
        Largest ``(u_1^2 + u_2^2)^(1/2)`` of unit u in the cone, and what a relaxation
        takes for it. A norm m is a circle of radius ``m / (1 - m^2)^(1/2)`` here.
    """
    colour = COLOURS["frank_wolfe"]
    for k, rays in enumerate(pieces):
        corners = (rays[:2] / rays[2]).T
        label = None if k else "pieces of the cell"
        fill = {"fc": colour, "alpha": 0.15 + 0.1 * (k % 4), "lw": 0, "label": label}
        ax.add_patch(Polygon(corners, **fill))
        ax.add_patch(Polygon(corners, fill=False, ec=colour, lw=1.2))
    for name, dash, norm, label in (
        ("optimum", "--", exact, "norm of the cell"),
        ("dual", "-", relaxed, "norm by (19)"),
    ):
        reach = norm / np.sqrt(1 - norm**2)
        line = {"ec": COLOURS[name], "ls": dash, "lw": 1.6, "label": label}
        ax.add_patch(Circle((0, 0), reach, fill=False, **line))
    reach = 1.08 * relaxed / np.sqrt(1 - relaxed**2)
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    ax.set(xlabel="$u_1 / u_3$", ylabel="$u_2 / u_3$")
    ax.figure.legend(*ax.get_legend_handles_labels(), loc="outside upper left", ncols=3)
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
        kind = {"color": COLOURS[name], "label": label, "fillstyle": "none"}
        ax.plot(betas, row, mark, **kind)
    for norm in norms:
        ax.axvline(norm, color="0.6", ls=":")
    ax.set(xlabel=r"weight decay $\beta$", ylabel=r"value $/\;p^*$")
    ax.legend()
    return ax


def plot_shortfalls(ax: Axes, shortfalls: Mapping[str, Array]) -> Axes:
    """Draw how far (19) lies below p*, in percent, the loosest draw first, by law."""
    kinds = (("dual", "D"), ("algorithm_1", "x"), ("sgd", "+"))
    for (label, row), (name, mark) in zip(shortfalls.items(), kinds, strict=False):
        share = 100 * np.sort(row)[::-1]
        ax.plot(
            np.arange(1, len(row) + 1), share, mark, color=COLOURS[name], label=label
        )
    ax.set(xlabel="draw, by rank", ylabel="(19) below $p^*$, %")
    ax.legend()
    return ax
