"""Stages are certified on their own inputs, and bounded; of depth that says little."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

import experiments
from experiments.stacking import _deep_slopes, soft_floor
from lib.frank_wolfe import solve
from lib.networks import accuracy
from lib.problem import Network, Problem, objective

SOLVED = 1e-6
"""Relative gap to which the stages of these tests are solved."""


def small_problem(seed: int, beta: float = 0.3) -> Problem:
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.standard_normal(12), np.ones(12)])
    return Problem(X, rng.standard_normal((12, 2)), beta)


def test_every_stage_is_trained_on_what_the_last_one_handed_on():
    stages = experiments.stack(small_problem(0), stages=3, width=1)
    for before, after in pairwise(stages):
        X = after.problem.X
        outputs = before.problem.predict(before.solution.network)
        np.testing.assert_allclose(X[:, :-1], outputs @ before.bottleneck, atol=1e-12)
        assert (X[:, -1] == 1).all()
        assert X[:, 0].var() == pytest.approx(1.0, rel=1e-9)
        assert after.solution.certificate.relative_gap <= SOLVED


@pytest.mark.parametrize("width", [1, 2])
def test_the_optimum_of_a_stage_lies_between_its_bounds(width):
    stages = experiments.stack(small_problem(1), stages=3, width=width)
    for stage in stages:
        floor = experiments.stage_floor(stage.problem)
        assert floor <= stage.solution.certificate.primal
    for before, after in pairwise(stages):
        assert after.solution.certificate.dual <= before.repeated


def test_repeating_a_stage_is_a_network_of_the_stated_cost():
    stage = experiments.stack(small_problem(2), stages=1, width=2)[0]
    X, Y = stage.hand_on(stage.problem.X), stage.problem.Y
    F = stage.problem.predict(stage.solution.network)
    M = np.linalg.lstsq(X, F)[0]
    P, sigma, Qt = np.linalg.svd(M, full_matrices=False)
    root = np.sqrt(sigma)[:, None]
    network = Network(
        np.vstack([root * P.T, -root * P.T]), np.vstack([root * Qt, -root * Qt])
    )
    cost = objective(Problem(X, Y, stage.problem.beta), network)
    assert stage.repeated == pytest.approx(cost, rel=1e-10)


def test_the_soft_threshold_is_the_least_value():
    rng = np.random.default_rng(3)
    Y = rng.standard_normal((4, 2))
    for threshold in (0.3, 1.0, 10.0):

        def value(f, threshold=threshold):
            F = f.reshape(Y.shape)
            return 0.5 * np.sum((F - Y) ** 2) + threshold * np.linalg.norm(F, "nuc")

        starts = np.zeros(8), Y.ravel(), 0.5 * Y.ravel()
        options = {"maxiter": 20000, "maxfev": 20000, "xatol": 1e-9, "fatol": 1e-12}
        runs = [
            minimize(value, s, method="Nelder-Mead", options=options) for s in starts
        ]
        least = min(run.fun for run in runs)
        floor = soft_floor(Y, threshold)
        assert floor <= least + 1e-9
        assert floor == pytest.approx(least, rel=1e-3)  # what a simplex search reaches


def test_collapsed_classes_attain_the_floor_of_a_stage():
    Y = np.kron(np.eye(3), np.ones((4, 1)))
    for scale in (0.4, 2.0):
        problem = Problem(scale * Y, Y, 0.5)
        best = solve(problem).certificate
        floor = experiments.stage_floor(problem)
        assert best.dual <= floor * (1 + 1e-9)
        assert best.primal == pytest.approx(floor, rel=SOLVED)


def test_no_deep_network_is_below_the_floor():
    problem = small_problem(4)
    floor = experiments.deep_floor(problem)
    zero = 0.5 * np.sum(problem.Y**2)
    assert 0 < floor <= zero
    for seed in range(4):
        start = experiments.random_deep(problem, 8, 1, seed)
        run = experiments.train_deep(problem, start, epochs=1500, rate=3e-3)
        assert run.network.objective(problem) == run.objectives[-1] >= floor


def test_the_floor_of_the_deep_problem_is_the_minimum_over_the_weight_decay():
    problem = small_problem(5)
    s, n = np.linalg.norm(problem.X, 2), len(problem.Y)
    fine = [
        problem.beta * w + soft_floor(problem.Y, problem.beta / np.hypot(s * w, n**0.5))
        for w in np.linspace(0, 30, 20001)
    ]
    floor = experiments.deep_floor(problem)
    assert floor <= min(fine) + 1e-12
    assert floor == pytest.approx(min(fine), rel=0.02)  # the width of an interval


@pytest.mark.parametrize("y", [25.0, 400.0, 1e4])
def test_certified_stages_can_be_far_from_the_deep_optimum(y):
    problem = Problem([[1.0]], [[y]], y)
    for one in (problem, Problem([[0.0, 1.0]], [[y]], y)):
        best = solve(one).certificate
        assert best.primal == pytest.approx(y**2 / 2, rel=1e-9)
        assert best.relative_gap <= SOLVED
    a = y**0.25
    deep = experiments.Deep(Network([[a]], [[a]]), Network([[a, 0.0]], [[a]]))
    value = deep.objective(problem)
    assert value / (y**2 / 2) == pytest.approx(4 / np.sqrt(y), rel=1e-9)


def test_the_gradient_of_all_layers_is_that_of_autograd():
    problem = small_problem(6)
    theta = experiments.random_deep(problem, 5, 1, 0).weights
    value, slopes = _deep_slopes(problem, theta)
    U, B, W, V = (torch.tensor(w, requires_grad=True) for w in theta)
    X, Y = torch.tensor(problem.X), torch.tensor(problem.Y)
    inner = torch.relu(X @ U.T) @ B
    F = torch.relu(torch.hstack([inner, torch.ones(len(X), 1)]) @ W.T) @ V
    decay = sum((w**2).sum() for w in (U, B, W, V))
    total = 0.5 * ((F - Y) ** 2).sum() + 0.5 * problem.beta * decay
    total.backward()
    assert value == pytest.approx(total.item(), rel=1e-12)
    for slope, weight in zip(slopes, (U, B, W, V), strict=True):
        np.testing.assert_allclose(slope, weight.grad.numpy(), atol=1e-10)


def test_two_stages_are_one_deep_network():
    stages = experiments.stack(small_problem(7), stages=2, width=1)
    problem, (one, two) = stages[0].problem, stages
    deep = experiments.as_deep(stages)
    F = two.solution.network.predict(one.hand_on(problem.X))
    np.testing.assert_allclose(deep.predict(problem.X), F, atol=1e-10)
    last = two.solution.certificate.primal
    assert deep.objective(problem) == pytest.approx(
        last + problem.beta * deep.first.weight_decay, rel=1e-9
    )
    run = experiments.train_deep(problem, deep, epochs=200, rate=1e-3)
    assert run.objectives[0] == pytest.approx(deep.objective(problem), rel=1e-12)
    assert (np.diff(run.objectives) <= 0).all()


def test_a_rate_that_is_too_large_is_halved():
    problem = small_problem(8)
    start = experiments.random_deep(problem, 6, 1, 1)
    run = experiments.train_deep(problem, start, epochs=400, rate=10.0)
    assert np.isfinite(run.objectives).all()
    assert run.network.objective(problem) <= start.objective(problem)


@pytest.mark.slow
def test_images_are_components_of_variance_one_with_their_labels():
    split = experiments.principal_images((6, 0), each=20, components=2)
    assert split.X.shape == (40, 3)
    np.testing.assert_allclose(split.X[:, :2].var(axis=0), 1.0, rtol=1e-9)
    np.testing.assert_allclose(split.X[:, :2].mean(axis=0), 0.0, atol=1e-9)
    assert (split.Y[:20] == [1, 0]).all()
    assert (split.Y[20:] == [0, 1]).all()
    assert split.fresh.shape == (2000, 3)
    assert split.fresh_labels.sum(axis=0).tolist() == [1000, 1000]
    stages = experiments.stack(Problem(split.X, split.Y, 2.0), stages=2, width=1)
    table = experiments.stage_accuracies(split, stages)
    network = stages[0].solution.network
    assert table[0, 1] == accuracy(network, split.fresh, split.fresh_labels)
