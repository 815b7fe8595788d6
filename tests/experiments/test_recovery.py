"""One optimum split in several ways: what each costs above the proved bound."""

import numpy as np
import pytest

from experiments import split_optimum, state_and_recover
from lib.copositive import solve_whitened
from lib.frank_wolfe import solve
from lib.problem import Problem, objective


def random_problem(d, columns):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((6, d)) @ np.eye(d, columns)
    return Problem(X, rng.standard_normal((6, 2)), 0.1)


@pytest.mark.parametrize("d", [2, 3])
def test_only_the_least_cost_gives_the_optimum(d):
    problem = random_problem(d, d)
    case, best = split_optimum(problem), solve(problem).certificate
    for way, found in case.recoveries.items():
        assert found.cost == objective(problem, found.network)
        assert found.cost >= best.dual, way
        assert case.excess[way] == found.cost / case.program.dual - 1
    # An interior point method solves the program, and each piece.
    assert case.excess["least cost"] <= 1e-6
    assert case.recoveries["least cost"].cost == pytest.approx(best.primal, rel=1e-6)
    assert case.excess["rays as neurons"] > 1e-5


def test_dependent_columns_are_refused():
    with pytest.raises(ValueError, match=r"full column rank; got X \(6, 3\) of rank 2"):
        split_optimum(random_problem(2, 3))


@pytest.fixture(scope="module")
def found():
    """What the programs state on the data of seed 0, and what comes back from it."""
    return state_and_recover(np.random.default_rng(0))


def test_what_is_stated_is_reached_over_pieces_and_not_over_cells_or_white_data(found):
    assert list(found) == ["cells", "pieces", "whitened"]
    for name, case in found.items():
        assert case.optimum.relative_gap <= 1e-8
        assert case.recovery.cost == objective(case.problem, case.recovery.network)
        assert case.recovery.cost >= case.optimum.dual
        assert case.recovery.is_exact == (name == "pieces")
    loose = [found["cells"], found["whitened"]]
    assert all(case.recovery.stated < case.optimum.dual for case in loose)
    assert found["pieces"].recovery.cost == pytest.approx(
        found["pieces"].optimum.primal, rel=1e-6
    )


def test_whitened_matrix_is_the_optimum_of_20(found):
    white = found["whitened"]
    told = solve_whitened(white.problem.Y, white.problem.beta)
    assert told.value == pytest.approx(white.recovery.stated, rel=2e-6)
    assert told.proof.value <= white.recovery.stated * (1 + 1e-9)
