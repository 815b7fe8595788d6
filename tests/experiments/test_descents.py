"""Rates at which descents do not diverge."""

import numpy as np
import pytest

from experiments import largest_stable_rate
from lib.data import gaussian_teacher
from lib.problem import Problem
from lib.sgd import Grid, Settings, descend

GRID = Grid([4, 9, 9], [0.1, 0.1, 0.5], 2e-3, [0, 1, 2])


@pytest.fixture
def problem():
    X, Y = gaussian_teacher(10, 2, 3, 20, np.random.default_rng(0), init="torch")
    return Problem(X, Y, 0.1)


def run(problem, settings, grid):
    return descend(problem, grid, settings, rng=np.random.default_rng(5))


def settings(epochs=300, **options):
    return Settings(epochs, points=30, device="cpu", **options)


def test_the_stable_rate_holds_and_twice_it_does_not(problem):
    found = largest_stable_rate(
        problem, GRID, settings(200), rng=np.random.default_rng(5)
    )
    for rates, holds in ((found.rates, True), (2 * found.rates, False)):
        grid = Grid(GRID.widths, GRID.betas, rates, GRID.starts)
        ends = run(problem, settings(200, patience=200), grid)
        stable = np.isfinite(ends.final) & (ends.final <= ends.objectives[0])
        assert (stable == holds).all()
    assert found.tried.shape == found.stable.shape
    # Each round halves what is left of the ladder.
    assert len(found.tried) <= 6


def test_a_ladder_without_a_stable_rate_is_refused(problem):
    rng = np.random.default_rng(5)
    with pytest.raises(ValueError, match=r"begin with a stable rate; got 50, at .* 3 "):
        largest_stable_rate(problem, GRID, settings(), rng=rng, ladder=[50.0, 60.0])
    with pytest.raises(ValueError, match="must be positive and increasing"):
        largest_stable_rate(problem, GRID, settings(), rng=rng, ladder=[2.0, 1.0])
