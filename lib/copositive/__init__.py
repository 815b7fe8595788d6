"""Copositive programs (17)-(20): covers, relaxations, proofs, and textbook forms."""

from lib.copositive.bounds import DualPoint, bound_eigenvalue, bound_norm, prove
from lib.copositive.columns import Columns, Generation, solve_by_columns
from lib.copositive.cover import (
    Cover,
    Region,
    cover_by_cells,
    cover_by_positive_cell,
    cover_by_simplices,
    split_cell,
)
from lib.copositive.looseness import (
    Looseness,
    gaussian_draw,
    pentagon_draw,
    search_looseness,
    sphere_draw,
)
from lib.copositive.norm import RelaxedNorm, largest_on_faces, relaxed_norm
from lib.copositive.pentagons import Pentagon, pentagon, pentagon_data
from lib.copositive.relaxation import Relaxation, solve_relaxation
from lib.copositive.whitened import (
    Whitened,
    WhitenedProof,
    prove_whitened,
    solve_whitened,
)

__all__ = [
    "Columns",
    "Cover",
    "DualPoint",
    "Generation",
    "Looseness",
    "Pentagon",
    "Region",
    "Relaxation",
    "RelaxedNorm",
    "Whitened",
    "WhitenedProof",
    "bound_eigenvalue",
    "bound_norm",
    "cover_by_cells",
    "cover_by_positive_cell",
    "cover_by_simplices",
    "gaussian_draw",
    "largest_on_faces",
    "pentagon",
    "pentagon_data",
    "pentagon_draw",
    "prove",
    "prove_whitened",
    "relaxed_norm",
    "search_looseness",
    "solve_by_columns",
    "solve_relaxation",
    "solve_whitened",
    "sphere_draw",
    "split_cell",
]
