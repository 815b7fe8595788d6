"""Algorithm 1 as the paper prints it: Frank-Wolfe on a gauge ball of given radius."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lib.certificate import Certificate, certify
from lib.cone_pca import Oracle
from lib.cone_pca.by_cells import walk
from lib.numerics import Array
from lib.problem import Network, Problem, reduce_rank


@dataclass(frozen=True, eq=False)
class Iterates:
    """What Algorithm 1 had reached after some of its steps.

    Parameters
    ----------
    radius : float
        The radius ``t`` that it was given.
    steps : (k,) int array
        The steps recorded, the last one included.
    losses : (k,) array
        ``1/2 |F - Y|^2`` after each of them.
    certificates : tuple of Certificate
        Of the networks after each of them, as solutions of the penalised (5).
    network : Network
        The last iterate: one neuron a step.
    """

    radius: float
    steps: np.ndarray
    losses: Array
    certificates: tuple[Certificate, ...]
    network: Network

    @property
    def primal(self) -> Array:
        """Objective (5) at the recorded steps, (k,)."""
        return np.array([proof.primal for proof in self.certificates])

    @property
    def dual(self) -> Array:
        """Best lower bound of p* proved up to each recorded step, (k,)."""
        proved = np.array([proof.dual for proof in self.certificates])
        return np.maximum.accumulate(proved)


def algorithm_1(
    problem: Problem,
    radius: float,
    *,
    steps: int,
    records: int = 40,
    cell_by_cell: bool = False,
) -> Iterates:
    """Run Algorithm 1 for a fixed radius t: its inner minimisation of (14).

    Minimises ``1/2 |F - Y|^2`` over networks with ``sum_j |u_j| |v_j| <= t``. Step
    k asks cone-constrained PCA for the best atom ``(X u)_+ g^T`` of each cell,
    takes the best of all, and moves to ``(1 - a) F + a t (X u)_+ g^T`` with
    ``a = 2 / (k + 2)``. The best over all cells is what the oracle finds, exactly
    and without going through the cells one by one.

    Parameters
    ----------
    problem : Problem
        X of any rank; a step costs an oracle call.
    radius : float
        ``t`` of (14), positive. The iterates approach p* of (5) only if it is the
        path norm of an optimal network, which is not known beforehand.
    steps : int
        Frank-Wolfe steps, at least 1.
    records : int
        About how many steps to certify, evenly on a logarithmic scale.
    cell_by_cell : bool
        Solve cone-constrained PCA in each cell, as Algorithm 1 prints it. The same
        iterates, up to ties, for P such problems a step.

    Returns
    -------
    Iterates

    Raises
    ------
    ValueError
        If the radius is not positive and finite or a count is below 1.

    Notes
    -----
    Section 3.2 and (63)-(72). The loss is within ``O(t^2 / k)`` of the least one
    for this t (Jaggi 2013). O(n log n + n c) a step, O(n k (d + c)) a record.

    Examples
    --------
    The radius of an optimal network is needed beforehand; here it is 1.

    >>> problem = Problem([[1, 0], [0, 1]], [1, -1], beta=0.5)
    >>> run = algorithm_1(problem, 1.0, steps=1000)
    >>> bool((run.dual <= 0.75).all()), bool(run.primal[-1] < 0.76)
    (True, True)
    """
    _check(radius, steps, records)
    reduced = reduce_rank(problem.X)
    X, n = reduced.coordinates, len(problem.X)
    maximise = walk(X) if cell_by_cell else Oracle(X)
    bound = Oracle(problem.X)
    marks = np.unique(np.geomspace(1, steps, records).astype(int))
    U, G = np.zeros((steps, X.shape[1])), np.zeros((steps, problem.Y.shape[1]))
    F, losses, proofs = np.zeros((n, G.shape[1])), [], []
    for k in range(steps):
        R = problem.Y - F
        U[k] = maximise(R).direction
        h = np.maximum(X @ U[k], 0.0)
        G[k] = _unit(R.T @ h)
        a = 2 / (k + 2)
        F = (1 - a) * F + a * radius * np.outer(h, G[k])
        if k + 1 in marks:
            network = reduced.lift(_network(U[: k + 1], G[: k + 1], radius))
            losses.append(0.5 * float(np.vdot(F - problem.Y, F - problem.Y)))
            proofs.append(certify(problem, network, refine=0, bound=bound))
    return Iterates(radius, marks, np.array(losses), tuple(proofs), network)


@dataclass(frozen=True, eq=False)
class Bisection:
    """How bisection over the radius of (14) went.

    Parameters
    ----------
    trials : tuple of Iterates
        One run of Algorithm 1 for each radius tried, in that order.
    bracket : (float, float)
        The last interval of radii; with exact inner solutions it contains the best.
    """

    trials: tuple[Iterates, ...]
    bracket: tuple[float, float]

    @property
    def best(self) -> Iterates:
        """The run whose last network has the least objective (5)."""
        return min(self.trials, key=lambda run: run.primal[-1])

    @property
    def dual(self) -> float:
        """The best lower bound of p* that any of the runs proved."""
        return float(max(run.dual[-1] for run in self.trials))


def bisect_radius(problem: Problem, *, steps: int, halvings: int) -> Bisection:
    """Find the radius of (14) by bisection, running Algorithm 1 for each trial.

    The least loss ``l(t)`` within radius t is convex. At its minimiser F_t, with
    residual R, the slope is ``-kappa(R) = -<R, F_t> / t`` where the constraint binds,
    and 0 beyond. So ``l(t) + beta t`` still falls at t if ``<R, F_t> > beta t``, and
    then the best radius is larger. It is at most ``|Y|^2 / (2 beta)``, where the
    penalty alone costs as much as the zero network. Of the two forms of the slope the
    inner product is the one to use: at an inexact F_t kappa is too large by the
    square root of the inner error.

    Parameters
    ----------
    problem : Problem
        X of any rank; a step costs an oracle call.
    steps : int
        Frank-Wolfe steps for each radius. The inner solutions are inexact, so the
        slope is, too, and bisection can turn the wrong way near the end.
    halvings : int
        Radii to try.

    Returns
    -------
    Bisection
        The certificates of its runs hold whatever the radii were.

    Raises
    ------
    ValueError
        If a count is below 1.

    Notes
    -----
    The outer loop of section 3.2. ``halvings`` times the cost of
    :func:`algorithm_1`.
    """
    _check(1.0, steps, halvings)
    low, high = 0.0, 0.5 * float(np.vdot(problem.Y, problem.Y)) / problem.beta
    trials = []
    for _ in range(halvings if high > 0 else 0):
        middle = (low + high) / 2
        trials.append(algorithm_1(problem, middle, steps=steps))
        F = trials[-1].network.predict(problem.X)
        if np.vdot(problem.Y - F, F) > problem.beta * middle:
            low = middle
        else:
            high = middle
    return Bisection(tuple(trials), (low, high))


def _check(radius: float, steps: int, records: int) -> None:
    """Refuse radii that are not positive and counts below one."""
    if not (np.isfinite(radius) and radius > 0):
        raise ValueError(
            f"radius must be positive and finite; got {radius!r}. The path norm of "
            "any good network is a first guess."
        )
    for name, count in (("steps", steps), ("repetitions", records)):
        if count < 1:
            raise ValueError(f"{name} must be at least 1; got {count!r}.")


def _unit(g: Array) -> Array:
    """Scale a vector to length 1; zero stays zero."""
    length = float(np.linalg.norm(g))
    return g / length if length > 0 else g


def _network(U: Array, G: Array, radius: float) -> Network:
    """Return the iterate after k steps: atom i has weight ``2 t i / (k (k + 1))``.

    The weights that the printed step sizes leave, each as one balanced neuron.
    """
    k = len(U)
    weights = radius * 2 * np.arange(1, k + 1) / (k * (k + 1))
    scale = np.sqrt(weights)[:, None]
    return Network(U * scale, G * scale)
