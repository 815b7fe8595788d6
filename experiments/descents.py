"""Gradient descent at a rate that does not diverge (A.1)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lib.numerics import Array
from lib.problem import Problem
from lib.sgd import Descent, Grid, Settings, descend

HALVINGS = 12
"""Most halvings of a rate that diverges: a factor of 4096."""

LADDER = 2.0 ** np.arange(-30, 7) / 2
"""Rates to choose from: each twice the one before, up to 32."""

LADDER.setflags(write=False)


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


@dataclass(frozen=True, eq=False)
class RateSearch:
    """The outcome of a search for the largest stable rate.

    Parameters
    ----------
    rates : (k,) array
        The largest rate of the ladder found stable, for each trial of the grid.
    tried : (rounds, k) array
        The rates tried.
    stable : (rounds, k) bool array
        Which of them were stable.
    """

    rates: Array
    tried: Array
    stable: np.ndarray


def largest_stable_rate(
    problem: Problem,
    grid: Grid,
    settings: Settings,
    *,
    rng: np.random.Generator,
    ladder: Array = LADDER,
) -> RateSearch:
    """Find the largest stable learning rate of each trial, by bisection.

    A rate is stable if the objective is finite and no larger than at the start after
    ``settings.epochs`` epochs at that rate. All trials are tried at once, each at its
    own rate. Stability is taken to be monotone on the ladder, which heavy-ball steps
    on a quadratic are; a rate that diverges later is reported by the descent itself.

    Parameters
    ----------
    problem : Problem
    grid : Grid
        Its rates are not used.
    settings : Settings
        Of the probes: some hundred epochs.
    rng : numpy.random.Generator
        Draws the starts, the same in every round.
    ladder : (l,) array
        Increasing rates to choose from.

    Returns
    -------
    RateSearch

    Raises
    ------
    ValueError
        If the ladder is not increasing and positive, or even its smallest rate
        diverges.

    Notes
    -----
    Section A.1: "as high as possible without causing the training to diverge".
    ``log2 l`` runs.
    """
    ladder = np.asarray(ladder, dtype=np.float64)
    if ladder.ndim != 1 or not (ladder[0] > 0 and (np.diff(ladder) > 0).all()):
        raise ValueError(f"ladder must be positive and increasing; got {ladder}.")
    probe = replace(settings, checkpoint=None, tolerance=0.0, patience=settings.epochs)
    low, high = np.full(len(grid), -1), np.full(len(grid), len(ladder))
    tried, stable = [], []
    seed = rng.bit_generator.seed_seq
    while (high - low > 1).any():
        # Trials that are done repeat their last stable rate, which changes nothing.
        middle = np.where(high - low > 1, (low + high) // 2, np.maximum(low, 0))
        trial = Grid(grid.widths, grid.betas, ladder[middle], grid.starts)
        holds = _is_stable(problem, trial, probe, seed)
        tried.append(ladder[middle])
        stable.append(holds)
        low, high = np.where(holds, middle, low), np.where(holds, high, middle)
    if (low < 0).any():
        raise ValueError(
            f"The ladder must begin with a stable rate; got {ladder[0]:.3g}, at which "
            f"{int((low < 0).sum())} of {len(grid)} trials diverge. Extend it downward."
        )
    return RateSearch(ladder[low], np.array(tried), np.array(stable))


def _is_stable(
    problem: Problem, grid: Grid, probe: Settings, seed: np.random.SeedSequence
) -> np.ndarray:
    """Tell which trials end finite and no higher than they began, (k,)."""
    # A new sequence with the old entropy spawns the same starts each time.
    again = np.random.SeedSequence(seed.entropy, spawn_key=seed.spawn_key)
    found = descend(problem, grid, probe, rng=np.random.default_rng(again))
    return np.isfinite(found.final) & (found.final <= found.objectives[0])
