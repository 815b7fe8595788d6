"""Certificates in rational arithmetic: a proof without a single rounding.

Floating-point numbers are rationals. For the squared loss the primal value, the
dual value and the constraint ``kappa(Z) <= beta`` are statements about rationals,
and for few samples of rank up to three all of them can be decided exactly.
"""

import json
import math
import subprocess
import sys
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from lib.certificate.weak_duality import REFINEMENTS, certify
from lib.losses import Squared
from lib.networks import as_network
from lib.numerics import Array
from lib.problem import Bounds, Network, Problem

FORMAT = "relu-certificate-1"
"""Name of the file format that ``tools/check_certificate.py`` reads."""

CHECKER = Path(__file__).resolve().parents[2] / "tools" / "check_certificate.py"
"""It reads JSON, uses the standard library only, and imports nothing of ours."""

MOST_RANK = 3
"""Cells are polygons up to here, and small copositive matrices are decidable."""

SHRINKS = (0.0, *(2.0**-k for k in range(50, 8, -6)))
"""By how much Z is shrunk, in turn, until the exact constraint holds."""

Exact = np.ndarray
"""An array of whole numbers or fractions of Python, which numpy adds and multiplies
without a rounding."""


@dataclass(frozen=True, eq=False)
class ExactCertificate(Bounds):
    """A network, a dual point and their exact values.

    Parameters
    ----------
    problem : Problem
    network : Network
    Z : (n, c) array
        ``kappa(Z) <= beta``, decided in integers.
    primal, dual : Fraction
        The objectives (5) and (11), exactly: ``dual <= p* <= primal``.
    """

    problem: Problem
    network: Network
    Z: Array
    primal: Fraction
    dual: Fraction

    def save(self, path: str | Path) -> None:
        """Write the certificate as JSON, floats in hexadecimal, values as fractions.

        ``python tools/check_certificate.py PATH`` checks it with other methods.
        """
        problem = self.problem
        matrices = {
            "X": problem.X,
            "Y": problem.Y,
            "U": self.network.U,
            "V": self.network.V,
            "Z": self.Z,
        }
        document = {
            "format": FORMAT,
            "loss": "squared",
            "pooling": int(problem.pooling),
            "beta": problem.beta.hex(),
            **{name: _hexadecimal(matrix) for name, matrix in matrices.items()},
            "primal": str(self.primal),
            "dual": str(self.dual),
            "gap": str(self.gap),
        }
        Path(path).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def exact_certificate(
    problem: Problem, network: Network | Any, *, refine: int = REFINEMENTS
) -> ExactCertificate:
    """Certify a network in exact arithmetic.

    The dual point of :func:`lib.certificate.certify` is a matrix of floats. Space
    is cut into cells by exact double description: on each cell ``|Z^T h(u)|^2`` is a
    quadratic form, and ``beta^2 |u|^2 - |Z^T h(u)|^2 >= 0`` on the cone of three rays
    is copositivity of a 3 x 3 matrix of integers, decided by Hadeler's criterion.
    If rounding has left Z outside, it is shrunk until it is inside. Data of more
    columns than rank are seen through their row space, whose basis is a choice of
    samples: ``u = B^T w`` has ``|u|^2 = w^T (B B^T) w``, in integers as well.

    Parameters
    ----------
    problem : Problem
        Squared loss, X of rank at most 3 in any number of columns, any pooling. The
        rank is that of the floats as they are: a bias column or a copied column
        keeps it low, a rounded product with a random matrix does not.
    network : Network or torch.nn.Sequential
    refine : int
        As in :func:`lib.certificate.certify`.

    Returns
    -------
    ExactCertificate

    Raises
    ------
    ValueError
        If the loss is not squared or the exact rank of X is more than 3.
    RuntimeError
        If no shrunk Z is feasible: the floating-point bound was wrong.

    Notes
    -----
    Equation (11). O(n) cells at rank 2, O(n^2) at rank 3, each O(n c) integers of a
    few hundred bits: about a second for n = 60.

    Examples
    --------
    >>> from lib.frank_wolfe import solve
    >>> problem = Problem([[1, 0], [0, 1]], [1, -1], beta=0.5)
    >>> proof = exact_certificate(problem, solve(problem).network)
    >>> bool(0 <= proof.gap < 1e-9)  # fractions: nothing was rounded
    True
    """
    _require_exact(problem)
    network = as_network(network)
    Z = certify(problem, network, refine=refine).Z
    for shrink in SHRINKS:
        trial = Z * (1.0 - shrink)
        if is_feasible(problem, trial):
            primal, dual = exact_primal(problem, network), exact_dual(problem.Y, trial)
            return ExactCertificate(problem, network, trial, primal, dual)
    raise RuntimeError(
        f"No multiple of Z down to {1 - SHRINKS[-1]:.3f} is feasible exactly. The "
        "bound of the floating-point oracle must have been wrong: please report it."
    )


def ask_checker(problem: Problem, network: Network | Any, path: Path) -> str:
    """Save an exact certificate; return what ``tools/check_certificate.py`` says of it.

    Parameters
    ----------
    problem, network
        As of :func:`lib.certificate.exact_certificate`, whose errors may come.
    path : Path
        Where to save the certificate, a .json file.

    Returns
    -------
    str
        A line that begins with the name of the file and ``proved`` or ``REJECTED``.

    Raises
    ------
    FileNotFoundError
        If the checker is not beside the package, as in an installed copy.

    Notes
    -----
    Cells by flags: instantly at rank 2, half a minute for n = 60 at rank 3.
    """
    exact_certificate(problem, network).save(path)
    return _verdict(path)


def _verdict(path: Path) -> str:
    """Return the checker's line on a file."""
    if not CHECKER.is_file():
        raise FileNotFoundError(
            f"The checker must be at {CHECKER}; got no file there. Run from a copy of "
            "the repository, or check the saved certificate by hand."
        )
    # -I: neither the environment nor the folder adds to what the checker sees.
    command = [sys.executable, "-I", str(CHECKER), path.name]
    run = subprocess.run(command, cwd=path.parent, capture_output=True, text=True)
    return run.stdout.strip() or run.stderr.strip()


def exact_primal(problem: Problem, network: Network) -> Fraction:
    """Return the objective (5) for the squared loss, exactly. O(n m (d + c))."""
    X, Y = _fractions(problem.X), _fractions(problem.Y)
    U, V = _fractions(network.U), _fractions(network.V)
    error = problem.pool(np.maximum(X @ U.T, 0)) @ V - Y
    decay = (U * U).sum() + (V * V).sum()
    return ((error * error).sum() + Fraction(problem.beta) * decay) / 2


def exact_dual(Y: Array, Z: Array) -> Fraction:
    """Return ``<Z, Y> - |Z|^2 / 2``, exactly."""
    Y, Z = _fractions(Y), _fractions(Z)
    return (Z * (Y - Z / 2)).sum()


def is_feasible(problem: Problem, Z: Array) -> bool:
    """Decide ``kappa(Z) <= beta`` in integers, for X of rank at most 3."""
    X, x_bits = _integers(problem.X)
    basis = independent_rows(X, MOST_RANK + 1)
    if len(basis) == 0:
        return True  # no neuron ever fires
    if len(basis) < X.shape[1]:
        X = X @ basis.T
    else:
        basis = np.eye(len(basis), dtype=object)
    gram, d = basis @ basis.T, len(basis)
    rows, z_bits = _integers(problem.spread(Z))
    square = Fraction(problem.beta) ** 2 * Fraction(4) ** (x_bits + z_bits)
    for rays, A in _cells(X, rows):
        form = square.numerator * gram - square.denominator * (A.T @ A)
        for k in range(1, len(rays) - d + 2):  # the fan around the first ray
            simplex = rays[[0, *range(k, k + d - 1)]]
            if not is_copositive((simplex @ form @ simplex.T).tolist()):
                return False
    return True


def independent_rows(rows: Exact, most: int) -> Exact:
    """Return the first rows that span all others, at most ``most``, by integers.

    Their number is the rank, or ``most`` if the rank is at least that.

    Examples
    --------
    >>> rows = np.array([(0, 0), (1, 2), (2, 4), (1, 0)], dtype=object)
    >>> independent_rows(rows, 4).tolist()
    [[1, 2], [1, 0]]
    """
    chosen, echelon = [], []
    for k, row in enumerate(rows):
        rest = row
        for pivot, line in echelon:
            rest = line[pivot] * rest - rest[pivot] * line
        if any(rest):
            echelon.append((np.flatnonzero(rest)[0], rest // math.gcd(*rest)))
            chosen.append(k)
        if len(chosen) == most:
            break
    return rows[chosen]


def is_copositive(M: list[list[int]]) -> bool:
    """Decide whether ``t^T M t >= 0`` for all ``t >= 0``, for M up to 3 x 3.

    Hadeler (1983): if all principal submatrices of order n - 1 are copositive, M
    fails to be exactly when ``det M < 0`` and its adjugate has no negative entry.

    Examples
    --------
    >>> is_copositive([[1, -1], [-1, 1]]), is_copositive([[1, -2], [-2, 1]])
    (True, False)
    """
    n = len(M)
    if n == 1:
        return M[0][0] >= 0
    if not all(is_copositive(_minor(M, k, k)) for k in range(n)):
        return False
    if _det(M) >= 0:
        return True
    places = ((i, j) for i in range(n) for j in range(n))
    return any((-1) ** (i + j) * _det(_minor(M, i, j)) < 0 for i, j in places)


def _require_exact(problem: Problem) -> None:
    """Refuse what exact arithmetic here cannot decide."""
    if type(problem.loss) is not Squared:
        raise ValueError(
            "exact_certificate needs the squared loss, whose values are rational; got "
            f"loss = {problem.loss!r}. certify() serves all losses."
        )
    rank = len(independent_rows(_integers(problem.X)[0], MOST_RANK + 1))
    if rank > MOST_RANK:
        raise ValueError(
            f"exact_certificate needs X of rank at most {MOST_RANK}, exactly; got X "
            f"{problem.X.shape} with {rank} independent rows. Columns that depend on "
            "others up to rounding only count: drop them, or use certify(), which "
            "serves any rank."
        )


def _cells(X: Exact, Z: Exact) -> list[tuple[Exact, Exact]]:
    """Return the rays of each cell, in cyclic order, and its map ``A = Z^T D X``.

    The orthants are cut by one point after the other. Cells are refined by the
    coordinate planes, which does no harm and makes every cell pointed.
    """
    d, zero = X.shape[1], np.zeros((Z.shape[1], X.shape[1]), dtype=object)
    signs = product((1, -1), repeat=d)
    cells = [(np.diag(np.array(row, dtype=object)), zero) for row in signs]
    for x, z in zip(X, Z, strict=True):
        cut, step = [], np.outer(z, x)
        for rays, A in cells:
            above, below = _split(rays, x)
            if len(above):
                cut.append((above, A + step))
            if len(below):
                cut.append((below, A))
        cells = cut
    return cells


def _split(rays: Exact, x: Exact) -> tuple[Exact, Exact]:
    """Return the rays of the parts where ``x . u`` is >= 0 and <= 0.

    A part without inside is empty; a cell on which x vanishes counts as below.
    """
    heights = (rays @ x).tolist()
    if max(heights) <= 0:
        return rays[:0], rays
    if min(heights) >= 0:
        return rays, rays[:0]
    above, below = [], []
    for k, (ray, height) in enumerate(zip(rays, heights, strict=True)):
        if height >= 0:
            above.append(ray)
        if height <= 0:
            below.append(ray)
        other = (k + 1) % len(rays)
        if height * heights[other] < 0 and (len(rays) > 2 or k == 0):
            crossing = abs(heights[other]) * ray + abs(height) * rays[other]
            crossing = crossing // math.gcd(*crossing)
            above.append(crossing)
            below.append(crossing)
    return np.array(above), np.array(below)


def _minor(M: list[list[int]], i: int, j: int) -> list[list[int]]:
    """Return M without row i and column j."""
    return [row[:j] + row[j + 1 :] for k, row in enumerate(M) if k != i]


def _det(M: list[list[int]]) -> int:
    """Return the determinant of a small matrix."""
    if len(M) == 1:
        return M[0][0]
    return sum((-1) ** j * M[0][j] * _det(_minor(M, 0, j)) for j in range(len(M)))


def _fractions(matrix: Array) -> Exact:
    """Return the entries of a matrix of floats as they are."""
    return np.vectorize(Fraction, otypes=[object])(matrix)


def _integers(matrix: Array) -> tuple[Exact, int]:
    """Return integers and k with ``matrix = integers / 2^k``, exactly."""
    rows = _fractions(matrix)
    bits = max(entry.denominator.bit_length() - 1 for entry in rows.flat)
    return np.vectorize(int, otypes=[object])(rows * 2**bits), bits


def _hexadecimal(matrix: Array) -> list[list[str]]:
    """Write floats so that every digit counts."""
    return [[entry.hex() for entry in row] for row in matrix.tolist()]
