"""Pictures of arrangements, cones, classes and images."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.image import AxesImage
from matplotlib.patches import Circle, Polygon, Wedge

from figures.style import COLOURS, styled
from lib.numerics import Array
from lib.problem import Network

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

    Parameters
    ----------
    pixels : int
        Height and width of the picture.

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

    Returns
    -------
    ScalarMappable
        For the colour bar.
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
    """Draw the great circles ``x_j . u = 0`` on the half sphere toward the viewer.

    Parameters
    ----------
    ax : Axes
    X : (n, 3) array
        Zero rows have no circle.
    **style
        Of the lines.
    """
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
    reaches = [norm / np.sqrt(1 - norm**2) for norm in (exact, relaxed)]
    kinds = (("optimum", "--", "norm of the cell"), ("dual", "-", "norm by (19)"))
    for reach, (name, dash, label) in zip(reaches, kinds, strict=True):
        line = {"ec": COLOURS[name], "ls": dash, "lw": 1.6, "label": label}
        ax.add_patch(Circle((0, 0), reach, fill=False, **line))
    limits = (-1.08 * reaches[1], 1.08 * reaches[1])
    ax.set(xlim=limits, ylim=limits, aspect="equal")
    ax.set(xlabel="$u_1 / u_3$", ylabel="$u_2 / u_3$")
    ax.figure.legend(*ax.get_legend_handles_labels(), loc="outside upper left", ncols=3)
    return ax


def plot_hull(
    ax: Axes, curve: Array, hull: Array, radius: float, Y: Array, F: Array
) -> Axes:
    """Draw the hull of the atoms of two samples, a circle of the loss, and the optimum.

    Parameters
    ----------
    ax : Axes
    curve : (k, 2) array
        Outputs ``(X u)_+`` of unit neurons.
    hull : (h, 2) array
        Corners of the convex hull of these and their opposites, in order.
    radius : float
        The optimal path norm: the hull is drawn at 1 and at this size.
    Y, F : (2,) arrays
        Targets and optimal outputs.
    """
    ax.fill(*hull.T, color=COLOURS["bound"], alpha=0.25, lw=0, label=r"$\mathcal{A}$")
    outline = radius * np.vstack([hull, hull[:1]])
    ax.plot(*outline.T, **styled("dual", r"$\Vert F^*\Vert\,\mathcal{A}$", ls="--"))
    for sign, label in ((1, "atoms"), (-1, None)):
        ax.plot(*(sign * curve.T), **styled("frank_wolfe", label, lw=2.4))
    for share in (0.5, 1, 1.6):
        size = share * float(np.linalg.norm(Y - F))
        ax.add_patch(Circle(Y, size, fill=False, ec=COLOURS["sgd"], lw=1.2))
    normal = {"arrowstyle": "-|>", "color": "black", "lw": 1.4}
    ax.annotate("", xy=Y, xytext=F, arrowprops=normal)
    for point, name in ((Y, "$Y$"), (F, "$F^*$")):
        ax.plot(*point, "o", color="black", ms=4)
        ax.annotate(name, point, (6, -3), textcoords="offset points")
    ax.set(aspect="equal", xlabel="output of sample 1", ylabel="output of sample 2")
    ax.legend(loc="lower right")
    return ax


def plot_split(ax: Axes, rays: Array, neurons: Network, colour: str) -> Axes:
    """Draw a cone of the plane and the neurons into which a block of it is split.

    Each arrow is a balanced neuron's input weights, so that the squares of the lengths
    add up to the cost of the block; the title states it.

    Parameters
    ----------
    ax : Axes
    rays : (2, 2) array
        One ray a column.
    neurons : Network
        On two inputs.
    colour : str
        Name of a method among the colours of the book.
    """
    arrows = neurons.balanced().U
    size = 1.15 * float(np.linalg.norm(arrows, axis=1).max())
    unit = rays / np.linalg.norm(rays, axis=0)
    corners = np.vstack([np.zeros(2), 3 * size * unit.T])
    ax.fill(*corners.T, color=COLOURS["bound"], alpha=0.25, lw=0)
    arrow = {"arrowstyle": "-|>", "color": COLOURS[colour], "lw": 2}
    for tip in arrows:
        ax.annotate("", xy=tip, xytext=(0, 0), arrowprops=arrow)
    limits = (float(arrows.min(initial=0.0)) - 0.15 * size, size)
    ax.set(xlim=limits, ylim=limits, aspect="equal", xlabel="$u_1$", ylabel="$u_2$")
    ax.set_title(f"cost {neurons.path_norm:.4g}, {neurons.width} neurons")
    return ax


def plot_regions(ax: Axes, result: Any, which: int = 0, **style: Any) -> Axes:
    """Draw the class that a network answers at each input, and the data over it.

    Parameters
    ----------
    ax : Axes
    result : object
        With ``axis``, ``regions``, ``X`` and ``Y``, as
        :class:`experiments.SpiralLosses` (Figure 3a) or
        :class:`experiments.ClassMap`.
    which : int
        The network, by its place in ``regions``.
    **style
        Of the dots.
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


def plot_tiles(ax: Axes, tiles: Array, *, columns: int, signed: bool) -> AxesImage:
    """Draw square images, or filters, side by side.

    Parameters
    ----------
    ax : Axes
    tiles : (m, s, s) array
    columns : int
        Tiles in a row.
    signed : bool
        Whether zero is the middle of the scale, white, as for filters; otherwise
        zero is black and one white.

    Returns
    -------
    AxesImage
        For a colour bar.
    """
    count, size = len(tiles), tiles.shape[1]
    rows = -(-count // columns)
    sheet = np.full((rows * (size + 1) - 1, columns * (size + 1) - 1), np.nan)
    for place, tile in enumerate(tiles):
        row, column = (size + 1) * np.array(divmod(place, columns))
        sheet[row : row + size, column : column + size] = tile
    top = float(np.abs(tiles).max(initial=0.0)) or 1.0
    scale = {"cmap": "RdBu_r", "vmin": -top, "vmax": top} if signed else {}
    scale = scale or {"cmap": "gray", "vmin": 0.0, "vmax": 1.0}
    shown = ax.imshow(np.ma.masked_invalid(sheet), interpolation="nearest", **scale)
    ax.set_axis_off()
    return shown


def plot_generated(ax: Axes, result: Any, which: int = 0, **style: Any) -> Axes:
    """Draw targets, SGD's images and the recovered network's, a row each.

    Parameters
    ----------
    ax : Axes
    result : object
        With ``images``, (3, k, s, height, width, channels), and ``betas``, as
        :class:`experiments.GeneratedImages`.
    which : int
        The place of beta.
    **style
        Of the picture.
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
