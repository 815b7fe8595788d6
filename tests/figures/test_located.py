"""Figures of where every optimum must lie."""

import matplotlib.pyplot as plt
import numpy as np

import figures


def test_open_directions_have_a_row_for_each_certificate():
    _, ax = plt.subplots()
    angles = np.linspace(0, 6, 7)
    rows = [np.ones(7, bool), angles > 3]
    figures.plot_open_directions(ax, angles, rows, angles[4:5])
    first, second, dots = ax.get_lines()
    assert first.get_ydata().tolist() == [2.0] * 7
    np.testing.assert_array_equal(second.get_xdata(), [4, 5, 6])
    assert dots.get_xdata().tolist() == [4.0]


def test_answers_are_drawn_by_rounds():
    _, ax = plt.subplots()
    figures.plot_answers(ax, ["2", "end"], [1.0, 1e-4])
    assert ax.get_yscale() == "log"
    assert ax.get_lines()[0].get_ydata().tolist() == [1.0, 1e-4]
