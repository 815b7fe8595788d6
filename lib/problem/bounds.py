"""Two sides of an optimum and the gap between them, said once for every result."""

import math


class Bounds:
    """What a result reached and what was proved: ``dual <= optimum <= primal``.

    A base of result classes, which bring both sides as fields or properties.

    Examples
    --------
    >>> sides = Bounds()
    >>> sides.primal, sides.dual = 2.0, 1.5
    >>> sides.gap, sides.relative_gap
    (0.5, 0.25)
    """

    primal: float
    dual: float

    @property
    def gap(self) -> float:
        """``primal - dual``, an upper bound of ``primal - optimum``."""
        return self.primal - self.dual

    @property
    def relative_gap(self) -> float:
        """``gap / primal``, 0 where both sides are 0.

        Infinite where nothing is known relatively: ``primal`` is not finite, or it is
        0 and the bound below it.
        """
        if 0 < self.primal < math.inf:
            return float(self.gap / self.primal)
        return 0.0 if self.gap <= 0 else math.inf
