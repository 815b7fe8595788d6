"""The one look of the book: style sheet and the colour of each method."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib_inline.backend_inline import set_matplotlib_formats

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


def use_book_style() -> None:
    """Draw every later figure in the book's style, as SVG in notebooks."""
    plt.style.use(STYLE)
    set_matplotlib_formats("svg", metadata={"Date": None})
