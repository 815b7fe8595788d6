"""The door to the solvers: packed matrices, small programs by hand, and failures."""

import numpy as np
import pytest
from scipy import sparse

from lib.conic import (
    INTERIOR_TOLERANCE,
    SPLITTING_TOLERANCE,
    ConicProgram,
    SolverFailure,
    block_cost,
    block_outputs,
    failures_of,
    pack,
    packed_size,
    products,
    solve_interior,
    solve_splitting,
    unpack,
)

SOLVERS = [
    (solve_interior, INTERIOR_TOLERANCE),
    (solve_splitting, SPLITTING_TOLERANCE),
]
each_solver = pytest.mark.parametrize(("solve", "accuracy"), SOLVERS)


def symmetric(rng, size):
    """Draw a symmetric matrix."""
    S = rng.standard_normal((size, size))
    return S + S.T


def least_trace(M):
    """Return ``min tr S`` over psd S with the off-diagonal entries of M, packed."""
    size, upper = len(M), np.triu_indices(len(M), 1)
    equal = sparse.csc_matrix(products(np.eye(size)))
    A = sparse.vstack([equal, -sparse.eye(packed_size(size))], format="csc")
    b = np.concatenate([M[upper], np.zeros(packed_size(size))])
    q = pack(np.eye(size))
    return ConicProgram(None, q, A, b, zeros=equal.shape[0], matrices=(size,))


def test_packed_matrices_keep_inner_products_and_come_back():
    rng = np.random.default_rng(0)
    S, T = symmetric(rng, 4), symmetric(rng, 4)
    assert len(pack(S)) == packed_size(4) == 10
    assert pack(S) @ pack(T) == pytest.approx(np.vdot(S, T), rel=1e-14)
    np.testing.assert_allclose(unpack(pack(S), 4), S, rtol=1e-15)


def test_products_are_the_forms_of_pairs_of_rows():
    rng = np.random.default_rng(1)
    rows, S = rng.standard_normal((3, 4)), symmetric(rng, 4)
    form = rows @ S @ rows.T
    np.testing.assert_allclose(products(rows) @ pack(S), form[np.triu_indices(3, 1)])


def test_blocks_give_outputs_and_cost():
    rng = np.random.default_rng(2)
    block, M, W = symmetric(rng, 5), rng.standard_normal((4, 3)), np.eye(3) + 0.1
    S, V, T = block[:3, :3], block[:3, 3:], block[3:, 3:]
    np.testing.assert_allclose(block_outputs(M, 2) @ pack(block), (M @ V).ravel())
    cost = (np.trace(W @ S @ W.T) + np.trace(T)) / 2
    assert block_cost(W, 2) @ pack(block) == pytest.approx(cost)


@each_solver
def test_both_solvers_find_the_least_trace_of_order_two(solve, accuracy):
    # [a, 3; 3, b] is psd for a b >= 9, so a + b >= 6.
    point = solve(least_trace(np.array([[0.0, 3.0], [3.0, 0.0]])))
    assert point.solved
    assert "olved" in point.status.split(": ")[1]
    np.testing.assert_allclose(unpack(point.x, 2), 3.0, rtol=1e2 * accuracy)
    assert point.bound == pytest.approx(6.0, rel=1e2 * accuracy)


def test_norm_cones_bound_lengths():
    # max x + y over |(x, y)| <= 1 is sqrt 2; the first row is the constant 1.
    A = sparse.csc_matrix(np.vstack([np.zeros(2), -np.eye(2)]))
    b = np.array([1.0, 0.0, 0.0])
    point = solve_interior(ConicProgram(None, -np.ones(2), A, b, norms=(3,)))
    np.testing.assert_allclose(point.x, np.sqrt(0.5), rtol=1e-8)
    assert point.bound == pytest.approx(-np.sqrt(2), rel=1e-8)


def test_limit_reached_is_a_status():
    program = least_trace(np.array([[0.0, np.nan], [np.nan, 0.0]]))
    point = solve_interior(program)
    assert not point.solved
    assert point.status.startswith("Clarabel: ")


@pytest.mark.parametrize(
    ("solve", "name"), [(solve_interior, "Clarabel"), (solve_splitting, "SCS")]
)
def test_refused_program_names_solver_and_size(solve, name):
    A = sparse.csc_matrix(-np.eye(2))
    wrong = ConicProgram(None, np.ones(2), A, np.zeros(3), nonnegative=3)
    if solve is solve_splitting:
        wrong = ConicProgram(None, np.ones(2), A, np.full(2, np.nan), zeros=2)
        wrong.q[0] = np.nan
    with pytest.raises(
        SolverFailure, match=rf"{name} must solve a .* of 2 unknowns; it"
    ):
        solve(wrong)


def test_panic_is_a_failure_and_an_interrupt_is_not():
    panic = type("PanicException", (BaseException,), {})
    words = "PanicException: index out of bounds"
    with pytest.raises(SolverFailure, match=words), failures_of("Clarabel", 3):
        raise panic("index out of bounds")
    with pytest.raises(KeyboardInterrupt), failures_of("Clarabel", 3):
        raise KeyboardInterrupt
