"""Sliding any network on any data: never worse, never across a wall."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lib.frank_wolfe.sliding.step import slide
from lib.frank_wolfe.sliding.walls import WALL_TOLERANCE
from lib.problem import Network, Problem, objective

pytestmark = pytest.mark.property

ROUNDING = 1e-12
"""Relative increase of an objective that rounding can explain."""

NUMBERS = st.integers(-2, 2).map(float) | st.floats(-4, 4, width=32)


def matrices(rows, columns):
    """Draw a (rows, columns) matrix, often of small whole numbers."""
    return hnp.arrays(float, (rows, columns), elements=NUMBERS)


@st.composite
def cases(draw, most_neurons=4):
    """Draw a planar problem and a network on it."""
    n, c = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    m = draw(st.integers(0, most_neurons))
    beta = draw(st.sampled_from([1e-3, 0.1, 1.0, 10.0]))
    problem = Problem(draw(matrices(n, 2)), draw(matrices(n, c)), beta)
    return problem, Network(draw(matrices(m, 2)), draw(matrices(m, c)))


@given(cases(), st.booleans())
def test_sliding_never_raises_the_objective(case, rotate):
    problem, network = case
    after = slide(problem, network, rotate=rotate)
    before = objective(problem, network)
    assert objective(problem, after) <= before * (1 + ROUNDING)
    assert after.width <= network.width


@given(cases(most_neurons=1))
def test_a_neuron_never_leaves_its_closed_cell(case):
    problem, network = case
    after = slide(problem, network)
    lengths = np.linalg.norm(problem.X, axis=1)
    for old, new in zip(network.U, after.U, strict=False):
        sides = problem.X @ old / np.linalg.norm(old)
        # On a wall to the tolerance: either side is its closed cell.
        sides[np.abs(sides) <= WALL_TOLERANCE * lengths] = 0.0
        heights = np.sign(sides) * (problem.X @ new)
        assert (heights >= -2 * WALL_TOLERANCE * lengths * np.linalg.norm(new)).all()


@given(cases())
def test_directions_are_kept_without_rotation(case):
    problem, network = case
    after = slide(problem, network, rotate=False)
    lengths = np.linalg.norm(network.U, axis=1)
    before = network.U[lengths > 0] / lengths[lengths > 0, None]
    for u in after.U / np.linalg.norm(after.U, axis=1, keepdims=True):
        assert np.abs(before - u).sum(axis=1).min() <= 1e-14


@given(cases())
def test_sliding_twice_gains_nothing_more_in_the_same_cells(case):
    problem, network = case
    once = slide(problem, network, rotate=False)
    twice = slide(problem, once, rotate=False)
    first, second = objective(problem, once), objective(problem, twice)
    # Newton stops where the objective no longer changes measurably.
    assert second >= first * (1 - 1e-9)
