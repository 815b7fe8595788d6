"""Which rays of a cell lie on which hyperplanes, and its simplicial pieces."""

from dataclasses import dataclass

import numpy as np

from lib.arrangements.double_description import RAY_TOLERANCE
from lib.numerics import EPS, Array

ON_WALL = 10 * RAY_TOLERANCE
"""Sine of a ray to a hyperplane below which it lies on it."""

NEARLY_DEPENDENT = 1e-5
"""Hyperplanes whose normals have a singular value below this meet in a line that
double precision does not find to nine digits."""


RAY_ROUNDINGS = 64
"""Roundings of a unit ray and of its heights over r - 1 walls, with margin."""


@dataclass(frozen=True, eq=False)
class Incidence:
    """The rays of a pointed cell and the hyperplanes that contain them.

    Parameters
    ----------
    rays : (m, r) array
        Unit vectors.
    on : (m, k) bool array
        Which hyperplanes contain which ray.
    error : float
        Largest distance of any ray to the line in which its hyperplanes meet.
    """

    rays: Array
    on: np.ndarray
    error: float

    @property
    def facets(self) -> list[frozenset[int]]:
        """The rays in each facet.

        A hyperplane that touches the cell in less than a facet touches it within
        one, so facets are the largest of the sets of rays on one hyperplane.
        """
        return largest_of({_members(column) for column in self.on.T})

    @property
    def walls(self) -> np.ndarray:
        """The hyperplanes that bound the cell in a facet, as row numbers."""
        facets = set(self.facets)
        sets = [_members(column) for column in self.on.T]
        return np.array([j for j, s in enumerate(sets) if s in facets], dtype=np.int64)

    @property
    def pieces(self) -> list[tuple[int, ...]]:
        """The rays of each simplicial piece."""
        r = self.rays.shape[1]
        return [(0,)] if r == 1 else triangulate(self.facets, r)


def find_incidence(rays: Array, normals: Array) -> Incidence:
    """Find which rays of a cell lie on which hyperplanes, and how exact they are.

    A unit vector with heights h over hyperplanes of least nonzero singular value s is
    at most ``|h| / s`` from the line in which they meet.

    Parameters
    ----------
    rays : (m, r) array
        The unit extreme rays of a pointed cell.
    normals : (k, r) array
        Unit normals of all hyperplanes.

    Returns
    -------
    Incidence

    Raises
    ------
    ValueError
        If the hyperplanes at a ray are too nearly dependent, or one passes so near
        that it cannot be said on which side of it the ray lies.

    Notes
    -----
    O(m k r^2).
    """
    if rays.shape[1] == 1:
        return Incidence(rays, np.zeros((len(rays), len(normals)), dtype=bool), EPS)
    heights = np.abs(rays @ normals.T)
    on = heights <= ON_WALL
    outer = normals[:, :, None] * normals[:, None, :]
    forms = np.tensordot(on.astype(float), outer, axes=1)  # (m, r, r)
    # The least eigenvalue belongs to the ray itself.
    strengths = np.sqrt(np.maximum(np.linalg.eigvalsh(forms)[:, 1], 0.0))
    least = float(strengths.min())
    _require_independent(least)
    residue = np.linalg.norm(np.where(on, heights, 0.0), axis=1)
    errors = (residue + RAY_ROUNDINGS * EPS) / strengths
    unclear = (heights <= 4 * errors[:, None]) & ~on
    if unclear.any():
        _require_independent(float(strengths[unclear.any(axis=1)].min()), limit=np.inf)
    return Incidence(rays, on, float(errors.max()))


def _require_independent(least: float, limit: float = NEARLY_DEPENDENT) -> None:
    """Refuse hyperplanes that meet at too small an angle."""
    if least < limit:
        raise ValueError(
            f"Hyperplanes must be dependent exactly or not nearly; got some that meet "
            f"in a line with least singular value {least:.1e}, and rays there are not "
            f"known to {ON_WALL:.0e}. Merge samples that are almost parallel."
        )


def _members(column: np.ndarray) -> frozenset[int]:
    """Return the places of the true entries."""
    return frozenset(np.flatnonzero(column).tolist())


def triangulate(facets: list[frozenset[int]], dimension: int) -> list[tuple[int, ...]]:
    """Split a pointed cone into simplicial cones by its rays alone.

    Every cone is the union of the cones spanned by one of its rays and the facets
    that do not contain it; these facets are split in the same way (a pulling
    triangulation).

    Parameters
    ----------
    facets : list of frozenset of int
        The rays of each facet.
    dimension : int
        Of the cone, at least 1.

    Returns
    -------
    list of tuple of int
        The ``dimension`` rays of each piece.

    Examples
    --------
    A cone over a square has two pieces:

    >>> square = [frozenset(s) for s in ({0, 1}, {1, 2}, {2, 3}, {3, 0})]
    >>> triangulate(square, 3)
    [(0, 1, 2), (0, 2, 3)]
    """
    rays = frozenset().union(*facets)
    if len(rays) == dimension:
        return [tuple(sorted(rays))]
    apex = min(rays)
    pieces = []
    for facet in sorted(facets, key=sorted):
        if apex not in facet:
            sides = largest_of({facet & other for other in facets if other != facet})
            below = triangulate(sides, dimension - 1)
            pieces += [(apex, *piece) for piece in below]
    return pieces


def largest_of(sets: set[frozenset[int]]) -> list[frozenset[int]]:
    """Return the sets that are contained in no other one."""
    return [s for s in sets if not any(s < other for other in sets)]
