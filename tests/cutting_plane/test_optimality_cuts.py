"""Optimality cuts of chapter 7: where a feasible point says that the optimum lies."""

import numpy as np

from lib.cone_pca import oracle
from lib.frank_wolfe import solve
from lib.problem import Problem

ROUNDING = 1e-6
"""Of a dual optimum: a relative gap of 1e-9 leaves its square root."""


def test_the_optimum_is_in_the_ball_and_the_half_space_of_every_feasible_point():
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((12, 2)), rng.standard_normal((12, 3))
    problem = Problem(X, Y, 0.5)
    best = solve(problem, tolerance=1e-12).certificate.Z
    for _ in range(30):
        Z = Y + rng.standard_normal(Y.shape)
        Z = Z * rng.uniform(0, 1) * problem.beta / oracle(X, Z).bound
        assert np.linalg.norm(best - Y) <= np.linalg.norm(Z - Y) * (1 + ROUNDING)
        assert np.vdot(Y - Z, best - Z) >= -ROUNDING
