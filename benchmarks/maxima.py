"""The oracle beside global solvers: ``kappa(Z)`` on Gaussian data of rank 3 to 6.

All get the same time and the same tolerance. What counts is the proved gap: how far the
bound lies above the value that was found.
"""

from __future__ import annotations

import time

import numpy as np

from benchmarks import environments
from benchmarks.measure import Row
from benchmarks.packages import call
from benchmarks.problems import SEED, Sizes
from benchmarks.task import Effort, UnsolvedError
from lib.cone_pca import Limits, Maximum, Oracle
from lib.numerics import Array

OUTPUTS = 3
"""Columns of Z."""

TOLERANCE = 1e-6
"""Relative gap at which a method may stop."""

PATIENT = 3.0
"""Seconds of the effort's limit that a method gets here: 60 of a full run."""

RIVALS = {"scip": "scip_maximum", "gurobi": "gurobi_maximum"}
"""Environments, and the modules that run in them."""


def data(sizes: Sizes) -> tuple[Array, Array]:
    """Draw Gaussian samples and a Gaussian dual point, (n, r) and (n, c)."""
    rng = np.random.default_rng(SEED)
    X = rng.standard_normal((sizes.n, sizes.r))
    return X, rng.standard_normal((sizes.n, OUTPUTS))


def compare(sizes: Sizes, effort: Effort) -> Row:
    """Maximise by each method within the same time."""
    X, Z = data(sizes)
    seconds = PATIENT * effort.seconds
    ask = Oracle(X, limits=Limits(tolerance=TOLERANCE, seconds=seconds))
    ask(Z[::-1])  # once before, so that nothing is compiled below
    start = time.perf_counter()
    found = ask(Z)
    ours = _outcome(found.value, found.bound, time.perf_counter() - start)
    rivals = {name: _by(name, sizes, found, seconds) for name in RIVALS}
    return {"size": sizes.key, "limit": seconds, "ours": ours} | rivals


def _by(name: str, sizes: Sizes, ours: Maximum, seconds: float) -> Row:
    """Maximise by another solver, or say why not."""
    if not environments.is_installed(name):
        return {"status": "not installed", "reason": "made by `make rivals`"}
    X, Z = data(sizes)
    told = {"X": X, "Z": Z, "seconds": seconds, "tolerance": TOLERANCE}
    try:
        found = call(name, RIVALS[name], 2 * seconds + 30, told)
    except UnsolvedError as error:
        return {"status": error.status, "reason": str(error)}
    value, bound = float(found["value"]), float(found["bound"])
    if value > ours.bound * (1 + TOLERANCE) or bound < ours.value * (1 - TOLERANCE):
        reason = f"{value:.9g} to {bound:.9g} contradicts the oracle"
        return {"status": "wrong", "reason": reason}
    return _outcome(value, bound, float(found["seconds"]))


def _outcome(value: float, bound: float, seconds: float) -> Row:
    """Say what a method found and proved."""
    gap = bound / value - 1 if value > 0 else np.inf
    status = "done" if gap < 1e9 else "no bound"
    return {"status": status, "reason": "", "gap": min(gap, 1e9), "seconds": seconds}
