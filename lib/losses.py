"""Convex losses of the outputs, their conjugates and curvature (section A.6).

Each loss ``l(F, Y)`` brings the four things that training and proof need: its
value, its residual ``R = -grad l(F)``, the dual value ``-l*(-Z)`` of (78), and the
blocks of its Hessian. The paper's (4), (76) and (79) write ``l / 2``, but its dual
(78) is that of ``l``, as is everything here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import softmax

from lib.numerics import EPS, Array

__all__ = [
    "Huber",
    "Logistic",
    "Loss",
    "Softmax",
    "Squared",
    "best_scale",
    "feasible_scale",
    "get_loss",
]

SCALE_STEPS = 60
"""Bisections of the dual scale: from there on both ends are the same double."""

LOG_ROUNDINGS = 8
"""Roundings of ``q log q``: numpy's logarithm is good to 4 units in the last place."""

STAY_INSIDE = 1 - 4 * EPS
"""Shrinks a scale so that its rounding does not leave the domain."""


def summation_error(terms: Array, each: int) -> float:
    """Bound the rounding of ``terms.sum()``, each term with ``each`` roundings.

    numpy adds blocks of at most 128 terms in 8 lanes and then the blocks in
    pairs: under ``32 + log2 N`` additions above any term (Higham 2002, 4.2), and
    never more than N - 1. One rounding is half of EPS.
    """
    depth = min(terms.size - 1, 32 + math.ceil(math.log2(terms.size)))
    # One more for the moduli's own sum and the bound itself.
    return 0.5 * (each + depth + 1) * EPS * float(np.abs(terms).sum())


@dataclass(frozen=True)
class Loss:
    """What all losses share; the formulas are those of the squared loss.

    A loss is convex in F and separates over samples. Methods take F, Y and Z of
    shape (n, c).
    """

    smoothness: ClassVar[float]
    """Largest eigenvalue that the Hessian blocks can have."""

    convexity: ClassVar[float] = 0.0
    """Least eigenvalue that they can have: above 0 the loss is strongly convex."""

    free_unit: ClassVar[bool] = False
    """Whether the outputs may be measured in any unit."""

    @property
    def name(self) -> str:
        """The word by which :func:`get_loss` finds the loss."""
        return type(self).__name__.lower()

    def targets(self, Y: Array) -> Array:
        """Return the targets in the form the formulas expect, or refuse them."""
        return Y

    def value(self, F: Array, Y: Array) -> float:
        """Return ``l(F, Y)``. O(n c)."""
        raise NotImplementedError

    def residual(self, F: Array, Y: Array) -> Array:
        """Return ``R = -grad l(F)``, (n, c): the direction that lowers the loss."""
        raise NotImplementedError

    def dual(self, Z: Array, Y: Array) -> float:
        """Return a proved lower bound of ``-l*(-Z)``, minus infinity if none.

        Rounding included: the exact dual value at Z, or at a point within
        :meth:`repair` of it, is at least this. O(n c).
        """
        raise NotImplementedError

    def repair(self, Z: Array, Y: Array) -> Array:
        """Bound by how much each row of Z must move into the domain of l*, (n,).

        Zero where the domain is a box, which floating point meets exactly.
        """
        return np.zeros(len(Z))

    def scale_limit(self, R: Array, Y: Array) -> float:
        """Return the largest s with ``s R`` in the domain of l*, rounded down."""
        return math.inf

    def dual_slope(self, s: float, R: Array, Y: Array) -> float:
        """Return the derivative of ``s -> -l*(-s R)``, decreasing in s."""
        raise NotImplementedError

    def curvature(self, F: Array, Y: Array) -> Array | None:
        """Return the Hessian blocks of each sample, (n, c, c); None for identity."""
        return None

    def scaled(self, Y: Array, unit: float) -> tuple[Loss, Array]:
        """Return the loss and targets that measure outputs in ``unit``.

        ``l(unit F, Y) = unit^2 l'(F, Y')`` for the losses with a free unit, to be asked
        with ``free_unit``; the unit of the others is 1.
        """
        return self, Y / unit


@dataclass(frozen=True)
class Squared(Loss):
    """``1/2 |F - Y|^2``, the loss of (5); its dual is (11).

    Examples
    --------
    >>> Squared().value(np.array([[3.0]]), np.array([[1.0]]))
    2.0
    """

    smoothness: ClassVar[float] = 1.0
    convexity: ClassVar[float] = 1.0
    free_unit: ClassVar[bool] = True

    def value(self, F: Array, Y: Array) -> float:
        """Return half the squared error."""
        R = F - Y
        return float(0.5 * np.vdot(R, R))

    def residual(self, F: Array, Y: Array) -> Array:
        """Return ``Y - F``."""
        return Y - F

    def dual(self, Z: Array, Y: Array) -> float:
        """Return ``<Z, Y> - |Z|^2 / 2`` less its rounding."""
        terms = Z * Y - 0.5 * Z * Z
        parts = np.abs(Z * Y) + 0.5 * Z * Z
        return float(terms.sum()) - summation_error(parts, 3)

    def dual_slope(self, s: float, R: Array, Y: Array) -> float:
        """Return ``<R, Y> - s |R|^2``."""
        return float(np.vdot(R, Y) - s * np.vdot(R, R))


@dataclass(frozen=True)
class Huber(Squared):
    """Half the square up to ``delta``, linear beyond, entry by entry.

    Parameters
    ----------
    delta : float
        Positive, in the unit of Y. Errors beyond it pull no harder.

    Examples
    --------
    >>> Huber(1.0).value(np.array([[3.0]]), np.array([[1.0]]))
    1.5
    """

    convexity: ClassVar[float] = 0.0

    delta: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a delta that is not positive."""
        if not (math.isfinite(self.delta) and self.delta > 0):
            raise ValueError(
                f"Huber needs delta > 0 and finite; got delta = {self.delta!r}. Use "
                "the squared loss for delta = infinity."
            )

    def value(self, F: Array, Y: Array) -> float:
        """Return the sum of Huber's function over the errors."""
        error = np.abs(F - Y)
        bent = np.minimum(error, self.delta)
        return float((bent * (error - 0.5 * bent)).sum())

    def residual(self, F: Array, Y: Array) -> Array:
        """Return ``Y - F`` clipped to ``+-delta``."""
        return np.clip(Y - F, -self.delta, self.delta)

    def dual(self, Z: Array, Y: Array) -> float:
        """Return ``<Z, Y> - |Z|^2 / 2`` in the box ``|Z| <= delta``."""
        if np.abs(Z).max() > self.delta:
            return -math.inf
        return super().dual(Z, Y)

    def scale_limit(self, R: Array, Y: Array) -> float:
        """Return ``delta / max |R|``."""
        return _ratio(self.delta, float(np.abs(R).max()))

    def curvature(self, F: Array, Y: Array) -> Array:
        """Return 1 where the error is below delta, else 0, on the diagonal."""
        return _diagonals((np.abs(F - Y) < self.delta).astype(float))

    def scaled(self, Y: Array, unit: float) -> tuple[Loss, Array]:
        """Return Huber's loss with ``delta / unit`` for ``Y / unit``."""
        return Huber(self.delta / unit), Y / unit


@dataclass(frozen=True)
class Logistic(Loss):
    """``log(1 + e^f) - y f`` entry by entry, labels 0 and 1 (or -1 and 1).

    One column is binary classification, several are independent labels.

    Examples
    --------
    >>> Logistic().targets(np.array([[-1.0], [1.0]])).ravel()
    array([0., 1.])
    """

    smoothness: ClassVar[float] = 0.25

    def targets(self, Y: Array) -> Array:
        """Return labels 0 and 1; -1 is read as 0.

        Raises
        ------
        ValueError
            If an entry is none of -1, 0, 1, or if both 0 and -1 occur.
        """
        found = np.unique(Y)
        if not (np.isin(found, (0, 1)).all() or np.isin(found, (-1, 1)).all()):
            raise ValueError(
                "Y must hold labels 0 and 1, or -1 and 1, for the logistic loss; got "
                f"{_some(found)}. For class numbers use the softmax loss."
            )
        return (Y > 0).astype(float)

    def value(self, F: Array, Y: Array) -> float:
        """Return the sum of ``log(1 + e^f) - y f``, without overflow."""
        margin = np.where(Y > 0, F, -F)
        return float(np.logaddexp(0.0, -margin).sum())

    def residual(self, F: Array, Y: Array) -> Array:
        """Return ``Y - sigmoid(F)``, small differences to full precision."""
        margin = np.where(Y > 0, F, -F)
        return np.where(Y > 0, 1.0, -1.0) * _sigmoid(-margin)

    def dual(self, Z: Array, Y: Array) -> float:
        """Return the binary entropies of ``q = Y - Z``, which must lie in [0, 1]."""
        distance = np.where(Y > 0, Z, -Z)  # q or 1 - q, without rounding
        if distance.min() < 0.0 or distance.max() > 1.0:
            return -math.inf
        terms = _entropy(distance) + _entropy(1.0 - distance)
        moved = Z.size * float(_entropy_error(EPS))  # 1 - q is rounded by EPS / 2
        return float(terms.sum()) - summation_error(terms, LOG_ROUNDINGS) - moved

    def scale_limit(self, R: Array, Y: Array) -> float:
        """Return ``1 / max |R|``: residuals point from the label into [0, 1]."""
        return _ratio(1.0, float(np.abs(R).max()))

    def dual_slope(self, s: float, R: Array, Y: Array) -> float:
        """Return ``sum r log(q / (1 - q))``."""
        distance = np.clip(s * np.abs(R), 1e-300, 1.0)
        odds = np.log(np.maximum(1.0 - distance, 1e-300)) - np.log(distance)
        return float((np.abs(R) * odds).sum())

    def curvature(self, F: Array, Y: Array) -> Array:
        """Return ``p (1 - p)`` on the diagonal."""
        return _diagonals(_sigmoid(F) * _sigmoid(-F))


@dataclass(frozen=True)
class Softmax(Loss):
    """Cross-entropy ``log sum_k e^{f_k} - f_y`` of class scores.

    Examples
    --------
    >>> Softmax().targets(np.array([[0.0], [2.0], [1.0]]))
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 1., 0.]])
    """

    smoothness: ClassVar[float] = 0.5

    def targets(self, Y: Array) -> Array:
        """Return one-hot rows; one column is read as class numbers from 0.

        Raises
        ------
        ValueError
            If rows are neither one-hot nor class numbers, or with one class only.
        """
        if Y.shape[1] == 1:
            Y = _one_hot(Y[:, 0])
        good = np.isin(Y, (0.0, 1.0)).all(axis=1) & (Y.sum(axis=1) == 1.0)
        if not good.all():
            row = int(np.argmin(good))
            raise ValueError(
                "Y must have one-hot rows or be one column of class numbers for the "
                f"softmax loss; got row {row} = {_some(Y[row])}."
            )
        return Y

    def value(self, F: Array, Y: Array) -> float:
        """Return the sum of ``log sum_k exp(f_k - f_y)``, without overflow."""
        lead = F - F.max(axis=1, keepdims=True)
        partition = np.log(np.exp(lead).sum(axis=1))
        return float((partition - (lead * Y).sum(axis=1)).sum())

    def residual(self, F: Array, Y: Array) -> Array:
        """Return ``Y - softmax(F)``, the label's entry as the sum of the others."""
        P = softmax(F, axis=1) * (1.0 - Y)
        return np.where(Y > 0, P.sum(axis=1, keepdims=True), -P)

    def dual(self, Z: Array, Y: Array) -> float:
        """Return the entropies of the rows of ``Q = Y - Z``, in the simplex.

        Rows that miss the sum 1 are read as the distribution next to them, at
        most :meth:`repair` away, whose entropy is bounded from below.
        """
        Q = Y - Z
        if Q.min() < 0.0:
            return -math.inf
        terms = _entropy(Q)
        moved = self.repair(Z, Y) + EPS
        slack = Q.shape[1] * _entropy_error(moved).sum()
        error = summation_error(terms, LOG_ROUNDINGS) + float(slack)
        return float(terms.sum()) - error

    def repair(self, Z: Array, Y: Array) -> Array:
        """Bound the distance from each row of ``Y - Z`` to its multiple of sum 1."""
        c = Z.shape[1]
        return np.abs((Y - Z).sum(axis=1) - 1.0) + 4 * c * EPS

    def scale_limit(self, R: Array, Y: Array) -> float:
        """Return ``1 / max r_y``: then no entry of ``Y - s R`` is negative."""
        return _ratio(1.0, float(np.where(Y > 0, R, 0.0).max()))

    def dual_slope(self, s: float, R: Array, Y: Array) -> float:
        """Return ``sum R log Q`` (rows of R add up to zero)."""
        return float((R * np.log(np.maximum(Y - s * R, 1e-300))).sum())

    def curvature(self, F: Array, Y: Array) -> Array:
        """Return ``diag(p) - p p^T`` of each row."""
        P = softmax(F, axis=1)
        return _diagonals(P) - P[:, :, None] * P[:, None, :]


SQUARED = Squared()

LOSSES = {kind().name: kind for kind in (Squared, Huber, Logistic, Softmax)}


def get_loss(loss: Loss | str) -> Loss:
    """Return the loss of that name, or the loss itself.

    Raises
    ------
    ValueError
        For a name that is none of ``LOSSES``, or anything else.

    Examples
    --------
    >>> get_loss("huber")
    Huber(delta=1.0)
    """
    if isinstance(loss, Loss):
        return loss
    if not isinstance(loss, str) or loss not in LOSSES:
        raise ValueError(
            f"loss must be one of {', '.join(LOSSES)} or a Loss such as Huber(0.5); "
            f"got {loss!r}."
        )
    return LOSSES[loss]()


def best_scale(loss: Loss, R: Array, Y: Array, cap: float) -> float:
    """Return the s in [0, cap] for which ``s R`` has the largest dual value.

    The dual value is concave in s: its slope is bisected, unless it still rises
    at the end of the interval, as it does near an optimum. Any s in the interval
    is safe; a worse one only loosens the bound.

    Parameters
    ----------
    loss : Loss
    R, Y : (n, c) arrays
        A residual and the targets.
    cap : float
        ``beta / kappa(R)``; the domain of l* is respected besides.

    Notes
    -----
    Equation (78) along a ray. O(n c) for each of at most ``SCALE_STEPS`` slopes.
    """
    if not R.any():
        return 0.0
    if type(loss) is Squared:
        return min(max(float(np.vdot(R, Y) / np.vdot(R, R)), 0.0), cap)
    high = min(cap, loss.scale_limit(R, Y))
    if loss.dual_slope(high, R, Y) >= 0.0:
        return high
    low = 0.0
    for _ in range(SCALE_STEPS):
        middle = 0.5 * (low + high)
        rising = loss.dual_slope(middle, R, Y) >= 0.0
        low, high = (middle, high) if rising else (low, middle)
    return low


def _ratio(limit: float, largest: float) -> float:
    """Return ``limit / largest`` rounded down, infinity for nothing to scale."""
    return limit / largest * STAY_INSIDE if largest > 0 else math.inf


def _diagonals(rows: Array) -> Array:
    """Return the diagonal matrix of each row, (n, c, c)."""
    return rows[:, :, None] * np.eye(rows.shape[1])


def _sigmoid(F: Array) -> Array:
    """Return ``1 / (1 + e^-F)`` without overflow."""
    small = np.exp(-np.abs(F))
    return np.where(F >= 0, 1.0, small) / (1.0 + small)


def _entropy(Q: Array) -> Array:
    """Return ``-q log q``, 0 at 0."""
    return -Q * np.log(np.where(Q > 0, Q, 1.0))


def _entropy_error(moved: Array | float) -> Array:
    """Bound by how much ``-q log q`` changes on [0, 2] when q moves that far.

    It is concave with its steepest slope at 0, so the change is largest there.
    """
    moved = np.minimum(moved, 1.0)
    return moved * (2.0 + np.abs(np.log(moved)))


def _one_hot(labels: Array) -> Array:
    """Return indicator rows of class numbers 0, 1, ..., all of which occur.

    An output for a class without samples is a class of its own to the loss, and changes
    the optimum; so none is made up.
    """
    found = np.unique(labels)
    if len(found) < 2 or not np.array_equal(found, np.arange(len(found))):
        raise ValueError(
            "A single column Y must hold class numbers 0, 1, ... of at least two "
            f"classes, each with samples, for the softmax loss; got {_some(found)}. "
            "Number them with np.unique(Y, return_inverse=True)[1], or pass "
            "one_hot(labels, classes) where some classes have no sample."
        )
    return np.eye(len(found))[labels.astype(int)]


def _some(values: Array) -> str:
    """Write the first few values."""
    shown = ", ".join(f"{value:g}" for value in values[:6])
    return f"[{shown}{', ...' if len(values) > 6 else ''}]"


def feasible_scale(Y: Array, Z: Array, beta: float, kappa_bound: float) -> float:
    """Return the ``s`` for which ``s Z`` is feasible for (11) and of largest value.

    Parameters
    ----------
    Y, Z : (n, c) arrays
        Targets of the squared loss and any dual point.
    beta : float
    kappa_bound : float
        A proved upper bound of ``kappa(Z)``; feasibility is ``s kappa(Z) <= beta``.
    """
    cap = beta / kappa_bound * STAY_INSIDE if kappa_bound else np.inf
    return best_scale(SQUARED, Z, Y, cap)


def require_squared(who: str, loss: Loss) -> None:
    """Refuse any loss but the squared one, of which alone a method is true."""
    if type(loss) is not Squared:
        raise ValueError(
            f"{who} needs the squared loss; got loss = {loss!r}. "
            "lib.frank_wolfe.solve serves all losses."
        )
