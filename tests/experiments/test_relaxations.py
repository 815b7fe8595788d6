"""Relaxations against other routes: textbook programs, eigenvalues, and the optimum."""

import cvxpy as cp
import numpy as np
import pytest

import experiments
from experiments.relaxations import DATA_SETS, METHODS, feasible_lifting
from lib import svd
from lib.cone_pca import oracle
from lib.cone_pca.signs import search_signs
from lib.copositive import (
    cover_by_cells,
    cover_by_simplices,
    relaxed_norm,
    solve_relaxation,
    solve_whitened,
)
from lib.copositive.textbook import literal_program
from lib.frank_wolfe import solve
from lib.problem import Problem

INTERIOR = 1e-5
"""Relative accuracy of interior point methods on these programs, with a margin."""


def drawn(n, d, c, *, share=0.1, seed=0):
    """Draw normal data, with a weight decay that is a share of kappa(Y)."""
    X, Y = experiments.gaussian_draw(n, d, c)(np.random.default_rng(seed))
    return Problem(X, Y, share * oracle(X, Y).value)


def rectifiers(X):
    """Return the rows that read (h, g) off (u, h)."""
    n = len(X)
    return np.block([[np.zeros_like(X), np.eye(n)], [-X, np.eye(n)]])


def as_its_authors_write_it(problem):
    """Solve the lifted program with h, g, u and v in one matrix, as published."""
    X, Y, beta = problem.X, problem.Y, problem.beta
    (n, d), c = X.shape, Y.shape[1]
    L = cp.Variable((2 * n + d + c,) * 2, PSD=True)
    h = L[:n]
    rule = np.hstack([-np.eye(n), np.eye(n), X, np.zeros((n, c))])
    limits = [
        rule @ L == 0,  # as the diagonal of rule L rule^T is
        cp.diag(h[:, n : 2 * n]) == 0,
        L[: 2 * n, : 2 * n] >= 0,
    ]
    loss = cp.sum_squares(h[:, 2 * n + d :] - Y) / 2
    cost = loss + beta / 2 * cp.trace(L[2 * n :, 2 * n :])
    return cp.Problem(cp.Minimize(cost), limits).solve(solver=cp.CLARABEL)


@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
def test_the_lifted_program_is_that_of_its_authors_word_for_word():
    problem = drawn(6, 3, 2)
    found = experiments.solve_lifted(problem)
    textbook = as_its_authors_write_it(problem)
    without_interior = 1e-4  # of the published form, hard for an interior point method
    assert found.dual == pytest.approx(textbook, rel=without_interior)
    assert found.primal == pytest.approx(found.dual, rel=INTERIOR)


def test_the_lifted_proof_is_a_positive_semidefinite_matrix():
    problem = drawn(8, 3, 2)
    found = experiments.solve_lifted(problem)
    E, r = rectifiers(problem.X), 3
    S = -E.T @ found.N @ E
    S[r:, r:] -= found.Z @ found.Z.T
    S[:r, :r] += problem.beta**2 * np.eye(r)
    # The multipliers of the pairs are free: their solver's point may be moved.
    shift = np.zeros_like(S)
    shift[r:, :r] = problem.X / 2
    shift += shift.T
    shift[np.arange(r, len(S)), np.arange(r, len(S))] -= 1.0
    least = max(np.linalg.eigvalsh(S - t * shift)[0] for t in (0, 1e-8, 1e-6, 1e-4))
    assert least >= -INTERIOR * problem.beta**2
    pairs = np.eye(16, k=8, dtype=bool) | np.eye(16, k=-8, dtype=bool)
    assert found.N[~pairs].min() >= 0
    gain = np.vdot(found.Z, problem.Y) - np.vdot(found.Z, found.Z) / 2
    assert found.dual == pytest.approx(gain, rel=1e-9)


def test_multipliers_prove_no_less_than_kappa_whatever_they_are():
    rng = np.random.default_rng(3)
    problem = drawn(8, 3, 2)
    found = experiments.solve_lifted(problem)
    kappa = oracle(problem.X, found.Z).value
    for noise in 0.0, 1e-6, 1e-3, 1e-1:
        N = found.N + noise * rng.standard_normal(found.N.shape)
        bound = experiments.bound_lifted(problem.X, found.Z, N, problem.beta)
        assert bound >= kappa * (1 - 1e-12)


def test_the_repaired_matrix_is_in_the_cone():
    problem = drawn(9, 3, 2, seed=4)
    X, rng = problem.X, np.random.default_rng(4)
    root = rng.standard_normal((12, 12))
    gram = feasible_lifting(X, root @ root.T)
    E, size = rectifiers(X), np.abs(gram).max()
    products = E @ gram @ E.T
    rounding = 1e-10 * size
    assert np.linalg.eigvalsh(gram)[0] >= -rounding
    assert products.min() >= -rounding
    assert np.abs(np.diag(products[:9, 9:])).max() <= rounding


def test_19_is_never_looser_than_the_two_others():
    for seed in range(3):
        problem = drawn(8, 3, 2, share=0.05, seed=seed)
        cells = cover_by_cells(problem.X)
        over = solve_relaxation(problem, cells)
        free = solve_relaxation(problem, experiments.cover_by_gates(cells))
        lifted = experiments.solve_lifted(problem)
        best = solve(problem).certificate
        assert max(free.dual, lifted.dual) <= over.value * (1 + 1e-9)
        assert over.dual <= best.primal * (1 + 1e-12)
        assert lifted.primal < over.dual * (1 - 1e-3)  # strictly, on these draws
        assert free.value < lifted.dual


def test_splitting_on_signs_ends_at_19_where_that_is_loose():
    X, Y = experiments.relaxation_data("pentagon")
    relaxed = relaxed_norm(cover_by_cells(X), Y).value
    found = search_signs(X, Y, relaxed / 2, level=0.0, nodes=300, seconds=np.inf)
    assert relaxed * (1 - 1e-7) <= found.bound <= relaxed * (1 + 1e-3)
    assert oracle(X, Y).value < 0.95 * relaxed


def test_the_lifted_program_of_orthonormal_samples_is_20_and_19():
    X, Y = experiments.relaxation_data("white")
    problem = Problem(X, Y, 0.3)
    found = experiments.solve_lifted(problem)
    over = solve_relaxation(problem, cover_by_cells(X))
    assert found.dual == pytest.approx(solve_whitened(Y, 0.3).value, rel=INTERIOR)
    assert found.dual == pytest.approx(over.dual, rel=INTERIOR)


@pytest.mark.parametrize("angle", [0.5, 0.05])
def test_two_nearly_equal_samples_cost_free_gates_nothing(angle):
    X = np.array([[1.0, 0.0], [np.cos(angle), np.sin(angle)]])
    problem = Problem(X, [1.0, -1.0], beta=np.sin(angle))
    assert oracle(X, problem.Y).value == pytest.approx(np.sin(angle), rel=1e-12)
    free = solve_relaxation(problem, experiments.cover_by_gates(cover_by_cells(X)))
    assert free.value <= 2 * np.sin(angle) * (1 + 1e-9)
    assert solve(problem).certificate.dual == pytest.approx(1.0, rel=1e-9)
    # Two samples make a matrix of order four: the lifted program is exact.
    assert experiments.solve_lifted(problem).dual == pytest.approx(1.0, rel=INTERIOR)


def test_free_gates_are_12_as_printed_and_cost_nuclear_norms():
    problem = drawn(6, 2, 3)
    cover = experiments.cover_by_gates(cover_by_cells(problem.X))
    found = solve_relaxation(problem, cover)
    assert found.value == pytest.approx(literal_program(problem).value, rel=INTERIOR)
    outputs = sum(
        region.active(problem, cover.X) @ V
        for region, V in zip(cover.regions, found.blocks, strict=True)
    )
    norms = sum(np.linalg.norm(V, "nuc") for V in found.blocks)
    cost = np.sum((outputs - problem.Y) ** 2) / 2 + problem.beta * norms
    assert cost == pytest.approx(found.value, rel=INTERIOR)


def test_wide_cells_bound_what_free_gates_lose():
    problem = Problem(np.eye(2), [1.0, -1.0], 0.5)
    free = solve_relaxation(
        problem, experiments.cover_by_gates(cover_by_cells(problem.X))
    )
    sine = np.sqrt(0.5)  # of the angle from the middle of a quadrant to its walls
    assert solve(problem).certificate.primal <= np.sqrt(1 + 1 / sine**2) * free.dual


def test_a_norm_within_a_factor_of_kappa_bounds_within_that_factor():
    # The linear network on orthonormal samples: sigma_1 <= sqrt 2 kappa.
    X, Y = experiments.relaxation_data("white")
    sigma = np.linalg.svd(Y, compute_uv=False)
    for beta in 0.05, 0.3, 1.0:
        best = solve(Problem(X, Y, beta)).certificate
        nearer = solve(Problem(X, Y, beta / np.sqrt(2))).certificate
        bound = svd.linear_optimum(sigma, beta)
        assert bound <= best.primal * (1 + 1e-12)
        assert bound >= nearer.dual * (1 - 1e-12) >= best.dual / np.sqrt(2)


@pytest.mark.parametrize("rank", [2, 3, 5])
def test_19_is_exact_for_one_output(rank):
    problem = drawn(rank + 3, rank, 1, share=0.05, seed=rank)
    found = solve_relaxation(problem, cover_by_cells(problem.X))
    best = solve(problem).certificate
    assert found.dual == pytest.approx(best.primal, rel=INTERIOR)


def test_19_is_within_the_root_of_outputs_and_rank():
    X, Y = experiments.relaxation_data("pentagon")
    for Z in (Y, *np.random.default_rng(6).standard_normal((5, 5, 2))):
        relaxed = relaxed_norm(cover_by_cells(X), Z).value
        exact = relaxed_norm(cover_by_simplices(X), Z).bound
        assert relaxed <= np.sqrt(2) * exact * (1 + 1e-9)


def test_a_table_holds_proved_bounds_of_every_method():
    table = experiments.compare_relaxations(data="pentagon", shares=(0.5, 0.1))
    assert table.lower.shape == table.upper.shape == (2, len(METHODS))
    assert table.relative_gap.max() <= 1e-8
    assert (table.lower <= table.primal[:, None] * (1 + 1e-12)).all()
    assert (table.lower <= table.upper * (1 + 1e-12)).all()
    cells = table.lower[:, METHODS.index("cells")] / table.primal
    assert np.allclose(cells, [0.93773, 0.91488], atol=1e-4)  # chapter 9's pentagon


def test_a_growing_table_has_a_row_a_size():
    table = experiments.grow_relaxations(sizes=(4, 6), rank=2, outputs=2)
    assert table.samples.tolist() == [4, 6]
    assert table.column("cells")[0] == pytest.approx(1.0, rel=INTERIOR)


def test_sampled_cells_bound_only_with_their_cones():
    found = experiments.sample_gates(samples=8, gates=(2, 60), draws=2)
    assert (found.inside >= found.dual * (1 - 1e-12)).all()
    assert found.every <= found.primal * (1 + 1e-12)
    assert (found.free[0] > found.free[1]).all()
    assert (found.cells[1] > found.cells[0]).all()
    assert (found.free[0] > found.primal).any()  # no lower bound
    assert (found.free[1] < 0.99 * found.dual).all()  # no upper bound


def test_gate_factors_are_at_least_one_and_one_for_a_single_input():
    found = experiments.measure_gate_factors(inputs=(1, 2), ratio=3, draws=2)
    assert found.samples.tolist() == [3, 6]
    assert (found.factor >= 1 - INTERIOR).all()
    # Both gates of a line are closed under a change of sign of u and v.
    assert found.factor[0] == pytest.approx(1.0, rel=INTERIOR)
    assert found.relative_gap.max() <= 1e-8


@pytest.mark.parametrize("name", DATA_SETS)
def test_data_sets_have_independent_columns_and_rows_that_matter(name):
    X, Y = experiments.relaxation_data(name)
    assert len(X) == len(Y)
    assert np.linalg.matrix_rank(X) == X.shape[1]
    assert X.any(axis=1).all()


def test_an_unknown_data_set_is_refused():
    with pytest.raises(ValueError, match="one of 'teacher', 'spiral'"):
        experiments.relaxation_data("iris")
