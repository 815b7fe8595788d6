"""SCIP on ``max |Z^T (X u)_+|^2`` over the unit ball, as a mixed-integer program."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from pyscipopt import Model, quicksum

from lib.numerics import Array


def run(data: dict[str, Any]) -> dict[str, Any]:
    """Solve within the seconds given; return value, bound and seconds."""
    X, Z, start = data["X"], data["Z"], time.perf_counter()
    model = Model()
    model.hideOutput()
    model.setParam("limits/time", float(data["seconds"]))
    model.setParam("limits/gap", float(data["tolerance"]))
    u = [model.addVar(lb=-1, ub=1) for _ in X.T]
    model.addCons(quicksum(x * x for x in u) <= 1)
    h = [_rectified(model, row, u) for row in X]
    most = np.linalg.norm(X, axis=1) @ np.abs(Z)
    pulls = [model.addVar(lb=-float(m), ub=float(m)) for m in most]
    for pull, column in zip(pulls, Z.T, strict=True):
        weighted = zip(column, h, strict=True)
        model.addCons(quicksum(float(z) * v for z, v in weighted) == pull)
    square = model.addVar(lb=0, ub=float(most @ most))
    model.addCons(square <= quicksum(p * p for p in pulls))
    model.setObjective(square, "maximize")
    model.optimize()
    found = max(model.getPrimalbound(), 0.0) if model.getNSols() else 0.0
    return {
        "value": found**0.5,
        "bound": model.getDualbound() ** 0.5,
        "seconds": time.perf_counter() - start,
    }


def _rectified(model: Model, row: Array, u: list[Any]) -> Any:
    """Return a variable that equals ``(row . u)_+``: a binary says which side."""
    length = float(np.linalg.norm(row))
    answer = quicksum(float(x) * v for x, v in zip(row, u, strict=True))
    h, active = model.addVar(lb=0, ub=length), model.addVar(vtype="B")
    model.addCons(h >= answer)
    model.addCons(h <= answer + length * (1 - active))
    model.addCons(h <= length * active)
    return h
