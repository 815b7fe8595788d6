"""Gradient descent on the non-convex problems (5) and (6), many trials at once.

The paper calls its method SGD with a batch of the whole training set, which is
gradient descent with momentum.
"""

from lib.sgd.descent import Descent, Moment, descend, train
from lib.sgd.epochs import MOMENTUM
from lib.sgd.settings import Grid, Settings

__all__ = [
    "MOMENTUM",
    "Descent",
    "Grid",
    "Moment",
    "Settings",
    "descend",
    "train",
]
