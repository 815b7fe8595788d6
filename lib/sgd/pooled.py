"""Gradient descent for CNNs with pooling, and for any loss: one trial at a time."""

from __future__ import annotations

import numpy as np

from lib.numerics import Array
from lib.problem import Network, Problem, objective
from lib.sgd.descent import Descent
from lib.sgd.epochs import MOMENTUM
from lib.sgd.settings import require_count
from lib.sgd.starts import kaiming_uniform

POINTS = 200
"""About how many objectives are recorded."""


def train_pooled(
    problem: Problem,
    neurons: int,
    *,
    trials: int,
    epochs: int,
    rate: float,
    rng: np.random.Generator,
) -> Descent:
    """Run full-batch gradient descent with momentum on (6), at a fixed rate.

    Slower than :func:`lib.sgd.train`, which knows the squared loss without pooling
    only; for small problems.

    Parameters
    ----------
    problem : Problem
        Any loss and pooling.
    neurons : int
        Filters of each network.
    trials : int
        Independent starts.
    epochs : int
        Gradient steps.
    rate : float
        Learning rate.
    rng : numpy.random.Generator
        Draws the starts, one after the other.

    Returns
    -------
    Descent
        Rates stay as they are and no trial stops early, so none is said to have
        converged. A trial that diverges ends with an infinite objective.

    Raises
    ------
    ValueError
        If a count is below 1 or the rate is not positive.

    Notes
    -----
    O(n pooling m (d + c)) an epoch.
    """
    for name, count in {"neurons": neurons, "trials": trials, "epochs": epochs}.items():
        require_count(name, count)
    if not rate > 0:
        raise ValueError(f"The learning rate must be positive; got rate = {rate!r}.")
    recorded = np.unique(np.linspace(0, epochs, min(POINTS, epochs) + 1).astype(int))
    d, c = problem.shape[1:]
    starts = kaiming_uniform(trials, neurons, d, c, rng)
    ends = [_descended(problem, s, recorded, rate) for s in zip(*starts, strict=True)]
    networks, curves = zip(*ends, strict=True)
    return Descent(
        networks,
        recorded,
        np.column_stack(curves),
        np.full(trials, rate),
        np.full(trials, epochs),
        np.zeros(trials, dtype=bool),
    )


def _descended(
    problem: Problem, start: tuple[Array, Array], recorded: np.ndarray, rate: float
) -> tuple[Network, list[float]]:
    """Return the last network and the objectives at the recorded epochs."""
    weights, speeds, curve = list(start), [0.0, 0.0], []
    with np.errstate(over="ignore", invalid="ignore"):
        for epoch in range(recorded[-1] + 1):
            if epoch == recorded[len(curve)]:
                curve.append(_value(problem, *weights))
            if epoch == recorded[-1] or not np.isfinite(curve[-1]):
                break
            slopes = gradient(problem, *weights)
            for k, slope in enumerate(slopes):
                speeds[k] = MOMENTUM * speeds[k] - rate * slope
                weights[k] = weights[k] + speeds[k]
    if np.isfinite(curve[-1]):
        return Network(*weights), curve
    missing = len(recorded) - len(curve)
    zero = Network(*(np.zeros_like(layer) for layer in start))
    return zero, curve[:-1] + [np.inf] * (missing + 1)


def _value(problem: Problem, U: Array, V: Array) -> float:
    """Return the objective, infinite where weights overflowed."""
    if not (np.isfinite(U).all() and np.isfinite(V).all()):
        return np.inf
    return objective(problem, Network(U, V))


def gradient(problem: Problem, U: Array, V: Array) -> tuple[Array, Array]:
    """Return the gradient of the objective of (6) in U, (m, d), and V, (m, c).

    At a kink of the rectifier its derivative is taken as 0.
    """
    inner = problem.X @ U.T  # (n pooling, m)
    features = problem.pool(np.maximum(inner, 0.0))
    R = problem.loss.residual(features @ V, problem.Y)  # minus the gradient in F
    pull = problem.spread(R @ V.T) * (inner > 0)
    return problem.beta * U - pull.T @ problem.X, problem.beta * V - features.T @ R
