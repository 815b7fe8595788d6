"""A reader's network as it comes about: an example of data, and training in PyTorch.

:mod:`lib.sgd` runs many trials at once; this is for models that are at hand, and for
their weights along the way.
"""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lib.certificate import Neighbourhood, Solution, locate
from lib.cone_pca import AnyOracle
from lib.frank_wolfe import solve
from lib.networks import from_torch, to_torch
from lib.problem import Network, Problem
from lib.sgd.epochs import torch_loss

EXAMPLE = 40
"""Samples of the example."""


def write_example(path: Path, rng: np.random.Generator) -> Path:
    """Write a CSV file as :func:`lib.data.read_data` wants it: one input, two targets.

    ``y1 = sin 3 x1`` and ``y2 = |x1| - 1`` for x1 between -2 and 2, plus normal noise
    of standard deviation 0.1.
    """
    x = np.sort(rng.uniform(-2.0, 2.0, EXAMPLE))
    Y = np.column_stack([np.sin(3 * x), np.abs(x) - 1])
    Y += 0.1 * rng.standard_normal(Y.shape)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["x1", "y1", "y2"])
        writer.writerows(np.column_stack([x, Y]).tolist())
    return path


@dataclass(frozen=True, eq=False)
class Trace:
    """A network along its training.

    Parameters
    ----------
    epochs : (k,) int array
        When, from 0 on, closer together at the beginning.
    networks : tuple of Network
        Its weights then.
    """

    epochs: np.ndarray
    networks: tuple[Network, ...]


def train_model(
    model: Any,
    problem: Problem,
    *,
    epochs: int,
    rate: float,
    momentum: float = 0.9,
    records: int = 40,
) -> Trace:
    """Train a model in place by gradient descent on (5), all samples at once.

    Parameters
    ----------
    model : torch.nn.Sequential
        ``Linear, ReLU, Linear`` in double precision. If its first layer has a bias,
        the last column of ``problem.X`` must be ones.
    problem : Problem
        Without pooling; of any loss. Weight decay is the optimiser's.
    epochs : int
        Steps, at least 1.
    rate : float
        Learning rate, positive.
    momentum : float
        PyTorch's; the paper's experiments take :data:`lib.sgd.MOMENTUM`.
    records : int
        About how many networks to keep; the first and the last always are.

    Returns
    -------
    Trace

    Raises
    ------
    ValueError
        If the weights do not stay finite at this rate.

    Notes
    -----
    ``torch.optim.SGD`` with ``weight_decay=beta`` adds ``beta w`` to the gradient, that
    of ``beta/2 |w|^2``; the loss is a sum, not a mean. O(n m (d + c)) an epoch.
    """
    inputs = torch.tensor(problem.X[:, : model[0].in_features])
    loss, targets = torch_loss(problem.loss), torch.tensor(problem.Y)
    optimiser = torch.optim.SGD(
        model.parameters(), lr=rate, momentum=momentum, weight_decay=problem.beta
    )
    marks = np.unique(np.append(np.geomspace(1, epochs, records).astype(int), epochs))
    networks = [from_torch(model)]
    for epoch in range(1, epochs + 1):
        optimiser.zero_grad()
        loss(model(inputs), targets).sum().backward()
        optimiser.step()
        if epoch in marks:
            _refuse_divergence(model, rate, epoch)
            networks.append(from_torch(model))
    return Trace(np.append(0, marks), tuple(networks))


def start_model(problem: Problem, neurons: int, *, bias: bool, seed: int) -> Any:
    """Return a model with PyTorch's own random start, in double precision.

    Parameters
    ----------
    problem : Problem
        With a last column of ones in X if there is a bias.
    neurons : int
    bias : bool
        Whether the first layer has one; the last has none.
    seed : int
    """
    torch.manual_seed(seed)
    _, d, c = problem.shape
    first = torch.nn.Linear(d - bias, neurons, bias=bias)
    last = torch.nn.Linear(neurons, c, bias=False)
    return torch.nn.Sequential(first, torch.nn.ReLU(), last).double()


def go_on(
    problem: Problem, stages: dict[str, Network], *, bias: bool, **options: Any
) -> dict[str, Network]:
    """Let a descent go on from each network; ``options`` are those of `train_model`."""
    ends = {}
    for name, network in stages.items():
        trace = train_model(to_torch(network, bias=bias), problem, **options)
        ends[f"{name}, descent goes on"] = trace.networks[-1]
    return ends


def narrow_down(
    problem: Problem, solution: Solution, rounds: tuple[int, ...], bound: AnyOracle
) -> list[Neighbourhood]:
    """Say where every optimum lies after few rounds of the solver, and at the end.

    Parameters
    ----------
    problem : Problem
    solution : Solution
        Of the problem, for the end.
    rounds : tuple of int
    bound : callable
        The oracle of the short solves.
    """
    stops = [solve(problem, bound=bound, rounds=k) for k in rounds]
    return [locate(problem, s.network, s.certificate) for s in (*stops, solution)]


def _refuse_divergence(model: Any, rate: float, epoch: int) -> None:
    """Refuse a descent that has left the numbers."""
    if not all(torch.isfinite(w).all() for w in model.parameters()):
        raise ValueError(
            f"rate must keep the weights finite; got rate = {rate!r}, at which they "
            f"diverged by epoch {epoch}. Try rate = {rate / 4:g}, or scale X and Y."
        )
