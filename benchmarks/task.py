"""What every method is given, and what it must give back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lib.problem import Network, Problem


class UnsolvedError(RuntimeError):
    """A method ended without a network; the message says why."""

    status = "failed"


class StoppedError(UnsolvedError):
    """A method had no network yet when its time was up."""

    status = "stopped"


@dataclass(frozen=True)
class Effort:
    """How much each method may do.

    Attributes
    ----------
    steps : int
        Frank-Wolfe steps of Algorithm 1 and of copt; bisection shares them.
    halvings : int
        Radii that bisection tries.
    directions : int
        Directions in the grid of the dual (11).
    seconds : float
        Limit of one call of a conic solver or of another package.
    repeats : int
        Most repeats of a measurement; their median is reported.
    patience : float
        Seconds of measurement after which a method is not repeated on a problem.
    """

    steps: int
    halvings: int
    directions: int
    seconds: float
    repeats: int
    patience: float


@dataclass(frozen=True, eq=False)
class Task:
    """A problem, how much to do, and the radius that Algorithm 1 is given.

    The radius is the path norm of a certified optimal network. Methods that need one
    get it for nothing.
    """

    problem: Problem
    effort: Effort
    radius: float


@dataclass(frozen=True, eq=False)
class Answer:
    """A trained network, and what its method said of it.

    Attributes
    ----------
    network : Network
        On the inputs of the problem.
    value : float or None
        The optimal value that the method itself reports, if it reports one.
    seconds : float or None
        Run time measured inside another process; None lets the caller measure.
    remark : str
        Why it stopped, if not because it was done.
    bound : float or None
        The best lower bound of p* that the method proved on its way, if it did.
    """

    network: Network
    value: float | None = None
    seconds: float | None = None
    remark: str = ""
    bound: float | None = None


def always(problem: Problem) -> str:
    """Say of any problem that a method takes it: no reason against."""
    return ""


@dataclass(frozen=True)
class Method:
    """A way to train a network.

    Attributes
    ----------
    key, label : str
        Its name in the results and in tables.
    run : callable
        From a :class:`Task` to an :class:`Answer`, or UnsolvedError.
    objection : callable
        From a problem to why the method cannot take it; empty if it can.
    package : str
        The environment of its own that it needs, if any.
    """

    key: str
    label: str
    run: Callable[[Task], Answer]
    objection: Callable[[Problem], str] = always
    package: str = ""
