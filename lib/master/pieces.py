"""The simplicial pieces of cells that hold given directions, and the way back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from lib.arrangements.cells import unit_normals
from lib.arrangements.triangulation import find_incidence
from lib.cone_pca.faces import cone_of
from lib.master.completely_positive import factorize
from lib.master.interior_point import MasterPoint, Piece
from lib.numerics import EPS, Array
from lib.problem import Problem

ON_PIECE = 1e-9
"""Sine to a hyperplane below which a direction lies on it: the error of maximisers."""

IN_PIECE = 1e-7
"""Share of a ray that a direction may lack to be counted in a piece."""

UNUSED = 1e-9
"""Share of all traces below which a piece holds no neuron: what an interior point
method leaves in pieces without one."""

LEFT_OVER = 3e-2
"""And this share of the accuracy: what is dropped too early the oracle names again."""

ROUGH = 1e-6
"""Relative accuracy above which a point is not worth an exact factorization."""

NEWTON_STEPS = 60
"""Most steps for the output weights; the squared loss needs two."""

NO_DECREASE = 1e-13
"""Relative decrease of the objective that rounding hides; full steps are taken then."""


class Pieces:
    """The pieces that a master problem looks at, each once.

    Parameters
    ----------
    problem : Problem
        X of full column rank.
    """

    def __init__(self, problem: Problem) -> None:
        """Find the hyperplanes, and a side for directions that lie on one."""
        self.problem = problem
        self.normals = unit_normals(problem.X)
        self.aside = np.random.default_rng(0).standard_normal(problem.X.shape[1])
        self.found: dict[bytes, Piece] = {}

    def __len__(self) -> int:
        """Return the number of pieces."""
        return len(self.found)

    def __iter__(self) -> Iterator[Piece]:
        """Go through the pieces in the order of their coming."""
        return iter(self.found.values())

    def add(self, u: Array) -> None:
        """Add the pieces of a cell of u that hold u, (r,).

        On a wall either side will do; one generic direction decides for all.

        Raises
        ------
        ValueError
            As :func:`lib.arrangements.triangulation.find_incidence`.
        """
        u = u / np.linalg.norm(u)
        heights = self.normals @ u
        near = np.abs(heights) <= ON_PIECE
        signs = np.where(near, self.normals @ self.aside, heights) > 0
        inward = np.where(signs, 1.0, -1.0)[:, None] * self.normals
        rays = cone_of(inward).rays
        simple = len(rays) == len(u)
        pieces = [range(len(u))]
        if not simple:
            pieces = find_incidence(rays, self.normals).pieces
        for piece in pieces:
            W = rays[list(piece)].T
            shares = np.linalg.solve(W, u)
            if simple or shares.min() >= -IN_PIECE * np.abs(shares).max():
                found = Piece(W, self.problem.features(W.T))
                self.found.setdefault(W.round(9).tobytes(), found)

    def keep_used(self, point: MasterPoint, accuracy: float) -> None:
        """Drop the pieces in which a point of some accuracy has no neuron."""
        least = max(UNUSED, LEFT_OVER * accuracy)
        items = zip(self.found.items(), self.shares(point), strict=True)
        self.found = {key: piece for (key, piece), share in items if share > least}

    def shares(self, point: MasterPoint) -> Array:
        """Return the share of each piece in ``sum_j |u_j|^2``, (P,)."""
        pairs = zip(self, point.grams, strict=True)
        traces = [float(np.vdot(p.rays.T @ p.rays, S)) for p, S in pairs]
        return np.array(traces) / sum(traces)

    def inputs(self, point: MasterPoint, accuracy: float) -> Array:
        """Return input weights, (m, r), with ``sum u u^T = W S W^T`` in every piece.

        Their lengths carry S: the output weights that go with them cost ``|v|^2 / 2``.
        Of a point that is less accurate than ``ROUGH`` only the trace is kept.
        """
        triples = zip(self, point.grams, self.shares(point), strict=True)
        root = _rough_root if accuracy > ROUGH else _root
        found = [(p.rays @ root(S)).T for p, S, share in triples if share > UNUSED]
        return np.vstack(found)


def _perron(S: Array) -> tuple[Array, float]:
    """Return the leading eigenvector, scaled to its part of S, and the next's share."""
    values, Q = np.linalg.eigh(S)
    top = np.maximum(Q[:, -1] * np.sign(Q[:, -1].sum()), 0.0)
    return np.sqrt(values[-1]) * top, values[-2] / values[-1] if len(S) > 1 else 0.0


def _root(S: Array) -> Array:
    """Return ``C >= 0`` with ``C C^T`` near S, one column where S has rank 1."""
    top, rest = _perron(S)
    return top[:, None] if rest <= UNUSED else factorize(S).factor


def _rough_root(S: Array) -> Array:
    """Return ``C >= 0`` with the diagonal of S: its leading part, and the rays."""
    top, _ = _perron(S)
    return np.column_stack([top, np.diag(np.sqrt(np.maximum(np.diag(S) - top**2, 0)))])


def ridge(problem: Problem, U: Array) -> Array:
    """Minimise ``loss(h(U) V, Y) + beta/2 |V|^2`` over V, (m, c), by Newton's method.

    The best output weights for input weights of given lengths: ridge regression for the
    squared loss. With q the lesser of n and m it is O(n m q) and, a step, O(n q^2), for
    other losses O(n (q c)^2): of more neurons than samples the weights lie in the span
    of the samples.
    """
    H, Y, beta, loss = problem.features(U), problem.Y, problem.beta, problem.loss
    Q = None
    if len(U) > len(Y):
        Q, R = np.linalg.qr(H.T)
        H = R.T
    V = np.zeros((H.shape[1], Y.shape[1]))

    def value(V: Array) -> float:
        return loss.value(H @ V, Y) + beta / 2 * float(np.vdot(V, V))

    for _ in range(NEWTON_STEPS):
        F = H @ V
        R = loss.residual(F, Y)
        gradient = beta * V - H.T @ R
        rounding = EPS * (beta * np.abs(V) + H.T @ np.abs(R)).max()
        if np.abs(gradient).max() <= 8 * rounding:
            break
        step = _newton_step(H, loss.curvature(F, Y), beta, gradient)
        here, slope, share = value(V), float(np.vdot(gradient, step)), 1.0
        visible = -slope > NO_DECREASE * here
        while visible and value(V + share * step) > here + 1e-4 * share * slope:
            share /= 2
            visible = share > EPS
        V = V + share * step
        if -slope <= EPS * NO_DECREASE * here:
            break
    return V if Q is None else Q @ V


def _newton_step(H: Array, B: Array | None, beta: float, gradient: Array) -> Array:
    """Return Newton's step of V, with the blocks B of the Hessian of the loss."""
    if B is None:
        matrix, right = H.T @ H, gradient
    else:
        size = gradient.size
        matrix = np.einsum("ni,nab,nj->iajb", H, B, H, optimize=True)
        matrix, right = matrix.reshape(size, size), gradient.reshape(size, 1)
    matrix[np.diag_indices_from(matrix)] += beta
    return -cho_solve(cho_factor(matrix), right).reshape(gradient.shape)
