"""The regularisation path: certified optima for many values of beta."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lib.certificate import Round
from lib.certificate.weak_duality import proved_value
from lib.cone_pca import Oracle
from lib.cone_pca.kappa import Clock
from lib.cone_pca.maximum import masses
from lib.frank_wolfe.solver import DEFAULT_TOLERANCE, Solution, solve
from lib.numerics import EPS, Array
from lib.problem import Problem

AVERAGING = 8 * EPS
"""Relative rounding of an average: of two shares, two products and a sum."""


@dataclass(frozen=True, eq=False)
class Path:
    """Solutions of one problem for decreasing betas.

    Parameters
    ----------
    betas : (k,) array
        Decreasing.
    solutions : tuple of Solution
        One for each beta, with its certificate.
    """

    betas: Array
    solutions: tuple[Solution, ...]

    @property
    def primal(self) -> Array:
        """The objective reached at each beta, (k,)."""
        return np.array([s.certificate.primal for s in self.solutions])

    @property
    def dual(self) -> Array:
        """The bound proved at each beta, (k,)."""
        return np.array([s.certificate.dual for s in self.solutions])

    @property
    def neurons(self) -> np.ndarray:
        """Neurons of each network, (k,)."""
        return np.array([s.network.width for s in self.solutions])

    @property
    def path_norms(self) -> Array:
        """``sum_j |u_j| |v_j|`` of each network, (k,): the slope of p* in beta."""
        return np.array([s.network.path_norm for s in self.solutions])


@dataclass(frozen=True, eq=False)
class Band:
    """What the points of a path prove of p* between them.

    Parameters
    ----------
    betas : (k,) array
        Decreasing.
    lower, upper : (k,) arrays
        ``lower <= p*(beta) <= upper``, from averages of neighbouring dual points and
        networks.
    chords, tangents : (k,) arrays
        The coarser bounds that need only the values, ``chords <= lower`` and
        ``upper <= tangents``, up to rounding.
    """

    betas: Array
    lower: Array
    upper: Array
    chords: Array
    tangents: Array

    @property
    def width(self) -> Array:
        """``upper / lower - 1``, (k,)."""
        return self.upper / self.lower - 1

    @property
    def plain_width(self) -> Array:
        """``tangents / chords - 1``, (k,)."""
        return self.tangents / self.chords - 1


def path(
    problem: Problem,
    betas: Sequence[float],
    *,
    tolerance: float = DEFAULT_TOLERANCE,
    rounds: int = 200,
    seconds: float = np.inf,
    progress: Callable[[Round], None] | None = None,
) -> Path:
    """Solve a problem for many betas, each from the network of the one above it.

    From ``beta_max`` (:func:`lib.certificate.beta_max`) on the network is zero;
    below, neurons appear one by one and stay for a while, so that the solution for
    one beta is a good start for the next.

    Parameters
    ----------
    problem : Problem
        Its own beta is not used.
    betas : sequence of float
        In any order, positive; each is solved once, from the largest on.
    tolerance, rounds, progress
        As in :func:`lib.frank_wolfe.solve`, for each beta.
    seconds : float
        Most time in all; of what is left each beta may take an equal share.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        If there is no beta or one is not positive and finite.

    Notes
    -----
    The curves of Figure 3. One :func:`lib.frank_wolfe.solve` a beta.

    Examples
    --------
    With two opposite samples p* is ``2 beta - beta^2`` up to beta = 1, then constant.

    >>> problem = Problem([[1, 0], [0, 1]], [1, -1], beta=1.0)
    >>> found = path(problem, [1.5, 0.5, 0.1])
    >>> found.betas.tolist(), found.primal.round(6).tolist()
    ([1.5, 0.5, 0.1], [1.0, 0.75, 0.19])
    >>> [s.network.width for s in found.solutions]
    [0, 2, 2]
    """
    order, bound, clock = _decreasing(betas), Oracle(problem.X), Clock(seconds)
    limits = {"tolerance": tolerance, "rounds": rounds, "progress": progress}
    solutions: list[Solution] = []
    for done, beta in enumerate(order):
        start = solutions[-1].network if solutions else None
        task = replace(problem, beta=float(beta))
        share = clock.left / (len(order) - done)
        solutions.append(solve(task, start=start, bound=bound, seconds=share, **limits))
    return Path(order, tuple(solutions))


def enclose(problem: Problem, found: Path, betas: Sequence[float]) -> Band:
    """Bound p* from both sides at any betas, from the points of a path.

    The optimum is concave in beta. So it lies above the chords of proved bounds, and
    each network's objective, which is linear in beta, lies above it. Averages are
    sharper. With ``beta = w beta_1 + (1 - w) beta_2`` the dual point ``w Z_1 + (1 - w)
    Z_2`` is feasible, as kappa is convex; and the networks side by side, with shares w
    and 1 - w, are a network with the average outputs and path norm. Below the smallest
    beta ``Z_2 = 0`` at ``beta_2 = 0`` takes the place of the missing dual point; above
    the largest its dual point stays feasible, and the zero network is a second one. No
    solve and no oracle call is needed.

    Parameters
    ----------
    problem : Problem
        The one that the path is of; any loss and pooling. Its beta is not used.
    found : Path
    betas : sequence of float
        In any order, positive.

    Returns
    -------
    Band
        The lower side is proved, rounding included; the upper side is the rounded
        objective of a network.

    Raises
    ------
    ValueError
        If there is no beta or one is not positive and finite.

    Notes
    -----
    O(n m (d + c)) once for each point of the path, and O(n (d + c)) for each beta.

    Examples
    --------
    >>> problem = Problem([[1, 0], [0, 1]], [1, -1], beta=1.0)
    >>> band = enclose(problem, path(problem, [0.6, 0.4]), [0.5])
    >>> bool(band.lower[0] <= 0.75 <= band.upper[0])
    True
    """
    order = _decreasing(betas)
    outputs = [problem.predict(s.network) for s in found.solutions]
    rows = [_between(problem, found, outputs, beta) for beta in order]
    return Band(order, *np.array(rows).T)


def _decreasing(betas: Sequence[float]) -> Array:
    """Return betas from the largest to the smallest, each once, or refuse them."""
    order = np.unique(np.asarray(betas, dtype=np.float64))[::-1]
    if order.size == 0 or not (np.isfinite(order).all() and order[-1] > 0):
        raise ValueError(
            f"betas must be positive and finite, at least one; got {betas!r}."
        )
    return order


def _between(
    problem: Problem, found: Path, outputs: list[Array], beta: float
) -> tuple[float, float, float, float]:
    """Return lower, upper, chord and tangent at one beta."""
    near, shares = _neighbours(found.betas, beta)
    proofs = [found.solutions[k].certificate for k in near]
    task = replace(problem, beta=float(beta))
    lower = _average_bound(task, shares, [proof.Z for proof in proofs])
    F, norms = [outputs[k] for k in near], found.path_norms[near]
    mixed = sum(share * answer for share, answer in zip(shares, F, strict=True))
    zero = np.zeros_like(problem.Y)
    middle, *ends = (
        problem.loss.value(answer, problem.Y) + beta * norm
        for answer, norm in zip(
            (mixed, *F, zero), (shares @ norms, *norms, 0.0), strict=True
        )
    )
    chord = shares @ [proof.dual for proof in proofs]
    return lower, min(middle, *ends), float(chord), min(ends)


def _neighbours(betas: Array, beta: float) -> tuple[list[int], Array]:
    """Return the points of a path beside a beta, and their shares in an average.

    Beyond the ends one point remains. Below them its share is less than one: the rest
    is that of the dual point and of the network that are zero.
    """
    above = int(np.searchsorted(-betas, -beta, side="right")) - 1
    if above < 0:
        return [0], np.ones(1)
    if above == len(betas) - 1:
        return [above], np.array([beta / betas[above]])
    high, low = betas[above : above + 2]
    return [above, above + 1], np.array([beta - low, high - beta]) / (high - low)


def _average_bound(problem: Problem, shares: Array, points: list[Array]) -> float:
    """Return what the average of points proves that are feasible for their betas.

    Its kappa is at most the average of those betas, which is the problem's, and what
    rounding adds to it.
    """
    parts = [share * Z for share, Z in zip(shares, points, strict=True)]
    sizes = problem.spread(sum(np.abs(part) for part in parts))
    rounding = AVERAGING * (problem.beta + float(masses(problem.X, sizes).sum()))
    return proved_value(problem, sum(parts), problem.beta + rounding)
