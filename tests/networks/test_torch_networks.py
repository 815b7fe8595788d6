"""Networks of PyTorch: round trips, biases, and what is refused."""

from collections import OrderedDict

import numpy as np
import pytest
import torch

from lib.certificate import certify
from lib.frank_wolfe import solve
from lib.networks import from_torch, to_torch, with_ones
from lib.problem import Network, Problem

RNG = np.random.default_rng(0)


def sequential(bias=True, last_bias=False):
    """Return an untrained network on 2 inputs with 4 neurons and 3 outputs."""
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(2, 4, bias=bias),
        torch.nn.ReLU(),
        torch.nn.Linear(4, 3, bias=last_bias),
    ).double()


@pytest.mark.parametrize("bias", [False, True])
def test_outputs_are_the_same_both_ways(bias):
    module, X = sequential(bias), RNG.standard_normal((7, 2))
    theirs = module(torch.tensor(X)).detach().numpy()
    network = from_torch(module)
    inputs = with_ones(X) if bias else X
    np.testing.assert_allclose(network.predict(inputs), theirs, rtol=1e-12)
    back = to_torch(network, bias=bias)
    again = back(torch.tensor(X)).detach().numpy()
    np.testing.assert_allclose(again, theirs, rtol=1e-12)


def test_round_trip_keeps_every_weight():
    network = Network(RNG.standard_normal((5, 3)), RNG.standard_normal((5, 2)))
    for bias in (False, True):
        back = from_torch(to_torch(network, bias=bias))
        np.testing.assert_array_equal(back.U, network.U)
        np.testing.assert_array_equal(back.V, network.V)


def test_certify_takes_a_trained_module():
    X, Y = with_ones(RNG.standard_normal((8, 1))), RNG.standard_normal((8, 3))
    problem = Problem(X, Y, 0.1)
    module = to_torch(solve(problem).network, bias=True)
    assert certify(problem, module).relative_gap < 1e-9
    worse = certify(problem, sequential_for(problem))
    assert worse.kappa.value > 0.1
    assert worse.direction.shape == (2,)


def sequential_for(problem):
    """Return a module of random weights that fits a problem with a bias."""
    d, c = problem.shape[1:]
    U, V = RNG.standard_normal((3, d)), RNG.standard_normal((3, c))
    return to_torch(Network(U, V), bias=True)


def test_first_bias_without_ones_in_the_data_is_explained():
    problem = Problem(RNG.standard_normal((5, 2)), RNG.standard_normal((5, 3)), 0.1)
    with pytest.raises(ValueError, match=r"must have 2 inputs.*with_ones"):
        certify(problem, sequential(bias=True))


def test_layers_count_in_their_order_and_not_by_their_names():
    layers = dict(zip(("up", "act", "down"), sequential(), strict=True))
    module = torch.nn.Sequential(OrderedDict(layers))
    named, plain = from_torch(module), from_torch(torch.nn.Sequential(*module))
    assert np.array_equal(named.U, plain.U)
    assert np.array_equal(named.V, plain.V)


def test_last_bias_is_refused_unless_zero():
    module = sequential(last_bias=True)
    with pytest.raises(ValueError, match="last layer must have no bias"):
        from_torch(module)
    with torch.no_grad():
        module[2].bias.zero_()
    assert from_torch(module).width == 4


@pytest.mark.parametrize(
    "module",
    [
        torch.nn.Linear(2, 2),
        torch.nn.Sequential(torch.nn.Linear(2, 2)),
        torch.nn.Sequential(
            torch.nn.Linear(2, 2), torch.nn.Tanh(), torch.nn.Linear(2, 2)
        ),
        torch.nn.Sequential(
            torch.nn.BatchNorm1d(2), torch.nn.ReLU(), torch.nn.Linear(2, 2, bias=False)
        ),
        None,
    ],
)
def test_other_modules_are_refused(module):
    with pytest.raises(ValueError, match="Sequential"):
        from_torch(module)


def test_a_bias_needs_a_second_input():
    with pytest.raises(ValueError, match="at least 2 inputs"):
        to_torch(Network([[1.0]], [[1.0]]), bias=True)
