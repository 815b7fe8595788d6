"""Gradient descent on CNNs: its gradient, its steps, and what it shares with train."""

import numpy as np
import pytest
import torch

from lib.problem import Network, Problem, objective, pooled_problem
from lib.sgd import train, train_pooled
from lib.sgd.pooled import gradient

DIFFERENCES = 1e-6
"""Relative error of central differences at step 1e-5, with margin."""


def pooled(loss, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((12, 3))
    Y = np.eye(2)[[0, 1, 1, 0]]
    return Problem(X, Y, 0.1, loss=loss, pooling=3)


@pytest.mark.parametrize("loss", ["squared", "huber", "softmax", "logistic"])
def test_gradient_is_the_slope_of_the_objective(loss):
    problem, rng = pooled(loss), np.random.default_rng(1)
    U, V = rng.standard_normal((4, 3)), rng.standard_normal((4, 2))
    dU, dV = rng.standard_normal((4, 3)), rng.standard_normal((4, 2))
    step = 1e-5
    up, down = (
        objective(problem, Network(U + s * dU, V + s * dV)) for s in (step, -step)
    )
    gU, gV = gradient(problem, U, V)
    slope = np.vdot(gU, dU) + np.vdot(gV, dV)
    assert (up - down) / (2 * step) == pytest.approx(slope, rel=DIFFERENCES)


def test_gradient_is_that_of_a_convolution_in_torch():
    rng = np.random.default_rng(2)
    images, Y = rng.standard_normal((4, 1, 3, 3)), np.eye(2)[[0, 1, 1, 0]]
    problem = pooled_problem(images[:, 0], Y, 0.1, size=2, loss="softmax")
    U, V = rng.standard_normal((5, 4)), rng.standard_normal((5, 2))
    filters = torch.tensor(U.reshape(5, 1, 2, 2), requires_grad=True)
    head = torch.tensor(V, requires_grad=True)
    hidden = torch.relu(torch.conv2d(torch.tensor(images), filters)).sum((2, 3))
    loss = torch.nn.functional.cross_entropy(
        hidden @ head, torch.tensor(Y), reduction="sum"
    )
    (loss + 0.05 * (filters.square().sum() + head.square().sum())).backward()
    gU, gV = gradient(problem, U, V)
    np.testing.assert_allclose(gU, filters.grad.numpy().reshape(5, 4), rtol=1e-12)
    np.testing.assert_allclose(gV, head.grad.numpy(), rtol=1e-12)


def test_descent_without_pooling_is_that_of_train():
    rng = np.random.default_rng(3)
    problem = Problem(rng.standard_normal((6, 3)), rng.standard_normal((6, 2)), 0.1)
    told = {"trials": 2, "epochs": 40, "rate": 1e-3}
    ours = train_pooled(problem, 5, **told, rng=np.random.default_rng(4))
    other = train(problem, 5, **told, rng=np.random.default_rng(4), device="cpu")
    np.testing.assert_allclose(ours.final, other.final, rtol=1e-9)


def test_the_records_begin_at_the_start_and_end_at_the_end():
    problem = pooled("softmax")
    rng = np.random.default_rng(5)
    run = train_pooled(problem, 6, trials=3, epochs=500, rate=1e-2, rng=rng)
    assert (run.epochs[0], run.epochs[-1]) == (0, 500)
    assert run.objectives.shape == (len(run.epochs), 3)
    assert (run.final < run.objectives[0]).all()
    for network, value in zip(run.networks, run.final, strict=True):
        assert objective(problem, network) == pytest.approx(value, rel=1e-14)


def test_a_trial_that_diverges_is_reported():
    rng = np.random.default_rng(6)
    run = train_pooled(pooled("squared"), 6, trials=2, epochs=300, rate=10.0, rng=rng)
    assert run.diverged.all()
    assert not run.networks[0].U.any()


@pytest.mark.parametrize("name", ["trials", "epochs"])
def test_counts_below_one_are_refused(name):
    told = {"trials": 1, "epochs": 1, "rate": 0.1, "rng": None} | {name: 0}
    with pytest.raises(ValueError, match=name):
        train_pooled(pooled("squared"), 2, **told)


def test_a_rate_that_is_not_positive_is_refused():
    with pytest.raises(ValueError, match="rate must be positive; got rate = 0"):
        train_pooled(pooled("squared"), 2, trials=1, epochs=1, rate=0, rng=None)
