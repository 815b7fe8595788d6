"""The dual norm ``kappa(Z) = max_{|u|<=1} |Z^T (X u)_+|`` that certifies optimality."""

import math
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from time import monotonic
from typing import Any

import numpy as np

from lib.arrangements import planar_walls
from lib.cone_pca.ascent import ascend
from lib.cone_pca.branch_and_bound import Limits, branch_and_bound, operations
from lib.cone_pca.maximum import (
    AnyOracle,
    Maximum,
    check_data,
    check_dual,
    correlation,
    ranked,
    silent,
)
from lib.cone_pca.planar import planar_oracle, ray_oracle
from lib.cone_pca.signs import search_signs
from lib.cone_pca.simplicial_cones import Points, make_points
from lib.cone_pca.spectral_bound import relaxed_bound
from lib.numerics import Array, on_one_thread, unit_of, unit_rows
from lib.problem import reduce_rank

UNDERFLOW = 1e-153
"""Times n (d + c), what lost squares (below 1e-308) can hide of kappa, in units
of the largest entries of X and Z."""

MOST_CLIMBS = 256
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

LIFTED_SAMPLES = 128
"""With one output and more samples signs are not searched: a visit costs a cube of
their number, and cones bound one output well at any rank."""

FEW_RANK, FEW_OPERATIONS, FEW_SHARE = 8, 2**32, 0.2
"""With one output, ranks up to which some cones come before signs; operations on these,
about a second's; and their share of the time."""

LIFTED_NODES = 300
"""Most visits of the search on signs; what is then open goes to the cones."""

PROOF_SHARE = 0.5
"""Share of a solver's time that is kept for a proof, where it has none."""

LAST_SHARE = 0.05
"""Share of a solver's time that a question may take after its end."""

LIFTED_SHARE = 0.9
"""Its share of the time: at these ranks cones close a small gap or none."""


class Oracle:
    """Maximises ``|Z^T (X u)_+|`` over the unit ball for one X, with a proved bound.

    X is first replaced by its coordinates in its row space (A.2). There the ray
    and planar oracles are exact; from rank 3 on climbs propose maxima and branch
    and bound proves that there is nothing above, or finds it: on cones, from rank 6
    on first on the signs of points, whose bound does not suffer from the rank (with one
    output and many samples on cones all the same, bounded by projections). What
    depends on X alone is done once, so that calls share it.

    Parameters
    ----------
    X : (n, d) array
    limits : Limits, optional
        From rank 3 on: when the search may stop. By default it stops when the
        bound is within 1e-10 of the value. With ``level=beta`` it only decides
        whether kappa exceeds beta, which is faster; with ``nodes=0`` it only climbs:
        use that to find neurons, not to certify, for its ``bound`` is a relaxation's.
    starts : (k, d) array, optional
        Neurons to climb from, beside the samples.
    executor : concurrent.futures.Executor, optional
        Where the branch and bound on cones is done: processes, or a cluster's
        workers. It proves the same. By default threads, one for each core.

    Raises
    ------
    ValueError
        If X is not a finite matrix; when called, if Z is not a finite matrix of as
        many rows.

    Notes
    -----
    The constraint of equation (11). O(n d min(n, d) + n log n) to make, and O(n c) a
    call in the plane. Above, a cone costs O(n r (r + c)); their number grows as that
    of the cells at worst, and is far below it except near an optimal residual.

    Examples
    --------
    >>> ask = Oracle(np.eye(2))
    >>> found = ask(np.array([[1.0], [-1.0]]))
    >>> round(found.value, 9), round(found.bound, 9)
    (1.0, 1.0)
    >>> found.value <= found.bound
    True
    """

    def __init__(
        self,
        X: Array,
        *,
        limits: Limits | None = None,
        starts: Array | None = None,
        executor: Executor | None = None,
    ) -> None:
        """Take the unit of X, reduce its rank, and sort or measure its rows."""
        check_data(X, "oracle")
        X = X.copy() if X.flags.writeable else X
        self.X, self.limits, self.executor = X, limits or Limits(), executor
        # In these units no square overflows, and those that vanish are in UNDERFLOW.
        self._unit = unit_of(X)
        self._reduced = reduce_rank(X / self._unit)
        X = self._reduced.coordinates
        self._rank = X.shape[1] if X.any() else 0
        if self._rank == 2:
            self._plane = partial(planar_oracle, X, walls=planar_walls(X))
        elif self._rank > 2:
            self._seeds = _seeds(X)
            if starts is not None:
                self._add_starts(starts)

    def _add_starts(self, starts: Array) -> None:
        """Climb from these neurons, (k, d), too."""
        if self._rank > 2:
            seeds = unit_rows(starts @ self._reduced.basis, zeros=False)
            self._seeds = np.vstack([seeds, self._seeds])

    @on_one_thread
    def __call__(self, Z: Array) -> Maximum:
        """Maximise for Z, (n, c).

        Returns
        -------
        Maximum
            With ``value <= kappa <= bound``, rounding included. At rank 1 and 2 and
            without limits they differ by rounding and the tolerance only. Candidates
            are all local maximisers in the plane, those that climbs reach above it.
        """
        check_dual(self.X, Z, "oracle")
        reduced, z_unit = self._reduced, unit_of(Z)
        Z, unit = Z / z_unit, self._unit * z_unit
        small = self._maximise(Z, unit)
        # Directions that were cut move |X u| by at most `discarded`.
        slack = reduced.discarded * float(np.linalg.norm(Z))
        slack += UNDERFLOW * (self.X.size + Z.size)
        # The last step up covers a product that is itself rounded down to zero.
        bound = math.nextafter((small.bound + slack) * unit, math.inf)
        return replace(small.mapped(reduced.basis, unit), bound=bound)

    def _maximise(self, Z: Array, unit: float) -> Maximum:
        """Maximise over the reduced coordinates, by the method of their rank."""
        X = self._reduced.coordinates
        if self._rank == 0:
            return silent(X.shape[1])
        if self._rank == 1:
            return ray_oracle(X, Z)
        if self._rank == 2:
            return self._plane(Z)
        limits = replace(self.limits, level=self.limits.level / unit if unit else 0.0)
        return _search(make_points(X, Z), self._seeds, limits, self.executor)


def oracle(X: Array, Z: Array, **options: Any) -> Maximum:
    """Return ``Oracle(X, **options)(Z)``, for an X that is asked only once.

    Parameters
    ----------
    X : (n, d) array
    Z : (n, c) array
    options
        ``limits``, ``starts`` and ``executor`` of :class:`Oracle`, whose result and
        errors these are.

    Examples
    --------
    >>> round(oracle(np.eye(2), np.ones((2, 1))).value ** 2, 9)
    2.0
    """
    return Oracle(X, **options)(Z)


def propose(X: Array, Z: Array, starts: Array | None = None) -> Maximum:
    """Climb to local maxima of ``|Z^T (X u)_+|``: an oracle without a proof.

    Its ``bound`` is that of a relaxation, usually far above; use it to find
    neurons, and :func:`oracle` to certify. Same parameters and errors.
    """
    return oracle(X, Z, limits=Limits(nodes=0), starts=starts)


class Clock:
    """The time that a solver may take, its oracle included.

    Parameters
    ----------
    seconds : float
        From now on. An oracle of ours then stops with what it has proved; once time is
        over a last question may take ``LAST_SHARE`` of it.

    Raises
    ------
    ValueError
        If it is not a positive number.
    """

    def __init__(self, seconds: float) -> None:
        """Start."""
        number = isinstance(seconds, int | float | np.number)
        if isinstance(seconds, bool) or not number or not seconds > 0:
            raise ValueError(
                f"seconds must be a positive number, the time to take; got {seconds!r}."
            )
        self.seconds, self.end = float(seconds), monotonic() + seconds

    @property
    def over(self) -> bool:
        """Whether the time is spent."""
        return monotonic() >= self.end

    @property
    def late(self) -> bool:
        """Whether what is left should go to a proof."""
        return self.end - monotonic() < PROOF_SHARE * self.seconds

    @property
    def left(self) -> float:
        """The time left, at least what a last question may take."""
        return max(self.end - monotonic(), LAST_SHARE * self.seconds)

    @property
    def status(self) -> str:
        """What a solver says that stopped for this."""
        return f"The limit of {self.seconds:g} s was reached."


@dataclass(frozen=True, eq=False)
class _Hurried:
    """An oracle that stops with a clock, and where a bound is near enough."""

    X: Array
    oracle: Oracle
    clock: Clock
    tolerance: float
    starts: Array | None

    def __call__(self, Z: Array) -> Maximum:
        """Maximise for Z, (n, c), in the time that is left."""
        limits, hurried = self.oracle.limits, copy(self.oracle)
        seconds = min(limits.seconds, self.clock.left)
        tolerance = max(limits.tolerance, self.tolerance)
        hurried.limits = replace(limits, seconds=seconds, tolerance=tolerance)
        if self.starts is not None:
            hurried.limits = replace(hurried.limits, nodes=0)
            hurried._add_starts(self.starts)
        return hurried(Z)


def oracle_for(
    X: Array,
    bound: AnyOracle | None,
    clock: Clock | None = None,
    *,
    tolerance: float = 0.0,
    starts: Array | None = None,
) -> AnyOracle:
    """Return the oracle asked for, or :class:`Oracle` of X if none.

    Where a clock is given, one of ours stops with it, and where its bound is within
    the tolerance, if its own is not larger. With ``starts``, (k, d), it only climbs,
    from these, too.

    Raises
    ------
    ValueError
        If it was made for other data: then it would prove nothing.
    """
    if bound is None:
        bound = Oracle(X)
    if bound.X is not X and not np.array_equal(bound.X, X):
        raise ValueError(
            f"bound must be an oracle made for the problem's X, {X.shape}; got one for "
            f"X {bound.X.shape} with other entries. Make it with Oracle(problem.X)."
        )
    if clock is not None and isinstance(bound, Oracle):
        return _Hurried(bound.X, bound, clock, tolerance, starts)
    return bound


@dataclass(frozen=True, eq=False)
class InCoordinates:
    """An oracle as it looks from the coordinates of its X.

    Parameters
    ----------
    X : (n, r) array
        The coordinates: the oracle is for ``unit * X @ basis.T``.
    basis : (d, r) array
        Orthonormal columns.
    unit : float
    bound : callable
    """

    X: Array
    basis: Array
    unit: float
    bound: AnyOracle

    def __call__(self, Z: Array) -> Maximum:
        """Bound kappa of Z, (n, c)."""
        return self.bound(Z).mapped(self.basis.T, 1.0 / self.unit)


def _search(
    points: Points, seeds: Array, limits: Limits, executor: Executor | None
) -> Maximum:
    """Climb, then search for anything above what the climbs reached."""
    X, Z = points.X, points.Z
    ends, bound = ascend(points, seeds), relaxed_bound(X, Z)
    end = monotonic() + limits.seconds
    for stage in _stages(points, limits, executor):
        value = float(correlation(X, Z, ends).max())
        if bound <= max(limits.level, value * (1 + limits.tolerance)):
            break
        left = replace(limits, seconds=max(end - monotonic(), 0.0))
        found, more = stage(points, value, left)
        bound, ends = min(bound, found), np.vstack([more, ends])
    ends = _distinct(ends, correlation(X, Z, ends))
    return ranked(ends, correlation(X, Z, ends), bound)


Stage = Callable[[Points, float, Limits], tuple[float, Array]]
"""Bounds kappa, given a value of it; returns also the maximisers it led to."""


def _stages(
    points: Points, limits: Limits, executor: Executor | None
) -> Iterator[Stage]:
    """Yield what to search on: cones, and from ``LIFTED_RANK`` on signs before them.

    With one output few cones can be enough; they are then faster than signs.
    """
    (n, r), c = points.X.shape, points.Z.shape[1]
    if limits.nodes == 0:
        return
    if r >= LIFTED_RANK:
        if c == 1 and r <= FEW_RANK:
            yield partial(_on_cones, executor=executor, few=True)
        if c > 1 or n <= LIFTED_SAMPLES:
            yield _on_signs
    if r <= WIDEST_COVER:
        yield partial(_on_cones, executor=executor)


def _on_cones(
    points: Points,
    value: float,
    limits: Limits,
    executor: Executor | None,
    few: bool = False,
) -> tuple[float, Array]:
    """Search on cones, on a few or until a limit is reached."""
    if few:
        nodes = min(limits.nodes, FEW_OPERATIONS // operations(points))
        limits = replace(limits, nodes=nodes, seconds=FEW_SHARE * limits.seconds)
    outcome = branch_and_bound(points, value, limits, executor)
    climbed = ascend(points, outcome.directions)
    return outcome.bound, np.vstack([outcome.directions, climbed])


def _on_signs(points: Points, value: float, limits: Limits) -> tuple[float, Array]:
    """Search on signs; what it leaves open goes to the cones."""
    found = search_signs(
        points.X,
        points.Z,
        value,
        level=limits.level,
        nodes=min(limits.nodes, LIFTED_NODES),
        seconds=LIFTED_SHARE * limits.seconds,
    )
    starts = np.vstack([found.directions, -found.directions])
    return found.bound, ascend(points, starts)


def _seeds(X: Array) -> Array:
    """Return directions of samples, both ways, to climb from."""
    seeds = unit_rows(X, zeros=False)
    climbs = min(MOST_CLIMBS, max(CLIMB_SAMPLES // len(seeds), 16))
    seeds = seeds[:: -(-2 * len(seeds) // climbs)]
    return np.vstack([seeds, -seeds])


def _distinct(U: Array, values: Array) -> Array:
    """Return the rows of U without repetition, the best first."""
    U = U[np.argsort(-values, kind="stable")]
    kept: list[int] = []
    for k, u in enumerate(U):
        if not kept or np.linalg.norm(U[kept] - u, axis=1).min() > SAME:
            kept.append(k)
    return U[kept]
