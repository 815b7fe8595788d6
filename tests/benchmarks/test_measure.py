"""Measurements are complete, in turns, and judged by the certificate."""

import json

import numpy as np
import pytest

from benchmarks import enumeration, maxima, measure, page, run
from benchmarks.problems import INSTANCES, Instance, Sizes, points, random_problem
from benchmarks.task import Answer, Effort, Method, StoppedError, Task, UnsolvedError
from lib.arrangements import generic_cell_count
from lib.cone_pca import Oracle
from lib.frank_wolfe import solve
from lib.problem import Network
from tools.book import REPOSITORY

OPTIMUM = 0.75
ZERO = Network.zero(2, 1)
ANSWER = Answer(ZERO, value=-1.0)
ZERO_VALUE = 1.0
"""Half the squared targets (1, -1)."""


@pytest.fixture
def scalar(scalar_problem, effort):
    return Task(scalar_problem, effort, 1.0)


def quiet(*words):
    """Say nothing."""


def test_methods_take_turns(scalar_problem):
    order = []
    methods = [
        Method(key, key, lambda task, key=key: order.append(key) or ANSWER)
        for key in "ab"
    ]
    effort = Effort(1, 1, 1, seconds=1.0, repeats=3, patience=60.0)
    measure.measure(methods, Task(scalar_problem, effort, 1.0), quiet)
    assert order == list("ababab")


def test_a_slow_method_is_not_repeated(scalar_problem):
    slow = Method("slow", "slow", lambda task: Answer(ZERO, seconds=100.0))
    effort = Effort(1, 1, 1, seconds=1.0, repeats=3, patience=60.0)
    (trial,) = measure.measure([slow], Task(scalar_problem, effort, 1.0), quiet)
    assert trial.seconds == [100.0]


def test_what_a_method_says_of_itself_is_not_believed(scalar):
    optimum = solve(scalar.problem).certificate
    boast = Method("boast", "boast", lambda task: ANSWER)
    (trial,) = measure.measure([boast], scalar, quiet)
    row = measure.judge(trial, scalar.problem, optimum)
    assert row["value"] == -1.0
    assert row["primal"] == ZERO_VALUE
    # The bound is within the solver's 1e-9 of p*.
    assert row["excess"] == pytest.approx(ZERO_VALUE / OPTIMUM - 1, rel=1e-8)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UnsolvedError("no"), "failed"),
        (StoppedError("no"), "stopped"),
        (NotImplementedError("no"), "failed"),
    ],
)
def test_a_failure_is_a_result_with_its_reason(scalar, error, status):
    def fail(task):
        raise error

    (trial,) = measure.measure([Method("m", "m", fail)], scalar, quiet)
    optimum = solve(scalar.problem).certificate
    row = measure.judge(trial, scalar.problem, optimum)
    assert row == {"method": "m", "status": status, "reason": "no"}


def test_a_mistake_of_ours_is_not_taken_for_a_result(scalar):
    method = Method("m", "m", lambda task: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        measure.measure([method], scalar, quiet)


def test_a_package_that_is_missing_is_reported(scalar, nothing_installed):
    method = Method("m", "m", lambda task: ANSWER, package="copt")
    (trial,) = measure.measure([method], scalar, quiet)
    assert (trial.status, trial.answer) == ("not installed", None)
    assert "make rivals" in trial.reason


def test_ratios_are_to_ours():
    rows = [{"method": "ours", "seconds": 2.0}, {"method": "m", "seconds": 3.0}]
    assert [row["ratio"] for row in measure.with_ratios(rows)] == [1.0, 1.5]
    missing = [{"method": "ours", "status": "failed"}, rows[1]]
    assert measure.with_ratios(missing) == missing


def test_reach_asks_ours_for_what_algorithm_1_proved_and_reached(scalar):
    optimum = solve(scalar.problem).certificate
    trial = measure.Trial(Method("m", "m", quiet), seconds=[7.0])
    trial.answer = Answer(ZERO, value=2 * OPTIMUM, bound=0.5 * OPTIMUM)
    row = measure.reach(trial, scalar, optimum)
    assert row["gap"] == pytest.approx(0.75)
    assert row["excess"] == pytest.approx(1.0)
    assert row["ratio_gap"] == pytest.approx(7.0 / row["seconds_gap"])
    whole = row["seconds_cell_step"] * scalar.effort.steps
    assert row["ratio_cells"] == pytest.approx(whole / row["seconds_gap"])


@pytest.fixture(scope="module")
def small_results(vector_problem, effort):
    """A run of all methods on a tiny problem, nothing else being installed."""
    instances = [
        Instance("tiny", "a tiny problem", lambda: vector_problem),
        Instance("high", "rank 3", lambda: random_problem(4, 3, 1, 0.5)),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("benchmarks.environments.is_installed", lambda package: False)
        return run.results(instances, [Sizes(6, 2)], effort, [Sizes(6, 3)])


def filled(results):
    text = (REPOSITORY / f"{page.PAGE}.md").read_text(encoding="utf-8")
    return page.page(text, results)


def test_every_method_has_a_row_for_every_problem(small_results):
    keys = [method.key for method in run.METHODS]
    assert len(set(keys)) == len(keys)
    for problem in page.done(small_results):
        assert [row["method"] for row in problem["runs"]] == keys


def test_every_problem_is_judged_by_a_certified_optimum_rank_3_included(small_results):
    for problem in small_results["problems"]:
        assert problem["status"] == "done"
        assert 0 < problem["bound"] <= problem["optimum"] * (1 + 1e-12)  # rounding
        assert problem["optimum"] - problem["bound"] <= 1e-8 * problem["optimum"]


def test_results_are_plain_json(small_results):
    text = json.dumps(small_results, allow_nan=False)
    assert json.loads(text) == small_results


def test_the_page_names_every_method_and_what_is_missing(small_results):
    text = filled(small_results)
    for method in run.METHODS:
        assert f"| {method.label} |" in text
    assert "not installed; the environment of copt is made by `make rivals`" in text
    assert "**rank 3**" in text or "| rank 3 |" in text
    assert "not applicable; it is for one output" in text
    assert "**SageMath**, 6x2: not installed" in text
    assert "| copt | not installed |" in text
    assert f"| processor | {small_results['machine']['processor']} |" in text


def test_tables_have_as_many_cells_in_every_row(small_results):
    for part in page.tables(small_results).values():
        rows = [line for line in part.splitlines() if line.startswith("|")]
        assert len({line.count("|") for line in rows}) <= 1


def test_the_figure_has_a_row_for_each_method_and_is_the_same_twice(small_results):
    picture = page.draw(small_results)
    assert picture == page.draw(small_results)
    assert picture.startswith("<?xml")
    assert set(page.collect(small_results, "excess")) == {
        method.label for method in run.METHODS
    }


def test_a_short_run_writes_numbers_table_and_figure(small_results, tmp_path):
    run.write(small_results, tmp_path)
    assert json.loads((tmp_path / "results.json").read_text()) == small_results
    assert "## Run time" in (tmp_path / "results.md").read_text()
    assert (tmp_path / "results.svg").is_file()


def test_a_part_measured_anew_takes_the_place_of_what_it_was(small_results):
    older = {"date": "2020-01-01"}
    stored = small_results | {"maxima": [m | older for m in small_results["maxima"]]}
    fresh = small_results | {"problems": [], "enumeration": []}
    assert run.renewed(stored, fresh) == small_results


def test_times_of_another_machine_do_not_stand_beside_these(
    small_results, tmp_path, capsys
):
    update = ["--update", "--only", "maxima", "--out", str(tmp_path)]
    other = small_results | {"machine": small_results["machine"] | {"cores": 4096}}
    for stored, told in ((None, "no results"), (other, "Measure all of them anew")):
        if stored:
            run.write(stored, tmp_path)
        with pytest.raises(SystemExit):  # at once: nothing was measured
            run.main(update)
        assert told in capsys.readouterr().err
    run.write(small_results, tmp_path)
    assert run.renewable(tmp_path) == small_results
    with pytest.raises(SystemExit):
        run.main([*update, "--quick"])
    assert "without --quick" in capsys.readouterr().err


def test_an_unknown_problem_is_refused_with_those_known(capsys):
    with pytest.raises(SystemExit):
        run.main(["--only", "no-such"])
    assert "teacher-torch" in capsys.readouterr().err


def test_instances_have_names_of_their_own_and_do_not_change():
    assert len({instance.key for instance in INSTANCES}) == len(INSTANCES)
    for instance in INSTANCES:
        first, second = instance.make(), instance.make()
        assert np.array_equal(first.X, second.X)
        assert np.array_equal(first.Y, second.Y)


def test_the_oracle_closes_its_gap_and_what_is_missing_is_named(
    nothing_installed, effort
):
    row = maxima.compare(Sizes(12, 3), effort)
    assert row["ours"]["status"] == "done"
    # What rounding may do is added to the bound once the tolerance is reached.
    assert 0 <= row["ours"]["gap"] <= maxima.TOLERANCE * (1 + 1e-4)
    assert {row[name]["status"] for name in maxima.RIVALS} == {"not installed"}
    words = page.columns(page.MAXIMA, [page._maxima(row | {"date": "2026-01-01"})])
    assert "12x3" in words
    assert words.count("not installed") == 2


@pytest.mark.parametrize(
    ("value", "bound", "status"),
    [
        (0.9, 1.1, "done"),
        (1.1, 1.2, "wrong"),
        (0.5, 0.9, "wrong"),
        (0.0, 2.0, "no bound"),
    ],
)
def test_an_answer_that_contradicts_the_oracle_is_called_wrong(
    monkeypatch, effort, value, bound, status
):
    sizes = Sizes(12, 3)
    kappa = Oracle(maxima.data(sizes)[0])(maxima.data(sizes)[1]).value
    answer = {"value": value * kappa, "bound": bound * kappa, "seconds": 1.0}
    monkeypatch.setattr("benchmarks.environments.is_installed", lambda name: True)
    monkeypatch.setattr(maxima, "call", lambda *told: answer)
    row = maxima.compare(sizes, effort)["scip"]
    assert row["status"] == status
    if status == "done":
        assert row["gap"] == pytest.approx(1.1 / 0.9 - 1)


def test_cells_are_counted_and_what_is_missing_is_named(nothing_installed, effort):
    row = enumeration.compare(Sizes(8, 3), effort)
    assert row["cells"] == generic_cell_count(8, 3)
    assert row["status"] == "not installed"


def test_both_counts_agree_where_sage_is_installed(effort):
    row = enumeration.compare(Sizes(6, 2), effort)
    if row["status"] == "not installed":
        pytest.skip("passagemath is not installed: make rivals")
    assert row["cells_exact"] == row["cells"] == generic_cell_count(6, 2)


def test_points_are_short_fractions():
    X = points(Sizes(5, 3)) * 1024
    assert np.array_equal(X, np.round(X))


@pytest.mark.parametrize(
    ("share", "words"),
    [(14.88, "1488 %"), (0.035, "3.5 %"), (2e-13, "2e-13"), (-1e-16, "0")],
)
def test_small_quantities_are_written_shortly(share, words):
    assert page.small(share) == words


def test_the_page_shows_steps_cell_by_cell_once_they_are_measured(small_results):
    text = filled(small_results)
    assert "As printed, Algorithm 1 solves cone-constrained PCA" in text
    assert text.count("| a step |") == 1
    for problem in page.done(small_results):
        step = 1e3 * problem["reach"]["seconds_cell_step"]
        assert f"| {problem['label']} | {step:.3g} ms |" in text


def test_a_run_that_did_not_measure_them_shows_none(small_results):
    problems = [problem | {"reach": None} for problem in small_results["problems"]]
    assert " ms |" not in filled(small_results | {"problems": problems})
