"""Remark 5.1 with the cost kept: a block of (12) as neurons of its own cone."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from lib.conic import (
    ConicProgram,
    block_cost,
    block_outputs,
    packed_size,
    products,
    solve_interior,
    unpack,
)
from lib.master.completely_positive import NOISE, factorize
from lib.numerics import Array

IN_SPAN = 1e-9
"""Relative distance of a block from the span of the rays that counts as rounding."""

NEGLIGIBLE = 1e-9
"""Share of the cost below which a neuron is an artefact of an interior point."""


@dataclass(frozen=True, eq=False)
class BlockNeurons:
    """Neurons ``u_j`` in a cone with ``sum_j u_j v_j^T`` equal to a block.

    Parameters
    ----------
    U : (m, d) array
    V : (m, c) array
    cost : float
        ``sum_j |u_j| |v_j|``, at least the gauge.
    gauge : float
        The least cost, as far as it is known: exact where the block's singular
        vectors mix into the cone and for two rays, else up to the solver's
        accuracy; a lower bound for more than four rays.
    """

    U: Array
    V: Array
    cost: float
    gauge: float


def split_block(block: Array, rays: Array) -> BlockNeurons:
    """Write a block as neurons of its cone at the least ``sum_j |u_j| |v_j|``.

    Any ``V = W A`` is a semi-NMF with the rays W as neurons, but a costly one. The
    least cost is a program over ``S = C C^T``, ``C >= 0``: ``min (tr W S W^T + tr T)
    / 2`` with ``[S A; A^T T] >= 0`` and ``W A = V``. Up to four rays, C >= 0 exists
    iff S is semidefinite and nonnegative. If ``W S W^T = (V V^T)^(1/2)`` is possible
    the cost is the nuclear norm. Given the neurons ``W C``, the weights of least
    norm solve ``W C G^T = V`` exactly.

    Parameters
    ----------
    block : (d, c) array
        Any matrix in the span of the rays.
    rays : (d, k) array
        The generators of the cone, one a column, not zero.

    Returns
    -------
    BlockNeurons
        ``U^T V`` is the block up to rounding, and ``U`` lies in the cone.

    Raises
    ------
    ValueError
        If shapes do not fit or the block is not in the span of the rays.

    Notes
    -----
    Remark 5.1 and (49); the gauge of
    ``conv{u g^T : u in the cone, |u|, |g| <= 1}``.
    O((k + min(d, c))^6) at worst, for k of 2 to 4.
    """
    require_in_span(block, rays)
    if not block.any():
        return _measured(block, np.zeros((len(block), 0)), 0.0)
    lengths = np.linalg.norm(rays, axis=0)
    W = rays / lengths
    left, sigma, _ = np.linalg.svd(block, full_matrices=False)
    root = left * np.sqrt(sigma)  # of (V V^T)^(1/2)
    C = _mixed(W, root)
    if C is not None:
        return _measured(block, W @ C, float(sigma.sum()))
    if rays.shape[1] == 2:
        A = np.linalg.lstsq(W, block)[0]
        sizes = np.linalg.norm(A, axis=1)
        return _measured(block, W * np.sqrt(sizes), float(sizes.sum()))
    S, gauge = _program(W, block)
    return _measured(block, W @ factorize(S).factor, gauge)


def require_in_span(block: Array, rays: Array) -> None:
    """Refuse a block that the rays cannot make."""
    if block.ndim != 2 or rays.ndim != 2 or len(block) != len(rays):
        raise ValueError(
            f"split_block needs a block (d, c) and rays (d, k) with the same d; got "
            f"block {block.shape} and rays {rays.shape}."
        )
    if not np.linalg.norm(rays, axis=0).all():
        raise ValueError(
            f"The rays must not be zero; got a zero column in rays {rays.shape}."
        )
    left = block - rays @ np.linalg.lstsq(rays, block)[0]
    missing = float(np.linalg.norm(left))
    if missing > IN_SPAN * float(np.linalg.norm(block)):
        raise ValueError(
            f"The block must lie in the span of the rays; got a part of norm "
            f"{missing:.3g} outside, of {float(np.linalg.norm(block)):.3g}. Project "
            "the block, or pass the rays of its own cell."
        )


def _mixed(W: Array, root: Array) -> Array | None:
    """Return C >= 0 with ``W C C^T W^T = root root^T`` for independent rays, if any."""
    k = W.shape[1]
    if np.linalg.matrix_rank(W) < k:
        return None
    coordinates = np.linalg.pinv(W) @ root
    S = coordinates @ coordinates.T
    if S.min() < -NOISE * S.max():
        return None
    found = factorize(np.maximum(S, 0.0))
    return found.factor if found.exact else None


def _measured(block: Array, U: Array, gauge: float) -> BlockNeurons:
    """Find the output weights for the columns of U, balance and drop the negligible."""
    for _ in range(2):
        V = np.linalg.pinv(U, rcond=NOISE) @ block
        costs = np.linalg.norm(U, axis=0) * np.linalg.norm(V, axis=1)
        alive = costs > NEGLIGIBLE * costs.sum()
        if alive.all() or not _spans(U[:, alive], block):
            break
        U = U[:, alive]
    return BlockNeurons(U.T, V, float(costs.sum()), gauge)


def _spans(U: Array, block: Array) -> bool:
    """Tell whether the block is in the span of the columns of U, up to rounding."""
    left = block - U @ (np.linalg.pinv(U, rcond=NOISE) @ block)
    return bool(np.linalg.norm(left) <= 1e-13 * np.linalg.norm(block))


def _program(W: Array, block: Array) -> tuple[Array, float]:
    """Solve for S and the gauge by an interior point method; x is ``[S A; A^T T]``.

    The block is met exactly whatever the solver reaches; only the cost depends on it.
    """
    left, sigma, _ = np.linalg.svd(block, full_matrices=False)
    kept = sigma > NOISE * sigma[0]
    V = left[:, kept] * (sigma[kept] / sigma[0])  # the block without its own rotation
    span, spread, _ = np.linalg.svd(W, full_matrices=False)
    span = span[:, spread > NOISE * spread[0]]
    k, cost = W.shape[1], block_cost(W, V.shape[1])
    equal = block_outputs(span.T @ W, V.shape[1])
    positive = sparse.csc_matrix(products(np.eye(k)))
    positive.resize((positive.shape[0], len(cost)))  # S comes first in the triangle
    A = sparse.vstack([equal, -positive, -sparse.eye(len(cost))], format="csc")
    b = np.zeros(A.shape[0])
    b[: equal.shape[0]] = (span.T @ V).ravel()
    rows = {"zeros": equal.shape[0], "nonnegative": positive.shape[0]}
    program = ConicProgram(None, cost, A, b, **rows, matrices=(k + V.shape[1],))
    point = solve_interior(program)
    S = unpack(point.x[: packed_size(k)], k)
    return np.maximum(S, 0.0) * sigma[0], point.bound * sigma[0]
