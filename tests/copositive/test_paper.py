"""Section 4: Theorem 3, its relaxations (19), (20), and where they are not tight."""

from itertools import combinations

import cvxpy as cp
import numpy as np
import pytest

from experiments import (
    gaussian_draw,
    pentagon,
    pentagon_draw,
    search_looseness,
    sphere_draw,
)
from experiments.counterexample import pentagon_data
from lib.arrangements import enumerate_cells
from lib.cone_pca import kappa_by_cells, oracle
from lib.copositive import (
    cover_by_cells,
    cover_by_positive_cell,
    cover_by_simplices,
    relaxed_norm,
    solve_relaxation,
    solve_whitened,
)
from lib.copositive.textbook import (
    copositive_program,
    literal_program,
    scalar_dual,
    scalar_program,
    spike_free_scalar_program,
    whitened_program,
)
from lib.data import load_images, one_hot
from lib.frank_wolfe import solve
from lib.frank_wolfe.sliding.step import slide
from lib.master.group_lasso import group_lasso
from lib.problem import Network, Problem, objective
from tests.problems import random_problem, section_5_1, spiral_problem

pytestmark = pytest.mark.paper


def whitened_dual(Y, beta):
    """Solve the dual of (20) for ``X X^T = I``, a second route to its value.

    ``max <Z, Y> - 1/2 |Z|^2`` with ``Z Z^T + N <= beta^2 I`` for some N >= 0.
    """
    n, c = Y.shape
    Z, N = cp.Variable((n, c)), cp.Variable((n, n), symmetric=True)
    block = cp.bmat([[beta**2 * np.eye(n) - N, Z], [Z.T, np.eye(c)]])
    value = cp.Maximize(cp.sum(cp.multiply(Z, Y)) - 0.5 * cp.sum_squares(Z))
    return cp.Problem(value, [block >> 0, N >= 0]).solve(solver=cp.CLARABEL)


TEXTBOOK = 1e-6
"""Relative accuracy of CVXPY's programs: 1e-8 times multipliers up to 100."""

VALUE = 1e-8
"""Relative accuracy of our own programs from above: Clarabel's 1e-10, with margin for
data whose optimum is small against |Y|^2."""

BOUND = 2e-6
"""Relative distance of the proved bound: first order in the solver's error of Z."""

SPLITTING = 1e-6
"""Relative gap asked of the splitting method."""

ROUNDING = 1e-12
"""Relative rounding of a sum of squares; how far a lower bound may be above a value
that is equal to it."""


def planar_optimum(problem):
    """Return p* of (5), certified."""
    solution = solve(problem)
    assert solution.converged
    return solution.certificate.primal


def best_vectors(X, Z):
    """Return the best unit vector of every face with ``|Z^T (X u)_+|``, best first.

    On a face activations are linear, so its best vector is a top eigenvector in its
    span. Values are attained, and the best face attains kappa.
    """
    patterns, r = enumerate_cells(X).patterns, X.shape[1]
    maps = np.einsum("nc,pn,nr->pcr", Z, patterns, X)
    found = []
    for size in range(r):
        for held in combinations(range(len(X)), size):
            basis = np.linalg.svd(X[list(held)])[2][size:].T if size else np.eye(r)
            images = maps @ basis
            tops = np.linalg.eigh(images.transpose(0, 2, 1) @ images)[1][:, :, -1]
            found += [tops @ basis.T, -tops @ basis.T]
    U = np.unique(np.round(np.vstack(found), 12), axis=0)
    values = np.linalg.norm(np.maximum(X @ U.T, 0).T @ Z, axis=1)
    order = np.argsort(-values)
    return U[order], values[order]


def brute_optimum(problem, rounds=40, gap=1e-7):
    """Return (primal, dual) of (5) within ``gap``: Frank-Wolfe over all faces."""
    X, Y, beta = problem.X, problem.Y, problem.beta
    network, dual = Network.zero(X.shape[1], Y.shape[1]), 0.0
    for _ in range(rounds):
        R = Y - network.predict(X)
        U, values = best_vectors(X, R)
        Z = min(1.0, beta / values[0]) * R
        dual = max(dual, float(np.vdot(Z, Y) - 0.5 * np.vdot(Z, Z)))
        primal = objective(problem, network)
        if primal - dual <= gap * primal:
            return primal, dual
        # A few at a time, no two alike.
        fresh = U[values > beta * (1 + 1e-10)][:8]
        atoms = np.vstack([network.U, fresh])
        atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
        H = np.maximum(X @ atoms.T, 0.0)
        V = group_lasso(H.T @ H, H.T @ Y, beta)
        network = slide(problem, Network(atoms, V))
    raise AssertionError(f"brute force left a gap of {primal - dual:.1e}")


# -- Theorem 3 and (19) at rank 2


@pytest.mark.parametrize("beta", [1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0])
@pytest.mark.parametrize("cover", [cover_by_cells, cover_by_simplices])
def test_19_and_17_are_the_optimum_on_the_spiral(beta, cover):
    problem = spiral_problem(beta)
    optimum = planar_optimum(problem)
    relaxation = solve_relaxation(problem, cover(problem.X))
    assert relaxation.cover.exact
    assert relaxation.value == pytest.approx(optimum, rel=VALUE)
    assert optimum * (1 - BOUND) <= relaxation.dual <= optimum * (1 + ROUNDING)


@pytest.mark.parametrize("init", ["torch", "normal"])
@pytest.mark.parametrize("cover", [cover_by_cells, cover_by_simplices])
def test_19_and_17_are_the_optimum_of_section_5_1(init, cover):
    problem = section_5_1(init)
    optimum = planar_optimum(problem)
    relaxation = solve_relaxation(problem, cover(problem.X))
    assert relaxation.value == pytest.approx(optimum, rel=VALUE)
    assert optimum * (1 - BOUND) <= relaxation.dual <= optimum * (1 + ROUNDING)


def test_19_as_printed_is_19_on_facets():
    rng = np.random.default_rng(3)
    problem = Problem(rng.standard_normal((8, 3)), rng.standard_normal((8, 2)), 0.5)
    printed = solve_relaxation(problem, cover_by_cells(problem.X, as_printed=True))
    facets = solve_relaxation(problem, cover_by_cells(problem.X))
    assert printed.value == pytest.approx(facets.value, rel=VALUE)
    assert printed.dual == pytest.approx(facets.value, rel=BOUND)


@pytest.mark.parametrize("cover", [None, cover_by_cells, cover_by_simplices])
def test_textbook_19_and_17_agree_with_ours_and_with_the_optimum(cover):
    problem = random_problem(1, 7, 2, 2, 0.2)
    regions = None if cover is None else cover(problem.X)
    textbook = copositive_program(problem, regions).value
    assert textbook == pytest.approx(planar_optimum(problem), rel=TEXTBOOK)


# -- Theorem 3 at rank 3 and 4, by simplicial pieces


@pytest.mark.parametrize(
    ("seed", "n", "r", "c", "share"),
    [
        (0, 8, 3, 2, 0.1),
        (1, 8, 3, 3, 0.3),
        (2, 10, 3, 2, 0.6),
        (0, 7, 4, 2, 0.2),
        (1, 7, 4, 3, 0.5),
    ],
)
def test_17_over_pieces_is_the_optimum_at_rank_3_and_4(seed, n, r, c, share):
    problem = random_problem(seed, n, r, c, share)
    primal, dual = brute_optimum(problem)
    pieces = solve_relaxation(problem, cover_by_simplices(problem.X))
    assert pieces.cover.exact
    # What is feasible in (17) costs at least p*, what is proved is at most p*.
    assert pieces.value >= dual * (1 - ROUNDING)
    assert pieces.dual <= primal * (1 + ROUNDING)
    assert pieces.relative_gap <= BOUND
    cells = solve_relaxation(problem, cover_by_cells(problem.X))
    assert cells.dual <= primal * (1 + ROUNDING)


@pytest.mark.parametrize(("n", "r"), [(9, 3), (7, 4)])
def test_relaxed_norm_over_pieces_is_kappa(n, r):
    rng = np.random.default_rng(n)
    X, Z = rng.standard_normal((n, r)), rng.standard_normal((n, 2))
    pieces = cover_by_simplices(X)
    kappa = best_vectors(X, Z)[1][0]
    assert kappa_by_cells(X, Z).value == pytest.approx(kappa, rel=1e-11)
    norm = relaxed_norm(pieces, Z)
    assert norm.value <= kappa * (1 + ROUNDING)
    assert kappa <= norm.bound <= kappa * (1 + 1e-7)


# -- the pentagon


def test_pentagon_cell_has_the_norms_of_the_closed_form():
    X, Y = pentagon_data()
    assert np.allclose(Y.T @ X, np.eye(3)[:2], atol=1e-15)
    for cover, square in (
        (cover_by_simplices(X), 1 - 1 / np.sqrt(5)),
        (cover_by_cells(X), 2 / 3),
    ):
        active = [k for k, r in enumerate(cover.regions) if r.pattern.all()]
        inside = type(cover)(
            cover.reduced, tuple(cover.regions[k] for k in active), cover.exact
        )
        norm = relaxed_norm(inside, Y)
        assert norm.value**2 == pytest.approx(square, rel=1e-8)
        assert norm.bound**2 == pytest.approx(square, rel=1e-8)
        assert norm.bound**2 >= square * (1 - ROUNDING)


def test_pentagon_has_five_facets_in_its_all_active_cell():
    X, _ = pentagon_data()
    cells = cover_by_cells(X).regions
    (active,) = [region for region in cells if region.pattern.all()]
    assert active.normals.shape == (5, 3)
    assert sum(r.pattern.all() for r in cover_by_simplices(X).regions) == 3


def test_pentagon_kappa_is_7435_and_its_relaxation_8165():
    X, Y = pentagon_data()
    assert best_vectors(X, Y)[1][0] == pytest.approx(0.7435, abs=5e-5)
    assert kappa_by_cells(X, Y).value == pytest.approx(
        np.sqrt(1 - 1 / np.sqrt(5)), rel=1e-13
    )
    assert relaxed_norm(cover_by_cells(X), Y).value == pytest.approx(0.8165, abs=5e-5)


def test_pairs_of_rays_prove_kappa_of_the_pentagon_in_every_cell():
    # The proof: g(v) . g(w) <= mu v . w for the rays of a cell, so that
    # |Y^T D X u|^2 <= mu |u|^2 for every nonnegative combination u of them.
    X, Y = pentagon_data()
    mu, cells = 1 - 1 / np.sqrt(5), enumerate_cells(X)
    assert len(cells) == 22
    tightest = []
    for pattern, rays in zip(cells.patterns, cells.rays, strict=True):
        images = rays @ (Y[pattern].T @ X[pattern]).T
        tightest.append((mu * rays @ rays.T - images @ images.T).min())
    assert min(tightest) == pytest.approx(0, abs=1e-14)


def test_19_is_exact_for_cells_with_four_facets():
    # Four samples in three dimensions: no cell has more facets than samples.
    rng = np.random.default_rng(2)
    for draw in (sphere_draw(4, 3), gaussian_draw(4, 3, 2)):
        found = search_looseness(draw, rng, trials=5)
        assert found.facets.max() == 4
        assert (found.loose_norms, found.loose_values) == (0, 0)


@pytest.mark.parametrize("beta", [0.7436, 0.76, 0.78, 0.81])
def test_19_is_strictly_below_the_optimum_on_the_pentagon(beta):
    found = pentagon(beta)
    # The zero network is optimal, since Z = Y is feasible: brute force agrees.
    assert best_vectors(found.problem.X, found.problem.Y)[1][0] <= beta
    assert found.norm.bound <= beta
    # (19) from above, p* from below: no solver error can explain the difference.
    assert found.printed.value < found.repaired.dual
    assert found.printed.value == pytest.approx(found.relaxed_optimum, rel=VALUE)
    assert found.printed.dual <= found.relaxed_optimum * (1 + ROUNDING)
    assert found.relaxed_optimum < found.optimum
    # The repair closes it.
    assert found.repaired.value == pytest.approx(found.optimum, rel=VALUE)
    assert found.repaired.dual == pytest.approx(found.optimum, rel=VALUE)


def test_textbook_19_is_below_the_optimum_on_the_pentagon():
    found = pentagon(0.78)
    textbook = copositive_program(found.problem).value
    assert textbook == pytest.approx(found.relaxed_optimum, rel=TEXTBOOK)
    assert textbook < found.optimum * (1 - 1e-3)


def test_19_needs_beta_below_the_relaxed_norm_to_be_loose():
    found = pentagon(0.82)
    assert found.printed.dual == pytest.approx(found.optimum, rel=VALUE)


def test_pentagon_optimum_is_not_known_for_small_beta():
    with pytest.raises(ValueError, match=r"beta >= 0\.74350"):
        _ = pentagon(0.5).optimum


def test_19_was_tight_on_gaussian_draws():
    found = search_looseness(gaussian_draw(6, 3, 2), np.random.default_rng(0), trials=5)
    assert found.facets.max() > 3  # not for want of cells that are not simplicial
    assert (found.loose_norms, found.loose_values) == (0, 0)


def test_19_stays_loose_around_the_pentagon():
    found = search_looseness(pentagon_draw(3, 0.01), np.random.default_rng(0), trials=4)
    assert found.loose_values == 4
    assert found.shortfall.min() > 1e-3
    lifted = search_looseness(
        pentagon_draw(4, 0.01), np.random.default_rng(0), trials=1
    )
    assert lifted.loose_values == 1


@pytest.mark.slow
def test_19_is_loose_at_times_for_random_points_on_a_circle():
    # Seeded: of 40 draws of 6 points some have a cell like the pentagon's.
    found = search_looseness(sphere_draw(6, 3), np.random.default_rng(1), trials=25)
    assert 0 < found.loose_norms < 25
    assert found.norm_excess.max() > 1e-3


# -- scalar outputs, (8)-(10), and (12) as printed


@pytest.mark.parametrize("seed", range(3))
def test_8_and_9_are_the_optimum_for_one_output(seed):
    rng = np.random.default_rng(seed)
    X, Y = rng.standard_normal((6, 2)), rng.standard_normal((6, 1))
    problem = Problem(X, Y, 0.1 * oracle(X, Y).value)
    optimum = planar_optimum(problem)
    assert scalar_dual(problem).value == pytest.approx(optimum, rel=TEXTBOOK)
    assert scalar_program(problem).value == pytest.approx(optimum, rel=TEXTBOOK)


def test_8_and_9_are_17_at_rank_3():
    problem = random_problem(4, 7, 3, 1, 0.2)
    optimum, _ = brute_optimum(problem)
    assert scalar_dual(problem).value == pytest.approx(optimum, rel=TEXTBOOK)
    assert scalar_program(problem).value == pytest.approx(optimum, rel=TEXTBOOK)


def test_10_is_the_optimum_for_spike_free_data():
    # X X^T = I, so X is spike-free; rank 2 for the planar solver, 4 for (20).
    rng = np.random.default_rng(5)
    for n in (2, 4):
        X = np.linalg.qr(rng.standard_normal((n + 2, n)))[0].T
        problem = Problem(X, rng.standard_normal((n, 1)), 0.3)
        value = spike_free_scalar_program(problem).value
        if n == 2:
            assert value == pytest.approx(planar_optimum(problem), rel=TEXTBOOK)
        whitened = solve_whitened(problem.Y, 0.3, tolerance=SPLITTING)
        assert value == pytest.approx(whitened.value, rel=2 * SPLITTING)


def test_10_is_only_an_upper_bound_without_spike_freeness():
    rng = np.random.default_rng(6)
    X, Y = rng.standard_normal((6, 2)), rng.standard_normal((6, 1))
    problem = Problem(X + np.array([2.0, 0.0]), Y, 0.05)
    value = spike_free_scalar_program(problem).value
    assert value > planar_optimum(problem) * 1.01


def test_12_as_printed_is_below_the_optimum():
    problem = Problem(np.eye(2), np.array([[1.0], [-1.0]]), 0.5)
    assert planar_optimum(problem) == pytest.approx(0.75, rel=1e-9)
    assert literal_program(problem).value == pytest.approx(0.582, abs=5e-4)


@pytest.mark.parametrize("init", ["torch", "normal"])
def test_12_as_printed_is_about_a_fifth_below_on_section_5_1(init):
    problem = section_5_1(init)
    shortfall = 1 - literal_program(problem).value / planar_optimum(problem)
    assert 0.15 < shortfall < 0.30


# -- (20) and whitened data


@pytest.mark.parametrize("beta", [0.1, 0.5, 1.5])
def test_four_routes_agree_on_20_for_whitened_data(beta):
    rng = np.random.default_rng(7)
    Y, X = rng.standard_normal((8, 3)), np.linalg.qr(rng.standard_normal((9, 8)))[0].T
    ours = solve_whitened(Y, beta, tolerance=SPLITTING)
    assert ours.converged
    assert whitened_program(Y, beta).value == pytest.approx(
        ours.value, rel=TEXTBOOK + SPLITTING
    )
    assert whitened_dual(Y, beta) == pytest.approx(ours.value, rel=TEXTBOOK + SPLITTING)
    cover = cover_by_positive_cell(X)
    for solver in ("interior", "splitting"):
        relaxation = solve_relaxation(Problem(X, Y, beta), cover, solver=solver)
        # Asked in units of beta, a solver's tolerance is what its dual point misses
        # beta by, relatively, and the gap is of first order in that.
        assert relaxation.proof.kappa_bound <= beta * (1 + SPLITTING)
        assert relaxation.relative_gap <= SPLITTING
        assert ours.proof.value <= relaxation.value * (1 + ROUNDING)
        assert relaxation.dual <= ours.value * (1 + ROUNDING)


@pytest.mark.parametrize("beta", [1e-4, 1e-3, 1e-2, 1e-1])
def test_splitting_proves_as_much_at_every_weight_decay(beta):
    # An absolute tolerance of 1e-7 left 2e-6 at beta = 0.1, and more below.
    rng = np.random.default_rng(7)
    Y, X = rng.standard_normal((8, 3)), np.linalg.qr(rng.standard_normal((9, 8)))[0].T
    cover = cover_by_positive_cell(X)
    found = solve_relaxation(Problem(X, Y, beta), cover, solver="splitting")
    assert found.relative_gap <= SPLITTING


def test_textbook_20_runs_with_scs_too():
    Y = np.random.default_rng(8).standard_normal((5, 2))
    ours = solve_whitened(Y, 0.4, tolerance=SPLITTING).value
    # SCS's default is 1e-4 of its own residuals.
    assert whitened_program(Y, 0.4, solver=cp.SCS).value == pytest.approx(
        ours, rel=1e-2
    )


@pytest.mark.parametrize("n", [3, 4])
def test_20_is_the_optimum_for_few_whitened_samples(n):
    rng = np.random.default_rng(n)
    problem = Problem(np.eye(n), rng.standard_normal((n, 2)), 0.3)
    primal, dual = brute_optimum(problem)
    ours = solve_whitened(problem.Y, 0.3, tolerance=SPLITTING)
    assert ours.value >= dual * (1 - ROUNDING)
    assert ours.proof.value <= primal * (1 + ROUNDING)
    assert ours.relative_gap <= SPLITTING


def test_20_is_strictly_below_every_network_for_five_whitened_samples():
    # Order 5: the soft-thresholded SVD of Y is doubly nonnegative and, by Horn's
    # matrix, not completely positive. So (20) is what a linear network reaches.
    steps = np.subtract.outer(np.arange(5), np.arange(5)) % 5
    M = np.cos(2 * np.pi / 5 * steps) - np.cos(4 * np.pi / 5)
    values, P = np.linalg.eigh(M)
    sigma, beta = values[2:] + 0.3, 0.3
    ours = solve_whitened(P[:, 2:] * sigma, beta, tolerance=1e-8)
    assert ours.value == pytest.approx((beta * sigma - beta**2 / 2).sum(), rel=1e-8)
    certified = solve(Problem(np.eye(5), P[:, 2:] * sigma, beta)).certificate
    assert certified.relative_gap <= 1e-8
    # 1.88 %, by another route: the oracle knows nothing of doubly nonnegative.
    assert 1 - ours.value / certified.dual == pytest.approx(0.0188, abs=1e-4)


@pytest.mark.parametrize("beta", [0.5, 2.0, 3.5])
def test_20_is_soft_thresholding_for_one_hot_labels(beta):
    # Theorem 2: left singular vectors are class indicators, nonnegative.
    Y = one_hot(np.repeat(np.arange(4), [3, 6, 9, 12]), 4)
    sigma = np.sqrt([3.0, 6.0, 9.0, 12.0])
    closed = np.where(sigma > beta, beta * sigma - beta**2 / 2, sigma**2 / 2).sum()
    ours = solve_whitened(Y, beta, tolerance=1e-8)
    assert ours.value == pytest.approx(closed, rel=1e-8)
    assert ours.proof.value <= closed * (1 + ROUNDING)


@pytest.mark.parametrize("share", [1e-3, 1e-2, 1e-1, 0.5])
def test_20_for_100_digits_is_solved_to_a_millionth(share):
    Y = load_images("mnist_train_100").images.reshape(100, -1) / 255.0
    sigma = np.linalg.svd(Y, compute_uv=False)
    beta = share * sigma[0]
    # Steps, not seconds: 100 of size 200 take about a second.
    ours = solve_whitened(Y, beta, tolerance=SPLITTING, steps=200)
    assert ours.converged
    # Linear networks reach at least as low, and the zero network bounds from above.
    linear = np.where(sigma > beta, beta * sigma - beta**2 / 2, sigma**2 / 2).sum()
    assert linear <= ours.proof.value * (1 + SPLITTING)
    assert ours.value <= 0.5 * np.vdot(Y, Y)


@pytest.mark.slow
@pytest.mark.parametrize("share", [1e-3, 0.5])
def test_20_for_300_photographs_is_solved_to_a_ten_thousandth(share):
    images = load_images("cifar10_train_3000").images[::10]
    Y = images.reshape(300, -1) / 255.0
    # 200 steps of size 600 take about half a minute.
    beta = share * np.linalg.norm(Y, 2)
    ours = solve_whitened(Y, beta, tolerance=1e-4, steps=200)
    assert ours.converged
    assert ours.proof.value <= ours.value
