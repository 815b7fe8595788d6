"""Corollary 5.1: the convex program of a CNN, on digits and on random patches."""

import numpy as np
import pytest

from lib.certificate import certify
from lib.cone_pca import oracle
from lib.copositive import (
    cover_by_cells,
    cover_by_simplices,
    solve_by_columns,
    solve_relaxation,
)
from lib.copositive.textbook import (
    copositive_program,
    gauge_program,
    literal_program,
    scalar_dual,
    scalar_program,
)
from lib.cutting_plane import Bundle, Centre, solve_dual
from lib.data import load_images
from lib.frank_wolfe import solve
from lib.problem import Network, Problem, objective, pooled_problem
from lib.recovery import recover_from_relaxation
from tests.problems import attained

pytestmark = pytest.mark.paper

TEXTBOOK = 1e-6
"""Relative accuracy of CVXPY's programs: 1e-8 times multipliers up to 100."""

VALUE = 2e-9
"""Relative accuracy of our own programs from above: Clarabel's 1e-10, with margin."""

BOUND = 2e-6
"""Relative distance of the proved bound: first order in the solver's error of Z."""

CUTS = 1e-6
"""Relative gap asked of cutting planes."""

ROUNDING = 1e-12
"""Relative rounding of a sum of squares."""


def digits(count, rank, beta, loss="squared"):
    """Return a CNN on the first digits, one of each, in 16 pixels and 4 patches.

    Filters see 2 x 2 pixels, in their ``rank`` leading directions over all patches.
    """
    pack = load_images("mnist_train_100")
    small = pack.images[::10].reshape(-1, 4, 7, 4, 7).mean(axis=(2, 4)) / 255.0
    full = pooled_problem(small[:count], np.eye(count), beta, size=2, stride=2)
    leading = np.linalg.svd(full.X)[2][:rank].T
    return Problem(full.X @ leading, full.Y, beta, loss=loss, pooling=4)


def random_patches(seed, n, pooling, rank, c):
    """Draw Gaussian patches with beta a fifth of kappa(Y)."""
    rng = np.random.default_rng(seed)
    M, Y = rng.standard_normal((n * pooling, rank)), rng.standard_normal((n, c))
    beta = 0.2 * oracle(M, np.repeat(Y, pooling, axis=0)).value
    return Problem(M, Y, beta, pooling=pooling)


PROBLEMS = {
    "digits, rank 2": digits(4, 2, 0.05),
    "digits, rank 3": digits(3, 3, 0.05),
    "random, rank 3": random_patches(0, 4, 3, 3, 2),
    "random, rank 4": random_patches(0, 4, 2, 4, 2),
}
each_problem = pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)


def optimum(problem):
    """Return p* of (6), certified by Frank-Wolfe on the pooled problem."""
    solution = solve(problem)
    assert solution.converged
    return solution.certificate.primal


@each_problem
def test_corrected_50_is_the_optimum_of_the_cnn(problem):
    best = optimum(problem)
    pieces = solve_relaxation(problem, cover_by_simplices(problem.X))
    assert pieces.cover.exact
    assert pieces.value == pytest.approx(best, rel=VALUE)
    assert best * (1 - BOUND) <= pieces.dual <= best * (1 + ROUNDING)
    # Its multipliers prove the bound without the oracle; the faces prove it again.
    Z = problem.spread(pieces.proof.Z)
    assert attained(problem.X, Z) <= problem.beta * (1 + ROUNDING)


@each_problem
def test_19_over_the_cells_of_patches_is_a_lower_bound(problem):
    cells = solve_relaxation(problem, cover_by_cells(problem.X))
    assert cells.dual <= optimum(problem) * (1 + ROUNDING)
    assert cells.relative_gap <= BOUND


@each_problem
def test_columns_and_cutting_planes_reach_the_optimum_of_the_cnn(problem):
    best = optimum(problem)
    columns = solve_by_columns(problem)
    assert columns.converged
    assert columns.solution.value == pytest.approx(best, rel=BOUND)
    for rule in (Centre(), Bundle()):
        cuts = solve_dual(problem, rule)
        assert cuts.converged
        assert objective(problem, cuts.network) == cuts.certificate.primal
        assert cuts.certificate.primal == pytest.approx(best, rel=CUTS)
        assert cuts.certificate.dual <= best * (1 + ROUNDING)


@each_problem
def test_network_of_the_program_is_an_optimal_cnn(problem):
    program = solve_relaxation(problem, cover_by_simplices(problem.X))
    found = recover_from_relaxation(problem, program)
    assert found.is_exact, found.status
    certificate = certify(problem, found.network, refine=3)
    assert certificate.primal == found.cost
    assert certificate.relative_gap <= BOUND


@pytest.mark.parametrize("name", ["digits, rank 2", "random, rank 3"])
def test_textbook_50_with_the_gauge_is_the_optimum(name):
    problem = PROBLEMS[name]
    assert gauge_program(problem).value == pytest.approx(optimum(problem), rel=TEXTBOOK)


@pytest.mark.parametrize("loss", ["softmax", "huber"])
def test_textbook_50_with_another_loss_and_the_gauge_is_the_optimum(loss):
    problem = digits(4, 2, 0.05, loss)
    assert gauge_program(problem).value == pytest.approx(optimum(problem), rel=TEXTBOOK)


def test_textbook_17_over_patches_is_the_optimum():
    problem = PROBLEMS["digits, rank 2"]
    program = copositive_program(problem, cover_by_simplices(problem.X))
    assert program.value == pytest.approx(optimum(problem), rel=TEXTBOOK)


@each_problem
def test_50_as_printed_is_below_the_optimum(problem):
    # The nuclear norm has the flaw of (12): signs of g make K_i everything.
    literal = literal_program(problem).value
    assert literal < optimum(problem) * (1 - 0.02)


def test_8_and_9_serve_pooled_patches():
    problem = random_patches(1, 4, 2, 2, 1)
    best = optimum(problem)
    assert scalar_dual(problem).value == pytest.approx(best, rel=TEXTBOOK)
    assert scalar_program(problem).value == pytest.approx(best, rel=TEXTBOOK)


def test_five_digits_with_all_four_pixels_need_a_few_of_13000_pieces():
    problem = digits(5, 4, 0.05)
    found = solve_by_columns(problem)
    assert found.converged
    assert found.solution.value == pytest.approx(optimum(problem), rel=BOUND)
    recovered = recover_from_relaxation(problem, found.solution)
    assert recovered.is_exact, recovered.status
    assert certify(problem, recovered.network, refine=3).relative_gap <= BOUND


def test_single_patch_program_solved_by_hand():
    # X = I_2 twice over: h doubles, so that beta acts as beta / 2: 0.75 at 0.5.
    M = np.repeat(np.eye(2), 2, axis=0)
    problem = Problem(M, np.array([[1.0], [-1.0]]), 1.0, pooling=2)
    found = solve_relaxation(problem, cover_by_simplices(M))
    assert found.value == pytest.approx(0.75, rel=VALUE)
    # 2 u v = 1/2 of each sign: u = |v| = 1/2.
    by_hand = Network(np.eye(2) / 2, [[0.5], [-0.5]])
    assert objective(problem, by_hand) == pytest.approx(0.75, rel=ROUNDING)
