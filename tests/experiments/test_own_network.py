"""A reader's network: the example of data, and a plain descent in PyTorch."""

import numpy as np
import pytest
import torch

from experiments import go_on, narrow_down, start_model, train_model, write_example
from experiments.own_network import EXAMPLE
from lib.cone_pca import Oracle
from lib.data import read_data
from lib.frank_wolfe import solve
from lib.losses import Huber
from lib.networks import from_torch, to_torch, with_ones
from lib.problem import Network, Problem, objective

RNG = np.random.default_rng(0)


def problem_of(loss, beta=0.2):
    X = with_ones(RNG.standard_normal((8, 2)))
    return Problem(X, np.eye(3)[RNG.integers(0, 3, 8)], beta, loss)


def start(m=5):
    return Network(RNG.standard_normal((m, 3)), RNG.standard_normal((m, 3)))


@pytest.mark.parametrize("loss", ["squared", Huber(0.3), "logistic", "softmax"])
def test_the_first_step_is_along_the_gradient_of_the_objective(loss):
    problem, network, rate = problem_of(loss), start(), 1e-3
    trace = train_model(
        to_torch(network, bias=True), problem, epochs=1, rate=rate, records=1
    )
    for name in ("U", "V"):
        moved = (getattr(network, name) - getattr(trace.networks[-1], name)) / rate
        numeric = np.zeros_like(moved)
        for index in np.ndindex(moved.shape):
            ends = []
            for step in (1e-6, -1e-6):
                weights = {"U": network.U.copy(), "V": network.V.copy()}
                weights[name][index] += step
                ends.append(objective(problem, Network(**weights)))
            numeric[index] = (ends[0] - ends[1]) / 2e-6
        # Differences of values of order 10 over 2e-6.
        np.testing.assert_allclose(moved, numeric, atol=1e-7)


@pytest.mark.parametrize("records", [1, 4, 100])
def test_the_first_and_the_last_network_are_kept(records):
    problem, model = problem_of("squared"), to_torch(start(), bias=True)
    first = from_torch(model)
    trace = train_model(model, problem, epochs=20, rate=1e-3, records=records)
    assert (trace.epochs[0], trace.epochs[-1]) == (0, 20)
    assert len(trace.epochs) == len(trace.networks)
    assert (np.diff(trace.epochs) > 0).all()
    np.testing.assert_array_equal(trace.networks[0].U, first.U)
    np.testing.assert_array_equal(trace.networks[-1].U, from_torch(model).U)
    assert objective(problem, trace.networks[-1]) < objective(problem, first)


def test_a_model_without_bias_sees_all_columns():
    problem = problem_of("squared")
    network = start()
    trace = train_model(to_torch(network), problem, epochs=3, rate=1e-3)
    assert trace.networks[-1].U.shape == network.U.shape


def test_a_rate_that_diverges_is_refused_with_a_smaller_one():
    model = to_torch(start(), bias=True)
    with pytest.raises(
        ValueError, match=r"got rate = 10.0, .* Try rate = 2.5, or scale"
    ):
        train_model(model, problem_of("squared"), epochs=200, rate=10.0)


def test_the_example_is_read_back_to_the_last_bit(tmp_path):
    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for path in paths:
        write_example(path, np.random.default_rng(1))
    assert paths[0].read_bytes() == paths[1].read_bytes()
    inputs, targets = read_data(paths[0])
    draw = np.random.default_rng(1)
    np.testing.assert_array_equal(inputs[:, 0], np.sort(draw.uniform(-2, 2, EXAMPLE)))
    noise = targets[:, 0] - np.sin(3 * inputs[:, 0])
    assert 0.03 < noise.std() < 0.3
    assert targets.shape == (EXAMPLE, 2)


@pytest.mark.parametrize(
    ("loss", "theirs", "share"),
    [
        ("squared", torch.nn.MSELoss(), lambda n, c: n * c / 2),
        (Huber(1.0), torch.nn.HuberLoss(), lambda n, c: n * c),
        ("logistic", torch.nn.BCEWithLogitsLoss(), lambda n, c: n * c),
        ("softmax", torch.nn.CrossEntropyLoss(), lambda n, c: n),
    ],
)
def test_averaged_losses_have_the_weight_decay_of_the_table(loss, theirs, share):
    network, decay, n, c = start(), 0.01, 8, 3
    beta = decay * share(n, c)
    problem = problem_of(loss, beta)
    model = to_torch(network, bias=True)
    outputs = model(torch.tensor(problem.X[:, :2]))
    theirs(outputs, torch.tensor(problem.Y)).backward()
    gradient = model[2].weight.grad.numpy().T + decay * network.V
    R = problem.loss.residual(problem.predict(network), problem.Y)
    ours = -network.hidden(problem.X).T @ R + beta * network.V
    np.testing.assert_allclose(share(n, c) * gradient, ours, rtol=1e-9, atol=1e-12)


def test_a_started_model_has_pytorchs_law_and_goes_on_from_where_it_was():
    problem = problem_of("squared")
    model = start_model(problem, 50, bias=True, seed=3)
    again = start_model(problem, 50, bias=True, seed=3)
    assert model[2].bias is None
    assert torch.equal(model[0].weight, again[0].weight)
    assert model[0].weight.abs().max() <= 1 / np.sqrt(2)
    stages = {"start": from_torch(model)}
    ends = go_on(problem, stages, bias=True, epochs=3, rate=1e-3)
    direct = train_model(model, problem, epochs=3, rate=1e-3).networks[-1]
    (end,) = ends.values()
    np.testing.assert_allclose(end.U, direct.U, rtol=1e-12)


def test_narrowing_down_ends_with_the_solution():
    problem = problem_of("squared")
    bound = Oracle(problem.X)
    found = narrow_down(problem, solve(problem), (1,), bound)
    assert found[0].output_radius > found[1].output_radius
    apart = np.linalg.norm(found[0].outputs - found[1].outputs)
    assert apart <= found[0].output_radius + found[1].output_radius
