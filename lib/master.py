"""The restricted master problem: the best output weights of given neurons."""

from __future__ import annotations

import clarabel
import numpy as np
from scipy import sparse

from lib.problem import Array

MASTER_TOLERANCE = 1e-11
"""Relative gap asked of the interior point solver. It only guides the search:
certificates are computed from the network that comes out."""

SOLVED = ("Solved", "AlmostSolved")
"""Verdicts of the interior point solver whose point can be used as it is."""


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
        zero rows are not to be expected.

    Raises
    ------
    RuntimeError
        If the solver gives up at a point that is no better than V = 0.

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
    V = np.array(solution.x[: m * c]).reshape(m, c)
    value = 0.5 * np.vdot(V, inner @ V) - np.vdot(T, V)
    value += weights @ np.linalg.norm(V, axis=1)
    if str(solution.status) not in SOLVED and not value < 0:
        raise RuntimeError(
            f"The master problem over {m} neurons was not solved: {solution.status}. "
            "Scale the columns of X and Y to comparable sizes."
        )
    return V * scale / unit[:, None]


def _cone_program(gram: Array, target: Array, weights: Array) -> object:
    """Solve ``min 1/2 <V, G V> - <T, V> + w . t`` with ``|v_k| <= t_k``."""
    m, c = target.shape
    quadratic = sparse.block_diag(
        [sparse.kron(sparse.triu(gram), sparse.eye(c)), sparse.csc_matrix((m, m))],
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
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_threads = 1  # the same numbers on every machine
    settings.tol_gap_abs = settings.tol_gap_rel = MASTER_TOLERANCE
    settings.tol_feas = MASTER_TOLERANCE
    cones = [clarabel.SecondOrderConeT(c + 1)] * m
    solver = clarabel.DefaultSolver(
        quadratic, linear, selection, np.zeros(m * (c + 1)), cones, settings
    )
    return solver.solve()
