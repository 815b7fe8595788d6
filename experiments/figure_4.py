"""Figure 4: images from noise, the copositive relaxation against SGD."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from experiments.images import PIXEL, balanced
from experiments.result import CertifiedResult, Comparison, Result
from lib.copositive import solve_whitened
from lib.data import load_images
from lib.numerics import EPS, Array
from lib.problem import Network, Problem, objective, reduce_rank
from lib.recovery import recover_from_activations
from lib.sgd import MOMENTUM, Grid, Settings, descend
from lib.svd import whiten
from lib.svd.whitening import deviation

EACH = 10
"""Images of a class, and classes."""

RECORDS = 150
"""Points of the curve of a longer descent."""

CONVERGED = 1e-5
"""Relative decrease in 1000 epochs below which SGD has converged."""


@dataclass(frozen=True, eq=False)
class GeneratedImages(CertifiedResult):
    """Bounds of p* and generated images for each beta.

    Parameters
    ----------
    dataset : str
    betas : (k,) array
    relaxed, bound : (k,) arrays
        Value of (20), and the lower bound of p* that it proves.
    sgd, recovered : (k,) arrays
        Objectives of SGD's network and of the one factored from (20); upper bounds.
    trimmed : (k,) array
        Objectives of SGD's networks after :func:`trim`; upper bounds, too.
    idle : (k,) array
        ``beta/2 sum_j |u_j|^2`` over what SGD's input weights have outside the row
        space of X: no output depends on it, and nothing but weight decay moves it.
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

    COLUMNS = (
        *("betas", "relaxed", "bound", "sgd", "recovered", "trimmed", "idle"),
        *("stops", "decay"),
    )
    ENDS = ("upper", "bound")

    dataset: str
    betas: np.ndarray
    relaxed: np.ndarray
    bound: np.ndarray
    sgd: np.ndarray
    recovered: np.ndarray
    trimmed: np.ndarray
    idle: np.ndarray
    start: np.ndarray
    stops: np.ndarray
    rates: np.ndarray
    decay: np.ndarray
    kappa: float
    images: np.ndarray

    @property
    def upper(self) -> Array:
        """The best network's objective, (k,)."""
        return np.fmin(np.fmin(self.sgd, self.recovered), self.trimmed)

    def comparisons(self) -> tuple[Comparison, ...]:
        """Compare with Figure 4: SGD lies on (20), but for the lowest beta."""
        note = "At small beta the epochs are too few for weight decay to act."
        return tuple(
            Comparison(f"SGD over (20) at beta {b:g}", 1.0, float(s / r), 0.01, note)
            for b, s, r in zip(self.betas, self.sgd, self.relaxed, strict=True)
        )


@dataclass(frozen=True, eq=False)
class NoiseDescent(Result):
    """One descent of Figure 4, followed: as the paper starts it, or for longer.

    Parameters
    ----------
    dataset : str
    outputs : str
        ``"all"`` for a plain start, ``"row_space"`` for one whose output weights were
        projected onto the row space of Y.
    beta : float
    epochs : (k,) int array
        Those at which the objective was recorded.
    objectives : (k,) array
        In single precision.
    travel : (k,) array
        ``rate * epochs``, at the first rate.
    halved : bool
        Whether the rate was ever halved; then ``travel`` is too large.
    final, trimmed : float
        Objective of the last network, as it is and after :func:`trim`.
    idle, idle_outputs : float
        Weight decay of what its input weights have outside the row space of X, and its
        output weights outside that of Y.
    idle_law, idle_outputs_law : float
        What these are after the travel, in expectation, if nothing but weight decay
        moves them: ``beta m (1 - n/d)`` and, the hidden layer's row space standing
        still, ``beta (c - rank Y) (1 - n/m)``, each times ``exp(-2 beta t)``; 0 for
        outputs in the row space.
    relaxed, bound : float
        Value of (20), and the lower bound of p* that it proves.
    """

    dataset: str
    outputs: str
    beta: float
    epochs: np.ndarray
    objectives: np.ndarray
    travel: np.ndarray
    halved: bool
    final: float
    trimmed: float
    idle: float
    idle_outputs: float
    idle_law: float
    idle_outputs_law: float
    relaxed: float
    bound: float


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
) -> GeneratedImages:
    """Generate 100 images from whitened noise by SGD and by (20) (Figure 4).

    Pixels are in 0..1. The paper's 60,000 epochs at rate 5e-5 travel as far as 15,000
    at 2e-4, both far below the largest stable rate. SGD runs in single precision from
    He's law, its starting output weights projected onto the row space of Y, where an
    optimum lies. The paper's starts are plain: :func:`descend_from_noise`.

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
    targets, weights = _targets(dataset), np.asarray(betas, dtype=float)
    noise = _from_noise(targets, weights[0], seed)
    problems = [replace(noise, beta=float(beta)) for beta in weights]
    X, Y = noise.X, noise.Y
    grid, begin = Grid(neurons, weights, rate, 0), np.random.default_rng(seed + 1)
    run = descend(problems[0], grid, _settings(epochs, checkpoint), rng=begin)
    relaxed = [solve_whitened(Y, beta, tolerance=tolerance) for beta in weights]
    made = list(map(recover_from_activations, problems, (r.W for r in relaxed)))
    both = run.networks, [recovery.network for recovery in made]
    shown = [_shown(X, networks, targets.shape) for networks in both]
    return GeneratedImages(
        dataset=dataset,
        betas=weights,
        **_upper_sides(problems, run.networks),
        relaxed=np.array([r.value for r in relaxed]),
        bound=np.array([r.proof.value for r in relaxed]),
        recovered=np.array([r.cost for r in made]),
        start=run.objectives[0],
        stops=run.stops,
        rates=run.rates,
        decay=np.exp(-rate * weights * epochs / (1 - MOMENTUM)),
        kappa=float(np.linalg.norm(Y, 2)),
        images=np.stack([np.broadcast_to(targets[::EACH], shown[0].shape), *shown]),
    )


def descend_from_noise(
    dataset: str = "mnist",
    *,
    outputs: str = "all",
    beta: float = 1e-2,
    neurons: int = 1000,
    epochs: int = 15_000,
    rate: float = 2e-4,
    seed: int = 0,
    checkpoint: Path | None = None,
) -> NoiseDescent:
    """Train one network of Figure 4 from a plain start, or longer; keep the curve.

    Parameters
    ----------
    dataset : {"mnist", "cifar10"}
    outputs : {"all", "row_space"}
        See :class:`lib.sgd.Settings`; the paper's starts are plain, ``"all"``.
    beta : float
        The smallest of Figure 4, at which the paper finds a mismatch.
    neurons, epochs, rate
        Of SGD; the paper travels ``60_000 * 5e-5 = 3``.
    seed : int
        As of :func:`generate_images`: the same noise and the same start.
    checkpoint : Path, optional
        Where SGD keeps its state.

    Raises
    ------
    ValueError
        If there is no such data set.

    Notes
    -----
    A.1.1.
    """
    problem = _from_noise(_targets(dataset), beta, seed)
    told = {"tolerance": 0.0, "points": RECORDS, "outputs": outputs}
    settings = replace(_settings(epochs, checkpoint), **told)
    begin = np.random.default_rng(seed + 1)
    run = descend(problem, Grid(neurons, beta, rate, 0), settings, rng=begin)
    relaxed = solve_whitened(problem.Y, beta)
    sides = _upper_sides([problem], run.networks)
    travelled = rate * epochs / (1 - MOMENTUM)
    return NoiseDescent(
        dataset=dataset,
        outputs=outputs,
        beta=float(beta),
        epochs=run.epochs,
        objectives=run.objectives[:, 0],
        travel=rate * run.epochs,
        halved=bool(run.rates[0] < rate),
        final=float(sides["sgd"][0]),
        trimmed=float(sides["trimmed"][0]),
        idle=float(sides["idle"][0]),
        idle_outputs=_decay_outside(problem.beta, run.networks[0].V, problem.Y),
        **_idle_laws(problem, neurons, travelled, outputs),
        relaxed=relaxed.value,
        bound=relaxed.proof.value,
    )


def _idle_laws(
    problem: Problem, neurons: int, t: float, outputs: str
) -> dict[str, float]:
    """Return what is expected of idle weights of He's law after the time t."""
    n, d, c = problem.shape
    left = problem.beta * float(np.exp(-2 * problem.beta * t))
    off = c - reduce_rank(problem.Y).coordinates.shape[1] if outputs == "all" else 0
    return {
        "idle_law": left * neurons * (1 - n / d),
        "idle_outputs_law": left * off * max(1 - n / neurons, 0.0),
    }


def _upper_sides(
    problems: list[Problem], networks: tuple[Network, ...]
) -> dict[str, Array]:
    """Return what SGD's networks cost, as they are and trimmed, and idle weights.

    In double precision: the records of the run carry single rounding.
    """
    pairs = list(zip(problems, networks, strict=True))
    return {
        "sgd": np.array([objective(p, u) for p, u in pairs]),
        "trimmed": np.array([objective(p, trim(p.X, p.Y, u)) for p, u in pairs]),
        "idle": np.array([_decay_outside(p.beta, u.U, p.X) for p, u in pairs]),
    }


def _decay_outside(beta: float, weights: Array, rows: Array) -> float:
    """Return the weight decay of what weights have outside the span of some rows."""
    outside = weights - _projected(weights, rows)
    return beta / 2 * float(np.vdot(outside, outside))


def _projected(weights: Array, rows: Array) -> Array:
    """Project weights onto the span of rows, (n, k)."""
    basis = reduce_rank(rows).basis
    return (weights @ basis) @ basis.T


def _from_noise(targets: np.ndarray, beta: float, seed: int) -> Problem:
    """Return the problem of making these images from whitened noise."""
    Y = targets.reshape(len(targets), -1) / PIXEL
    noise = np.random.default_rng(seed).standard_normal(Y.shape)
    return Problem(whiten(noise, demean=False).X, Y, beta)


def _settings(epochs: int, checkpoint: Path | None) -> Settings:
    """Return how SGD is run."""
    return Settings(
        epochs,
        tolerance=CONVERGED,
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


def trim(X: Array, Y: Array, network: Network) -> Network:
    """Drop what costs and does not help: idle weights of both layers; then balance.

    For ``X X^T = I`` the neuron ``X^T h`` with ``h = (X u)_+ >= 0`` has the hidden
    layer h, and ``|X^T h| = |h| <= |u|``: what u has outside the row space of X, and
    what the ReLU cuts off, costs weight decay and answers nothing. And projecting the
    output weights onto the row space of Y lowers the squared loss and their decay.

    Parameters
    ----------
    X : (n, d) array
        With ``X X^T = I``.
    Y : (n, c) array
    network : Network

    Returns
    -------
    Network
        Balanced. Its objective is not larger; if V is in the row space of Y, it has
        the same outputs on X up to rounding.

    Raises
    ------
    ValueError
        If X is not white.

    Notes
    -----
    Sections 3.3 and A.2, Lemma 4. O(m n d + m n c).
    """
    error = deviation(X)
    if not error <= max(X.shape) * EPS * len(X):
        raise ValueError(
            f"trim needs X X^T = I; got X {X.shape} with |X X^T - I| = {error:.2g}. "
            "Whiten the samples without de-meaning them."
        )
    hidden = np.maximum(X @ network.U.T, 0.0)  # (n, m)
    return Network(hidden.T @ X, _projected(network.V, Y)).balanced()
