"""The one look of the book: style sheet, colours, and what axes have in common."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator
from matplotlib_inline.backend_inline import set_matplotlib_formats

from lib.numerics import Array

STYLE = Path(__file__).with_name("book.mplstyle")

COLOURS = {
    "optimum": "#000000",
    "frank_wolfe": "#0072B2",
    "algorithm_1": "#D55E00",
    "sgd": "#009E73",
    "dual": "#CC79A7",
    "literal": "#E69F00",
    "bound": "#56B4E9",
    "centre": "#882255",
    "linear_cuts": "#999933",
    "bundle": "#332288",
}
"""One colour a method all through the book, from the colour-blind safe set of
Okabe and Ito; the last from the muted set of Tol, which is safe, too."""

BETA = r"weight decay $\beta$"
OBJECTIVE = "objective (5)"
EXCESS = r"objective $/\;p^* - 1$"
SAMPLES = "samples $n$"
OPTIMUM = "certified $p^*$"


def use_book_style() -> None:
    """Draw every later figure in the book's style, as SVG in notebooks."""
    plt.style.use(STYLE)
    set_matplotlib_formats("svg", metadata={"Date": None})


def styled(method: str, label: str | None = None, **style: Any) -> dict[str, Any]:
    """Return how a line is drawn: colour by method, label, and what overrides them."""
    return {"color": COLOURS[method], "label": label} | style


def draw_level(ax: Axes, value: float, label: str, ls: str = "--") -> None:
    """Draw a line at a value that is certain, black and across."""
    ax.axhline(value, **styled("optimum", label, ls=ls))


def mark_place(ax: Axes, place: float, **style: Any) -> None:
    """Draw a dotted upright line."""
    ax.axvline(place, **({"color": "0.6", "ls": ":"} | style))


def finish(
    ax: Axes, x: str, y: str, *, log: str = "", legend: Any = None, **limits: Any
) -> Axes:
    """Name both axes, make those in ``log`` logarithmic, explain what has a label."""
    scales = {f"{axis}scale": "log" for axis in log}
    ax.set(xlabel=x, ylabel=y, **scales, **limits)
    if ax.get_legend_handles_labels()[1]:
        ax.legend(**(legend or {}))
    return ax


def tick(ax: Axes, places: Array) -> None:
    """Put the ticks of the horizontal axis at these places and at no others."""
    ax.set_xticks(places, [f"{place:g}" for place in np.asarray(places)])
    ax.xaxis.set_minor_locator(NullLocator())
