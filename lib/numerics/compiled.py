"""How this library compiles its kernels, and the few of them that are pure algebra.

Kernels work on arrays that their callers own, so that they can run on both cores
at once. Matrices here are tiny, r x r with r the rank of the data: loops beat LAPACK.
"""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile once, keep the machine code beside the source, release the lock.

    Where neither the folder of the source nor the home can be written to, the machine
    code lasts as long as the process.
    """
    try:
        return _compiler(cache=True)(function)
    except RuntimeError:  # numba: no locator available
        return _compiler(cache=False)(function)


def _compiler(*, cache: bool) -> Any:
    """Return numba's decorator with the options of this library."""
    return numba.njit(cache=cache, nogil=True, error_model="numpy")


JACOBI_SWEEPS = 30
"""Sweeps until a small symmetric matrix is diagonal; six do in practice."""

DEPENDENT = 1e-13
"""A unit vector this near to the span of others adds no direction of its own."""


@compiled
def inner(a, b):
    """Return the inner product of two short vectors."""
    total = 0.0
    for k in range(len(a)):
        total += a[k] * b[k]
    return total


@compiled
def normalise(vector):
    """Scale a vector to unit length."""
    length = np.sqrt(inner(vector, vector))
    for k in range(len(vector)):
        vector[k] /= length


@compiled
def remove(axis, vector):
    """Subtract from a vector its part along a unit axis; return the part's length."""
    share = inner(axis, vector)
    for k in range(len(vector)):
        vector[k] -= share * axis[k]
    return share


@compiled
def is_positive_semidefinite(matrix, factor):
    """Try a Cholesky factorisation in ``factor``; False on a negative pivot.

    True proves that ``matrix`` plus a perturbation of a few roundings of its
    largest entry is positive semidefinite (Higham 2002, theorem 10.3).
    """
    return factorise(matrix, factor, 0.0)


@compiled
def factorise(matrix, factor, least):
    """Write the Cholesky factor of a matrix; False on a pivot not above ``least``."""
    size = len(matrix)
    for i in range(size):
        for j in range(i + 1):
            total = matrix[i, j]
            for k in range(j):
                total -= factor[i, k] * factor[j, k]
            if i == j:
                if total <= least:
                    return False
                factor[i, i] = np.sqrt(total)
            else:
                factor[i, j] = total / factor[j, j]
    return True


@compiled
def rotate(form, vectors, p, q):
    """Zero entry (p, q) of a symmetric matrix by a Jacobi rotation."""
    theta = (form[q, q] - form[p, p]) / (2.0 * form[p, q])
    sign = 1.0 if theta >= 0.0 else -1.0
    t = sign / (abs(theta) + np.sqrt(theta * theta + 1.0))
    cosine = 1.0 / np.sqrt(t * t + 1.0)
    sine = t * cosine
    for k in range(len(form)):
        a, b = form[k, p], form[k, q]
        form[k, p], form[k, q] = cosine * a - sine * b, sine * a + cosine * b
    for k in range(len(form)):
        a, b = form[p, k], form[q, k]
        form[p, k], form[q, k] = cosine * a - sine * b, sine * a + cosine * b
        a, b = vectors[k, p], vectors[k, q]
        vectors[k, p], vectors[k, q] = cosine * a - sine * b, sine * a + cosine * b


@compiled
def diagonalise(form, vectors):
    """Turn a symmetric matrix into its eigenvalues, vectors into columns. O(r^3).

    Jacobi's method: backward stable, and accurate to a few roundings of ``|form|``.
    """
    size = len(form)
    vectors[:] = 0.0
    for k in range(size):
        vectors[k, k] = 1.0
    scale = np.abs(form).sum()
    for _ in range(JACOBI_SWEEPS):
        moved = False
        for p in range(size - 1):
            for q in range(p + 1, size):
                if abs(form[p, q]) > 1e-18 * scale:
                    rotate(form, vectors, p, q)
                    moved = True
        if not moved:
            break


@compiled
def orthonormalise(rows, basis, triangle):
    """Write ``rows = triangle basis`` with orthonormal rows; False if dependent.

    Gram-Schmidt, each row twice: then orthogonal to rounding. O(k^2 r).
    """
    for i in range(len(rows)):
        basis[i] = rows[i]
        triangle[i, :] = 0.0
        for _ in range(2):
            for j in range(i):
                triangle[i, j] += remove(basis[j], basis[i])
        length = np.sqrt(inner(basis[i], basis[i]))
        if length <= DEPENDENT:
            return False
        triangle[i, i] = length
        basis[i] /= length
    return True
