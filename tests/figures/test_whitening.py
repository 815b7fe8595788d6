"""Figures of whitened data draw what the results hold."""

from types import SimpleNamespace

import numpy as np

import figures

RESULT = SimpleNamespace(
    pixels=3072,
    classes=10,
    sizes=np.array([100, 3000]),
    size_accuracy=np.array([0.2, 0.1]),
    ridges=np.array([0.01, 1.0]),
    ridge_accuracy=np.array([0.25, 0.35]),
)


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_turned_basis_is_drawn_in_degrees_over_the_optimum(ax):
    figures.plot_turned_basis(ax, np.array([0.0, np.pi]), [7.0, 9.0], 7.0)
    assert ax.lines[0].get_xydata().tolist() == [[0.0, 7.0], [180.0, 9.0]]
    assert ax.lines[1].get_ydata()[0] == 7.0
    assert ax.get_ylim()[0] == 0


def test_accuracy_against_size_marks_guessing_and_the_dimension(ax):
    figures.plot_size_accuracy(ax, RESULT, lw=3)
    assert ax.lines[0].get_ydata().tolist() == [20.0, 10.0]
    assert ax.lines[0].get_linewidth() == 3
    assert ax.lines[1].get_xdata()[0] == 3072
    assert ax.lines[2].get_ydata()[0] == 10.0
    assert labels(ax) == ["$n = d$", "guessing"]


def test_accuracy_against_ridge_is_in_per_cent_on_a_logarithmic_axis(ax):
    figures.plot_ridge_accuracy(ax, RESULT)
    assert ax.lines[0].get_ydata().tolist() == [25.0, 35.0]
    assert ax.get_xscale() == "log"
    assert labels(ax) == ["guessing"]
