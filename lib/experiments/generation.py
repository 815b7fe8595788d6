"""Figure 4: images from noise, the copositive relaxation against SGD."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lib.copositive import Whitened, solve_whitened
from lib.data import load_images
from lib.experiments.images import balanced
from lib.experiments.printed import Comparison
from lib.problem import Array, Network, Problem, objective
from lib.recover import Recovery, recover_from_activations
from lib.sgd import MOMENTUM, Descent, Grid, Settings, descend
from lib.whitening import whiten

EACH = 10
"""Images of a class, and classes."""

SETTLED = 1e-5
"""Relative decrease in 1000 epochs below which SGD has converged."""


@dataclass(frozen=True, eq=False)
class Generation:
    """Bounds of p* and generated images for each beta.

    Parameters
    ----------
    dataset : str
    betas : (k,) array
    relaxed, bound : (k,) arrays
        Value of (20), and the lower bound of p* that it proves.
    sgd, recovered : (k,) arrays
        Objectives of SGD's network and of the one factored from (20); upper bounds.
    start : (k,) array
        Objective of SGD at its start.
    stops : (k,) int array
        Epochs that SGD made.
    rates : (k,) array
        Rates at the end.
    decay : (k,) array
        ``exp(-rate beta epochs / (1 - momentum))`` at the first rate: what is left of
        a weight that nothing but decay moves. Near 1, SGD cannot have converged.
    kappa : float
        Largest singular value of Y, from which on the zero network is optimal.
    images : (3, k, s, height, width, channels) uint8 array
        Targets, SGD's and the recovered network's images, one of each class.
    """

    dataset: str
    betas: np.ndarray
    relaxed: np.ndarray
    bound: np.ndarray
    sgd: np.ndarray
    recovered: np.ndarray
    start: np.ndarray
    stops: np.ndarray
    rates: np.ndarray
    decay: np.ndarray
    kappa: float
    images: np.ndarray

    @property
    def upper(self) -> Array:
        """The better network's objective, (k,)."""
        return np.fmin(self.sgd, self.recovered)

    @property
    def relative_gap(self) -> Array:
        """``(upper - bound) / upper``, (k,): how far p* can be from either."""
        return (self.upper - self.bound) / self.upper

    def table(self) -> dict[str, Array]:
        """Return both sides by beta."""
        names = ("betas", "relaxed", "bound", "sgd", "recovered", "stops", "decay")
        return {name: getattr(self, name) for name in names}

    def comparisons(self) -> tuple[Comparison, ...]:
        """Compare with Figure 4: SGD lies on (20), but for the lowest beta."""
        note = "At small beta the epochs are too few for weight decay to act."
        return tuple(
            Comparison(f"SGD over (20) at beta {b:g}", 1.0, float(s / r), 0.01, note)
            for b, s, r in zip(self.betas, self.sgd, self.relaxed, strict=True)
        )


def generate_images(
    dataset: str = "mnist",
    *,
    betas: tuple[float, ...] = (1e-2, 1e-1, 1.0, 10.0, 100.0),
    neurons: int = 1000,
    epochs: int = 15_000,
    rate: float = 2e-4,
    tolerance: float = 1e-6,
    seed: int = 0,
    checkpoint: Path | None = None,
) -> Generation:
    """Generate 100 images from whitened noise by SGD and by (20) (Figure 4).

    Pixels are in 0..1. The paper's 60,000 epochs at rate 5e-5 travel as far as 15,000
    at 2e-4, both far below the largest stable rate. SGD runs in single precision, its
    starting output weights projected onto the row space of Y, where an optimum lies.

    Parameters
    ----------
    dataset : {"mnist", "cifar10"}
    betas : tuple of float
    neurons, epochs, rate
        Of SGD.
    tolerance : float
        Relative gap at which (20) is solved.
    seed : int
        Of the noise; SGD starts from seed + 1.
    checkpoint : Path, optional
        Where SGD keeps its state.

    Raises
    ------
    ValueError
        If there is no such data set.

    Notes
    -----
    A.1.1 and (20).
    """
    targets = _targets(dataset)
    Y = targets.reshape(len(targets), -1) / 255.0
    noise = np.random.default_rng(seed).standard_normal(Y.shape)
    X, weights = whiten(noise, demean=False).X, np.asarray(betas, dtype=float)
    problems = [Problem(X, Y, beta) for beta in weights]
    grid, begin = Grid(neurons, weights, rate, 0), np.random.default_rng(seed + 1)
    run = descend(problems[0], grid, _settings(epochs, checkpoint), rng=begin)
    relaxed = [solve_whitened(Y, beta, tolerance=tolerance) for beta in weights]
    # In double precision: the records of the run carry single rounding.
    sgd = list(map(objective, problems, run.networks))
    made = list(map(recover_from_activations, problems, (r.W for r in relaxed)))
    shown = [
        _shown(X, networks, targets.shape)
        for networks in (run.networks, [recovery.network for recovery in made])
    ]
    return Generation(
        dataset=dataset,
        betas=weights,
        **_sides(sgd, run, relaxed, made),
        decay=np.exp(-rate * weights * epochs / (1 - MOMENTUM)),
        kappa=float(np.linalg.norm(Y, 2)),
        images=np.stack([np.broadcast_to(targets[::EACH], shown[0].shape), *shown]),
    )


def _sides(
    sgd: list[float], run: Descent, relaxed: list[Whitened], made: list[Recovery]
) -> dict[str, Array]:
    """Return what bounds p* from both sides, and how SGD got there."""
    return {
        "relaxed": np.array([r.value for r in relaxed]),
        "bound": np.array([r.proof.value for r in relaxed]),
        "sgd": np.array(sgd),
        "recovered": np.array([r.cost for r in made]),
        "start": run.objectives[0],
        "stops": run.stops,
        "rates": run.rates,
    }


def _settings(epochs: int, checkpoint: Path | None) -> Settings:
    """Return how SGD is run."""
    return Settings(
        epochs,
        tolerance=SETTLED,
        points=2,
        precision="float32",
        outputs="row_space",
        checkpoint=checkpoint,
    )


def _targets(dataset: str) -> np.ndarray:
    """Return ten images of each of ten classes, (100, height, width, channels)."""
    names = {"mnist": "mnist_train_100", "cifar10": "cifar10_train_3000"}
    if dataset not in names:
        raise ValueError(f"dataset must be 'mnist' or 'cifar10'; got {dataset!r}.")
    return balanced(load_images(names[dataset]), EACH * EACH).images


def _shown(X: Array, networks: list[Network], shape: tuple[int, ...]) -> np.ndarray:
    """Return the image of one noise vector a class and network, as bytes."""
    X = X[::EACH]
    outputs = [
        network.predict(X) if network.width else np.zeros((len(X), np.prod(shape[1:])))
        for network in networks
    ]
    pixels = np.clip(np.round(255 * np.array(outputs)), 0, 255).astype(np.uint8)
    return pixels.reshape(len(networks), len(X), *shape[1:])
