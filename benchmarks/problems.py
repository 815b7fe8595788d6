"""The problems of the comparison, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lib.data import gaussian_teacher, spiral
from lib.numerics import Array
from lib.problem import Problem

SEED = 0
"""Of the data; the chapters use the same."""

TEACHER = 100
"""Neurons of the teacher of section 5.1."""


@dataclass(frozen=True)
class Instance:
    """A problem with a name.

    Attributes
    ----------
    key, label : str
        Its name in the results and in tables.
    make : callable
        Draws the problem; the same one each time.
    quick : bool
        Whether it is part of the short run.
    most_steps : int
        Most steps of Algorithm 1 and of copt, where one step is dear.
    """

    key: str
    label: str
    make: Callable[[], Problem]
    quick: bool = False
    most_steps: int = 30_000


def teacher(n: int, d: int, c: int, beta: float, init: str) -> Problem:
    """Draw data of section 5.1: Gaussian inputs, labels of a random network."""
    rng = np.random.default_rng(SEED)
    return Problem(*gaussian_teacher(n, d, c, TEACHER, rng, init=init), beta)


def first_output(problem: Problem) -> Problem:
    """Keep the first output alone, which makes the problem scalar."""
    return Problem(problem.X, problem.Y[:, :1], problem.beta)


def spiral_problem(beta: float) -> Problem:
    """Draw the spiral of section 5.3, 60 points of three classes."""
    return Problem(*spiral(20, np.random.default_rng(SEED)), beta)


def random_problem(n: int, d: int, c: int, beta: float) -> Problem:
    """Draw Gaussian inputs and independent Gaussian targets."""
    rng = np.random.default_rng(SEED)
    X: Array = rng.standard_normal((n, d))
    return Problem(X, rng.standard_normal((n, c)), beta)


INSTANCES = (
    Instance(
        "teacher-torch",
        "5.1, torch teacher",
        lambda: teacher(25, 2, 5, 1e-2, "torch"),
        quick=True,
    ),
    Instance(
        "teacher-normal",
        "5.1, normal teacher",
        lambda: teacher(25, 2, 5, 1e-2, "normal"),
    ),
    Instance(
        "teacher-scalar",
        "5.1, first output",
        lambda: first_output(teacher(25, 2, 5, 1e-2, "torch")),
        quick=True,
    ),
    *(
        Instance(
            f"spiral-{beta:g}",
            f"spiral, β = {beta:g}",
            lambda beta=beta: spiral_problem(beta),
        )
        for beta in (1e-2, 1e-1, 1.0)
    ),
    # Higher ranks are more entries.
    Instance(
        "random-3",
        "rank 3, random",
        lambda: random_problem(25, 3, 3, 1.0),
        most_steps=3_000,
    ),
    Instance(
        "random-3-200",
        "rank 3, n = 200",
        lambda: random_problem(200, 3, 3, 5.0),
        most_steps=300,
    ),
    Instance(
        "random-4-100",
        "rank 4, n = 100",
        lambda: random_problem(100, 4, 3, 5.0),
        most_steps=300,
    ),
)


@dataclass(frozen=True)
class Sizes:
    """A point set whose cells are counted: n points of rank r."""

    n: int
    r: int

    @property
    def key(self) -> str:
        """Its name in the results."""
        return f"{self.n}x{self.r}"


ARRANGEMENTS = (Sizes(25, 2), Sizes(25, 3), Sizes(50, 3), Sizes(25, 4))
QUICK_ARRANGEMENTS = (Sizes(25, 2),)

MAXIMA = (Sizes(50, 3), Sizes(100, 4), Sizes(50, 5), Sizes(50, 6))
QUICK_MAXIMA = (Sizes(10, 3),)
"""Where the oracle is compared."""

GRID = 1024
"""Coordinates are multiples of 1 / GRID: short fractions, which is in favour of
exact arithmetic."""


def points(sizes: Sizes) -> Array:
    """Draw Gaussian points with coordinates on a fine grid, (n, r)."""
    X = np.random.default_rng(SEED).standard_normal((sizes.n, sizes.r))
    return np.round(X * GRID) / GRID
