"""Fewer neurons, the same outputs: Caratheodory's theorem made a procedure."""

import numpy as np

from lib.numerics import Array, unit_rows
from lib.problem import Network, Problem

NULL_TOLERANCE = 1e-13
"""A null vector may change the outputs by so much of themselves: rounding."""

ZERO_SHARE = 1e-15
"""Weights below this share of the largest are zero after an elimination."""


def prune(problem: Problem, network: Network) -> Network:
    """Return a network of at most n c neurons that is no worse.

    The outputs are ``sum_j w_j A_j`` with ``A_j = h(u_j) v_j^T`` in a space of n c
    dimensions and ``w = 1``. Of more than n c matrices some combination ``sum_j
    a_j A_j`` vanishes; moving w along it, in the direction in which the cost
    ``sum_j w_j |u_j| |v_j|`` does not grow, brings one neuron to zero. Repeated,
    this leaves linearly independent matrices only, so their number is at most their
    rank, n c or less: one better than the n c + 1 of Caratheodory's theorem, because
    the cost may fall.

    Parameters
    ----------
    problem : Problem
        Any loss and pooling.
    network : Network

    Returns
    -------
    Network
        Balanced; at most ``min(n c, network.width)`` neurons, whose input
        directions are among the given ones, with the same outputs up to rounding
        and no more weight decay than the balanced network given.

    Notes
    -----
    Section 2 (the number of neurons that suffice). O(m k n c + m k^2) for k neurons
    to remove, after an SVD of m by n c.

    Examples
    --------
    Of six neurons two suffice for two samples with one output; the outputs stay.

    >>> from lib.problem import Problem
    >>> problem = Problem([[1, 0], [0, 1]], [1, -1], beta=0.5)
    >>> rng = np.random.default_rng(0)
    >>> network = Network(rng.standard_normal((6, 2)), rng.standard_normal((6, 1)))
    >>> fewer = prune(problem, network)
    >>> fewer.width
    2
    >>> np.allclose(problem.predict(fewer), problem.predict(network))
    True
    >>> fewer.weight_decay <= network.weight_decay
    True
    """
    network = _living(network.balanced())
    if network.width == 0:
        return network
    H = problem.features(network.U)
    scale = network.sizes
    atoms = (H.T[:, :, None] * network.V[:, None, :]).reshape(network.width, -1)
    w = _eliminated(atoms / scale[:, None], scale)
    share = np.sqrt(w / scale)[:, None]
    return _living(Network(share * network.U, share * network.V))


def _living(network: Network) -> Network:
    """Drop neurons that are zero."""
    alive = (network.U != 0).any(axis=1) & (network.V != 0).any(axis=1)
    return Network(network.U[alive], network.V[alive])


def _eliminated(atoms: Array, w: Array) -> Array:
    """Return ``w' >= 0`` with few nonzeros and the same ``w' @ atoms``.

    Its sum is no larger. A null vector that has served is used to clear its neuron
    from all others.
    """
    null, zero, w = _null_vectors(atoms), ZERO_SHARE * w.max(), w.copy()
    while len(null):
        a, null = null[-1], null[:-1]
        a = a if a.sum() >= 0 else -a
        falling = a > 0
        if not falling.any():
            continue
        ratio = np.where(falling, w / np.where(falling, a, 1.0), np.inf)
        gone = int(np.argmin(ratio))
        w = np.maximum(w - ratio[gone] * a, 0.0)
        w[w <= zero] = 0.0
        w[gone] = 0.0
        null = null - np.outer(null[:, gone] / a[gone], a)
        null[:, gone] = 0.0
        null = unit_rows(null)
    return w


def _null_vectors(atoms: Array) -> Array:
    """Return an orthonormal basis of ``a @ atoms = 0``, (k, m)."""
    if atoms.shape[1] > len(atoms):
        atoms = np.linalg.qr(atoms.T, mode="r").T
    left, sigma, _ = np.linalg.svd(atoms, full_matrices=True)
    rank = int((sigma > NULL_TOLERANCE * sigma[0]).sum())
    return left[:, rank:].T
