"""Certificates worked out by hand, and networks that cannot be certified."""

import numpy as np
import pytest

from lib.certificate import Certificate, certify
from lib.cone_pca import Counted, Oracle, oracle
from lib.frank_wolfe import solve
from lib.losses import SQUARED, best_scale
from lib.problem import Network, Problem

ONE_SAMPLE = Problem([[1.0]], [[2.0]], 1.0)
"""p* = min_f 1/2 (f - 2)^2 + |f| = 1.5 at f = 1."""


def test_zero_network_of_one_sample_has_the_gap_computed_by_hand():
    certificate = certify(ONE_SAMPLE, Network.zero(1, 1))
    # R = Y, kappa = 2, s = 1/2: the dual point is the optimal one.
    assert certificate.primal == 2.0
    assert certificate.dual == pytest.approx(1.5, rel=1e-14)
    assert certificate.gap == pytest.approx(0.5, rel=1e-13)
    assert certificate.relative_gap == pytest.approx(0.25, rel=1e-13)
    assert certificate.kappa.value == 2.0


def test_optimal_network_of_one_sample_is_certified():
    certificate = certify(ONE_SAMPLE, Network([[1.0]], [[1.0]]))
    assert certificate.primal == 1.5
    # Of kappa's bound 10 roundings, of s 4, of the dual value 5: all downwards.
    assert 0.0 <= certificate.gap <= 20 * np.finfo(float).eps * 1.5


def test_dual_point_is_a_feasible_multiple_of_the_residual():
    rng = np.random.default_rng(0)
    problem = Problem(rng.standard_normal((8, 2)), rng.standard_normal((8, 3)), 0.1)
    network = Network(rng.standard_normal((3, 2)), rng.standard_normal((3, 3)))
    certificate = certify(problem, network)
    R = problem.Y - network.predict(problem.X)
    scale = np.vdot(certificate.Z, R) / np.vdot(R, R)
    np.testing.assert_allclose(certificate.Z, scale * R, rtol=1e-14)
    assert oracle(problem.X, certificate.Z).value <= problem.beta
    assert certificate.dual == SQUARED.dual(certificate.Z, problem.Y)


def test_interpolating_network_gets_the_trivial_bound():
    certificate = certify(ONE_SAMPLE, Network([[1.0]], [[2.0]]))
    assert certificate.dual == 0.0
    assert not certificate.Z.any()


def test_network_that_overshoots_gets_the_trivial_bound():
    certificate = certify(ONE_SAMPLE, Network([[1.0]], [[5.0]]))
    assert certificate.dual == 0.0


def test_zero_targets_are_solved_by_the_zero_network():
    problem = Problem(np.eye(2), np.zeros((2, 1)), 1.0)
    certificate = certify(problem, Network.zero(2, 1))
    assert certificate.primal == certificate.dual == certificate.relative_gap == 0.0


@pytest.mark.parametrize("scale", [1e-120, 1e120])
def test_extreme_scales_never_close_a_gap_that_is_open(scale):
    # kappa(Y) = sqrt(2) scale is 1e5 times beta: the zero network is far off.
    problem = Problem(scale * np.eye(2), np.ones((2, 1)), 1e-5 * scale)
    assert certify(problem, Network.zero(2, 1)).relative_gap > 0.99


def test_certificate_reads_in_one_line():
    certificate = certify(ONE_SAMPLE, Network.zero(1, 1))
    assert str(certificate) == "primal 2, dual 1.5, relative gap 2.5e-01"


def test_gap_is_primal_minus_dual():
    Z = np.zeros((1, 1))
    certificate = Certificate(4.0, 3.0, Z, oracle(np.ones((1, 1)), Z))
    assert (certificate.gap, certificate.relative_gap) == (1.0, 0.25)


@pytest.mark.parametrize(
    ("residual", "kappa", "scale"),
    [
        ([[2.0]], 1.0, 1.0),  # feasible already: <R, Y> / |R|^2 = 1
        ([[2.0]], 8.0, 0.25),  # capped by beta / kappa
        ([[1.0]], 0.5, 2.0),  # an undershooting residual is stretched
        ([[2.0]], 0.0, 1.0),  # nothing correlates: no cap
        ([[-1.0]], 1.0, 0.0),  # points away from Y
        ([[0.0]], 0.0, 0.0),
        ([[2.0]], np.inf, 0.0),  # an oracle that knows nothing proves nothing
    ],
)
def test_dual_scale_is_the_best_feasible_one(residual, kappa, scale):
    cap = 2.0 / kappa if kappa else np.inf
    found = best_scale(SQUARED, np.array(residual), np.array([[2.0]]), cap)
    assert found == pytest.approx(scale, rel=1e-14)
    assert kappa == 0.0 or found <= 2.0 / kappa


def test_dual_value_is_the_objective_of_11():
    Y, Z = np.array([[3.0], [4.0]]), np.array([[1.0], [2.0]])
    exact = -0.5 * (2**2 + 2**2) + 0.5 * 25
    # Its own rounding is taken off: at most 5 halves of eps of 11 + 2.5.
    assert exact - 40 * np.finfo(float).eps <= SQUARED.dual(Z, Y) < exact


def test_certify_refuses_a_network_of_other_outputs():
    with pytest.raises(ValueError, match=r"must have 1 outputs.*got V \(0, 3\)"):
        certify(ONE_SAMPLE, Network.zero(1, 3))


def test_certify_refuses_a_network_of_other_inputs():
    with pytest.raises(ValueError, match="must have 1 inputs"):
        certify(ONE_SAMPLE, Network.zero(2, 1))


def test_certify_refuses_a_network_whose_outputs_overflow():
    network = Network([[1e200]], [[1e200]])
    with (
        np.errstate(over="ignore"),
        pytest.raises(ValueError, match=r"Z must be finite; got -?inf.*diverged"),
    ):
        certify(ONE_SAMPLE, network)


@pytest.mark.parametrize("refine", [-1, 1.5, "2"])
def test_steps_that_are_no_count_are_refused(refine):
    problem = Problem([[1, 0], [0, 1]], [1, -1], beta=0.5)
    with pytest.raises(ValueError, match="refine must be a whole number of steps >= 0"):
        certify(problem, Network.zero(2, 1), refine=refine)


def test_an_oracle_made_for_other_data_is_refused():
    # Its bound would prove nothing.
    problem = Problem([[1, 0], [0, 1]], [1, -1], beta=0.5)
    with pytest.raises(ValueError, match="bound must be an oracle made for"):
        certify(problem, Network.zero(2, 1), bound=Oracle(2 * problem.X))


def test_certificate_of_a_solution_proves_what_the_solver_proved():
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((12, 2)), rng.standard_normal((12, 2))
    problem = Problem(X, Y, beta=0.1)
    solution = solve(problem)
    again = certify(problem, solution.network)
    assert again.dual == solution.certificate.dual
    plain = certify(problem, solution.network, refine=0)
    assert again.dual >= plain.dual


def test_a_network_far_from_the_optimum_costs_one_question():
    problem = Problem([[1, 0], [0, 1]], [1, -1], beta=0.5)
    asked = Counted(Oracle(problem.X))
    certify(problem, Network.zero(2, 1), bound=asked)
    assert asked.calls == 1
