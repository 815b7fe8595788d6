"""How often (19) is not tight: random data, over cells and over their pieces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from experiments.counterexample import pentagon_data
from lib.cone_pca import kappa_by_cells
from lib.copositive import (
    cover_by_cells,
    cover_by_simplices,
    relaxed_norm,
    solve_relaxation,
)
from lib.numerics import Array, unit_rows
from lib.problem import Problem

Draw = Callable[[np.random.Generator], tuple[Array, Array]]
"""A law of data: X (n, d) and Y (n, c) from a generator."""

LEFT = 1e-5
"""Share of the largest trace below which an eigenvalue is an interior point's."""

TIGHT = 1e-6
"""Relative differences below this are within what the solvers can tell apart."""


@dataclass(frozen=True, eq=False)
class Looseness:
    """One row a draw: (19) against (17), each from its proved or attained side.

    Parameters
    ----------
    share : float
        ``beta / kappa(Y)`` of every draw.
    facets : (trials,) int array
        Facets of the cell with the most.
    relaxed_norm : (trials,) array
        Attained lower bound of what (19) takes for kappa(Y).
    norm : (trials,) array
        kappa(Y), from all faces of all cells.
    relaxed : (trials,) array
        Value of (19) at a feasible point: never below its optimum.
    optimum : (trials,) array
        Proved lower bound of p*.
    ranks : (trials,) int array
        Largest rank of the matrices U_i of (19): up to 2, (19) is p*.
    looseness : (trials,) array
        Factor within which (19) is p* by theorem.
    """

    share: float
    facets: np.ndarray
    relaxed_norm: Array
    norm: Array
    relaxed: Array
    optimum: Array
    ranks: np.ndarray
    looseness: Array

    @property
    def norm_excess(self) -> Array:
        """``relaxed kappa / kappa - 1``, (trials,): 0 where (19) is tight at Y."""
        return self.relaxed_norm / self.norm - 1

    @property
    def shortfall(self) -> Array:
        """Relative distance of (19) below p*, at least, (trials,)."""
        return 1 - self.relaxed / self.optimum

    @property
    def loose_norms(self) -> int:
        """Draws in which the relaxed norm is above kappa by more than ``TIGHT``."""
        return int((self.norm_excess > TIGHT).sum())

    @property
    def loose_values(self) -> int:
        """Draws in which (19) is proved below p* by more than ``TIGHT``."""
        return int((self.shortfall > TIGHT).sum())


def gaussian_draw(n: int, d: int, c: int) -> Draw:
    """Return the law of independent standard normal X (n, d) and Y (n, c)."""
    return lambda rng: (rng.standard_normal((n, d)), rng.standard_normal((n, c)))


def sphere_draw(n: int, d: int, radius: float = 1.1) -> Draw:
    """Return random points on a sphere with a bias, and Y dual to the inputs.

    ``x = (radius w, 1)`` with w uniform on the unit sphere of d - 1 dimensions, and
    ``Y = X (X^T X)^-1 [e_1 .. e_{d-1}]``, as for the pentagon but at random places.
    """

    def draw(rng: np.random.Generator) -> tuple[Array, Array]:
        w = radius * unit_rows(rng.standard_normal((n, d - 1)))
        X = np.column_stack([w, np.ones(n)])
        return X, np.linalg.solve(X.T @ X, X.T).T[:, : d - 1]

    return draw


def pentagon_draw(d: int, noise: float) -> Draw:
    """Return the pentagon, d - 3 further samples on axes of their own, and noise.

    X (d + 2, d) and Y (d + 2, 2) with normal noise of this deviation on every entry.
    """

    def draw(rng: np.random.Generator) -> tuple[Array, Array]:
        X, Y = np.zeros((d + 2, d)), np.zeros((d + 2, 2))
        X[:5, :3], Y[:5] = pentagon_data()
        X[5:, 3:] = np.eye(d - 3)
        shaken = (M + noise * rng.standard_normal(M.shape) for M in (X, Y))
        return tuple(shaken)

    return draw


def search_looseness(
    draw: Draw, rng: np.random.Generator, *, trials: int, share: float = 0.5
) -> Looseness:
    """Compare (19) with (17) on random data: over cells and over their pieces.

    Both a large and a small beta are looked at. The relaxed norm at Y says from
    which beta on (19) takes the zero network for optimal: if it is above kappa(Y)
    then (19) is loose for every beta in between. The values compare the programs at
    ``beta = share kappa(Y)``.

    Parameters
    ----------
    draw : callable
        Draws (X, Y) from ``rng``: :func:`gaussian_draw`, :func:`sphere_draw`,
        :func:`pentagon_draw` or another law of small data.
    rng : numpy.random.Generator
    trials : int
        Draws, at least 1.
    share : float
        ``beta / kappa(Y)``, below 1.

    Returns
    -------
    Looseness
        A draw counts as loose only if the differences are beyond solver error: the
        upper side of (19) is feasible, the lower side of (17) proved. At rank 5 the
        pieces are a relaxation, too, so looseness of the value can be missed, never
        invented.

    Raises
    ------
    ValueError
        If ``trials`` is below 1 or ``share`` not between 0 and 1.

    Notes
    -----
    About 0.1 s a draw at n = 6, d = 3, 0.5 s at d = 4, 1 s at d = 5, 6 s at n = 7,
    d = 5.
    """
    if trials < 1 or not 0 < share < 1:
        raise ValueError(
            f"search_looseness needs trials >= 1 and 0 < share < 1; got trials = "
            f"{trials!r}, share = {share!r}."
        )
    rows = [_compare(*draw(rng), share) for _ in range(trials)]
    return Looseness(share, *(np.array(column) for column in zip(*rows, strict=True)))


def _compare(X: Array, Y: Array, share: float) -> tuple[float, ...]:
    """Return the numbers of one draw, in the order of :class:`Looseness`."""
    cells, pieces = cover_by_cells(X), cover_by_simplices(X)
    norm = kappa_by_cells(X, Y).value
    problem = Problem(X, Y, share * norm)
    facets = max(len(region.normals) for region in cells.regions)
    printed = solve_relaxation(problem, cells)
    return (
        facets,
        relaxed_norm(cells, Y).value,
        norm,
        printed.value,
        solve_relaxation(problem, pieces).dual,
        largest_rank(printed.grams),
        printed.looseness,
    )


def largest_rank(grams: Sequence[Array]) -> int:
    """Return the largest rank of matrices, but for what an interior point leaves.

    Eigenvalues count from ``LEFT`` of the largest of all traces on.
    """
    spectra = np.array([np.linalg.eigvalsh(U) for U in grams])
    return int((spectra > LEFT * spectra.sum(axis=1).max()).sum(axis=1).max())
