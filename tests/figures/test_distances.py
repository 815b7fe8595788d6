"""Figures of distances draw both bounds and what lies between."""

from types import SimpleNamespace

import numpy as np

import figures


def test_a_certified_descent_shows_the_best_bound_so_far(ax):
    epochs = np.array([0, 10, 100])
    primal, dual = np.array([9.0, 5.0, 4.0]), np.array([1.0, 3.0, 2.0])
    figures.plot_certified_descent(ax, epochs, primal, dual, 3.5)
    value, bound, optimum = ax.lines
    assert value.get_ydata().tolist() == primal.tolist()
    assert bound.get_ydata().tolist() == [1.0, 3.0, 3.0]
    assert set(optimum.get_ydata()) == {3.5}
    assert ax.get_yscale() == "log"
    assert 0 < ax.get_ylim()[0] < 1.0 < 9.0 < ax.get_ylim()[1]


def test_a_bound_below_zero_leaves_a_logarithmic_picture_in_peace(ax):
    primal, dual = np.array([9.0, 5.0]), np.array([-1.0, 3.0])
    figures.plot_certified_descent(ax, np.array([0, 9]), primal, dual, 4.0)
    assert 0 < ax.lines[1].get_ydata()[0] < ax.get_ylim()[0]


def distance(primal, least, most):
    return SimpleNamespace(
        certificate=SimpleNamespace(primal=primal), least=least, most=most
    )


def test_distances_have_their_two_ends_and_a_dot(ax):
    figures.plot_distances(ax, [distance(2.0, 0.1, 0.9), distance(4.0, 0.0, 0.8)], 1.0)
    high, true, low = ax.lines
    assert high.get_ydata().tolist() == [0.9, 0.8]
    assert true.get_ydata().tolist() == [0.5, 0.75]
    assert low.get_ydata()[0] == 0.1
    assert 0 < low.get_ydata()[1] < 1e-3  # nothing is proved: at the bottom
    assert ax.get_yscale() == "log"
