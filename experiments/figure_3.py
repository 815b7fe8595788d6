"""Figure 3: four ways to train on the spiral, for weight decays over six decades."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from experiments.class_map import regions
from experiments.descents import descend_stably
from experiments.result import CertifiedResult, Comparison
from lib.arrangements import enumerate_cells
from lib.certificate import beta_max
from lib.copositive import cover_by_cells, solve_relaxation
from lib.data import spiral
from lib.frank_wolfe import Solution, algorithm_1, solve
from lib.numerics import Array
from lib.problem import Problem
from lib.sgd import Descent, Grid, Settings

METHODS = ("sgd", "algorithm_1", "copositive", "ours")


@dataclass(frozen=True, eq=False)
class SpiralLosses(CertifiedResult):
    """Objectives of four methods on the spiral.

    Parameters
    ----------
    X, Y : (n, 2), (n, 3) arrays
    betas : (k,) array
    sgd, algorithm_1, copositive, ours : (k,) arrays
        Objective (5) of each method's network; (19) for ``copositive``.
    copositive_bound, bound : (k,) arrays
        Lower bounds proved: of (19), and of p* by our certificate.
    rates, stops : (k,) arrays
        Of SGD: the first rate that did not diverge, halved from the printed one, and
        the epochs made.
    neurons : (k,) int array
        Of our network.
    cells : int
        P, hyperplane patterns.
    kappa : float
        From this beta on the zero network is optimal.
    shown_beta : float
        Whose decision regions are kept.
    axis : (g,) array
        Grid of both inputs.
    regions : (2, g, g) int array
        Class answered at (axis[j], axis[i]) by our network and by SGD's.
    """

    COLUMNS = ("betas", *METHODS, "copositive_bound", "bound", "stops", "neurons")
    ENDS = ("ours", "bound")

    X: np.ndarray
    Y: np.ndarray
    betas: np.ndarray
    sgd: np.ndarray
    algorithm_1: np.ndarray
    copositive: np.ndarray
    ours: np.ndarray
    copositive_bound: np.ndarray
    bound: np.ndarray
    rates: np.ndarray
    stops: np.ndarray
    neurons: np.ndarray
    cells: int
    kappa: float
    shown_beta: float
    axis: np.ndarray
    regions: np.ndarray

    def excess(self, method: str) -> Array:
        """Return how far a method ends above our objective, relatively, (k,)."""
        return getattr(self, method) / self.ours - 1

    def comparisons(self) -> tuple[Comparison, ...]:
        """Compare with section 5.3 and A.1.5."""
        largest = float(self.ours[np.argmax(self.betas)])
        return (
            Comparison("patterns P", 114, self.cells, 0.0),
            Comparison("loss at the largest beta", 30.0, largest, 1e-12),
        )


def classify_spiral(
    *,
    betas: tuple[float, ...] = tuple(np.logspace(-3, 3, 13)),
    points: int = 20,
    neurons: int = 1000,
    epochs: int = 8000,
    rates: tuple[float, float] = (1e-3, 2e-3),
    steps: int = 1000,
    shown: int = 4,
    seed: int = 0,
    checkpoint: Path | None = None,
) -> SpiralLosses:
    """Train on the spiral for each beta by four methods (Figure 3).

    SGD; Algorithm 1 with the radius that SGD ended at, as in A.1.5; (19) by an
    interior point method; and ours, with its certificate.

    Parameters
    ----------
    betas : tuple of float
    points : int
        A class; the paper's 60 samples are 20.
    neurons, epochs : int
        Of SGD.
    rates : pair of float
        First rate for beta < 1, and from 1 on.
    steps : int
        Of Algorithm 1.
    shown : int
        Which beta's decision regions to keep.
    seed : int
        Of the data; SGD starts from seed + 1.
    checkpoint : Path, optional
        Where SGD keeps its state.

    Notes
    -----
    Section 5.3 and A.1.5.
    """
    X, Y = spiral(points, np.random.default_rng(seed))
    weights = np.asarray(betas, dtype=float)
    first = np.where(weights < 1, rates[0], rates[1])
    problems = [Problem(X, Y, beta) for beta in weights]
    grid = Grid(neurons, weights, first, 0)
    settings = Settings(epochs, points=20, checkpoint=checkpoint)
    run, used = descend_stably(problems[0], grid, settings, seed + 1)
    solved = [solve(problem) for problem in problems]
    axis = np.linspace(-1.2, 1.2, 121)
    return SpiralLosses(
        X=X,
        Y=Y,
        betas=weights,
        algorithm_1=_by_algorithm_1(problems, run, steps),
        cells=len(enumerate_cells(X)),
        kappa=beta_max(problems[0]).value,
        shown_beta=float(weights[shown]),
        axis=axis,
        regions=regions((solved[shown].network, run.networks[shown]), axis),
        **_by_relaxation(problems),
        **_certified(solved),
        **{"sgd": run.final, "rates": used, "stops": run.stops},
    )


def _certified(solved: list[Solution]) -> dict[str, Array]:
    """Return the values that our solver proved, and its neurons."""
    return {
        "ours": np.array([s.certificate.primal for s in solved]),
        "bound": np.array([s.certificate.dual for s in solved]),
        "neurons": np.array([s.network.width for s in solved]),
    }


def _by_relaxation(problems: list[Problem]) -> dict[str, Array]:
    """Solve (19) for each beta; return its values and proved bounds."""
    cover = cover_by_cells(problems[0].X)
    relaxed = [solve_relaxation(problem, cover) for problem in problems]
    return {
        "copositive": np.array([r.value for r in relaxed]),
        "copositive_bound": np.array([r.dual for r in relaxed]),
    }


def _by_algorithm_1(problems: list[Problem], run: Descent, steps: int) -> Array:
    """Run Algorithm 1 with the radius of SGD's networks, (k,)."""
    found = []
    for problem, network in zip(problems, run.networks, strict=True):
        radius = network.weight_decay
        if radius < np.finfo(float).tiny ** 0.5:  # nothing to search
            found.append(0.5 * float(np.vdot(problem.Y, problem.Y)))
            continue
        iterates = algorithm_1(problem, radius, steps=steps, records=2)
        found.append(float(iterates.primal[-1]))
    return np.array(found)
