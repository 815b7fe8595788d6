"""Gradient descent against a plain numpy loop and against torch's own training."""

import numpy as np
import pytest
import torch

from lib.certificate import certify
from lib.frank_wolfe import solve
from lib.problem import Problem, objective
from lib.sgd import MOMENTUM, train
from lib.sgd.settings import kaiming_uniform

SAME_SUMS = 1e-10
"""Relative difference of two runs that add in different orders: 50 steps, each
multiplying the rounding of the last by at most a small factor."""


@pytest.fixture
def problem():
    """Eight points in the plane, two outputs."""
    rng = np.random.default_rng(0)
    return Problem(rng.standard_normal((8, 2)), rng.standard_normal((8, 2)), 0.1)


def run(problem, neurons=4, trials=1, epochs=50, rate=1e-2, seed=7, **options):
    """Train from the starts of a seed, on the CPU."""
    return train(
        problem,
        neurons,
        trials=trials,
        epochs=epochs,
        rate=rate,
        rng=np.random.default_rng(seed),
        device="cpu",
        **options,
    )


def start(neurons=4, seed=7):
    """Return the weights from which ``run`` starts."""
    return kaiming_uniform(neurons, 2, 2, np.random.default_rng(seed))


def descend_by_hand(problem, U, V, *, epochs, rate, patience):
    """Return objectives, rate and weights of the method, neuron by neuron."""
    X, Y, beta = problem.X, problem.Y, problem.beta
    speed_U, speed_V = np.zeros_like(U), np.zeros_like(V)
    best, waited, objectives = np.inf, 0, []
    for _ in range(epochs + 1):
        error = sum(
            np.outer(np.maximum(X @ u, 0), v) for u, v in zip(U, V, strict=True)
        )
        error = error - Y
        value = 0.5 * (error**2).sum() + beta / 2 * ((U**2).sum() + (V**2).sum())
        objectives.append(value)
        if len(objectives) > epochs:
            return np.array(objectives), rate, U, V
        grad_U, grad_V = np.zeros_like(U), np.zeros_like(V)
        for j in range(len(U)):
            active = X @ U[j] > 0
            grad_U[j] = X.T @ (active * (error @ V[j])) + beta * U[j]
            grad_V[j] = error.T @ (active * (X @ U[j])) + beta * V[j]
        speed_U, speed_V = 0.95 * speed_U + grad_U, 0.95 * speed_V + grad_V
        U, V = U - rate * speed_U, V - rate * speed_V
        if value < (1 - 1e-4) * best:
            best, waited = value, 0
        else:
            waited += 1
        if waited > patience:
            rate, waited = rate / 2, 0
    raise AssertionError("the loop returns before it ends")


@pytest.mark.parametrize(("patience", "halvings"), [(50, 0), (5, 3)])
def test_fifty_epochs_equal_a_loop_written_out_by_hand(problem, patience, halvings):
    descent = run(problem, patience=patience)
    U, V = start()
    objectives, last_rate, U, V = descend_by_hand(
        problem, U, V, epochs=50, rate=1e-2, patience=patience
    )
    assert last_rate == 1e-2 / 2**halvings
    assert descent.rates.tolist() == [last_rate]
    np.testing.assert_array_equal(descent.epochs, np.arange(51))
    np.testing.assert_allclose(descent.objectives[:, 0], objectives, rtol=SAME_SUMS)
    np.testing.assert_allclose(descent.networks[0].U, U, rtol=SAME_SUMS, atol=SAME_SUMS)
    np.testing.assert_allclose(descent.networks[0].V, V, rtol=SAME_SUMS, atol=SAME_SUMS)


def test_fifty_epochs_equal_torch_with_autograd_and_its_own_optimiser(problem):
    model = torch.nn.Sequential(
        torch.nn.Linear(2, 4, bias=False, dtype=torch.float64),
        torch.nn.ReLU(),
        torch.nn.Linear(4, 2, bias=False, dtype=torch.float64),
    )
    U, V = start()
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor(U))
        model[2].weight.copy_(torch.tensor(V.T))
    optimiser = torch.optim.SGD(
        model.parameters(), lr=1e-2, momentum=MOMENTUM, weight_decay=problem.beta
    )
    X, Y = torch.tensor(problem.X), torch.tensor(problem.Y)
    for _ in range(50):
        optimiser.zero_grad()
        (0.5 * (model(X) - Y).square().sum()).backward()
        optimiser.step()
    network = run(problem).networks[0]
    np.testing.assert_allclose(
        network.U, model[0].weight.detach().numpy(), rtol=SAME_SUMS, atol=SAME_SUMS
    )
    np.testing.assert_allclose(
        network.V, model[2].weight.detach().numpy().T, rtol=SAME_SUMS, atol=SAME_SUMS
    )


def test_gradient_in_the_record_is_that_of_the_objective(problem):
    # One epoch from rest moves by -rate * gradient; difference the objective.
    tiny = 1e-7
    moved = run(problem, epochs=1, rate=tiny).objectives[:, 0]
    U, V = (torch.tensor(w, requires_grad=True) for w in start())
    error = torch.relu(torch.tensor(problem.X) @ U.T) @ V - torch.tensor(problem.Y)
    decay = U.square().sum() + V.square().sum()
    (0.5 * error.square().sum() + problem.beta / 2 * decay).backward()
    squared = float(U.grad.square().sum() + V.grad.square().sum())
    # First order in the rate; the curvature adds about tiny * |H|.
    assert (moved[0] - moved[1]) / tiny == pytest.approx(squared, rel=1e-4)


def test_trials_do_not_see_each_other(problem):
    together = run(problem, trials=3, patience=5)
    alone = run(problem, trials=1, patience=5)
    np.testing.assert_allclose(
        together.objectives[:, 0], alone.objectives[:, 0], rtol=SAME_SUMS
    )
    assert len(set(together.final)) == 3


def test_record_ends_with_the_objective_of_the_networks_returned(problem):
    descent = run(problem, trials=2)
    for value, network in zip(descent.final, descent.networks, strict=True):
        assert value == pytest.approx(objective(problem, network), rel=1e-13)


def test_record_has_about_the_points_asked_for_first_and_last_included(problem):
    descent = run(problem, epochs=103, points=10)
    assert descent.epochs[0] == 0
    assert descent.epochs[-1] == 103
    assert (np.diff(descent.epochs)[:-1] == 10).all()
    assert descent.objectives.shape == (len(descent.epochs), 1)
    every = run(problem, epochs=103, points=1000)
    np.testing.assert_array_equal(
        descent.objectives[:, 0], every.objectives[descent.epochs, 0]
    )


def test_two_runs_give_the_same_bits(problem):
    first, second = run(problem, trials=2), run(problem, trials=2)
    assert first.objectives.tobytes() == second.objectives.tobytes()
    assert first.networks[1].U.tobytes() == second.networks[1].U.tobytes()


def test_wide_network_descends_to_the_certified_optimum(problem):
    descent = run(problem, neurons=50, epochs=5000, rate=2e-3)
    certificate = certify(problem, descent.networks[0])
    assert certificate.primal == pytest.approx(descent.final[0], rel=1e-13)
    optimum = solve(problem).certificate
    assert optimum.dual <= certificate.primal
    # No theorem: 50 neurons are far more than the optimum needs, and the excess
    # was 2.4e-4 when this was written.
    assert certificate.primal <= optimum.primal * (1 + 1e-3)


@pytest.mark.parametrize("epochs", [4, 5, 6, 50])
def test_diverged_trial_is_reported_and_leaves_a_zero_network(problem, epochs):
    # At rate 10 the objective overflows some epochs before the weights do.
    descent = run(problem, trials=2, rate=10.0, epochs=epochs)
    assert not np.isnan(descent.objectives).any()
    np.testing.assert_array_equal(descent.diverged, np.isinf(descent.final))
    for network, diverged in zip(descent.networks, descent.diverged, strict=True):
        assert np.isfinite(network.weight_decay)
        assert network.path_norm > 0 or diverged
    if epochs >= 6:
        assert descent.diverged.all()
        assert not any(network.U.any() for network in descent.networks)


def test_starting_weights_are_uniform_within_root_six_over_fan_in():
    U, V = kaiming_uniform(5000, 3, 4, np.random.default_rng(0))
    assert U.shape == (5000, 3)
    assert V.shape == (5000, 4)
    for weights, fan_in in ((U, 3), (V, 5000)):
        bound = np.sqrt(6 / fan_in)
        assert 0.999 * bound < np.abs(weights).max() <= bound
        # Variance of a uniform law: bound^2 / 3; 15,000 draws give 1 % easily.
        assert weights.var() == pytest.approx(bound**2 / 3, rel=0.02)


def test_more_trials_extend_the_same_sequence(problem):
    few, many = (run(problem, trials=k, epochs=1).networks for k in (2, 5))
    for a, b in zip(few, many, strict=False):
        np.testing.assert_array_equal(a.U, b.U)


@pytest.mark.parametrize("name", ["neurons", "trials", "epochs", "points", "patience"])
def test_train_refuses_counts_below_one(problem, name):
    with pytest.raises(ValueError, match=f"{name} must be a whole number >= 1; got 0"):
        run(problem, **{name: 0})


@pytest.mark.parametrize("rate", [0.0, -1.0, np.inf, np.nan])
def test_train_refuses_a_rate_that_is_not_positive(problem, rate):
    with pytest.raises(ValueError, match="rate must be positive and finite; got"):
        run(problem, rate=rate)


def options(device):
    """Return options of a short training on a device."""
    rng = np.random.default_rng(0)
    return {"trials": 1, "epochs": 1, "rate": 1e-2, "rng": rng, "device": device}


def test_train_refuses_an_unknown_device(problem):
    with pytest.raises(ValueError, match="must be 'auto', 'cpu' or 'cuda'; got 'tpu'"):
        train(problem, 2, **options("tpu"))


def test_train_says_that_no_cuda_device_is_visible(problem, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="needs a CUDA device; none is visible"):
        train(problem, 2, **options("cuda"))


def test_auto_takes_the_cpu_where_there_is_no_cuda(problem, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    descent = train(problem, 2, **options("auto"))
    np.testing.assert_array_equal(
        descent.objectives, train(problem, 2, **options("cpu")).objectives
    )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_and_cpu_give_the_same_descent(problem):
    by_device = [train(problem, 4, **options(name)) for name in ("cpu", "cuda")]
    np.testing.assert_allclose(
        by_device[1].objectives, by_device[0].objectives, rtol=SAME_SUMS
    )
