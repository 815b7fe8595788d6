"""The relaxations (17), (19), (20) as sparse conic programs, in the solvers' terms.

A program is ``min 1/2 x^T P x + q^T x`` with ``b - A x`` in a product of cones: zero,
nonnegative numbers, positive semidefinite matrices. Symmetric matrices are stored as
their upper triangles, column by column, off-diagonal entries times sqrt 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import clarabel
import numpy as np
import scs
from scipy import sparse

from lib.numerics import Array

ROOT2 = float(np.sqrt(2.0))

INTERIOR_TOLERANCE = 1e-10
"""Gap and feasibility asked of Clarabel. It only guides: bounds are proved apart."""

SPLITTING_TOLERANCE = 1e-7
"""The same for SCS, a first-order method, which needs thousands of steps for it."""

SPLITTING_STEPS = 50_000


@dataclass(frozen=True, eq=False)
class ConicProgram:
    """Data of a conic program; ``matrices`` lists the sizes of its matrix cones."""

    P: sparse.csc_matrix
    q: Array
    A: sparse.csc_matrix
    b: Array
    zeros: int
    nonnegative: int
    matrices: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class ConicPoint:
    """Primal x, dual z of the rows, and the solver's own word for how it went."""

    x: Array
    z: Array
    status: str


def triangle(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and columns of the upper triangle, column by column."""
    rows, columns = np.triu_indices(size)
    order = np.lexsort((rows, columns))
    return rows[order], columns[order]


def pack(S: Array) -> Array:
    """Store symmetric matrices, (..., m, m), as triangles, (..., m (m + 1) / 2)."""
    rows, columns = triangle(S.shape[-1])
    return S[..., rows, columns] * np.where(rows == columns, 1.0, ROOT2)


def unpack(s: Array, size: int) -> Array:
    """Undo :func:`pack` for one matrix."""
    rows, columns = triangle(size)
    S = np.zeros((size, size))
    S[rows, columns] = s / np.where(rows == columns, 1.0, ROOT2)
    return S + np.triu(S, 1).T


def products(rows: Array) -> Array:
    """Return the functionals ``S -> e_k^T S e_l`` for rows k < l, packed."""
    first, second = np.triu_indices(len(rows), 1)
    outer = rows[first][:, :, None] * rows[second][:, None, :]
    return pack((outer + outer.transpose(0, 2, 1)) / 2)


def solve_interior(program: ConicProgram) -> ConicPoint:
    """Solve with Clarabel: precise, for many small matrix cones."""
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_threads = 1  # the same numbers on every machine
    settings.tol_gap_abs = settings.tol_gap_rel = INTERIOR_TOLERANCE
    settings.tol_feas = INTERIOR_TOLERANCE
    cones = [
        clarabel.ZeroConeT(program.zeros),
        clarabel.NonnegativeConeT(program.nonnegative),
        *(clarabel.PSDTriangleConeT(size) for size in program.matrices),
    ]
    solver = clarabel.DefaultSolver(
        sparse.triu(program.P, format="csc"),
        program.q,
        program.A,
        program.b,
        cones,
        settings,
    )
    solution = solver.solve()
    return ConicPoint(
        np.array(solution.x), np.array(solution.z), f"Clarabel: {solution.status}"
    )


def solve_splitting(program: ConicProgram) -> ConicPoint:
    """Solve with SCS: a first-order method, for one large matrix cone."""
    order = _lower_order(program)
    data = {
        "P": sparse.triu(program.P, format="csc"),
        "A": program.A[order].tocsc(),
        "b": program.b[order],
        "c": program.q,
    }
    cone = {
        "z": program.zeros,
        "l": program.nonnegative,
        "s": list(program.matrices),
    }
    solver = scs.SCS(
        data,
        cone,
        verbose=False,
        eps_abs=SPLITTING_TOLERANCE,
        eps_rel=SPLITTING_TOLERANCE,
        max_iters=SPLITTING_STEPS,
    )
    solution = solver.solve()
    z = np.empty_like(solution["y"])
    z[order] = solution["y"]
    return ConicPoint(solution["x"], z, f"SCS: {solution['info']['status']}")


def _lower_order(program: ConicProgram) -> np.ndarray:
    """Return the rows in SCS's order: lower triangles, column by column."""
    start = program.zeros + program.nonnegative
    order = [np.arange(start)]
    for size in program.matrices:
        rows, columns = triangle(size)
        # Entry (i, j) of the upper triangle is entry (j, i) of the lower one.
        order.append(start + np.lexsort((columns, rows)))
        start += len(rows)
    return np.concatenate(order)
