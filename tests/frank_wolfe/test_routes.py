"""One optimum by several routes: random data of rank 3 and 4, and whitened data."""

import numpy as np
import pytest

from experiments import pentagon
from lib.certificate import certify
from lib.copositive import (
    cover_by_cells,
    cover_by_simplices,
    solve_by_columns,
    solve_relaxation,
    solve_whitened,
)
from lib.cutting_plane import Bundle, Centre, solve_dual
from lib.data import load_images, one_hot
from lib.frank_wolfe import solve
from lib.problem import Problem, objective
from lib.recovery import prune, recover_from_activations, recover_from_relaxation
from lib.svd import closed_form, whiten
from tests.problems import attained, random_problem, spiral_problem

pytestmark = pytest.mark.paper

VALUE = 2e-9
"""Relative accuracy of our programs from above: Clarabel's 1e-10, with margin."""

BOUND = 2e-6
"""Relative distance of a proved bound: first order in the solver's error of Z."""

CUTS = 1e-6
"""Relative gap asked of cutting planes and of columns."""

WHITENED = 1e-7
"""Relative gap asked of (20)."""

ROUNDING = 1e-12
"""Relative rounding of a sum of squares."""


def optimum(problem):
    """Return p* of (5), certified by Frank-Wolfe."""
    solution = solve(problem)
    assert solution.converged
    return solution.certificate.primal


SMALL = {
    "rank 3, c = 2": random_problem(0, 12, 3, 2, 0.2),
    "rank 3, c = 3": random_problem(1, 10, 3, 3, 0.1),
    "rank 4, c = 2": random_problem(2, 7, 4, 2, 0.2),
    "rank 4, c = 3": random_problem(3, 8, 4, 3, 0.4),
}
each_small = pytest.mark.parametrize("problem", SMALL.values(), ids=SMALL)


# -- rank 3 and 4


@each_small
def test_17_columns_and_cuts_are_the_certified_optimum(problem):
    best = optimum(problem)
    pieces = solve_relaxation(problem, cover_by_simplices(problem.X))
    columns = solve_by_columns(problem)
    for found in (pieces, columns.solution):
        assert found.value == pytest.approx(best, rel=VALUE)
        assert best * (1 - BOUND) <= found.dual <= best * (1 + ROUNDING)
    cuts = solve_dual(problem, Bundle())
    assert cuts.converged
    assert cuts.certificate.primal == pytest.approx(best, rel=CUTS)
    assert cuts.certificate.dual <= best * (1 + ROUNDING)


@pytest.mark.parametrize("rule", [Centre(), Centre(linear=True), Bundle(0.5)])
@pytest.mark.parametrize("name", ["rank 3, c = 2", "rank 4, c = 2"])
def test_every_rule_of_cuts_reaches_the_optimum_above_the_plane(name, rule):
    problem = SMALL[name]
    found = solve_dual(problem, rule)
    best = optimum(problem)
    assert found.converged
    assert found.certificate.primal == pytest.approx(best, rel=CUTS)
    assert found.certificate.dual <= best * (1 + ROUNDING)
    assert objective(problem, found.network) == found.certificate.primal


@each_small
def test_network_of_17_costs_what_17_states_and_is_certified(problem):
    program = solve_relaxation(problem, cover_by_simplices(problem.X))
    found = recover_from_relaxation(problem, program)
    assert found.is_exact, found.status
    assert found.stated == program.value
    slim = prune(problem, found.network)
    assert slim.width <= problem.Y.size
    for network in (found.network, slim):
        assert certify(problem, network, refine=3).relative_gap <= BOUND


@pytest.mark.parametrize("beta", [1e-2, 1.0])
def test_network_of_17_on_the_spiral_is_certified(beta):
    problem = spiral_problem(beta)
    program = solve_relaxation(problem, cover_by_simplices(problem.X))
    found = recover_from_relaxation(problem, program)
    assert found.is_exact, found.status
    assert certify(problem, found.network, refine=3).relative_gap <= BOUND


@each_small
def test_network_of_19_is_as_good_where_19_is_tight(problem):
    best = optimum(problem)
    found = recover_from_relaxation(
        problem, solve_relaxation(problem, cover_by_cells(problem.X))
    )
    # No exact factor is promised over cells, only that the loss is told.
    assert found.cost == objective(problem, found.network)
    assert found.excess == found.cost - found.stated
    assert found.cost >= best * (1 - ROUNDING)


def test_way_back_from_19_on_the_pentagon_tells_its_loss():
    printed = pentagon(0.78)
    found = recover_from_relaxation(printed.problem, printed.printed)
    assert not found.is_exact
    assert "more than stated" in found.status
    # (19) states less than p*, so no network can cost that.
    assert found.cost >= printed.optimum > found.stated
    repaired = recover_from_relaxation(printed.problem, printed.repaired)
    assert repaired.cost == pytest.approx(printed.optimum, rel=VALUE)


# -- more samples than the pieces of (17) can be listed for


@pytest.mark.slow
@pytest.mark.parametrize(("n", "c", "share"), [(20, 3, 0.1), (40, 2, 0.2)])
def test_columns_solve_17_at_rank_4_with_few_of_its_pieces(n, c, share):
    problem = random_problem(n, n, 4, c, share)
    found = solve_by_columns(problem)
    assert found.converged
    assert found.solution.value == pytest.approx(optimum(problem), rel=VALUE)
    upper = np.array([entry.primal for entry in found.history])
    lower = np.array([entry.dual for entry in found.history])
    assert (np.diff(upper) <= 0).all()
    assert (np.diff(lower) >= 0).all()
    assert lower[-1] == found.solution.dual
    # Of 13,458 pieces at n = 20 and 118,992 at n = 40.
    assert len(found.solution.cover) <= 250
    recovered = recover_from_relaxation(problem, found.solution)
    assert recovered.is_exact, recovered.status
    assert certify(problem, recovered.network, refine=3).relative_gap <= BOUND


@pytest.mark.slow
def test_bound_of_columns_holds_on_all_faces_of_all_pieces():
    problem = random_problem(5, 12, 4, 2, 0.2)
    found = solve_by_columns(problem)
    everything = cover_by_simplices(problem.X)
    Z = found.solution.proof.Z
    # 464 cells, some 2,500 pieces: the oracle that priced them has no part in this.
    assert len(everything) > 10 * len(found.solution.cover)
    assert attained(problem.X, Z) <= problem.beta * (1 + ROUNDING)


# -- whitened data


def digits(count):
    """Return whitened digits, (count, 784)."""
    pack = load_images("mnist_train_100")
    chosen = np.arange(0, 100, 100 // count)[:count]
    X = pack.images[chosen].reshape(count, -1) / 255.0
    return whiten(X, demean=False).X


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("n", [3, 4])
def test_20_and_certified_networks_agree_for_few_whitened_samples(n, seed):
    # W has order n <= 4, where doubly nonnegative is completely positive.
    rng = np.random.default_rng(seed)
    X = whiten(rng.standard_normal((n, n + 3)), demean=False).X
    problem = Problem(X, rng.standard_normal((n, 2)), 0.3)
    best = optimum(problem)
    program = solve_whitened(problem.Y, problem.beta, tolerance=WHITENED)
    assert program.value == pytest.approx(best, rel=WHITENED)
    found = recover_from_activations(problem, program.W)
    assert found.cost == pytest.approx(best, rel=WHITENED)
    pieces = solve_relaxation(problem, cover_by_simplices(problem.X))
    assert pieces.value == pytest.approx(best, rel=VALUE)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "tight"), [(0, True), (1, False)])
def test_20_is_a_lower_bound_for_six_whitened_samples(seed, tight):
    rng = np.random.default_rng(seed)
    X = whiten(rng.standard_normal((6, 8)), demean=False).X
    problem = Problem(X, rng.standard_normal((6, 3)), 0.4)
    judge = solve(problem).certificate
    program = solve_whitened(problem.Y, problem.beta, tolerance=WHITENED)
    assert program.proof.value <= judge.primal * (1 + ROUNDING)
    found = recover_from_activations(problem, program.W, rng=rng)
    assert found.cost >= judge.dual * (1 - ROUNDING)
    if tight:
        assert program.value == pytest.approx(judge.primal, rel=WHITENED)
        assert found.cost == pytest.approx(judge.primal, rel=1e-5)
    else:
        # Order 6 is above 4: W is not completely positive, and (20) is 0.39 % below
        # p*, from its feasible side to the proved one. The way back says so.
        assert 1 - program.value / judge.dual == pytest.approx(0.0039, abs=2e-4)
        assert not found.is_exact
        assert found.excess > 0.0039 * judge.dual * (1 - 0.05)


def test_closed_form_is_what_frank_wolfe_finds_on_whitened_digits():
    problem = Problem(digits(5), one_hot(np.repeat([0, 1], [2, 3]), 2), 0.5)
    exact = closed_form(problem)
    assert exact.holds
    assert exact.certificate.primal == pytest.approx(optimum(problem), rel=1e-9)
    program = solve_whitened(problem.Y, problem.beta, tolerance=WHITENED)
    assert program.value == pytest.approx(exact.certificate.primal, rel=WHITENED)
