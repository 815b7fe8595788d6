"""Maps of the classes that networks answer, by hand."""

import numpy as np
import pytest

from experiments import map_classes
from lib.networks import with_ones
from lib.problem import Network

SIDES = Network([[1.0, 0.0], [-1.0, 0.0]], np.eye(2))
"""Answers class 0 where the first input is positive, 1 where it is negative."""

X = np.array([[1.0, 5.0], [-1.0, 2.0], [2.0, 0.0], [3.0, 1.0]])
Y = np.eye(2)[[0, 1, 0, 1]]


def test_a_map_has_the_first_input_across_and_the_second_up():
    axis = np.array([-1.0, 2.0, 3.0])
    found = map_classes([SIDES, SIDES], X, Y, axis)
    np.testing.assert_array_equal(found.regions, [[[1, 0, 0]] * 3] * 2)
    np.testing.assert_array_equal(found.correct, [0.75, 0.75])


def test_a_third_column_of_ones_is_a_bias():
    # The second neuron answers 3 - x_2 where that is positive, against a constant 1.
    bent = Network([[0.0, 0.0, 1.0], [0.0, -1.0, 3.0]], np.eye(2))
    found = map_classes([bent], with_ones(X), Y, np.array([1.0, 5.0]))
    np.testing.assert_array_equal(found.regions[0], [[1, 1], [0, 0]])


def test_data_without_a_plane_have_no_map():
    with pytest.raises(ValueError, match=r"needs X with 2 columns, or 2 and a third"):
        map_classes([SIDES], np.hstack([X, X]), Y, np.zeros(1))
