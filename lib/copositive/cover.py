"""Regions of input space on which a layer is linear, and the cones that hold them.

Everything in (17)-(20) is said of a list of regions: a pattern ``D_i`` and
inequalities ``G u >= 0``. (19) takes the cells, (17) their simplicial pieces, (20)
the single cell of a spike-free X.
"""

from dataclasses import dataclass

import numpy as np

from lib.arrangements import Cells, enumerate_cells, generic_cell_count
from lib.arrangements.cells import unit_normals
from lib.arrangements.triangulation import Incidence, find_incidence
from lib.numerics import EPS, Array, unit_rows
from lib.problem import Problem, reduce_rank
from lib.problem.problem import RankReduction

EXACT_RANK = 4
"""Doubly nonnegative matrices of at most this size are completely positive
(Maxfield and Minc 1962), so that pieces with so many rays make (17) exact."""

MOST_CELLS = 50_000
"""Cells that a cover may list: seconds, and a gigabyte for their programs."""


@dataclass(frozen=True, eq=False)
class Region:
    """A cone ``{u : G u >= 0}`` on which the activations are ``D X u``.

    Parameters
    ----------
    pattern : (n,) bool array
        The diagonal of D: one entry for each row of X, sample or patch.
    normals : (k, r) array
        Rows of G, unit vectors.
    basis : (r, r) array
        Columns by which solvers write ``U = basis S basis^T``: the rays of a
        simplicial cone; else such that the cone is not thin in these coordinates.
    inside : (r,) array
        A vector with ``G inside > 0``.
    slack : float
        0 if the inequalities hold exactly; else they hold up to ``-slack |u|``,
        from the rounding of rays.
    simplicial : bool
        Whether the cone has r rays, which are then the columns of ``basis``.
    """

    pattern: np.ndarray
    normals: Array
    basis: Array
    inside: Array
    slack: float = 0.0
    simplicial: bool = False

    def active(self, problem: Problem, X: Array) -> Array:
        """Return ``S D X``, (n, r): what each sample makes of u in this region.

        S adds up the patches of a sample, as in (50); without pooling it is I.
        """
        return problem.pool(np.where(self.pattern[:, None], X, 0.0))


@dataclass(frozen=True, eq=False)
class Cover:
    """Regions that together cover every input weight that matters.

    Parameters
    ----------
    reduced : RankReduction
        X in its row space; regions live there, in r dimensions.
    regions : tuple of Region
    exact : bool
        Whether the doubly nonnegative relaxation over these regions is the
        copositive program (17) itself: simplicial regions of rank at most 4.
    positive : bool
        Whether the only region is that of (20), which a spike-free X needs.
    """

    reduced: RankReduction
    regions: tuple[Region, ...]
    exact: bool
    positive: bool = False

    @property
    def X(self) -> Array:  # noqa: N802, the name of the naming table
        """The samples, or patches, in their row space, (n, r)."""
        return self.reduced.coordinates

    def __len__(self) -> int:
        """Return the number of regions."""
        return len(self.regions)

    def looseness(self, outputs: int) -> float:
        """Return a factor by which p* exceeds the relaxation at most.

        For targets of rank k it is ``sqrt(min(k, r))``: 1 for one output, whatever
        the regions are. For (20), where X is spike-free, it is at most ``sqrt 2``.

        Parameters
        ----------
        outputs : int
            k, the rank of Y.

        Notes
        -----
        Equations (19), (20). For any loss whose least value is not negative.
        """
        rank = self.X.shape[1]
        if self.exact:
            return 1.0
        if self.positive:
            return spike_free_looseness(outputs, rank)
        return float(np.sqrt(max(min(outputs, rank), 1)))


def spike_free_looseness(outputs: int, rank: int) -> float:
    """Return a factor by which p* exceeds (20) at most, for targets of rank outputs.

    On spike-free X even the network without ReLU costs no less than p* over ``sqrt 2``;
    for one output, and up to ``EXACT_RANK``, (20) is p*.
    """
    return 1.0 if outputs <= 1 or rank <= EXACT_RANK else float(np.sqrt(2.0))


def cover_by_cells(X: Array, *, as_printed: bool = False) -> Cover:
    """List the cells of the arrangement: the regions of (19).

    The printed constraint, ``(2D-I) X U X^T (2D-I) >= 0``, has one inequality for
    each pair of samples. A sample whose hyperplane is no facet of the cell is a
    nonnegative combination of the facets (Farkas), and so are its inequalities:
    those of pairs of facets imply all others.

    Parameters
    ----------
    X : (n, d) array
        Samples, or the patches of a CNN.
    as_printed : bool
        Keep all samples, as (19) is printed; else only facets.

    Returns
    -------
    Cover
        Exact at rank 1 and 2, where every cell is simplicial.

    Raises
    ------
    ValueError
        If there may be more than ``MOST_CELLS`` cells, or if some hyperplanes are
        too nearly parallel.

    Notes
    -----
    Equation (19). Cost of :func:`lib.arrangements.enumerate_cells`, and for facets
    about 0.1 ms a cell.

    Examples
    --------
    >>> len(cover_by_cells(np.eye(2)))
    4
    """
    reduced, cells, normals = _cells(X)
    X = reduced.coordinates
    if as_printed or not X.any():
        rows = unit_rows(X, zeros=False)
        regions = [_printed_cell(cells, i, rows) for i in range(len(cells))]
    else:
        regions = [
            _cell(cells.patterns[i], find_incidence(cells.rays[i], normals), normals)
            for i in range(len(cells))
        ]
    return Cover(reduced, tuple(regions), exact=X.shape[1] <= 2)


def _cells(X: Array) -> tuple[RankReduction, Cells, Array]:
    """Reduce X; return the cells and distinct unit normals, (k, r), if they are few."""
    reduced = reduce_rank(X)
    normals = unit_normals(reduced.coordinates)
    k, r = normals.shape
    count = generic_cell_count(k, min(r, k)) if k else 1
    if count > MOST_CELLS:
        raise ValueError(
            f"A cover lists at most {MOST_CELLS} cells; {k} hyperplanes in {r} "
            f"dimensions can have {count}. Take fewer samples, or solve_by_columns, "
            "which looks only at the cells that it needs."
        )
    return reduced, enumerate_cells(reduced.coordinates), normals


def _printed_cell(cells: Cells, i: int, rows: Array) -> Region:
    """Make a region of cell i with an inequality for each sample, (n, r)."""
    witness = cells.witnesses[i]
    signs = np.where(rows @ witness > 0, 1.0, -1.0)[:, None]
    return Region(cells.patterns[i], signs * rows, np.eye(len(witness)), witness)


def _cell(pattern: np.ndarray, found: Incidence, normals: Array) -> Region:
    """Make a region of a cell with an inequality for each facet."""
    W = found.rays.T  # (r, m)
    inside = W.sum(axis=1)
    simplicial = W.shape[0] == W.shape[1]
    basis = W if simplicial else np.linalg.cholesky(W @ W.T)
    facets = normals[found.walls] if len(W) > 1 else normals[:1]
    signs = np.where(facets @ inside > 0, 1.0, -1.0)[:, None]
    return Region(pattern, signs * facets, basis, inside, simplicial=simplicial)


def cover_by_simplices(X: Array) -> Cover:
    """Split every cell into simplicial cones: the regions that make (17) finite.

    A simplicial cone with rays W, (r, r), contains exactly ``u = W s`` with s >= 0.
    So the convex hull of its ``u u^T`` is ``W S W^T`` with S completely positive of
    size r, and for r <= 4 that means doubly nonnegative. A neuron of a cell is a
    neuron of one of its pieces, so the hull over the cell is the sum over pieces.
    Hence the relaxation over pieces is (17), for every X of rank at most 4.

    Parameters
    ----------
    X : (n, d) array
        Samples, or the patches of a CNN.

    Returns
    -------
    Cover
        ``exact`` if the rank is at most 4; beyond, still at least as tight as (19).

    Raises
    ------
    ValueError
        If there may be more than ``MOST_CELLS`` cells, or if some hyperplanes are
        too nearly parallel.

    Notes
    -----
    Equations (17), (18). The repair of (19) for cells that are not simplicial.

    Examples
    --------
    >>> cover = cover_by_simplices(np.eye(3))
    >>> len(cover), cover.exact
    (8, True)
    """
    if not X.any():
        return cover_by_cells(X)
    reduced, cells, normals = _cells(X)
    regions = []
    for pattern, rays in zip(cells.patterns, cells.rays, strict=True):
        regions += split_cell(pattern, rays, normals)
    exact = reduced.basis.shape[1] <= EXACT_RANK
    return Cover(reduced, tuple(regions), exact)


def split_cell(pattern: np.ndarray, rays: Array, normals: Array) -> list[Region]:
    """Split one cell into simplicial regions.

    Parameters
    ----------
    pattern : (n,) bool array
    rays : (m, r) array
        Its unit extreme rays.
    normals : (k, r) array
        Unit normals of all hyperplanes.

    Raises
    ------
    ValueError
        As :func:`lib.arrangements.triangulation.find_incidence`.
    """
    found = find_incidence(rays, normals)
    return [
        _simplex(pattern, rays[list(piece)].T, found.error) for piece in found.pieces
    ]


def _simplex(pattern: np.ndarray, W: Array, error: float) -> Region:
    """Make a region of the cone of the columns of W, known up to ``error``.

    ``u = W s`` has ``sum s <= |u| / rho`` with rho the least norm on the hull of
    the rays, and each inequality fails by at most its error at a ray. Any w proves
    ``rho >= min_k w . w_k / |w|``.
    """
    normals = unit_rows(np.linalg.inv(W))
    heights = normals @ W
    off = np.abs(heights - np.diag(np.diag(heights))).max(initial=0.0)
    inside = W.sum(axis=1)
    level = np.linalg.solve(W.T, np.ones(len(W)))
    rho = max((w @ W).min() / np.linalg.norm(w) for w in (inside, level))
    slack = 0.0 if len(W) == 1 else float(off + error + 8 * len(W) * EPS) / rho
    return Region(pattern, normals, W, inside, slack, simplicial=True)


def cover_by_positive_cell(X: Array) -> Cover:
    """Take ``{u : X u >= 0}`` alone: the region of (10) and (20).

    It is enough if X is spike-free: then for every u some u' no longer than u has
    ``X u' = (X u)_+``. Whether X is spike-free is for the caller to know; if not,
    values over this cover are those of (20) but no bounds of (5).

    Parameters
    ----------
    X : (n, d) array
        A vector with ``X u > 0`` must exist.

    Raises
    ------
    ValueError
        If least squares finds no u with ``X u > 0``.

    Notes
    -----
    Equation (20) has an inequality for each pair of samples; so has this cover.
    """
    reduced = reduce_rank(X)
    X = reduced.coordinates
    normals = unit_rows(X, zeros=False)
    inside = np.linalg.lstsq(normals, np.ones(len(normals)), rcond=None)[0]
    if not (normals @ inside > 0).all():
        raise ValueError(
            f"cover_by_positive_cell needs a u with X u > 0; the least squares "
            f"solution of X u = 1 has margin {float((normals @ inside).min()):.1e}. "
            "De-meaned data have none; keep their mean."
        )
    pattern = np.ones(len(X), dtype=bool)
    region = Region(pattern, normals, np.eye(X.shape[1]), inside)
    return Cover(reduced, (region,), exact=False, positive=True)
