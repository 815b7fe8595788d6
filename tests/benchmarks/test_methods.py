"""Each method's network reaches an optimum that is known without any solver."""

import cvxpy as cp
import numpy as np
import pytest

from benchmarks import convex, environments, frank_wolfe, packages
from benchmarks.task import StoppedError, Task, UnsolvedError
from lib.arrangements import enumerate_cells
from lib.problem import Problem, objective

OPTIMUM = 0.75

FIRST_ORDER = 8 / 2000
"""What theory leaves to Frank-Wolfe: ``8 t^2 sigma^2 / k``, here ``t = sigma = 1``."""

TOLERANCES = {
    "ours": 1e-9,  # the gap it is asked for
    "algorithm-1": FIRST_ORDER,
    "bisection": 10 * FIRST_ORDER,  # each radius has a tenth of the steps
    "copt": FIRST_ORDER,
    "pyscnn-al": 4e-3,  # stops at gradients of 1e-3, of the objective over n c <= 4
    "pyscnn-scs": 1e-3,  # SCS's default accuracy is 1e-4
    "dual-grid": 1e-6,  # the grid contains both neurons; Clarabel asks 1e-8
    "copositive-rays-clarabel": 1e-4,  # the square root of Clarabel's 1e-8
    "copositive-rays-scs": 1e-2,  # the square root of SCS's 1e-4
    "copositive-printed-clarabel": 1e-4,
    "copositive-printed-scs": 1e-2,
    "scalar": 1e-6,
}
METHODS = (*frank_wolfe.METHODS, *packages.METHODS, *convex.METHODS)


def each(methods):
    return pytest.mark.parametrize("method", methods, ids=lambda m: m.key)


@each(METHODS)
def test_network_reaches_the_known_optimum(method, task):
    if method.objection(task.problem):
        pytest.skip(method.objection(task.problem))
    if method.package and not environments.is_installed(method.package):
        pytest.skip(f"{method.package} is not installed: make rivals")
    if method.key == "pyscnn-al" and task.problem.shape[2] > 1:
        pytest.skip("half a minute; pyscnn-scs has the same conversion")
    value = objective(task.problem, method.run(task).network)
    assert value >= OPTIMUM * (1 - 1e-12)  # but for rounding, nothing is below p*
    assert value <= OPTIMUM + TOLERANCES[method.key]


@each([m for m in METHODS if not m.package])
def test_value_is_that_of_the_network(method, task):
    if method.objection(task.problem):
        pytest.skip(method.objection(task.problem))
    answer = method.run(task)
    value = objective(task.problem, answer.network)
    assert answer.value == pytest.approx(value, abs=TOLERANCES[method.key])


@pytest.fixture
def random_problem():
    rng = np.random.default_rng(4)
    return Problem(rng.standard_normal((6, 2)), rng.standard_normal((6, 2)), 0.1)


def test_copositive_forms_agree_with_ours_on_random_data(random_problem, effort):
    task = Task(random_problem, effort, 1.0)
    ours = frank_wolfe.ours(task).value
    for on_rays in (True, False):
        answer = convex.copositive(task, on_rays=on_rays, solver="CLARABEL")
        assert answer.value == pytest.approx(ours, rel=1e-5)
        value = objective(random_problem, answer.network)
        assert value == pytest.approx(ours, rel=1e-4)


def test_network_of_blocks_costs_no_more_than_the_copositive_objective(random_problem):
    problem, rng = random_problem, np.random.default_rng(5)
    cells = convex.sectors(problem.X)
    factors = cells.rays @ rng.uniform(size=cells.rays.shape)  # in the cells
    grams = factors @ factors.transpose(0, 2, 1)
    lifted = [D[:, None] * problem.X for D in cells.patterns]
    M = np.eye(6) + 2 * sum(H @ U @ H.T for H, U in zip(lifted, grams, strict=True))
    printed = 0.5 * np.trace(problem.Y.T @ np.linalg.solve(M, problem.Y))
    printed += problem.beta**2 * np.trace(grams.sum(axis=0))
    network = convex.network_of_grams(problem, problem.X, cells.rays, grams)
    # Balancing both layers, which comes last, can only lower it.
    assert objective(problem, network) <= printed * (1 + 1e-12)


def test_sectors_are_the_cells_and_their_rays_bound_them():
    X = np.random.default_rng(6).standard_normal((7, 2))
    cells = convex.sectors(X)
    found = {row.tobytes() for row in cells.patterns}
    assert found == {row.tobytes() for row in enumerate_cells(X).patterns}
    signs = 2.0 * cells.patterns - 1
    height = signs[:, :, None] * (X @ cells.rays)
    assert height.min() >= -1e-12  # rays lie on walls, up to rounding
    assert (np.sort(np.abs(height), axis=1)[:, 0] <= 1e-12).all()


def test_products_are_those_of_the_symmetric_matrix():
    rows = np.random.default_rng(7).standard_normal((4, 2))
    s = np.array([2.0, -1.0, 3.0])
    S = s[[[0, 1], [1, 2]]]
    full = rows @ S @ rows.T
    upper = full[np.triu_indices(4)]
    assert np.allclose(convex.symmetric_products(rows) @ s, upper)
    assert np.allclose(convex._square(rows) @ s, full.ravel())
    assert convex._trace(rows) @ s == pytest.approx(np.trace(full))


@pytest.mark.parametrize(
    "S", [[[4, 2], [2, 3]], [[0, 0], [0, 5]], [[1, 1], [1, 1]], [[0, 0], [0, 0]]]
)
def test_factor_is_nonnegative_and_exact_on_completely_positive_matrices(S):
    L = convex.nonnegative_factor(np.array(S, dtype=float))
    assert (L >= 0).all()
    assert np.allclose(L @ L.T, S, atol=1e-15)


@pytest.mark.parametrize("S", [[[1, -0.1], [-0.1, 2]], [[1, 3], [3, 1]]])
def test_factor_is_nonnegative_when_the_matrix_is_slightly_wrong(S):
    L = convex.nonnegative_factor(np.array(S, dtype=float))
    assert (L >= 0).all()
    assert np.allclose(np.diag(L @ L.T), np.diag(S))


def test_programs_say_which_problems_they_are_not_for(scalar_problem, vector_problem):
    assert convex.needs_scalar(scalar_problem) == ""
    assert "one output" in convex.needs_scalar(vector_problem)
    assert convex.needs_plane(scalar_problem) == ""
    assert "rank 2" in convex.needs_plane(Problem(np.eye(3), np.ones(3), 1.0))


def test_an_unsolvable_program_says_which_solver_and_why():
    x = cp.Variable()
    program = cp.Problem(cp.Minimize(x), [x >= 1, x <= 0])
    with pytest.raises(UnsolvedError, match="CLARABEL ended with status infeasible"):
        convex.solve_program(program, "CLARABEL", 10.0)


def test_a_process_that_fails_is_quoted():
    with pytest.raises(UnsolvedError, match="No module named"):
        packages.call("copt", "no_such_module", 60.0, {})


def test_a_process_that_takes_too_long_is_stopped():
    with pytest.raises(StoppedError, match="no network after"):
        packages.call("copt", "copt_descent", 0.01, {})
