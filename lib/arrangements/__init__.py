"""The hyperplanes of the samples, the cells between them, and their cones."""

from lib.arrangements.cells import (
    Cells,
    PlanarWalls,
    Rays,
    directions,
    enumerate_cells,
    generic_cell_count,
    iterate_cells,
    paper_cell_bound,
    planar_walls,
)
from lib.arrangements.circle import Circle, circle_through

__all__ = [
    "Cells",
    "Circle",
    "PlanarWalls",
    "Rays",
    "circle_through",
    "directions",
    "enumerate_cells",
    "generic_cell_count",
    "iterate_cells",
    "paper_cell_bound",
    "planar_walls",
]
