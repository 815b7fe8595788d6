"""The landscape of the objective: profiles of paths, and valleys that are proved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from lib.numerics import Array
from lib.problem import Network, Problem, interpolate, objective
from lib.recovery import DescendingPath
from lib.sgd import train

STEPS = 30
"""Most Newton steps on a network that descent has brought near a stationary point."""

STATIONARY = 1e-12
"""Length of the gradient at which Newton's method stops: rounding."""

LONGEST = 1.0
"""A longer Newton step leaves the neighbourhood, and the method is given up."""

ROUNDING = 1e-12
"""Share of the largest curvature that its smallest must exceed, and share of the
objective that a rim must: thousands of times the rounding of either."""


@dataclass(frozen=True, eq=False)
class Valley:
    """A ball in weight space, and what is proved of the objective on it.

    Parameters
    ----------
    network : Network
        The centre: a stationary point nearby if that is lower, else as given.
    radius : float
        Of the ball, in the Euclidean norm of all weights; 0 if nothing is proved.
    floor : float
        No network in the ball has a smaller objective.
    rim : float
        No network on its surface has a smaller objective.
    """

    network: Network
    radius: float
    floor: float
    rim: float

    @property
    def closed(self) -> bool:
        """Whether the rim is above the centre, so that no path leads out below it."""
        return self.radius > 0


@dataclass(frozen=True, eq=False)
class _Expansion:
    """The objective around a network while no neuron meets a wall."""

    gradient: Array
    hessian: Array
    cubic: float
    wall: float


def prove_valley(problem: Problem, network: Network) -> Valley:
    """Prove that a network is the bottom of a valley, after a few Newton steps.

    While no preactivation changes its sign the outputs are ``F + J e + Q(e)`` with
    ``|Q(e)| <= s |e|^2 / 2``, for the change e of all weights and the largest singular
    value s of the active samples of a neuron. Hence the objective changes by at least
    ``-|g| r + l r^2 / 2 - |J| s r^3 / 2``, with ``r = |e|``, the gradient g and the
    least eigenvalue l of the Hessian. The best radius is tried.

    Parameters
    ----------
    problem : Problem
        With the squared loss and without pooling.
    network : Network
        Near a stationary point, with all neurons alive.

    Returns
    -------
    Valley
        Not ``closed`` if nothing is proved: a neuron on a wall, two neurons in one
        cell, which can be rotated at no cost, or a point that is no minimum.

    Notes
    -----
    On problem (5). O(n c p^2 + p^3) for p weights, each Newton step.
    """
    still = _polished(problem, network)
    network = min(network, still, key=partial(objective, problem))
    at, value = _expand(problem, network), objective(problem, network)
    curvature = np.linalg.eigvalsh(at.hessian)
    least = curvature[0] - ROUNDING * curvature[-1]
    slope = float(np.linalg.norm(at.gradient))
    r = min(at.wall, 2 * least / (3 * at.cubic)) if least > 0 else 0.0
    rise = r * (r * (least - at.cubic * r) / 2 - slope)
    if r <= 0 or rise <= ROUNDING * value:
        return Valley(network, 0.0, value, value)
    return Valley(network, r, value - slope * r, value + rise)


def _expand(problem: Problem, network: Network) -> _Expansion:
    """Differentiate the objective twice, and bound the rest."""
    X, (n, d, c), U, V = problem.X, problem.shape, network.U, network.V
    active = (X @ U.T > 0).T[:, :, None] * X  # (m, n, d)
    H = problem.features(U)
    R = problem.Y - H @ V
    J = np.zeros((n, c, len(U), d + c))
    J[..., :d] = np.einsum("jc,jnd->ncjd", V, active)
    J[:, range(c), :, range(d, d + c)] = H
    J = J.reshape(n * c, -1)
    theta = np.hstack([U, V]).ravel()
    hessian = J.T @ J + problem.beta * np.eye(len(theta))
    for j, block in enumerate(-np.einsum("jnd,nc->jdc", active, R)):
        k = j * (d + c)
        hessian[k : k + d, k + d : k + d + c] += block
        hessian[k + d : k + d + c, k : k + d] += block.T
    bend = max(float(np.linalg.norm(one, 2)) for one in active)
    wall = np.abs(X @ U.T) / np.maximum(np.linalg.norm(X, axis=1), 1e-300)[:, None]
    gradient = problem.beta * theta - J.T @ R.ravel()
    return _Expansion(
        gradient, hessian, float(np.linalg.norm(J, 2)) * bend, float(wall.min()) / 2
    )


def _polished(problem: Problem, network: Network) -> Network:
    """Take Newton steps to a stationary point nearby, if there is one."""
    d = problem.X.shape[1]
    for _ in range(STEPS):
        at = _expand(problem, network)
        if np.linalg.norm(at.gradient) <= STATIONARY:
            break
        step = np.linalg.lstsq(at.hessian, -at.gradient, rcond=1e-12)[0]
        if np.linalg.norm(step) > LONGEST:
            break
        step = step.reshape(network.width, -1)
        network = Network(network.U + step[:, :d], network.V + step[:, d:])
    return network


@dataclass(frozen=True, eq=False)
class NarrowEnds:
    """Where descents of one width end, and which ends are proved to be valleys.

    Parameters
    ----------
    width : int
    valleys : tuple of Valley
        One a trial, around the stationary point next to its end.
    """

    width: int
    valleys: tuple[Valley, ...]

    @property
    def floors(self) -> Array:
        """The least objective in the ball of each trial, (trials,)."""
        return np.array([valley.floor for valley in self.valleys])

    @property
    def closed(self) -> np.ndarray:
        """Which trials ended in a valley that is proved, (trials,) bool."""
        return np.array([valley.closed for valley in self.valleys])

    @property
    def spurious(self) -> np.ndarray:
        """Which of these have a floor above another network of the same width.

        Above its rim, where it has one: two ends in one valley must not count.
        """
        values = [
            valley.rim if valley.closed else valley.floor for valley in self.valleys
        ]
        return self.closed & (self.floors > min(values))


def end_narrow(
    problem: Problem,
    widths: Sequence[int],
    *,
    trials: int,
    epochs: int,
    rate: float,
    seed: int,
) -> dict[int, NarrowEnds]:
    """Train narrow networks and try to prove a valley around each end.

    Parameters
    ----------
    problem : Problem
        With the squared loss.
    widths : sequence of int
    trials, epochs, rate : int, int, float
        Of :func:`lib.sgd.train`.
    seed : int
        Each width starts from it anew.
    """
    common = {"trials": trials, "epochs": epochs, "rate": rate}
    found = {}
    for width in widths:
        run = train(problem, width, **common, rng=np.random.default_rng(seed))
        valleys = tuple(prove_valley(problem, net) for net in run.networks)
        found[width] = NarrowEnds(width, valleys)
    return found


@dataclass(frozen=True, eq=False)
class Profile:
    """The objective along a path, and along the straight line to its end.

    Parameters
    ----------
    times : (k,) array
        From 0 to the number of legs.
    heights, chords : (k,) arrays
        On the path, and between the ends of its legs, which proves heights below.
    line : (k,) array
        On the straight line, whose whole length takes the same time.
    names : tuple of str
        Of the legs.
    """

    times: Array
    heights: Array
    chords: Array
    line: Array
    names: tuple[str, ...]


def profile(problem: Problem, path: DescendingPath, points: int = 151) -> Profile:
    """Evaluate the objective along a path, and beside it."""
    legs = path.legs
    times = np.linspace(0, len(legs), points)
    start, end = path.network(0), path.network(len(legs))
    line = [interpolate(start, end, t / len(legs)) for t in times]
    levels = [legs[0].values[0], *(leg.values[1] for leg in legs)]
    return Profile(
        times,
        np.array([objective(problem, path.network(t)) for t in times]),
        np.interp(times, range(len(levels)), levels),
        np.array([objective(problem, network) for network in line]),
        tuple(leg.name for leg in legs),
    )


def obtuse_simplex(n: int, overlap: float) -> Array:
    """Return n unit vectors of R^n with the product ``-overlap`` of any two.

    Raises
    ------
    ValueError
        Unless ``0 < overlap < min(1/2, 1/(n - 1))``, with n >= 2.
    """
    if not (n >= 2 and 0 < overlap < min(0.5, 1 / (n - 1))):
        raise ValueError(
            "obtuse_simplex needs n >= 2 and 0 < overlap < min(1/2, 1/(n - 1)); got n "
            f"= {n!r}, overlap = {overlap!r}."
        )
    gram = (1 + overlap) * np.eye(n) - overlap
    return np.linalg.cholesky(gram)
