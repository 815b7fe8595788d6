"""Whitened photographs, by a QR factorisation in place of an SVD."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import linalg

from lib.data import ImagePack, load_images
from lib.numerics import EPS, Array

DEVIATION = 1e-11
"""Of X X^T from what it should be: 3000 orthonormal rows of a QR factorisation have
1e-13 or so."""

PIXEL = 255.0
"""The largest value of a pixel."""

SHEETS = ("train_3000", "test_10000")
"""The packs of each data set."""


@dataclass(frozen=True, eq=False)
class WhiteImages:
    """Training images whitened, test images sent through the same map.

    Parameters
    ----------
    X : (n, d) array
        ``X X^T = I``, or ``I - 1 1^T / n`` for de-meaned images.
    Y : (n, c) array
        One-hot labels.
    labels, test_labels : int arrays
    inverse : (d, n) array
        Sends the preactivations of a neuron on the training images to its weights
        on test images before whitening.
    test : (k, d) float32 array
        Test images, normalised and less the mean, but not whitened.
    demean : bool
    """

    X: Array
    Y: Array
    labels: np.ndarray
    test_labels: np.ndarray
    inverse: Array
    test: Array
    demean: bool

    def test_hidden(self, W: Array) -> Array:
        """Return the preactivations on the test images, (k, m), single precision.

        ``W``, (m, n), are those on the training images. O(m n d + k m d).
        """
        weights = (self.inverse @ W.T).astype(np.float32)  # (d, m)
        return self.test @ weights

    def test_shares(self) -> Array:
        """Return what each training image contributes to each test image, (k, n).

        The test images are projected onto the span of the training images; once
        whitened, they are as long as these rows. Single precision, O(k n d).
        """
        return self.test @ self.inverse.astype(np.float32)

    def test_outputs(self, W: Array, V: Array) -> Array:
        """Return what a ReLU network answers on the test images, (k, c)."""
        hidden = self.test_hidden(W)
        return np.maximum(hidden, 0.0, out=hidden) @ V.astype(np.float32)

    def test_accuracy(self, W: Array, V: Array) -> float:
        """Return the share of test images whose largest output is their class."""
        return share_correct(self.test_outputs(W, V), self.test_labels)


def linear_side(Y: Array, *, demean: bool) -> tuple[Array, float]:
    """Return the singular values of ``X^T Y`` for white X, and what X cannot reach.

    The second is half the squared part of Y along ones, 0 unless X is de-meaned: no
    linear network fits it.
    """
    centred = Y - Y.mean(axis=0) if demean else Y
    rest = 0.5 * float(np.vdot(Y, Y) - np.vdot(centred, centred))
    return np.linalg.svd(centred, compute_uv=False), rest


def share_correct(outputs: Array, labels: np.ndarray) -> float:
    """Return the share of rows whose largest entry is at their label."""
    return float((outputs.argmax(axis=1) == labels).mean())


def white_images(
    dataset: str, *, demean: bool, n: int | None = None, tests: int | None = None
) -> WhiteImages:
    """Load a CIFAR subset, normalise each channel, and whiten it.

    The problem depends on whitened X through ``X X^T`` only: with ``w = X u`` a hidden
    layer is ``(w)_+`` and ``|u| = |w|``. So any X with the same ``X X^T`` gives the
    same networks, turned, and the Q of a QR factorisation does for the ZCA of the
    paper, which needs an SVD that takes ten times as long. On test images ZCA itself is
    used: there a neuron sees ``(x - mean) X_c^+ w``, X_c the centred images.

    Parameters
    ----------
    dataset : {"cifar10", "cifar100"}
    demean : bool
        Whether to subtract the mean of each feature, as the paper does.
    n : int, optional
        Training images, so many of each class; all 3000 by default.
    tests : int, optional
        Test images, the first of the official order; all by default.

    Raises
    ------
    ValueError
        If there is no such data set, the images are damaged, n is no multiple of the
        number of classes, or the images are linearly dependent.

    Notes
    -----
    Sections 5.2 and A.1.2. Per-channel mean and deviation are those of the training
    images at hand. O(n^2 d).
    """
    train, test = (load_images(f"{dataset}_{name}") for name in SHEETS)
    train = balanced(train, n)
    X, held_out = normalised(train.images, test.images[:tests])
    mean = X.mean(axis=0) if demean else np.zeros(X.shape[1])
    rows = _reflected(X - mean)[1:] if demean else X
    Q, R = linalg.qr(rows.T, mode="economic", overwrite_a=True, check_finite=False)
    if np.abs(np.diag(R)).min() <= max(X.shape) * EPS * np.abs(R[0, 0]):
        raise ValueError(
            f"The images must be linearly independent; got {len(X)} of them with "
            f"{X.shape[1]} pixels. Take fewer with n."
        )
    inverse = linalg.solve_triangular(R, Q.T, check_finite=False).T
    white = Q.T
    if demean:
        white, inverse = _restored(Q.T), _restored(inverse.T).T
    return WhiteImages(
        np.ascontiguousarray(white),
        train.one_hot,
        train.labels,
        test.labels[:tests],
        inverse,
        (held_out - mean).astype(np.float32),
        demean,
    )


def balanced(pack: ImagePack, n: int | None) -> ImagePack:
    """Return the first images of each class, n in all."""
    if n is None:
        return pack
    rows = first_of_each(pack, n)
    return ImagePack(pack.images[rows], pack.labels[rows], pack.classes, pack.source)


def first_of_each(pack: ImagePack, n: int) -> np.ndarray:
    """Return the places of the first images of each class, n in all."""
    classes = len(pack.classes)
    if n % classes or not classes <= n <= len(pack.labels):
        raise ValueError(
            f"n must be a multiple of the {classes} classes up to {len(pack.labels)}; "
            f"got {n!r}."
        )
    return first_images(pack.labels, range(classes), n // classes)


def first_images(labels: np.ndarray, classes: Iterable[int], each: int) -> np.ndarray:
    """Return the places of the first images of some classes, class by class."""
    return np.concatenate([np.flatnonzero(labels == k)[:each] for k in classes])


def normalised(train: np.ndarray, test: np.ndarray) -> tuple[Array, Array]:
    """Flatten both sets with each channel's training mean 0 and deviation 1."""
    pixels = train.reshape(-1, train.shape[3]).astype(np.float64)
    mean, scale = pixels.mean(axis=0), pixels.std(axis=0)
    return tuple(((s - mean) / scale).reshape(len(s), -1) for s in (train, test))


def _mirror(n: int) -> Array:
    """Return the v whose reflection ``I - v v^T`` exchanges ``1 / sqrt n`` and e_1."""
    v = np.full(n, 1 / np.sqrt(n))
    v[0] -= 1.0
    return v * np.sqrt(2.0) / np.linalg.norm(v)


def _reflected(X: Array) -> Array:
    """Turn rows so that the direction of ones becomes the first one, O(n d)."""
    v = _mirror(len(X))
    return X - np.outer(v, v @ X)


def _restored(rows: Array) -> Array:
    """Return the rows orthogonal to ones of which :func:`_reflected` gives these."""
    return _reflected(np.vstack([np.zeros((1, rows.shape[1])), rows]))
