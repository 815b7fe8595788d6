"""A reader's network: the example of data, and a plain descent in PyTorch."""

import numpy as np
import pytest

from experiments import train_model, write_example
from experiments.own_network import EXAMPLE
from lib.data import read_data
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
