"""Section 5.1 and the spiral of section 5.3, solved to certified optima."""

import numpy as np
import pytest

from lib.certificate import certify
from lib.cone_pca import oracle
from lib.data import gaussian_teacher, spiral
from lib.frank_wolfe import solve
from lib.problem import Network, Problem, objective
from lib.sgd import train
from tests.problems import section_5_1, spiral_problem

pytestmark = pytest.mark.paper

PROVED = 1e-8
"""The relative gap that this edition promises on the paper's experiments."""


def assert_proved(problem, solution):
    """Check the promise, and the proof again from its parts."""
    assert solution.certificate.relative_gap <= PROVED
    Z = solution.certificate.Z
    assert oracle(problem.X, Z).value <= problem.beta
    dual = np.vdot(Z, problem.Y) - np.vdot(Z, Z) / 2
    assert dual == pytest.approx(solution.certificate.dual, rel=1e-14)
    primal = objective(problem, Network(solution.network.U, solution.network.V))
    assert primal - dual <= PROVED * primal


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("init", ["torch", "normal"])
def test_section_5_1_is_certified_with_either_teacher(seed, init):
    problem = section_5_1(init, seed)
    assert_proved(problem, solve(problem))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("beta", [1e-2, 1e-1, 1.0, 10.0])
def test_spiral_is_certified_over_its_path(seed, beta):
    problem = spiral_problem(beta, seed=seed)
    assert_proved(problem, solve(problem))


@pytest.mark.parametrize("beta", [10.0, 1e3])
def test_spiral_loss_is_30_at_large_beta(beta):
    # 60 one-hot rows: |Y|^2 / 2 = 30, the plateau of Figure 3.
    problem = spiral_problem(beta)
    solution = solve(problem)
    assert oracle(problem.X, problem.Y).bound < beta
    assert solution.network.width == 0
    assert solution.certificate.primal == 30.0
    # The dual value is lowered by a bound of its rounding: 180 terms, eps each.
    assert 30.0 * (1 - 1e-13) <= solution.certificate.dual <= 30.0


def test_spiral_leaves_the_plateau_exactly_at_kappa_of_its_labels():
    X, Y = spiral(20, np.random.default_rng(0))
    beta_max = oracle(X, Y).value
    assert solve(Problem(X, Y, 1.001 * beta_max)).network.width == 0
    below = solve(Problem(X, Y, 0.999 * beta_max))
    assert below.network.width > 0
    assert below.certificate.primal < 30.0


def test_teacher_of_section_5_1_is_worse_than_the_optimum():
    # The teacher fits without error and pays for it in weight decay.
    rng = np.random.default_rng(0)
    X, Y = gaussian_teacher(25, 2, 5, 100, rng, init="normal")
    again = np.random.default_rng(0)
    again.standard_normal((25, 2))
    teacher = Network(again.standard_normal((100, 2)), again.standard_normal((100, 5)))
    problem = Problem(X, Y, 1e-2)
    np.testing.assert_allclose(teacher.predict(X), Y, rtol=1e-12, atol=1e-12)
    assert objective(problem, teacher) > 2 * solve(problem).certificate.primal


def test_gradient_descent_with_ten_neurons_stays_above_the_certified_optimum():
    problem = section_5_1("torch")
    descent = train(
        problem,
        10,
        trials=5,
        epochs=2000,
        rate=1e-2,
        rng=np.random.default_rng(0),
        device="cpu",
    )
    optimum = solve(problem).certificate
    assert (descent.final > optimum.dual).all()
    for network in descent.networks:
        assert certify(problem, network).dual <= optimum.primal
