"""Figures of the search for kappa draw what they are given."""

import numpy as np

import figures
from experiments import Ascents, SearchSizes


def test_maxima_are_marked_at_their_place_and_kappa_is_the_best(ax):
    angles, walls = np.linspace(0, 2 * np.pi, 9), np.array([0.5, 3.0])
    peaks = np.array([-np.pi / 2, 1.0]), np.array([4.0, 3.0])
    figures.plot_maxima(ax, angles, np.ones(9), walls, peaks)
    *lines, curve, dots, level = ax.lines
    assert len(lines) == 2
    assert len(curve.get_xdata()) == 9
    np.testing.assert_allclose(dots.get_xdata(), [270, np.degrees(1.0)])
    assert set(level.get_ydata()) == {4.0}
    assert ax.get_xlabel()
    assert ax.get_ylabel()


def test_nodes_are_drawn_beside_the_cells(ax):
    columns = [np.array(row) for row in ([8, 16], [58, 242], [20, 30], [50, 90])]
    figures.plot_nodes(ax, SearchSizes(*columns, np.array([3, 4])))
    cells, residual, random = ax.lines
    assert cells.get_ydata().tolist() == [58, 242]
    assert residual.get_ydata().tolist() == [50, 90]
    assert random.get_ydata().tolist() == [20, 30]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["8", "16"]


def test_ascents_are_drawn_as_the_share_of_draws_missed(ax):
    power = np.array([[0.5, 0.9], [0.9995, 1.0]])
    climbs = np.array([[0.5, 1.0], [1.0, 1.0]])
    data = np.eye(2), np.eye(2)
    result = Ascents(np.array([1, 10]), power, climbs, np.zeros(2), *data)
    figures.plot_ascents(ax, result, 1e-3)
    assert ax.lines[0].get_ydata().tolist() == [50, 50]
    assert ax.lines[1].get_ydata().tolist() == [50, 0]
