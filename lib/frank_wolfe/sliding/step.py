"""The sliding step: move neurons until the gradient is zero.

With its activation pattern held, a neuron is linear in the data and (5) is a
smooth problem in both layers. Newton's method then places the neurons far more
precisely than ever more atoms could.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotrs

from lib.frank_wolfe.sliding.walls import Walls, nearest_walls, origin
from lib.master.faces import Faces, Point, on_faces
from lib.master.fit import Held, hold
from lib.numerics import Array
from lib.problem import Network, Problem, objective

NEWTON_STEPS = 300
"""Steps between two changes of pattern: convergence is quadratic near a solution."""

LEAST_DAMPING = 1e-14
"""In units of the largest curvature: a few roundings of the Hessian."""

MOST_DAMPING = 1e3
"""From here on steps are too short to move anything."""

MODULUS_SIZE = 150
"""Most unknowns for which eigenvectors are computed where H is indefinite."""

DEAD = 1e-13
"""Share of the weight decay below which a neuron is dropped: a few roundings."""

VANISHED = 1e-26
"""Share of the first weight decay below which even the last neuron is zero."""

VANISHING = 1e-12
"""Share of its length before at which a neuron has become rounding."""

VISIBLE = 1e-13
"""Relative decrease of the objective that is more than its rounding."""


CROSSING_STEPS = 20
"""Most Newton steps across walls; where data are dense the objective is smooth."""

CROSSING_GAIN = 1e-9
"""Relative decrease of the objective below which crossing walls is left to rounds."""


def slide(
    problem: Problem,
    network: Network,
    *,
    rotate: bool = True,
    steps: float = np.inf,
    stop: Callable[[], bool] = lambda: False,
) -> Network:
    """Lower the objective (5) of a network, each neuron within its closed cell.

    Newton's method on both layers at once. A neuron that runs into a wall is
    pinned to it and goes on along the wall; it never leaves it again, which is
    the business of the next Frank-Wolfe round.

    Parameters
    ----------
    problem : Problem
        Any rank, loss and pooling.
    network : Network
        Neurons with a zero side are dropped.
    rotate : bool
        If false, neurons keep their directions: the group lasso of the master
        problem, solved to rounding.
    steps : float
        Most Newton steps in all, for networks so large that each one counts.
    stop : callable
        Asked after each step whether to leave it at that.

    Returns
    -------
    Network
        Balanced and of no larger objective, up to rounding; stationary within
        the cells and walls if Newton converged.

    Notes
    -----
    Each Newton step is O((m (r + c))^3) besides the curvature of the loss.
    """
    network = _without_dead(network)
    least = VANISHED * network.path_norm
    data = hold(problem, network.U)
    walls = nearest_walls(problem, network.U) if rotate else origin(network.U)
    for _ in range(1 + problem.X.shape[1] * network.width):
        if network.width == 0:
            break
        faces, a = _faces(data, walls, network.U, rotate)
        here = faces.smooth(a, network.V)
        point, stopped, taken = _newton(faces, walls, here, steps, stop)
        steps -= taken
        moved = Network(faces.inputs(point.a), point.V)
        before = faces.inputs(a)
        alive = _alive(moved, least) & _ahead(moved.U, before, rotate)
        network = Network(moved.U[alive], moved.V[alive]).balanced()
        if not stopped or steps <= 0 or stop():
            break
        data, walls = data.of(alive), walls.of(alive)
        if rotate:
            walls = walls.touched(moved.U[alive], before[alive])
        if walls.exhausted(moved.U[alive]):
            walls = nearest_walls(problem, moved.U[alive])
    return network


def _alive(network: Network, least: float = 0.0) -> np.ndarray:
    """Tell which neurons add more than rounding and ``least``, (m,) bool."""
    return network.sizes > max(DEAD * network.path_norm, least)


def _ahead(U: Array, before: Array, rotate: bool) -> np.ndarray:
    """Tell which neurons have not run into the origin, (m,) bool.

    What rounding leaves of those may point anywhere.
    """
    sizes = np.linalg.norm(before, axis=1)
    here = np.linalg.norm(U, axis=1) > VANISHING * sizes
    return here & (rotate | ((U * before).sum(axis=1) > 0))


def _without_dead(network: Network) -> Network:
    """Balance the neurons and drop those that add nothing beyond rounding."""
    alive = _alive(network)
    return Network(network.U[alive], network.V[alive]).balanced()


def _faces(data: Held, walls: Walls, U: Array, rotate: bool) -> tuple[Faces, Array]:
    """Find the face of each neuron and its coordinates there."""
    bases = []
    for k, u in enumerate(U):
        ray = u[None, :] / np.linalg.norm(u)
        bases.append(walls.face(k, ray) if rotate else ray)
    return on_faces(data, bases, U)


def _newton(
    faces: Faces, walls: Walls, here: Point, steps: float, stop: Callable[[], bool]
) -> tuple[Point, bool, int]:
    """Run damped Newton until it converges or a neuron is stopped by a wall.

    Returns the point, whether a neuron was stopped, and the steps taken.
    """
    damping, most = LEAST_DAMPING, int(min(NEWTON_STEPS, steps))
    for taken in range(most):
        model = _Model(faces.hessian(here), here.gradient)
        while True:
            step = model.step(damping)
            there, stopped = _tried(faces, walls, here, step)
            if there is not None:
                break
            if step is not None and _is_rounding(here, step):
                return here, False, taken
            damping *= 10.0
            if damping > MOST_DAMPING:
                return here, False, taken
        here, damping = there, max(damping / 100.0, LEAST_DAMPING)
        if stopped or stop():
            return here, stopped, taken + 1
    return here, False, most


class _Model:
    """The quadratic model of the objective at a point, for any damping."""

    def __init__(self, hessian: Array, gradient: Array):
        """Keep the Hessian, and its largest curvature as the unit of damping."""
        self.hessian, self.gradient = hessian, gradient
        self.unit = float(np.abs(np.diag(hessian)).max())

    def step(self, damping: float) -> Array | None:
        """Return ``-(H + damping unit)^-1 g``, a descent direction.

        Where H is not positive definite a small one is replaced by its modulus,
        which follows curved valleys; of a large one more damping is asked, by None.
        """
        shifted = self.hessian.copy()
        shifted[np.diag_indices_from(shifted)] += damping * self.unit
        # The transpose is the same matrix, in LAPACK's order.
        factor, failed = dpotrf(shifted.T, lower=1, overwrite_a=1, clean=0)
        if not failed:
            return -dpotrs(factor, self.gradient, lower=1)[0]
        if len(self.gradient) > MODULUS_SIZE:
            return None
        curvature, modes, slopes = self._modes
        return -modes @ (slopes / (np.abs(curvature) + damping * self.unit))

    @cached_property
    def _modes(self) -> tuple[Array, Array, Array]:
        """Eigenvalues and eigenvectors of H, and the gradient in their basis."""
        curvature, modes = np.linalg.eigh(self.hessian)
        return curvature, modes, modes.T @ self.gradient


def _tried(
    faces: Faces, walls: Walls, here: Point, step: Array | None
) -> tuple[Point | None, bool]:
    """Take a step, each neuron at most to its wall; None if it does not improve.

    If stopping each neuron at its own wall does not improve, all stop where the
    first one does, which is a shorter step in the same direction.
    """
    if step is None:
        return None, False
    N = len(here.a)
    room = walls.room(faces.inputs(here.a), faces.inputs(step[:N]))
    shares = np.minimum(room, 1.0)
    stopped = bool((room <= 1.0).any())
    for share in (shares, np.full_like(shares, shares.min())):
        taken = step.copy()
        taken[:N] *= share[faces.owner]
        if not stopped or share is not shares:
            taken[N:] *= share.min()
        there = faces.smooth(*_moved(here, taken))
        if _improves(here, there, taken) or (stopped and there.value < here.value):
            return there, stopped
        if not stopped:
            break
    return None, False


def _moved(here: Point, step: Array) -> tuple[Array, Array]:
    """Return the coordinates and output weights after a step."""
    N = len(here.a)
    return here.a + step[:N], here.V + step[N:].reshape(here.V.shape)


def _improves(here: Point, there: Point, step: Array) -> bool:
    """Tell whether a step lowers the objective, or at rounding level the slope."""
    if not _is_rounding(here, step):
        return here.value - there.value >= -1e-4 * float(here.gradient @ step)
    return bool(np.linalg.norm(there.gradient) < 0.9 * np.linalg.norm(here.gradient))


def _is_rounding(here: Point, step: Array) -> bool:
    """Tell whether the decrease that a step promises drowns in rounding."""
    return -float(here.gradient @ step) <= VISIBLE * abs(here.value)


def cross(problem: Problem, network: Network) -> Network:
    """Lower the objective (5) of a network by Newton steps that may cross walls.

    Curvature and slope are those of the present patterns, the decrease is that of
    the true objective. With many samples the cells are tiny, and the objective is
    nearly smooth across them: this goes in a few steps where :func:`slide` would go
    a cell at a time.

    Parameters
    ----------
    problem : Problem
    network : Network

    Returns
    -------
    Network
        Balanced and of no larger objective.

    Notes
    -----
    A step is O(n m (d + c)) and O((m (d + c))^3).
    """
    network, damping = _without_dead(network), LEAST_DAMPING
    value, gain = objective(problem, network), np.inf
    for _ in range(CROSSING_STEPS if network.width else 0):
        faces, here = _free(problem, network)
        trial, damping = _crossed(problem, faces, here, damping)
        if trial is None:
            break
        lower = objective(problem, trial)
        network, gain, value = trial, value - lower, lower
        if gain <= CROSSING_GAIN * value:
            break
    return _without_dead(network)


def _free(problem: Problem, network: Network) -> tuple[Faces, Point]:
    """Describe neurons that may move anywhere, with their present patterns."""
    U, free = network.U, [np.eye(network.U.shape[1])] * network.width
    faces, a = on_faces(hold(problem, U), free, U)
    return faces, faces.smooth(a, network.V)


def _crossed(
    problem: Problem, faces: Faces, here: Point, damping: float
) -> tuple[Network | None, float]:
    """Find a damping whose step lowers the true objective; None if there is none."""
    model = _Model(faces.hessian(here), here.gradient)
    while damping <= MOST_DAMPING:
        step = model.step(damping)
        if step is not None:
            a, V = _moved(here, step)
            trial = Network(faces.inputs(a), V)
            promise = -float(here.gradient @ step)
            if objective(problem, trial) <= here.value - 1e-4 * promise:
                return trial, max(damping / 100.0, LEAST_DAMPING)
        damping *= 10.0
    return None, damping
