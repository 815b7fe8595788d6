"""Rebuild ``known_optima.json`` of the tests: problems whose optimum is known twice.

Each problem is solved by the package and, apart from it, by one of

- ``cells``: the convex program (17) over simplicial pieces of all cells, for any convex
  loss, written in CVXPY and solved by Clarabel; exact up to rank 4;
- ``pieces``: the same program for the squared loss by :mod:`lib.copositive`, whose
  value is recomputed from its matrices: where beta is small CVXPY's is 0.1 % off;
- ``scalar``: the program (9) of one output, in CVXPY;
- ``closed form``: of one sample.

Run ``python -m tests.frank_wolfe.known_optima``; it takes about a minute.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import cvxpy as cp
import numpy as np

from lib.copositive import cover_by_simplices, solve_relaxation
from lib.copositive.textbook import scalar_program
from lib.data import gaussian_teacher, load_images, spiral
from lib.frank_wolfe import solve
from lib.losses import Huber
from lib.networks import with_ones
from lib.numerics import Array
from lib.problem import Problem, patches

TARGET = Path(__file__).with_name("known_optima.json")

TEACHER = 100
"""Neurons of the teacher of section 5.1."""

SPIRAL_BETAS = (1e-3, 1e-2, 1e-1, 1.0, 3.0, 10.0)

GAP = 1e-9
"""Relative gap that the package must prove for a problem to be stored."""

Route = Callable[[Problem], float]
Recipe = tuple[str, str, Problem, str]
"""Name, where the data come from, the problem, and the name of the other route."""


def loss_of(problem: Problem, F: cp.Expression) -> cp.Expression:
    """Return the loss of outputs F, in CVXPY's own atoms."""
    Y, name = problem.Y, type(problem.loss).__name__
    if name == "Squared":
        return 0.5 * cp.sum_squares(F - Y)
    if name == "Huber":
        return 0.5 * cp.sum(cp.huber(F - Y, problem.loss.delta))
    if name == "Logistic":
        return cp.sum(cp.logistic(F)) - cp.sum(cp.multiply(Y, F))
    return cp.sum(cp.log_sum_exp(F, axis=1)) - cp.sum(cp.multiply(Y, F))


def by_cells(problem: Problem) -> float:
    """Solve (17): ``min loss(sum S D_i X V_i) + beta/2 sum (tr U_i + tr T_i)``.

    ``[U_i V_i; V_i^T T_i]`` is positive semidefinite and ``U_i`` in the hull of the
    squares of a simplicial cone, which at rank <= 4 is ``G U_i G^T >= 0``.
    """
    cover = cover_by_simplices(problem.X)
    r, c = cover.X.shape[1], problem.Y.shape[1]
    outputs, constraints, traces = 0, [], []
    for region in cover.regions:
        M = cp.Variable((r + c, r + c), PSD=True)
        constraints.append(region.normals @ M[:r, :r] @ region.normals.T >= 0)
        outputs = outputs + region.active(problem, cover.X) @ M[:r, r:]
        traces.append(cp.trace(M))
    value = loss_of(problem, outputs) + problem.beta / 2 * cp.sum(cp.hstack(traces))
    return float(cp.Problem(cp.Minimize(value), constraints).solve(solver=cp.CLARABEL))


def by_pieces(problem: Problem) -> float:
    """Solve (17) in matrices U_i and evaluate them."""
    return solve_relaxation(problem, cover_by_simplices(problem.X)).value


def by_scalar_program(problem: Problem) -> float:
    """Solve (9)."""
    return scalar_program(problem).value


def in_closed_form(problem: Problem) -> float:
    """Shrink the target of a single sample: one neuron along it is enough.

    ``min |y - f|^2 / 2 + t |f|`` with ``t = beta / |x|`` is ``t |y| - t^2 / 2``, or
    ``|y|^2 / 2`` if t is at least ``|y|``.
    """
    if len(problem.X) != 1:
        raise ValueError(f"The closed form needs one sample; got {len(problem.X)}.")
    size, t = np.linalg.norm(problem.Y), problem.beta / np.linalg.norm(problem.X)
    return float(size**2 / 2 if size <= t else t * size - t**2 / 2)


ROUTES: dict[str, Route] = {
    "cells": by_cells,
    "pieces": by_pieces,
    "scalar": by_scalar_program,
    "closed form": in_closed_form,
}


def recipes() -> Iterator[Recipe]:
    """Yield all problems."""
    yield from small_recipes()
    yield from degenerate_recipes()
    yield from paper_recipes()
    yield from loss_recipes()


def normal(n: int, d: int, c: int, seed: int) -> tuple[Array, Array]:
    """Draw standard normal X and Y."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)), rng.standard_normal((n, c))


def small_recipes() -> Iterator[Recipe]:
    """Yield random problems of rank 1 to 4."""
    X, Y = normal(1, 3, 2, 0)
    yield "one-sample", "one normal sample", Problem(X, Y, 0.3), "closed form"
    yield "one-sample-zero", "the same, beta large", Problem(X, Y, 9.0), "closed form"
    for rank, n, c in ((1, 8, 2), (2, 10, 2), (3, 6, 2), (4, 5, 2)):
        source = f"normal X ({n}, {rank}) and Y ({n}, {c})"
        yield f"rank-{rank}", source, Problem(*normal(n, rank, c, rank), 0.4), "cells"
    for rank, n in ((1, 9), (2, 12), (3, 8)):
        problem = Problem(*normal(n, rank, 1, 10 + rank), 0.4)
        source = f"normal X ({n}, {rank}) and one output"
        yield f"scalar-rank-{rank}", source, problem, "scalar"


def degenerate_recipes() -> Iterator[Recipe]:
    """Yield repeated, parallel, zero and grid points, wide X and a bias."""
    X, Y = normal(8, 2, 2, 20)
    yield "repeated", "samples twice", Problem(np.repeat(X[:4], 2, 0), Y, 0.3), "cells"
    parallel = np.vstack([X[:4], -2.0 * X[:4]])
    yield "parallel", "samples and -2 times them", Problem(parallel, Y, 0.3), "cells"
    zeros = X.copy()
    zeros[::3] = 0.0
    yield "zeros", "every third sample zero", Problem(zeros, Y, 0.3), "cells"
    grid = np.array([[i, j] for i in (-1, 0, 1) for j in (-1, 0, 1)], dtype=float)
    targets = normal(9, 2, 2, 21)[1]
    yield "grid-plane", "the grid {-1, 0, 1}^2", Problem(grid, targets, 0.5), "cells"
    cube = np.array([[1, i, j] for i in (-1, 1) for j in (-1, 0, 1)], dtype=float)
    problem = Problem(cube, normal(6, 1, 2, 22)[1], 0.5)
    yield "grid-space", "(1, i, j) on an integer grid", problem, "cells"
    wide = X @ np.random.default_rng(23).standard_normal((2, 6))
    yield "wide", "rank 2 in six columns", Problem(wide, Y, 0.5), "cells"
    x, y = normal(9, 1, 1, 24)
    yield (
        "bias",
        "one input and a column of ones",
        Problem(with_ones(x), y, 0.2),
        "scalar",
    )


def paper_recipes() -> Iterator[Recipe]:
    """Yield the problems of sections 5.1 and 5.3."""
    for init in ("torch", "normal"):
        rng = np.random.default_rng(0)
        X, Y = gaussian_teacher(25, 2, 5, TEACHER, rng, init=init)
        source = f"section 5.1, {init} teacher"
        yield f"teacher-{init}", source, Problem(X, Y, 1e-2), "pieces"
    for beta in SPIRAL_BETAS:
        X, Y = spiral(20, np.random.default_rng(0))
        yield f"spiral-{beta:g}", "section 5.3", Problem(X, Y, beta), "pieces"


def loss_recipes() -> Iterator[Recipe]:
    """Yield other losses and a small pooled CNN."""
    X, Y = normal(9, 2, 2, 30)
    huber = Problem(X, 3 * Y, 0.3, loss=Huber(1.0))
    yield "huber", "normal, delta = 1", huber, "cells"
    labels = (Y > 0).astype(float)
    logistic = Problem(X, labels, 0.1, loss="logistic")
    yield "logistic", "normal X, random labels", logistic, "cells"
    classes = np.eye(3)[np.random.default_rng(31).integers(0, 3, 9)]
    softmax = Problem(X, classes, 0.1, loss="softmax")
    yield "softmax", "normal X, three random classes", softmax, "cells"
    pack = load_images("mnist_train_100")
    small = pack.images[::20, 2:26, 2:26, 0].reshape(5, 3, 8, 3, 8).mean(axis=(2, 4))
    pixels = patches(small / 255.0, 2)[:, [0, 3]]
    pooled = Problem(pixels, pack.one_hot[::20, ::2], 0.05, pooling=4)
    source = "MNIST at 3 x 3, two pixels of each 2 x 2 patch, squared loss"
    yield "pooled", source, pooled, "cells"


def entry(name: str, source: str, problem: Problem, route: str) -> dict:
    """Solve by both routes and return what is stored."""
    solution = solve(problem, tolerance=GAP)
    if not solution.converged:
        raise RuntimeError(f"{name}: {solution.status} {solution.certificate}")
    loss = type(problem.loss).__name__.lower()
    return {
        "name": name,
        "source": source,
        "loss": loss,
        **({"delta": problem.loss.delta} if loss == "huber" else {}),
        "pooling": problem.pooling,
        "beta": problem.beta,
        "X": problem.X.tolist(),
        "Y": problem.Y.tolist(),
        "certified": {
            "primal": solution.certificate.primal,
            "dual": solution.certificate.dual,
        },
        "other": {"route": route, "value": ROUTES[route](problem)},
    }


def main() -> None:
    """Write all entries."""
    entries = []
    for recipe in recipes():
        entries.append(entry(*recipe))
        last = entries[-1]
        off = last["other"]["value"] / last["certified"]["primal"] - 1
        print(f"{last['name']}: {last['certified']['primal']:.12g}, other {off:+.1e}")
    lines = ",\n".join(json.dumps(item) for item in entries)
    TARGET.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
