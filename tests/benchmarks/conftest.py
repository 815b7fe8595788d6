"""Tiny problems whose optimum, 0.75, is known without any solver."""

import numpy as np
import pytest

from benchmarks.task import Effort, Task
from lib.problem import Problem

PATH_NORM = 1.0
"""Of an optimal network of either: two neurons, each of size ``1 - beta``."""


@pytest.fixture(scope="session")
def scalar_problem():
    """X = I and Y = (1, -1): the two samples need a neuron each (Chapter 3).

    So ``p* = 2 (beta - beta^2 / 2)``, which is 0.75 at beta = 0.5.
    """
    return Problem(np.eye(2), np.array([1.0, -1.0]), 0.5)


@pytest.fixture(scope="session")
def vector_problem():
    """X = I and Y = diag(1, -1), beta = 0.5: the same p* = 0.75.

    As ``|(X u)_+| <= |u|``, the gauge is at least the nuclear norm, so p* is at least
    the soft-thresholded value ``2 (beta - beta^2 / 2)``, which two neurons reach.
    """
    return Problem(np.eye(2), np.diag([1.0, -1.0]), 0.5)


@pytest.fixture(scope="session")
def effort():
    """Little to do: seconds, not minutes."""
    return Effort(
        steps=2000, halvings=10, directions=40, seconds=60.0, repeats=1, patience=5.0
    )


@pytest.fixture(params=["scalar_problem", "vector_problem"])
def task(request, effort):
    """A problem of known optimum, with the radius that Algorithm 1 needs."""
    return Task(request.getfixturevalue(request.param), effort, PATH_NORM)


@pytest.fixture
def nothing_installed(tmp_path, monkeypatch):
    """Make as if no other package had been installed."""
    monkeypatch.setattr("benchmarks.environments.HOME", tmp_path)
