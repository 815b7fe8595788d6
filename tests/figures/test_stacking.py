"""Figures of stacked networks draw what was computed."""

from types import SimpleNamespace

import numpy as np

import figures


def test_a_dash_stands_at_the_stage_that_it_bounds(ax):
    optima = {2: np.array([5.0, 4.0, 3.0])}
    figures.plot_stages(ax, optima, {2: np.array([4.5, 3.5, 9.0])})
    curve, dashes = ax.lines
    assert curve.get_ydata().tolist() == [5.0, 4.0, 3.0]
    assert dashes.get_xdata().tolist() == [2, 3]
    assert dashes.get_ydata().tolist() == [4.5, 3.5]


def test_descents_of_all_layers_stand_beside_the_greedy_level(ax):
    runs = [
        SimpleNamespace(epochs=np.arange(3), objectives=np.array([top, 5.0, 4.0]))
        for top in (7.0, 9.0, 8.0)
    ]
    figures.plot_deep(ax, runs[0], runs[1:])
    *drawn, tuned, level = ax.lines
    assert [line.get_ydata()[0] for line in drawn] == [9.0, 8.0]
    assert tuned.get_ydata().tolist() == [7.0, 5.0, 4.0]
    assert set(level.get_ydata()) == {7.0}
    assert len(ax.get_legend().get_texts()) == 3
