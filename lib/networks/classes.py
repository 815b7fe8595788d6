"""What classes networks answer on samples."""

import numpy as np

from lib.numerics import Array
from lib.problem import Network


def accuracy(network: Network, X: Array, Y: Array) -> float:
    """Return the share of samples whose largest output is that of their label.

    Of equal outputs the first counts, so the zero network answers class 0.
    """
    return float(np.mean(network.predict(X).argmax(axis=1) == Y.argmax(axis=1)))
