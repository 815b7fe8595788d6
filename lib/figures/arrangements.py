"""Figures of hyperplane arrangements, in the plane and on the sphere."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.patches import Wedge

from lib.figures.style import COLOURS
from lib.numerics import Array

COUNT_MAP = "viridis"
"""Colour map of the number of active samples, readable without colour vision."""


def plot_sectors(ax: Axes, X: Array, angles: Array, active: Array) -> ScalarMappable:
    """Draw the sectors of a planar arrangement and the points that cut them.

    Parameters
    ----------
    ax : Axes
    X : (n, 2) array
    angles : (k,) array
        Increasing angles of the walls, radians.
    active : (k,) array
        Samples active in the sector that follows each wall.

    Returns
    -------
    ScalarMappable
        For the colour bar.
    """
    scale = ScalarMappable(Normalize(active.min(), active.max()), COUNT_MAP)
    reach = 1.12 * float(np.linalg.norm(X, axis=1).max())
    ends = np.degrees(np.append(angles, angles[0] + 2 * np.pi))
    for start, end, count in zip(ends[:-1], ends[1:], active, strict=True):
        colour = scale.to_rgba(count)
        ax.add_patch(Wedge((0, 0), reach, start, end, fc=colour, ec="white", lw=0.8))
    ax.plot(X[:, 0], X[:, 1], "o", color="white", mec="black", ms=5)
    ax.set(aspect="equal", xlim=(-reach, reach), ylim=(-reach, reach))
    ax.set(xlabel="$u_1$, $x_1$", ylabel="$u_2$, $x_2$")
    ax.grid(visible=False)
    return scale


def sphere_grid(pixels: int) -> tuple[Array, np.ndarray]:
    """Return the directions that a picture of the half sphere shows.

    Returns
    -------
    directions : (k, 3) array
        Unit vectors toward the viewer, one a pixel inside the disc.
    inside : (pixels, pixels) bool array
        Which pixels these are, row by row.
    """
    axis = np.linspace(-1, 1, pixels)
    across, up = np.meshgrid(axis, axis[::-1])
    inside = across**2 + up**2 < 1
    depth = np.sqrt(1 - across[inside] ** 2 - up[inside] ** 2)
    return np.column_stack([across[inside], up[inside], depth]), inside


def plot_sphere(ax: Axes, inside: np.ndarray, active: Array) -> ScalarMappable:
    """Draw a half sphere of directions coloured by the number of active samples.

    Parameters
    ----------
    ax : Axes
    inside : (pixels, pixels) bool array
        Of :func:`sphere_grid`.
    active : (k,) array
        Samples active at each of its directions.
    """
    picture = np.full(inside.shape, np.nan)
    picture[inside] = active
    shown = ax.imshow(picture, cmap=COUNT_MAP, extent=(-1, 1, -1, 1))
    ax.set(xticks=[], yticks=[], aspect="equal")
    ax.grid(visible=False)
    for side in ax.spines.values():
        side.set_visible(False)
    return shown


def plot_great_circles(ax: Axes, X: Array, **style: object) -> Axes:
    """Draw the great circles ``x_j . u = 0`` on the half sphere toward the viewer."""
    angle = np.linspace(0, 2 * np.pi, 241)
    segments = []
    for row in X[np.any(X != 0, axis=1)]:
        basis = np.linalg.svd(row[None, :])[2][1:]  # of the plane of the circle
        circle = np.cos(angle)[:, None] * basis[0] + np.sin(angle)[:, None] * basis[1]
        circle[circle[:, 2] < 0] = np.nan
        segments.append(circle[:, :2])
    lines = {"colors": "white", "linewidths": 0.9} | style
    ax.add_collection(LineCollection(segments, **lines))
    return ax


def plot_cell_counts(
    ax: Axes,
    samples: np.ndarray,
    exact: Mapping[int, Array],
    bound: Mapping[int, Array],
) -> Axes:
    """Draw exact cell counts and the paper's bound against n, a colour a rank."""
    colours = (COLOURS[name] for name in ("frank_wolfe", "algorithm_1", "sgd", "dual"))
    for rank, colour in zip(exact, colours, strict=False):
        ax.plot(samples, exact[rank], "o-", color=colour, label=f"exact, $r={rank}$")
        ax.plot(samples, bound[rank], "--", color=colour, label=f"bound, $r={rank}$")
    ax.set(xscale="log", yscale="log", xlabel="samples $n$", ylabel="cells $P$")
    ax.set_xticks(samples, [str(n) for n in samples])
    ax.minorticks_off()
    ax.legend(ncols=2)
    return ax
