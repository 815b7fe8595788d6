"""The unit in which rounding errors are counted."""

import numpy as np

EPS = float(np.finfo(float).eps)
"""Distance from 1 to the next number, 2.2e-16: a rounding errs by at most half of it,
relatively."""
