"""Covers cover, proofs prove: whatever the data, the solver, and the multipliers."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lib.arrangements import enumerate_cells
from lib.arrangements.cells import unit_normals
from lib.arrangements.triangulation import find_incidence
from lib.cone_pca import oracle
from lib.copositive import (
    cover_by_cells,
    cover_by_positive_cell,
    cover_by_simplices,
    prove_over_cover,
    prove_whitened,
    relaxed_norm,
    solve_relaxation,
    solve_whitened,
)
from lib.copositive.bounds import bound_eigenvalue, bound_norm
from lib.losses import SQUARED
from lib.problem import Network, Problem, objective

pytestmark = pytest.mark.property

SLOW = settings(max_examples=25, deadline=None)

ROUNDING = 1e-12
"""Relative rounding of values over at most eight points."""

ON_WALL = 1e-9
"""Samples this close to a wall may count on either side of it."""

# Small whole numbers make zero, repeated and parallel rows and common planes likely.
WHOLE = st.integers(-2, 2).map(float)
SEEDS = st.integers(0, 2**32 - 1)


@st.composite
def points(draw, rows=6, ranks=(1, 2, 3)):
    """Draw X (n, d) of full column rank, of whole numbers or of real ones."""
    d = draw(st.sampled_from(ranks))
    n = draw(st.integers(d, rows))
    if draw(st.booleans()):
        X = draw(hnp.arrays(float, (n, d), elements=WHOLE))
    else:
        X = np.random.default_rng(draw(SEEDS)).standard_normal((n, d))
    assume(np.linalg.matrix_rank(X) == d)
    return X


def random_multipliers(cover, rng):
    """Draw multipliers of any sign and size: nothing a solver would return."""
    sizes = [len(region.normals) for region in cover.regions]
    return tuple(
        rng.standard_normal((k, k)) * 10.0 ** rng.integers(-3, 3) for k in sizes
    )


@SLOW
@given(points(ranks=(2, 3, 4)), SEEDS)
def test_every_weight_lies_in_a_region_of_its_pattern(X, seed):
    rng = np.random.default_rng(seed)
    for cover in (cover_by_simplices(X), cover_by_cells(X)):
        U = rng.standard_normal((40, X.shape[1]))
        # Also weights on walls and on rays.
        W = np.vstack([region.inside for region in cover.regions])
        edges = np.hstack([region.basis for region in cover.regions]).T
        for u in (*U, *W[:20], *edges[:20]):
            u = u / np.linalg.norm(u)
            height = cover.X @ u
            home = [
                region
                for region in cover.regions
                if (region.normals @ u >= -region.slack - ON_WALL).all()
            ]
            off = np.abs(height) > 1e-7
            assert any((r.pattern[off] == (height[off] > 0)).all() for r in home)


@SLOW
@given(points(ranks=(2, 3)))
def test_pieces_are_simplicial_and_do_not_overlap(X):
    cells, pieces = enumerate_cells(X), cover_by_simplices(X)
    rng = np.random.default_rng(0)
    for u in rng.standard_normal((20, X.shape[1])):
        inside = [(r.normals @ u > ON_WALL).all() for r in pieces.regions]
        assert sum(inside) <= 1
    assert len(pieces) >= len(cells)
    for region in pieces.regions:
        heights = region.normals @ region.basis
        assert np.allclose(heights, np.diag(np.diag(heights)), atol=ON_WALL)
        assert (np.diag(heights) > 0).all()


@SLOW
@given(points(ranks=(2, 3)))
def test_pieces_of_a_cell_hold_its_witness(X):
    cells, normals = enumerate_cells(X), unit_normals(X)
    for witness, rays in zip(cells.witnesses, cells.rays, strict=True):
        found = find_incidence(rays, normals)
        assert found.error <= ON_WALL
        shares = [np.linalg.solve(rays[list(p)].T, witness) for p in found.pieces]
        assert any((share >= -ON_WALL).all() for share in shares)


@SLOW
@given(points(), SEEDS)
def test_bound_of_kappa_holds_for_any_multipliers(X, seed):
    rng = np.random.default_rng(seed)
    Z = rng.standard_normal((len(X), 2))
    U = rng.standard_normal((200, X.shape[1]))
    U /= np.linalg.norm(U, axis=1, keepdims=True)
    attained = np.linalg.norm(np.maximum(X @ U.T, 0).T @ Z, axis=1).max()
    for cover in (cover_by_simplices(X), cover_by_cells(X, as_printed=True)):
        assert bound_norm(cover, Z, random_multipliers(cover, rng)) >= attained


@SLOW
@given(points(), SEEDS)
def test_no_dual_point_and_no_multiplier_proves_too_much(X, seed):
    rng = np.random.default_rng(seed)
    problem = Problem(X, rng.standard_normal((len(X), 2)), 10.0 ** rng.uniform(-2, 1))
    cover = cover_by_simplices(X)
    solution = solve_relaxation(problem, cover)
    best = solution.value
    for Z in (problem.Y, solution.proof.Z, rng.standard_normal(problem.Y.shape)):
        proof = prove_over_cover(problem, cover, Z, random_multipliers(cover, rng))
        assert proof.value <= best * (1 + ROUNDING)
        assert bound_norm(cover, proof.Z, proof.multipliers) <= problem.beta * (
            1 + ROUNDING
        )


@SLOW
@given(points(ranks=(1, 2, 3, 4)), SEEDS)
def test_17_is_between_its_proof_and_every_network(X, seed):
    rng = np.random.default_rng(seed)
    problem = Problem(X, rng.standard_normal((len(X), 2)), 10.0 ** rng.uniform(-1, 1))
    found = solve_relaxation(problem, cover_by_simplices(X))
    assert found.relative_gap <= 1e-5
    for width in (0, 3, 30):
        network = Network(
            rng.standard_normal((width, X.shape[1])), rng.standard_normal((width, 2))
        )
        assert found.dual <= objective(problem, network) * (1 + ROUNDING)
    cells = solve_relaxation(problem, cover_by_cells(X))
    assert cells.dual <= found.value * (1 + ROUNDING)


@SLOW
@given(points(), SEEDS)
def test_grams_satisfy_the_relaxed_constraints(X, seed):
    rng = np.random.default_rng(seed)
    problem = Problem(X, rng.standard_normal((len(X), 2)), 10.0 ** rng.uniform(-2, 1))
    for cover in (cover_by_simplices(X), cover_by_cells(X)):
        found = solve_relaxation(problem, cover)
        # Rounding of a product of unit normals with U, nothing of the solver's error.
        for region, U in zip(cover.regions, found.grams, strict=True):
            allowed = 1e-14 * max(np.trace(U), 1e-300)
            assert np.linalg.eigvalsh(U)[0] >= -allowed
            assert (region.normals @ U @ region.normals.T).min(initial=0) >= -allowed


@SLOW
@given(points(), SEEDS)
def test_blocks_have_the_outputs_and_the_value_of_the_grams(X, seed):
    rng = np.random.default_rng(seed)
    problem = Problem(X, rng.standard_normal((len(X), 2)), 0.3)
    found = solve_relaxation(problem, cover_by_simplices(X))
    actives = [r.pattern[:, None] * found.cover.X for r in found.cover.regions]
    F = sum(M @ V for M, V in zip(actives, found.blocks, strict=True))
    # 1/2 |Y - F|^2 + beta/2 sum (tr 2 beta U + tr T) with [2 beta U, V; V^T, T] >= 0.
    Z = problem.Y - F
    value = 0.5 * np.vdot(Z, Z)
    for M, U, V in zip(actives, found.grams, found.blocks, strict=True):
        T = 2 / problem.beta * Z.T @ M @ U @ M.T @ Z
        block = np.block([[2 * problem.beta * U, V], [V.T, T]])
        size = max(np.trace(block), 1e-300)
        assert np.linalg.eigvalsh(block)[0] >= -1e-9 * size
        value += problem.beta / 2 * np.trace(block)
    assert np.isclose(value, found.value, rtol=1e-11)


@SLOW
@given(points(ranks=(2, 3)), SEEDS)
def test_relaxed_norm_is_between_its_sides_and_above_kappa(X, seed):
    Z = np.random.default_rng(seed).standard_normal((len(X), 2))
    pieces, cells = cover_by_simplices(X), cover_by_cells(X)
    kappa = oracle(X, Z).value
    assert kappa <= relaxed_norm(cells, Z).bound
    norm = relaxed_norm(pieces, Z)
    assert norm.value * (1 - ROUNDING) <= kappa <= norm.bound
    assert norm.bound <= norm.value * (1 + 1e-6)


@SLOW
@given(st.integers(1, 5), SEEDS)
def test_positive_cell_is_the_orthant_for_orthonormal_rows(n, seed):
    rng = np.random.default_rng(seed)
    problem = Problem(np.eye(n), rng.standard_normal((n, 2)), 0.4)
    found = solve_relaxation(problem, cover_by_positive_cell(problem.X))
    whitened = solve_whitened(problem.Y, 0.4, tolerance=1e-6)
    assert found.dual <= whitened.value * (1 + ROUNDING)
    assert whitened.proof.value <= found.value * (1 + ROUNDING)


# -- eigenvalues and whitened data


def is_positive_semidefinite(S):
    """Decide it in rational arithmetic, by symmetric elimination."""
    S = [row[:] for row in S]
    while S:
        pivot = S[0][0]
        if pivot < 0 or (pivot == 0 and any(S[0])):
            return False
        rest = range(1, len(S))
        S = [
            [S[i][j] - (S[i][0] * S[0][j] / pivot if pivot else 0) for j in rest]
            for i in rest
        ]
    return True


@SLOW
@given(st.integers(1, 7), SEEDS, st.integers(-8, 8))
def test_eigenvalue_bound_holds_in_exact_arithmetic(n, seed, exponent):
    rng = np.random.default_rng(seed)
    B = rng.standard_normal((n, rng.integers(1, n + 1)))
    S = 10.0**exponent * rng.choice([-1, 1]) * (B @ B.T)
    S = (S + S.T) / 2
    t = Fraction(bound_eigenvalue(S))
    shifted = [
        [(t if i == j else 0) - Fraction(float(S[i, j])) for j in range(n)]
        for i in range(n)
    ]
    assert is_positive_semidefinite(shifted)
    largest = np.linalg.eigvalsh(S)[-1]
    assert float(t) - largest <= 1e-12 * np.linalg.norm(S)


@SLOW
@given(st.integers(1, 8), st.integers(1, 4), SEEDS)
def test_whitened_proofs_hold_for_any_point(n, c, seed):
    rng = np.random.default_rng(seed)
    Y, beta = rng.standard_normal((n, c)), 10.0 ** rng.uniform(-2, 1)
    N = np.abs(rng.standard_normal((n, n))) * 10.0 ** rng.integers(-3, 2)
    problem = Problem(np.eye(n), Y, beta)
    for Z in (Y, rng.standard_normal((n, c))):
        proof = prove_whitened(Y, beta, Z, N + N.T)
        # Feasible: no nonnegative h sees more than beta.
        h = np.abs(rng.standard_normal((n, 100)))
        seen = np.linalg.norm(proof.Z.T @ h, axis=0) / np.linalg.norm(h, axis=0)
        assert seen.max() <= beta * (1 + ROUNDING)
        for width in (0, 2, 20):
            network = Network(
                rng.standard_normal((width, n)), rng.standard_normal((width, c))
            )
            assert proof.value <= objective(problem, network) * (1 + ROUNDING)


@SLOW
@given(st.integers(1, 8), st.integers(1, 4), SEEDS)
def test_whitened_solution_is_doubly_nonnegative_and_proved(n, c, seed):
    rng = np.random.default_rng(seed)
    Y, beta = rng.standard_normal((n, c)), 10.0 ** rng.uniform(-1, 0.5)
    found = solve_whitened(Y, beta, tolerance=1e-4)
    assert found.converged
    assert found.proof.value <= found.value * (1 + ROUNDING)
    assert (found.W >= 0).all()
    assert np.linalg.eigvalsh(found.W)[0] >= -1e-12 * max(np.trace(found.W), 1e-300)
    Z = np.linalg.solve(np.eye(n) + 2 * found.W, Y)
    value = 0.5 * np.vdot(Z, Y) + beta**2 * np.trace(found.W)
    assert np.isclose(found.value, value, rtol=ROUNDING)


@SLOW
@given(st.integers(1, 6), SEEDS)
def test_whitened_problem_depends_on_the_kernel_of_targets_only(n, seed):
    rng = np.random.default_rng(seed)
    Y = rng.standard_normal((n, 2))
    rotated = Y @ np.linalg.qr(rng.standard_normal((5, 2)))[0].T
    one, other = (solve_whitened(M, 0.5, tolerance=1e-6) for M in (Y, rotated))
    assert one.proof.value <= other.value * (1 + ROUNDING)
    assert other.proof.value <= one.value * (1 + ROUNDING)


@SLOW
@given(SEEDS)
def test_dual_value_is_below_the_exact_one(seed):
    rng = np.random.default_rng(seed)
    Y, Z = rng.standard_normal((2, 20, 3)) * 10.0 ** rng.uniform(-3, 3, (2, 1, 1))
    exact = sum(
        Fraction(float(z)) * Fraction(float(y)) - Fraction(float(z)) ** 2 / 2
        for z, y in zip(Z.ravel(), Y.ravel(), strict=True)
    )
    assert Fraction(SQUARED.dual(Z, Y)) <= exact
