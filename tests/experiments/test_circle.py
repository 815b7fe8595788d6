"""Circles of directions: all of them in the plane, a plane of them above."""

import numpy as np
import pytest

from experiments import circle_through
from lib.networks import with_ones

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("d", [2, 3, 5])
def test_directions_are_unit_vectors_and_start_at_the_one_given(d):
    u = np.eye(d)[1]
    circle = circle_through(RNG.standard_normal((9, d)), u, points=13)
    np.testing.assert_allclose(np.linalg.norm(circle.directions, axis=1), 1, rtol=1e-14)
    np.testing.assert_allclose(circle.directions[0], u, atol=1e-15)
    np.testing.assert_allclose(circle.directions[-1], u, atol=1e-14)


def test_bearings_are_the_angles_of_the_directions():
    circle = circle_through(RNG.standard_normal((9, 4)), np.eye(4)[0], points=9)
    found = circle.bearings(3 * circle.directions[:-1])
    np.testing.assert_allclose(found, circle.angles[:-1], atol=1e-12)


def test_neurons_outside_the_plane_and_dead_ones_have_no_bearing():
    X = np.column_stack([RNG.standard_normal((9, 2)), 1e-3 * np.ones(9)])
    circle = circle_through(X, np.eye(3)[0])
    U = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    assert len(circle.bearings(U)) == 1


def test_data_of_rank_two_in_more_columns_keep_all_their_directions():
    X = with_ones(RNG.standard_normal((9, 1))) @ RNG.standard_normal((2, 5))
    u = X[0] / np.linalg.norm(X[0])
    circle = circle_through(X, u)
    seen = X @ circle.axes.T @ circle.axes
    np.testing.assert_allclose(seen, X, atol=1e-12)


def test_a_single_input_has_two_directions():
    circle = circle_through(np.ones((3, 1)), np.array([1.0]), points=3)
    np.testing.assert_allclose(circle.directions, [[1], [-1], [1]], atol=1e-15)
