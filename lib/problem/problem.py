"""The training problem (5), the networks that try to solve it, and its rank."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lib.losses import SQUARED, Loss, get_loss
from lib.numerics import EPS, Array, numerical_rank, require_finite

LARGEST = 1e120
"""Largest entries of X and of Y lie between its inverse and this, or all are zero: then
squares and products of sums over many samples neither overflow nor vanish."""

ROW_BLOCK = 1 << 16
"""Samples handled at once where all activations together would fill the memory."""


def as_matrix(name: str, value: ArrayLike) -> Array:
    """Return a read-only float copy of ``value`` as a finite (n, k) matrix.

    A one-dimensional ``value`` becomes a single column.
    """
    matrix = _as_floats(name, value)
    if matrix.ndim == 1:
        matrix = matrix[:, None]
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise ValueError(
            f"{name} must be a matrix with at least one row and one column; got "
            f"shape {matrix.shape}. Flatten images to one row per sample."
        )
    require_finite(name, matrix)
    matrix.setflags(write=False)
    return matrix


def _as_floats(name: str, value: ArrayLike) -> Array:
    """Return a float copy of ``value``, or say why it is not real numbers."""
    try:
        if np.iscomplexobj(value):
            raise TypeError("complex numbers")
        if getattr(value, "dtype", np.dtype(float)).kind in "mM":
            raise TypeError("dates or times: count them in a unit and from a start")
        if np.ma.is_masked(value):
            raise TypeError("masked entries: fill them or drop their rows")
        return np.array(value, dtype=np.float64, order="C")
    except (TypeError, ValueError, RuntimeError) as error:  # torch raises the last
        raise ValueError(
            f"{name} must be a matrix of real numbers; got {type(value).__name__} "
            f"({error}). Pass a rectangular numpy array."
        ) from error


def _as_number(value: float) -> float:
    """Return ``value`` as a float, NaN if it is no number."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def require_limits(who: str, *, tolerance: float, **counts: int) -> None:
    """Refuse a tolerance that is not positive or a limit that is no count.

    Parameters
    ----------
    who : str
        The solver, for the message.
    tolerance : float
    counts : int
        Its limits by their names, each at least 1.
    """
    whole = all(
        isinstance(count, int | np.integer) and count >= 1 for count in counts.values()
    )
    if not (_as_number(tolerance) > 0 and whole):
        needs = " and ".join(f"{name} >= 1" for name in counts)
        came = ", ".join(f"{name} = {count!r}" for name, count in counts.items())
        raise ValueError(
            f"{who} needs tolerance > 0 and {needs}; got tolerance = {tolerance!r}, "
            f"{came}. Limits are whole numbers."
        )


@dataclass(frozen=True, eq=False)
class Problem:
    """Training with weight decay, the paper's problem (5), and its pooled CNN (6).

    ``p* = min_{U,V} loss(F, Y) + beta/2 sum_j (|u_j|^2 + |v_j|^2)`` where
    ``F = sum_j h(u_j) v_j^T`` and ``h(u) = S (X u)_+``. S adds up the ``pooling``
    rows of each sample; it is the identity for a fully connected network, and for
    a CNN the rows of X are the patches that its filters ``u_j`` see.

    Parameters
    ----------
    X : (n pooling, d) array_like
        One sample a row, or its patches in consecutive rows, as from
        :func:`lib.problem.patches`. A bias is a column of ones.
    Y : (n, c) or (n,) array_like
        Targets; a vector is taken as one output, ``c = 1``. Each loss checks its
        own: one-hot rows or class numbers for softmax, 0/1 or -1/1 for logistic.
    beta : float
        Weight decay, positive. Same unit as ``|Y| |X|`` for the squared loss.
    loss : Loss or str
        ``"squared"``, ``"huber"``, ``"logistic"``, ``"softmax"`` or an object of
        :mod:`lib.losses`.
    pooling : int
        Patches a sample. Patches are added up, as in (50); for their average
        divide X by ``pooling``.

    Raises
    ------
    ValueError
        If a matrix is empty, not numeric or not finite, if the numbers of rows
        differ, if the largest entry of one is beyond ``LARGEST`` or below its
        inverse, if ``beta`` is not positive and finite, or if the targets do not fit
        the loss.

    Notes
    -----
    Both matrices are copied and read-only, so a problem never changes.

    Examples
    --------
    Two samples with opposite targets; the zero network costs ``|Y|^2 / 2``.

    >>> problem = Problem([[1, 0], [0, 1]], [1, -1], beta=0.5)
    >>> problem.shape
    (2, 2, 1)
    >>> objective(problem, Network.zero(2, 1))
    1.0
    """

    X: Array
    Y: Array
    beta: float
    loss: Loss = SQUARED
    pooling: int = 1

    def __post_init__(self) -> None:
        """Validate and freeze the data."""
        X, Y = as_matrix("X", self.X), as_matrix("Y", self.Y)
        _require_rows(X, Y, self.pooling)
        _require_range(X=X, Y=Y)
        beta = _as_number(self.beta)
        if not (np.isfinite(beta) and beta > 0):
            raise ValueError(
                f"beta must be positive and finite; got beta = {self.beta!r}. "
                "Without weight decay the optimum need not be attained."
            )
        loss = get_loss(self.loss)
        Y = loss.targets(Y)
        Y.setflags(write=False)
        for name, value in {"X": X, "Y": Y, "beta": beta, "loss": loss}.items():
            object.__setattr__(self, name, value)

    @property
    def shape(self) -> tuple[int, int, int]:
        """``(n, d, c)``: samples, inputs, outputs."""
        return len(self.Y), self.X.shape[1], self.Y.shape[1]

    def features(self, U: Array) -> Array:
        """Return ``h(u) = S (X u)_+`` of each row of U, (n, m). O(n pooling m d)."""
        return self.pool(np.maximum(self.X @ U.T, 0.0))

    def predict(self, network: Network) -> Array:
        """Return the outputs F of a network, (n, c), in blocks of samples."""
        if network.V.shape[1] != self.Y.shape[1]:
            raise ValueError(
                f"The network must have {self.Y.shape[1]} outputs, the columns of "
                f"Y; got V {network.V.shape}."
            )
        K = self.pooling
        step = max(ROW_BLOCK // K, 1) * K
        blocks = (self.X[k : k + step] for k in range(0, len(self.X), step))
        return np.vstack([self.pool(network.hidden(X)) @ network.V for X in blocks])

    def pool(self, rows: Array) -> Array:
        """Return ``S rows``, (n, k): the sum over the patches of each sample."""
        if self.pooling == 1:
            return rows
        samples = len(rows) // self.pooling
        return rows.reshape(samples, self.pooling, rows.shape[1]).sum(axis=1)

    def spread(self, Z: Array) -> Array:
        """Return ``S^T Z``, (n pooling, c): each sample's row for all its patches."""
        return Z if self.pooling == 1 else np.repeat(Z, self.pooling, axis=0)


def _require_range(**matrices: Array) -> None:
    """Refuse data whose squares would overflow or vanish."""
    for name, matrix in matrices.items():
        largest = float(np.abs(matrix).max())
        if largest > 0 and not 1 / LARGEST <= largest <= LARGEST:
            raise ValueError(
                f"The largest entry of {name} must be between {1 / LARGEST:g} and "
                f"{LARGEST:g}, or 0; got {largest:.3g}, whose square leaves the range "
                "of floating point. Choose another unit: with X / s and Y / t take "
                "beta / (s t), and the optimum is divided by t^2."
            )


def _require_rows(X: Array, Y: Array, pooling: int) -> None:
    """Refuse data in which samples and rows do not correspond."""
    if not (isinstance(pooling, int | np.integer) and pooling >= 1):
        raise ValueError(
            f"pooling must be a whole number of patches >= 1; got {pooling!r}. It is "
            "1 for a fully connected network."
        )
    if len(X) == len(Y) * pooling:
        return
    if pooling == 1:
        raise ValueError(
            f"X and Y must have one row per sample each; got X {X.shape} and "
            f"Y {Y.shape}. Transpose one of them or drop the extra rows."
        )
    raise ValueError(
        f"X must have {pooling} rows for each row of Y; got X {X.shape} and Y "
        f"{Y.shape}. patches() stacks the patches of a sample in this order."
    )


@dataclass(frozen=True, eq=False)
class Network:
    """A two-layer ReLU network ``x -> sum_j (x . u_j)_+ v_j``, the paper's (1).

    Parameters
    ----------
    U : (m, d) array_like
        Input weights, one neuron a row. ``m = 0`` is the zero network.
    V : (m, c) array_like
        Output weights, one neuron a row.

    Examples
    --------
    >>> network = Network(U=[[2.0, 0.0]], V=[[0.5]])
    >>> network.predict([[1.0, 0.0], [-1.0, 0.0]]).ravel().tolist()
    [1.0, 0.0]
    >>> network.weight_decay, network.balanced().weight_decay, network.path_norm
    (2.125, 1.0, 1.0)
    """

    U: Array
    V: Array

    def __post_init__(self) -> None:
        """Validate and freeze the weights."""
        for name in ("U", "V"):
            weights = _as_floats(name, getattr(self, name))
            if weights.ndim != 2 or weights.shape[1] == 0:
                raise ValueError(
                    f"{name} must be a matrix with one neuron a row; got shape "
                    f"{weights.shape}."
                )
            require_finite(name, weights)
            weights.setflags(write=False)
            object.__setattr__(self, name, weights)
        if len(self.U) != len(self.V):
            raise ValueError(
                f"U and V must have one row per neuron each; got U {self.U.shape} "
                f"and V {self.V.shape}."
            )

    @classmethod
    def zero(cls, d: int, c: int) -> Network:
        """Return the network without neurons, which answers 0 everywhere."""
        return cls(np.zeros((0, d)), np.zeros((0, c)))

    @property
    def width(self) -> int:
        """Number of neurons ``m``."""
        return len(self.U)

    @property
    def weight_decay(self) -> float:
        """``1/2 sum_j (|u_j|^2 + |v_j|^2)``."""
        return float(0.5 * (np.vdot(self.U, self.U) + np.vdot(self.V, self.V)))

    @property
    def sizes(self) -> Array:
        """``|u_j| |v_j|`` of each neuron, (m,)."""
        return np.linalg.norm(self.U, axis=1) * np.linalg.norm(self.V, axis=1)

    @property
    def path_norm(self) -> float:
        """``sum_j |u_j| |v_j|``, the weight decay after rescaling (Lemma 4)."""
        return float(self.sizes.sum())

    def hidden(self, X: ArrayLike) -> Array:
        """Return the activations ``(X U^T)_+``, (n, m)."""
        X = np.asarray(X, dtype=np.float64)
        if X.ndim != 2 or X.shape[1] != self.U.shape[1]:
            raise ValueError(
                f"X must have {self.U.shape[1]} columns, one per input of the "
                f"network; got shape {X.shape}."
            )
        return np.maximum(X @ self.U.T, 0.0)

    def predict(self, X: ArrayLike) -> Array:
        """Return the outputs ``F``, (n, c)."""
        return self.hidden(X) @ self.V

    def balanced(self) -> Network:
        """Rescale each neuron to ``|u_j| = |v_j|``; the outputs stay.

        Lemma 4: of all rescalings this one has the least weight decay, which
        then equals the path norm. A neuron with a zero side becomes zero.
        """
        lengths = np.linalg.norm(self.U, axis=1), np.linalg.norm(self.V, axis=1)
        alive = (lengths[0] > 0) & (lengths[1] > 0)
        ratio = np.sqrt(
            np.divide(lengths[1], lengths[0], out=np.zeros(self.width), where=alive)
        )
        inverse = np.divide(1.0, ratio, out=np.zeros(self.width), where=ratio > 0)
        return Network(self.U * ratio[:, None], self.V * inverse[:, None])


def objective(problem: Problem, network: Network) -> float:
    """Return the objective of (5): the loss plus weight decay.

    Errors if the network's inputs or outputs do not fit the data. O(n m (d + c)).
    """
    loss = problem.loss.value(problem.predict(network), problem.Y)
    return loss + problem.beta * network.weight_decay


def residual(problem: Problem, network: Network) -> Array:
    """Return minus the gradient of the loss at F, (n, c); ``Y - F`` if squared."""
    return problem.loss.residual(problem.predict(network), problem.Y)


def interpolate(start: Network, end: Network, share: float) -> Network:
    """Return the network whose weights lie at ``share`` of the way to ``end``.

    A straight line in weight space, neuron by neuron in their order; both networks
    need the same shapes, or numpy refuses to add them.
    """
    return Network(
        (1 - share) * start.U + share * end.U, (1 - share) * start.V + share * end.V
    )


@dataclass(frozen=True, eq=False)
class RankReduction:
    """``X = coordinates @ basis.T`` up to a matrix of norm at most ``discarded``.

    Parameters
    ----------
    coordinates : (n, r) array
        The samples in an orthonormal basis of the row space of X.
    basis : (d, r) array
        Orthonormal columns ``Q``.
    discarded : float
        Upper bound of ``|X - coordinates basis^T|_2``; 0 when nothing was cut.
    """

    coordinates: Array
    basis: Array
    discarded: float

    def lift(self, network: Network) -> Network:
        """Return the network on d inputs that equals ``network`` on r inputs."""
        return Network(network.U @ self.basis.T, network.V)


def reduce_rank(X: Array) -> RankReduction:
    """Replace X, (n, d), by its coordinates in its row space (A.2).

    Input weights orthogonal to the row space only cost weight decay, so nothing
    is lost: the problem on (n, r) has the same optimum. Singular values at the
    level of rounding, ``max(n, d) eps sigma_1``, count as zero and are reported
    in ``discarded``. If X has full column rank it is returned unchanged.
    O(n d min(n, d)).

    Examples
    --------
    >>> X = np.outer([1.0, 2.0, 3.0], [3.0, 4.0])  # rank 1 in two columns
    >>> reduced = reduce_rank(X)
    >>> reduced.coordinates.shape
    (3, 1)
    >>> np.allclose(reduced.coordinates @ reduced.basis.T, X)
    True
    """
    n, d = X.shape
    # A tall X enters through its triangular factor, so that no (n, n) is formed.
    factor = np.linalg.qr(X, mode="r") if n > d else X
    _, sigma, Qt = np.linalg.svd(factor, full_matrices=False)
    rank = max(numerical_rank(sigma, X.shape), 1)  # zero data keep one column
    if rank == d:
        return RankReduction(X, np.eye(d), 0.0)
    basis = Qt[:rank].T
    cut = sigma[rank] if rank < len(sigma) else 0.0
    rounding = max(n, d) * EPS * sigma[0]
    return RankReduction(X @ basis, basis, float(cut + rounding))
