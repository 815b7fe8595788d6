"""copt's Frank-Wolfe with backtracking, on the ball of Algorithm 1, with our oracle."""

from __future__ import annotations

import contextlib
import io
import time
from typing import Any

import numpy as np
from copt import minimize_frank_wolfe

from lib.cone_pca import Oracle
from lib.numerics import Array


class Atoms:
    """The linear minimisation oracle of the ball of radius t, and what it answered."""

    def __init__(self, X: Array, c: int, radius: float) -> None:
        """Start without atoms."""
        self.X, self.c, self.radius = X, c, radius
        self.ask = Oracle(X)
        self.U: list[Array] = []
        self.G: list[Array] = []
        self.steps: list[float] = []

    def __call__(
        self, direction: Array, x: Array, active_set: object
    ) -> tuple[Array, None, None, float]:
        """Return the way to the atom that correlates best with ``direction``."""
        R = direction.reshape(-1, self.c)
        u = self.ask(R).direction
        h = np.maximum(self.X @ u, 0.0)
        g = R.T @ h
        g = g / max(float(np.linalg.norm(g)), np.finfo(float).tiny)
        self.U.append(u)
        self.G.append(g)
        return self.radius * np.outer(h, g).ravel() - x, None, None, 1.0

    def record(self, state: dict[str, Any]) -> None:
        """Keep a step once; copt calls once more at the end, and after a stop."""
        if state["certificate"] > 0 and len(self.steps) == state["it"]:
            self.steps.append(state["step_size"])

    def network(self) -> tuple[Array, Array]:
        """Return U and V of the iterate: a neuron for each atom of positive weight."""
        moved = np.array(self.steps)
        kept = np.append(np.cumprod((1 - moved)[::-1])[::-1][1:], 1.0)
        weights = self.radius * moved * kept
        alive = weights > 0
        count = len(moved)
        scale = np.sqrt(weights[alive])[:, None]
        U, G = np.array(self.U[:count])[alive], np.array(self.G[:count])[alive]
        return U * scale, G * scale


def run(data: dict[str, Any]) -> dict[str, Any]:
    """Minimise ``1/2 |F - Y|^2`` over the ball; return seconds, U and V."""
    X, Y, steps = data["X"], data["Y"], int(data["steps"])
    atoms = Atoms(X, Y.shape[1], float(data["radius"]))

    def loss(f: Array) -> tuple[float, Array]:
        difference = f - Y.ravel()
        return 0.5 * float(difference @ difference), difference

    start = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):  # it tells its Lipschitz estimate
        minimize_frank_wolfe(
            loss,
            np.zeros(Y.size),
            atoms,
            jac=True,
            max_iter=steps,
            tol=0.0,
            callback=atoms.record,
        )
    seconds = time.perf_counter() - start
    U, V = atoms.network()
    return {"seconds": seconds, "U": U, "V": V}
