"""Gradient descent at a rate that does not diverge (A.1)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lib.numerics import Array
from lib.problem import Problem
from lib.sgd import Descent, Grid, Settings, descend

HALVINGS = 12
"""Most halvings of a rate that diverges: a factor of 4096."""


def descend_stably(
    problem: Problem, grid: Grid, settings: Settings, seed: int
) -> tuple[Descent, Array]:
    """Descend, and run the trials that diverge again at half the rate.

    Returns
    -------
    run : Descent
        The trials in their order; its records are the first and the last.
    rates : (k,) array
        The first rate of each that did not diverge.
    """
    left, rates = np.arange(len(grid)), np.array(grid.rates)
    parts: dict[int, tuple[Descent, int]] = {}
    for halvings in range(HALVINGS + 1):
        folder = settings.checkpoint
        told = replace(settings, checkpoint=folder / str(halvings) if folder else None)
        some = Grid(*(c[left] for c in (grid.widths, grid.betas, rates, grid.starts)))
        run = descend(problem, some, told, rng=np.random.default_rng(seed))
        parts |= {int(trial): (run, k) for k, trial in enumerate(left)}
        left = left[run.diverged]
        if len(left) == 0:
            break
        rates[left] /= 2
    return _assembled([parts[k] for k in range(len(grid))]), rates


def _assembled(parts: list[tuple[Descent, int]]) -> Descent:
    """Take each trial from the run that it belongs to."""
    ends = [run.objectives[[0, -1], k] for run, k in parts]
    return Descent(
        tuple(run.networks[k] for run, k in parts),
        np.array([0, max(run.stops[k] for run, k in parts)]),
        np.column_stack(ends),
        np.array([run.rates[k] for run, k in parts]),
        np.array([run.stops[k] for run, k in parts]),
        np.array([run.converged[k] for run, k in parts]),
    )
