"""Branch and bound in parts: what it proves is the same whatever searches them."""

import pickle
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor

import numpy as np
import pytest

from lib.certificate import certify
from lib.cone_pca import Limits, Oracle, correlation
from lib.cone_pca.branch_and_bound import (
    Part,
    _orthants,
    branch_and_bound,
    explore_part,
)
from lib.cone_pca.simplicial_cones import make_points
from lib.frank_wolfe import solve
from lib.problem import Problem

TOLERANCE = 1e-10
"""Both searches stop within this of the maximum: `Limits().tolerance`."""


def points(n, r, c, seed=0):
    """Draw Gaussian data."""
    rng = np.random.default_rng(seed)
    return make_points(rng.standard_normal((n, r)), rng.standard_normal((n, c)))


class Elsewhere(Executor):
    """Does what a cluster does: sends the function and its part, and the result."""

    def submit(self, function, /, *arguments):
        """Run at once, through pickle both ways."""
        function, arguments = pickle.loads(pickle.dumps((function, arguments)))
        future = Future()
        future.set_result(pickle.loads(pickle.dumps(function(*arguments))))
        return future


@pytest.mark.parametrize(("n", "r", "c"), [(60, 3, 3), (40, 5, 2)])
def test_search_elsewhere_proves_the_bound_of_one_here(n, r, c):
    data = points(n, r, c)
    alone = branch_and_bound(data, 0.0, Limits())
    shared = branch_and_bound(data, 0.0, Limits(), Elsewhere())
    assert shared.complete
    assert shared.bound == pytest.approx(alone.bound, rel=TOLERANCE)
    best = correlation(data.X, data.Z, shared.directions).max()
    assert best <= shared.bound <= best * (1 + 2 * TOLERANCE)


def test_search_does_not_depend_on_the_clock_or_the_number_of_threads():
    data = points(60, 4, 3)
    runs = [branch_and_bound(data, 0.0, Limits())]
    for hands in (1, 3):
        with ThreadPoolExecutor(hands) as pool:
            runs += [branch_and_bound(data, 0.0, Limits(), pool) for _ in range(2)]
    here, *shared = runs
    assert len({(run.nodes, run.leaves, run.bound) for run in shared}) == 1
    again = branch_and_bound(data, 0.0, Limits())
    assert (here.nodes, here.leaves, here.bound) == (
        again.nodes,
        again.leaves,
        again.bound,
    )


def test_bound_holds_however_early_a_shared_search_is_stopped():
    data = points(60, 5, 3)
    kappa = branch_and_bound(data, 0.0, Limits())
    bounds = []
    for nodes in (1, 3000, np.inf):
        found = branch_and_bound(data, 0.0, Limits(nodes=nodes), Elsewhere())
        assert found.complete == (nodes == np.inf)
        bounds.append(found.bound)
    assert min(bounds) >= kappa.bound * (1 - TOLERANCE)
    assert bounds[-1] < 0.9 * bounds[1]
    assert bounds[1] <= bounds[0]


def test_shared_search_stops_in_time():
    data = points(200, 8, 5)
    started = time.monotonic()
    found = branch_and_bound(data, 0.0, Limits(seconds=0.5), Elsewhere())
    # A turn of 0.05 s for each part, with room for a busy machine.
    assert time.monotonic() - started < 15
    assert not found.complete


def test_a_part_without_time_still_gets_somewhere():
    # Else rounds of such parts would never end.
    data = points(60, 4, 3)
    part = Part(data, _orthants(4), 0.0, TOLERANCE, 64, np.inf, time.time() - 1)
    _, log = explore_part(part)
    assert log.nodes[0] > 0
    assert log.level[0] > 0


def test_level_is_all_that_a_shared_decision_proves():
    data = points(60, 4, 3)
    kappa = Oracle(data.X)(data.Z).bound
    level = 1.2 * kappa
    limits = Limits(level=level)
    decided = Oracle(data.X, limits=limits, executor=Elsewhere())(data.Z)
    assert kappa * (1 - TOLERANCE) <= decided.bound <= level * (1 + 1e-9)


def test_certificate_with_a_shared_search_is_the_same():
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((30, 4)), rng.standard_normal((30, 2))
    problem = Problem(X, Y, beta=1.0)
    network = solve(problem).network
    alone = certify(problem, network)
    shared = certify(problem, network, bound=Oracle(X, executor=Elsewhere()))
    assert shared.primal == alone.primal
    # The dual value moves by about twice the relative change of kappa's bound.
    assert shared.dual == pytest.approx(alone.dual, rel=4 * TOLERANCE)
    assert 0 <= shared.relative_gap < 1e-6
