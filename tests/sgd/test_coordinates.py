"""Descents in fewer coordinates against torch's own training in all of them."""

import numpy as np
import pytest
import torch

from lib import sgd
from lib.problem import Problem, objective
from lib.sgd import Grid, Settings, descend
from lib.sgd import epochs as epochs_module
from lib.sgd.coordinates import (
    Coordinates,
    in_row_space,
    reduce_inputs,
    with_starts,
)
from lib.sgd.settings import kaiming_uniform

SAME_SUMS = 1e-10
"""Relative difference of two runs that add in different orders: 50 steps, each
multiplying the rounding of the last by at most a small factor."""

STEPS = 50
BETA = 0.1
RATE = 5e-3
NEURONS = 7


def torch_descent(X, Y, U, V, *, beta=BETA, rate=RATE, linear=False):
    """Train a plain module step by step; return its objectives and weights."""
    middle = torch.nn.Identity() if linear else torch.nn.ReLU()
    model = torch.nn.Sequential(
        torch.nn.Linear(X.shape[1], len(U), bias=False, dtype=torch.float64),
        middle,
        torch.nn.Linear(len(U), Y.shape[1], bias=False, dtype=torch.float64),
    )
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor(U))
        model[2].weight.copy_(torch.tensor(V.T))
    optimiser = torch.optim.SGD(
        model.parameters(), lr=rate, momentum=sgd.MOMENTUM, weight_decay=beta
    )
    inputs, targets, objectives = torch.tensor(X), torch.tensor(Y), []
    for _ in range(STEPS + 1):
        optimiser.zero_grad()
        loss = 0.5 * (model(inputs) - targets).square().sum()
        decay = sum(w.square().sum() for w in model.parameters())
        objectives.append((loss + beta / 2 * decay).item())
        loss.backward()
        if len(objectives) <= STEPS:
            optimiser.step()
    weights = model[0].weight.detach().numpy(), model[2].weight.detach().numpy().T
    return np.array(objectives), *weights


def data(kind, n=6, d=11, c=3, seed=0):
    """Return X and Y; X whitened, whitened without its mean, or of low rank."""
    rng = np.random.default_rng(seed)
    X, Y = rng.standard_normal((n, d)), rng.standard_normal((n, c))
    if kind == "rank":
        return X[:, :4] @ rng.standard_normal((4, d)) / 2, Y
    if kind == "demeaned":
        X = X - X.mean(axis=0)
    left, sizes, right = np.linalg.svd(X, full_matrices=False)
    kept = sizes > 1e-10 * sizes[0]
    return left[:, kept] @ right[kept], Y


def starting(X, Y, seed=3, number=0, neurons=NEURONS):
    """Return the weights from which trial ``number`` of a grid starts."""
    stream = np.random.SeedSequence(seed).spawn(number + 1)[number]
    shape = neurons, X.shape[1], Y.shape[1]
    return kaiming_uniform(*shape, np.random.default_rng(stream))


def run(X, Y, grid=None, seed=3, **options):
    """Descend with every objective recorded."""
    grid = grid or Grid(NEURONS, BETA, RATE, 0)
    settings = Settings(STEPS, points=STEPS, device="cpu", **options)
    problem = Problem(X, Y, BETA)
    return descend(problem, grid, settings, rng=np.random.default_rng(seed))


def assert_same(descent, reference, trial=0):
    """Compare curve and last weights with a plain run."""
    objectives, U, V = reference
    network = descent.networks[trial]
    np.testing.assert_allclose(descent.objectives[:, trial], objectives, rtol=SAME_SUMS)
    np.testing.assert_allclose(network.U, U, rtol=SAME_SUMS, atol=SAME_SUMS)
    np.testing.assert_allclose(network.V, V, rtol=SAME_SUMS, atol=SAME_SUMS)


@pytest.mark.parametrize("linear", [False, True])
@pytest.mark.parametrize("kind", ["rank", "white", "demeaned"])
def test_fifty_epochs_in_the_row_space_of_X_equal_torch_in_all_inputs(kind, linear):
    X, Y = data(kind)
    U, V = starting(X, Y)
    activation = "linear" if linear else "relu"
    descent = run(X, Y, activation=activation)
    assert_same(descent, torch_descent(X, Y, U, V, linear=linear))


@pytest.mark.parametrize(
    ("kind", "rows", "null"),
    [("rank", (6, 4), None), ("white", None, None), ("demeaned", None, (6, 1))],
)
def test_reduction_has_the_rank_and_whitened_data_need_no_rows(kind, rows, null):
    X, _ = data(kind)
    inputs = reduce_inputs(X)
    for part, shape in ((inputs.rows, rows), (inputs.null, null)):
        assert shape == (None if part is None else part.shape)


def test_square_samples_of_full_rank_are_taken_as_they_are():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((6, 6))
    assert reduce_inputs(X).rows is X
    X[5] = X[4]
    assert reduce_inputs(X).rows.shape == (6, 5)


def test_part_off_the_row_space_counts_in_the_objective():
    # It is most of the weight decay here: 11 inputs, 4 of them seen.
    X, Y = data("rank")
    U, _ = starting(X, Y)
    coordinates, off = reduce_inputs(X).encode(U)
    rest = U - coordinates @ reduce_inputs(X).basis.T
    assert np.abs(X @ rest.T).max() < 1e-12
    assert off == pytest.approx(np.vdot(rest, rest), rel=1e-12)
    assert off > 0.4 * np.vdot(U, U)


def test_nearly_white_data_are_not_taken_for_white():
    X, _ = data("white")
    assert reduce_inputs(X * (1 + 1e-9)).rows is not None


def test_fifty_epochs_in_the_row_space_of_Y_equal_torch_from_the_projected_start():
    X, Y = data("white", c=9)
    U, V = starting(X, Y)
    Q = np.linalg.svd(Y, full_matrices=False)[2]
    descent = run(X, Y, outputs="row_space")
    assert in_row_space(Y).rows.shape == (6, 6)
    assert_same(descent, torch_descent(X, Y, U, V @ Q.T @ Q))


def test_outputs_off_the_row_space_do_not_just_decay():
    # Why the start must be projected: in all outputs the descent is another one.
    X, Y = data("white", c=9)
    U, V = starting(X, Y)
    projected = run(X, Y, outputs="row_space")
    objectives, *_ = torch_descent(X, Y, U, V)
    assert abs(projected.final[0] / objectives[-1] - 1) > 1e-3
    assert_same(run(X, Y, outputs="all"), (objectives, *_))


def test_more_outputs_than_neurons_and_samples_are_trained_in_fewer_coordinates():
    X, Y = data("white", c=20)
    U, V = starting(X, Y)
    fewer = with_starts(Coordinates(Y), Y, [V])
    assert fewer.rank == len(Y) + NEURONS < Y.shape[1]
    np.testing.assert_allclose(fewer.decode(V @ fewer.basis, 0.0, V), V, atol=1e-12)
    assert_same(run(X, Y), torch_descent(X, Y, U, V))


def test_outputs_that_are_few_keep_their_coordinates():
    _, Y = data("white", c=9)
    every = Coordinates(Y)
    assert with_starts(every, Y, [np.ones((NEURONS, 9))]) is every
    reduced = in_row_space(data("white", c=20)[1])
    assert with_starts(reduced, Y, [np.ones((1, 9))]) is reduced


def test_grid_trials_equal_torch_each_with_its_own_width_beta_rate_and_start():
    X, Y = data("rank")
    widths, betas = [7, 2, 5], [0.1, 1.0, 0.01]
    rates, starts = [5e-3, 1e-3, 2e-3], [0, 1, 1]
    descent = run(X, Y, Grid(widths, betas, rates, starts))
    for k in range(3):
        U, V = starting(X, Y, number=starts[k], neurons=widths[k])
        reference = torch_descent(X, Y, U, V, beta=betas[k], rate=rates[k])
        assert_same(descent, reference, trial=k)


def test_trials_of_one_start_begin_with_the_same_weights():
    X, Y = data("white")
    twice = run(X, Y, Grid(NEURONS, BETA, RATE, [4, 4, 5]))
    first = twice.objectives[0]
    assert first[0] == first[1] != first[2]


@pytest.mark.parametrize("kind", ["rank", "white", "demeaned"])
def test_record_ends_with_the_objective_of_the_whole_networks(kind):
    X, Y = data(kind)
    descent = run(X, Y)
    value = objective(Problem(X, Y, BETA), descent.networks[0])
    assert descent.final[0] == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("kind", ["rank", "white", "demeaned"])
def test_blocks_of_neurons_change_nothing_but_the_order_of_sums(kind, monkeypatch):
    X, Y = data(kind)
    neurons = Grid(30, BETA, RATE, 0)
    whole = run(X, Y, neurons)
    monkeypatch.setattr(epochs_module, "BLOCK_BYTES", 1)  # eight neurons, the least
    blocks = run(X, Y, neurons)
    np.testing.assert_allclose(blocks.objectives, whole.objectives, rtol=SAME_SUMS)


def test_single_precision_follows_double_to_its_rounding():
    X, Y = data("demeaned")
    double, single = run(X, Y), run(X, Y, precision="float32")
    # 50 steps of eps = 1.2e-7, each multiplied by a small factor.
    np.testing.assert_allclose(single.objectives, double.objectives, rtol=1e-5)
    assert single.objectives.dtype == np.float64
    assert (single.objectives != double.objectives).any()
