"""Figures that a reader of the online book can move.

A cell leaves a description of what is to be drawn; the scripts in
``_assets/interactive/`` draw it on the built pages. A notebook elsewhere shows the
sentence that says where the figure is, below the still figure of the same thing.
"""

import html
import json
from dataclasses import dataclass
from typing import Any

KINDS = ("landscape", "sphere", "planar", "rounds", "polygon")
"""What there is a script for."""


@dataclass(frozen=True, eq=False)
class Interactive:
    """A figure that moves, as a notebook displays it.

    Parameters
    ----------
    kind : str
    text : str
        The values as JSON.
    """

    kind: str
    text: str

    def _repr_html_(self) -> str:
        """Describe the figure to its script, and say where it is to readers without."""
        return (
            f'<div class="interactive" data-kind="{self.kind}" '
            f'data-values="{html.escape(self.text)}">In the online book this figure '
            "can be moved. Its still is above.</div>"
        )

    def __repr__(self) -> str:
        """Say the same in a line."""
        return f"A figure that moves in the online book: {self.kind}"


def interactive(kind: str, **values: Any) -> Interactive:
    """Place a figure that moves.

    Parameters
    ----------
    kind : str
        One of ``KINDS``.
    **values
        What its script reads: numbers, strings, lists and dictionaries of them.

    Raises
    ------
    ValueError
        If there is no such kind, or a value is not finite.
    """
    if kind not in KINDS:
        raise ValueError(
            f"kind must be one of {', '.join(KINDS)}; got {kind!r}. Each has a script "
            "in _assets/interactive/."
        )
    try:
        text = json.dumps(values, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"The values of a figure must be finite numbers, strings, lists and "
            f"dictionaries; {error}. Convert arrays by .tolist()."
        ) from None
    return Interactive(kind, text)
