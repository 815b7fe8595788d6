"""Branch and bound shared out: what it proves is what one search proves."""

import pickle
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from lib.certificate import certify
from lib.cone_pca import Limits, Sharing, correlation, oracle
from lib.cone_pca.branch_and_bound import Search, branch_and_bound
from lib.cone_pca.sharding import Part, explore_part, shared_branch_and_bound
from lib.cone_pca.simplicial_cones import Points
from lib.frank_wolfe import solve
from lib.problem import Problem

TOLERANCE = 1e-10
"""Both searches stop within this of the maximum: `Limits().tolerance`."""


def points(n, r, c, seed=0):
    """Draw Gaussian data."""
    rng = np.random.default_rng(seed)
    X, Z = rng.standard_normal((n, r)), rng.standard_normal((n, c))
    return Points(X, Z, np.linalg.norm(X, axis=1), np.linalg.norm(Z, axis=1))


def through_pickle(function, parts):
    """Do what a cluster does: send the function and its parts elsewhere."""
    sent = [pickle.loads(pickle.dumps((function, part))) for part in parts]
    return [pickle.loads(pickle.dumps(f(part))) for f, part in sent]


@pytest.mark.parametrize("parts", [1, 8, 32])
@pytest.mark.parametrize("seconds", [1e-9, 10.0])
@pytest.mark.parametrize(("n", "r", "c"), [(60, 3, 3), (40, 5, 2)])
def test_shared_search_proves_the_bound_of_one_search(n, r, c, parts, seconds):
    data = points(n, r, c)
    alone = branch_and_bound(data, 0.0, Limits())
    sharing = Sharing(through_pickle, parts, seconds)
    shared = shared_branch_and_bound(data, 0.0, Limits(), sharing)
    assert shared.complete
    assert shared.bound == pytest.approx(alone.bound, rel=TOLERANCE)
    best = correlation(data.X, data.Z, shared.directions).max()
    assert best <= shared.bound <= best * (1 + 2 * TOLERANCE)


def test_parts_can_be_searched_at_the_same_time():
    data = points(60, 4, 3)
    alone = branch_and_bound(data, 0.0, Limits())
    with ThreadPoolExecutor(2) as pool:
        shared = shared_branch_and_bound(data, 0.0, Limits(), Sharing(pool.map, 6))
    assert shared.complete
    assert shared.bound == pytest.approx(alone.bound, rel=TOLERANCE)


def test_bound_holds_however_early_a_shared_search_is_stopped():
    data = points(60, 5, 3)
    kappa = branch_and_bound(data, 0.0, Limits())
    bounds = []
    for nodes in (1, 3000, np.inf):
        limits = Limits(nodes=nodes)
        found = shared_branch_and_bound(data, 0.0, limits, Sharing(map, 8, 0.05))
        assert found.complete == (nodes == np.inf)
        bounds.append(found.bound)
    assert min(bounds) >= kappa.bound * (1 - TOLERANCE)
    assert bounds[-1] < 0.9 * bounds[1]
    assert bounds[1] <= bounds[0]


def test_shared_search_stops_in_time():
    data = points(200, 8, 5)
    started = time.monotonic()
    limits = Limits(seconds=0.5)
    found = shared_branch_and_bound(data, 0.0, limits, Sharing(map, 4, 0.1))
    # A few turns of 0.05 s for each part, with room for a busy machine.
    assert time.monotonic() - started < 15
    assert not found.complete


def test_a_part_without_time_still_gets_somewhere():
    # Else rounds of such parts would never end.
    data = points(60, 4, 3)
    search = Search(data, 0.0, Limits())
    done = explore_part(Part(data, search.open, 0.0, Limits(seconds=0.0)))
    assert done.nodes > 0
    assert done.level > 0


def test_level_is_all_that_a_shared_decision_proves():
    data = points(60, 4, 3)
    kappa = oracle(data.X, data.Z).bound
    level = 1.2 * kappa
    limits = Limits(level=level)
    decided = oracle(data.X, data.Z, limits=limits, sharing=Sharing(parts=4))
    assert kappa * (1 - TOLERANCE) <= decided.bound <= level * (1 + 1e-9)


def test_certificate_with_a_shared_search_is_the_same():
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((30, 4)), rng.standard_normal((30, 2))
    problem = Problem(X, Y, beta=1.0)
    network = solve(problem).network
    alone = certify(problem, network)
    shared = certify(
        problem,
        network,
        bound=lambda X, Z: oracle(X, Z, sharing=Sharing(through_pickle, 6)),
    )
    assert shared.primal == alone.primal
    # The dual value moves by about twice the relative change of kappa's bound.
    assert shared.dual == pytest.approx(alone.dual, rel=4 * TOLERANCE)
    assert 0 <= shared.relative_gap < 1e-6


@pytest.mark.parametrize(("parts", "seconds"), [(0, 1.0), (3, 0.0)])
def test_sharing_that_would_never_end_is_refused(parts, seconds):
    with pytest.raises(ValueError, match="Sharing needs parts >= 1 and seconds > 0"):
        Sharing(map, parts, seconds)
