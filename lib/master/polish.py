"""Newton's last steps on a network whose neurons are in the right cells."""

from __future__ import annotations

import numpy as np
from scipy.linalg import LinAlgError

from lib.master.faces import Faces, Point, on_faces, span_of
from lib.master.fit import hold
from lib.numerics import Array, unit_rows
from lib.problem import Network, Problem

ON_WALL = (1e-7, 1e-5, 1e-3)
"""Sines to a wall below which a neuron is taken to lie on it, one to try after the
other: so far away an interior point method leaves most, nearly all, and small ones."""

DEAD = 1e-10
"""Share of the path norm below which a neuron is dropped; Newton's steps make up."""

SAME_RAY = 1e-12
"""Cosine from one up to which neurons on rays are one neuron."""

MOST_STEPS = 40
"""A few are usual, more where neurons of a cell are nearly redundant."""

MOST_UNKNOWNS = 2500
"""Weights of both layers for which a step, an eigenvalue problem of this size, is
tried: some seconds."""

SHRINKS = 0.9
"""Factor by which a step has to lower the slope."""


def polish(problem: Problem, network: Network, on_wall: float) -> Network:
    """Take the slope of (5) to rounding, each neuron in the span of its face.

    Near an optimum the objective is quadratic in the distance and a proof linear: half
    of the digits of the network can be wrong in a value that is right to all its own.
    Steps are those of Levenberg and Marquardt with the slope as damping, so that they
    converge quadratically though neurons that share a cell can be exchanged.

    Parameters
    ----------
    problem : Problem
        Of any loss and pooling, in units in which its data are near one.
    network : Network
        Near an optimum.
    on_wall : float
        Neurons within this sine of a wall stay on it.

    Returns
    -------
    Network
        Its slope is no larger, its objective not checked: a neuron that has crossed a
        wall may have raised it. The network itself where it has no neuron, more than
        ``MOST_UNKNOWNS`` weights, or rounding breaks the first step.

    Notes
    -----
    O(n m (r + c) + m^3 (r + c)^3) a step.
    """
    alive = network.sizes > DEAD * network.path_norm
    r, c = network.U.shape[1], network.V.shape[1]
    if not alive.any() or alive.sum() * (r + c) > MOST_UNKNOWNS:
        return network
    network = Network(network.U[alive], network.V[alive]).balanced()
    network, bases = _joined(problem, network, on_wall)
    faces, a = on_faces(hold(problem, network.U), bases, network.U)
    here = faces.smooth(a, network.V)
    for _ in range(MOST_STEPS):
        there = _step(faces, here)
        if there is None:
            break
        here = there
    return Network(faces.inputs(here.a), here.V).balanced()


def _joined(
    problem: Problem, network: Network, on_wall: float
) -> tuple[Network, list[Array]]:
    """Return the network and a basis of the span of each face, (k, r).

    Neurons on one ray are joined: that costs no more, by the triangle inequality.
    """
    normals = unit_rows(problem.X, zeros=False)
    bases: list[Array] = []
    U, V = list(network.U), list(network.V)
    kept: list[int] = []
    for k, u in enumerate(unit_rows(network.U)):
        basis = span_of(normals[np.abs(normals @ u) <= on_wall], u[None, :])
        twin = next((j for j in kept if _one_ray(bases[j], basis, U[j], u)), None)
        bases.append(basis)
        if twin is None:
            kept.append(k)
        else:
            V[twin] = V[twin] + V[k] * (np.linalg.norm(U[k]) / np.linalg.norm(U[twin]))
    joined = Network(np.array([U[k] for k in kept]), np.array([V[k] for k in kept]))
    return joined.balanced(), [bases[k] for k in kept]


def _one_ray(basis: Array, other: Array, U: Array, u: Array) -> bool:
    """Tell whether two faces are the same ray."""
    if len(basis) != 1 or len(other) != 1 or U @ u <= 0:
        return False
    return abs(float(basis[0] @ other[0])) >= 1 - SAME_RAY


def _step(faces: Faces, here: Point) -> Point | None:
    """Return a point with a smaller slope; None where rounding leaves none."""
    try:
        curvature, modes = np.linalg.eigh(faces.hessian(here))
    except LinAlgError:
        return None
    slope = float(np.linalg.norm(here.gradient))
    along, N = modes.T @ here.gradient, len(here.a)
    damping = slope
    while 0.0 < damping <= curvature[-1]:
        step = -modes @ (along / (np.abs(curvature) + damping))
        V = here.V + step[N:].reshape(here.V.shape)
        there = faces.smooth(here.a + step[:N], V)
        if np.linalg.norm(there.gradient) <= SHRINKS * slope:
            return there
        damping *= 10.0
    return None
