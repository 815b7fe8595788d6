"""Copositive programs (17)-(20): covers, relaxations, proofs, and textbook forms."""

from lib.copositive.bounds import bound_norm, prove_over_cover
from lib.copositive.columns import solve_by_columns
from lib.copositive.cover import (
    cover_by_cells,
    cover_by_positive_cell,
    cover_by_simplices,
)
from lib.copositive.relaxation import Relaxation, relaxed_norm, solve_relaxation
from lib.copositive.whitened import prove_whitened, solve_whitened

__all__ = [
    "Relaxation",
    "bound_norm",
    "cover_by_cells",
    "cover_by_positive_cell",
    "cover_by_simplices",
    "prove_over_cover",
    "prove_whitened",
    "relaxed_norm",
    "solve_by_columns",
    "solve_relaxation",
    "solve_whitened",
]
