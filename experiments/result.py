"""What all results have in common, and numbers of the paper beside ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from lib.numerics import Array


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


@dataclass(frozen=True, eq=False)
class Result:
    """What an experiment returns: arrays and plain values, which :func:`cached` keeps.

    ``COLUMNS`` names the fields of the table: all that are one-dimensional if empty.
    """

    COLUMNS: ClassVar[tuple[str, ...]] = ()

    def table(self) -> dict[str, Array]:
        """Return tidy columns of equal length, by name."""
        flat = (f.name for f in fields(self) if np.ndim(getattr(self, f.name)) == 1)
        return {name: getattr(self, name) for name in self.COLUMNS or flat}

    def comparisons(self) -> tuple[Comparison, ...]:
        """Compare with what the paper prints."""
        return ()


@dataclass(frozen=True, eq=False)
class CertifiedResult(Result):
    """A result that encloses p*; ``ENDS`` names its upper and its lower bound."""

    ENDS: ClassVar[tuple[str, str]] = ("primal", "dual")

    @property
    def relative_gap(self) -> Any:
        """``(upper - lower) / upper``, a number or one for each problem."""
        upper, lower = (getattr(self, name) for name in self.ENDS)
        return (upper - lower) / upper


def columns(rows: Sequence[Mapping[str, float]]) -> dict[str, Array]:
    """Turn rows of equal names into arrays by name."""
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}
