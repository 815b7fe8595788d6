"""Runs of gradient descent: convergence, divergence, chunks, checkpoints."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from lib.data import gaussian_teacher
from lib.problem import Problem
from lib.sgd import Grid, Settings, descend
from lib.sgd import descent as descent_module
from lib.sgd.coordinates import Coordinates, reduce_inputs
from lib.sgd.epochs import Epochs, Start, Task

SAME_SUMS = 1e-10
"""Relative difference of two runs that add in different orders."""

GRID = Grid([4, 9, 9], [0.1, 0.1, 0.5], 2e-3, [0, 1, 2])


class InterruptError(Exception):
    """Stands for a power cut."""


@pytest.fixture
def problem():
    X, Y = gaussian_teacher(10, 2, 3, 20, np.random.default_rng(0), init="torch")
    return Problem(X, Y, 0.1)


def run(problem, settings, grid=GRID, **options):
    return descend(problem, grid, settings, rng=np.random.default_rng(5), **options)


def settings(epochs=300, **options):
    return Settings(epochs, points=30, device="cpu", **options)


def test_pytorchs_law_starts_nearer_to_zero_by_root_six(problem):
    rates = Grid(GRID.widths, GRID.betas, 1e-300, GRID.starts)  # stays at the start
    he, narrow = (run(problem, settings(1, start=s), rates) for s in ("he", "torch"))
    for wide, small in zip(he.networks, narrow.networks, strict=True):
        np.testing.assert_allclose(small.U * np.sqrt(6), wide.U, rtol=1e-14)
        np.testing.assert_allclose(small.V * np.sqrt(6), wide.V, rtol=1e-14)
    bound = 1 / np.sqrt([2, 9])  # the fan-ins of the two layers
    assert np.abs(narrow.networks[1].U).max() <= bound[0]
    assert np.abs(narrow.networks[1].V).max() <= bound[1]
    layer = torch.nn.Linear(9, 1000, bias=False)
    assert layer.weight.abs().max().item() <= bound[1]


@pytest.mark.slow
def test_converged_trials_stop_where_more_epochs_gain_nothing(problem):
    early = run(problem, settings(30_000, patience=200, tolerance=1e-7))
    assert early.converged.all()
    assert (early.stops < 30_000).all()
    assert (early.stops % 200 == 0).all()
    assert early.epochs[-1] >= early.stops.max()
    longer = run(problem, settings(int(2 * early.stops.max()), patience=200))
    # Ten more windows of 1e-7 each at most, as the rate only falls.
    assert (early.final <= longer.final * (1 + 1e-6)).all()
    assert not longer.converged.any()


def test_a_settled_trial_stays_while_others_go_on(problem):
    both = Grid(9, [0.1, 5.0], 2e-3, 0)
    descent = run(problem, settings(20_000, patience=200, tolerance=1e-7), both)
    short, long = int(descent.stops.min()), int(descent.stops.max())
    assert short < long
    k = int(np.argmin(descent.stops))
    after = descent.objectives[descent.epochs >= short, k]
    assert (after == descent.final[k]).all()


def test_without_tolerance_every_epoch_is_made(problem):
    descent = run(problem, settings(500, patience=50))
    assert descent.stops.tolist() == [500] * 3


def test_diverging_rate_is_reported_and_stops_early(problem):
    wild = Grid(9, 0.1, [1e-3, 50.0], 0)
    descent = run(problem, settings(400), wild)
    assert descent.diverged.tolist() == [False, True]
    assert descent.stops[0] == 400
    assert descent.stops[1] < 100
    assert np.isinf(descent.objectives[-1, 1])
    assert not descent.networks[1].U.any()
    assert not descent.converged.any()


def test_a_run_of_diverged_trials_only_is_cut_short(problem):
    descent = run(problem, settings(100_000), Grid(9, 0.1, 50.0, 0))
    assert descent.stops[0] <= 2 * (100_000 // 30)
    assert descent.epochs[-1] < 10_000


def test_chunks_give_the_same_curves_as_one_batch(problem, monkeypatch):
    whole = run(problem, settings())
    monkeypatch.setattr(descent_module, "CACHE_BYTES", 1)
    parts = run(problem, settings())
    np.testing.assert_allclose(parts.objectives, whole.objectives, rtol=SAME_SUMS)
    assert len(parts.networks) == 3


def test_a_trial_beyond_the_memory_is_refused_with_its_size(problem):
    # n = 10, r = 2, c = 3, m = 9, by hand: 8 (4*9*5 + 2*9*10 + 3*10*3) = 3600.
    assert descent_module.trial_bytes((10, 2, 3), 9, 8) == 3600
    with pytest.raises(ValueError, match="memory = 3599 bytes; it takes 3600"):
        run(problem, settings(memory=3599))
    run(problem, settings(1, memory=3600))


def test_as_many_trials_run_together_as_fit(problem):
    grid = Grid(9, 0.1, 1e-3, [0, 1])
    for memory, parts in ((7200, [range(2)]), (7199, [range(1), range(1, 2)])):
        seen = []
        told = settings(1, memory=memory)
        run(problem, told, grid, watch=lambda m, seen=seen: seen.append(m.trials))
        assert sorted(set(seen), key=lambda trials: trials.start) == parts


def interrupted(problem, where, folder, **options):
    """Run until a cut at a recorded epoch of the chunk that starts with a trial."""
    first, epoch = where

    def watch(moment):
        if moment.epoch >= epoch and moment.trials.start == first:
            raise InterruptError

    told = settings(checkpoint=folder, checkpoint_every=50, **options)
    with pytest.raises(InterruptError):
        run(problem, told, watch=watch)
    return told


@pytest.mark.parametrize("tolerance", [0.0, 1e-2])
@pytest.mark.parametrize("cache", [1, 1 << 23])
def test_an_interrupted_run_continues_with_the_same_bits(
    problem, tmp_path, monkeypatch, cache, tolerance
):
    monkeypatch.setattr(descent_module, "CACHE_BYTES", cache)
    options = {"patience": 25, "tolerance": tolerance}
    first = 1 if cache == 1 else 0
    told = interrupted(problem, (first, 120), tmp_path, **options)
    assert any(tmp_path.iterdir())
    whole = run(problem, settings(**options))
    for _ in range(2):  # the second time from the end
        resumed = run(problem, told)
        assert resumed.objectives.tobytes() == whole.objectives.tobytes()
        assert resumed.rates.tobytes() == whole.rates.tobytes()
        assert resumed.stops.tolist() == whole.stops.tolist()
        assert resumed.converged.tolist() == whole.converged.tolist()
        for one, other in zip(resumed.networks, whole.networks, strict=True):
            assert one.U.tobytes() == other.U.tobytes()
            assert one.V.tobytes() == other.V.tobytes()


def test_resuming_makes_only_the_epochs_that_are_left(problem, tmp_path):
    told = interrupted(problem, (0, 120), tmp_path)
    seen = []
    run(problem, told, watch=lambda moment: seen.append(moment.epoch))
    assert seen == [*range(100, 300, 10), 300]


def test_a_checkpoint_of_another_run_is_refused(problem, tmp_path):
    told = interrupted(problem, (0, 120), tmp_path)
    for other in (replace(told, patience=7), replace(told, epochs=301)):
        with pytest.raises(ValueError, match="must be a checkpoint of this run"):
            run(problem, other)
    with pytest.raises(ValueError, match="must be a checkpoint of this run"):
        descend(problem, GRID, told, rng=np.random.default_rng(6))
    for changed in ({"Y": problem.Y + 1}, {"loss": "huber"}):
        with pytest.raises(ValueError, match="must be a checkpoint of this run"):
            run(replace(problem, **changed), told)


def test_a_damaged_checkpoint_is_refused_and_none_is_left_half_written(
    problem, tmp_path
):
    told = interrupted(problem, (0, 120), tmp_path)
    (path,) = tmp_path.iterdir()  # no file aside is left
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"must be a whole \.npz file of numbers; got"):
        run(problem, told)


def test_watch_sees_the_networks_of_each_record(problem):
    seen = []

    def watch(moment):
        seen.append((moment.epoch, moment.objectives, moment.networks()))

    descent = run(problem, settings(), watch=watch)
    assert [epoch for epoch, *_ in seen] == descent.epochs.tolist()
    np.testing.assert_array_equal([v for _, v, _ in seen], descent.objectives)
    last = seen[-1][2][1]
    np.testing.assert_array_equal(last.U, descent.networks[1].U)
    assert (seen[0][2][1].U != last.U).any()


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"widths": 0}, "widths must be whole numbers >= 1; got"),
        ({"widths": 1.5}, "widths must be whole numbers >= 1; got"),
        ({"betas": [1.0, 0.0]}, "betas must be positive and finite; got"),
        ({"rates": np.nan}, "rates must be positive and finite; got"),
        ({"starts": -1}, "starts must be whole numbers >= 0; got"),
        ({"betas": [1.0, 2.0], "starts": [1, 2, 3]}, r"one length, or 1; got .*\(3,\)"),
        ({"betas": np.ones((2, 2))}, r"must be a number or a list; got \(2, 2\)"),
    ],
)
def test_grid_says_what_is_wrong_with_it(given, match):
    fine = {"widths": 3, "betas": 1.0, "rates": 1e-3, "starts": 0}
    with pytest.raises(ValueError, match=match):
        Grid(**(fine | given))


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"epochs": 0}, "epochs must be a whole number >= 1; got 0"),
        (
            {"checkpoint_every": 0},
            "checkpoint_every must be a whole number >= 1; got 0",
        ),
        ({"tolerance": -1.0}, "tolerance must be >= 0; got -1.0"),
        ({"precision": "half"}, "precision must be 'float64' or 'float32'; got 'half'"),
        ({"activation": "tanh"}, "activation must be 'relu' or 'linear'; got 'tanh'"),
        ({"outputs": "some"}, "outputs must be 'all' or 'row_space'; got 'some'"),
    ],
)
def test_settings_say_what_is_wrong_with_them(given, match):
    with pytest.raises(ValueError, match=match):
        Settings(**({"epochs": 5} | given))


def test_only_the_squared_loss_stays_in_the_row_space(problem):
    other = replace(problem, loss="huber")
    with pytest.raises(ValueError, match=r"needs the squared loss, .* got 'huber'"):
        run(other, settings(outputs="row_space"))


def test_a_saved_state_goes_on_with_the_same_bits(problem):
    states = []
    for way in ("straight", "detour"):
        epochs = make_epochs(problem)
        if way == "detour":
            state = epochs.save()
            for _ in range(5):
                epochs.advance()
            epochs.load(state)
        for _ in range(10):
            epochs.advance()
        states.append(epochs.save())
    for name, value in states[0].items():
        assert value.tobytes() == states[1][name].tobytes(), name


def make_epochs(problem):
    """Return the state of two trials at their start."""
    told = settings(patience=3)
    task = Task(problem, told, reduce_inputs(problem.X), Coordinates(problem.Y))
    rng = np.random.default_rng(0)
    weights = rng.standard_normal((2, 4, 2)), rng.standard_normal((2, 4, 3))
    rest, betas, rates = np.ones(2), np.full(2, 0.1), np.full(2, 1e-3)
    return Epochs(task, Start(*weights, rest, betas, rates))


def test_capturing_an_epoch_leaves_no_trace_of_its_warm_up(problem, monkeypatch):
    # A stand-in for CUDA: its graph runs nothing while it captures, then replays.
    class Graph:
        def replay(self):
            advance()

    class Capture:
        def __init__(self, graph):
            pass

        def __enter__(self):
            epochs.advance = lambda: None

        def __exit__(self, *error):
            epochs.advance = advance

    stream = SimpleNamespace(wait_stream=lambda other: None)
    cuda = SimpleNamespace(
        Stream=lambda: stream,
        current_stream=lambda: stream,
        stream=lambda side: torch.no_grad(),
        CUDAGraph=Graph,
        graph=Capture,
    )
    monkeypatch.setattr(torch, "cuda", cuda)
    plain, epochs = make_epochs(problem), make_epochs(problem)
    advance = epochs.advance
    epochs.U = OnCuda(epochs.U)
    step = epochs.stepper()
    for _ in range(4):
        step()
        plain.advance()
    assert epochs.U.numpy().tobytes() == plain.U.numpy().tobytes()
    assert epochs.rates.tolist() == plain.rates.tolist()


class OnCuda(torch.Tensor):
    """A tensor in the host's memory that calls itself one on a CUDA device."""

    @property
    def device(self):
        return torch.device("cuda")

    @staticmethod
    def __new__(cls, tensor):
        return torch.Tensor._make_subclass(cls, tensor)
