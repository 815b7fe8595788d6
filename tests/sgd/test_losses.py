"""Gradient descent with other losses and pooling: its steps, and where it ends."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lib.problem import Network, Problem, objective, pooled_problem
from lib.sgd import Grid, Settings, descend, train
from lib.sgd.settings import kaiming_uniform
from lib.svd import whiten

DIFFERENCES = 1e-6
"""Relative error of central differences at step 1e-5, with margin."""

RATE = 1e-4

LOSSES = ["squared", "huber", "softmax", "logistic"]


def pooled(loss, kind="plain"):
    """Return four samples of three patches each; X whitened, of rank 2, or neither."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((12, 3))
    if kind == "rank":
        X = X[:, :2] @ rng.standard_normal((2, 5))
    if kind == "white":
        X = whiten(rng.standard_normal((12, 20)), demean=False).X
    return Problem(X, np.eye(2)[[0, 1, 1, 0]], 0.1, loss=loss, pooling=3)


def run(problem, neurons=5, trials=1, epochs=1, rate=RATE, seed=4, **options):
    told = {"trials": trials, "epochs": epochs, "rate": rate, "device": "cpu"}
    rng = np.random.default_rng(seed)
    return train(problem, neurons, **told, rng=rng, **options)


def start(problem, neurons=5, seed=4):
    """Return the weights from which ``run`` starts."""
    rng = np.random.default_rng(seed)
    return kaiming_uniform(neurons, *problem.shape[1:], rng)


def first_slope(problem):
    """Return the gradient along which the first step goes."""
    (end,) = run(problem).networks
    U, V = start(problem)
    return (U - end.U) / RATE, (V - end.V) / RATE


@pytest.mark.parametrize("kind", ["plain", "rank", "white"])
@pytest.mark.parametrize("loss", LOSSES)
def test_the_first_step_is_along_the_gradient_of_the_objective(loss, kind):
    problem, rng = pooled(loss, kind), np.random.default_rng(1)
    U, V = start(problem)
    dU, dV = rng.standard_normal(U.shape), rng.standard_normal(V.shape)
    step = 1e-5
    up, down = (
        objective(problem, Network(U + s * dU, V + s * dV)) for s in (step, -step)
    )
    gU, gV = first_slope(problem)
    slope = np.vdot(gU, dU) + np.vdot(gV, dV)
    assert (up - down) / (2 * step) == pytest.approx(slope, rel=DIFFERENCES)


def test_the_first_step_is_that_of_a_convolution_in_torch():
    rng = np.random.default_rng(2)
    images, Y = rng.standard_normal((4, 1, 3, 3)), np.eye(2)[[0, 1, 1, 0]]
    problem = pooled_problem(images[:, 0], Y, 0.1, size=2, loss="softmax")
    U, V = start(problem)
    filters = torch.tensor(U.reshape(5, 1, 2, 2), requires_grad=True)
    head = torch.tensor(V, requires_grad=True)
    hidden = torch.relu(torch.conv2d(torch.tensor(images), filters)).sum((2, 3))
    loss = torch.nn.functional.cross_entropy(
        hidden @ head, torch.tensor(Y), reduction="sum"
    )
    (loss + 0.05 * (filters.square().sum() + head.square().sum())).backward()
    gU, gV = first_slope(problem)
    # Differences of weights of order one over RATE.
    np.testing.assert_allclose(gU, filters.grad.numpy().reshape(5, 4), atol=1e-11)
    np.testing.assert_allclose(gV, head.grad.numpy(), atol=1e-11)


def test_huber_with_a_wide_delta_descends_as_the_squared_loss_does():
    # Two routes to one descent: autograd, and the error itself.
    rng = np.random.default_rng(3)
    X, Y = rng.standard_normal((6, 3)), rng.standard_normal((6, 2))
    problem = Problem(X, Y, 0.1)
    told = {"trials": 2, "epochs": 40, "rate": 1e-3}
    wide = replace(problem, loss=type(pooled("huber").loss)(1e3))
    np.testing.assert_allclose(
        run(wide, **told).objectives, run(problem, **told).objectives, rtol=1e-12
    )


def test_samples_of_one_patch_each_need_no_pooling():
    rng = np.random.default_rng(3)
    X, Y = rng.standard_normal((6, 3)), rng.standard_normal((6, 2))
    padded = np.kron(X, [[1.0], [0.0]])  # a second patch of zeros
    told = {"trials": 2, "epochs": 40, "rate": 1e-3}
    found = run(Problem(padded, Y, 0.1, pooling=2), **told)
    plain = run(Problem(X, Y, 0.1), **told)
    np.testing.assert_allclose(found.objectives, plain.objectives, rtol=1e-12)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_record_ends_with_the_objective_of_the_networks_returned(loss):
    problem = pooled(loss)
    found = run(problem, 6, trials=3, epochs=500, rate=5e-3)
    assert (found.final < found.objectives[0]).all()
    for network, value in zip(found.networks, found.final, strict=True):
        assert objective(problem, network) == pytest.approx(value, rel=1e-13)


def test_single_precision_ends_near_double_precision():
    problem, ends = pooled("softmax"), []
    for precision in ("float64", "float32"):
        settings = Settings(50, precision=precision, device="cpu")
        rng = np.random.default_rng(0)
        ends.append(descend(problem, Grid(6, 0.1, 1e-3, [0, 1]), settings, rng=rng))
    np.testing.assert_allclose(ends[1].final, ends[0].final, rtol=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_trial_that_diverges_is_reported(loss):
    # Softmax and logistic slopes are bounded: only weight decay can overflow.
    rate = 10.0 if loss in ("squared", "huber") else 1e3
    found = run(pooled(loss), 6, trials=2, epochs=3000, rate=rate, patience=3000)
    assert found.diverged.all()
    assert not found.networks[0].U.any()
