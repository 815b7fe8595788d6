"""CNNs with pooling on digits: as much of a proof as some work buys."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from experiments.images import PIXEL
from experiments.result import CertifiedResult, Result
from lib.certificate import Certificate, certify
from lib.cone_pca import Limits, Oracle
from lib.copositive.textbook import gauge_program, literal_program
from lib.data import load_images
from lib.frank_wolfe import solve
from lib.numerics import Array
from lib.problem import Network, Problem, pooled_problem

SIDE = 28
PACK = 100
"""Images in the pack, ten of a class."""

DIRECTIONS = 100
"""Random directions to climb from, beside the patches."""

ROUNDS = 20
"""Rounds of training; it stops by itself before."""

SHARES = (0.25, 0.75)
"""Shares of the work: the first proof also finds neurons that climbs have missed."""

ABOVE = 1e-6
"""The search for kappa stops once it is known to exceed beta by no more than this."""


@dataclass(frozen=True, eq=False)
class PooledDigits(CertifiedResult):
    """A CNN on digits, what is proved of it, and how far the search came.

    Parameters
    ----------
    filters : (m, size, size) array
        Balanced, so that their squared lengths add up to the path norm.
    outputs : (m, 10) array
    primal, dual : float
        ``dual <= p* <= primal``.
    kappa, kappa_bound : float
        Proved: ``kappa <= kappa(R) <= kappa_bound`` at the network's residual R.
    beta : float
    rows, rank : int
        Patches of all images, and the rank of their matrix.
    """

    filters: Array
    outputs: Array
    primal: float
    dual: float
    kappa: float
    kappa_bound: float
    beta: float
    rows: int
    rank: int


@dataclass(frozen=True, eq=False)
class PooledPrograms(Result):
    """The optimum of a CNN and two readings of (50), for each beta.

    Parameters
    ----------
    betas : (k,) array
    network : (k,) array
        Certified optimum of (6).
    corrected : (k,) array
        (50) with the gauge, in CVXPY.
    printed : (k,) array
        (50) with the nuclear norm, in CVXPY.
    gaps : (k,) array
        Proved relative gap of ``network``.
    """

    betas: Array
    network: Array
    corrected: Array
    printed: Array
    gaps: Array

    @property
    def shortfall(self) -> Array:
        """``1 - printed / network``, (k,)."""
        return 1 - self.printed / self.network


def compare_programs(
    betas: tuple[float, ...],
    *,
    count: int = 10,
    rank: int = 2,
    loss: str = "squared",
) -> PooledPrograms:
    """Solve (6) and (50) in both readings on digits of 4 x 4 pixels.

    Filters see 2 x 2 pixels at four places, in the ``rank`` leading directions of all
    patches.

    Parameters
    ----------
    betas : tuple of float
    count : int
        As for :func:`small_digits`.
    rank : int
        1 to 4; cells, and minutes, grow with it.
    loss : str
        Name of a loss, as for :class:`Problem`.

    Raises
    ------
    ValueError
        As :func:`small_digits` and :class:`Problem`.

    Notes
    -----
    Corollary 5.1.
    """
    images, Y = small_digits(count, 4)
    M = pooled_problem(images, Y, 1.0, size=2, stride=2).X
    flat = M @ np.linalg.svd(M, full_matrices=False)[2][:rank].T
    rows = []
    for beta in betas:
        problem = Problem(flat, Y, beta, loss=loss, pooling=4)
        proof = solve(problem).certificate
        programs = gauge_program(problem).value, literal_program(problem).value
        rows.append((beta, proof.primal, *programs, proof.relative_gap))
    return PooledPrograms(*np.array(rows).T)


def small_digits(count: int, pixels: int) -> tuple[Array, Array]:
    """Return shrunken MNIST digits and their one-hot labels.

    Parameters
    ----------
    count : int
        A divisor of 100: every ``100 / count``-th image of ``mnist_train_100``.
    pixels : int
        Side of the shrunken images, at most 28. A pixel is the mean over a square
        block; what does not fill a block is cut off at the rim.

    Returns
    -------
    images : (count, pixels, pixels) array
        Between 0 and 1.
    Y : (count, 10) array

    Raises
    ------
    ValueError
        If ``count`` is not a divisor of 100 or ``pixels`` not in 1 .. 28.
    """
    if not (count >= 1 and PACK % count == 0 and 1 <= pixels <= SIDE):
        raise ValueError(
            f"count must divide {PACK} and pixels lie in 1 .. {SIDE}; got count = "
            f"{count!r}, pixels = {pixels!r}."
        )
    pack, block = load_images("mnist_train_100"), SIDE // pixels
    first = (SIDE - pixels * block) // 2
    middle = slice(first, first + pixels * block)
    chosen = slice(None, None, PACK // count)
    images = pack.images[chosen, middle, middle, 0] / PIXEL
    blocks = images.reshape(count, pixels, block, pixels, block)
    return blocks.mean(axis=(2, 4)), pack.one_hot[chosen]


def certify_digits(
    count: int = 50,
    *,
    pixels: int = 8,
    size: int = 3,
    stride: int = 2,
    beta: float = 3.0,
    nodes: int = 30,
    seed: int = 0,
) -> PooledDigits:
    """Train a CNN with softmax cross-entropy on digits and prove what can be proved.

    Parameters
    ----------
    count, pixels : int
        As for :func:`small_digits`.
    size, stride : int
        Of the filters.
    beta : float
    nodes : int
        Work for the proof: nodes of the search for kappa. Unlike a time it gives
        the same result on every machine.
    seed : int
        Of the directions from which climbs start.

    Raises
    ------
    ValueError
        As :func:`small_digits` and :func:`lib.problem.pooled_problem`.
    """
    images, Y = small_digits(count, pixels)
    problem = pooled_problem(images, Y, beta, size=size, stride=stride, loss="softmax")
    starts = np.random.default_rng(seed).standard_normal((DIRECTIONS, size**2))
    network, proof = train_and_certify(problem, starts, nodes=nodes)
    network = network.balanced()
    return PooledDigits(
        network.U.reshape(-1, size, size),
        network.V,
        proof.primal,
        proof.dual,
        proof.kappa.value,
        proof.kappa.bound,
        problem.beta,
        len(problem.X),
        int(np.linalg.matrix_rank(problem.X)),
    )


def train_and_certify(
    problem: Problem,
    starts: Array,
    *,
    nodes: float = np.inf,
    seconds: float = np.inf,
) -> tuple[Network, Certificate]:
    """Train with proposed neurons and certify, then again with what that found.

    Parameters
    ----------
    problem : Problem
        Of any rank.
    starts : (k, d) array
        Directions to climb from, beside those of samples.
    nodes, seconds : float
        Limits of the search for kappa in both proofs together.

    Returns
    -------
    network : Network
    certificate : Certificate
        Of that network; ``kappa.value > beta`` where it is known not to be optimal.
    """
    network = Network.zero(*problem.shape[1:])
    for share in SHARES:
        limits = Limits(
            problem.beta * (1 + ABOVE), 1e-10, share * nodes, share * seconds
        )
        proposed = Oracle(problem.X, limits=Limits(nodes=0), starts=starts)
        network = solve(problem, start=network, rounds=ROUNDS, bound=proposed).network
        bound = Oracle(problem.X, limits=limits)
        proof = certify(problem, network, refine=0, bound=bound)
        starts = np.vstack([starts, proof.kappa.candidates])
    return network, proof
