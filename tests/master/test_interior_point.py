"""The convex master against Clarabel on (17), and its dual point against the oracle."""

import numpy as np
import pytest

from lib.certificate.weak_duality import from_dual_point
from lib.cone_pca import Oracle
from lib.copositive import cover_by_simplices, solve_relaxation
from lib.losses import get_loss
from lib.master.interior_point import Piece, solve_master
from lib.master.pieces import Pieces, ridge
from lib.problem import Network, Problem, objective

ACCURACY = 1e-9
"""Relative gap asked of the master."""

AGREED = 1e-7
"""Relative difference allowed: Clarabel's accuracy in (17)."""


def problem_of(loss="squared", d=2, pooling=1, beta=0.1, n=9):
    rng = np.random.default_rng(d + 10 * pooling)
    X = rng.standard_normal((n * pooling, d))
    Y = rng.standard_normal((n, 2))
    if get_loss(loss).name in ("softmax", "logistic"):
        Y = np.eye(2)[rng.integers(0, 2, n)]
    return Problem(X, Y, beta, loss=get_loss(loss), pooling=pooling)


def all_pieces(problem):
    regions = cover_by_simplices(problem.X).regions
    rays = [region.basis for region in regions]
    return [Piece(W, problem.features(W.T)) for W in rays]


@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("beta", [1e-3, 0.1, 1.0])
def test_value_is_that_of_17_by_another_solver(d, beta):
    problem = problem_of(d=d, beta=beta)
    point = solve_master(problem, all_pieces(problem), tolerance=ACCURACY)
    value = solve_relaxation(problem, cover_by_simplices(problem.X)).value
    assert problem.loss.dual(point.Z, problem.Y) == pytest.approx(value, rel=AGREED)


@pytest.mark.parametrize("loss", ["squared", "huber", "logistic", "softmax"])
@pytest.mark.parametrize("pooling", [1, 3])
def test_dual_point_and_recovered_network_close_the_gap(loss, pooling):
    problem = problem_of(loss, pooling=pooling)
    ask = Oracle(problem.X)
    pieces = Pieces(problem)
    for u in np.vstack([ask(problem.spread(problem.Y)).candidates, np.eye(2)]):
        pieces.add(u)
    for _ in range(40):
        point = solve_master(problem, list(pieces), tolerance=ACCURACY)
        found = ask(problem.spread(point.Z))
        if found.value <= problem.beta * (1 + ACCURACY):
            break
        for u in found.candidates[found.candidate_values > problem.beta]:
            pieces.add(u)
    U = pieces.inputs(point, ACCURACY)
    network = Network(U, ridge(problem, U)).balanced()
    proof = from_dual_point(problem, objective(problem, network), point.Z, ask)
    assert 0 <= proof.relative_gap <= 1e-7


def test_more_samples_than_rays_give_the_same_dual_point():
    rng = np.random.default_rng(3)
    X = rng.standard_normal((40, 2))
    problem = Problem(X, rng.standard_normal((40, 2)), 0.5)
    W = np.linalg.qr(rng.standard_normal((2, 2)))[0]
    rays = [W[:, :1], W[:, 1:], -W[:, :1]]
    pieces = [Piece(w, problem.features(w.T)) for w in rays]
    Z = solve_master(problem, pieces, tolerance=1e-11).Z
    H = np.hstack([piece.active for piece in pieces])
    # The residual of the best output weights of three neurons, by coordinate descent.
    V = np.zeros((3, 2))
    for _ in range(3000):
        for k in range(3):
            R = problem.Y - H @ V + np.outer(H[:, k], V[k])
            pull = H[:, k] @ R
            size = np.linalg.norm(pull)
            V[k] = max(1 - problem.beta / size, 0) * pull / (H[:, k] @ H[:, k])
    # The dual is strongly concave: Z errs by at most the root of twice the gap.
    error = np.sqrt(2 * 1e-11 * problem.loss.value(0 * problem.Y, problem.Y))
    np.testing.assert_allclose(Z, problem.Y - H @ V, rtol=0, atol=error)


@pytest.mark.parametrize("loss", ["squared", "huber", "logistic", "softmax"])
def test_ridge_is_stationary_and_no_start_is_better(loss):
    problem = problem_of(loss)
    U = np.random.default_rng(5).standard_normal((4, 2))
    V, H = ridge(problem, U), problem.features(U)
    slope = problem.beta * V - H.T @ problem.loss.residual(H @ V, problem.Y)
    assert np.abs(slope).max() <= 1e-12 * np.abs(H).sum()
