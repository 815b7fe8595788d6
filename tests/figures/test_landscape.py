"""Figures of the landscape draw what was computed."""

from types import SimpleNamespace

import numpy as np

import figures


def test_a_profile_shows_the_path_and_the_line_with_the_names_of_the_legs(ax):
    profile = SimpleNamespace(
        times=np.array([0.0, 1.0, 2.0]),
        heights=np.array([4.0, 3.0, 2.0]),
        line=np.array([4.0, 6.0, 2.0]),
        names=("first", "second"),
    )
    figures.plot_profile(ax, profile, 2.0)
    line, path = ax.lines[:2]
    assert line.get_ydata()[:2].tolist() == [1.0, 2.0]
    assert path.get_ydata()[:2].tolist() == [1.0, 0.5]
    assert 0 < path.get_ydata()[2] < 1e-3  # reached: at the bottom
    assert [text.get_text() for text in ax.texts] == ["first", "second"]


def test_dots_of_spurious_valleys_are_full(ax):
    one = SimpleNamespace(
        floors=np.array([2.0, 3.0, 4.0]), spurious=np.array([False, True, True])
    )
    figures.plot_narrow_ends(ax, {7: one}, 1.0, np.random.default_rng(0))
    full, other = ax.lines
    assert full.get_ydata().tolist() == [2.0, 3.0]
    assert other.get_ydata().tolist() == [1.0]
    assert (full.get_fillstyle(), other.get_fillstyle()) == ("full", "none")
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["7"]
