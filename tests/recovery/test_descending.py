"""Paths to the optimum are continuous and never rise, for every loss and pooling."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import linprog

from lib.frank_wolfe import solve
from lib.problem import Network, Problem, objective
from lib.recovery import descend_to, prune

LOSSES = ("squared", "huber", "logistic", "softmax")

ROUNDING = 1e-10
"""Of an objective near 1 and of its slopes, with neurons of sizes near 1."""

SOLVED = 1e-7
"""Relative gap of the optimum, which is what the last leg may rise."""


def some_problem(loss: str, seed: int, *, pooling: int = 1) -> Problem:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((6 * pooling, 2))
    if loss == "softmax":
        return Problem(X, np.arange(6) % 2, 0.1, loss, pooling)
    Y = rng.standard_normal((6, 2))
    return Problem(X, Y > 0 if loss == "logistic" else Y, 0.1, loss, pooling)


def some_network(problem: Problem, width: int, seed: int) -> Network:
    rng, (_, d, c) = np.random.default_rng(seed), problem.shape
    return Network(rng.standard_normal((width, d)), rng.standard_normal((width, c)))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("pooling", [1, 2])
def test_the_objective_never_rises_and_ends_at_the_optimum(loss, pooling):
    problem = some_problem(loss, 0, pooling=pooling)
    best = solve(problem)
    start = some_network(problem, problem.Y.size + best.network.width, 1)
    path = descend_to(problem, start, best.network)
    networks = [path.network(t) for t in np.linspace(0, 3, 61)]
    values = np.array([objective(problem, network) for network in networks])
    assert values[0] == pytest.approx(objective(problem, start), rel=1e-12)
    assert values[-1] <= best.certificate.primal * (1 + ROUNDING)
    assert np.diff(values).max() <= ROUNDING + SOLVED * values[-1]
    assert {network.width for network in networks} == {start.width}
    assert path.steepest <= SOLVED
    assert path.tear == 0


def test_between_pruned_networks_one_idle_neuron_is_enough():
    """The second half of the theorem: vertices of a linear program, by another solver.

    Along the least costs of the outputs between start and optimum the objective never
    rises, and each is attained by at most n c neurons.
    """
    problem = some_problem("squared", 18)
    best = solve(problem).network
    old = prune(problem, some_network(problem, problem.Y.size + 1, 19))
    neurons = Network(np.vstack([old.U, best.U]), np.vstack([old.V, best.V])).balanced()
    H = problem.features(neurons.U)
    atoms = (H.T[:, :, None] * neurons.V[:, None, :]).reshape(neurons.width, -1).T
    ends = problem.predict(old).ravel(), problem.predict(best).ravel()
    values = []
    for t in np.linspace(0, 1, 41):
        F = (1 - t) * ends[0] + t * ends[1]
        least = linprog(neurons.sizes, A_eq=atoms, b_eq=F, method="highs-ds")
        assert np.count_nonzero(least.x > 1e-9) <= problem.Y.size
        loss = problem.loss.value(F.reshape(problem.Y.shape), problem.Y)
        values.append(loss + problem.beta * least.fun)
    assert values[0] <= objective(problem, old) * (1 + 1e-7)  # that solver's accuracy
    assert np.diff(values).max() <= 1e-6
    assert np.diff(values, 2).min() >= -1e-6
    assert values[-1] == pytest.approx(objective(problem, best), rel=1e-6)


def test_for_many_outputs_few_neurons_hold_outputs_and_cost():
    """The corollary's two legs, by hand: least output weights, then fewer neurons."""
    rng = np.random.default_rng(20)
    problem = Problem(rng.standard_normal((3, 2)), rng.standard_normal((3, 9)), 0.1)
    start = some_network(problem, 14, 21).balanced()
    F, H = problem.predict(start), problem.features(start.U)
    T = np.linalg.pinv(H @ H.T) @ F
    least = Network(start.U, H.T @ T)
    upper = np.triu_indices(3)
    squares = (H[upper[0]] * H[upper[1]], (start.U**2).sum(axis=1))
    held = squares[0].sum(axis=1)
    w = linprog(squares[1], A_eq=squares[0], b_eq=held, method="highs-ds").x
    assert np.count_nonzero(w > 1e-9) <= 6  # n (n + 1) / 2, and n c is 27
    values = []
    for t in np.linspace(0, 1, 21):
        values.append(Network(start.U, (1 - t) * start.V + t * least.V))
    for t in np.linspace(0, 1, 21):
        root = np.sqrt(1 - t + t * w)[:, None]
        values.append(Network(root * least.U, root * least.V))
    for network in values:
        np.testing.assert_allclose(problem.predict(network), F, atol=1e-7)
    heights = [objective(problem, network) for network in values]
    assert np.diff(heights).max() <= 1e-8


def test_weights_move_continuously():
    problem = some_problem("squared", 2)
    best = solve(problem).network
    path = descend_to(problem, some_network(problem, 24, 3), best)
    fine = [path.network(t) for t in np.linspace(0, 3, 3001)]
    steps = [abs(a.U - b.U).max() for a, b in pairwise(fine)]
    largest = max(abs(one.U).max() for one in fine)
    assert max(steps) <= 2 * largest * np.sqrt(1e-3)  # sqrt is steepest at zero


def test_outputs_are_constant_while_the_neurons_are_balanced_and_pruned():
    problem = some_problem("squared", 4)
    start = some_network(problem, 30, 5)
    path = descend_to(problem, start, Network.zero(2, 2))
    F = problem.predict(start)
    for t in (0.3, 1.0, 1.4, 2.0):
        np.testing.assert_allclose(problem.predict(path.network(t)), F, atol=1e-11)
    left = path.network(2)
    assert np.count_nonzero(left.sizes) <= problem.Y.size
    fewer = prune(problem, start)
    assert left.weight_decay == pytest.approx(fewer.weight_decay, rel=1e-9)


def test_the_last_slope_is_the_derivative_from_the_left():
    problem = some_problem("logistic", 6)
    target = some_network(problem, 3, 7)
    path = descend_to(problem, some_network(problem, 20, 8), target)
    for leg in path.legs[1:]:
        step = 1e-6
        before = objective(problem, leg.network(1 - step))
        slope = (leg.values[1] - before) / step
        assert leg.last_slope == pytest.approx(slope, rel=1e-4, abs=1e-6)


def test_between_two_networks_a_leg_is_below_its_chord():
    problem = some_problem("huber", 9)
    path = descend_to(
        problem, some_network(problem, 20, 10), some_network(problem, 4, 11)
    )
    for leg in path.legs:
        first, last = leg.values
        for t in np.linspace(0, 1, 11):
            chord = (1 - t) * first + t * last
            assert objective(problem, leg.network(t)) <= chord * (1 + 1e-12)


def test_neurons_with_a_zero_side_fade():
    problem = some_problem("squared", 12)
    start = some_network(problem, 14, 13)
    U, V = start.U.copy(), start.V.copy()
    U[0], V[1] = 0.0, 0.0
    path = descend_to(problem, Network(U, V), Network.zero(2, 2))
    assert path.legs[0].last_slope <= 0
    assert np.count_nonzero(path.network(1).sizes) == 12
    assert (path.network(1).U[1] == 0).all()


def test_the_zero_network_leads_to_the_optimum_at_once():
    problem = some_problem("squared", 14)
    best = solve(problem).network
    idle = Network(np.zeros((best.width, 2)), np.zeros((best.width, 2)))
    path = descend_to(problem, idle, best)
    assert path.steepest <= SOLVED
    assert objective(problem, path.network(3)) < objective(problem, idle)


def test_too_few_places_are_refused():
    problem = some_problem("squared", 15)
    with pytest.raises(ValueError, match=r"at least 12 \+ 3, .*; got 14"):
        descend_to(problem, some_network(problem, 14, 16), some_network(problem, 3, 17))
