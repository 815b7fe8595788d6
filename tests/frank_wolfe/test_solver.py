"""The solver on problems with a closed form, degenerate data, and its reports."""

import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController, threadpool_limits

from lib.certificate import beta_max, certify
from lib.cone_pca import oracle
from lib.cone_pca.branch_and_bound import branch_and_bound
from lib.data import gaussian_teacher
from lib.frank_wolfe import DEFAULT_TOLERANCE, solve
from lib.losses import Huber
from lib.problem import Problem, objective
from tests import problems

VALUE = 2 * DEFAULT_TOLERANCE
"""Relative error of a primal value whose certified gap is the default tolerance;
the factor leaves room for the rounding of the reference."""


random_problem = partial(problems.random_problem, n=12, c=3)


def assert_solved(problem, optimum=None):
    """Solve, check the proof against the problem, and return the solution."""
    solution = solve(problem)
    assert solution.converged
    assert solution.certificate.relative_gap <= DEFAULT_TOLERANCE
    assert solution.certificate.primal == objective(problem, solution.network)
    assert solution.network.U.shape[1] == problem.X.shape[1]
    if optimum is not None:
        assert solution.certificate.primal == pytest.approx(optimum, rel=VALUE, abs=0)
        assert solution.certificate.dual == pytest.approx(optimum, rel=VALUE, abs=0)
    return solution


def test_one_sample_has_a_closed_form():
    # F points along y: min_t 1/2 (t - |y|)^2 + beta t / |x|, |x| = 5, |y| = 13.
    beta = 10.0
    optimum = 0.5 * (beta / 5) ** 2 + beta / 5 * (13 - beta / 5)
    solution = assert_solved(Problem([[3.0, 4.0]], [[5.0, 12.0]], beta), optimum)
    assert solution.network.width == 1


def test_one_sample_one_output_one_input():
    assert_solved(Problem([[1.0]], [[2.0]], 1.0), 1.5)


@pytest.mark.parametrize("d", [1, 5])
def test_data_on_a_line_have_a_closed_form(d):
    # A neuron sees one half line; the halves do not overlap and each is a scalar
    # problem with |h| and s = |h^T Y|: 1/2 |Y|^2 - 1/2 ((s - beta)_+ / |h|)^2.
    rng = np.random.default_rng(0)
    line, Y = rng.standard_normal((9, 1)), rng.standard_normal((9, 2))
    beta, optimum = 0.2, 0.5 * np.vdot(Y, Y)
    for h in (np.maximum(line, 0), np.maximum(-line, 0)):
        gain = max(np.linalg.norm(h.T @ Y) - beta, 0.0)
        optimum -= 0.5 * gain**2 / np.vdot(h, h)
    axis = np.ones((1, d)) / np.sqrt(d)
    solution = assert_solved(Problem(line @ axis, Y, beta), optimum)
    assert solution.network.width == 2


def test_rank_two_data_in_seven_dimensions_reach_the_planar_optimum():
    planar = random_problem()
    basis = np.linalg.qr(np.random.default_rng(1).standard_normal((7, 2)))[0].T
    optimum = solve(planar).certificate.primal
    assert_solved(Problem(planar.X @ basis, planar.Y, planar.beta), optimum)


@pytest.mark.parametrize("share", [1.0, 1.5, 1e6])
def test_zero_network_is_optimal_from_beta_max_on(share):
    problem = random_problem(share=1.0)
    beyond = Problem(problem.X, problem.Y, share * problem.beta)
    solution = assert_solved(beyond, 0.5 * np.vdot(problem.Y, problem.Y))
    assert solution.network.width == 0
    assert len(solution.history) == 1


def test_zero_network_is_beaten_just_below_beta_max():
    problem = random_problem(share=0.999)
    solution = assert_solved(problem)
    assert solution.network.width > 0
    assert solution.certificate.primal < 0.5 * np.vdot(problem.Y, problem.Y)


def test_zero_data_are_answered_by_the_zero_network():
    solution = assert_solved(Problem(np.zeros((3, 2)), np.ones((3, 1)), 0.1), 1.5)
    assert solution.network.width == 0


def test_zero_targets_are_answered_by_the_zero_network():
    solution = assert_solved(Problem(np.eye(2), np.zeros((2, 1)), 0.1))
    assert solution.network.width == 0
    assert solution.certificate.primal == solution.certificate.dual == 0.0


def degenerate_inputs():
    """Return inputs of rank 2 that are anything but in general position."""
    rng = np.random.default_rng(3)
    X = rng.standard_normal((6, 2))
    lattice = np.array([[i, j] for i in (-1, 0, 1) for j in (-1, 0, 1)], dtype=float)
    return {
        "repeated": np.vstack([X, X, X]),
        "parallel": np.vstack([X, 2 * X, 3 * X]),
        "antiparallel": np.vstack([X, -X, -0.5 * X]),
        "zero rows": np.vstack([X, np.zeros((4, 2)), X]),
        "lattice": lattice,
        "bias": np.column_stack([np.linspace(-1, 1, 11), np.ones(11)]),
        "two points": np.eye(2),
        "short axis": X * [1.0, 1e-6],
    }


@pytest.mark.parametrize("name", sorted(degenerate_inputs()))
@pytest.mark.parametrize("c", [1, 3])
def test_degenerate_inputs_are_solved(name, c):
    X = degenerate_inputs()[name]
    Y = np.random.default_rng(4).standard_normal((len(X), c))
    assert_solved(Problem(X, Y, 0.1 * oracle(X, Y).value))


@pytest.mark.parametrize("x_scale", [1e-8, 1.0, 1e8])
@pytest.mark.parametrize("y_scale", [1e-8, 1.0, 1e8])
def test_scaling_data_and_beta_scales_the_optimum(x_scale, y_scale):
    # X -> a X, Y -> b Y, beta -> a b beta: p* -> b^2 p*.
    problem = random_problem()
    optimum = solve(problem).certificate.primal
    scaled = Problem(
        x_scale * problem.X, y_scale * problem.Y, x_scale * y_scale * problem.beta
    )
    assert_solved(scaled, y_scale**2 * optimum)


def test_history_falls_and_never_crosses_the_proved_bounds():
    solution = solve(random_problem(share=0.01))
    primal = np.array([entry.primal for entry in solution.history])
    dual = np.array([entry.dual for entry in solution.history])
    assert len(primal) > 2
    # Rounds that differ by rounding only may go up by as much.
    assert (np.diff(primal) <= 1e-12 * primal[:-1]).all()
    assert dual.max() <= primal.min() * (1 + 1e-12)


def test_history_starts_from_the_zero_network():
    problem = random_problem()
    first = solve(problem).history[0]
    assert first.primal == 0.5 * np.vdot(problem.Y, problem.Y)
    assert first.size == 0
    assert first.kappa == oracle(problem.X, problem.Y).value


def test_progress_is_called_with_each_round():
    seen = []
    solution = solve(random_problem(), progress=seen.append)
    assert seen == list(solution.history)


def test_network_is_balanced_and_has_no_dead_neuron():
    network = solve(random_problem()).network
    inputs = np.linalg.norm(network.U, axis=1)
    np.testing.assert_allclose(inputs, np.linalg.norm(network.V, axis=1), rtol=1e-12)
    assert inputs.min() > 0


def test_certificate_is_what_certify_says_of_the_network():
    problem = random_problem()
    solution = solve(problem)
    again = certify(problem, solution.network)
    assert again.primal == solution.certificate.primal
    assert again.dual == solution.certificate.dual


def test_converged_solution_says_so():
    solution = solve(random_problem())
    assert solution.status == "The relative gap reached the tolerance."


def test_round_limit_is_a_status_and_leaves_a_valid_certificate():
    problem = random_problem(share=0.01)
    solution = solve(problem, rounds=2)
    assert not solution.converged
    assert solution.status == "The limit of 2 rounds was reached."
    assert len(solution.history) == 2
    optimum = solve(problem).certificate.primal
    assert solution.certificate.dual <= optimum <= solution.certificate.primal


@pytest.mark.parametrize("seconds", [1e-3, 0.2])
def test_time_limit_is_a_status_and_leaves_the_best_proof(seconds):
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((60, 5)), rng.standard_normal((60, 2))
    solution = solve(Problem(X, Y, 0.1), seconds=seconds)
    assert not solution.converged
    assert solution.status == f"The limit of {seconds:g} s was reached."
    proved = max(entry.dual for entry in solution.history)
    assert solution.certificate.dual >= proved * (1 - 1e-12)  # the units' rounding
    assert solution.certificate.dual <= solution.certificate.primal


@pytest.mark.parametrize("seconds", [0, -1.0, float("nan"), "1", True, None])
def test_time_that_is_no_positive_number_is_refused(seconds):
    with pytest.raises(ValueError, match="seconds must be a positive number"):
        solve(Problem(np.eye(2), np.eye(2), 0.1), seconds=seconds)


@pytest.mark.parametrize("seed", [0, 7, 25])
def test_certify_proves_of_the_network_what_solve_proved(seed):
    # Optimal only up to the root of the value's rounding before it is polished.
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((25, 2))
    teacher = rng.standard_normal((100, 2)), rng.standard_normal((100, 5))
    problem = Problem(X, np.maximum(X @ teacher[0].T, 0) @ teacher[1], 0.1)
    solution = solve(problem)
    assert solution.certificate.relative_gap <= 1e-9
    assert certify(problem, solution.network).relative_gap <= 1e-8


def test_tolerance_below_rounding_is_a_status_and_not_an_endless_loop():
    solution = solve(random_problem(share=0.01), tolerance=1e-300)
    assert not solution.converged
    assert solution.status in (
        "The round improved neither value nor gap.",
        "No neuron improves the network any more.",
    )
    assert solution.certificate.relative_gap <= DEFAULT_TOLERANCE


def test_rounds_are_proved_when_climbs_find_little_as_accurately_as_it_needs(
    monkeypatch,
):
    proofs = []

    def counted(*told):
        proofs.append(told[2].tolerance)
        return branch_and_bound(*told)

    monkeypatch.setattr("lib.cone_pca.kappa.branch_and_bound", counted)
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((30, 4)), rng.standard_normal((30, 3))
    beta = 0.02 * beta_max(Problem(X, Y, 1.0)).value
    proofs.clear()
    seen = []
    solution = solve(Problem(X, Y, beta), progress=lambda _: seen.append(len(proofs)))
    assert solution.converged
    assert seen[4] == 0  # climbs found neurons enough
    assert seen[-1] > 0
    assert proofs[0] > 1e-3  # as accurate as the gap needs it
    assert proofs[-1] <= DEFAULT_TOLERANCE


def test_an_oracle_that_is_not_ours_is_asked_as_it_is():
    class Foreign:
        def __init__(self, X):
            self.X, self.asked = X, 0

        def __call__(self, Z):
            self.asked += 1
            return oracle(self.X, Z)

    problem = random_problem(share=0.1, r=3)
    asked = Foreign(problem.X)
    own, other = solve(problem), solve(problem, bound=asked)
    assert own.converged
    assert other.converged
    assert asked.asked >= len(other.history)
    assert other.certificate.primal == pytest.approx(own.certificate.primal, rel=VALUE)


def test_blas_works_on_one_thread_and_gets_its_threads_back():
    def threads():
        pools = ThreadpoolController().select(user_api="blas").info()
        return {pool["num_threads"] for pool in pools}

    inside = []
    with threadpool_limits(2, user_api="blas"):
        if max(threads()) < 2:
            # OpenBLAS makes no more threads than there are cores: nothing to limit.
            pytest.skip("BLAS has one thread here")
        solve(random_problem(share=0.1), progress=lambda _: inside.append(threads()))
        assert max(threads()) == 2
    assert inside
    assert all(found == {1} for found in inside)


def test_looser_tolerance_stops_earlier():
    problem = random_problem(share=0.01)
    loose = solve(problem, tolerance=0.1)
    assert loose.converged
    assert len(loose.history) < len(solve(problem).history)


@pytest.mark.parametrize("options", [{"tolerance": 0.0}, {"rounds": 0}])
def test_solve_refuses_options_that_allow_no_work(options):
    message = r"solve needs tolerance > 0 and rounds >= 1; got tolerance = .*rounds = "
    with pytest.raises(ValueError, match=message):
        solve(random_problem(), **options)


def test_two_runs_give_the_same_bits():
    X, Y = gaussian_teacher(25, 2, 5, 100, np.random.default_rng(0), init="torch")
    first, second = (solve(Problem(X, Y, 0.01)) for _ in range(2))
    assert first.network.U.tobytes() == second.network.U.tobytes()
    assert first.network.V.tobytes() == second.network.V.tobytes()
    rounds = [[vars(entry) for entry in run.history] for run in (first, second)]
    assert rounds[0] == rounds[1]


DIGEST = """
import hashlib, numpy as np
from lib.data import spiral
from lib.frank_wolfe import solve
from lib.problem import Problem
network = solve(Problem(*spiral(20, np.random.default_rng(0)), 0.1)).network
print(hashlib.sha256(network.U.tobytes() + network.V.tobytes()).hexdigest())
"""


def test_two_processes_give_the_same_bits():
    digests = {
        subprocess.run(
            [sys.executable, "-c", DIGEST], capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    }
    assert len(digests) == 1
    assert len(digests.pop().strip()) == 64


def wide_teacher(seed):
    """Return 25 samples of a teacher with 100 neurons and 5 outputs."""
    rng = np.random.default_rng(seed)
    X, U = rng.standard_normal((25, 2)), rng.standard_normal((100, 2))
    return X, np.maximum(X @ U.T, 0.0) @ rng.standard_normal((100, 5))


def three_spirals(seed):
    """Return CS231n's spirals, 20 samples a class, one-hot."""
    rng = np.random.default_rng(seed)
    radius, parts = np.linspace(0, 1, 20), []
    for k in range(3):
        angle = np.linspace(4 * k, 4 * (k + 1), 20) + 0.2 * rng.standard_normal(20)
        parts.append(np.column_stack([radius * np.sin(angle), radius * np.cos(angle)]))
    return np.vstack(parts), np.repeat(np.eye(3), 20, axis=0)


@pytest.mark.parametrize(
    ("data", "seed", "beta"),
    [
        # Corrected neurons rest above the optimum in each of these.
        (wide_teacher, 25, 0.01),
        (wide_teacher, 12, 0.01),
        (three_spirals, 12, 3e-3),
        (three_spirals, 8, 1e-4),
    ],
)
def test_where_corrected_neurons_rest_the_convex_master_goes_on(data, seed, beta):
    X, Y = data(seed)
    problem = Problem(X, Y, beta)
    solution = solve(problem)
    assert solution.converged, solution.status
    duals = [entry.dual for entry in solution.history]
    assert duals == sorted(duals)
    again = certify(problem, solution.network)
    assert again.primal == solution.certificate.primal
    assert again.relative_gap <= 1e-6


@pytest.mark.parametrize("size", [1e3, 1e6, 1e12])
def test_a_loss_that_is_straight_at_the_optimum_is_no_breakdown(size):
    # Far outside of its quadratic zone Huber's loss has no curvature at all. Each
    # sample wants a neuron of its own, so that p* is three times the optimum of one.
    problem = Problem(np.eye(3), size * np.eye(3), 0.1, loss=Huber(0.3))
    single = Problem([[1.0]], [[size]], 0.1, loss=Huber(0.3))
    proof, alone = solve(problem).certificate, solve(single).certificate
    assert proof.relative_gap <= 1e-9
    np.testing.assert_allclose(proof.primal, 3 * alone.primal, rtol=1e-9)
