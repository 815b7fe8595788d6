"""The restricted master problem: the best output weights of given neurons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from lib.conic import ConicPoint, ConicProgram, solve_interior
from lib.losses import Squared
from lib.master.fit import Fit
from lib.numerics import EPS, Array

MASTER_TOLERANCE = 1e-11
"""Relative gap asked of the interior point solver. It only guides the search:
certificates are computed from the network that comes out."""

NEWTON_STEPS = 200
"""Most steps of the primal-dual method; 20 to 60 are usual."""

CENTRED = 0.1
"""The norm is sharpened when Newton promises less than this share of the change."""

JITTERS = 10.0 ** np.arange(-14, 0)
"""Added to a Hessian of unit diagonal until it can be factored."""

SHARPEST = 1e-12
"""Last smoothing of the norm, in units of the first."""

SETTLED = 1e-13
"""Relative decrease that Newton's step promises when the last smoothing is solved."""


def output_weights(fit: Fit, beta: float) -> Array:
    """Minimise ``loss(H V, Y) + beta sum_k |v_k|`` over V, (m, c).

    This is (5) with the input weights held at unit vectors whose activations are
    the columns of H. The squared loss is a second-order cone program
    (:func:`group_lasso`). For the others the norm is smoothed,
    ``sqrt(|v|^2 + e^2)``, and e goes to zero along the primal-dual Newton path of
    Chan, Golub and Mulet (1999), which keeps converging where plain Newton does not.

    Parameters
    ----------
    fit : Fit
        The activations, targets and loss.
    beta : float

    Returns
    -------
    (m, c) array
        Groups that are zero at the optimum come out tiny, not zero.

    Notes
    -----
    The master problem of section 3.2 for a general loss. O((m c)^3) a step.
    """
    if type(fit.loss) is Squared:
        return group_lasso(fit.gram, fit.H.T @ fit.Y, beta)
    unit = np.linalg.norm(fit.H, axis=0)
    unit = np.where(unit > 0, unit, 1.0)
    scaled = Fit(fit.H / unit, fit.Y, fit.loss)
    return _primal_dual(scaled, beta / unit) / unit[:, None]


@dataclass(frozen=True, eq=False)
class _Smoothed:
    """The smoothed objective at V: its value, gradient, norms and outputs."""

    V: Array
    value: float
    gradient: Array
    norms: Array
    F: Array


def _smoothed(fit: Fit, weights: Array, V: Array, e: float) -> _Smoothed:
    """Evaluate ``loss + sum_k w_k sqrt(|v_k|^2 + e^2)``."""
    loss, M, F = fit.slope(V)
    norms = np.sqrt((V * V).sum(axis=1) + e * e)
    gradient = M + (weights / norms)[:, None] * V
    return _Smoothed(V, loss + float(weights @ norms), gradient, norms, F)


def _primal_dual(fit: Fit, weights: Array) -> Array:
    """Follow the smoothed solutions as e goes to zero."""
    m, c = fit.H.shape[1], fit.Y.shape[1]
    V, dual = np.zeros((m, c)), np.zeros((m, c))
    _, M, F = fit.slope(V)
    steep = float(np.linalg.norm(M, axis=1).max())
    if steep <= weights.min():
        return V
    first = e = steep / max(np.trace(fit.curvature(F)[0, 0]) / m, 1e-3)
    was_stuck = False
    for _ in range(NEWTON_STEPS):
        here = _smoothed(fit, weights, V, e)
        step = _newton_step(fit, weights, here, dual)
        promise = -float(np.vdot(here.gradient, step))
        share = _line_search(fit, weights, here, step, e)
        V = V + share * step
        # Where the path was lost, plain Newton takes over: it always descends.
        dual = _dual_step(dual, here, step) if share > 0.1 else _plain_dual(V, e)
        # Two steps in a row that gain nothing are at the level of rounding.
        stuck, settled = share == 0.0, promise <= SETTLED * abs(here.value)
        settled, was_stuck = settled or (stuck and was_stuck), stuck
        if settled and e <= SHARPEST * first:
            break
        if settled or promise <= CENTRED * e * weights.sum():
            e = max(0.1 * e, SHARPEST * first)
    return V


def _plain_dual(V: Array, e: float) -> Array:
    """Return ``v / sqrt(|v|^2 + e^2)``, for which the step is plain Newton's."""
    return V / np.sqrt((V * V).sum(axis=1, keepdims=True) + e * e)


def _newton_step(fit: Fit, weights: Array, here: _Smoothed, dual: Array) -> Array:
    """Solve the linearised optimality conditions for the step of V."""
    m, c = here.V.shape
    C = fit.curvature(here.F)
    H = C.transpose(2, 0, 3, 1).copy()  # (m, c, m, c)
    unit = here.V / here.norms[:, None]
    cross = dual[:, :, None] * unit[:, None, :]
    bend = np.eye(c) - 0.5 * (cross + cross.transpose(0, 2, 1))
    H[range(m), :, range(m), :] += (weights / here.norms)[:, None, None] * bend
    H = H.reshape(m * c, m * c)
    # A loss can be straight along a weight; so can its norm, to rounding.
    bends = np.diag(H)
    unit = 1.0 / np.sqrt(np.maximum(bends, EPS * bends.max() or 1.0))
    H *= unit[:, None] * unit
    gradient = here.gradient.ravel() * unit
    for jitter in JITTERS:
        try:
            factor = cho_factor(H + jitter * np.eye(len(H)), check_finite=False)
        except LinAlgError:
            continue
        return -(unit * cho_solve(factor, gradient)).reshape(m, c)
    return -(unit * gradient).reshape(m, c)


def _line_search(
    fit: Fit, weights: Array, here: _Smoothed, step: Array, e: float
) -> float:
    """Return the largest of 1, 1/2, 1/4 ... that lowers the objective, else 0."""
    slope = float(np.vdot(here.gradient, step))
    for halvings in range(40):
        share = 0.5**halvings
        there = _smoothed(fit, weights, here.V + share * step, e)
        if there.value <= here.value + 1e-4 * share * slope:
            return share
    return 0.0


def _dual_step(dual: Array, here: _Smoothed, step: Array) -> Array:
    """Move the unit vectors that stand for ``v / |v|``, kept inside the ball."""
    norms = here.norms[:, None]
    turn = (step - dual * (here.V * step).sum(axis=1, keepdims=True) / norms) / norms
    moved = here.V / norms + turn
    length = np.linalg.norm(moved, axis=1, keepdims=True)
    return moved / np.maximum(length, 1.0)


def group_lasso(gram: Array, target: Array, beta: float) -> Array:
    """Minimise ``1/2 <V, G V> - <T, V> + beta sum_k |v_k|`` over V, (m, c).

    With ``G = H^T H`` and ``T = H^T Y`` this is (5) with the input weights held
    at unit vectors whose activations are the columns of H: a group lasso. It is
    a second-order cone program and goes to an interior point solver, which does
    not mind nearly equal columns.

    Parameters
    ----------
    gram : (m, m) array
        Positive semidefinite.
    target : (m, c) array
    beta : float

    Returns
    -------
    (m, c) array
        Optimal up to the solver's accuracy, about ``MASTER_TOLERANCE``; exactly
        zero rows are not to be expected. V = 0 where the solver gives up at a point
        that is no better.

    Notes
    -----
    O((m c)^3) an interior point step, whatever the number of samples was.
    """
    m, c = target.shape
    # Unit columns, and one scale for the data, so that the solver's absolute
    # tolerances mean the same at every size of X and Y: V = scale V' / unit.
    unit = np.sqrt(np.diag(gram))
    unit = np.where(unit > 0, unit, 1.0)  # a column of zeros stays one
    scale = np.abs(target / unit[:, None]).max()
    if scale == 0.0:
        return np.zeros((m, c))
    inner = gram / np.outer(unit, unit)
    T, weights = target / unit[:, None] / scale, beta / unit / scale
    solution = _cone_program(inner, T, weights)
    V = solution.x[: m * c].reshape(m, c)
    value = 0.5 * np.vdot(V, inner @ V) - np.vdot(T, V)
    value += weights @ np.linalg.norm(V, axis=1)
    # The solver may give up, with numbers that are none.
    return V * scale / unit[:, None] if value < 0 else np.zeros((m, c))


def _cone_program(gram: Array, target: Array, weights: Array) -> ConicPoint:
    """Solve ``min 1/2 <V, G V> - <T, V> + w . t`` with ``|v_k| <= t_k``."""
    m, c = target.shape
    quadratic = sparse.block_diag(
        [sparse.kron(np.triu(gram), sparse.eye(c)), sparse.csc_matrix((m, m))],
        format="csc",
    )
    linear = np.concatenate([-target.ravel(), weights])
    # Rows of (t_k, v_k), cone by cone, each with a minus sign: s = (t, v).
    picks = np.column_stack(
        [m * c + np.arange(m)] + [np.arange(m) * c + k for k in range(c)]
    ).ravel()
    selection = sparse.csc_matrix(
        (-np.ones(m * (c + 1)), (np.arange(m * (c + 1)), picks))
    )
    norms = (c + 1,) * m
    program = ConicProgram(
        quadratic, linear, selection, np.zeros(m * (c + 1)), norms=norms
    )
    return solve_interior(program, tolerance=MASTER_TOLERANCE)
