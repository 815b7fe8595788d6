"""Certified training against the number of samples, in the plane."""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import dataclass, replace

import numpy as np

from experiments.result import CertifiedResult, columns
from lib.certificate import beta_max
from lib.data import gaussian_teacher
from lib.frank_wolfe import solve
from lib.problem import Network, Problem, objective


@dataclass(frozen=True, eq=False)
class Growth(CertifiedResult):
    """One certified solve for each number of samples, all of one teacher.

    Parameters
    ----------
    n : (k,) int array
    betas : (k,) array
        ``share`` of kappa(Y).
    kappa_seconds : (k,) array
        Processor time of one sweep: kappa(Y), its proof included.
    seconds, wall_seconds : (k,) arrays
        Processor and wall time of the solve, its certificate included.
    primal, dual : (k,) arrays
        Values of (5), not divided by n.
    neurons, rounds : (k,) int arrays
    train_error, test_error : (k,) arrays
        Mean squared error of an output, on the noisy samples and on held-out ones.
    memory : (k,) array
        Most memory that the process has held until then, GB.
    noise : float
        Variance of the noise of an output: the least test error there is.
    """

    n: np.ndarray
    betas: np.ndarray
    kappa_seconds: np.ndarray
    seconds: np.ndarray
    wall_seconds: np.ndarray
    primal: np.ndarray
    dual: np.ndarray
    neurons: np.ndarray
    rounds: np.ndarray
    train_error: np.ndarray
    test_error: np.ndarray
    memory: np.ndarray
    noise: float


def measure_growth(
    *,
    sizes: tuple[int, ...] = (1_000, 10_000, 100_000, 1_000_000),
    outputs: int = 5,
    noise: float = 0.1,
    share: float = 0.01,
    tolerance: float = 1e-4,
    held_out: int = 100_000,
    seed: int = 0,
) -> Growth:
    """Solve a planar problem with more and more samples, and time it.

    Inputs are standard normal; targets are the outputs of a ReLU network with 100
    neurons (:func:`lib.data.gaussian_teacher`) plus normal noise. A smaller problem
    is the beginning of the larger one.

    Parameters
    ----------
    sizes : tuple of int
        Increasing numbers of samples.
    outputs : int
        c.
    noise : float
        Standard deviation of the noise of an output.
    share : float
        Weight decay as a share of kappa(Y), the beta from which on zero is optimal.
    tolerance : float
        Relative certified gap to reach.
    held_out : int
        Samples for the test error.
    seed : int

    Notes
    -----
    Beta grows in proportion to n, as kappa(Y) does: the loss is a sum.
    """
    rng, most = np.random.default_rng(seed), max(sizes)
    X, Y = gaussian_teacher(most + held_out, 2, outputs, 100, rng, init="torch")
    Y += noise * rng.standard_normal(Y.shape)
    test = Problem(X[most:], Y[most:], 1.0)
    # Kernels are compiled at their first use, which is not to be measured.
    solve(Problem(X[:50], Y[:50], 1.0), tolerance=1e-2)
    rows = [
        _solve_row(Problem(X[:n], Y[:n], 1.0), test, share, tolerance) for n in sizes
    ]
    return Growth(**columns(rows), noise=noise**2)


def _solve_row(
    problem: Problem, test: Problem, share: float, tolerance: float
) -> dict[str, float]:
    """Return the row of one problem."""
    start = time.process_time()
    beta = share * beta_max(problem).value
    swept = time.process_time()
    problem, wall = replace(problem, beta=beta), time.perf_counter()
    solution = solve(problem, tolerance=tolerance)
    return {
        "n": len(problem.X),
        "betas": beta,
        "kappa_seconds": swept - start,
        "seconds": time.process_time() - swept,
        "wall_seconds": time.perf_counter() - wall,
        "primal": solution.certificate.primal,
        "dual": solution.certificate.dual,
        "neurons": solution.network.width,
        "rounds": len(solution.history) - 1,
        "train_error": _error(problem, solution.network),
        "test_error": _error(test, solution.network),
        "memory": _peak(),
    }


def _error(problem: Problem, network: Network) -> float:
    """Return the mean squared error of an output."""
    loss = objective(problem, network) - problem.beta * network.weight_decay
    return 2 * loss / problem.Y.size


def _peak() -> float:
    """Return the most memory that this process has held, GB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9
