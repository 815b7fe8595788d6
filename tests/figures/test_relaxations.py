"""Figures of relaxations draw the table that they are given."""

from types import SimpleNamespace

import numpy as np

import figures
from figures.relaxations import RELAXATIONS

LOWER = dict(
    zip(
        RELAXATIONS, ([0.5, 0.4], [0.6, 0.5], [0.9, 0.8], [1, 0.9], [1, 1]), strict=True
    )
)


def table(upper=1.0):
    return SimpleNamespace(
        METHODS=tuple(RELAXATIONS),
        samples=np.array([8, 16]),
        shares=np.array([0.5, 0.1]),
        seconds=np.arange(1.0, 13.0).reshape(2, 6),
        column=lambda m: (np.array(LOWER[m]), np.full(2, upper)),
    )


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_what_is_missing_is_drawn_for_each_method_down_to_what_is_certain(ax):
    figures.plot_relaxations(ax, {"one": table(), "two": table(0.95)}, floor=1e-6)
    assert len(labels(ax)) == len(RELAXATIONS)
    assert [t.get_text() for t in ax.get_xticklabels()] == ["one", "two"]
    first, second = ax.lines[0], ax.lines[1]
    assert np.allclose(first.get_ydata(), [0.5, 0.6])
    assert second.get_xdata().tolist() == [3, 4]
    last = ax.lines[-1].get_ydata()
    assert np.allclose(last, 1e-6)  # nothing is missing: at the floor
    ends = [segment[:, 1].tolist() for segment in ax.collections[1].get_segments()]
    assert np.allclose(ends, [[0.05, 0.5], [0.05, 0.6]])


def test_growth_has_a_line_a_method_and_one_for_the_optimum(ax):
    figures.plot_relaxation_growth(ax, table())
    assert labels(ax) == ["certified $p^*$"]  # the others are named beside it
    assert ax.lines[-1].get_ydata().tolist() == [6.0, 12.0]
    assert len(ax.lines) == len(RELAXATIONS) + 1


def test_loss_is_a_share_of_the_optimum(ax):
    figures.plot_relaxation_loss(ax, table())
    assert np.allclose(ax.lines[2].get_ydata(), [0.9, 0.8])
    assert ax.get_ylim()[0] == 0
    assert len(labels(ax)) == len(RELAXATIONS)


def test_gate_factors_have_a_mark_a_draw(ax):
    factors = SimpleNamespace(
        samples=np.array([4, 8]), factor=np.array([[1, 2], [3, 4]])
    )
    figures.plot_gate_factors(ax, factors)
    drawn = [line.get_ydata().tolist() for line in ax.lines[:2]]
    assert drawn == [[1, 3], [2, 4]]
    assert labels(ax) == ["a draw", r"$\sqrt{\log n}$"]


def test_sampled_gates_are_drawn_over_the_optimum(ax):
    sampled = SimpleNamespace(
        gates=np.array([5, 10]),
        free=np.array([[2.0, 2.2], [1.0, 0.8]]),
        inside=np.array([[4.0, 3.0], [2.4, 2.2]]),
        primal=2.0,
        every=0.5,
    )
    figures.plot_sampled_gates(ax, sampled)
    assert ax.lines[0].get_ydata().tolist() == [2.0, 1.2]
    levels = [line.get_ydata()[0] for line in ax.lines[-2:]]
    assert levels == [1.0, 0.25]
    assert len(labels(ax)) == 4
