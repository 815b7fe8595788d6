"""Classes that networks answer, by hand."""

import numpy as np

from lib.networks import accuracy
from lib.problem import Network

SIDES = Network([[1.0, 0.0], [-1.0, 0.0]], np.eye(2))
"""Answers class 0 where the first input is positive, 1 where it is negative."""

X = np.array([[1.0, 5.0], [-1.0, 2.0], [2.0, 0.0], [3.0, 1.0]])
Y = np.eye(2)[[0, 1, 0, 1]]


def test_accuracy_counts_the_samples_that_are_right():
    assert accuracy(SIDES, X, Y) == 0.75
