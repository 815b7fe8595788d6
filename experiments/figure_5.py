"""Figure 5: a ReLU network against a linear one on whitened images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from experiments.descents import descend_stably
from experiments.images import DEVIATION, WhiteImages, linear_side, white_images
from experiments.result import Comparison, Result, columns
from lib.certificate import beta_max
from lib.numerics import Array
from lib.problem import Problem
from lib.sgd import Descent, Grid, Settings
from lib.svd import CentredOracle, SpectralOracle, linear_optimum

NETWORKS = ("relu", "linear")


@dataclass(frozen=True, eq=False)
class Activations(Result):
    """Losses of ReLU and linear networks on the labels of a ReLU teacher.

    Parameters
    ----------
    demean : bool
        Whether the images were de-meaned, as in the paper.
    start : str
        Law of the starting weights.
    betas : (k,) array
    objective, train, test : (2, k) arrays
        Objective (5), ``1/2 |F - Y|^2`` on the training and on the test images; the
        ReLU network first.
    weight_decay : (2, k) array
        Half the squared weights: 0 for the zero network.
    rates, stops : (2, k) arrays
        Rates at the end, epochs made.
    linear_value : (k,) array
        Optimum of the linear network, in closed form.
    unreached : float
        The part of it that no weights lower: the mean label, if X is de-meaned.
    zero_train, zero_test : float
        Losses of the zero network.
    length_test : float
        Test loss of ``|x|`` times the mean label, once x is whitened: what of a ReLU
        teacher does not depend on the direction of x.
    both_test : float
        Test loss of that plus the linear interpolation of the remaining labels.
    test_length : float
        Median length of a whitened test image; training images have length 1.
    relu_bound : (k,) array
        What no ReLU network can beat on white data.
    kappa_low, kappa : float
        Enclose the beta from which on the zero ReLU network is optimal.
    linear_kappa : float
        The same for the linear network.
    pairs : float
        Mean of ``|w . x| |w . x'|`` over the teacher's neurons and pairs of training
        images, over what it is for normal weights of the same variance.
    """

    demean: bool
    start: str
    betas: np.ndarray
    objective: np.ndarray
    train: np.ndarray
    test: np.ndarray
    weight_decay: np.ndarray
    rates: np.ndarray
    stops: np.ndarray
    linear_value: np.ndarray
    unreached: float
    zero_train: float
    zero_test: float
    length_test: float
    both_test: float
    test_length: float
    relu_bound: np.ndarray
    kappa_low: float
    kappa: float
    linear_kappa: float
    pairs: float

    @property
    def best_ratio(self) -> Array:
        """Least test loss over that of the zero network, (2,)."""
        return self.test.min(axis=1) / self.zero_test

    def table(self) -> dict[str, Array]:
        """Return losses by activation and beta."""
        told = {
            "activation": np.repeat(NETWORKS, len(self.betas)),
            "beta": np.tile(self.betas, 2),
        }
        names = ("objective", "train", "test", "weight_decay", "rates", "stops")
        return told | {name: getattr(self, name).ravel() for name in names}

    def comparisons(self) -> tuple[Comparison, ...]:
        """Compare with A.1.2."""
        ratio, zero = 63038 / 125383, self.train[0] / self.zero_train
        note = "The absolute losses depend on the teacher's law, which is not printed."
        what = "training loss of the ReLU network over that of zero at beta"
        plateau = tuple(
            Comparison(f"{what} {beta:g}", 1.0, float(share), 1e-3)
            for beta, share in zip(self.betas, zero, strict=True)
            if beta >= 1  # from there on the paper's networks are zero
        )
        best = "best ReLU test loss over that of zero"
        return (
            Comparison(best, ratio, float(self.best_ratio[0]), 0.1, note),
            Comparison("test loss of zero", 125383.0, self.zero_test, 0.1, note),
            *plateau,
        )


def compare_activations(
    *,
    demean: bool = True,
    start: str = "torch",
    betas: tuple[float, ...] = (1e-2, 1e-1, 1.0),
    neurons: int = 4000,
    teacher: int = 4000,
    epochs: int = 400,
    rate: float = 1e-2,
    n: int = 3000,
    tests: int = 10_000,
    seed: int = 0,
    checkpoint: Path | None = None,
) -> Activations:
    """Train ReLU and linear networks on a ReLU teacher's labels (Figure 5).

    The teacher has PyTorch's default law, uniform on ``+-1 / sqrt(fan_in)``, and sees
    the whitened images. A trial that diverges is run again at half the rate.

    Parameters
    ----------
    demean : bool
    start : {"torch", "he"}
        Law of the students' starting weights, see :class:`lib.sgd.Settings`. Both are
        called Kaiming uniform; the paper's rate is stable for the first.
    betas : tuple of float
    neurons, teacher : int
        Widths of the students and the teacher.
    epochs, rate
        Of SGD, in single precision.
    n, tests : int
        Training and test images.
    seed : int
        Of the teacher; the students start from seed + 1.
    checkpoint : Path, optional
        Where SGD keeps its state.

    Notes
    -----
    A.1.2.
    """
    images = white_images("cifar10", demean=demean, n=n, tests=tests)
    Y, held_out, pairs = _taught(images, teacher, np.random.default_rng(seed))
    problem = Problem(images.X, Y, 1.0)
    weights = np.asarray(betas, dtype=float)
    sizes = neurons, epochs, rate, seed + 1, start
    rows = [
        _students(problem, images, held_out, kind, weights, sizes=sizes, at=checkpoint)
        for kind in NETWORKS
    ]
    return Activations(
        demean=demean,
        start=start,
        betas=weights,
        **columns(rows),
        zero_train=_half_square(Y),
        zero_test=_half_square(held_out),
        **_without_training(images, Y, held_out),
        **_thresholds(problem, weights, demean),
        pairs=pairs,
    )


def _taught(
    images: WhiteImages, neurons: int, rng: np.random.Generator
) -> tuple[Array, Array, float]:
    """Label both sets of images by a random ReLU network; compare its law's pairs."""
    d, c = images.X.shape[1], images.Y.shape[1]
    U = rng.uniform(-1, 1, (neurons, d)) / np.sqrt(d)
    V = rng.uniform(-1, 1, (neurons, c)) / np.sqrt(neurons)
    W = U @ images.X.T
    pairs = _mean_of_pairs(W) / (2 / np.pi / (3 * d))  # variance 1 / (3 d)
    return np.maximum(W, 0.0).T @ V, images.test_outputs(W, V), pairs


def _mean_of_pairs(W: Array) -> float:
    """Return the mean of ``|W_ji| |W_jk|`` over rows j and pairs i, k of columns."""
    squares = np.abs(W).sum(axis=1) ** 2 - np.square(W).sum(axis=1)
    n = W.shape[1]
    return float(squares.mean()) / (n * (n - 1))


def _without_training(images: WhiteImages, Y: Array, held_out: Array) -> dict:
    """Predict test labels by the length of the images, and linearly beyond it."""
    shares = images.test_shares()
    lengths = np.linalg.norm(shares, axis=1).astype(np.float64)
    mean = Y.mean(axis=0)
    rest = held_out - np.outer(lengths, mean)
    return {
        "length_test": _half_square(rest),
        "both_test": _half_square(rest - shares @ (Y - mean)),
        "test_length": float(np.median(lengths)),
    }


def _thresholds(problem: Problem, betas: Array, demean: bool) -> dict:
    """Return the linear optima, and from which beta on zero is optimal."""
    sigma, rest = linear_side(problem.Y, demean=demean)
    bound = (CentredOracle if demean else SpectralOracle)(problem.X, DEVIATION)
    kappa = beta_max(problem, bound=bound)
    whole = np.linalg.svd(problem.Y, compute_uv=False)
    return {
        "relu_bound": np.array([linear_optimum(whole, b) for b in betas]),
        "linear_value": np.array([linear_optimum(sigma, b) + rest for b in betas]),
        "unreached": rest,
        "kappa_low": kappa.value,
        "kappa": kappa.bound,
        "linear_kappa": float(sigma[0]),
    }


def _students(
    problem: Problem,
    images: WhiteImages,
    held_out: Array,
    kind: str,
    betas: Array,
    *,
    sizes: tuple,
    at: Path | None,
) -> dict[str, Array]:
    """Train a network for each beta, one at a time to hold few weights."""
    rows = []
    for k, beta in enumerate(betas):
        folder = at / f"{kind}_{k}" if at else None
        run = _stable(problem, kind, beta, sizes, folder)
        network = run.networks[0]
        W = network.U @ images.X.T
        if kind == "relu":
            F = np.maximum(W, 0.0).T @ network.V
            answers = images.test_outputs(W, network.V)
        else:
            F, answers = W.T @ network.V, images.test_hidden(network.V.T @ W)
        train = _half_square(F - problem.Y)
        row = {
            "objective": train + beta * network.weight_decay,
            "train": train,
            "test": _half_square(answers - held_out),
            "weight_decay": network.weight_decay,
            "rates": float(run.rates[0]),
            "stops": int(run.stops[0]),
        }
        rows.append(row)
    return columns(rows)


def _stable(
    problem: Problem, kind: str, beta: float, sizes: tuple, folder: Path | None
) -> Descent:
    """Descend with one activation; after a divergence again, at half the rate."""
    neurons, epochs, rate, seed, start = sizes
    settings = Settings(
        epochs,
        patience=100,
        points=20,
        tolerance=1e-5,
        precision="float32",
        activation=kind,
        start=start,
        checkpoint=folder,
        checkpoint_every=epochs,  # hundreds of megabytes, so at the end only
    )
    return descend_stably(problem, Grid(neurons, beta, rate, 0), settings, seed)[0]


def _half_square(matrix: Array) -> float:
    """Return ``1/2 |matrix|^2`` in double precision."""
    return 0.5 * float(np.square(matrix, dtype=np.float64).sum())
