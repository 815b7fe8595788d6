"""The dual (73) by cutting planes, appendix A.5."""

from lib.cutting_plane.method import Bundle, Centre, solve_dual

__all__ = ["Bundle", "Centre", "solve_dual"]
