"""The sliding step: move neurons inside their cells until the gradient is zero.

With its activation pattern held, a neuron is linear in the data and (5) is a
smooth problem in both layers. Newton's method then places the neurons far more
precisely than ever more atoms could.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lib.problem import Array, Network

NEWTON_STEPS = 150
"""More than enough: convergence is quadratic near a solution."""

HALVINGS = 8
"""Halvings of Newton's step before damping is tried."""

DAMPING = 10.0 ** np.arange(-14, 2)
"""Dampings tried, in units of the largest curvature, from Newton to gradient."""

DEAD = 1e-13
"""Share of the weight decay below which a neuron is dropped: a few roundings."""

WALL_TOLERANCE = 1e-9
"""A neuron whose sine to a wall is below this sits on the wall and stays there."""


@dataclass(frozen=True, eq=False)
class _Faces:
    """Neurons as coordinates ``a`` in the spans of their faces.

    ``bases[k]`` is (r, f_k) and neuron k is ``bases[k] @ a_k``; ``owner`` maps a
    coordinate to its neuron; the rows of ``walls[k]`` are the unit normals, in
    these coordinates, of the walls it must not cross, turned inward. ``root`` and
    ``rhs`` stand for activations and targets with the same least squares.
    """

    bases: list[Array]
    owner: np.ndarray
    walls: list[Array]
    root: Array
    rhs: Array
    beta: float

    def room(self, a: Array, step: Array) -> float:
        """Return how far along ``step`` the first neuron meets a wall, or inf."""
        least = np.inf
        for k, walls in enumerate(self.walls):
            mine = self.owner == k
            height, speed = walls @ a[mine], walls @ step[mine]
            falling = speed < 0
            ratios = height[falling] / -speed[falling]
            least = min(least, ratios.min(initial=np.inf))
        return float(least)

    def join(self, a: Array, V: Array) -> Network:
        """Return the network with coordinates ``a`` and output weights V."""
        U = [B @ a[self.owner == k] for k, B in enumerate(self.bases)]
        return Network(np.array(U), V)

    def smooth(self, a: Array, V: Array) -> tuple[float, Array, Array]:
        """Return the objective, its gradient, and the gradient M of the loss in W."""
        W = a[:, None] * V[self.owner]  # (N, c)
        error = self.root @ W - self.rhs
        M = self.root.T @ error
        value = 0.5 * np.vdot(error, error) + self.beta / 2 * (a @ a + np.vdot(V, V))
        by_a = (M * V[self.owner]).sum(1) + self.beta * a
        by_V = _by_owner(self.owner, a[:, None] * M, len(V)) + self.beta * V
        return float(value), np.concatenate([by_a, by_V.ravel()]), M

    def hessian(self, a: Array, V: Array, M: Array) -> Array:
        """Return the Hessian over ``(a, V)``, (N + m c, N + m c)."""
        N, (m, c) = len(a), V.shape
        J = np.zeros((N, c, N + m * c))  # d W / d (a, V)
        rows = np.arange(N)
        J[rows, :, rows] = V[self.owner]
        for k in range(c):
            J[rows, k, N + self.owner * c + k] = a
        of_outputs = np.tensordot(self.root, J, axes=1).reshape(-1, N + m * c)
        H = of_outputs.T @ of_outputs
        for k in range(c):  # curvature of W itself: a_i v_k couples a and V
            columns = N + self.owner * c + k
            H[rows, columns] += M[:, k]
            H[columns, rows] += M[:, k]
        H[np.diag_indices_from(H)] += self.beta
        return H


def slide(
    X: Array, Y: Array, beta: float, network: Network, *, rotate: bool = True
) -> Network:
    """Lower the objective (5) of a network, each neuron within its closed cell.

    Newton's method on both layers at once. A neuron that runs into a wall is
    pinned to it and goes on along the wall; it never leaves it again, which is
    the business of the next Frank-Wolfe round.

    Parameters
    ----------
    X : (n, r) array
    Y : (n, c) array
    beta : float
    network : Network
        On r inputs; neurons with a zero side are dropped.
    rotate : bool
        If false, neurons keep their directions: the group lasso of the master
        problem, solved to rounding.

    Returns
    -------
    Network
        Balanced and of no larger objective, up to rounding; stationary within
        the cells and walls if Newton converged.

    Notes
    -----
    Each Newton step is O((m (r + c))^3) and O(n m r); a neuron pinned costs
    O(n m^2 r^2) for a new factorisation.
    """
    for _ in range(1 + X.shape[1] * network.width):
        network = _without_dead(network)
        if network.width == 0:
            return Network.zero(X.shape[1], Y.shape[1])
        faces, a = _faces(X, Y, beta, network.U, rotate)
        a, V, pinned = _newton(faces, a, network.V)
        network = faces.join(a, V)
        if not pinned:
            break
    return _without_dead(network)


def _without_dead(network: Network) -> Network:
    """Balance the neurons and drop those that add nothing beyond rounding."""
    network = network.balanced()
    share = np.linalg.norm(network.U, axis=1) ** 2
    alive = share > DEAD * share.sum()
    return Network(network.U[alive], network.V[alive])


def _faces(
    X: Array, Y: Array, beta: float, U: Array, rotate: bool
) -> tuple[_Faces, Array]:
    """Find the face of each neuron and its coordinates there."""
    lengths = np.linalg.norm(X, axis=1)
    normals = X[lengths > 0] / lengths[lengths > 0, None]
    bases, columns, walls = [], [], []
    for u in U:
        height = normals @ u
        touching = np.abs(height) <= WALL_TOLERANCE * np.linalg.norm(u)
        ray = (u / np.linalg.norm(u))[:, None]
        bases.append(_null_space(normals[touching], ray) if rotate else ray)
        columns.append((X @ u > 0)[:, None] * (X @ bases[-1]))
        walls.append((normals * np.sign(height)[:, None])[~touching] @ bases[-1])
    H = np.hstack(columns)
    owner = np.repeat(np.arange(len(U)), [B.shape[1] for B in bases])
    a = np.concatenate([B.T @ u for B, u in zip(bases, U, strict=True)])
    return _Faces(bases, owner, walls, *_compressed(H, Y), beta), a


def _compressed(H: Array, Y: Array) -> tuple[Array, Array]:
    """Return (root, rhs) of few rows with ``|root W - rhs| = |H W - Y|`` for all W.

    The triangular factor of [H Y]: unlike normal equations it does not square the
    condition of nearly equal neurons. O(n N^2).
    """
    both = np.hstack([H, Y])
    if both.shape[0] > both.shape[1]:
        both = np.linalg.qr(both, mode="r")
    return both[:, : H.shape[1]], both[:, H.shape[1] :]


def _null_space(walls: Array, ray: Array) -> Array:
    """Return an orthonormal basis of the common plane of walls, at least the ray."""
    if len(walls) == 0:
        return np.eye(len(ray))
    _, sigma, Qt = np.linalg.svd(walls)
    rank = int((sigma > 10 * WALL_TOLERANCE).sum())
    free = Qt[rank:].T
    return free if free.shape[1] else ray


def _newton(faces: _Faces, a: Array, V: Array) -> tuple[Array, Array, bool]:
    """Run Newton from ``(a, V)`` until it converges or a neuron meets a wall."""
    here = faces.smooth(a, V)
    for _ in range(NEWTON_STEPS):
        for step in _newton_steps(faces.hessian(a, V, here[2]), here[1]):
            room = faces.room(a, step[: len(a)])
            taken = min(room, 1.0) * step
            trial = _moved(a, V, taken)
            there = faces.smooth(*trial)
            # A step cut short by a wall may gain too little to measure.
            if _improves(here, there, taken) or (room <= 1 and there[0] <= here[0]):
                break
        else:
            return a, V, False
        (a, V), here = trial, there
        if room <= 1.0:
            return a, V, True
    return a, V, False


def _newton_steps(hessian: Array, gradient: Array) -> Iterator[Array]:
    """Yield Newton's step, then shorter ones, then more and more damped ones.

    Moduli of eigenvalues make it a descent direction also where H is indefinite;
    damping, ``-(|H| + damping)^-1 g``, shortens it along directions in which the
    objective is nearly linear, such as moving weight between two nearly equal
    neurons.
    """
    curvature, modes = np.linalg.eigh(hessian)
    slopes, curvature = modes.T @ gradient, np.abs(curvature)
    undamped = -modes @ (slopes / (curvature + DAMPING[0] * curvature.max()))
    for halvings in range(HALVINGS):
        yield 0.5**halvings * undamped
    for damping in DAMPING * curvature.max():
        yield -modes @ (slopes / (curvature + damping))


def _moved(a: Array, V: Array, step: Array) -> tuple[Array, Array]:
    """Return the point ``(a, V) + step``."""
    return a + step[: len(a)], V + step[len(a) :].reshape(V.shape)


def _improves(here: tuple, there: tuple, step: Array) -> bool:
    """Tell whether a step lowers the objective, or at rounding level the slope."""
    expected = -float(here[1] @ step)
    if expected > 1e-13 * abs(here[0]):
        return bool(here[0] - there[0] >= 1e-4 * expected)
    return bool(np.linalg.norm(there[1]) < 0.9 * np.linalg.norm(here[1]))


def _by_owner(owner: np.ndarray, rows: Array, m: int) -> Array:
    """Add up the rows that belong to one neuron, (m, c)."""
    total = np.zeros((m, rows.shape[1]))
    np.add.at(total, owner, rows)
    return total
