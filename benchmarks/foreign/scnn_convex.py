"""pyscnn on every cell: several outputs are trained one against all."""

from __future__ import annotations

import time
from typing import Any

from scnn.metrics import Metrics
from scnn.models import ConvexReLU
from scnn.optimize import optimize_model
from scnn.regularizers import NeuronGL1
from scnn.solvers import AL, CVXPYSolver

from lib.arrangements import enumerate_cells

SOLVERS = {"al": AL, "scs": lambda model: CVXPYSolver(model, "scs")}


def run(data: dict[str, Any]) -> dict[str, Any]:
    """Train with all cells as gates; return seconds, U and V.

    Its loss is the squared error over 2 n c, so beta / (n c) is the same weight decay.
    Its scaling of the columns of X would change the regulariser and stays off.
    """
    X, Y = data["X"], data["Y"]
    n, c = Y.shape
    start = time.perf_counter()
    model = ConvexReLU(enumerate_cells(X).witnesses.T, c=c)
    trained, _ = optimize_model(
        model,
        SOLVERS[str(data["solver"])](model),
        Metrics(),
        X,
        Y,
        regularizer=NeuronGL1(float(data["beta"]) / (n * c)),
        unitize_data=False,
        dtype="float64",
    )
    seconds = time.perf_counter() - start
    first, second = trained.parameters
    return {"seconds": seconds, "U": first, "V": second.T}
