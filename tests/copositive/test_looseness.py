"""How loose (19) and (20) can be: exact for one output, else within proved factors."""

import numpy as np
import pytest

from experiments import gaussian_draw, search_looseness
from experiments.counterexample import pentagon_data, regular_pentagon
from lib.cone_pca import kappa_by_cells
from lib.copositive import (
    cover_by_cells,
    cover_by_positive_cell,
    cover_by_simplices,
    relaxed_norm,
    solve_by_columns,
    solve_relaxation,
    solve_whitened,
)
from lib.copositive.textbook import scalar_program
from lib.frank_wolfe import solve
from lib.problem import Problem, objective
from lib.recovery import factorize, recover_from_relaxation
from lib.svd import linear_optimum

VALUE = 1e-6
"""Relative accuracy of a program of some hundred cells in five dimensions."""

ROUNDING = 1e-11
"""Hundreds of roundings of sums of a dozen terms."""

PENTAGON_LABELS = regular_pentagon()
"""Two outputs on five whitened samples for which (19) and (20) are loose."""


def draw(n, r, c, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, r)), rng.standard_normal((n, c))


# -- one output


@pytest.mark.parametrize(("n", "r"), [(8, 3), (7, 4), (6, 5)])
def test_19_is_the_optimum_for_one_output_at_any_rank(n, r):
    X, y = draw(n, r, 1)
    cover = cover_by_cells(X)
    assert max(len(region.normals) for region in cover.regions) > 4
    problem = Problem(X, y, 0.1 * kappa_by_cells(X, y).value)
    found, proof = solve_relaxation(problem, cover), solve(problem).certificate
    assert (found.looseness, cover.exact) == (1.0, False)
    assert found.dual <= proof.primal * (1 + ROUNDING)
    assert found.dual == pytest.approx(proof.primal, rel=VALUE)
    assert scalar_program(problem).value == pytest.approx(found.dual, rel=1e-5)


def test_targets_of_rank_one_are_one_output():
    X, y = draw(7, 3, 1)
    problem = Problem(X, y * [1.0, -2.0, 0.5], 0.4)
    found, proof = solve_relaxation(problem, cover_by_cells(X)), solve(problem)
    assert found.looseness == 1.0
    assert found.dual == pytest.approx(proof.certificate.primal, rel=VALUE)


def test_19_is_the_optimum_of_a_pooled_cnn_with_one_output():
    X, _ = draw(8, 3, 1)
    problem = Problem(X, np.array([1.0, -1.0, 2.0, 0.5]), 0.3, pooling=2)
    found = solve_relaxation(problem, cover_by_cells(X))
    proof = solve(problem).certificate
    assert found.looseness == 1.0
    assert found.dual == pytest.approx(proof.primal, rel=VALUE)
    assert proof.relative_gap <= VALUE


@pytest.mark.parametrize("seed", range(6))
def test_projections_prove_the_norm_of_one_output_from_both_sides(seed):
    X, z = draw(5 + seed, 2 + seed % 3, 1, seed)
    cover = cover_by_cells(X)
    kappa = kappa_by_cells(X, z).value  # from all faces of all cells
    norm = relaxed_norm(cover, z)
    assert norm.value == pytest.approx(kappa, rel=ROUNDING)
    assert kappa <= norm.bound <= kappa * (1 + 1e-9)
    for region, N, U in zip(cover.regions, norm.multipliers, norm.grams, strict=True):
        a = z[region.pattern, 0] @ X[region.pattern]
        M = np.outer(a, a) + region.normals.T @ N @ region.normals
        assert (N >= 0).all()
        assert np.linalg.eigvalsh(M)[-1] <= kappa**2 * (1 + ROUNDING)
        assert (region.normals @ U @ region.normals.T).min() >= -ROUNDING * kappa**2


def test_a_conic_program_finds_the_same_norm_of_one_output():
    X, z = draw(8, 3, 1)
    cover = cover_by_cells(X)
    pair = np.hstack([z, 1e-7 * np.ones((8, 1))])  # of rank two, so it is solved
    assert relaxed_norm(cover, pair).value == pytest.approx(
        relaxed_norm(cover, z).value, rel=1e-6
    )


def test_opposite_projections_and_zero_maps_prove_themselves():
    line = relaxed_norm(cover_by_cells(np.array([[1.0], [-1.0]])), np.ones((2, 1)))
    assert line.value == 1.0
    assert line.bound == pytest.approx(1.0)
    nothing = relaxed_norm(cover_by_cells(np.eye(2)), np.zeros((2, 1)))
    assert (nothing.value, nothing.bound) == (0.0, 0.0)


# -- several outputs: within a factor


@pytest.mark.parametrize(("r", "c"), [(3, 2), (3, 3), (4, 2), (2, 4)])
def test_the_relaxed_norm_is_within_the_root_of_the_outputs(r, c):
    X, Z = draw(r + 4, r, c)
    norm, kappa = relaxed_norm(cover_by_cells(X), Z), kappa_by_cells(X, Z).value
    factor = np.sqrt(min(r, c)) if r > 2 else 1.0  # in the plane (19) is exact
    assert cover_by_cells(X).looseness(c) == pytest.approx(factor)
    assert norm.value <= factor * kappa * (1 + ROUNDING)


@pytest.mark.parametrize("beta", [0.05, 0.3, 0.6, 0.78])
def test_the_ceiling_of_19_is_above_the_optimum_of_the_pentagon(beta):
    problem = Problem(*pentagon_data(), beta)
    found, proof = solve_relaxation(problem, cover_by_cells(problem.X)), solve(problem)
    assert found.looseness == pytest.approx(np.sqrt(2))
    assert found.value < proof.certificate.dual  # loose
    assert found.ceiling == found.looseness * found.value > proof.certificate.primal


def test_exact_covers_and_columns_are_not_loose():
    X, Y = draw(7, 3, 3)
    problem = Problem(X, Y, 0.5)
    assert solve_relaxation(problem, cover_by_simplices(X)).looseness == 1.0
    columns = solve_by_columns(problem).solution
    assert columns.ceiling == columns.value


# -- spike-free and whitened data


@pytest.mark.parametrize("n", [3, 5])
def test_on_whitened_data_no_relaxation_is_below_the_optimum_by_more_than_root_2(n):
    _, Y = draw(n, n, 3)
    problem = Problem(np.eye(n), Y, 0.2)
    proof, found = solve(problem).certificate, solve_whitened(Y, 0.2)
    least = linear_optimum(np.linalg.svd(Y, compute_uv=False), 0.2)
    assert proof.primal <= np.sqrt(2) * least
    assert least <= found.value * (1 + 1e-6)
    assert found.looseness == pytest.approx(np.sqrt(2) if n > 4 else 1.0)
    assert proof.dual <= found.ceiling
    assert solve_whitened(Y[:, :1], 0.2).looseness == 1.0


def test_root_2_is_sharp_for_the_network_without_relu():
    beta = 1e-6
    ratio = (2 * beta - beta**2) / linear_optimum(np.array([np.sqrt(2)]), beta)
    proof = solve(Problem(np.eye(2), np.array([1.0, -1.0]), beta)).certificate
    assert proof.primal == pytest.approx(2 * beta - beta**2, rel=1e-8)
    assert np.sqrt(2) - 1e-5 < ratio < np.sqrt(2)


def test_20_over_spike_free_data_has_the_factor_of_its_own():
    X, Y = np.eye(5), PENTAGON_LABELS
    cover = cover_by_positive_cell(X)
    assert cover.positive
    assert cover.looseness(5) == pytest.approx(np.sqrt(2))
    assert cover_by_cells(X).looseness(5) == pytest.approx(np.sqrt(5))
    assert (cover.looseness(1), cover_by_positive_cell(X[:4]).looseness(3)) == (1, 1)
    found = solve_relaxation(Problem(X, Y, 0.3), cover)
    assert found.dual == pytest.approx(solve_whitened(Y, 0.3).value, rel=VALUE)


def spike_free_samples():
    """Return X = E W, (6, 3), with W of inverse Gram matrix free of positive parts."""
    W = np.linalg.cholesky(np.array([[2.0, 0.5, 0.3], [0.5, 1.5, 0.4], [0.3, 0.4, 1]]))
    E = np.zeros((6, 3))
    E[range(6), [0, 0, 1, 1, 2, 2]] = [1.0, 0.5, 2.0, 0.3, 1.0, 0.7]
    assert np.linalg.inv(W @ W.T)[np.triu_indices(3, 1)].max() < 0
    return E, W


def test_19_and_20_have_one_value_on_spike_free_data():
    E, W = spike_free_samples()
    problem = Problem(E @ W, draw(6, 3, 2)[1], 0.2)
    cells = solve_relaxation(problem, cover_by_cells(problem.X))
    positive = solve_relaxation(problem, cover_by_positive_cell(problem.X))
    assert cells.value == pytest.approx(positive.value, rel=VALUE)
    white = Problem(np.eye(5), PENTAGON_LABELS, 0.3)
    every = solve_relaxation(white, cover_by_cells(white.X))
    assert every.dual == pytest.approx(solve_whitened(white.Y, 0.3).value, rel=VALUE)


def test_multipliers_of_20_prove_every_cell_of_19():
    # The proof: N_i = D N D, and minus the entries of K between the two sides.
    E, W = spike_free_samples()
    X, Z = E @ W, draw(6, 3, 2)[1]
    N = np.abs(np.random.default_rng(1).standard_normal((6, 6)))
    N = N + N.T
    top = np.linalg.eigvalsh(X.T @ (Z @ Z.T + N) @ X)[-1]
    K = np.linalg.inv(W @ W.T)
    for region in cover_by_cells(X).regions:
        inside = W @ region.inside > 0
        D, signs = region.pattern.astype(float), np.where(inside, 1.0, -1.0)
        G = signs[:, None] * W  # facets, nonnegative on the cell
        across = -K * np.not_equal.outer(inside, inside)
        assert (across >= 0).all()
        multiplier = X.T @ (D[:, None] * N * D) @ X + top * G.T @ across @ G
        A = Z.T @ (D[:, None] * X)
        assert np.linalg.eigvalsh(A.T @ A + multiplier)[-1] <= top * (1 + ROUNDING)


# -- two outputs suffice to be loose, five whitened samples


KAPPA = np.sqrt((3 + np.sqrt(5)) / 4)
RELAXED = np.sqrt((5 - np.sqrt(5)) / 2)


@pytest.mark.parametrize("beta", [0.05, 0.3, 0.9, 1.15, 1.2])
def test_two_outputs_on_five_samples_have_both_values_in_closed_form(beta):
    problem = Problem(np.eye(5), PENTAGON_LABELS, beta)
    p, relaxed = (2.5 * (1 - max(1 - beta / m, 0.0) ** 2) for m in (KAPPA, RELAXED))
    proof, found = solve(problem).certificate, solve_whitened(problem.Y, beta)
    assert proof.primal == pytest.approx(p, rel=1e-8)
    assert proof.relative_gap <= 1e-8
    assert found.value == pytest.approx(relaxed, rel=1e-5)
    assert found.proof.value == pytest.approx(relaxed, rel=1e-5)
    assert (relaxed < p * (1 - 1e-5)) == (beta < RELAXED)


# -- a posteriori: matrices of rank two are networks


def test_matrices_of_rank_two_in_the_relaxed_cone_are_completely_positive():
    X, _ = pentagon_data()
    rng = np.random.default_rng(0)
    tried = 0
    while tried < 20:
        root = rng.standard_normal((3, 2)) + np.array([[0, 0], [0, 0], [2, 0]])
        M = X @ root @ root.T @ X.T
        if M.min() >= 0:
            tried += 1
            assert factorize(M).exact
    assert not factorize(X @ X.T).exact  # of rank three: the pentagon's


@pytest.mark.slow
def test_normal_draws_are_loose_at_times_where_cells_are_many_and_beta_small():
    rng = np.random.default_rng(0)
    found = search_looseness(gaussian_draw(12, 3, 3), rng, trials=4, share=0.05)
    assert found.loose_values >= 1
    loose = found.shortfall > 1e-6
    assert (found.ranks[loose] > 2).all()
    assert (np.abs(found.shortfall[found.ranks <= 2]) < 1e-6).all()


def test_a_solution_of_19_with_small_ranks_is_a_network_at_its_value():
    X, Y = draw(8, 3, 2)
    problem = Problem(X, Y, 0.2 * kappa_by_cells(X, Y).value)
    found = solve_relaxation(problem, cover_by_cells(X))
    network = recover_from_relaxation(problem, found).network
    assert objective(problem, network) <= found.dual * (1 + VALUE)
