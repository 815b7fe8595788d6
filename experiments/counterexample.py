"""Where (19) and (20) are not tight: a cell with five facets, and five white samples.

The paper says that (19) equals (17) for d <= 4, since doubly nonnegative matrices of
size 4 are completely positive. That argument is about cones with at most four
facets; a cell in three dimensions can have more.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from experiments.result import CertifiedResult
from lib.copositive import (
    Relaxation,
    cover_by_cells,
    cover_by_simplices,
    relaxed_norm,
    solve_relaxation,
    solve_whitened,
)
from lib.copositive.relaxation import RelaxedNorm
from lib.frank_wolfe import solve
from lib.numerics import Array
from lib.problem import Problem

SQUARED_NORM = 1 - 1 / np.sqrt(5.0)
"""``kappa(Y)^2 = 0.55279``: the largest of ``u_1^2 + u_2^2`` in the pentagon cone."""

RELAXED_SQUARED_NORM = 2 / 3
"""What the relaxation takes for it: ``0.66667``."""


@dataclass(frozen=True, eq=False)
class Pentagon:
    """The counterexample at one beta.

    Parameters
    ----------
    problem : Problem
    norm : RelaxedNorm
        ``kappa(Y)`` over simplicial pieces: exact.
    relaxed : RelaxedNorm
        The same over cells: what (19) uses.
    printed : Relaxation
        (19) over the cells.
    repaired : Relaxation
        (17) over simplicial pieces.
    """

    problem: Problem
    norm: RelaxedNorm
    relaxed: RelaxedNorm
    printed: Relaxation
    repaired: Relaxation

    @property
    def optimum(self) -> float:
        """``p* = |Y|^2 / 2`` if beta >= kappa(Y): no network beats the zero one."""
        if self.problem.beta < np.sqrt(SQUARED_NORM):
            raise ValueError(
                f"p* is known in closed form for beta >= {np.sqrt(SQUARED_NORM):.5f} "
                f"only; got beta = {self.problem.beta}. Read repaired.value."
            )
        return 0.5 * float(np.vdot(self.problem.Y, self.problem.Y))

    @property
    def relaxed_optimum(self) -> float:
        """Value of (19) at ``U = t I / 3`` in the all-active cell, the best t.

        ``|Y|^2 / 2 (1 - (1 - beta / m)^2)`` with ``m^2 = 2/3``, for beta <= m.
        """
        ratio = min(self.problem.beta / np.sqrt(RELAXED_SQUARED_NORM), 1.0)
        return (
            0.5 * float(np.vdot(self.problem.Y, self.problem.Y)) * ratio * (2 - ratio)
        )


def pentagon_data() -> tuple[Array, Array]:
    """Return five samples in three dimensions and two outputs.

    ``x_k = (s cos(2 pi k/5), s sin(2 pi k/5), 1)`` with ``s^2 = -1 / cos(4 pi/5)``, so
    that ``x_k . x_l = 0`` for samples that are not neighbours, and
    ``Y = X (X^T X)^-1 [e_1 e_2]``, so that ``Y^T X = [e_1 e_2]^T``.

    Returns
    -------
    X : (5, 3) array
    Y : (5, 2) array
    """
    s = np.sqrt(-1 / np.cos(4 * np.pi / 5))
    X = np.column_stack([s * regular_pentagon(), np.ones(5)])
    return X, np.linalg.solve(X.T @ X, X.T).T[:, :2]


def regular_pentagon() -> Array:
    """Return the corners of a regular pentagon on the unit circle, (5, 2)."""
    angles = 2 * np.pi * np.arange(5) / 5
    return np.column_stack([np.cos(angles), np.sin(angles)])


def pentagon(beta: float = 0.78) -> Pentagon:
    """Run the counterexample: (19) below p* in three dimensions, and its repair.

    **Theorem.** For the data of :func:`pentagon_data` and
    ``sqrt(1 - 1/sqrt 5) <= beta < sqrt(2/3)`` the zero network is optimal,
    ``p* = |Y|^2 / 2``, and (19) is strictly below.

    *Proof.* In the all-active cell ``|Y^T X u|^2 = u_1^2 + u_2^2``.

    The cell meets the plane ``u_3 = 1`` in a regular pentagon with inradius 1/s and
    squared circumradius ``R^2 = 1 / (s cos(pi/5))^2 = 1/cos(pi/5) = sqrt 5 - 1``. So
    ``u_1^2 + u_2^2`` over unit u is largest at its corners:
    ``R^2 / (1 + R^2) = 1 - 1/sqrt 5``.

    The relaxation maximises ``U_11 + U_22`` over ``U >= 0``, ``tr U = 1``,
    ``X U X^T >= 0`` entrywise. Averaging over the symmetries of the pentagon keeps
    all of this, so U = diag(a, a, b) without loss, and the inequalities read
    ``a s^2 cos(2 pi (k - l) / 5) + b >= 0``: the worst, ``cos(4 pi/5)``, says b >= a.
    With ``2a + b = 1`` the maximum is ``2a = 2/3``, at U = I/3.

    (The other cells reach less than ``1 - 1/sqrt 5``; ``norm.bound`` proves it with a
    multiplier for every piece of every cell.) So kappa(Y) <= beta, Z = Y is feasible
    for (11) and ``p* >= |Y|^2 / 2``, the value of the zero network. In (19),
    ``U = t I/3`` in this cell has the value
    ``1/2 |Y|^2 / (1 + 5 s^2 t / 3) + beta^2 t``, whose slope at t = 0 is
    ``beta^2 - 2/3 < 0``, and whose least value is
    ``p* (1 - (1 - beta / sqrt(2/3))^2) < p*``. QED

    **Repair.** Split each cell into simplicial cones with rays W. Their hulls of
    ``u u^T`` are ``W S W^T``, S completely positive of size r, hence doubly
    nonnegative for r <= 4: see :func:`lib.copositive.cover_by_simplices`. So
    for every X of rank at most 4 the relaxation over pieces is p*.

    Parameters
    ----------
    beta : float
        Between 0.7435 and 0.8165 the zero network is optimal and (19) denies it.

    Returns
    -------
    Pentagon
        Both programs solved, with proved bounds.

    Examples
    --------
    >>> result = pentagon(0.78)
    >>> bool(result.printed.value < result.optimum * (1 - 1e-3))
    True
    >>> bool(abs(result.repaired.value / result.optimum - 1) < 1e-6)
    True
    """
    X, Y = pentagon_data()
    problem = Problem(X, Y, beta)
    cells, pieces = cover_by_cells(X), cover_by_simplices(X)
    return Pentagon(
        problem,
        relaxed_norm(pieces, Y),
        relaxed_norm(cells, Y),
        solve_relaxation(problem, cells),
        solve_relaxation(problem, pieces),
    )


@dataclass(frozen=True, eq=False)
class FiveSamples(CertifiedResult):
    """(20) against certified networks on ``X = I_5``.

    Parameters
    ----------
    Y : (5, c) array
    betas : (k,) array
    primal, dual : (k,) arrays
        Of the best networks, and the bounds proved.
    relaxed, ceiling : (k,) arrays
        Value of (20), and what p* is at most by it alone.
    """

    Y: Array
    betas: Array
    primal: Array
    dual: Array
    relaxed: Array
    ceiling: Array


def five_samples(outputs: int, betas: Sequence[float]) -> FiveSamples:
    """Solve (20) and (5) on five whitened samples for which (20) is loose.

    Parameters
    ----------
    outputs : {2, 3}
        Two: the corners of a regular pentagon. Three: ``P (L + 0.3 I)`` for the DNN
        matrix ``P L P^T = (cos(2 pi (k - l) / 5) - cos(4 pi / 5))``, which is not CP.
    betas : (k,) sequence
    """
    Y = regular_pentagon()
    if outputs == 3:
        sizes, P = np.linalg.eigh(Y @ Y.T - np.cos(4 * np.pi / 5))
        Y = P[:, 2:] * (sizes[2:] + 0.3)
    proofs = [solve(Problem(np.eye(5), Y, beta)).certificate for beta in betas]
    found = [solve_whitened(Y, beta, tolerance=1e-9) for beta in betas]
    return FiveSamples(
        Y,
        np.asarray(betas, dtype=float),
        np.array([proof.primal for proof in proofs]),
        np.array([proof.dual for proof in proofs]),
        np.array([program.value for program in found]),
        np.array([program.ceiling for program in found]),
    )
