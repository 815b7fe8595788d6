"""Gradient descent on the non-convex problem (5), many trials at once.

The paper calls its method SGD with a batch of the whole training set, which is
gradient descent with momentum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from lib.problem import Array, Network, Problem

MOMENTUM = 0.95
"""Momentum of every experiment of the paper (A.1)."""

PLATEAU = 1e-4
"""Relative decrease of the best objective that counts as progress."""


@dataclass(frozen=True, eq=False)
class Descent:
    """The outcome of several independent trials of gradient descent.

    Parameters
    ----------
    networks : tuple of Network
        The last iterate of each trial; zero weights where it diverged.
    epochs : (k,) int array
        The epochs at which the objective was recorded, 0 first and the last last.
    objectives : (k, trials) array
        Objective (5) at those epochs; ``inf`` from where a trial diverged.
    rates : (trials,) array
        Learning rates at the end, after the halvings at plateaus.
    """

    networks: tuple[Network, ...]
    epochs: np.ndarray
    objectives: Array
    rates: Array

    @property
    def final(self) -> Array:
        """The objective of the last iterate of each trial, (trials,)."""
        return self.objectives[-1]

    @property
    def diverged(self) -> np.ndarray:
        """Which trials overflowed, (trials,) bool."""
        return ~np.isfinite(self.final)


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


def train(
    problem: Problem,
    neurons: int,
    *,
    trials: int,
    epochs: int,
    rate: float,
    rng: np.random.Generator,
    patience: int = 1000,
    points: int = 400,
    device: str = "auto",
) -> Descent:
    """Run full-batch gradient descent with momentum from random starts.

    All trials are one batched tensor, so that they cost little more than one. A
    trial halves its rate when its best objective has not fallen by a relative
    ``PLATEAU`` for ``patience`` epochs.

    Parameters
    ----------
    problem : Problem
    neurons : int
        Width m of each network.
    trials : int
        Independent starts.
    epochs : int
        Gradient steps.
    rate : float
        First learning rate.
    rng : numpy.random.Generator
        Draws the starts.
    patience : int
        Epochs without progress before a halving.
    points : int
        About how many objectives to record; evenly spaced epochs.
    device : {"auto", "cpu", "cuda"}
        ``"auto"`` takes CUDA where present.

    Returns
    -------
    Descent
        A diverged trial is reported in it, not raised.

    Raises
    ------
    ValueError
        If a count is below 1 or the rate is not positive.

    Notes
    -----
    Section A.1. O(trials n neurons (d + c)) an epoch, double precision.
    """
    counts = {"neurons": neurons, "trials": trials, "epochs": epochs, "points": points}
    _check(rate=rate, patience=patience, **counts)
    place = _device(device)
    start = kaiming_uniform(trials, neurons, *problem.shape[1:], rng)
    state = _State(problem, [torch.tensor(w, device=place) for w in start], rate)
    stride = max(1, epochs // points)
    marks, curve = [], []
    with torch.no_grad():
        for epoch in range(epochs):
            values = state.step(patience)
            if epoch % stride == 0:
                marks.append(epoch)
                curve.append(values)
        marks.append(epochs)
        curve.append(state.gradients()[0])
    table = torch.stack(curve).cpu().numpy()
    table[~np.isfinite(table)] = np.inf
    networks = state.networks(np.isfinite(table[-1]))
    return Descent(networks, np.array(marks), table, state.rates.cpu().numpy())


def _check(*, rate: float, **counts: int) -> None:
    """Refuse counts below one and rates that are not positive."""
    for name, count in counts.items():
        if count < 1:
            raise ValueError(f"{name} must be at least 1; got {count!r}.")
    if not (np.isfinite(rate) and rate > 0):
        raise ValueError(f"rate must be positive and finite; got {rate!r}.")


def _device(name: str) -> torch.device:
    """Return the device to train on, or say why it cannot be had."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name not in ("cpu", "cuda"):
        raise ValueError(f"device must be 'auto', 'cpu' or 'cuda'; got {name!r}.")
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("device='cuda' needs a CUDA device; none is visible.")
    return torch.device(name)


class _State:
    """Weights, momentum and rates of all trials; trials on the first axis."""

    def __init__(
        self, problem: Problem, weights: list[torch.Tensor], rate: float
    ) -> None:
        place, trials = weights[0].device, len(weights[0])
        self.X = torch.tensor(problem.X, device=place)
        self.Y = torch.tensor(problem.Y, device=place)
        self.beta = problem.beta
        self.U, self.V = weights
        self.speed = [torch.zeros_like(w) for w in weights]
        self.rates = torch.full((trials,), rate, dtype=torch.float64, device=place)
        self.best = torch.full_like(self.rates, torch.inf)
        self.waited = torch.zeros_like(self.rates)

    def gradients(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return the objective of each trial, (trials,), and both gradients."""
        hidden = torch.relu(self.X @ self.U.mT)  # (trials, n, m)
        error = hidden @ self.V - self.Y  # (trials, n, c)
        back = (error @ self.V.mT) * (hidden > 0)
        by_U = back.mT @ self.X + self.beta * self.U
        by_V = hidden.mT @ error + self.beta * self.V
        decay = self.U.square().sum((1, 2)) + self.V.square().sum((1, 2))
        return 0.5 * (error.square().sum((1, 2)) + self.beta * decay), by_U, by_V

    def step(self, patience: int) -> torch.Tensor:
        """Make one epoch; return the objectives before it, (trials,)."""
        values, *gradients = self.gradients()
        rates = self.rates[:, None, None]
        for weight, speed, gradient in zip(
            (self.U, self.V), self.speed, gradients, strict=True
        ):
            speed.mul_(MOMENTUM).add_(gradient)
            weight.sub_(rates * speed)
        self._plateau(values, patience)
        return values

    def _plateau(self, values: torch.Tensor, patience: int) -> None:
        """Halve the rate of each trial that has waited too long for progress."""
        progress = values < (1 - PLATEAU) * self.best
        self.best = torch.where(progress, values, self.best)
        self.waited = torch.where(progress, 0.0, self.waited + 1)
        tired = self.waited > patience
        self.rates = torch.where(tired, self.rates / 2, self.rates)
        self.waited = torch.where(tired, 0.0, self.waited)

    def networks(self, alive: np.ndarray) -> tuple[Network, ...]:
        """Return the network of each trial, zero weights for those not alive."""
        keep = alive[:, None, None]
        U, V = (np.where(keep, w.cpu().numpy(), 0.0) for w in (self.U, self.V))
        return tuple(Network(u, v) for u, v in zip(U, V, strict=True))
