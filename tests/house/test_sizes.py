"""Work and memory that the book states, counted without a clock.

What it states of seconds is measured by `make speed`.
"""

import tracemalloc

import numpy as np
import pytest

from lib.arrangements import generic_cell_count, iterate_cells
from lib.cone_pca import Limits, oracle
from lib.cone_pca.branch_and_bound import branch_and_bound
from lib.cone_pca.simplicial_cones import Points


def test_search_on_random_data_looks_at_few_of_the_cells():
    rng = np.random.default_rng(0)
    X, Z = rng.standard_normal((100, 4)), rng.standard_normal((100, 5))
    lengths = np.linalg.norm(X, axis=1), np.linalg.norm(Z, axis=1)
    found = branch_and_bound(Points(X, Z, *lengths), oracle(X, Z).value, Limits())
    assert found.complete
    assert found.nodes < generic_cell_count(100, 4) / 20  # of 323,600


@pytest.mark.slow
def test_a_million_cells_pass_in_little_memory():
    X = np.random.default_rng(0).standard_normal((61, 5))
    tracemalloc.start()
    count = sum(len(chunk) for chunk in iterate_cells(X))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == generic_cell_count(61, 5) > 1_000_000
    # Their packed bits alone would be 8 MB; a chunk holds 8,192 cells with rays.
    assert peak < 64e6
