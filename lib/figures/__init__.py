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
from lib.figures.copositive import plot_relaxed_values, plot_section, plot_shortfalls
from lib.figures.cuts import plot_enclosure, plot_gaps, plot_questions
from lib.figures.distances import plot_certified_descent, plot_distances
from lib.figures.duality import (
    plot_correlation,
    plot_literal,
    plot_ratios,
    plot_sandwich,
)
from lib.figures.experiments import (
    plot_activations,
    plot_complexity,
    plot_generated,
    plot_generation,
    plot_looseness,
    plot_margin_accuracy,
    plot_margin_objective,
    plot_prolonged,
    plot_regions,
    plot_spiral_excess,
    plot_spiral_losses,
)
from lib.figures.interactive import interactive
from lib.figures.losses import plot_dual_values, plot_losses, plot_robust_fits
from lib.figures.networks import (
    plot_final_objectives,
    plot_landscape,
    plot_rescaling,
    plot_segment,
)
from lib.figures.paths import (
    plot_band,
    plot_band_width,
    plot_growth,
    plot_growth_errors,
    plot_path_errors,
    plot_path_neurons,
)
from lib.figures.recovery import plot_split
from lib.figures.search import plot_ascents, plot_maxima, plot_nodes
from lib.figures.style import COLOURS, use_book_style
from lib.figures.training import plot_bounds, plot_descents, plot_radii, plot_rounds
from lib.figures.whitening import (
    plot_ridge_accuracy,
    plot_size_accuracy,
    plot_turned_basis,
)

__all__ = [
    "COLOURS",
    "interactive",
    "plot_activations",
    "plot_ascents",
    "plot_band",
    "plot_band_width",
    "plot_benchmark",
    "plot_bounds",
    "plot_cell_counts",
    "plot_certified_descent",
    "plot_complexity",
    "plot_correlation",
    "plot_descents",
    "plot_distances",
    "plot_dual_values",
    "plot_enclosure",
    "plot_final_objectives",
    "plot_gaps",
    "plot_generated",
    "plot_generation",
    "plot_great_circles",
    "plot_growth",
    "plot_growth_errors",
    "plot_landscape",
    "plot_literal",
    "plot_looseness",
    "plot_losses",
    "plot_margin_accuracy",
    "plot_margin_objective",
    "plot_maxima",
    "plot_nodes",
    "plot_path_errors",
    "plot_path_neurons",
    "plot_pooled_values",
    "plot_prolonged",
    "plot_questions",
    "plot_radii",
    "plot_ratios",
    "plot_regions",
    "plot_relaxed_values",
    "plot_rescaling",
    "plot_ridge_accuracy",
    "plot_robust_fits",
    "plot_rounds",
    "plot_sandwich",
    "plot_section",
    "plot_sectors",
    "plot_segment",
    "plot_shortfalls",
    "plot_size_accuracy",
    "plot_sphere",
    "plot_spiral_excess",
    "plot_spiral_losses",
    "plot_split",
    "plot_tiles",
    "plot_turned_basis",
    "sphere_grid",
    "use_book_style",
]
