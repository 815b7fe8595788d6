"""The dual (73) by cutting planes: appendix A.5, with bounds from both sides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from lib.certificate import Certificate, Round, Solution
from lib.certificate.solution import REACHED
from lib.certificate.weak_duality import from_dual_point
from lib.cone_pca import AnyOracle, Maximum
from lib.cone_pca.kappa import Clock, oracle_for
from lib.cone_pca.maximum import silent
from lib.cutting_plane.barrier import Barrier, Cuts, analytic_centre
from lib.losses import require_squared
from lib.master.group_lasso import group_lasso
from lib.numerics import Array, on_one_thread, unit_rows
from lib.problem import Network, Problem, objective
from lib.problem.problem import require_limits

DEFAULT_TOLERANCE = 1e-6
"""Relative gap at which to stop: that of the book's comparison."""

ROOM = 1e-2
"""A start lies this share inside the cuts, or the relative gap if that is less, and
the ball is widened by this share of the gap to hold it."""


@dataclass(frozen=True, eq=False)
class Model:
    """All cuts so far, the last question, and the best of both sides.

    Parameters
    ----------
    problem : Problem
    U : (m, d) array
        Unit directions of the cuts.
    cuts : Cuts
        Their activations and outputs.
    Z : (n, c) array
        The point asked last.
    network : Network
        The best network so far.
    proof : Certificate
        Its value and the best dual point.
    """

    problem: Problem
    U: Array
    cuts: Cuts
    Z: Array
    network: Network
    proof: Certificate


class Rule(Protocol):
    """How a cutting plane method chooses its next question."""

    linear: bool
    """Whether cuts are linear, ``<h g^T, Z> <= beta``, or cones."""

    def propose(self, model: Model) -> tuple[Array, Array]:
        """Return the next Z, (n, c), and output weights V, (m, c), for the cuts."""


@dataclass(frozen=True)
class Centre:
    """Ask at the analytic centre of the Z that may still be optimal (A.5).

    They lie inside all cuts and in the ball of better dual values than the best
    known. No primal problem is solved: the forces of the cuts at the centre are the
    output weights of a network.

    Parameters
    ----------
    linear : bool
        True for cuts ``<h g^T, Z> <= beta``, as A.5 has it; a direction then comes
        back for each other g. False for cones ``|Z^T h| <= beta``, which settle a
        direction for good.
    """

    linear: bool = False

    def propose(self, model: Model) -> tuple[Array, Array]:
        """Return the centre and the forces there."""
        beta, best = model.problem.beta, model.proof.Z
        offset = best - model.problem.Y
        barrier = Barrier(model.cuts, model.problem.Y, float(np.vdot(offset, offset)))
        # Every feasible point and what lies between it and 0 is inside all cuts.
        pulls = np.linalg.norm(model.cuts.pulls(model.Z), axis=1).max(initial=0.0)
        inside = 1 - min(ROOM, model.proof.relative_gap)
        share = inside * min(beta / pulls, 1.0) if pulls > 0 else 1.0
        return analytic_centre(barrier, share * model.Z, ROOM * model.proof.gap)


@dataclass(frozen=True)
class Bundle:
    """Ask at the projection of a target on the cuts (proximal bundle method).

    The projection on the cones ``|Z^T h_k| <= beta`` is a group lasso over their
    neurons. The target Y gives the maximum over the cuts and, as its dual, the best
    network on them. A target on the way from the best feasible point to Y keeps the
    question near that point, where the cuts are known best.

    Parameters
    ----------
    share : float
        How much of the way, in (0, 1]. At 1 the maximum itself is asked: Kelley's
        method, whose steps are wild where cuts are few and linear; here the
        objective is strictly concave and exact, and the cuts are cones.
    """

    share: float = 1.0
    linear: bool = False

    def propose(self, model: Model) -> tuple[Array, Array]:
        """Return the projection of the target and the best network on the cuts."""
        V = _project(model, model.problem.Y)
        if self.share == 1:
            return model.problem.Y - model.cuts.H @ V, V
        target = model.proof.Z + self.share * (model.problem.Y - model.proof.Z)
        return target - model.cuts.H @ _project(model, target), V


def _project(model: Model, target: Array) -> Array:
    """Return V whose residual ``target - H V`` is the projection on the cones."""
    H = model.cuts.H
    if H.shape[1] == 0:
        return np.zeros((0, target.shape[1]))
    return group_lasso(H.T @ H, H.T @ target, model.problem.beta)


@on_one_thread
def solve_dual(
    problem: Problem,
    rule: Rule | None = None,
    *,
    tolerance: float = DEFAULT_TOLERANCE,
    queries: int = 1000,
    seconds: float = np.inf,
    bound: AnyOracle | None = None,
    progress: Callable[[Round], None] | None = None,
) -> Solution:
    """Solve the dual (73) by cutting planes, with networks as upper bounds.

    A point Z is put to the oracle. Each direction with ``|Z^T h(u)|`` above beta
    becomes a cut, a deep one: it passes at beta and not through Z. Z itself, scaled
    to be feasible, is a lower bound of p*. The multipliers of the cuts are the
    output weights of a network and give the upper bound. Rules differ in the point
    they ask and the multipliers they know.

    Parameters
    ----------
    problem : Problem
        Squared loss, any rank and pooling.
    rule : Rule, optional
        :class:`Centre` (the default), ``Centre(linear=True)`` or :class:`Bundle`.
    tolerance : float
        Relative gap at which to stop.
    queries : int
        Most questions to the oracle.
    seconds : float
        Most time; it is looked at between questions and in the oracle.
    bound : callable, optional
        An oracle made for the problem's X; ``Oracle(problem.X)`` by default.
    progress : callable, optional
        Called with each :class:`lib.certificate.Round`.

    Returns
    -------
    Solution
        Its neurons are directions of cuts, and its certificate has the best feasible
        Z: together they prove the gap. If that is above the tolerance, no network on
        the neurons of the cuts is better than this one. Not converging is a status,
        not an error: both bounds are valid.

    Raises
    ------
    ValueError
        If the loss is not squared, or ``tolerance`` or ``queries`` is not positive.

    Notes
    -----
    Appendix A.5, (73)-(75). After ``2.18 n c ln(2 |Y| sigma_1(X) / (e beta))``
    questions at centroids the best network on the cuts and the best dual point have
    a relative gap below e: A.5's claim, with a network.

    For m cuts a query costs an oracle call and Newton steps of O((n c)^3 + m (n
    c)^2) for centres, interior point steps of O((m c)^3) for bundles.

    Examples
    --------
    >>> found = solve_dual(Problem([[1, 0], [0, 1]], [1, -1], beta=0.5))
    >>> found.converged, round(found.certificate.primal, 4)
    (True, 0.75)
    """
    require_limits("solve_dual", tolerance=tolerance, queries=queries)
    require_squared("solve_dual", problem.loss)
    clock = Clock(seconds)
    bound = oracle_for(problem.X, bound, clock)
    rule, model, history = rule or Centre(), _first(problem, rule), []
    status = f"The limit of {queries} queries was reached."
    for _ in range(queries):
        old, told = model, from_dual_point(problem, model.proof.primal, model.Z, bound)
        model = _with_cuts(model, told)
        if model.proof.relative_gap > tolerance:
            Z, V = rule.propose(model)
            model = replace(_with_upper(model, V), Z=Z)
        history.append(_report(model, told.kappa, progress))
        if model.proof.relative_gap <= tolerance:
            break
        if _is_stuck(old, model):
            status = "Neither cuts nor bounds moved any more."
            break
        if clock.over:
            status = clock.status
            break
    return _ended(model, history, tolerance, status)


def _first(problem: Problem, rule: Rule | None) -> Model:
    """Return the model without cuts: ask Y, know the zero network and Z = 0."""
    n, d, c = problem.shape
    G = np.zeros((0, c)) if rule is not None and rule.linear else None
    network, Y = Network.zero(d, c), problem.Y
    proof = Certificate(objective(problem, network), 0.0, np.zeros((n, c)), silent(d))
    cuts = Cuts(np.zeros((n, 0)), G, problem.beta)
    return Model(problem, np.zeros((0, d)), cuts, Y, network, proof)


def _with_cuts(model: Model, told: Certificate) -> Model:
    """Keep the better dual point and add a cut for each local maximum above beta."""
    beta, cuts = model.problem.beta, model.cuts
    U = told.kappa.candidates[told.kappa.candidate_values > beta]
    H = model.problem.features(U)
    G = None
    if cuts.G is not None:
        G = np.vstack([cuts.G, unit_rows(H.T @ model.Z)])
    joined = Cuts(np.hstack([cuts.H, H]), G, beta)
    proof = max(model.proof, told, key=lambda proof: proof.dual)
    return replace(model, U=np.vstack([model.U, U]), cuts=joined, proof=proof)


def _with_upper(model: Model, V: Array) -> Model:
    """Try the network with output weights V on the cuts, at its best scale."""
    problem = model.problem
    F = model.cuts.H @ V
    size = float(np.vdot(F, F))
    if size == 0.0:
        return model
    price = problem.beta * float(np.linalg.norm(V, axis=1).sum())
    scale = max((float(np.vdot(F, problem.Y)) - price) / size, 0.0)
    alive = V.any(axis=1)
    network = Network(model.U[alive], scale * V[alive]).balanced()
    primal = objective(problem, network)
    if primal >= model.proof.primal:
        return model
    return replace(model, network=network, proof=replace(model.proof, primal=primal))


def _report(
    model: Model, kappa: Maximum, progress: Callable[[Round], None] | None
) -> Round:
    """Make the entry of this query and hand it to ``progress``."""
    proof = model.proof
    entry = Round(proof.primal, proof.dual, kappa.value, len(model.U))
    if progress is not None:
        progress(entry)
    return entry


def _ended(
    model: Model, history: list[Round], tolerance: float, status: str
) -> Solution:
    """Take the best network on the cuts if the gap is not closed; make the result."""
    if model.proof.relative_gap > tolerance:
        model = _with_upper(model, _project(model, model.problem.Y))
        history[-1] = replace(history[-1], primal=model.proof.primal)
    converged = model.proof.relative_gap <= tolerance
    status = REACHED if converged else status
    return Solution(model.network, model.proof, tuple(history), status, converged)


def _is_stuck(old: Model, new: Model) -> bool:
    """Tell whether a query changed nothing: the next one would be the same."""
    same = old.proof.primal == new.proof.primal and old.proof.dual == new.proof.dual
    return same and len(old.U) == len(new.U) and np.array_equal(old.Z, new.Z)
