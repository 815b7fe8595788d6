"""An oracle that counts how often it is asked: the measure that solvers share."""

from typing import Any

from lib.cone_pca.maximum import AnyOracle, Maximum
from lib.numerics import Array


class Counted:
    """An oracle that counts its calls, to be handed to a solver as its ``bound``.

    Solvers differ in what a round of theirs costs; the question to the oracle is what
    all of them ask, and what grows with the data.

    Parameters
    ----------
    bound : callable
        The oracle that answers, such as ``Oracle(problem.X)``.

    Attributes
    ----------
    calls : int
        Questions so far.
    marks : list of int
        Questions so far at each :meth:`mark`.

    Examples
    --------
    >>> import numpy as np
    >>> from lib.cone_pca import Oracle
    >>> asked = Counted(Oracle(np.eye(2)))
    >>> asked(np.ones((2, 1))).value == 2**0.5, asked.calls
    (True, 1)
    """

    def __init__(self, bound: AnyOracle) -> None:
        """Count from zero."""
        self.X, self.bound, self.calls = bound.X, bound, 0
        self.marks: list[int] = []

    def __call__(self, Z: Array) -> Maximum:
        """Answer, and count the question."""
        self.calls += 1
        return self.bound(Z)

    def mark(self, entry: Any = None) -> None:
        """Note the count; a solver calls this with each round as its ``progress``."""
        self.marks.append(self.calls)
