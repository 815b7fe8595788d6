"""Paths from any network to another on which the objective never rises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from lib.numerics import Array
from lib.problem import Network, Problem, objective, residual
from lib.recovery.caratheodory import sparse_weights


@dataclass(frozen=True, eq=False)
class Leg:
    """Networks of one width between two, on which the objective is convex.

    At the time t in [0, 1] neuron j is ``sqrt(w) (e^a u_j, e^-a v_j)`` with ``w = (1 -
    t) start_j + t end_j`` and ``a = (1 - t) stretch_j``. The outputs are affine in t,
    weight decay is affine or, where a neuron is stretched, a sum of exponentials.

    Parameters
    ----------
    problem : Problem
    name : str
        What is done to the neurons.
    neurons : Network
        The u_j and v_j, one for each place of the hidden layer, balanced.
    start, end : (m,) arrays
        Not negative, and equal where ``stretch`` is not zero.
    stretch : (m,) array
    """

    problem: Problem
    name: str
    neurons: Network
    start: Array
    end: Array
    stretch: Array

    def network(self, t: float) -> Network:
        """Return the network at a time in [0, 1]."""
        root = np.sqrt((1 - t) * self.start + t * self.end)[:, None]
        factor = np.exp((1 - t) * self.stretch)[:, None]
        return Network(root * self.neurons.U * factor, root * self.neurons.V / factor)

    @property
    def values(self) -> tuple[float, float]:
        """The objective at both ends; in between it is at most the larger one."""
        first, last = self.network(0.0), self.network(1.0)
        return objective(self.problem, first), objective(self.problem, last)

    @property
    def last_slope(self) -> float:
        """The derivative of the objective at the end, from the left.

        The objective is convex on the leg, so no slope before is larger: if this one
        is not positive, the objective never rises. O(n m (d + c)).
        """
        first, last = self.network(0.0), self.network(1.0)
        moved = self.problem.predict(last) - self.problem.predict(first)
        sizes = (self.neurons.U**2).sum(axis=1) + (self.neurons.V**2).sum(axis=1)
        decay = 0.5 * float((self.end - self.start) @ sizes)
        pull = float(np.vdot(residual(self.problem, last), moved))
        return self.problem.beta * decay - pull


@dataclass(frozen=True, eq=False)
class DescendingPath:
    """A continuous path of networks of one width, leg after leg.

    Parameters
    ----------
    legs : tuple of Leg
        Each begins with the network at which the one before ends.
    """

    legs: tuple[Leg, ...]

    def network(self, t: float) -> Network:
        """Return the network at a time between 0 and the number of legs."""
        k = min(int(t), len(self.legs) - 1)
        return self.legs[k].network(t - k)

    @property
    def steepest(self) -> float:
        """The largest slope on the path, over the first value: rounding, or below."""
        return max(leg.last_slope for leg in self.legs) / self.legs[0].values[0]

    @property
    def tear(self) -> float:
        """The largest difference of weights between two legs that should meet."""
        ends = [(a.network(1.0), b.network(0.0)) for a, b in pairwise(self.legs)]
        gaps = [max(abs(a.U - b.U).max(), abs(a.V - b.V).max()) for a, b in ends]
        return float(max(gaps, default=0.0))


def descend_to(problem: Problem, network: Network, optimum: Network) -> DescendingPath:
    """Lead any network to an optimal one of the same width without climbing.

    Three legs: balance the neurons; prune them at constant outputs; let an optimum
    grow in the places that became idle, with the weights ``sqrt(t)``, while the old
    neurons fade with ``sqrt(1 - t)``. The objective is convex on each, so that the
    slopes at their ends prove that it never rises.

    Parameters
    ----------
    problem : Problem
        Of any loss and pooling.
    network : Network
        Its width is that of all networks on the path. Zero neurons make it wider.
    optimum : Network
        Neurons that are zero are left out. Any other network serves; then the
        objective is still convex on each leg, but may rise on the last.

    Returns
    -------
    DescendingPath

    Raises
    ------
    ValueError
        If the pruned network, of at most n c neurons, leaves too few places.

    Notes
    -----
    On problem (5). Two evaluations a leg, and the elimination of
    :func:`lib.recovery.prune`.

    Examples
    --------
    >>> problem = Problem([[1, 0], [0, 1]], [1, -1], beta=0.5)
    >>> rng = np.random.default_rng(0)
    >>> network = Network(rng.standard_normal((4, 2)), rng.standard_normal((4, 1)))
    >>> root = 0.5**0.5 * np.eye(2)
    >>> optimum = Network(root, [[0.5**0.5], [-(0.5**0.5)]])
    >>> path = descend_to(problem, network, optimum)
    >>> [leg.name for leg in path.legs], path.steepest <= 1e-12
    (['balance', 'prune', 'mix'], True)
    """
    target = optimum.balanced()
    alive = target.sizes > 0
    target = Network(target.U[alive], target.V[alive])
    balance, prune = _make_room(problem, network)
    idle = np.flatnonzero(prune.end == 0)[: target.width]
    if len(idle) < target.width:
        busy = int((prune.end > 0).sum())
        raise ValueError(
            f"The width must be at least {busy} + {target.width}, the neurons left by "
            f"pruning and those of the optimum; got {network.width}. Append neurons "
            "that are zero, or prune the optimum."
        )
    U, V = prune.neurons.U.copy(), prune.neurons.V.copy()
    grown = np.zeros_like(prune.end)
    U[idle], V[idle], grown[idle] = target.U, target.V, 1.0
    mix = Leg(problem, "mix", Network(U, V), prune.end, grown, prune.stretch)
    return DescendingPath((balance, prune, mix))


def _make_room(problem: Problem, network: Network) -> Sequence[Leg]:
    """Return the legs to a network without neurons to spare: constant outputs."""
    u, v = np.linalg.norm(network.U, axis=1), np.linalg.norm(network.V, axis=1)
    alive, stretch = (u > 0) & (v > 0), np.zeros(len(u))
    stretch[alive] = 0.5 * np.log(u[alive] / v[alive])
    scale, rest = np.exp(stretch)[:, None], np.zeros(len(u))
    neurons = Network(network.U / scale, network.V * scale)
    ones, kept = np.ones(len(u)), np.zeros(len(u))
    balance = Leg(problem, "balance", neurons, ones, alive.astype(float), stretch)
    if alive.any():
        living = Network(neurons.U[alive], neurons.V[alive])
        kept[alive] = sparse_weights(problem, living)
    return balance, Leg(problem, "prune", neurons, balance.end, kept, rest)
