"""Figures of CNNs with pooling: filters, and what the convex program says."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from lib.figures.style import COLOURS
from lib.numerics import Array


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


def plot_pooled_values(
    ax: Axes, betas: Array, network: Array, program: Array, printed: Array
) -> Axes:
    """Draw the optimum of a CNN, Corollary 5.1 corrected, and (50) as printed."""
    ax.plot(betas, network, color=COLOURS["frank_wolfe"], label="CNN optimum, (6)")
    corrected = {"color": COLOURS["dual"], "fillstyle": "none", "ms": 8}
    ax.plot(betas, program, "o", label="(50) with the gauge", **corrected)
    ax.plot(betas, printed, "s--", color=COLOURS["literal"], label="(50) as printed")
    ax.set(xscale="log", xlabel=r"weight decay $\beta$", ylabel="optimal value")
    ax.legend()
    return ax
