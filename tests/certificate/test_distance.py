"""Both sides of the distance from the optimum, by hand and by the optimum itself."""

import numpy as np
import pytest

from lib.certificate import add_neuron, certify, locate, measure, rescale, within
from lib.cone_pca import oracle
from lib.frank_wolfe import solve
from lib.losses import LOSSES, Huber
from lib.problem import Network, Problem, objective, residual

RNG = np.random.default_rng(0)
ROUNDING = 1e-12
"""Relative rounding of an objective of a few dozen terms."""

each_loss = pytest.mark.parametrize(
    "loss", ["squared", Huber(0.3), "logistic", "softmax"]
)


def problem_of(loss, beta=0.1, pooling=1):
    rng = np.random.default_rng(3)
    labels = np.eye(3)[rng.integers(0, 3, 10)]
    return Problem(rng.standard_normal((10 * pooling, 2)), labels, beta, loss, pooling)


def random_network(c=3):
    return Network(0.3 * RNG.standard_normal((4, 2)), RNG.standard_normal((4, c)))


def test_the_gain_of_a_neuron_by_hand():
    # h = 2, R = 3, k = 6: gain (6 - 1)^2 / (2 * 4), with weights sqrt(5 / 4) each.
    problem = Problem([[2.0]], [[3.0]], 1.0)
    step = add_neuron(problem, Network.zero(1, 1), np.array([7.0]))
    assert step.gain == pytest.approx(25 / 8, rel=ROUNDING)
    assert step.network.U[0, 0] == pytest.approx(np.sqrt(1.25), rel=ROUNDING)
    assert step.network.V[0, 0] == pytest.approx(np.sqrt(1.25), rel=ROUNDING)
    # 1/2 (3 - 2.5)^2 + 1.25 against 4.5.
    assert objective(problem, step.network) == pytest.approx(1.375, rel=ROUNDING)


@pytest.mark.parametrize("pooling", [1, 2])
@each_loss
def test_a_neuron_gains_what_was_promised(loss, pooling):
    problem = problem_of(loss, pooling=pooling)
    for _ in range(20):
        network, u = random_network(), RNG.standard_normal(2)
        step = add_neuron(problem, network, u)
        before, after = (objective(problem, net) for net in (network, step.network))
        assert after <= before - step.gain + ROUNDING * before
        if loss == "squared":
            assert after == pytest.approx(before - step.gain, rel=ROUNDING)


def test_a_direction_below_beta_adds_nothing():
    problem = problem_of("squared", beta=1e3)
    network = random_network()
    step = add_neuron(problem, network, np.ones(2))
    assert step.network is network
    assert step.gain == 0.0


@pytest.mark.parametrize("u", [np.zeros(2), np.ones(3)])
def test_a_direction_that_is_none_is_refused(u):
    with pytest.raises(ValueError, match="must be a nonzero vector of 2 entries"):
        add_neuron(problem_of("squared"), random_network(), u)


@each_loss
def test_the_distance_lies_between_its_two_sides(loss):
    problem = problem_of(loss)
    best = solve(problem).certificate
    for _ in range(5):
        network = random_network()
        found = measure(problem, network)
        primal = objective(problem, network)
        assert found.least <= 1 - best.dual / primal + ROUNDING
        assert found.most >= 1 - best.primal / primal - ROUNDING


def test_measure_takes_the_local_maximum_that_gains_most():
    problem, network = problem_of("squared"), random_network()
    found = measure(problem, network)
    candidates = found.certificate.kappa.candidates
    gains = [add_neuron(problem, network, u).gain for u in candidates]
    assert found.improvement.gain == max(gains)


def test_the_gain_of_another_scale_by_hand():
    # Outputs 2 of targets 9, path norm 1, beta 4: <R, F> = 14, |F|^2 = 4, e = 10 / 4.
    problem = Problem([[2.0]], [[9.0]], 4.0)
    step = rescale(problem, Network([[2.0]], [[0.5]]))
    # Balancing gains 4 (2.125 - 1), the factor 3.5 gains 10^2 / 8.
    assert step.gain == pytest.approx(4.5 + 12.5, rel=ROUNDING)
    assert step.network.path_norm == pytest.approx(3.5, rel=ROUNDING)


def test_another_scale_gains_no_more_than_the_zero_network_where_that_is_best():
    # Y = 0: e = -2 would promise (<R, F> - beta S)^2 / (2 |F|^2) = 2, but p = 1.5.
    problem = Problem([[1.0]], [[0.0]], 1.0)
    step = rescale(problem, Network([[1.0]], [[1.0]]))
    assert step.gain == pytest.approx(1.5, rel=ROUNDING)
    assert objective(problem, step.network) == 0.0


@pytest.mark.parametrize("pooling", [1, 2])
@each_loss
def test_another_scale_gains_what_was_promised(loss, pooling):
    problem = problem_of(loss, pooling=pooling)
    for _ in range(20):
        network = random_network()
        step = rescale(problem, network)
        before, after = (objective(problem, net) for net in (network, step.network))
        assert after <= before - step.gain + ROUNDING * before
        if loss == "squared":
            assert after == pytest.approx(before - step.gain, rel=ROUNDING)


def test_dead_neurons_are_seen_by_the_scale_and_the_best_scale_gains_nothing():
    problem = Problem([[1.0]], [[3.0]], 1.0)
    assert rescale(problem, Network([[-1.0]], [[1.0]])).gain == pytest.approx(1.0)
    best = Network([[np.sqrt(2)]], [[np.sqrt(2)]])  # the output 2 of the optimum
    assert rescale(problem, best).gain == pytest.approx(0.0, abs=1e-15)
    assert rescale(problem, Network.zero(1, 1)).gain == 0.0


def test_a_radius_too_small_shows_in_the_run_itself():
    # The outputs of the optimum, a tenth smaller: only their scale is wrong.
    problem = problem_of("squared")
    best = solve(problem)
    small = Network(np.sqrt(0.9) * best.network.U, np.sqrt(0.9) * best.network.V)
    R, F = residual(problem, small), problem.predict(small)
    assert np.vdot(R, F) > 1.01 * problem.beta * small.path_norm
    gain = objective(problem, small) - objective(problem, best.network)
    # Along the scale the squared loss is a parabola with its minimum at the optimum.
    assert measure(problem, small).rescaling.gain == pytest.approx(gain, rel=1e-6)


@pytest.mark.parametrize("pooling", [1, 2])
@each_loss
def test_every_optimum_lies_where_a_certificate_says(loss, pooling):
    problem = problem_of(loss, pooling=pooling)
    best = solve(problem)
    nearest = locate(problem, best.network, best.certificate)
    start = best.network
    for noise in (1e-4, 1e-2, 0.3):
        shape = RNG.standard_normal(start.U.shape)
        network = Network(start.U + noise * shape, start.V)
        found = locate(problem, network, certify(problem, network))
        apart = np.linalg.norm(found.certificate.Z - best.certificate.Z)
        assert apart <= found.radius + nearest.radius
        R = residual(problem, network)
        apart = np.linalg.norm(R - best.certificate.Z)
        assert apart <= found.residual_radius + nearest.radius
        apart = np.linalg.norm(found.outputs - nearest.outputs)
        assert apart <= found.output_radius + nearest.output_radius
        assert not found.excludes(best.network.U[best.network.sizes > 0.1]).any()
    assert np.isfinite(nearest.output_radius) == (loss == "squared")


def test_both_radii_hold_together_for_the_squared_loss():
    # p* by hand: X = I, Y = (1, -1), beta 1/2, F* = Z* = (1/2, -1/2).
    problem = Problem(np.eye(2), [1.0, -1.0], 0.5)
    optimum = np.array([[0.5], [-0.5]])
    for _ in range(50):
        network = Network(RNG.standard_normal((3, 2)), RNG.standard_normal((3, 1)))
        proof = certify(problem, network)
        F, Z = problem.predict(network), proof.Z
        apart = np.sum((F - optimum) ** 2) + np.sum((Z - optimum) ** 2)
        assert apart <= 2 * proof.gap * (1 + ROUNDING)


def test_directions_are_excluded_but_for_some_around_the_neurons():
    problem = problem_of("squared")
    best = solve(problem)
    angles = np.linspace(0, 2 * np.pi, 2000)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    found = locate(problem, best.network, best.certificate)
    assert found.excludes(circle).mean() > 0.9  # the gap is 1e-9 or less
    assert (
        not locate(problem, Network.zero(2, 3), certify(problem, Network.zero(2, 3)))
        .excludes(best.network.U)
        .any()
    )


def test_neighbourhoods_meet_if_they_are_of_one_problem():
    problem, other = problem_of("squared"), problem_of("squared", beta=0.5)
    ends = [solve(p) for p in (problem, other)]
    first, second = (
        locate(p, s.network, s.certificate)
        for p, s in zip((problem, other), ends, strict=True)
    )
    network = random_network()
    wide = locate(problem, network, certify(problem, network))
    assert wide.meets(first)
    assert first.meets(wide)
    assert not first.meets(second)


def test_the_certificate_of_another_network_locates_nothing():
    problem = problem_of("squared")
    proof = certify(problem, Network.zero(2, 3))
    with pytest.raises(ValueError, match="certificate must be that of the network"):
        locate(problem, random_network(), proof)


def test_the_optimum_is_at_distance_zero():
    problem = problem_of("squared")
    found = measure(problem, solve(problem).network)
    assert found.most < 1e-7  # the gap is of first order in what rounding leaves
    assert found.least < 1e-12


def test_a_distance_says_both_sides():
    problem = Problem([[2.0]], [[3.0]], 1.0)
    words = str(measure(problem, Network.zero(1, 1)))
    # p* = 1.375 of 4.5: the neuron reaches it.
    assert words.startswith("objective 4.5, above the optimum by 69.44% to ")


def test_zero_targets_are_at_distance_zero():
    found = measure(Problem([[2.0]], [[0.0]], 1.0), Network.zero(1, 1))
    assert (found.least, found.most) == (0.0, 0.0)


def test_every_loss_has_its_smoothness():
    assert all(loss.smoothness > 0 for loss in LOSSES.values())


@each_loss
def test_no_hessian_exceeds_the_smoothness(loss):
    problem = problem_of(loss)
    for size in (0.1, 1.0, 10.0):
        F = size * RNG.standard_normal((10, 3))
        B = problem.loss.curvature(F, problem.Y)
        top = 1.0 if B is None else np.linalg.eigvalsh(B).max()
        assert top <= problem.loss.smoothness * (1 + ROUNDING)


def test_an_oracle_with_a_time_limit_still_bounds():
    X, Z = RNG.standard_normal((30, 6)), RNG.standard_normal((30, 2))
    short, exact = within(X, 1e-9)(Z), oracle(X[:, :2], Z)
    assert short.value <= short.bound
    assert within(X[:, :2], 1e-9)(Z).bound == exact.bound


@pytest.mark.parametrize("seconds", [0.0, -1.0, np.inf, np.nan])
def test_a_time_that_is_no_limit_is_refused(seconds):
    with pytest.raises(ValueError, match="seconds must be positive and finite"):
        within(np.eye(2), seconds)


def test_the_gap_of_a_scaled_residual_is_its_formula():
    problem = problem_of("squared")
    for _ in range(10):
        network = random_network()
        R, F = residual(problem, network), problem.predict(network)
        proof = certify(problem, network, refine=0)
        s = np.vdot(proof.Z, R) / np.vdot(R, R)
        gap = (1 - s) ** 2 * np.vdot(R, R) / 2 - s * np.vdot(R, F)
        gap += problem.beta * network.weight_decay
        assert proof.gap == pytest.approx(gap, rel=1e-9)


def test_the_gap_of_a_stationary_balanced_network_is_one_number():
    # One neuron of the two that X = I, Y = (1, -1) needs: kappa(R) = 1, beta = 1/2.
    problem = Problem(np.eye(2), [1.0, -1.0], 0.5)
    network = Network([[np.sqrt(0.5), 0.0]], [[np.sqrt(0.5)]])
    R = residual(problem, network)  # (1/2, -1): the gradient in v is zero
    s = 0.5
    gap = (1 - s) ** 2 * np.vdot(R, R) / 2 + (1 - s) * 0.5 * network.weight_decay
    assert certify(problem, network, refine=0).gap == pytest.approx(gap, rel=1e-9)
