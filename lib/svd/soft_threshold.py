"""Theorem 2: on whitened data a soft-thresholded SVD trains the network."""

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from lib.certificate import Certificate, certify
from lib.cone_pca import Maximum, correlation
from lib.cone_pca.maximum import ranked
from lib.losses import require_squared
from lib.numerics import EPS, Array, unit_rows
from lib.problem import Network, Problem
from lib.recovery import factorize
from lib.svd.nonnegative import nonnegative_basis
from lib.svd.whitening import deviation

WHITE = 1e-10
"""Largest ``|X X^T - I|`` that counts as whitened: what the certificate loses."""

SAME_VALUE = 1e-9
"""Singular values this near, in units of the largest, are one: LAPACK separates
their vectors only to eps over their distance."""

NEGATIVE = 1e-10
"""Largest negative entry of a singular vector that counts as rounding. The network
clips it, and the certificate measures what that costs."""


@dataclass(frozen=True, eq=False)
class ClosedForm:
    """The closed form (16) as a network, or by how much it fails.

    Parameters
    ----------
    holds : bool
        Whether (16) is the optimum of (5) and ``network`` attains it.
    status : str
        A sentence that says why, or why not.
    network : Network or None
        The neurons, at most one a singular value unless the basis had to be mixed;
        None if (16) does not hold.
    certificate : Certificate or None
        Of that network, with the spectral bound of kappa.
    linear_optimum : float
        The value of (16) for a network without ReLU: a lower bound of p* always,
        and p* exactly where ``holds``.
    singular_values : (k,) array
        Of ``X^T Y``, decreasing.
    violation : float
        How far the unit vectors ``X a_i`` with ``sigma_i > beta`` reach below 0, in
        the best basis of each singular space: 0 is the condition of Theorem 2.
    negativity : float
        How far ``sum_i (sigma_i - beta)_+ X a_i a_i^T X^T`` reaches below 0, in
        units of its largest entry. Where it is positive, (16) is not p*.
    """

    holds: bool
    status: str
    network: Network | None
    certificate: Certificate | None
    linear_optimum: float
    singular_values: Array
    violation: float
    negativity: float


def closed_form(problem: Problem, *, deviation: float | None = None) -> ClosedForm:
    """Solve (5) on whitened data by a soft-thresholded SVD, if that solves it.

    For ``X X^T = I`` the outputs without ReLU are ``F = sum_i (sigma_i - beta)_+ p_i
    b_i^T`` with ``p_i = X a_i``, and no network does better. A ReLU network reaches
    F at this price iff ``M = sum_i (sigma_i - beta)_+ p_i p_i^T`` is completely
    positive: each factor ``M = sum_j h_j h_j^T``, ``h_j >= 0``, gives the neurons
    ``u_j = X^T h_j``, ``v_j = sum_i b_i p_i^T h_j``, and there are no others. The
    condition of Theorem 2, ``p_i >= 0``, is the factor at hand; for equal singular
    values it may hold in another basis than LAPACK's, which is found.

    Parameters
    ----------
    problem : Problem
        With ``X X^T = I``.
    deviation : float, optional
        A bound of ``|X X^T - I|``, such as ``Whitening.deviation``; computed if not
        given, which takes longer than all the rest.

    Returns
    -------
    ClosedForm
        A failing condition is a status, not an error.

    Raises
    ------
    ValueError
        If X is not whitened, the loss not squared, or patches are pooled.

    Notes
    -----
    Theorem 2, (15) and (16), and Remark 5.2. O(n c^2 + n d c) where the condition
    of Theorem 2 holds; otherwise also what :func:`factorize` takes on n samples.

    Examples
    --------
    >>> result = closed_form(Problem([[1, 0], [0, 1]], [[1, 0], [0, 1]], beta=0.5))
    >>> result.holds, round(result.certificate.primal, 6)
    (True, 0.75)
    >>> result.network.width
    2
    """
    deviation = _require_white(problem, deviation)
    P, sigma, _ = np.linalg.svd(problem.Y, full_matrices=False)
    excess = np.maximum(sigma - problem.beta, 0.0)
    kept = int((excess > 0).sum())
    P, violation = _nonnegative_vectors(P[:, :kept], sigma[:kept])
    outputs = problem.Y.T @ P / sigma[:kept]  # B, in the basis of P
    facts = linear_optimum(sigma, problem.beta), sigma, violation
    if violation <= NEGATIVE:
        H = np.maximum(P, 0.0) * np.sqrt(excess[:kept])
        status = "Theorem 2 holds: every singular vector above beta is nonnegative."
    else:
        M = (P * excess[:kept]) @ P.T
        negativity = max(-float(M.min() / M.max()), 0.0)
        if negativity > NEGATIVE:
            status = NO_NETWORK.format(violation, negativity)
            return ClosedForm(False, status, None, None, *facts, negativity)
        mixed = factorize(M)
        if not mixed.exact:
            status = UNDECIDED.format(violation, mixed.error)
            return ClosedForm(False, status, None, None, *facts, 0.0)
        H, status = mixed.factor, MIXED.format(violation)
    # The neurons with activations H, (n, m), on whitened data.
    network = Network(H.T @ problem.X, (H.T @ P) @ outputs.T)
    bound = SpectralOracle(problem.X, deviation)
    certificate = certify(problem, network, refine=0, bound=bound)
    return ClosedForm(True, status, network, certificate, *facts, 0.0)


NO_NETWORK = (
    "The condition of Theorem 2 fails by {:.2g}, and so does (16): M has a negative "
    "entry, {:.2g} of its largest, so every ReLU network costs more."
)

MIXED = (
    "The condition of Theorem 2 fails by {:.2g}, but (16) is optimal: M is completely "
    "positive, and mixtures of the singular vectors are the neurons."
)

UNDECIDED = (
    "The condition of Theorem 2 fails by {:.2g}; M has no negative entry, but no "
    "nonnegative factor was found (the nearest misses {:.2g}), so (16) is a lower "
    "bound that may or may not be attained."
)


def _require_white(problem: Problem, known: float | None) -> float:
    """Return the deviation of ``X X^T`` from the identity, or refuse it."""
    require_squared("closed_form", problem.loss)
    n, d = problem.X.shape
    if problem.pooling > 1:
        raise ValueError(
            f"closed_form needs one row of X for each sample; got pooling = "
            f"{problem.pooling}. Theorem 2 is about networks without pooling."
        )
    if n > d:
        raise ValueError(
            f"closed_form needs whitened X with at most as many rows as columns; got "
            f"X {problem.X.shape}. X X^T = I is impossible for n > d."
        )
    found = deviation(problem.X) if known is None else known
    if not found <= WHITE:
        raise ValueError(
            f"closed_form needs whitened X, |X X^T - I| <= {WHITE:g}; got "
            f"{found:.3g}. Use whiten(X, demean=False): de-meaned samples are "
            "linearly dependent and cannot be whitened."
        )
    return found


def linear_optimum(sigma: Array, beta: float) -> float:
    """Return ``min_F 1/2 |F - Y|^2 + beta |F|_*`` from the singular values of Y.

    The optimum of a network with linear activation on whitened data. Each value
    above beta leaves a residual of beta and costs ``beta (sigma - beta)``.
    """
    left = np.minimum(sigma, beta)
    return float(0.5 * left @ left + beta * np.maximum(sigma - beta, 0.0).sum())


def _nonnegative_vectors(P: Array, sigma: Array) -> tuple[Array, float]:
    """Choose a basis for each group of equal singular values, nonnegative if any."""
    breaks = np.flatnonzero(-np.diff(sigma) > SAME_VALUE * sigma[:1]) + 1
    found = [nonnegative_basis(part) for part in np.split(P, breaks, axis=1)]
    bases, violations = zip(*found, strict=True)
    return np.hstack(bases), max(violations)


@dataclass(frozen=True, eq=False)
class SpectralOracle:
    """Bounds ``|Z^T (X u)_+|`` over unit u by the largest singular value of Z.

    ``|(X u)_+| <= |X u| <= |X|``, and ``|X|^2 <= 1 + deviation``. On whitened data
    it is the bound ``lambda_max(Z Z^T + N)`` with N = 0, tight where the top left
    singular vector of Z is nonnegative, as at the residual of (16).

    Parameters
    ----------
    X : (n, d) array
    deviation : float
        A bound of ``|X X^T - I|``.

    Notes
    -----
    Equation (11) on whitened data. O(n c min(n, c) + n d) a call.
    """

    X: Array
    deviation: float

    def __call__(self, Z: Array) -> Maximum:
        """Bound kappa of Z, (n, c).

        The directions are those of the positive and negative parts of the top left
        singular vector: a lower bound, no search.
        """
        X = self.X
        left, sigma, _ = linalg.svd(Z, full_matrices=False)
        parts = np.maximum(np.column_stack([left[:, 0], -left[:, 0]]), 0.0)
        U = parts.T @ X
        U[~U.any(axis=1)] = np.eye(1, X.shape[1])
        U = unit_rows(U)
        values = correlation(X, Z, U)
        # A backward stable SVD errs by a few roundings for each row and column.
        rounding = 1 + 8 * sum(Z.shape) * EPS
        bound = float(sigma[0] * np.sqrt(1 + self.deviation) * rounding)
        return ranked(U, values, max(bound, float(values.max())))


def literal_network(problem: Problem) -> Network:
    """Return the neurons ``(sigma_i - beta)_+ a_i b_i^T`` of (16) as LAPACK has them.

    What a reader of Theorem 2 would program. With equal singular values the basis
    is arbitrary, so ``X a_i >= 0`` may fail and the ReLU cuts away half of each
    neuron; :func:`closed_form` chooses the basis. No condition is checked.
    """
    left, sigma, right = np.linalg.svd(problem.X.T @ problem.Y, full_matrices=False)
    sizes = np.sqrt(np.maximum(sigma - problem.beta, 0.0))
    return Network((left * sizes).T, right * sizes[:, None])
