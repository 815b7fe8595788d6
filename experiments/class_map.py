"""What classes networks answer on a map of the plane."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lib.networks import accuracy
from lib.numerics import Array
from lib.problem import Network


@dataclass(frozen=True, eq=False)
class ClassMap:
    """The classes that some networks answer in the plane.

    Parameters
    ----------
    X : (n, d) array
        The samples; a third column is the bias.
    Y : (n, c) array
        Their one-hot labels.
    axis : (g,) array
        Grid of both inputs.
    regions : (k, g, g) int array
        Class answered at (axis[j], axis[i]) by each network.
    correct : (k,) array
        Share of the samples that each network gets right.
    """

    X: Array
    Y: Array
    axis: Array
    regions: np.ndarray
    correct: Array


def map_classes(
    networks: Sequence[Network], X: Array, Y: Array, axis: Array
) -> ClassMap:
    """Return what networks answer on a square grid and on the samples.

    Parameters
    ----------
    networks : sequence of Network
        On two inputs, or three of which the last is one.
    X, Y : (n, d), (n, c) arrays
    axis : (g,) array

    Returns
    -------
    ClassMap

    Raises
    ------
    ValueError
        If X has neither two columns nor two and a column of ones.

    Notes
    -----
    Figure 3a for any loss. O(g^2 m) a network.
    """
    d = X.shape[1]
    if not (d == 2 or (d == 3 and (X[:, 2] == 1).all())):
        raise ValueError(
            "map_classes needs X with 2 columns, or 2 and a third of ones; got "
            f"{X.shape}. A map shows two inputs."
        )
    correct = np.array([accuracy(network, X, Y) for network in networks])
    return ClassMap(X, Y, axis, regions(networks, axis, d), correct)


def regions(networks: Sequence[Network], axis: Array, d: int = 2) -> np.ndarray:
    """Return the class that each network answers on a square grid, (k, g, g).

    Parameters
    ----------
    networks : sequence of Network
        On two inputs, or on three (``d = 3``), the last of which is one.
    axis : (g,) array
        The grid's coordinates, in both directions.
    """
    across, up = np.meshgrid(axis, axis)
    points = np.column_stack([across.ravel(), up.ravel(), np.ones(across.size)])[:, :d]
    classes = [network.predict(points).argmax(axis=1) for network in networks]
    return np.array(classes).reshape(-1, *across.shape)
