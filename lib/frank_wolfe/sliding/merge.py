"""Joining neurons of one cell that point the same way in both layers."""

from __future__ import annotations

import numpy as np

from lib.frank_wolfe.sliding.walls import WALL_TOLERANCE
from lib.numerics import Array
from lib.problem import Network, Problem

MERGE_COSINE = 0.999
"""Neurons of one cell with input and output weights this aligned become one."""


def merged(problem: Problem, network: Network) -> Network:
    """Join neurons of one closed cell that point the same way in both layers.

    ``u_1 v_1^T + u_2 v_2^T`` with parallel output weights is one neuron of the
    same cell, and by the triangle inequality a cheaper one.

    Parameters
    ----------
    problem : Problem
    network : Network
        Without neurons that have a zero side.

    Returns
    -------
    Network
        Of no more neurons. Where the output weights are only nearly parallel its
        outputs differ from those given, so its objective may be larger.

    Notes
    -----
    O(m n (d + m)) for m neurons.
    """
    U = network.U / np.linalg.norm(network.U, axis=1, keepdims=True)
    V = network.V / np.linalg.norm(network.V, axis=1, keepdims=True)
    signs = _signs(problem.X, U)
    alike = (U @ U.T > MERGE_COSINE) & (V @ V.T > MERGE_COSINE)
    groups: list[list[int]] = []
    for k in range(network.width):
        home = (g for g in groups if alike[k, g].all() and _share_cell(signs[[k, *g]]))
        group = next(home, None)
        if group is None:
            groups.append([k])
        else:
            group.append(k)
    joined = [_join(network, group) for group in groups]
    return Network(
        np.array([u for u, _ in joined]).reshape(-1, network.U.shape[1]),
        np.array([v for _, v in joined]).reshape(-1, network.V.shape[1]),
    )


def _signs(X: Array, U: Array) -> Array:
    """Return the sign of each ``x_j . u_k``, (m, n), 0 on a wall."""
    height = U @ X.T
    height[np.abs(height) <= WALL_TOLERANCE * np.linalg.norm(X, axis=1)] = 0.0
    return np.sign(height)


def _share_cell(signs: Array) -> bool:
    """Tell whether neurons lie in one closed cell: no sample sees both signs."""
    return bool((signs.max(axis=0) - signs.min(axis=0) < 2).all())


def _join(network: Network, group: list[int]) -> tuple[Array, Array]:
    """Return the neuron nearest to ``sum_k u_k v_k^T`` over a group, balanced."""
    block = network.U[group].T @ network.V[group]  # (r, c)
    share = np.linalg.norm(network.V[group], axis=1)
    u = share @ network.U[group]
    return u, u @ block / (u @ u)
