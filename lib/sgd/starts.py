"""Random starting weights."""

from collections.abc import Callable

import numpy as np

from lib.numerics import Array
from lib.sgd.settings import Grid

StartOf = Callable[[int], tuple[Array, Array]]
"""Gives U, (m, d), and V, (m, c), of trial k; asked in the order of the trials."""

LAWS = {"he": 1.0, "torch": 1 / np.sqrt(6)}
"""Bound of the uniform law of each name, over ``sqrt(6 / fan_in)``. PyTorch's default
for a linear layer is ``kaiming_uniform_(a=sqrt(5))``, whose gain is that much less."""


def kaiming_uniform(
    trials: int, neurons: int, d: int, c: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Draw starting weights, uniform on ``+-sqrt(6 / fan_in)`` (He et al. 2015).

    Returns U, (trials, neurons, d), and V, (trials, neurons, c); trial by trial,
    so that more trials extend the same sequence.
    """
    draws = [
        (rng.uniform(-1, 1, (neurons, d)), rng.uniform(-1, 1, (neurons, c)))
        for _ in range(trials)
    ]
    U, V = (np.array(layer) for layer in zip(*draws, strict=True))
    return np.sqrt(6 / d) * U, np.sqrt(6 / neurons) * V


def in_sequence(neurons: int, d: int, c: int, rng: np.random.Generator) -> StartOf:
    """Draw each trial's start when it is asked for, one after the other."""

    def draw(_: int) -> tuple[Array, Array]:
        U, V = kaiming_uniform(1, neurons, d, c, rng)
        return U[0], V[0]

    return draw


def by_name(
    grid: Grid, d: int, c: int, rng: np.random.Generator, *, law: str = "he"
) -> StartOf:
    """Draw the start that a trial's number names; equal numbers, equal starts.

    Each start has its own generator, spawned from ``rng``, so that it does not
    depend on which others are drawn. ``law`` is that of :class:`lib.sgd.Settings`.
    """
    streams = rng.bit_generator.seed_seq.spawn(int(grid.starts.max()) + 1)

    def draw(trial: int) -> tuple[Array, Array]:
        stream = np.random.default_rng(streams[grid.starts[trial]])
        U, V = kaiming_uniform(1, int(grid.widths[trial]), d, c, stream)
        return LAWS[law] * U[0], LAWS[law] * V[0]

    return draw
