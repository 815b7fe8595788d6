"""The training problem (5), its networks, its rank, and its pooled form (6)."""

from lib.problem.bounds import Bounds
from lib.problem.convolution import patches, pooled_problem
from lib.problem.problem import (
    Network,
    Problem,
    as_matrix,
    interpolate,
    objective,
    reduce_rank,
    residual,
)

__all__ = [
    "Bounds",
    "Network",
    "Problem",
    "as_matrix",
    "interpolate",
    "objective",
    "patches",
    "pooled_problem",
    "reduce_rank",
    "residual",
]
