"""Fully corrective Frank-Wolfe on the penalised problem: training to a certificate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from scipy.linalg import LinAlgError

from lib.certificate import Certificate, Round, Solution, certify
from lib.certificate.solution import REACHED
from lib.certificate.weak_duality import from_dual_point, proved_value
from lib.cone_pca import AnyOracle, Maximum, Oracle
from lib.cone_pca.kappa import Clock, InCoordinates, oracle_for
from lib.frank_wolfe.sliding.merge import merged
from lib.frank_wolfe.sliding.step import cross, slide
from lib.losses import Squared
from lib.master.fit import hold
from lib.master.group_lasso import output_weights
from lib.master.interior_point import couplings, solve_master
from lib.master.pieces import Pieces, ridge
from lib.master.polish import MOST_UNKNOWNS, ON_WALL, polish
from lib.numerics import Array, on_one_thread, unit_rows
from lib.problem import Network, Problem, objective
from lib.problem.problem import require_limits
from lib.problem.units import Units, in_units

DEFAULT_TOLERANCE = 1e-9
"""Relative gap to prove: far below what a figure can show, and well above the
rounding of a sum of squares."""

UNITS = "Rounding in the problem's own units keeps the gap above the tolerance."
"""The status of a problem that is solved in other units only."""

NEW_NEURONS = 200
"""Most neurons added in a round; more only makes the master slower."""

NEGLIGIBLE = 1e-9
"""Share of the path norm below which the master's zeros are taken for zero."""

VALUE_ROUNDING = 1e-13
"""Relative difference of two objectives that rounding can explain."""

DENSE = 2000
"""With more samples than this, neurons first move as if cells had no walls."""

SMALL = 150
"""Neurons slide in every round while they have no more input weights than this: it
is cheap, and new neurons alone crowd around an optimal one."""

BRIEF = 30
"""Newton steps of a larger network: where more are needed, new neurons do better."""

MOST_ANSWERS = 20_000
"""Most entries of Y for which the convex master is tried, most samples of the squared
loss: it solves systems of this size, or of the size of its pieces. And most entries
for which the last network is polished."""

MOST_RANK = 5
"""Rank of X up to which it is tried: beyond, a cell has too many pieces."""

MOST_COUPLINGS = 20_000_000
"""Most entries of the matrix that couples answers and pieces, 160 MB."""

FEW_ANSWERS = 2000
"""Entries of Y up to which the convex master takes over after some rounds: it is
then faster than long slides."""

PATIENCE = 5
"""How many rounds it waits: most problems are solved by then."""

NEAR = 0.02
"""Excess of kappa over beta above which it waits longer: it would need many pieces."""

FIRST_ACCURACY = 1e-3
"""Relative accuracy asked of the first convex masters: their pieces are few."""

SHARE_OF_GAP = 1e-2
"""And of the next, in units of the proved gap."""

SLACK = 0.1
"""Relative distance of bound and value that the oracle may leave, in units of the gap:
to close it far from the optimum takes long and proves little."""

STARTS, MOST_STARTS = 4, 1024
"""To the power of the rank: so many climbs are tried before a proof; and the most."""

MOST_CLIMBED = 500_000
"""Most of these climbs times rows of X: about a second."""

MUCH = 0.1
"""Excess of kappa over beta found by few climbs that is enough for a round."""

FALL = 0.1
"""Share of the excess of kappa at the last proof below which the next one is due."""

LAST_ACCURACY = 1e-13
"""Relative accuracy of the last one, where rounding ends."""


@on_one_thread
def solve(
    problem: Problem,
    *,
    start: Network | None = None,
    tolerance: float = DEFAULT_TOLERANCE,
    rounds: int = 200,
    seconds: float = np.inf,
    progress: Callable[[Round], None] | None = None,
    bound: AnyOracle | None = None,
) -> Solution:
    """Train a ReLU network to a certified global optimum of (5).

    Problem (5) is convex in the measure that the neurons form: by Lemma 4 it
    minimises ``loss + beta * gauge``, and the gauge has the atoms
    ``(X u)_+ g^T``. Each round certifies the network, from rank 3 on only where climbs
    find little, adds a neuron at every local maximum of ``|R^T (X u)_+|`` above beta,
    finds the best output weights of all neurons (a group lasso), and slides them inside
    their cells if they are few or if nothing else helps. Where that rests, or takes
    long, a convex master goes on: (17) over the simplicial pieces of cells that hold
    the neurons and the local maxima, exact up to rank 4. The best network and the best
    dual point of all rounds are kept, so that neither side of the gap ever gets worse,
    and the certificate closes when no direction is above beta. No radius t has to be
    guessed.

    Parameters
    ----------
    problem : Problem
        X of any rank; of any loss and pooling.
    start : Network, optional
        Where to begin, such as the solution for another beta or a network trained
        elsewhere; the zero network if none. The outcome is no worse.
    tolerance : float
        Relative certified gap at which to stop.
    rounds : int
        Most rounds.
    seconds : float
        Most time; it is looked at between rounds and in the oracle. Half is kept for
        a proof where the rounds have none.
    progress : callable, optional
        Called with each :class:`Round`; its values are in the units of the
        problem.
    bound : callable, optional
        An oracle made for the problem's X; ``Oracle(problem.X)`` by default.

    Returns
    -------
    Solution
        Not converging is a status, not an error: the network is the best found
        and its certificate is valid.

    Raises
    ------
    ValueError
        If ``tolerance``, ``rounds`` or ``seconds`` is not positive, or ``start`` does
        not fit.

    Notes
    -----
    Section 3.2 without the bisection of (14). A round costs an oracle call, O(n log n +
    n c) in the plane, plus a master program independent of n.

    Examples
    --------
    Two samples with opposite targets have the optimum 3/4, with a neuron for each.

    >>> problem = Problem([[1, 0], [0, 1]], [1, -1], beta=0.5)
    >>> solution = solve(problem)
    >>> round(solution.certificate.primal, 6), solution.network.width
    (0.75, 2)
    >>> solution.converged and solution.certificate.relative_gap < 1e-8
    True
    """
    require_limits("solve", tolerance=tolerance, rounds=rounds)
    clock = Clock(seconds)
    inner, units = in_units(problem)
    bound = oracle_for(problem.X, bound)
    search = _Search(inner, units, tolerance, bound, progress, clock)
    best, status = search.run(start, rounds)
    slack = SLACK * max(tolerance, min(best.proof.relative_gap, 1.0))
    bound = oracle_for(problem.X, bound, clock, tolerance=slack)
    found, certificate = _in_own_units(problem, search, best, bound)
    converged = certificate.relative_gap <= tolerance
    if converged:
        status = REACHED
    elif status == REACHED:
        status = UNITS
    return Solution(found, certificate, tuple(search.history), status, converged)


@dataclass(frozen=True, eq=False)
class _State:
    """A network and its certificate.

    ``excess`` is that of kappa over beta at the last whole proof, and ``whole`` tells
    whether that is this one; rough is a network as a convex master left it.
    """

    network: Network
    proof: Certificate
    excess: float
    whole: bool
    rough: bool = False


@dataclass(frozen=True, eq=False)
class _Search:
    """The rounds of :func:`solve`, in its own units."""

    problem: Problem
    units: Units
    tolerance: float
    oracle: AnyOracle
    progress: Callable[[Round], None] | None
    clock: Clock
    history: list[Round] = field(default_factory=list)
    rng: np.random.Generator = field(default_factory=partial(np.random.default_rng, 0))

    def run(self, start: Network | None, rounds: int) -> tuple[_State, str]:
        """Return the best of all rounds and why they ended."""
        network = Network.zero(*self.problem.shape[1:])
        if start is not None:
            network = self.units.enter(start)
        here = self.prove(network, None)
        convex, asked = None, False
        for count in range(rounds):
            self.report(here)
            if here.proof.relative_gap <= self.tolerance:
                return here, REACHED
            if self.clock.over:
                return here, self.clock.status
            fresh = _improving(here.proof.kappa, self.problem.beta)
            if here.network.width + len(fresh) == 0:
                return here, "No neuron improves on the zero network."
            if convex is None or convex.over:
                there = self.round(here, fresh)
                better = _is_better(there.proof, here.proof)
                here = _best(there, here)
                asked = asked and not better
                early = convex is not None or self.waits(count, here)
                if (better and early) or self.clock.over:
                    continue
                if not (here.whole or asked):
                    here = _best(self.prove(here.network, here, wholly=True), here)
                    asked = True
                    continue
                if convex is not None or not self.convex:
                    return here, "The round improved neither value nor gap."
                convex = _ConvexMaster(self, here)
            there = convex.round(here, fresh)
            # Where it can do no more, the network is corrected as before.
            if there is None:
                there = self.prove(here.network, here, wholly=True)
            here = _best(there, here)
        return here, f"The limit of {rounds} rounds was reached."

    @property
    def convex(self) -> bool:
        """Whether the convex master is tried at all."""
        X, Y = self.problem.X, self.problem.Y
        joined = type(self.problem.loss) is Squared
        answers = len(Y) if joined else Y.size
        return X.shape[1] <= MOST_RANK and answers <= MOST_ANSWERS

    def waits(self, count: int, here: _State) -> bool:
        """Tell whether the convex master is not yet faster than slides."""
        if not self.convex or self.problem.Y.size > FEW_ANSWERS:
            return True
        return count < PATIENCE or self.excess(here.proof) > NEAR

    def bound(self, **limits: Any) -> AnyOracle:
        """Return the oracle in these coordinates, for some time and accuracy."""
        asked = oracle_for(self.oracle.X, self.oracle, self.clock, **limits)
        return InCoordinates(self.problem.X, self.units.basis, self.units.x, asked)

    def prove(
        self, network: Network, here: _State | None, *, wholly: bool = False
    ) -> _State:
        """Certify a network, as far as it pays after another."""
        proved = partial(certify, self.problem, network)
        return _State(network, *self.proof(proved, here, wholly))

    def proof(
        self,
        proved: Callable[..., Certificate],
        here: _State | None,
        wholly: bool = False,
    ) -> tuple[Certificate, float, bool]:
        """Prove wholly or by climbs, which find neurons and hardly prove anything.

        ``proved`` takes the oracle as its ``bound``. While climbs find much of the
        excess of the last whole proof, the next would only say so. Returns the
        certificate, that excess, and whether it was whole.
        """
        gap, excess = 1.0, np.inf
        if here is not None:
            gap, excess = min(here.proof.relative_gap, 1.0), here.excess
        climbs = isinstance(self.oracle, Oracle) and not (wholly or self.clock.late)
        for enough, starts in self.starts(excess) if climbs else ():
            found = proved(bound=self.bound(starts=starts))
            left = self.excess(found)
            if self.is_settled(found):
                return found, left, True
            if left > enough:
                return found, min(excess, left), False
        while True:
            slack = SLACK * gap
            found = proved(bound=self.bound(tolerance=slack / 2))
            kappa, gap = found.kappa, min(found.relative_gap, 1.0)
            if self.is_settled(found) or kappa.bound > kappa.value * (1 + slack):
                return found, self.excess(found), True

    def is_settled(self, proof: Certificate) -> bool:
        """Tell whether the gap is closed, or the oracle as accurate as it needs."""
        kappa, gap = proof.kappa, min(proof.relative_gap, 1.0)
        return gap <= self.tolerance or kappa.bound <= kappa.value * (1 + SLACK * gap)

    def starts(self, excess: float) -> Iterator[tuple[float, Array]]:
        """Yield what excess is enough for a round, and where to climb from for it."""
        (rows, rank), least = self.problem.X.shape, self.tolerance
        many = min(STARTS**rank, MOST_STARTS, MOST_CLIMBED // rows)
        if excess < np.inf:
            least = max(FALL * excess, least)
        for enough, count in ((MUCH, 0), (least, many)):
            yield enough, self.rng.standard_normal((count, rank)) @ self.units.basis.T

    def excess(self, proof: Certificate) -> float:
        """Return by how much of beta kappa is above it."""
        return max(proof.kappa.value / self.problem.beta - 1, 0.0)

    def report(self, here: _State) -> None:
        """Make the entry of this round and hand it to ``progress``."""
        value, proof = self.units.value, here.proof
        entry = Round(
            proof.primal * value,
            proof.dual * value,
            proof.kappa.value * self.units.kappa,
            here.network.width,
        )
        self.history.append(entry)
        if self.progress is not None:
            self.progress(entry)

    def round(self, here: _State, fresh: Array) -> _State:
        """Correct the output weights with the fresh neurons, and slide if that pays.

        Of a large network a slide costs more than many rounds of fresh neurons, so it
        waits until those no longer improve anything.
        """
        corrected = _corrected(self.problem, np.vstack([here.network.U, fresh]))
        small = corrected.U.size <= SMALL
        if not small:
            there = self.prove(corrected, here)
            if _is_better(there.proof, here.proof):
                return there
        steps = np.inf if small else BRIEF
        limits = {"steps": steps, "stop": lambda: self.clock.over}
        corrected = slide(self.problem, corrected, rotate=False, **limits)
        reached = objective(self.problem, corrected)
        for start in (merged(self.problem, corrected), corrected):
            slid = _slid(self.problem, start, limits)
            if objective(self.problem, slid) <= reached * (1 + VALUE_ROUNDING):
                there = self.prove(slid, here)
                if _is_better(there.proof, here.proof):
                    return there
        return self.prove(corrected, here)


class _ConvexMaster:
    """Rounds of (17) on the pieces that hold the neurons and the local maxima.

    They are convex: where the corrected network rests in a point that is optimal for
    its cells' neurons alone, these go on.
    """

    def __init__(self, search: _Search, here: _State) -> None:
        """Start from the pieces of the neurons."""
        self.search, self.pieces = search, Pieces(search.problem)
        self.accuracy, self.neurons = FIRST_ACCURACY, here.network.U
        self.over = False

    def round(self, here: _State, fresh: Array) -> _State | None:
        """Solve the master with the pieces of fresh neurons; None once it is over.

        It is where no piece is new and no accuracy left, where pieces are too many,
        where double precision cannot part two hyperplanes, and where rounding breaks a
        system.
        """
        try:
            found = self.solved(here, fresh)
        except (LinAlgError, ValueError):
            found = None
        self.over = found is None
        return found

    def solved(self, here: _State, fresh: Array) -> _State | None:
        """Add pieces, solve, and go back to a network; None if there is no need to."""
        problem, before = self.search.problem, len(self.pieces)
        for u in np.vstack([self.neurons, fresh]):
            self.pieces.add(u)
        self.neurons = self.neurons[:0]
        if len(self.pieces) > before or self.accuracy == FIRST_ACCURACY:
            gap = SHARE_OF_GAP * here.proof.relative_gap
            self.accuracy = min(self.accuracy, max(gap, LAST_ACCURACY))
        elif self.accuracy > LAST_ACCURACY:
            last = SHARE_OF_GAP * self.search.tolerance
            self.accuracy = last if self.accuracy > last else LAST_ACCURACY
        else:
            return None
        pieces = list(self.pieces)
        if couplings(problem, pieces) > MOST_COUPLINGS:
            return None
        point = solve_master(problem, pieces, tolerance=self.accuracy)
        U = self.pieces.inputs(point, self.accuracy)
        network = Network(U, ridge(problem, U)).balanced()
        self.pieces.keep_used(point, self.accuracy)
        value = objective(problem, network)
        proved = partial(from_dual_point, problem, value, point.Z)
        return _State(network, *self.search.proof(proved, here), rough=True)


def _in_own_units(
    problem: Problem, search: _Search, best: _State, bound: AnyOracle
) -> tuple[Network, Certificate]:
    """Return the network and its certificate for the problem asked.

    Where its residual proves too little, or where a master has left more neurons than
    are needed, the network is polished; and the best dual point of all rounds counts
    where it proves more than rounding, and no oracle has to be asked again.
    """
    units, tolerance, wanted = search.units, search.tolerance, best.rough
    found = units.leave(best.network)
    certificate = certify(problem, found, bound=bound)
    finer = _finer(search.problem, best.network)
    while not search.clock.over:
        closed = certificate.relative_gap <= tolerance
        trial = None if closed and not wanted else next(finer, None)
        if trial is None:
            break
        wanted, trial = False, units.leave(trial)
        proof = certify(problem, trial, bound=bound)
        least = tolerance * proof.primal if closed else certificate.gap
        same = proof.primal <= certificate.primal * (1 + VALUE_ROUNDING)
        if same and proof.gap < least:
            found, certificate = trial, proof
    Z = best.proof.Z * units.y
    dual = proved_value(problem, Z, problem.beta)
    if dual > certificate.dual + VALUE_ROUNDING * certificate.primal:
        certificate = replace(certificate, dual=dual, Z=Z)
    return found, certificate


def _finer(problem: Problem, network: Network) -> Iterator[Network]:
    """Yield networks that may prove more than one near the optimum.

    Of many samples none: there a step and an oracle call take seconds.
    """
    if problem.Y.size > MOST_ANSWERS or network.width == 0:
        return
    yield from _polished(problem, network)
    if network.V.size <= MOST_UNKNOWNS:
        corrected = _corrected(problem, network.U)
        yield corrected
        yield from _polished(problem, corrected)


def _polished(problem: Problem, network: Network) -> Iterator[Network]:
    """Yield what Newton makes of a network that is not too large for it."""
    for on_wall in ON_WALL:
        found = polish(problem, network, on_wall)
        if found is not network:
            yield found


def _best(new: _State, old: _State) -> _State:
    """Keep the better network and the better dual point; the latest local maxima."""
    network, proof, rough = new.network, new.proof, new.rough
    if old.proof.primal < proof.primal:
        network, rough = old.network, old.rough
        proof = replace(proof, primal=old.proof.primal)
    if old.proof.dual > proof.dual:
        proof = replace(proof, dual=old.proof.dual, Z=old.proof.Z)
    return _State(network, proof, new.excess, new.whole, rough)


def _slid(problem: Problem, network: Network, limits: dict[str, Any]) -> Network:
    """Move neurons, first across walls where those are dense, then up to them."""
    if len(problem.X) > DENSE:
        network = cross(problem, network)
    return slide(problem, network, **limits)


def _is_better(new: Certificate, old: Certificate) -> bool:
    """Compare by value, or by proved gap where values differ by rounding only.

    Near the optimum the value is quadratic in the distance and the gap linear,
    so half of the digits of the gap are invisible in the value.
    """
    if abs(new.primal - old.primal) <= VALUE_ROUNDING * old.primal:
        return new.gap < old.gap
    return new.primal < old.primal


def _improving(kappa: Maximum, beta: float) -> Array:
    """Return the local maximisers above beta, the best first, (k, r)."""
    return kappa.candidates[kappa.candidate_values > beta][:NEW_NEURONS]


def _corrected(problem: Problem, U: Array) -> Network:
    """Return the network with the best output weights for the directions of U."""
    U = unit_rows(U, zeros=False)
    V = output_weights(hold(problem, U).along(U, np.arange(len(U))), problem.beta)
    sizes = np.linalg.norm(V, axis=1)
    alive = sizes > NEGLIGIBLE * sizes.sum()
    return Network(U[alive], V[alive]).balanced()
