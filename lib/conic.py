"""The one door to Clarabel and SCS: sparse conic programs in the solvers' terms.

A program is ``min 1/2 x^T P x + q^T x`` with ``b - A x`` in a product of cones: zero,
nonnegative numbers, second-order cones, positive semidefinite matrices. Symmetric
matrices are stored as their upper triangles, column by column, off-diagonal entries
times sqrt 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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

SOLVED = ("Solved", "AlmostSolved")
"""Clarabel's words for a point that can be used as it is."""

PANIC = "PanicException"
"""The class that stands for a panic of compiled Rust; its module cannot be imported."""


class SolverFailure(RuntimeError):  # noqa: N818, a result that did not come
    """A solver stopped without a point; the message has its name and its words."""


@dataclass(frozen=True, eq=False)
class ConicProgram:
    """Data of a conic program, with the rows of its cones in the order of the fields.

    Parameters
    ----------
    P : (k, k) sparse matrix or None
        Symmetric; only its upper triangle is read. None for 0.
    q : (k,) array
    A : (l, k) sparse matrix
    b : (l,) array
    zeros, nonnegative : int
        How many rows must be 0, and at least 0.
    norms : tuple of int
        Sizes of the cones ``|s_2, s_3, ...| <= s_1``; Clarabel only.
    matrices : tuple of int
        Sizes of the matrix cones.
    unit : float
        The size of the dual variable that matters. A splitting method stops at an
        absolute error, which is asked in this unit: what a dual point proves then
        has the accuracy of the solver, however small the weight decay is.
    """

    P: sparse.csc_matrix | None
    q: Array
    A: sparse.csc_matrix
    b: Array
    zeros: int = 0
    nonnegative: int = 0
    norms: tuple[int, ...] = ()
    matrices: tuple[int, ...] = ()
    unit: float = 1.0

    @property
    def upper(self) -> sparse.csc_matrix:
        """The upper triangle of P, as both solvers want it."""
        P = sparse.csc_matrix((len(self.q),) * 2) if self.P is None else self.P
        return sparse.triu(P, format="csc")


@dataclass(frozen=True, eq=False)
class ConicPoint:
    """Where a solver stopped.

    Parameters
    ----------
    x : (k,) array
    z : (l,) array
        The dual variable of the rows.
    bound : float
        The dual value, to the solver's accuracy; nan if it has none.
    solved : bool
        Whether the solver says that it got there, if not quite so near as asked.
    status : str
        The solver's name and its own word for how it went.
    """

    x: Array
    z: Array
    bound: float
    solved: bool
    status: str


def _triangle(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and columns of the upper triangle, column by column."""
    columns, rows = np.tril_indices(size)
    return rows, columns


def pack(S: Array) -> Array:
    """Store symmetric matrices, (..., m, m), as triangles, (..., m (m + 1) / 2)."""
    rows, columns = _triangle(S.shape[-1])
    return S[..., rows, columns] * np.where(rows == columns, 1.0, ROOT2)


def unpack(s: Array, size: int) -> Array:
    """Undo :func:`pack` for one matrix."""
    rows, columns = _triangle(size)
    S = np.zeros((size, size))
    S[rows, columns] = s / np.where(rows == columns, 1.0, ROOT2)
    return S + np.triu(S, 1).T


def products(rows: Array) -> Array:
    """Return the functionals ``S -> e_k^T S e_l`` for rows k < l, packed."""
    first, second = np.triu_indices(len(rows), 1)
    outer = rows[first][:, :, None] * rows[second][:, None, :]
    return pack((outer + outer.transpose(0, 2, 1)) / 2)


def packed_size(size: int) -> int:
    """Return how many numbers a packed matrix of this size has."""
    return size * (size + 1) // 2


def block_outputs(M: Array, c: int) -> sparse.csc_matrix:
    """Return the map from a packed [S V; V^T T] to ``M V``, (n c,), row by row.

    M is (n, m), S is (m, m) and V is (m, c).
    """
    n, m = M.shape
    i, k, j = (part.ravel() for part in np.indices((n, m, c)))
    columns = packed_size(m + j) + k
    shape = n * c, packed_size(m + c)
    return sparse.csc_matrix((M[i, k] / ROOT2, (i * c + j, columns)), shape=shape)


def block_cost(W: Array, c: int) -> Array:
    """Return the packed functional ``[S V; V^T T] -> (tr W S W^T + tr T) / 2``."""
    weight = np.eye(W.shape[1] + c) / 2
    weight[: W.shape[1], : W.shape[1]] = W.T @ W / 2
    return pack(weight)


def solve_interior(
    program: ConicProgram, *, tolerance: float = INTERIOR_TOLERANCE
) -> ConicPoint:
    """Solve with Clarabel: precise, for many small cones.

    Parameters
    ----------
    program : ConicProgram
    tolerance : float
        Gap and feasibility asked for.

    Raises
    ------
    SolverFailure
        If Clarabel refuses the program or panics. Not reaching the tolerance is a
        status.
    """
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_threads = 1  # the same numbers on every machine
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = tolerance
    cones = [
        clarabel.ZeroConeT(program.zeros),
        clarabel.NonnegativeConeT(program.nonnegative),
        *(clarabel.SecondOrderConeT(size) for size in program.norms),
        *(clarabel.PSDTriangleConeT(size) for size in program.matrices),
    ]
    data = program.upper, program.q, program.A, program.b, cones, settings
    with failures_of("Clarabel", len(program.q)):
        found = clarabel.DefaultSolver(*data).solve()
    word = str(found.status)
    point = np.array(found.x), np.array(found.z), float(found.obj_val_dual)
    return ConicPoint(*point, word in SOLVED, f"Clarabel: {word}")


def solve_splitting(program: ConicProgram) -> ConicPoint:
    """Solve with SCS: a first-order method, for one large matrix cone.

    Raises
    ------
    SolverFailure
        If SCS refuses the program. Not reaching ``SPLITTING_TOLERANCE`` in
        ``SPLITTING_STEPS`` is a status.
    """
    order = _lower_order(program)
    A, b = program.A[order].tocsc(), program.b[order]
    data = {"P": program.upper, "A": A, "b": b, "c": program.q}
    sizes = list(program.matrices)
    cone = {"z": program.zeros, "l": program.nonnegative, "s": sizes}
    limits = {
        "eps_abs": SPLITTING_TOLERANCE * program.unit,
        "eps_rel": SPLITTING_TOLERANCE * program.unit,
        "max_iters": SPLITTING_STEPS,
    }
    with failures_of("SCS", len(program.q)):
        found = scs.SCS(data, cone, verbose=False, **limits).solve()
    z, about = np.empty_like(found["y"]), found["info"]
    z[order] = found["y"]
    word = about["status"]
    point = found["x"], z, float(about["dobj"])
    return ConicPoint(*point, word.startswith("solved"), f"SCS: {word}")


@contextmanager
def failures_of(solver: str, unknowns: int) -> Iterator[None]:
    """Turn whatever a solver raises, panics included, into one :class:`SolverFailure`.

    Parameters
    ----------
    solver : str
        Its name.
    unknowns : int
        How many the program has.
    """
    try:
        yield
    except BaseException as error:
        # A panic of compiled code is no Exception; it must not pass for an interrupt.
        if not isinstance(error, Exception) and type(error).__name__ != PANIC:
            raise
        raise SolverFailure(
            f"{solver} must solve a program of {unknowns} unknowns; it stopped with "
            f"{type(error).__name__}: {error}. Bring the columns of X and Y to "
            "comparable sizes, or take fewer samples."
        ) from error


def _lower_order(program: ConicProgram) -> np.ndarray:
    """Return the rows in SCS's order: lower triangles, column by column."""
    start = program.zeros + program.nonnegative
    order = [np.arange(start)]
    for size in program.matrices:
        # Entry (i, j) of the upper triangle is entry (j, i) of the lower one.
        i, j = np.triu_indices(size)
        order.append(start + packed_size(j) + i)
        start += packed_size(size)
    return np.concatenate(order)
