"""Training to a certificate by Frank-Wolfe, for one beta and along a path."""

from lib.frank_wolfe.as_printed import Bisection, Iterates, algorithm_1, bisect_radius
from lib.frank_wolfe.regularisation_path import Band, Path, enclose, path
from lib.frank_wolfe.solver import DEFAULT_TOLERANCE, Round, Solution, solve

__all__ = [
    "DEFAULT_TOLERANCE",
    "Band",
    "Bisection",
    "Iterates",
    "Path",
    "Round",
    "Solution",
    "algorithm_1",
    "bisect_radius",
    "enclose",
    "path",
    "solve",
]
