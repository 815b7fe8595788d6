"""Branch and bound shared out: cones dealt to workers, their proofs put together.

The cones that a search has open cover all that is not yet proved. Any of them can be
searched anywhere, for a while, by a worker that knows the points and the level; what
it leaves open comes back with its bounds and is dealt again. So the proof is that of
one search: it is complete when nothing is open, and holds whenever it stops.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

import numpy as np

from lib.cone_pca.branch_and_bound import Limits, Nodes, Outcome, Search, join, pick
from lib.cone_pca.simplicial_cones import Points
from lib.numerics import Array

Map = Callable[[Callable[[Any], Any], list[Any]], Iterable[Any]]
"""Anything that calls a function on each entry of a list, like the built-in ``map``:
that of ``concurrent.futures``, or a cluster's."""


@dataclass(frozen=True, eq=False)
class Sharing:
    """How to share out a branch and bound.

    Parameters
    ----------
    map : callable
        ``map(function, list)`` returns the results in order. Functions and entries
        can be pickled.
    parts : int
        How many parts the open cones are dealt to, a few times the workers.
    seconds : float
        Time after which a part hands back what it has not finished, so that the
        best level found is shared and no worker is left without work.

    Raises
    ------
    ValueError
        If there is no part, or no time for it.
    """

    map: Map = map
    parts: int = 8
    seconds: float = 10.0

    def __post_init__(self) -> None:
        """Refuse what would never end."""
        if not (self.parts >= 1 and self.seconds > 0):
            raise ValueError(
                f"Sharing needs parts >= 1 and seconds > 0; got parts {self.parts} "
                f"and seconds {self.seconds}."
            )


@dataclass(frozen=True, eq=False)
class Part:
    """Cones for one worker, with all that it has to know."""

    points: Points
    nodes: Nodes
    level: float
    limits: Limits


@dataclass(frozen=True, eq=False)
class Explored:
    """What a worker did of its part: cones still open, and what it found."""

    open: Nodes
    level: float
    directions: Array
    nodes: int
    leaves: int
    deepest: int


def explore_part(part: Part) -> Explored:
    """Search below the cones of a part, in one thread, until a limit is reached.

    Returns
    -------
    Explored
        Every cone of the part is pruned by a proof at ``level`` or below, solved, or
        covered by the open ones.
    """
    search = Search(part.points, part.level, part.limits, nodes=part.nodes, hands=1)
    search.turn()  # also if there is no time at all: then rounds come to an end
    search.run()
    return Explored(
        search.open,
        search.level,
        np.concatenate(search.found),
        search.nodes,
        search.leaves,
        search.deepest,
    )


def shared_branch_and_bound(
    points: Points, value: float, limits: Limits, sharing: Sharing
) -> Outcome:
    """Bound kappa as :func:`branch_and_bound` does, shared out.

    The search begins here. When there are cones for all parts it deals them, the
    largest bounds round robin, and puts together what comes back, until nothing is
    open or a limit is reached.

    Parameters
    ----------
    points : Points
    value : float
        Lower bound of kappa.
    limits : Limits
        ``nodes`` is kept up to one turn of each part.
    sharing : Sharing

    Returns
    -------
    Outcome
        Complete, its bound is that of the serial search up to the tolerance and the
        rounding in :func:`lib.cone_pca.branch_and_bound.slack`.

    Notes
    -----
    A part carries the points, O(n (r + c)), and its cones, r^2 numbers each.
    """
    level = max(limits.level, value * (1 + limits.tolerance))
    search = Search(points, level, limits)
    search.run(enough=sharing.parts)
    while len(search.open.levels) > 0 and not search.is_over():
        _round(search, sharing)
    return search.outcome()


def _round(search: Search, sharing: Sharing) -> None:
    """Deal the open cones, let the parts be searched, and take back what is left."""
    parts = _deal(search, sharing)
    done = list(sharing.map(explore_part, parts))
    search.level = max([search.level, *(part.level for part in done)])
    search.found += [part.directions for part in done]
    search.nodes += sum(part.nodes for part in done)
    search.leaves += sum(part.leaves for part in done)
    search.deepest = max([search.deepest, *(part.deepest for part in done)])
    left = join([part.open for part in done])
    search.open = pick(left, left.levels > search.level)


def _deal(search: Search, sharing: Sharing) -> list[Part]:
    """Deal the open cones, in the order of their bounds, each part its limits."""
    hands = min(sharing.parts, len(search.open.levels))
    limits = search.limits
    left = limits.seconds - (monotonic() - search.started)
    share = replace(
        limits,
        nodes=(limits.nodes - search.nodes) / hands,
        seconds=min(sharing.seconds, max(left, 0.0)),
    )
    worst = np.argsort(-search.open.levels, kind="stable")
    return [
        Part(search.points, pick(search.open, worst[k::hands]), search.level, share)
        for k in range(hands)
    ]
