"""What the paper prints, beside what comes out here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Comparison:
    """A number of the paper and ours.

    Parameters
    ----------
    what : str
        Which number, in words.
    printed : float
        As the paper prints it.
    ours : float
    within : float
        Relative difference up to which they are said to agree.
    note : str
        Why they may differ.
    """

    what: str
    printed: float
    ours: float
    within: float
    note: str = ""

    @property
    def difference(self) -> float:
        """``ours / printed - 1``; ``ours`` itself where 0 is printed."""
        return self.ours / self.printed - 1 if self.printed else self.ours

    @property
    def agrees(self) -> bool:
        """Whether the difference is at most ``within``."""
        return abs(self.difference) <= self.within
