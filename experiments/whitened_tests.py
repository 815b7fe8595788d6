"""Why the images of Figure 6 test at chance: sizes, regularised ZCA, statistics.

And whether one ZCA gives both figures of one run: the agreement of Figure 2 and the
accuracy of Figure 6.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from experiments.images import (
    SHEETS,
    balanced,
    first_of_each,
    normalised,
    share_correct,
)
from experiments.result import Result, columns
from lib.data import ImagePack, load_images
from lib.numerics import Array
from lib.problem import Network, Problem, objective
from lib.sgd import Grid, Settings, descend

MEASURED = 500
"""Test images whose length after whitening is measured."""


@dataclass(frozen=True, eq=False)
class WhitenedTests(Result):
    """Test accuracy of the neurons of (16), one a class, under variants of ZCA.

    Parameters
    ----------
    dataset : str
    pixels, classes : int
    sizes : (k,) int array
        Training images.
    size_accuracy : (k,) array
        With exact ZCA, for which (16) is optimal.
    size_length : (k,) array
        Median length of a test image after that ZCA; a training image has length 1.
    ridges : (l,) array
        Added to the eigenvalues of the covariance, in units of a pixel's variance.
    ridge_accuracy, ridge_fit : (l,) arrays
        On test and training images, at the largest size.
    shared : int
        Test images lent, without labels, to the covariance of the last variant.
    shared_accuracy : float
        On the other test images.
    """

    dataset: str
    pixels: int
    classes: int
    sizes: np.ndarray
    size_accuracy: np.ndarray
    size_length: np.ndarray
    ridges: np.ndarray
    ridge_accuracy: np.ndarray
    ridge_fit: np.ndarray
    shared: int
    shared_accuracy: float

    def table(self) -> dict[str, Array]:
        """Return the accuracy of each variant: of sizes first, then of ridges."""
        return {
            "images": np.append(self.sizes, np.full_like(self.ridges, self.sizes[-1])),
            "ridge": np.append(np.zeros(len(self.sizes)), self.ridges),
            "test_accuracy": np.append(self.size_accuracy, self.ridge_accuracy),
        }


@dataclass(frozen=True, eq=False)
class BothFigures(Result):
    """Figures 2 and 6 from the same images, behind ZCA with a ridge.

    Parameters
    ----------
    dataset : str
    beta : float
    neurons : int
        Of SGD.
    ridges : (k,) array
        Added to the eigenvalues of the covariance, in units of a pixel's variance; 0 is
        exact ZCA.
    stated, sgd : (k,) arrays
        What (16) states, ``1/2 |X V - Y|^2 + beta |V|_*`` at its V, and the objective
        at which SGD ends: in Figure 2 they agree.
    stated_accuracy, sgd_accuracy : (k,) arrays
        On test images, Figure 6: of ``x -> V^T x`` and of SGD's network.
    """

    dataset: str
    beta: float
    neurons: int
    ridges: np.ndarray
    stated: np.ndarray
    sgd: np.ndarray
    stated_accuracy: np.ndarray
    sgd_accuracy: np.ndarray

    @property
    def disagreement(self) -> Array:
        """How far SGD ends from what (16) states, relatively, (k,)."""
        return np.abs(self.sgd / self.stated - 1)


def generalise_whitened(
    dataset: str = "cifar10",
    *,
    sizes: tuple[int, ...] = (100, 300, 600, 1000, 1500, 2000, 2500, 2800, 3000),
    ridges: tuple[float, ...] = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0),
    tests: int = 10_000,
) -> WhitenedTests:
    """Test the class sums (53) behind ZCA of several kinds (Figure 6).

    With R the training images in rows and ``K = R R^T``, ZCA with ``eps`` added to
    the eigenvalues of the covariance ``R^T R / n`` turns the neurons of the class sums
    into ``x -> (x^T R^T (K + n eps I)^-1 y_k)_+``: ridge regression on the labels. At
    ``eps = 0`` they are the optimal network of Theorem 2.

    Parameters
    ----------
    dataset : {"cifar10", "cifar100"}
    sizes : tuple of int
        Multiples of the number of classes, increasing.
    ridges : tuple of float
        Positive.
    tests : int
        Test images, at least 2.

    Raises
    ------
    ValueError
        If a size does not fit.

    Notes
    -----
    Sections 5.2 and A.1.4; images normalised by channel, not de-meaned. O(n^2 d + d^3)
    for the largest n, O(n^3) a size and ridge.
    """
    train, test = (load_images(f"{dataset}_{name}") for name in SHEETS)
    whole = balanced(train, max(sizes))
    R, T = normalised(whole.images, test.images[:tests])
    images = _Images(R, T, R @ R.T, whole, test.labels[:tests])
    by_size = [images.exact(n) for n in sizes]
    by_ridge = [images.ridged(len(R) * eps) for eps in ridges]
    half = tests // 2
    return WhitenedTests(
        dataset=dataset,
        pixels=R.shape[1],
        classes=len(whole.classes),
        sizes=np.array(sizes),
        size_accuracy=np.array([share for share, _ in by_size]),
        size_length=np.array([length for _, length in by_size]),
        ridges=np.array(ridges),
        ridge_accuracy=np.array([share for share, _ in by_ridge]),
        ridge_fit=np.array([fit for _, fit in by_ridge]),
        shared=half,
        shared_accuracy=images.shared(half),
    )


def explain_both(
    dataset: str = "cifar10",
    *,
    ridges: tuple[float, ...] = (0.0, 1e-2, 1.0),
    beta: float = 1.0,
    neurons: int = 100,
    epochs: int = 400,
    rate: float = 1e-2,
    n: int = 3000,
    tests: int = 10_000,
    seed: int = 0,
) -> BothFigures:
    """Train and test behind ZCA with a ridge, by (16) and by SGD (Figures 2 and 6).

    With ``R = P S Q^T`` the images in rows, ZCA with ``eps`` added to the eigenvalues
    of ``R^T R / n`` makes them ``X = P S (S^2 + n eps)^(-1/2) Q^T``. Only ``X X^T``
    matters for training, so X is taken in the coordinates of Q.

    Parameters
    ----------
    dataset : {"cifar10", "cifar100"}
    ridges : tuple of float
        Not negative.
    beta, epochs, rate
        Of the paper.
    neurons : int
        Of SGD, in single precision from He's law; the paper's are ten times as many.
    n, tests : int
        Training images, so many of each class, and test images.
    seed : int
        Of the start.

    Raises
    ------
    ValueError
        If n does not fit.

    Notes
    -----
    Sections 5.2 and A.1.4; images normalised by channel, not de-meaned. O(n^2 d + n^3),
    and O(m n^2) an epoch where the ridge is not 0.
    """
    train, test = (load_images(f"{dataset}_{name}") for name in SHEETS)
    whole = balanced(train, n)
    R, T = normalised(whole.images, test.images[:tests])
    squares, P = linalg.eigh(R @ R.T, overwrite_a=True)  # S^2
    seen = (P.T @ R).astype(np.float32) @ T.astype(np.float32).T  # S Q^T x, (n, k)
    labels, rows = test.labels[:tests], []
    for ridge in n * np.asarray(ridges, dtype=float):
        whiten = np.sqrt(squares + ridge)
        X = P * (np.sqrt(squares) / whiten)
        tested = seen.T / (np.sqrt(squares) * whiten)
        problem = Problem(X, whole.one_hot, beta)
        grid, begin = Grid(neurons, beta, rate, 0), np.random.default_rng(seed)
        told = Settings(epochs, points=1, precision="float32")
        network = descend(problem, grid, told, rng=begin).networks[0]
        rows.append(_side_by_side(problem, network, tested, labels))
    return BothFigures(dataset, beta, neurons, np.array(ridges), **columns(rows))


def _side_by_side(
    problem: Problem, network: Network, tested: Array, labels: np.ndarray
) -> dict[str, float]:
    """Return what (16) states and what a network costs, and how both test."""
    V, stated = _stated(problem)
    answers = np.maximum(tested @ network.U.T, 0.0) @ network.V
    return {
        "stated": stated,
        "sgd": objective(problem, network),
        "stated_accuracy": share_correct(tested @ V, labels),
        "sgd_accuracy": share_correct(answers, labels),
    }


def _stated(problem: Problem) -> tuple[Array, float]:
    """Return the matrix V of (16), (d, c), and what it costs without ReLU."""
    left, sigma, right = np.linalg.svd(problem.X.T @ problem.Y, full_matrices=False)
    kept = np.maximum(sigma - problem.beta, 0.0)
    V = (left * kept) @ right
    misfit = problem.X @ V - problem.Y
    return V, float(0.5 * np.vdot(misfit, misfit) + problem.beta * kept.sum())


@dataclass(frozen=True, eq=False)
class _Images:
    """Normalised training and test images, (n, d) and (k, d), and ``K = R R^T``."""

    R: Array
    T: Array
    K: Array
    pack: ImagePack
    test_labels: np.ndarray

    def exact(self, n: int) -> tuple[float, float]:
        """Return the accuracy with n images and the length of test images."""
        rows = first_of_each(self.pack, n)
        R, Y = self.R[rows], self.pack.one_hot[rows]
        factor = linalg.cho_factor(self.K[np.ix_(rows, rows)])
        weights = R.T @ linalg.cho_solve(factor, Y)
        shares = linalg.cho_solve(factor, R @ self.T[:MEASURED].T)
        length = float(np.median(np.linalg.norm(shares, axis=0)))
        return _relu_accuracy(self.T @ weights, self.test_labels), length

    def ridged(self, ridge: float) -> tuple[float, float]:
        """Return the accuracy on test and training images with a ridge on K."""
        system = self.K + ridge * np.eye(len(self.K))
        weights = self.R.T @ linalg.solve(system, self.pack.one_hot, assume_a="pos")
        tested = _relu_accuracy(self.T @ weights, self.test_labels)
        return tested, _relu_accuracy(self.R @ weights, self.pack.labels)

    def shared(self, lent: int) -> float:
        """Return the accuracy if the first test images enter the covariance."""
        seen = np.vstack([self.R, self.T[:lent]])
        weights = _divided(seen, self.R.T @ self.pack.one_hot)
        return _relu_accuracy(self.T[lent:] @ weights, self.test_labels[lent:])


def _divided(rows: Array, sums: Array) -> Array:
    """Return ``(rows^T rows)^+ sums`` for sums in the span of independent rows."""
    n, d = rows.shape
    if n >= d:
        return linalg.solve(rows.T @ rows, sums, assume_a="pos")
    factor = linalg.cho_factor(rows @ rows.T)
    shares = linalg.cho_solve(factor, rows @ sums)
    return rows.T @ linalg.cho_solve(factor, shares)


def _relu_accuracy(hidden: Array, labels: np.ndarray) -> float:
    """Return the accuracy of one neuron a class."""
    return share_correct(np.maximum(hidden, 0.0), labels)
