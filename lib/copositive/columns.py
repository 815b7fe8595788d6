"""(17) where pieces are too many to list: column generation, priced by the oracle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from lib.certificate import Round
from lib.certificate.solution import REACHED
from lib.certificate.weak_duality import from_dual_point
from lib.cone_pca import AnyOracle, Maximum
from lib.cone_pca.kappa import Clock, oracle_for
from lib.copositive.bounds import DualPoint, ProvedValue
from lib.copositive.cover import EXACT_RANK, Cover, Region, split_cell
from lib.copositive.relaxation import Relaxation, solve_relaxation
from lib.losses import require_squared
from lib.master.pieces import Pieces
from lib.numerics import Array, on_one_thread
from lib.problem import Problem, reduce_rank
from lib.problem.problem import require_limits

NEW_CELLS = 32
"""Most local maxima whose pieces join in a round; more make the program slower."""

ACTIVE = 1e-8
"""Share of the trace above which a piece counts as used: the interior point method
leaves about 1e-9 in pieces without neurons."""


@dataclass(frozen=True, eq=False)
class Columns:
    """(17) solved on the pieces that matter.

    Parameters
    ----------
    solution : Relaxation
        Its cover holds the pieces looked at, and its ``value`` is feasible in (17).
        ``proof`` is made by the oracle over *all* pieces, without multipliers:
        ``dual <= p* <= value``.
    history : tuple of Round
    converged : bool
    status : str
        A sentence that says why it stopped.
    """

    solution: Relaxation
    history: tuple[Round, ...]
    converged: bool
    status: str

    @property
    def used(self) -> int:
        """How many pieces the solution uses."""
        traces = np.array([np.trace(U) for U in self.solution.grams])
        return int((traces > ACTIVE * traces.sum()).sum())


@on_one_thread
def solve_by_columns(
    problem: Problem,
    *,
    tolerance: float = 1e-6,
    rounds: int = 100,
    seconds: float = np.inf,
    bound: AnyOracle | None = None,
    progress: Callable[[Round], None] | None = None,
) -> Columns:
    """Solve (17) on few pieces, adding those that the dual point asks for.

    The program over some pieces is a restriction of (17): its value is at least p*.
    Its dual point Z satisfies ``|Z^T h(u)| <= beta`` on these pieces only. The oracle
    maximises over all directions, and so over all pieces: at rank up to 4 the
    relaxed norm of a piece is the norm itself. Each local maximum above beta names
    a cell, and the pieces of it that hold the maximum join the program. Z, scaled by
    the oracle's bound, is feasible for (11) and proves a lower bound of p*.

    Parameters
    ----------
    problem : Problem
        Squared loss, rank at most 4, any pooling.
    tolerance : float
        Relative gap at which to stop.
    rounds : int
        Most programs to solve.
    seconds : float
        Most time; it is looked at between programs and in the oracle.
    bound : callable, optional
        An oracle made for the problem's X; ``Oracle(problem.X)`` by default.
    progress : callable, optional
        Called with each :class:`lib.certificate.Round`.

    Returns
    -------
    Columns
        Not converging is a status, not an error: both bounds are valid.

    Raises
    ------
    ValueError
        If the rank is above 4, where pieces relax (17), if the loss is not squared,
        if a limit is not positive, or as :func:`split_cell`.

    Notes
    -----
    Equation (17) with the pieces of :func:`cover_by_simplices`. A round costs an
    oracle call and an interior point method over the pieces so far.
    """
    require_limits("solve_by_columns", tolerance=tolerance, rounds=rounds)
    require_squared("solve_by_columns", problem.loss)
    clock = Clock(seconds)
    master = _Master(problem, oracle_for(problem.X, bound, clock))
    master.price(problem.Y, everything=True)
    history: list[Round] = []
    status = f"The limit of {rounds} rounds was reached."
    for _ in range(rounds):
        master.solve()
        kappa, fresh = master.price(master.Z)
        size = len(master.best.cover)
        history.append(Round(master.value, master.dual, kappa.value, size))
        if progress is not None:
            progress(history[-1])
        if master.relative_gap <= tolerance:
            status = REACHED
            break
        if not fresh:
            status = "The oracle names no further piece: the rest is solver error."
            break
        if clock.over:
            status = clock.status
            break
    best = replace(master.best, proof=master.proof, looseness=1.0)
    return Columns(best, tuple(history), master.relative_gap <= tolerance, status)


class _Master(ProvedValue):
    """The pieces so far, the program over them, and the best of both sides."""

    def __init__(self, problem: Problem, bound: AnyOracle) -> None:
        self.problem, self.bound = problem, bound
        self.reduced = reduce_rank(problem.X)
        X = self.reduced.coordinates
        if X.shape[1] > EXACT_RANK or not X.any():
            raise ValueError(
                f"solve_by_columns needs X of rank 1 to {EXACT_RANK}; got X "
                f"{problem.X.shape} of rank {X.shape[1] if X.any() else 0}. Use "
                "lib.frank_wolfe.solve, which takes any rank."
            )
        self.pieces = Pieces(replace(problem, X=X))
        self.regions: list[Region] = []
        self.best: Relaxation | None = None
        self.value = np.inf
        self.proof = DualPoint(np.zeros_like(problem.Y), (), 0.0, 0.0)
        self.Z = problem.Y

    def solve(self) -> None:
        """Solve the program over the pieces so far; keep the better solution."""
        X = self.reduced.coordinates
        for piece in list(self.pieces)[len(self.regions) :]:  # a region each, none goes
            pattern = X @ piece.rays.sum(axis=1) >= 0
            self.regions += split_cell(pattern, piece.rays.T, self.pieces.normals)
        cover = Cover(self.reduced, tuple(self.regions), exact=False)
        found = solve_relaxation(self.problem, cover)
        # The proof of the program scales Z down; the oracle is asked of Z itself.
        self.Z = found.proof.Z * max(found.proof.kappa_bound / self.problem.beta, 1.0)
        if found.value <= self.value:
            self.best, self.value = found, found.value

    def price(self, Z: Array, *, everything: bool = False) -> tuple[Maximum, int]:
        """Prove what Z proves and add pieces; return kappa and how many are new."""
        told = from_dual_point(self.problem, np.inf, Z, self.bound)
        kappa = told.kappa
        if told.dual > self.dual:
            self.proof = DualPoint(told.Z, (), kappa.bound, told.dual)
        wanted = (kappa.candidate_values > self.problem.beta) | everything
        before = len(self.pieces)
        for u in (kappa.candidates[wanted] @ self.reduced.basis)[:NEW_CELLS]:
            self.pieces.add(u)
        return kappa, len(self.pieces) - before
