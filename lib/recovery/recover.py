"""The way back: networks from the solutions of the convex programs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lib.copositive import Relaxation
from lib.copositive.cover import Cover, Region
from lib.copositive.relaxation import evaluate, kernel_value
from lib.master.completely_positive import factorize
from lib.numerics import Array
from lib.problem import Network, Problem, objective
from lib.recovery.semi_nmf import BlockNeurons, split_block

Split = Callable[[Array, Array], BlockNeurons | Network]
"""Writes a block, (d, c), as neurons of the cone of some rays, (d, k)."""

COST_ROUNDING = 1e-9
"""Relative excess of a network over the value stated that counts as none: the
accuracy of a factor, and of the square roots in it."""

NEGLIGIBLE = 1e-9
"""Share of all traces below which a matrix is what an interior point method leaves."""


@dataclass(frozen=True, eq=False)
class Recovery:
    """A network made from a solution of a convex program, and what that cost.

    Parameters
    ----------
    network : Network
        Balanced, on the inputs of the problem.
    cost : float
        Its objective (5), computed from the network alone.
    stated : float
        The value of the convex program at the solution given.
    factor_error : float
        Largest relative error of a completely positive factor.
    status : str
        A sentence that says whether the network costs more than stated.
    """

    network: Network
    cost: float
    stated: float
    factor_error: float
    status: str

    @property
    def excess(self) -> float:
        """``cost - stated``: what the way back lost. Negative if it gained."""
        return self.cost - self.stated

    @property
    def is_exact(self) -> bool:
        """Whether the network costs no more than stated, up to rounding."""
        return self.excess <= COST_ROUNDING * abs(self.stated)


def recover_from_blocks(
    problem: Problem,
    patterns: np.ndarray,
    rays: Sequence[Array],
    blocks: Sequence[Array],
    *,
    split: Split = split_block,
) -> Recovery:
    """Factor the blocks V_i of (12) inside their cells, at the least cost.

    Parameters
    ----------
    problem : Problem
    patterns : (P, n) bool array
        Which samples are active in each cell, or piece of a cell.
    rays : P arrays (d, k_i)
        Generators of each cone, one a column.
    blocks : P arrays (d, c)
    split : callable
        Another way to factor a block, ``split(block, rays)``, to see what it loses.

    Returns
    -------
    Recovery
        ``stated`` is ``loss + beta sum_i gauge_i(V_i)``, with the gauge of
        ``conv{u g^T : u in cell i, |u|, |g| <= 1}``: the right penalty of (12), in
        whose place the paper prints the nuclear norm. Up to four rays nothing is lost.

    Raises
    ------
    ValueError
        If the numbers of patterns, cones and blocks differ, or a block is not in
        the span of its rays.

    Notes
    -----
    Remark 5.1 and (49).
    """
    _require_as_many(patterns=patterns, rays=rays, blocks=blocks)
    outputs, gauges = np.zeros_like(problem.Y), 0.0
    U, V = [], []
    for pattern, cone, block in zip(patterns, rays, blocks, strict=True):
        block, cone = np.asarray(block, float), np.asarray(cone, float)
        least = split_block(block, cone)
        neurons = least if split is split_block else split(block, cone)
        U.append(neurons.U)
        V.append(neurons.V)
        outputs = outputs + problem.pool(pattern[:, None] * (problem.X @ block))
        gauges += least.gauge
    stated = problem.loss.value(outputs, problem.Y) + problem.beta * gauges
    return _recovery(problem, Network(np.vstack(U), np.vstack(V)), stated, 0.0)


def recover_from_grams(
    problem: Problem, cover: Cover, grams: Sequence[Array]
) -> Recovery:
    """Factor the matrices U_i of (17) or (19) inside the regions of a cover.

    With ``U_i = L L^T``, the columns of L in the region, the neurons are these columns
    and their output weights ``L^T X^T D_i Z`` up to scale, where ``Z = (I + 2 sum_i
    D_i X U_i X^T D_i)^-1 Y``: the network costs exactly what (17) states. Regions with
    less than ``NEGLIGIBLE`` of all traces are left out.

    Parameters
    ----------
    problem : Problem
        Any pooling.
    cover : Cover
        Of the problem's X. For simplicial regions ``U = W S W^T`` and S is factored,
        exactly up to rank 4. Otherwise ``G U G^T`` is, for the facets G: exact in the
        plane, sought above it.
    grams : P arrays (r, r)
        In the coordinates of ``cover.X``, scaled as in (17): ``beta^2 tr U_i`` is
        their cost.

    Returns
    -------
    Recovery
        On the inputs of the problem. Where U_i is in the relaxed cone of (19) but not
        in that of (17), no exact factor exists and the excess says so.

    Raises
    ------
    ValueError
        If cover and problem do not fit, or there is not one matrix for each region.

    Notes
    -----
    Theorem 3 and (19).
    """
    network, stated, worst = _factored(problem, cover, grams)
    return _recovery(problem, network, stated, worst)


def recover_from_relaxation(problem: Problem, relaxation: Relaxation) -> Recovery:
    """Factor the solution of (17) or (19) over a cover: from program to network.

    What an interior point method leaves in regions without neurons is dropped, which
    costs nothing: a direction with ``|Z^T h(u)| < beta`` is not worth its weight.

    Parameters
    ----------
    problem : Problem
        That of the relaxation; any pooling.
    relaxation : Relaxation
        Of :func:`lib.copositive.solve_relaxation`, or the ``solution`` of
        :func:`lib.copositive.solve_by_columns`.

    Returns
    -------
    Recovery
        On the inputs of the problem. ``stated`` is ``relaxation.value``. Over
        simplicial pieces of rank up to 4 the network costs no more; over cells, (19)
        can be below p* and then the excess says by how much.

    Raises
    ------
    ValueError
        As :func:`recover_from_grams`.

    Notes
    -----
    Theorem 3, (19) and Corollary 5.1. Certify the network with
    :func:`lib.certificate.certify`, and prune it to nc neurons at most with
    :func:`lib.recovery.prune`.

    Examples
    --------
    >>> from lib.copositive import cover_by_simplices, solve_relaxation
    >>> problem = Problem([[1, 0], [0, 1]], [1, -1], beta=0.5)
    >>> program = solve_relaxation(problem, cover_by_simplices(problem.X))
    >>> back = recover_from_relaxation(problem, program)
    >>> back.is_exact, round(back.cost, 5)
    (True, 0.75)
    """
    network, _, worst = _factored(problem, relaxation.cover, relaxation.grams)
    return _recovery(problem, network, relaxation.value, worst)


def recover_from_activations(
    problem: Problem, W: Array, *, rng: np.random.Generator | None = None
) -> Recovery:
    """Factor the matrix ``W = X U X^T`` of (20) on whitened data.

    For ``X X^T = I`` any ``h >= 0`` is the activation of the neuron ``X^T h``. If ``W
    = C C^T``, ``C >= 0``, the neurons are ``X^T C``.

    Parameters
    ----------
    problem : Problem
        With ``X X^T = I``; for other X the network is as valid, and its excess larger.
    W : (n, n) array
        Doubly nonnegative.
    rng : numpy.random.Generator, optional
        Draws further starts of :func:`factorize`.

    Returns
    -------
    Recovery

    Notes
    -----
    Equation (20) with ``W = X U X^T``.
    """
    W = np.asarray(W, dtype=np.float64)
    stated, Z = kernel_value(problem.Y, problem.beta, W, float(np.trace(W)))
    found = factorize(W, rng=rng)
    neurons = [(problem.X.T @ found.factor, found.factor.T @ Z)]
    return _recovery(problem, _scaled(problem, neurons), stated, found.error)


def _require_as_many(**lists: Sequence) -> None:
    """Refuse lists of different lengths."""
    counts = {name: len(values) for name, values in lists.items()}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{count} {name}" for name, count in counts.items())
        raise ValueError(f"There must be one of each for every cell; got {told}.")


def _factored(
    problem: Problem, cover: Cover, grams: Sequence[Array]
) -> tuple[Network, float, float]:
    """Return the neurons of all regions, the value of (17), the largest factor error.

    Of the regions that are used alone: Z is then the residual of their network.
    """
    _require_as_many(regions=cover.regions, grams=grams)
    if cover.X.shape[0] != len(problem.X):
        raise ValueError(
            f"The relaxation must be of the problem's X {problem.X.shape}; got a "
            f"cover of {len(cover.X)} rows."
        )
    traces = np.array([np.trace(gram) for gram in grams])
    used = np.flatnonzero(traces > NEGLIGIBLE * traces.sum())
    regions, grams = [cover.regions[k] for k in used], [grams[k] for k in used]
    actives = [region.active(problem, cover.X) for region in regions]
    stated, Z, _ = evaluate(problem, actives, grams)
    neurons, worst = [], 0.0
    for region, active, gram in zip(regions, actives, grams, strict=True):
        L, error = _in_region(region, gram)
        neurons.append((L, L.T @ active.T @ Z))
        worst = max(worst, error)
    return cover.reduced.lift(_scaled(problem, neurons)), stated, worst


def _in_region(region: Region, gram: Array) -> tuple[Array, float]:
    """Return L in a region with ``L L^T = gram``, (r, m), and the factor's error."""
    if not region.simplicial:
        found = factorize(region.normals @ gram @ region.normals.T)
        return np.linalg.pinv(region.normals) @ found.factor, found.error
    inverse = np.linalg.pinv(region.basis)
    S = inverse @ gram @ inverse.T
    found = factorize((S + S.T) / 2)  # thin cones magnify rounding
    return region.basis @ found.factor, found.error


def _scaled(problem: Problem, neurons: list[tuple[Array, Array]]) -> Network:
    """Return the network of ``sqrt(2 beta) L`` and ``sqrt(2 / beta) L^T X^T D Z``."""
    U = np.vstack([L.T for L, _ in neurons]) * np.sqrt(2 * problem.beta)
    V = np.vstack([G for _, G in neurons]) * np.sqrt(2 / problem.beta)
    return Network(U, V)


def _recovery(
    problem: Problem, network: Network, stated: float, factor_error: float
) -> Recovery:
    """Balance the network and compare what it costs with what was stated."""
    network = network.balanced()
    alive = network.U.any(axis=1)
    network = Network(network.U[alive], network.V[alive])
    cost = objective(problem, network)
    excess = (cost - stated) / abs(stated) if stated else cost - stated
    if excess <= COST_ROUNDING:
        status = "The network costs no more than the program stated."
    else:
        status = (
            f"The network costs {excess:.2g} more than stated, relatively: an exact "
            "factor was not found, or the solution given was not quite feasible."
        )
    return Recovery(network, cost, stated, factor_error, status)
