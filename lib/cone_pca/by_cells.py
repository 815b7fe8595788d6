"""kappa as Algorithm 1 prints it: cone-constrained PCA in one cell after another."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lib.arrangements import enumerate_cells
from lib.cone_pca.faces import ConeMaximum, cone_pca
from lib.cone_pca.maximum import check_data, check_dual
from lib.numerics import Array

Method = Callable[[Array, Array], ConeMaximum]
"""How one cell is solved: ``method(A, B)`` maximises ``|A u|`` over ``B u >= 0``."""


@dataclass(frozen=True, eq=False)
class CellMaximum:
    """The maximum over all cells, one after the other.

    Parameters
    ----------
    value : float
        ``max_i s_i``, which is kappa.
    direction : (d,) array
        A unit vector that attains it.
    values : (P,) array
        ``s_i``, the maximum in each closed cell, in the order of the cells.
    problems : int
        Eigenproblems that were solved.
    """

    value: float
    direction: Array
    values: Array
    problems: int


def kappa_by_cells(X: Array, Z: Array, method: Method = cone_pca) -> CellMaximum:
    """Maximise ``|Z^T (X u)_+|`` over the unit ball by a walk through all cells.

    In the closed cell of ``D_i`` the hidden layer is ``D_i X u``, so the maximum
    there is cone-constrained PCA of ``A = Z^T D_i X``. It needs every cell and has
    no bound of its own rounding: it is what :func:`lib.cone_pca.oracle` is compared
    with, not what it does.

    Parameters
    ----------
    X : (n, d) array
        Zero, repeated and parallel rows included.
    Z : (n, c) array
    method : callable
        :func:`lib.cone_pca.cone_pca` by faces, or the paper's
        :func:`lib.cone_pca.cone_pca_by_subsets`.

    Raises
    ------
    ValueError
        If X and Z have different numbers of rows or are not finite.

    Notes
    -----
    (71) and (72), step 2 of Algorithm 1. P calls of the method, P of order
    ``n^(r-1)``.
    """
    return walk(X, method)(Z)


def walk(X: Array, method: Method = cone_pca) -> Callable[[Array], CellMaximum]:
    """Find the cells of X once; return ``Z -> kappa_by_cells(X, Z, method)``."""
    check_data(X, "kappa_by_cells")
    patterns = enumerate_cells(X).patterns.astype(np.float64)
    cones = [
        ((2 * active - 1)[:, None] * X, active[:, None] * X) for active in patterns
    ]

    def maximise(Z: Array) -> CellMaximum:
        check_dual(X, Z, "kappa_by_cells")
        found = [method(Z.T @ linear, cone) for cone, linear in cones]
        values = np.array([cell.value for cell in found])
        best = found[int(values.argmax())]
        problems = sum(cell.tried for cell in found)
        return CellMaximum(best.value, best.direction, values, problems)

    return maximise
