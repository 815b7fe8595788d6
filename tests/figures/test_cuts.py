"""Figures of cutting planes draw what they are given."""

import numpy as np
import pytest

import figures
from experiments import Questions
from figures.methods import CUTTING_PLANES as METHODS


def test_both_bounds_are_drawn_as_distances(ax):
    figures.plot_enclosure(ax, np.array([4.0, 3.0]), np.array([1.0, 1.5]), 2.0)
    upper, lower = ax.lines
    assert upper.get_ydata() == pytest.approx([1.0, 0.5])
    assert lower.get_ydata() == pytest.approx([0.5, 0.25])
    assert upper.get_xdata().tolist() == [1, 2]
    assert ax.get_legend() is not None


def test_every_run_is_a_line_and_the_tolerance_another(ax):
    runs = {name: ([1, 2, 4], np.array([1.0, 0.1, 0.0])) for name in METHODS}
    figures.plot_gaps(ax, runs, 1e-6)
    *lines, level = ax.lines
    assert len(lines) == len(METHODS)
    assert lines[0].get_xdata().tolist() == [1, 2, 4]
    assert (lines[0].get_ydata() > 0).all()  # a gap of zero has a place, too
    assert set(level.get_ydata()) == {1e-6}


def test_methods_are_told_apart_by_colour_mark_or_line():
    looks = {(k["marker"], k["ls"], k["color"]) for k in METHODS.values()}
    assert len(looks) == len(METHODS)


def test_questions_are_drawn_in_the_order_of_the_unknowns(ax):
    n, c = np.array([4, 2]), np.array([3, 1])
    counts = [np.array([10 + k, k + 1]) for k in range(5)]
    figures.plot_questions(ax, Questions(n, c, *counts, np.array([90.0, 20.0])))
    enough, *methods = ax.lines
    assert enough.get_xdata().tolist() == [2, 12]
    assert enough.get_ydata().tolist() == [20, 90]
    assert len(methods) == len(METHODS)
