"""Figures of the copositive programs draw what they are given."""

import numpy as np
import pytest
from matplotlib.patches import Circle, Polygon

import figures


def test_section_cuts_each_piece_at_height_one_and_draws_both_norms(ax):
    rays = np.array([[0.0, 2.0, 0.0], [0.0, 0.0, 3.0], [1.0, 2.0, 1.0]])
    figures.plot_section(ax, [rays], 0.6, 0.8)
    shapes = [p for p in ax.patches if isinstance(p, Polygon)]
    assert shapes[0].get_xy()[:3].tolist() == [[0.0, 0.0], [1.0, 0.0], [0.0, 3.0]]
    radii = [p.get_radius() for p in ax.patches if isinstance(p, Circle)]
    # A unit vector whose first two entries have norm 0.6 is 0.6 / 0.8 out.
    assert radii == pytest.approx([0.75, 4 / 3])
    (legend,) = ax.figure.legends
    assert len(legend.get_texts()) == 3


def test_section_names_its_pieces_once(ax):
    figures.plot_section(ax, [np.eye(3) + 1.0] * 4, 0.6, 0.8)
    named = [label for label in ax.get_legend_handles_labels()[1] if "piece" in label]
    assert len(named) == 1


def test_relaxed_values_show_both_programs_and_both_norms(ax):
    betas = np.array([0.1, 0.2])
    rows = {"(19)": np.array([0.9, 0.95]), "pieces": np.array([1.0, 1.0])}
    figures.plot_relaxed_values(ax, betas, rows, (0.15, 0.18))
    assert [line.get_ydata()[0] for line in ax.lines[:2]] == [0.9, 1.0]
    assert [line.get_xdata()[0] for line in ax.lines[2:]] == [0.15, 0.18]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(rows)


def test_looseness_is_in_percent_with_the_loosest_draw_first(ax):
    figures.plot_shortfalls(ax, {"a": np.array([0.01, 0.04]), "b": np.zeros(2)})
    assert ax.lines[0].get_ydata().tolist() == [4.0, 1.0]
    assert ax.lines[0].get_xdata().tolist() == [1, 2]
    assert ax.lines[1].get_ydata().tolist() == [0.0, 0.0]
    assert "%" in ax.get_ylabel()
