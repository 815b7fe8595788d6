"""Problem (5) on the faces that neurons sit on: its value, slopes and curvature.

A neuron moves in the span of its face with its pattern held, so the outputs are
bilinear in its coordinates there and its output weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lib.master.fit import Fit, Held
from lib.numerics import Array
from lib.numerics.compiled import compiled

SAME_WALL = 1e-8
"""Singular value of unit normals below which walls are taken for dependent: ten times
the sine by which a neuron on a wall may miss it."""


@dataclass(frozen=True, eq=False)
class Faces:
    """Neurons as coordinates ``a`` in the spans of their faces, patterns held.

    Neuron k is the sum of ``a_i basis[i]`` over the coordinates i it owns.
    """

    basis: Array
    owner: np.ndarray
    fit: Fit
    beta: float

    def inputs(self, a: Array) -> Array:
        """Return the input weights at coordinates ``a``, (m, d)."""
        return self._by_owner(a[:, None] * self.basis)

    def smooth(self, a: Array, V: Array) -> Point:
        """Return the objective and its slopes at ``(a, V)``."""
        W = a[:, None] * V[self.owner]  # (N, c)
        loss, M, F = self.fit.slope(W)
        value = loss + self.beta / 2 * float(a @ a + np.vdot(V, V))
        by_a = (M * V[self.owner]).sum(1) + self.beta * a
        by_V = self._by_owner(a[:, None] * M) + self.beta * V
        return Point(a, V, value, np.concatenate([by_a, by_V.ravel()]), M, F)

    def hessian(self, point: Point) -> Array:
        """Return the Hessian over ``(a, V)``, (N + m c, N + m c).

        The curvature of the loss pulled back through ``W = a_i v_owner(i)``, plus
        that of this product, plus beta.
        """
        a, V, M = point.a, point.V, point.M
        N, (m, c) = len(a), V.shape
        C = self.fit.curvature(point.F)
        outputs, A = V[self.owner], a[:, None] * self._membership  # (N, c), (N, m)
        H = np.zeros((N + m * c, N + m * c))
        cross = H[:N, N:].reshape(N, m, c)
        last = H[N:, N:].reshape(m, c, m, c)
        if len(C) == 1:
            CA = C[0, 0] @ A
            H[:N, :N] = C[0, 0] * (outputs @ outputs.T)
            cross += CA[:, :, None] * outputs[:, None, :]
            last[:, range(c), :, range(c)] = A.T @ CA
        else:
            CA = C @ A  # (c, c, N, m)
            H[:N, :N] = np.einsum("ik,klij,jl->ij", outputs, C, outputs, optimize=True)
            cross += np.einsum("ik,klij->ijl", outputs, CA)
            last += np.einsum("ia,klib->akbl", A, CA, optimize=True)
        cross[np.arange(N), self.owner] += M
        H[N:, :N] = H[:N, N:].T
        H[N:, N:] = (H[N:, N:] + H[N:, N:].T) / 2
        H[np.diag_indices_from(H)] += self.beta
        return H

    @cached_property
    def _membership(self) -> Array:
        """``1`` where a coordinate belongs to a neuron, (N, m)."""
        return (self.owner[:, None] == np.arange(int(self.owner[-1]) + 1)).astype(float)

    def _by_owner(self, rows: Array) -> Array:
        """Add up the rows that belong to one neuron, (m, k)."""
        total = np.zeros((int(self.owner[-1]) + 1, rows.shape[1]))
        _add(rows, self.owner, total)
        return total


def span_of(walls: Array, ray: Array) -> Array:
    """Return an orthonormal basis of what is on all walls, at least the ray, (1, r)."""
    if len(walls) == 0:
        return np.eye(ray.shape[1])
    _, sigma, Qt = np.linalg.svd(walls)
    rank = int((sigma > SAME_WALL).sum())
    return Qt[rank:] if rank < ray.shape[1] else ray


def on_faces(data: Held, bases: list[Array], U: Array) -> tuple[Faces, Array]:
    """Return neurons as they move in the spans of their faces, and where they are."""
    owner = np.repeat(np.arange(len(U)), [len(basis) for basis in bases])
    basis = np.vstack(bases)
    faces = Faces(basis, owner, data.along(basis, owner), data.problem.beta)
    return faces, (basis * U[owner]).sum(axis=1)


@dataclass(frozen=True, eq=False)
class Point:
    """A point ``(a, V)`` with objective, gradient, loss gradient M and outputs F."""

    a: Array
    V: Array
    value: float
    gradient: Array
    M: Array
    F: Array


@compiled
def _add(rows, owner, total):
    """Add each row to that of its owner."""
    for i in range(rows.shape[0]):
        for k in range(rows.shape[1]):
            total[owner[i], k] += rows[i, k]
