"""Patches of images: the data matrix of a CNN with pooling, the paper's (6)."""

import numpy as np
from numpy.typing import ArrayLike

from lib.losses import SQUARED, Loss
from lib.numerics import Array
from lib.problem.problem import Problem


def patches(images: ArrayLike, size: int, stride: int = 1) -> Array:
    """Return every ``size`` by ``size`` patch of each image as a row.

    With ``K`` patches an image the problem of a CNN whose filters see a patch and
    whose activations are added up over the image is
    ``Problem(patches(images, size, stride), Y, beta, pooling=K)``.

    Parameters
    ----------
    images : (n, height, width) or (n, height, width, channels) array_like
    size : int
        Side of the square filters, in pixels.
    stride : int
        Pixels from one patch to the next, in both directions.

    Returns
    -------
    (n K, size size channels) array
        The K patches of the first image row by row, then those of the second;
        pixels in the order (row, column, channel).

    Raises
    ------
    ValueError
        If images are not a stack, or no patch fits.

    Notes
    -----
    The matrix M of section 5 of the appendix, sample after sample. O(output).

    Examples
    --------
    >>> patches(np.arange(9.0).reshape(1, 3, 3), 2).shape
    (4, 4)
    """
    images = np.asarray(images, dtype=np.float64)
    if images.ndim == 3:
        images = images[..., None]
    if images.ndim != 4:
        raise ValueError(
            "images must be (n, height, width) or (n, height, width, channels); got "
            f"shape {images.shape}. Stack single images along a first axis."
        )
    if not (1 <= size <= min(images.shape[1:3]) and stride >= 1):
        raise ValueError(
            f"A patch must fit the images and stride be >= 1; got size = {size!r}, "
            f"stride = {stride!r} and images of shape {images.shape}."
        )
    windows = np.lib.stride_tricks.sliding_window_view(images, (size, size), (1, 2))
    kept = windows[:, ::stride, ::stride].transpose(0, 1, 2, 4, 5, 3)
    return kept.reshape(-1, size * size * images.shape[3])


def pooled_problem(
    images: ArrayLike,
    Y: ArrayLike,
    beta: float,
    *,
    size: int,
    stride: int = 1,
    loss: Loss | str = SQUARED,
) -> Problem:
    """Return the training problem (6) of a CNN with pooling over the whole image.

    Parameters
    ----------
    images : (n, height, width) or (n, height, width, channels) array_like
    Y : (n, c) array_like
    beta : float
    size, stride : int
        Of the filters, as for :func:`patches`.
    loss : Loss or str
        As for :class:`Problem`.

    Returns
    -------
    Problem
        X holds the patches, ``pooling`` their number K an image. Every solver takes
        it; its convex program (50), (51) is that of the cells of the patches.

    Raises
    ------
    ValueError
        As :func:`patches` and :class:`Problem`, or if Y has not one row an image.

    Notes
    -----
    Equation (6) and Corollary 5.1.

    Examples
    --------
    >>> pooled_problem(np.ones((2, 3, 3)), np.ones((2, 1)), 0.1, size=2).pooling
    4
    """
    M, count = patches(images, size, stride), len(np.asarray(images))
    return Problem(M, Y, beta, loss=loss, pooling=len(M) // count)
