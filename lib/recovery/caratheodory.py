"""Fewer neurons, the same outputs: Caratheodory's theorem made a procedure."""

import numpy as np

from lib.numerics import Array, unit_rows
from lib.problem import Network, Problem

NULL_TOLERANCE = 1e-13
"""A null vector may change the outputs by so much of themselves: rounding."""

ZERO_SHARE = 1e-15
"""Weights below this share of the largest are zero after an elimination."""


def prune(problem: Problem, network: Network) -> Network:
    """Return a network of few neurons, min(n c, n (n + 1) / 2), that is no worse.

    The outputs are ``sum_j w_j A_j`` with ``A_j = h(u_j) v_j^T`` in a space of n c
    dimensions and ``w = 1``. Of more than n c matrices some combination ``sum_j
    a_j A_j`` vanishes; moving w along it, in the direction in which the cost
    ``sum_j w_j |u_j| |v_j|`` does not grow, brings one neuron to zero. Repeated,
    this leaves linearly independent matrices only, so their number is at most their
    rank, n c or less: one better than the n c + 1 of Caratheodory's theorem, because
    the cost may fall.

    For many outputs the same is first done with ``h(u_j) h(u_j)^T``, of which n (n +
    1) / 2 are independent at most. Output weights of least norm for given outputs F
    are ``H^T T``, so that ``sum_j w_j h_j h_j^T``, held, holds F and their norm.

    Parameters
    ----------
    problem : Problem
        Any loss and pooling.
    network : Network

    Returns
    -------
    Network
        Balanced; at most ``min(n q, n (n + 1) / 2, network.width)`` neurons, q the
        rank of their output weights, whose input directions are among the given
        ones, with the same outputs up to rounding and no more weight decay than the
        balanced network given.

    Notes
    -----
    Section 2 (the number of neurons that suffice). O(m k s + m k^2) for k neurons to
    remove, after an SVD of m by s, for s = n c, and before it n (n + 1) / 2 if less.

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
    n, _, c = problem.shape
    if n + 1 < 2 * c and 2 * network.width > n * (n + 1):
        network = _by_products(problem, network)
    share = np.sqrt(sparse_weights(problem, network))[:, None]
    return _living(Network(share * network.U, share * network.V))


def sparse_weights(problem: Problem, network: Network) -> Array:
    """Return w >= 0, few positive: ``sum_j w_j A_j`` are the outputs, at no more cost.

    All neurons must be alive and balanced.
    """
    H, scale = problem.features(network.U), network.sizes
    atoms = (H.T[:, :, None] * network.V[:, None, :]).reshape(network.width, -1)
    return _eliminated(atoms / scale[:, None], scale) / scale


def _by_products(problem: Problem, network: Network) -> Network:
    """Keep the outputs and ``sum_j h_j h_j^T`` with n (n + 1) / 2 neurons or less."""
    F, H = problem.predict(network), problem.features(network.U)
    upper, squares = np.triu_indices(len(H)), (network.U**2).sum(axis=1)
    w = _eliminated((H[upper[0]] * H[upper[1]] / squares).T, squares)
    U = np.sqrt(w / squares)[w > 0, None] * network.U[w > 0]
    V = np.linalg.lstsq(problem.features(U), F)[0]
    return _living(Network(U, V).balanced())


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
