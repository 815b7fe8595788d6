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

__all__ = [
    "Cells",
    "PlanarWalls",
    "Rays",
    "directions",
    "enumerate_cells",
    "generic_cell_count",
    "iterate_cells",
    "paper_cell_bound",
    "planar_walls",
]
