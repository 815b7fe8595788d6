"""The methods of this book's own library: our solver and Algorithm 1."""

from __future__ import annotations

from benchmarks.task import Answer, Method, Task
from lib.frank_wolfe import as_printed as algorithm_1
from lib.frank_wolfe import solver as frank_wolfe

ENDS = 2
"""Of Algorithm 1's steps the first and the last are certified, so that its time is
the time of its steps."""


def ours(task: Task) -> Answer:
    """Solve to the default tolerance, certificate included."""
    solution = frank_wolfe.solve(task.problem)
    proof = solution.certificate
    remark = "" if solution.converged else solution.status
    return Answer(solution.network, proof.primal, remark=remark, bound=proof.dual)


def given_radius(task: Task) -> Answer:
    """Run Algorithm 1 with the radius of an optimal network."""
    steps = task.effort.steps
    run = algorithm_1.algorithm_1(task.problem, task.radius, steps=steps, records=ENDS)
    return Answer(run.network, run.certificates[-1].primal, bound=float(run.dual[-1]))


def bisected_radius(task: Task) -> Answer:
    """Run Algorithm 1 with bisection over the radius, on as many steps in all."""
    effort = task.effort
    steps = max(effort.steps // effort.halvings, 1)
    search = algorithm_1.bisect_radius(
        task.problem, steps=steps, halvings=effort.halvings
    )
    best = search.best
    return Answer(best.network, best.certificates[-1].primal, bound=search.dual)


METHODS = (
    Method("ours", "ours", ours),
    Method("algorithm-1", "Algorithm 1, radius given", given_radius),
    Method("bisection", "Algorithm 1, bisection", bisected_radius),
)
