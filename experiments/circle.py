"""A circle of directions to draw kappa on, whatever the number of inputs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lib.numerics import Array

IN_PLANE = 0.999
"""Cosine from which on a neuron counts as lying in the plane of a circle."""


@dataclass(frozen=True, eq=False)
class Circle:
    """Unit vectors of a plane in input space.

    Parameters
    ----------
    axes : (2, d) array
        Orthonormal; the first is at angle zero.
    angles : (k,) array
        Radians from 0 to 2 pi.
    """

    axes: Array
    angles: Array

    @property
    def directions(self) -> Array:
        """The unit vectors, (k, d)."""
        turns = np.column_stack([np.cos(self.angles), np.sin(self.angles)])
        return turns @ self.axes

    def bearings(self, U: Array) -> Array:
        """Return the angles in [0, 2 pi) of those rows of U that lie in the plane."""
        shares = U @ self.axes.T
        lengths = np.linalg.norm(U, axis=1)
        inside = np.linalg.norm(shares, axis=1) >= IN_PLANE * lengths
        x, y = shares[inside & (lengths > 0)].T
        return np.arctan2(y, x) % (2 * np.pi)


def circle_through(X: Array, direction: Array, points: int = 1441) -> Circle:
    """Return the circle through a direction and the widest of the data beside it.

    For data of rank two, a bias included, this is the circle of all directions. For
    a single input the second axis is zero: there are two directions only.

    Parameters
    ----------
    X : (n, d) array
    direction : (d,) array
        Unit vector, at angle zero.
    points : int
        Directions, both ends of the circle included.
    """
    rest = X - np.outer(X @ direction, direction)
    scale = np.linalg.norm(X)
    second = np.linalg.svd(rest, full_matrices=False)[2][0]
    second = second - (second @ direction) * direction
    length = np.linalg.norm(second)
    flat = length < 0.5 or np.linalg.norm(rest) <= 1e-12 * scale
    second = np.zeros_like(second) if flat else second / length
    return Circle(np.array([direction, second]), np.linspace(0, 2 * np.pi, points))
