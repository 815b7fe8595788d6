"""The dual (73) by cutting planes, appendix A.5."""

from lib.cutting_plane.method import CuttingPlanes, Query, solve_dual

__all__ = [
    "CuttingPlanes",
    "Query",
    "solve_dual",
]
