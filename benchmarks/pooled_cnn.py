"""A pooled CNN on 50 images of MNIST: ``python -m benchmarks.pooled_cnn SECONDS``.

Filters of 3 x 3 pixels see 8 x 8 images, the mean over 3 x 3 blocks of the middle 24
x 24 pixels; softmax cross-entropy over ten classes. At rank 9 the arrangement has far
too many cells, so what is proved depends on the time given.
"""

from __future__ import annotations

import sys
from time import process_time

import numpy as np

from experiments import small_digits
from experiments.pooling import train_and_certify
from lib.certificate import Certificate, beta_max
from lib.cone_pca import Limits, Oracle
from lib.problem import Problem, pooled_problem

SEED, CLIMBS = 0, 500
"""Random directions to climb from, beside the patches."""


def pooled_cnn(count: int = 50, beta: float = 10.0) -> Problem:
    """Return the problem of ``count`` images, every ``100 / count``-th of the pack."""
    images, Y = small_digits(count, 8)
    return pooled_problem(images, Y, beta, size=3, loss="softmax")


def certified(problem: Problem, seconds: float) -> Certificate:
    """Train, certify, train on with what that found, and certify again."""
    rng = np.random.default_rng(SEED)
    starts = rng.standard_normal((CLIMBS, problem.X.shape[1]))
    return train_and_certify(problem, starts, seconds=seconds)[1]


def main(arguments: list[str]) -> None:
    """Report what is proved in the time given, 600 s if none is."""
    seconds = float(arguments[0]) if arguments else 600.0
    problem = pooled_cnn()
    started = process_time()
    proof = certified(problem, seconds)
    kappa, climbs = proof.kappa, Oracle(problem.X, limits=Limits(nodes=0))
    print(
        f"{proof}; kappa / beta between {kappa.value / problem.beta:.6f} and "
        f"{kappa.bound / problem.beta:.4f}; beta_max about "
        f"{beta_max(problem, bound=climbs).value:.4g}; "
        f"{process_time() - started:.0f} s of CPU"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
