"""Figures of the book: each function draws a result and computes nothing."""

from lib.figures.arrangements import (
    plot_cell_counts,
    plot_great_circles,
    plot_sectors,
    plot_sphere,
    sphere_grid,
)
from lib.figures.comparison import plot_benchmark
from lib.figures.convolution import plot_pooled_values, plot_tiles
from lib.figures.duality import plot_correlation, plot_literal, plot_sandwich
from lib.figures.experiments import (
    plot_activations,
    plot_complexity,
    plot_generated,
    plot_generation,
    plot_margin_accuracy,
    plot_margin_objective,
    plot_regions,
    plot_spiral_losses,
)
from lib.figures.networks import plot_final_objectives, plot_rescaling, plot_segment
from lib.figures.recovery import plot_split
from lib.figures.style import COLOURS, use_book_style
from lib.figures.training import plot_bounds, plot_descents, plot_radii, plot_rounds

__all__ = [
    "COLOURS",
    "plot_activations",
    "plot_benchmark",
    "plot_bounds",
    "plot_cell_counts",
    "plot_complexity",
    "plot_correlation",
    "plot_descents",
    "plot_final_objectives",
    "plot_generated",
    "plot_generation",
    "plot_great_circles",
    "plot_literal",
    "plot_margin_accuracy",
    "plot_margin_objective",
    "plot_pooled_values",
    "plot_radii",
    "plot_regions",
    "plot_rescaling",
    "plot_rounds",
    "plot_sandwich",
    "plot_sectors",
    "plot_segment",
    "plot_sphere",
    "plot_spiral_losses",
    "plot_split",
    "plot_tiles",
    "sphere_grid",
    "use_book_style",
]
