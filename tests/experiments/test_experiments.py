"""Experiments at toy size, their images, and results on disk."""

import json
import shutil
from dataclasses import dataclass, fields

import numpy as np
import pytest

import experiments
from experiments import Comparison, cached, store
from experiments.descents import descend_stably
from experiments.images import balanced, normalised, share_correct, white_images
from experiments.result import Result
from experiments.search import power_ascent
from experiments.whitened_tests import _divided
from lib.cone_pca import correlation, oracle
from lib.cone_pca.simplicial_cones import make_points
from lib.data import load_images
from lib.problem import Problem
from lib.sgd import Grid, Settings
from lib.svd import whiten

SINGLE = 1e-5
"""Products over 3072 pixels in single precision, relatively."""

TOY = {
    experiments.factorise_margin: {"n": 40, "tests": 30, "neurons": 50, "epochs": 1500},
    experiments.classify_spiral: {
        "points": 5,
        "betas": (0.1, 1.0, 100.0),
        "neurons": 30,
        "epochs": 400,
        "steps": 50,
        "shown": 0,
    },
    experiments.generate_images: {
        "betas": (20.0, 100.0),
        "neurons": 120,
        "epochs": 300,
        "tolerance": 1e-3,
    },
    experiments.descend_from_noise: {"beta": 5.0, "neurons": 40, "epochs": 90},
    experiments.explain_both: {
        "n": 40,
        "tests": 30,
        "neurons": 20,
        "epochs": 300,
        "ridges": (0.0, 1.0),
    },
    experiments.compare_activations: {
        "n": 40,
        "tests": 30,
        "betas": (1e-2, 10.0),
        "neurons": 60,
        "teacher": 50,
        "epochs": 600,
    },
    experiments.generalise_whitened: {
        "sizes": (20, 40),
        "ridges": (1e-2, 1.0),
        "tests": 60,
    },
    experiments.measure_complexity: {"sizes": ((4, 8), (4, 8, 16), (5, 8))},
    experiments.compare_ascents: {"samples": 20, "draws": 6, "starts": (1, 5, 40)},
    experiments.count_nodes: {"sizes": (8, 16)},
    experiments.count_questions: {"samples": (4, 6), "outputs": (1, 2)},
    experiments.measure_growth: {"sizes": (50, 200), "held_out": 30},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("results")


def run(experiment, folder, **options):
    return cached(experiment, folder=folder, **(TOY[experiment] | options))


@pytest.mark.parametrize("experiment", list(TOY), ids=lambda e: e.__name__)
def test_result_reloads_bit_for_bit_with_its_record(experiment, folder):
    first, again = run(experiment, folder), run(experiment, folder)
    assert again.found
    assert again.run == first.run
    for field in fields(first.result):
        one, other = (getattr(s.result, field.name) for s in (first, again))
        assert type(one) is type(other), field.name
        assert np.asarray(one).tobytes() == np.asarray(other).tobytes(), field.name
    assert first.run.parameters.get("seed", 0) == 0
    assert set(first.run.versions) >= {"numpy", "torch", "python"}
    assert first.run.seconds > 0


@pytest.mark.parametrize("experiment", list(TOY), ids=lambda e: e.__name__)
def test_table_is_tidy_and_left_beside_the_result(experiment, folder):
    table = run(experiment, folder).result.table()
    assert len({len(column) for column in table.values()}) == 1
    (path,) = folder.glob(f"{experiment.__name__}-*.csv")
    rows = path.read_text().splitlines()
    assert rows[0] == ",".join(table)
    assert len(rows) == 1 + len(next(iter(table.values())))


def test_no_checkpoint_is_left_after_a_run(folder):
    run(experiments.classify_spiral, folder)
    assert not [path for path in folder.iterdir() if path.is_dir()]


@pytest.mark.parametrize("demean", [False, True])
def test_closed_form_bounds_sgd_on_toy_images(demean, folder):
    result = run(experiments.factorise_margin, folder, demean=demean, n=20).result
    assert result.covered == (not demean)
    assert result.relative_gap <= 1e-9
    assert (result.objectives >= result.bound * (1 - 1e-12)).all()
    assert result.excess < 0.1
    # Theorem 2's value is p* where it covers the data, and far off where not.
    agrees = abs(result.linear_value / result.value - 1) < 1e-9
    assert agrees == (not demean)
    assert (np.diff(result.seconds) >= 0).all()


def test_all_four_methods_meet_on_a_toy_spiral(folder):
    result = run(experiments.classify_spiral, folder).result
    assert (result.relative_gap <= 1e-8).all()
    for method in ("sgd", "algorithm_1", "copositive"):
        assert (result.excess(method) > -1e-6).all()
    assert result.ours[-1] == 7.5  # 15 one-hot rows, beta above kappa
    assert result.regions.shape == (2, 121, 121)
    # The first point of each arm is the origin, so 12 of 15 have a hyperplane.
    assert result.cells == 24


def test_relaxation_lies_below_every_network_of_the_images(folder):
    result = run(experiments.generate_images, folder).result
    assert (result.bound <= result.relaxed).all()
    assert (result.bound <= result.upper).all()
    assert (result.sgd < result.start).all()
    assert result.sgd[1] == pytest.approx(result.relaxed[1], rel=1e-2)
    assert result.images.shape == (3, 2, 10, 28, 28, 1)
    assert (result.images[1:, 1] == 0).all()  # beta above kappa: black
    # A trimmed network costs less by at least what is idle.
    assert (result.trimmed <= (result.sgd - result.idle) * (1 + 1e-12)).all()
    assert (result.idle > 0).all()


@pytest.mark.slow
def test_what_decays_alone_decays_at_the_rate_of_the_heavy_ball(folder):
    # 784 inputs, 100 samples: Kaiming's uniform weights have variance 2/784. At beta
    # = 20 nothing is left, so this is a smaller one. The law is that of gradient flow
    # for rate epochs / (1 - momentum); momentum starts at 0, so it lags by about
    # 1 / (1 - momentum) epochs of 300, and the draw of 120 x 684 weights adds 1 %.
    options = {"betas": (0.5,)}
    result = run(experiments.generate_images, folder, **options).result
    start = 0.5 * 0.5 * 120 * 684 * 2 / 784
    lag = 2 * 0.5 * 2e-4 * 20 / (1 - 0.95)
    assert result.idle[0] == pytest.approx(start * result.decay[0] ** 2, rel=0.01 + lag)


def test_a_longer_descent_is_the_same_descent_and_keeps_its_curve(folder):
    options = {"beta": 20.0, "neurons": 120, "epochs": 300, "rate": 2e-4}
    options |= {"outputs": "row_space"}
    longer = run(experiments.descend_from_noise, folder, **options).result
    short = run(experiments.generate_images, folder).result
    # Single precision in batches of different size.
    assert longer.final == pytest.approx(short.sgd[0], rel=1e-4)
    assert longer.trimmed == pytest.approx(short.trimmed[0], rel=1e-4)
    assert longer.travel[-1] == pytest.approx(2e-4 * 300)
    assert len(longer.objectives) == len(longer.epochs) > 100
    assert longer.objectives[-1] == pytest.approx(longer.final, rel=1e-5)
    assert longer.bound <= longer.relaxed <= longer.trimmed <= longer.final


def test_a_plain_start_pays_for_idle_outputs_and_a_projected_one_does_not(folder):
    # 784 outputs, rank 100, 120 neurons: (c - rank Y)(1 - n/m) = 114 of 684 are free.
    options = {"beta": 0.5, "neurons": 120, "epochs": 300, "rate": 2e-4}
    plain, projected = (
        run(experiments.descend_from_noise, folder, outputs=o, **options).result
        for o in ("all", "row_space")
    )
    # What is off the row space costs at least its decay, and trimming removes it.
    saved = plain.idle + plain.idle_outputs
    assert plain.trimmed <= (plain.final - saved) * (1 + 1e-12)
    left = np.exp(-2 * 0.5 * 2e-4 * 300 / (1 - 0.95))
    assert plain.idle_outputs_law == pytest.approx(0.5 * 684 * (1 - 100 / 120) * left)
    assert plain.idle_outputs > plain.idle_outputs_law > 0  # not all has settled yet
    assert projected.idle_outputs < 1e-6 * plain.idle_outputs
    assert projected.idle_outputs_law == 0
    assert plain.idle_law == projected.idle_law
    assert plain.bound <= projected.trimmed


def test_without_a_ridge_the_formula_is_the_closed_form_and_sgd_meets_it(folder):
    result = run(experiments.explain_both, folder).result
    margin = experiments.factorise_margin(
        "cifar10", n=40, tests=30, neurons=1, epochs=1, points=1
    )
    assert result.stated[0] == pytest.approx(margin.value, rel=1e-9)
    assert result.stated_accuracy[0] == margin.closed_test_accuracy
    assert result.disagreement[0] < 0.02


@pytest.mark.parametrize("demean", [True, False])
def test_networks_are_zero_above_kappa_and_no_linear_one_beats_its_optimum(
    demean, folder
):
    result = run(experiments.compare_activations, folder, demean=demean).result
    assert result.kappa_low <= result.kappa < 10
    assert result.train[:, 1] == pytest.approx(result.zero_train, rel=1e-3)
    assert (result.objective[1] >= result.linear_value * (1 - 1e-5)).all()
    assert result.train[1, 0] < result.zero_train
    assert result.train[1].min() >= result.unreached * (1 - 1e-9)
    assert (result.unreached > 0.01 * result.zero_train) == demean
    ratio, _, plateau = result.comparisons()
    assert ratio.printed == pytest.approx(0.5028, abs=1e-4)
    assert plateau.agrees  # beta = 10


def test_test_images_are_predicted_without_training_as_stated(folder):
    result = run(experiments.compare_activations, folder, demean=False).result
    images = white_images("cifar10", demean=False, n=40, tests=30)
    rng = np.random.default_rng(0)
    U = rng.uniform(-1, 1, (50, 3072)) / np.sqrt(3072)
    V = rng.uniform(-1, 1, (50, 10)) / np.sqrt(50)
    shares = images.test.astype(float) @ images.inverse  # rows: z^T X^T
    held_out = np.maximum(shares @ images.X @ U.T, 0) @ V
    Y = np.maximum(images.X @ U.T, 0) @ V
    rest = held_out - np.linalg.norm(shares, axis=1)[:, None] * Y.mean(axis=0)
    rel = 1e3 * SINGLE  # differences of answers in single precision
    assert result.length_test == pytest.approx(np.vdot(rest, rest) / 2, rel=rel)
    rest = rest - shares @ (Y - Y.mean(axis=0))
    assert result.both_test == pytest.approx(np.vdot(rest, rest) / 2, rel=rel)
    assert (result.objective[0] >= result.relu_bound * (1 - 1e-9)).all()


def test_class_sums_test_as_the_closed_form_does(folder):
    result = run(experiments.generalise_whitened, folder).result
    margin = experiments.factorise_margin(
        "cifar10", n=40, tests=60, neurons=1, epochs=1, points=1
    )
    assert result.size_accuracy[-1] == margin.closed_test_accuracy
    assert result.size_length.shape == (2,)
    assert (result.ridge_fit <= 1).all()
    # A vanishing ridge is exact ZCA; 1e-9 stays above rounding.
    tiny = run(experiments.generalise_whitened, folder, ridges=(1e-9,)).result
    assert tiny.ridge_accuracy[0] == result.size_accuracy[-1]
    assert tiny.ridge_fit[0] == 1.0


@pytest.mark.parametrize("n", [4, 9])
def test_statistics_of_few_and_of_many_images_divide_alike(n):
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((n, 6))
    sums = rows.T @ rng.standard_normal((n, 2))
    expected = np.linalg.pinv(rows.T @ rows) @ sums
    # Condition numbers of some hundred, squared.
    np.testing.assert_allclose(_divided(rows, sums), expected, rtol=1e-9, atol=1e-12)


def test_counted_cells_are_those_of_points_in_general_position(folder):
    result = run(experiments.measure_complexity, folder).result
    np.testing.assert_array_equal(result.cells, result.generic)
    assert (result.cells <= result.printed).all()
    assert result.slope("cells", 2) == pytest.approx(1.0)
    assert np.isnan(result.nodes[result.r <= 2]).all()
    assert (result.nodes[result.r == 3] > 0).all()


def test_ascents_reach_at_most_kappa_and_more_starts_more(folder):
    result = run(experiments.compare_ascents, folder).result
    for reached in (result.power, result.climbs):
        # The oracle's own climbs are precise to rounding, its bound to 1e-10.
        assert (reached <= 1 + result.slack[:, None]).all()
        assert (np.diff(reached, axis=1) >= 0).all()
    assert (result.slack < 1e-9).all()
    assert result.misses("power", 1e-3)[0] > 0
    assert result.misses("climbs", 1e-3)[-1] == 0  # 40 climbs, 382 cells
    # The draw that is kept is the one that power ascent missed most.
    assert result.X.shape == (20, 3)
    top = oracle(result.X, result.Z).value
    U = np.eye(3)
    assert power_ascent(result.X, result.Z, U).max() <= top * (1 + 1e-12)


def test_power_ascent_of_a_linear_network_finds_its_top_eigenvector():
    # Positive data on the orthant are linear there, and the top is inside.
    rng = np.random.default_rng(0)
    X, Z = rng.uniform(1, 2, (8, 3)), rng.uniform(1, 2, (8, 2))
    start = np.ones((1, 3)) / np.sqrt(3)
    (reached,) = power_ascent(X, Z, start)
    assert reached == pytest.approx(np.linalg.norm(Z.T @ X, 2), rel=1e-12)


def test_power_ascent_stays_where_nothing_is_active():
    X, Z = np.eye(2), np.ones((2, 1))
    start = -np.ones((1, 2)) / np.sqrt(2)
    assert power_ascent(X, Z, start).tolist() == [0.0]


def test_bounds_of_shrinking_cones_close_in_on_their_middle_ray():
    rng = np.random.default_rng(0)
    points = make_points(rng.standard_normal((30, 3)), rng.standard_normal((30, 2)))
    sampled, bounds = experiments.shrink_cone(points, (1.0, 0.1, 1e-6), rng)
    assert (sampled <= bounds * (1 + 1e-12)).all()
    middle = np.ones((1, 3)) / np.sqrt(3)
    (value,) = correlation(points.X, points.Z, middle)
    assert sampled[-1] == pytest.approx(value, rel=1e-5)  # ten times the width
    assert bounds[-1] == pytest.approx(value, rel=1e-5)


def test_searches_are_counted_beside_the_cells(folder):
    result = run(experiments.count_nodes, folder).result
    assert result.cells.tolist() == [8 * 7 + 2, 16 * 15 + 2]
    assert (result.random > 0).all()
    assert (result.residual >= result.neurons).all()  # each is looked at


def test_questions_are_counted_for_all_pairs_and_stay_below_the_guarantee(folder):
    result = run(experiments.count_questions, folder).result
    assert (result.n * result.c).tolist() == [4, 8, 6, 12]
    for name in ("centre", "linear", "kelley", "bundle", "frank_wolfe"):
        counts = getattr(result, name)
        assert (counts >= 1).all()
        assert (counts < result.guaranteed).all()


def test_the_guarantee_of_centroids_is_the_logarithm_of_a_ratio_of_volumes():
    problem = Problem(np.eye(2), [3.0, 4.0], 1.0)
    # A ball of radius 5 shrinks by (1 - 1/e) each time to one of radius 1 / 2000.
    shares = (1 - np.exp(-1)) ** experiments.centroid_questions(problem, 1e-3)
    assert shares == pytest.approx((1 / 2000 / 5) ** 2, rel=1e-12)


def test_growth_is_certified_at_every_size(folder):
    result = run(experiments.measure_growth, folder).result
    np.testing.assert_array_equal(result.n, [50, 200])
    assert (result.relative_gap <= 1e-4).all()
    # An average of n squares can fall below its mean of 0.01 by chance only.
    assert (result.train_error > 0.5 * result.noise).all()
    assert (np.diff(result.memory) >= 0).all()


@pytest.mark.parametrize("demean", [False, True])
def test_qr_whitening_sends_test_images_where_zca_does(demean):
    images = white_images("cifar10", demean=demean, n=40, tests=20)
    packs = (load_images(f"cifar10_{name}") for name in ("train_3000", "test_10000"))
    train, test = packs
    X, T = normalised(balanced(train, 40).images, test.images[:20])
    zca = whiten(X, demean=demean)
    gram = np.eye(40) - (1 / 40 if demean else 0)
    np.testing.assert_allclose(images.X @ images.X.T, gram, atol=1e-12)
    U = np.random.default_rng(0).standard_normal((5, X.shape[1]))
    expected = zca.apply(T) @ zca.X.T @ zca.X @ U.T
    found = images.test_hidden(U @ zca.X.T)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found, expected, atol=SINGLE * scale)


def test_white_images_refuse_sizes_that_are_not_balanced():
    with pytest.raises(ValueError, match="10 classes up to 3000; got 7"):
        white_images("cifar10", demean=False, n=7, tests=1)


def test_unknown_data_are_a_clear_error():
    with pytest.raises(ValueError, match="dataset must be 'mnist' or 'cifar10'"):
        experiments.generate_images("letters")
    with pytest.raises(ValueError, match="There is no image pack 'svhn_train_3000'"):
        experiments.factorise_margin("svhn")


def test_correct_are_rows_whose_largest_entry_is_their_label():
    outputs = np.array([[1.0, 0.0], [0.2, 0.3], [2.0, 1.0]])
    assert share_correct(outputs, np.array([0, 1, 1])) == pytest.approx(2 / 3)


def test_a_diverging_trial_is_run_again_at_half_the_rate_others_are_not():
    rng = np.random.default_rng(0)
    problem = Problem(rng.standard_normal((8, 2)), rng.standard_normal((8, 2)), 0.1)
    grid, settings = Grid(6, 0.1, [1e-3, 10.0], 0), Settings(200, points=10)
    run, rates = descend_stably(problem, grid, settings, 0)
    assert not run.diverged.any()
    assert rates[0] == 1e-3
    assert np.log2(10.0 / rates[1]) == int(np.log2(10.0 / rates[1])) > 0
    assert run.objectives.shape == (2, 2)


@dataclass(frozen=True, eq=False)
class Small(Result):
    """A result with every kind of field."""

    numbers: np.ndarray
    word: str
    count: int
    share: float
    yes: bool


SMALL = Small(np.array([0.1, np.nan, -0.0]), "beta", 3, 0.1, True)


def test_every_kind_of_field_survives(tmp_path):
    store.save_result(tmp_path / "x.npz", SMALL)
    again = store.load_result(Small, tmp_path / "x.npz")
    assert again.numbers.tobytes() == SMALL.numbers.tobytes()
    assert (again.word, again.count, again.share, again.yes) == ("beta", 3, 0.1, True)
    assert type(again.yes) is bool


def test_a_table_has_the_columns_named_or_all_that_are_flat():
    @dataclass(frozen=True, eq=False)
    class Named(Small):
        COLUMNS = ("count", "numbers")

    assert SMALL.table() == {"numbers": SMALL.numbers}
    named = Named(**vars(SMALL)).table()
    assert named == {"count": 3, "numbers": SMALL.numbers}
    assert SMALL.comparisons() == ()


def test_objects_are_refused_since_only_pickle_could_keep_them(tmp_path):
    odd = Small(np.array([object()]), "", 0, 0.0, False)
    with pytest.raises(TypeError, match="must be arrays or plain values; got numbers"):
        store.save_result(tmp_path / "x.npz", odd)


def test_a_damaged_or_foreign_result_is_a_clear_error(tmp_path):
    path = tmp_path / "x.npz"
    store.save_result(path, SMALL)
    with pytest.raises(ValueError, match="must hold the fields of Comparison"):
        store.load_result(Comparison, path)
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(ValueError, match=r"must be a whole \.npz file"):
        store.load_result(Small, path)


def test_a_damaged_file_in_the_cache_is_made_again(tmp_path):
    first = run(experiments.measure_complexity, tmp_path)
    (path,) = tmp_path.glob("*.npz")
    path.write_bytes(path.read_bytes()[:-50])
    again = run(experiments.measure_complexity, tmp_path)
    assert not again.found
    np.testing.assert_array_equal(again.result.cells, first.result.cells)
    record = path.with_suffix(".json")
    record.write_text("{")
    assert not run(experiments.measure_complexity, tmp_path).found
    assert json.loads(record.read_text())["key"] == first.run.key


def test_key_depends_on_parameters_and_code(monkeypatch, tmp_path):
    experiment = experiments.measure_complexity
    key = store._key(experiment, {"seed": 0})
    assert key == store._key(experiment, {"seed": 0})
    assert key != store._key(experiment, {"seed": 1})
    changed = tmp_path / "complexity.py"
    changed.write_text("# other code\n")
    real = store.sources_of
    monkeypatch.setattr(store, "sources_of", lambda m: [*real(m)[1:], changed])
    assert key != store._key(experiment, {"seed": 0})


def sources(experiment):
    """Return the files that a key follows, from the root on."""
    found = store.sources_of(experiment.__module__)
    return {str(path.relative_to(store.ROOT)) for path in found}


def test_sources_reach_through_packages_to_what_they_import():
    names = sources(experiments.classify_spiral)
    # descents imports lib.sgd, whose package imports epochs; solve imports fit.
    assert {"lib/sgd/epochs.py", "lib/master/fit.py", "lib/data/paper.py"} <= names
    assert not [name for name in names if name.startswith("tests")]


def test_sources_follow_the_experiments_own_modules_but_not_their_list():
    names = sources(experiments.compare_activations)
    shared = {"experiments/images.py", "experiments/descents.py"}
    assert shared | {"experiments/figure_5.py", "experiments/result.py"} <= names
    others = {"experiments/__init__.py", "experiments/figure_3.py"}
    assert not others & names


def test_a_change_in_a_shared_module_of_experiments_changes_the_key(
    tmp_path, monkeypatch
):
    for package in store.OURS:
        shutil.copytree(store.ROOT / package, tmp_path / package)
    monkeypatch.setattr(store, "ROOT", tmp_path)
    keys = {store._key(experiments.compare_activations, {})}
    for name in ("images.py", "descents.py", "figure_5.py"):
        path = tmp_path / "experiments" / name
        path.write_text(path.read_text() + "# a change\n")
        keys.add(store._key(experiments.compare_activations, {}))
    path = tmp_path / "experiments" / "figure_3.py"
    path.write_text(path.read_text() + "# a change elsewhere\n")
    keys.add(store._key(experiments.compare_activations, {}))
    assert len(keys) == 4


def test_an_experiment_outside_of_our_packages_is_refused(tmp_path):
    def experiment() -> Small:
        return SMALL

    with pytest.raises(ValueError, match="must be in a module of lib or experiments"):
        cached(experiment, folder=tmp_path)


def test_an_unknown_parameter_is_refused(tmp_path):
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        cached(experiments.measure_complexity, folder=tmp_path, colour="red")


def test_comparison_measures_the_relative_difference():
    near, far = Comparison("P", 114, 114, 0.0), Comparison("t", 2.0, 3.0, 0.1)
    assert (near.agrees, near.difference) == (True, 0.0)
    assert (far.agrees, far.difference) == (False, 0.5)
    assert Comparison("gap", 0.0, 1e-9, 1e-8).agrees
