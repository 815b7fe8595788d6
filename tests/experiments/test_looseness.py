"""Draws and limits of the search for data on which (19) is not tight."""

import numpy as np
import pytest

from experiments import (
    five_samples,
    gaussian_draw,
    pentagon_draw,
    search_looseness,
    sphere_draw,
)
from experiments.looseness import largest_rank


def test_draws_have_their_shapes():
    rng = np.random.default_rng(6)
    shapes = [
        tuple(M.shape for M in draw(rng))
        for draw in (gaussian_draw(6, 3, 2), sphere_draw(6, 4), pentagon_draw(4, 0.1))
    ]
    assert shapes == [((6, 3), (6, 2)), ((6, 4), (6, 3)), ((6, 4), (6, 2))]


@pytest.mark.parametrize(("trials", "share"), [(0, 0.5), (3, 1.0), (3, 0.0)])
def test_search_refuses_empty_limits(trials, share):
    with pytest.raises(ValueError, match="trials >= 1 and 0 < share < 1"):
        search_looseness(
            gaussian_draw(5, 2, 1),
            np.random.default_rng(0),
            trials=trials,
            share=share,
        )


def test_ranks_do_not_count_what_an_interior_point_leaves():
    grams = [np.diag([1.0, 0.3, 1e-7]), np.diag([1e-8, 1e-8, 1e-8])]
    assert largest_rank(grams) == 2
    assert largest_rank([np.eye(3)]) == 3


def test_five_samples_are_loose_with_two_and_with_three_outputs():
    for outputs in (2, 3):
        found = five_samples(outputs, [0.3])
        assert found.Y.shape == (5, outputs)
        assert found.relative_gap.max() <= 1e-8
        assert found.relaxed[0] < 0.99 * found.dual[0]
        assert found.ceiling[0] > found.primal[0]
