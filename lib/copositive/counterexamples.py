"""Where (19) is not tight: a cell with five facets, matrices of order 5, random data.

The paper says that (19) equals (17) for d <= 4, since doubly nonnegative matrices of
size 4 are completely positive. That argument is about cones with at most four
facets; a cell in three dimensions can have more.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lib.copositive.cover import cover_by_cells, cover_by_simplices
from lib.copositive.relaxation import (
    Relaxation,
    RelaxedNorm,
    largest_on_faces,
    relaxed_norm,
    solve_relaxation,
)
from lib.numerics import Array, unit_rows
from lib.problem import Problem

SQUARED_NORM = 1 - 1 / np.sqrt(5.0)
"""``kappa(Y)^2 = 0.55279``: the largest of ``u_1^2 + u_2^2`` in the pentagon cone."""

RELAXED_SQUARED_NORM = 2 / 3
"""What the relaxation takes for it: ``0.66667``."""

Draw = Callable[[np.random.Generator], tuple[Array, Array]]
"""A law of data: X (n, d) and Y (n, c) from a generator."""

TIGHT = 1e-6
"""Relative differences below this are within what the solvers can tell apart."""


@dataclass(frozen=True, eq=False)
class Pentagon:
    """The counterexample at one beta.

    Parameters
    ----------
    problem : Problem
    norm : RelaxedNorm
        ``kappa(Y)`` over simplicial pieces: exact.
    relaxed : RelaxedNorm
        The same over cells: what (19) uses.
    printed : Relaxation
        (19) over the cells.
    repaired : Relaxation
        (17) over simplicial pieces.
    """

    problem: Problem
    norm: RelaxedNorm
    relaxed: RelaxedNorm
    printed: Relaxation
    repaired: Relaxation

    @property
    def optimum(self) -> float:
        """``p* = |Y|^2 / 2`` if beta >= kappa(Y): no network beats the zero one."""
        if self.problem.beta < np.sqrt(SQUARED_NORM):
            raise ValueError(
                f"p* is known in closed form for beta >= {np.sqrt(SQUARED_NORM):.5f} "
                f"only; got beta = {self.problem.beta}. Read repaired.value."
            )
        return 0.5 * float(np.vdot(self.problem.Y, self.problem.Y))

    @property
    def relaxed_optimum(self) -> float:
        """Value of (19) at ``U = t I / 3`` in the all-active cell, the best t.

        ``|Y|^2 / 2 (1 - (1 - beta / m)^2)`` with ``m^2 = 2/3``, for beta <= m.
        """
        ratio = min(self.problem.beta / np.sqrt(RELAXED_SQUARED_NORM), 1.0)
        return (
            0.5 * float(np.vdot(self.problem.Y, self.problem.Y)) * ratio * (2 - ratio)
        )


def pentagon_data() -> tuple[Array, Array]:
    """Return five samples in three dimensions and two outputs.

    ``x_k = (s cos(2 pi k/5), s sin(2 pi k/5), 1)`` with ``s^2 = -1 / cos(4 pi/5)``, so
    that ``x_k . x_l = 0`` for samples that are not neighbours, and
    ``Y = X (X^T X)^-1 [e_1 e_2]``, so that ``Y^T X = [e_1 e_2]^T``.

    Returns
    -------
    X : (5, 3) array
    Y : (5, 2) array
    """
    angles = 2 * np.pi * np.arange(5) / 5
    s = np.sqrt(-1 / np.cos(4 * np.pi / 5))
    X = np.column_stack([s * np.cos(angles), s * np.sin(angles), np.ones(5)])
    return X, np.linalg.solve(X.T @ X, X.T).T[:, :2]


def pentagon(beta: float = 0.78) -> Pentagon:
    """Run the counterexample: (19) below p* in three dimensions, and its repair.

    **Theorem.** For the data of :func:`pentagon_data` and
    ``sqrt(1 - 1/sqrt 5) <= beta < sqrt(2/3)`` the zero network is optimal,
    ``p* = |Y|^2 / 2``, and (19) is strictly below.

    *Proof.* In the all-active cell ``|Y^T X u|^2 = u_1^2 + u_2^2``.

    The cell meets the plane ``u_3 = 1`` in a regular pentagon with inradius 1/s and
    squared circumradius ``R^2 = 1 / (s cos(pi/5))^2 = 1/cos(pi/5) = sqrt 5 - 1``. So
    ``u_1^2 + u_2^2`` over unit u is largest at its corners:
    ``R^2 / (1 + R^2) = 1 - 1/sqrt 5``.

    The relaxation maximises ``U_11 + U_22`` over ``U >= 0``, ``tr U = 1``,
    ``X U X^T >= 0`` entrywise. Averaging over the symmetries of the pentagon keeps
    all of this, so U = diag(a, a, b) without loss, and the inequalities read
    ``a s^2 cos(2 pi (k - l) / 5) + b >= 0``: the worst, ``cos(4 pi/5)``, says b >= a.
    With ``2a + b = 1`` the maximum is ``2a = 2/3``, at U = I/3.

    (The other cells reach less than ``1 - 1/sqrt 5``; ``norm.bound`` proves it with a
    multiplier for every piece of every cell.) So kappa(Y) <= beta, Z = Y is feasible
    for (11) and ``p* >= |Y|^2 / 2``, the value of the zero network. In (19),
    ``U = t I/3`` in this cell has the value
    ``1/2 |Y|^2 / (1 + 5 s^2 t / 3) + beta^2 t``, whose slope at t = 0 is
    ``beta^2 - 2/3 < 0``, and whose least value is
    ``p* (1 - (1 - beta / sqrt(2/3))^2) < p*``. QED

    **Repair.** Split each cell into simplicial cones with rays W. Their hulls of
    ``u u^T`` are ``W S W^T``, S completely positive of size r, hence doubly
    nonnegative for r <= 4: see :func:`lib.copositive.cover_by_simplices`. So
    for every X of rank at most 4 the relaxation over pieces is p*.

    Parameters
    ----------
    beta : float
        Between 0.7435 and 0.8165 the zero network is optimal and (19) denies it.

    Returns
    -------
    Pentagon
        Both programs solved, with proved bounds.

    Examples
    --------
    >>> result = pentagon(0.78)
    >>> bool(result.printed.value < result.optimum * (1 - 1e-3))
    True
    >>> bool(abs(result.repaired.value / result.optimum - 1) < 1e-6)
    True
    """
    X, Y = pentagon_data()
    problem = Problem(X, Y, beta)
    cells, pieces = cover_by_cells(X), cover_by_simplices(X)
    return Pentagon(
        problem,
        relaxed_norm(pieces, Y),
        relaxed_norm(cells, Y),
        solve_relaxation(problem, cells),
        solve_relaxation(problem, pieces),
    )


def pentagon_matrix() -> Array:
    """Return a doubly nonnegative matrix of order 5 that is not completely positive.

    ``M_kl = cos(2 pi (k - l) / 5) + cos(pi / 5)``: the Gram matrix of the pentagon
    plus a constant that makes its negative entries zero.

    Returns
    -------
    (5, 5) array
        ``<H, M> = (25 - 15 sqrt 5) / 4 < 0`` with H of :func:`horn_matrix`.

    Examples
    --------
    >>> M = pentagon_matrix()
    >>> bool(M.min() >= 0), round(float(np.vdot(horn_matrix(), M)), 6)
    (True, -2.135255)
    """
    turns = 2 * np.pi / 5 * np.arange(5)
    M = np.cos(np.subtract.outer(turns, turns)) + np.cos(np.pi / 5)
    return np.where(horn_matrix() + np.eye(5) == 1, 0.0, M)


def horn_matrix() -> Array:
    """Return Horn's copositive matrix of order 5: ``x^T H x >= 0`` for ``x >= 0``.

    1 on the diagonal and for vertices of the pentagon that are not neighbours, -1 for
    neighbours. A matrix M with ``<H, M> < 0`` is not completely positive.

    Returns
    -------
    (5, 5) array

    Notes
    -----
    Hall and Newman (1963).
    """
    apart = np.abs(np.subtract.outer(np.arange(5), np.arange(5)))
    return np.where((apart == 1) | (apart == 4), -1.0, 1.0)


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
        kappa(Y), from all faces of all pieces.
    relaxed : (trials,) array
        Value of (19) at a feasible point: never below its optimum.
    optimum : (trials,) array
        Proved lower bound of p*.
    """

    share: float
    facets: np.ndarray
    relaxed_norm: Array
    norm: Array
    relaxed: Array
    optimum: Array

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
    """Return facets, relaxed norm, norm, value of (19) and bound of (17)."""
    cells, pieces = cover_by_cells(X), cover_by_simplices(X)
    norm = largest_on_faces(pieces, Y)[0]
    problem = Problem(X, Y, share * norm)
    facets = max(len(region.normals) for region in cells.regions)
    return (
        facets,
        relaxed_norm(cells, Y).value,
        norm,
        solve_relaxation(problem, cells).value,
        solve_relaxation(problem, pieces).dual,
    )
