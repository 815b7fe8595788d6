"""Gurobi on ``max |Z^T (X u)_+|^2`` over the unit ball, as a mixed-integer program."""

from __future__ import annotations

import time
from typing import Any

import gurobipy as gp
import numpy as np
from gurobipy import GRB


def run(data: dict[str, Any]) -> dict[str, Any]:
    """Solve within the seconds given; return value, bound and seconds."""
    X, Z, start = data["X"], data["Z"], time.perf_counter()
    lengths = np.linalg.norm(X, axis=1)
    most = lengths @ np.abs(Z)
    with gp.Env(params={"OutputFlag": 0}) as env, gp.Model(env=env) as model:
        model.Params.TimeLimit = float(data["seconds"])
        # Its gap is that of the square.
        model.Params.MIPGap = 2 * float(data["tolerance"])
        model.Params.Threads, model.Params.NonConvex = 1, 2
        u = model.addMVar(X.shape[1], lb=-1, ub=1)
        h = model.addMVar(len(X), lb=0, ub=lengths)
        active = model.addMVar(len(X), vtype=GRB.BINARY)
        pull = model.addMVar(Z.shape[1], lb=-most, ub=most)
        model.addConstr(u @ u <= 1)
        model.addConstr(h >= X @ u)
        model.addConstr(h <= X @ u + lengths * (1 - active))
        model.addConstr(h <= lengths * active)
        model.addConstr(pull == Z.T @ h)
        model.setObjective(pull @ pull, GRB.MAXIMIZE)
        model.optimize()
        found = max(model.ObjVal, 0.0) if model.SolCount else 0.0
        bound = model.ObjBound
    return {
        "value": found**0.5,
        "bound": bound**0.5,
        "seconds": time.perf_counter() - start,
    }
