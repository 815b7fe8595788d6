"""What all else counts in: arrays of floats, and the unit of their rounding."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["EPS", "Array"]

Array = NDArray[np.float64]

EPS = float(np.finfo(float).eps)
"""Distance from 1 to the next number, 2.2e-16: a rounding errs by at most half of it,
relatively."""
