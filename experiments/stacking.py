"""Stacked two-layer networks: each stage certified, and all trained at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from experiments.images import PIXEL, first_images
from lib.certificate import Solution
from lib.data import ImagePack, load_images, one_hot
from lib.frank_wolfe import solve
from lib.networks import accuracy, with_ones
from lib.numerics import Array
from lib.problem import Network, Problem
from lib.sgd import MOMENTUM
from lib.sgd.settings import kaiming_uniform
from lib.svd import linear_optimum

FLOOR_STEPS = 2000
"""Intervals on which the bound of the deep problem is evaluated."""

LEAST_SPREAD = 1e-9
"""Share of the largest below which a component of the outputs is rounding."""


@dataclass(frozen=True, eq=False)
class Split:
    """Images in a few principal components and a column of ones, with their labels.

    Parameters
    ----------
    X, fresh : (n, b + 1), (k, b + 1) arrays
        The components have variance one on the training images.
    Y, fresh_labels : (n, c), (k, c) arrays
        One-hot.
    """

    X: Array
    Y: Array
    fresh: Array
    fresh_labels: Array


def principal_images(classes: Sequence[int], *, each: int, components: int) -> Split:
    """Return the first images of some classes of CIFAR-10 and all their test images.

    Parameters
    ----------
    classes : sequence of int
        Numbers of the classes.
    each : int
        Training images of a class, at most 300.
    components : int
        Of the training pixels, by their variance.
    """
    train, test = load_images("cifar10_train_3000"), load_images("cifar10_test_10000")
    chosen = first_images(train.labels, classes, each)
    pixels, Y = _pick(train, chosen, classes)
    held_out, fresh_labels = _pick(test, np.isin(test.labels, classes), classes)
    mean, axes = pixels.mean(axis=0), _principal(pixels, components)
    X, fresh = (with_ones((A - mean) @ axes) for A in (pixels, held_out))
    return Split(X, Y, fresh, fresh_labels)


def _pick(
    pack: ImagePack, rows: np.ndarray, classes: Sequence[int]
) -> tuple[Array, Array]:
    """Return the pixels of some images between 0 and 1, and their one-hot labels."""
    pixels = pack.images[rows].reshape(-1, pack.images[0].size) / PIXEL
    labels = (pack.labels[rows][:, None] == np.asarray(classes)).argmax(axis=1)
    return pixels, one_hot(labels, len(classes))


def _principal(A: Array, count: int) -> Array:
    """Return the map to the first principal components, of variance one, (d, count)."""
    centred = A - A.mean(axis=0)
    _, sigma, axes = np.linalg.svd(centred, full_matrices=False)
    kept = np.flatnonzero(sigma[:count] > LEAST_SPREAD * max(sigma[0], 1.0))
    return axes[kept].T * (np.sqrt(len(A)) / sigma[kept])


@dataclass(frozen=True, eq=False)
class Stage:
    """A two-layer network on what the stage before hands on.

    Parameters
    ----------
    problem : Problem
        Its own training problem; the inputs are frozen.
    solution : Solution
        Solved and certified.
    bottleneck : (c, b) array
        Maps its outputs to what it hands on.
    """

    problem: Problem
    solution: Solution
    bottleneck: Array

    def hand_on(self, X: Array) -> Array:
        """Return the inputs of the next stage, (k, b + 1), for inputs of this one."""
        return with_ones(self.solution.network.predict(X) @ self.bottleneck)

    @property
    def repeated(self) -> float:
        """An upper bound of the next stage's optimum: doing again what this one did."""
        X, Y = self.hand_on(self.problem.X), self.problem.Y
        M = np.linalg.lstsq(X, self.problem.predict(self.solution.network))[0]
        cost = 2 * self.problem.beta * np.linalg.norm(M, "nuc")
        return float(0.5 * np.linalg.norm(X @ M - Y) ** 2 + cost)


def stack(problem: Problem, *, stages: int, width: int) -> tuple[Stage, ...]:
    """Train stage after stage, each to its certified optimum, and freeze it.

    Parameters
    ----------
    problem : Problem
        Of the first stage, with the squared loss.
    stages : int
    width : int
        Of the bottleneck: that many principal components of a stage's outputs, of
        variance one, are handed on beside a column of ones.

    Notes
    -----
    The conclusion of the paper. A solve each; the rank is at most ``width + 1``.
    """
    found = []
    for _ in range(stages):
        solution = solve(problem)
        outputs = problem.predict(solution.network)
        found.append(Stage(problem, solution, _principal(outputs, width)))
        problem = replace(problem, X=found[-1].hand_on(problem.X))
    return tuple(found)


def stage_accuracies(split: Split, stages: Sequence[Stage]) -> Array:
    """Return the accuracy of each stage on training and test images, (stages, 2)."""
    X, fresh, found = split.X, split.fresh, []
    for stage in stages:
        network = stage.solution.network
        pairs = (X, split.Y), (fresh, split.fresh_labels)
        found.append([accuracy(network, *pair) for pair in pairs])
        X, fresh = stage.hand_on(X), stage.hand_on(fresh)
    return np.array(found)


def soft_floor(Y: Array, threshold: float) -> float:
    """Return ``min_F 1/2 |F - Y|^2 + threshold |F|_*``, by the singular values of Y."""
    return linear_optimum(np.linalg.svd(Y, compute_uv=False), threshold)


def stage_floor(problem: Problem) -> float:
    """Return a lower bound of p* that holds for all inputs of the norm of X."""
    return soft_floor(problem.Y, problem.beta / np.linalg.norm(problem.X, 2))


def deep_floor(problem: Problem) -> float:
    """Return a lower bound of the deep objective with one bottleneck, of any widths.

    Weight decay w of the first two layers costs ``beta w`` and lets the inputs of the
    last two have the norm ``(s^2 w^2 + n)^(1/2)`` at most, s that of X. One term rises
    and the other falls with w, so an interval of w is bounded by its ends.
    """
    n, s = len(problem.Y), np.linalg.norm(problem.X, 2)
    most = 0.5 * float(np.vdot(problem.Y, problem.Y)) / problem.beta
    w = np.append(0.0, np.geomspace(1e-6 * most, most, FLOOR_STEPS))
    falls = [
        soft_floor(problem.Y, problem.beta / np.sqrt((s * v) ** 2 + n)) for v in w[1:]
    ]
    return float(min(np.min(problem.beta * w[:-1] + falls), problem.beta * most))


@dataclass(frozen=True, eq=False)
class Deep:
    """Linear, ReLU, linear bottleneck with a column of ones, linear, ReLU, linear.

    Parameters
    ----------
    first : Network
        Its outputs are the bottleneck.
    last : Network
        On the bottleneck and a column of ones.
    """

    first: Network
    last: Network

    def predict(self, X: Array) -> Array:
        """Return the outputs, (k, c)."""
        return self.last.predict(with_ones(self.first.predict(X)))

    def objective(self, problem: Problem) -> float:
        """Return the squared loss and the weight decay of all four layers."""
        loss = problem.loss.value(self.predict(problem.X), problem.Y)
        return loss + problem.beta * (self.first.weight_decay + self.last.weight_decay)

    @property
    def weights(self) -> list[Array]:
        """The four matrices, from the inputs on."""
        return [self.first.U, self.first.V, self.last.U, self.last.V]


def as_deep(stages: Sequence[Stage]) -> Deep:
    """Return the first two stages as one network, the layers balanced."""
    one, two = stages[0].solution.network, stages[1].solution.network
    first = Network(one.U, one.V @ stages[0].bottleneck)
    return Deep(first.balanced(), two.balanced())


def random_deep(problem: Problem, neurons: int, width: int, seed: int) -> Deep:
    """Draw a deep network with the weights of He et al. (2015)."""
    rng, (_, d, c) = np.random.default_rng(seed), problem.shape
    first = kaiming_uniform(neurons, d, width, rng)
    last = kaiming_uniform(neurons, width + 1, c, rng)
    return Deep(Network(*first), Network(*last))


@dataclass(frozen=True, eq=False)
class DeepDescent:
    """The best network of a descent of the deep objective, and its curve.

    Parameters
    ----------
    network : Deep
    epochs : (k,) int array
    objectives : (k,) array
        The least so far.
    """

    network: Deep
    epochs: np.ndarray
    objectives: Array


def train_deep(
    problem: Problem, start: Deep, *, epochs: int, rate: float
) -> DeepDescent:
    """Descend on all layers at once, full batch, with the paper's momentum.

    The rate is divided by ten in the last third. If the objective exceeds a thousand
    times that of the start, the descent goes back to the best network at half the rate.
    """
    best, least = start, start.objective(problem)
    limit, curve = 1e3 * least, [least]
    theta = [w.copy() for w in start.weights]
    speed = [np.zeros_like(w) for w in theta]
    for epoch in range(epochs):
        value, slopes = _deep_slopes(problem, theta)
        if value < least:
            best, least = Deep(Network(*theta[:2]), Network(*theta[2:])), value
        if not value < limit:
            theta, rate = [w.copy() for w in best.weights], rate / 2
            speed = [np.zeros_like(w) for w in theta]
            continue
        step = rate if epoch < 2 * epochs // 3 else rate / 10
        for w, v, slope in zip(theta, speed, slopes, strict=True):
            v *= MOMENTUM
            v -= step * slope
            w += v
        curve.append(least)
    return DeepDescent(best, np.arange(len(curve)), np.array(curve))


def _deep_slopes(problem: Problem, theta: Sequence[Array]) -> tuple[float, list[Array]]:
    """Return the deep objective and its gradient, by the chain rule."""
    U, B, W, V = theta
    H = np.maximum(problem.X @ U.T, 0.0)
    inner = with_ones(H @ B)
    G = np.maximum(inner @ W.T, 0.0)
    error = G @ V - problem.Y
    decay = sum(float(np.vdot(w, w)) for w in theta)
    value = 0.5 * float(np.vdot(error, error)) + 0.5 * problem.beta * decay
    back = (error @ V.T) * (G > 0)
    below = (back @ W)[:, :-1]
    slopes = ((below @ B.T) * (H > 0)).T @ problem.X, H.T @ below, back.T @ inner
    parts = zip((*slopes, G.T @ error), theta, strict=True)
    return value, [s + problem.beta * w for s, w in parts]
