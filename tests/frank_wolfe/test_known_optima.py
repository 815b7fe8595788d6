"""Problems whose optimum is stored with two independent routes to it."""

import json

import numpy as np
import pytest

from lib.frank_wolfe import solve
from lib.losses import Huber
from lib.problem import Problem
from tests.frank_wolfe.known_optima import ROUTES, TARGET, recipes

pytestmark = pytest.mark.paper

STORED = json.loads(TARGET.read_text("utf-8"))

PROVED = 2e-9
"""Relative: each of two runs proves its value to 1e-9."""

CONIC = 2e-7
"""Relative: an interior point method, run by CVXPY to 1e-8, with many cones."""

each_problem = pytest.mark.parametrize(
    "stored", STORED, ids=[stored["name"] for stored in STORED]
)


def problem_of(stored):
    """Return the problem of an entry."""
    loss = Huber(stored["delta"]) if stored["loss"] == "huber" else stored["loss"]
    data = np.array(stored["X"]), np.array(stored["Y"]), stored["beta"]
    return Problem(*data, loss=loss, pooling=stored["pooling"])


def test_set_is_broad():
    ranks = {int(np.linalg.matrix_rank(np.array(stored["X"]))) for stored in STORED}
    assert ranks >= {1, 2, 3, 4}
    assert len(STORED) >= 25
    assert {"squared", "huber", "logistic", "softmax"} == {s["loss"] for s in STORED}
    assert {stored["other"]["route"] for stored in STORED} == {*ROUTES}


def test_the_stored_problems_are_those_of_the_recipes():
    recipes_now = [(name, route, p.beta, p.pooling) for name, _, p, route in recipes()]
    assert recipes_now == [
        (s["name"], s["other"]["route"], s["beta"], s["pooling"]) for s in STORED
    ]
    for stored, (_, _, problem, _) in zip(STORED, recipes(), strict=True):
        np.testing.assert_allclose(problem.X, stored["X"], rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(problem.Y, stored["Y"], rtol=1e-12, atol=1e-14)


@each_problem
def test_both_routes_agree(stored):
    certified, other = stored["certified"], stored["other"]["value"]
    assert certified["dual"] <= certified["primal"]
    assert other == pytest.approx(certified["primal"], rel=CONIC)


@each_problem
def test_the_solver_still_finds_the_stored_optimum(stored):
    solution = solve(problem_of(stored))
    assert solution.converged
    primal, dual = stored["certified"]["primal"], stored["certified"]["dual"]
    proof = solution.certificate
    assert proof.primal == pytest.approx(primal, rel=PROVED)
    # Two proofs of one number: neither bound is above the other's value.
    rounding = 1e-12 * abs(primal)
    assert proof.dual <= primal + rounding
    assert dual <= proof.primal + rounding
