"""Questions to an oracle are counted, and the answers are the oracle's own."""

import numpy as np

from lib.cone_pca import Counted, Oracle
from lib.cutting_plane import solve_dual
from lib.frank_wolfe import solve
from tests.problems import random_problem


def test_answers_are_those_of_the_oracle_it_was_given():
    ask, Z = Oracle(np.eye(2)), np.ones((2, 1))
    asked = Counted(ask)
    assert asked.X is ask.X
    assert asked(Z).value == ask(Z).value
    assert asked.calls == 1


def test_cutting_planes_ask_once_a_query():
    problem = random_problem()
    asked = Counted(Oracle(problem.X))
    solution = solve_dual(problem, bound=asked, progress=asked.mark)
    assert asked.marks == list(range(1, len(solution.history) + 1))


def test_frank_wolfe_asks_at_least_once_a_round():
    problem = random_problem()
    asked = Counted(Oracle(problem.X))
    solution = solve(problem, bound=asked, progress=asked.mark)
    assert len(asked.marks) == len(solution.history)
    assert (np.diff(asked.marks) >= 1).all()
    assert asked.calls >= asked.marks[-1]
