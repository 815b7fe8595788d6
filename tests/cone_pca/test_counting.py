"""Questions to an oracle are counted, and the answers are the oracle's own."""

import numpy as np

from lib.cone_pca import Counted, oracle
from lib.cutting_plane import solve_dual
from lib.frank_wolfe import solve
from lib.problem import Problem


def problem():
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((8, 2)), rng.standard_normal((8, 2))
    return Problem(X, Y, 0.1 * oracle(X, Y).value)


def test_answers_are_those_of_the_oracle_it_was_given():
    asked, data = Counted(lambda X, Z: (X, Z)), (np.eye(2), np.ones((2, 1)))
    assert asked(*data) == data
    assert asked.calls == 1


def test_cutting_planes_ask_once_a_query():
    asked = Counted()
    solution = solve_dual(problem(), bound=asked, progress=asked.mark)
    assert asked.marks == list(range(1, len(solution.history) + 1))


def test_frank_wolfe_asks_at_least_once_a_round():
    asked = Counted()
    solution = solve(problem(), bound=asked, progress=asked.mark)
    assert len(asked.marks) == len(solution.history)
    assert (np.diff(asked.marks) >= 1).all()
    assert asked.calls >= asked.marks[-1]
