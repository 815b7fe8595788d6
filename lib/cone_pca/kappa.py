"""The dual norm ``kappa(Z) = max_{|u|<=1} |Z^T (X u)_+|`` that certifies optimality."""

from __future__ import annotations

import math
from dataclasses import replace
from time import monotonic

import numpy as np

from lib.cone_pca.ascent import ascend
from lib.cone_pca.branch_and_bound import Limits, branch_and_bound
from lib.cone_pca.maximum import Maximum, check_pair, correlation, ranked, silent
from lib.cone_pca.planar import planar_oracle, ray_oracle
from lib.cone_pca.sharding import Sharing, shared_branch_and_bound
from lib.cone_pca.signs import search_signs
from lib.cone_pca.simplicial_cones import Points, make_points
from lib.cone_pca.spectral_bound import relaxed_bound
from lib.numerics import Array
from lib.problem import RankReduction, reduce_rank

__all__ = [
    "Limits",
    "Maximum",
    "Sharing",
    "correlation",
    "oracle",
    "planar_oracle",
    "propose",
    "ray_oracle",
]

UNDERFLOW = 1e-153
"""Times n (d + c), what lost squares (below 1e-308) can hide of kappa, in units
of the largest entries of X and Z."""

CLIMBS = 256
"""Most climbs of a call: from samples, evenly spaced, and from their opposites."""

CLIMB_SAMPLES = 128_000
"""Most climbs times samples, at least 16 climbs: about a second."""

SAME = 1e-7
"""Unit vectors nearer than this are one candidate: the accuracy of a maximiser
whose value is accurate to rounding."""

WIDEST_COVER = 14
"""Largest rank whose ``2^r`` orthants are searched; beyond it only relaxations."""

LIFTED_RANK = 6
"""Smallest rank at which signs are searched first: below, cones are faster."""

LIFTED_NODES = 300
"""Most visits of the search on signs; what is then open goes to the cones."""

LIFTED_SHARE = 0.9
"""Its share of the time: at these ranks cones close a small gap or none."""


def oracle(
    X: Array,
    Z: Array,
    *,
    limits: Limits | None = None,
    starts: Array | None = None,
    sharing: Sharing | None = None,
) -> Maximum:
    """Maximise ``|Z^T (X u)_+|`` over the unit ball, with a proved bound.

    X is first replaced by its coordinates in its row space (A.2). There the ray
    and planar oracles are exact; from rank 3 on climbs propose maxima and branch
    and bound proves that there is nothing above, or finds it: on cones, from rank 6
    on first on the signs of points, whose bound does not suffer from the rank.

    Parameters
    ----------
    X : (n, d) array
    Z : (n, c) array
    limits : Limits, optional
        From rank 3 on: when the search may stop. By default it stops when the
        bound is within 1e-10 of the value. With ``level=beta`` it only decides
        whether kappa exceeds beta, which is faster.
    starts : (k, d) array, optional
        Neurons to climb from, beside the samples.
    sharing : Sharing, optional
        Share the branch and bound on cones out to workers; it proves the same.

    Returns
    -------
    Maximum
        With ``value <= kappa <= bound``, rounding included. At rank 1 and 2 and
        without limits they differ by rounding and the tolerance only. Candidates
        are all local maximisers in the plane, those that climbs reach above it.

    Raises
    ------
    ValueError
        If X and Z have different numbers of rows or are not finite.

    Notes
    -----
    The constraint of equation (11). O(n log n + n c) in the plane. Above, a cone
    costs O(n r (r + c)); their number grows as that of the cells at worst, and is
    far below it except near an optimal residual.

    Examples
    --------
    >>> found = oracle(np.eye(2), np.array([[1.0], [-1.0]]))
    >>> round(found.value, 9), round(found.bound, 9)
    (1.0, 1.0)
    >>> found.value <= found.bound
    True
    """
    check_pair(X, Z, "oracle")
    # In these units no square overflows, and those that vanish are in UNDERFLOW.
    x_unit, z_unit = _unit(X), _unit(Z)
    reduced, Z = reduce_rank(X / x_unit), Z / z_unit
    unit = x_unit * z_unit
    limits = _in_units(limits or Limits(), unit)
    small = _reduced_oracle(reduced, Z, limits, starts, sharing)
    # Directions that were cut move |X u| by at most `discarded`.
    slack = reduced.discarded * float(np.linalg.norm(Z)) + UNDERFLOW * (X.size + Z.size)
    return Maximum(
        value=small.value * unit,
        # The last step up covers a product that is itself rounded down to zero.
        bound=math.nextafter((small.bound + slack) * unit, math.inf),
        direction=reduced.basis @ small.direction,
        candidates=small.candidates @ reduced.basis.T,
        candidate_values=small.candidate_values * unit,
    )


def propose(X: Array, Z: Array, starts: Array | None = None) -> Maximum:
    """Climb to local maxima of ``|Z^T (X u)_+|``: an oracle without a proof.

    Its ``bound`` is that of a relaxation, usually far above; use it to find
    neurons, and :func:`oracle` to certify. Same parameters and errors.
    """
    return oracle(X, Z, limits=Limits(nodes=0), starts=starts)


def _reduced_oracle(
    reduced: RankReduction,
    Z: Array,
    limits: Limits,
    starts: Array | None,
    sharing: Sharing | None,
) -> Maximum:
    """Maximise over the reduced coordinates, by the method of their rank."""
    X = reduced.coordinates
    rank = X.shape[1] if X.any() else 0
    if rank == 0:
        return silent(X.shape[1])
    if rank <= 2:
        return (ray_oracle, planar_oracle)[rank - 1](X, Z)
    points = make_points(X, Z)
    seeds = _seeds(X, points.sizes)
    if starts is not None:
        seeds = np.vstack([_directions(starts @ reduced.basis), seeds])
    return _search(points, seeds, limits, sharing)


def _search(
    points: Points, seeds: Array, limits: Limits, sharing: Sharing | None
) -> Maximum:
    """Climb, then search for anything above what the climbs reached."""
    X, Z = points.X, points.Z
    ends = ascend(points, seeds)
    bound = relaxed_bound(X, Z)
    if X.shape[1] >= LIFTED_RANK and limits.nodes > 0:
        started = monotonic()
        lifted, ends = _lifted(points, ends, limits)
        bound = min(bound, lifted)
        spent = monotonic() - started
        limits = replace(limits, seconds=max(limits.seconds - spent, 0.0))
    value = float(correlation(X, Z, ends).max())
    proved = bound <= max(limits.level, value * (1 + limits.tolerance))
    if X.shape[1] <= WIDEST_COVER and limits.nodes > 0 and not proved:
        outcome = (
            shared_branch_and_bound(points, value, limits, sharing)
            if sharing
            else branch_and_bound(points, value, limits)
        )
        bound = min(bound, outcome.bound)
        ends = np.vstack([outcome.directions, ascend(points, outcome.directions), ends])
    ends = _distinct(ends, correlation(X, Z, ends))
    return ranked(ends, correlation(X, Z, ends), bound)


def _lifted(points: Points, ends: Array, limits: Limits) -> tuple[float, Array]:
    """Return the bound of a search on signs, and ends with what it led to."""
    X, Z = points.X, points.Z
    found = search_signs(
        X,
        Z,
        float(correlation(X, Z, ends).max()),
        level=limits.level,
        nodes=min(limits.nodes, LIFTED_NODES),
        seconds=LIFTED_SHARE * limits.seconds,
    )
    starts = np.vstack([found.directions, -found.directions])
    if len(starts) > 0:
        ends = np.vstack([ascend(points, starts), ends])
    return found.bound, ends


def _seeds(X: Array, lengths: Array) -> Array:
    """Return directions of samples, both ways, to climb from."""
    rows = np.flatnonzero(lengths > 0)
    climbs = min(CLIMBS, max(CLIMB_SAMPLES // len(rows), 16))
    rows = rows[:: -(-2 * len(rows) // climbs)]
    seeds = X[rows] / lengths[rows, None]
    return np.vstack([seeds, -seeds])


def _directions(U: Array) -> Array:
    """Return the nonzero rows of U, scaled to unit length."""
    lengths = np.linalg.norm(U, axis=1)
    return U[lengths > 0] / lengths[lengths > 0, None]


def _distinct(U: Array, values: Array) -> Array:
    """Return the rows of U without repetition, the best first."""
    U = U[np.argsort(-values, kind="stable")]
    kept: list[int] = []
    for k, u in enumerate(U):
        if not kept or np.linalg.norm(U[kept] - u, axis=1).min() > SAME:
            kept.append(k)
    return U[kept]


def _in_units(limits: Limits, unit: float) -> Limits:
    """Return the limits for data divided by ``unit``."""
    level = limits.level / unit if unit > 0 else 0.0
    return Limits(level, limits.tolerance, limits.nodes, limits.seconds)


def _unit(matrix: Array) -> float:
    """Return a power of two near the largest entry; dividing by it is exact."""
    return math.ldexp(1.0, math.frexp(float(np.abs(matrix).max()))[1] - 1)
