"""Gradient descent on the non-convex problem (5), many trials at once.

The paper calls its method SGD with a batch of the whole training set, which is
gradient descent with momentum.
"""

from lib.sgd.coordinates import Inputs, Outputs, reduce_inputs, reduce_outputs
from lib.sgd.descent import Descent, Moment, descend, train
from lib.sgd.epochs import MOMENTUM, PLATEAU
from lib.sgd.pooled import train_pooled
from lib.sgd.rates import LADDER, RateSearch, largest_stable_rate
from lib.sgd.settings import Grid, Settings
from lib.sgd.starts import kaiming_uniform
from lib.sgd.torch_descent import Trace, train_model

__all__ = [
    "LADDER",
    "MOMENTUM",
    "PLATEAU",
    "Descent",
    "Grid",
    "Inputs",
    "Moment",
    "Outputs",
    "RateSearch",
    "Settings",
    "Trace",
    "descend",
    "kaiming_uniform",
    "largest_stable_rate",
    "reduce_inputs",
    "reduce_outputs",
    "train",
    "train_model",
    "train_pooled",
]
