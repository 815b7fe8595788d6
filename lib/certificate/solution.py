"""What every solver returns: a network, its certificate, and how it got there."""

from dataclasses import dataclass

from lib.certificate.weak_duality import Certificate
from lib.problem import Bounds, Network

REACHED = "The relative gap reached the tolerance."
"""The status of a problem that is solved."""


@dataclass(frozen=True, eq=False)
class Round(Bounds):
    """What a solver knew after one of its rounds.

    Parameters
    ----------
    primal, dual : float
        The value reached and the bound proved, ``dual <= p* <= primal``. Cutting
        planes and column generation keep the best of both so far, so that neither
        ever gets worse.
    kappa : float
        The oracle's value in this round; above beta the dual point asked was
        infeasible.
    size : int
        How large the program was: its neurons, cuts or pieces.
    """

    primal: float
    dual: float
    kappa: float
    size: int


@dataclass(frozen=True, eq=False)
class Solution:
    """A trained network and the proof of how good it is.

    Parameters
    ----------
    network : Network
        On the inputs of the problem, balanced, without dead neurons.
    certificate : Certificate
        ``primal`` is the objective of the network and ``dual`` the bound that the
        solver proved.
    history : tuple of Round
        One entry a round.
    status : str
        A sentence that says why the solver stopped.
    converged : bool
        Whether the certificate reached the tolerance asked for.
    """

    network: Network
    certificate: Certificate
    history: tuple[Round, ...]
    status: str
    converged: bool
