"""Check a saved certificate of optimality: ``check_certificate.py FILE.json``.

Reads a network, its data and a dual point, and proves in rational arithmetic that
the network is within the stated gap of the global optimum of

    1/2 |F - Y|^2 + beta/2 (|U|^2 + |V|^2),   F = S (X U^T)_+ V,

or says what is wrong. It uses the standard library only and shares neither code nor
method with the package that wrote the file: cells are found from their flags (a ray,
a wall through it, a side of the wall), not by cutting, copositivity is decided by
completing the square, not by determinants, and the rank by the echelon form of X,
not by a choice of samples.

Why this is a proof. By weak duality ``<Z, Y> - |Z|^2 / 2`` is a lower bound of the
optimum if ``|Z^T S (X u)_+| <= beta |u|`` for all u. Between the planes ``x_j . u = 0``
and the coordinate planes lie pointed cones. Each has a ray v, a wall through v and
lies on one side of it, so trying all rays, walls and sides meets every cone with all
of its rays. A cone is the union of the cones of d of its rays (Caratheodory), and on
each of those the inequality is copositivity of a d x d matrix.

X may have more columns than its rank r <= 3. With its reduced echelon form T, (r, d),
and the columns P of X at the pivots, ``X = P T``. So only ``w = T u`` matters, and the
shortest u with that w has ``|u|^2 = w^T (T T^T)^-1 w``: the same problem in r inputs.
"""

from __future__ import annotations

import json
import math
import sys
from fractions import Fraction
from itertools import combinations, product

FORMAT = "relu-certificate-1"

MOST_RANK = 3


class RejectedError(Exception):
    """The file does not prove what it claims."""


def check(document: dict) -> tuple[Fraction, Fraction]:
    """Return the proved (primal, dual), or raise RejectedError with the reason."""
    data = read(document)
    primal, dual = primal_value(data), dual_value(data)
    for name, value in (("primal", primal), ("dual", dual), ("gap", primal - dual)):
        if fraction(document, name) != value:
            raise RejectedError(
                f"the stated {name} is not the value of the stated data"
            )
    require_feasible(data)
    return primal, dual


def read(document: dict) -> dict:
    """Return the matrices as fractions after checking names and shapes."""
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise RejectedError(f"not a file of format {FORMAT}")
    if document.get("loss") != "squared":
        raise RejectedError("the loss is not the squared one")
    data = {name: matrix(document, name) for name in ("X", "Y", "U", "V", "Z")}
    data["beta"] = hexadecimal(document.get("beta"))
    data["pooling"] = document.get("pooling")
    if not data["beta"] > 0:
        raise RejectedError("beta is not positive")
    if not (type(data["pooling"]) is int and data["pooling"] >= 1):
        raise RejectedError("pooling is not a whole number")
    if not (data["X"] and data["Y"]):
        raise RejectedError("there are no samples")
    require_shapes(data)
    return data


def require_shapes(data: dict) -> None:
    """Raise unless all matrices fit together."""
    X, Y, U, V, Z = (data[name] for name in ("X", "Y", "U", "V", "Z"))
    d, c = len(X[0]), len(Y[0])
    widths = {"X": d, "Y": c, "U": d, "V": c, "Z": c}
    for name, width in widths.items():
        if any(len(row) != width for row in data[name]):
            raise RejectedError(f"the rows of {name} are not all of length {width}")
    if len(X) != len(Y) * data["pooling"] or len(Z) != len(Y) or len(U) != len(V):
        raise RejectedError("the numbers of rows do not fit")
    if not (d >= 1 and c >= 1):
        raise RejectedError("X or Y has no columns")


def matrix(document: dict, name: str) -> list[list[Fraction]]:
    """Return a matrix of the file."""
    rows = document.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise RejectedError(f"{name} is not a matrix")
    return [[hexadecimal(entry) for entry in row] for row in rows]


def hexadecimal(entry: object) -> Fraction:
    """Read a hexadecimal float as the rational that it is."""
    try:
        return Fraction(float.fromhex(entry))  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError) as error:
        raise RejectedError(f"{entry!r} is not a finite hexadecimal float") from error


def fraction(document: dict, name: str) -> Fraction:
    """Read a value stated as a fraction."""
    try:
        return Fraction(document[name])
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise RejectedError(f"{name} is not a fraction") from error


def primal_value(data: dict) -> Fraction:
    """Return the objective of the network."""
    K, total = data["pooling"], Fraction(0)
    for i, targets in enumerate(data["Y"]):
        outputs = [Fraction(0)] * len(targets)
        for x in data["X"][i * K : i * K + K]:
            for u, v in zip(data["U"], data["V"], strict=True):
                height = inner(x, u)
                if height > 0:
                    outputs = [f + height * w for f, w in zip(outputs, v, strict=True)]
        total += sum((f - y) ** 2 for f, y in zip(outputs, targets, strict=True))
    weights = [w for name in ("U", "V") for row in data[name] for w in row]
    return total / 2 + data["beta"] * sum(w * w for w in weights) / 2


def dual_value(data: dict) -> Fraction:
    """Return ``<Z, Y> - |Z|^2 / 2``."""
    pairs = zip(data["Z"], data["Y"], strict=True)
    return sum((inner(z, y) - inner(z, z) / 2 for z, y in pairs), Fraction(0))


def require_feasible(data: dict) -> None:
    """Raise unless ``|Z^T S (X u)_+| <= beta |u|`` for all u."""
    X, metric = reduced(data["X"])
    d = len(metric)
    if d == 0:
        return  # no neuron ever fires
    points = [primitive_scale(row) for row in X]
    rows = [data["Z"][j // data["pooling"]] for j in range(len(X))]
    axes = [tuple(int(i == k) for i in range(d)) for k in range(d)]
    for signs, rays in flags(points + axes, d).items():
        active = [j for j in range(len(points)) if signs[j] > 0]
        A = linear_part(X, rows, active)
        form = slack_form(data["beta"], metric, A)
        for chosen in combinations(sorted(rays), d):
            images = [[inner(line, ray) for line in form] for ray in chosen]
            gram = [[inner(ray, image) for image in images] for ray in chosen]
            if not copositive(gram):
                raise RejectedError(
                    "Z is not feasible: a neuron pulls harder than beta"
                )


def primitive_scale(row: list[Fraction]) -> tuple[int, ...]:
    """Return the point as integers, up to a positive factor."""
    common = math.lcm(*(entry.denominator for entry in row))
    numbers = [int(entry * common) for entry in row]
    factor = math.gcd(*numbers) or 1
    return tuple(number // factor for number in numbers)


def flags(planes: list[tuple[int, ...]], d: int) -> dict[tuple, set]:
    """Return the rays of each cell by its signs, through all flags."""
    normals = sorted({plane for plane in planes if any(plane)})
    cells: dict[tuple, set] = {}
    for ray, chains in flag_chains(normals, d):
        for chain in chains:
            signs = tuple(lexicographic_sign(plane, chain) for plane in planes)
            cells.setdefault(signs, set()).add(ray)
    return cells


def flag_chains(normals: list[tuple[int, ...]], d: int):
    """Yield each ray with the chains (ray, direction in a wall, side of the wall)."""
    if d == 1:
        for ray in ((1,), (-1,)):
            yield ray, [(ray,)]
    elif d == 2:
        for a, b in normals:
            for ray in ((-b, a), (b, -a)):
                yield ray, [(ray, (a, b)), (ray, (-a, -b))]
    else:
        lines = {primitive(cross(p, q)) for p, q in combinations(normals, 2)}
        lines.discard((0, 0, 0))
        for ray in lines | {opposite(line) for line in lines}:
            walls = [p for p in normals if inner(p, ray) == 0]
            yield ray, [chain for p in walls for chain in around(ray, p)]


def around(ray: tuple, wall: tuple):
    """Yield the four chains of a wall through a ray."""
    along = cross(ray, wall)
    for t, side in product((along, opposite(along)), (wall, opposite(wall))):
        yield ray, t, side


def lexicographic_sign(plane: tuple, chain: tuple) -> int:
    """Return the sign of a plane just off a ray, towards a wall, to its side."""
    for direction in chain:
        height = inner(plane, direction)
        if height:
            return 1 if height > 0 else -1
    return 0


def linear_part(X: list, rows: list, active: list[int]) -> list[list[Fraction]]:
    """Return ``A = sum_active z_j x_j^T``."""
    A = [[Fraction(0)] * len(X[0]) for _ in rows[0]]
    for j in active:
        for line, z in zip(A, rows[j], strict=True):
            line[:] = [a + z * x for a, x in zip(line, X[j], strict=True)]
    return A


def slack_form(beta: Fraction, metric: list, A: list) -> list[list[Fraction]]:
    """Return ``beta^2 metric - A^T A``."""
    d = len(metric)
    return [
        [
            beta**2 * metric[i][j] - sum(line[i] * line[j] for line in A)
            for j in range(d)
        ]
        for i in range(d)
    ]


def reduced(X: list) -> tuple[list, list]:
    """Return the pivot columns of X and ``(T T^T)^-1``, T its reduced echelon form."""
    T: dict[int, list[Fraction]] = {}
    for row in X:
        rest = row
        for pivot, line in T.items():
            share = rest[pivot]
            rest = [p - share * q for p, q in zip(rest, line, strict=True)]
        if not any(rest):
            continue
        if len(T) == MOST_RANK:
            raise RejectedError(f"X has a rank above {MOST_RANK}")
        new = next(k for k, entry in enumerate(rest) if entry)
        rest = [entry / rest[new] for entry in rest]
        for pivot, line in T.items():
            share = line[new]
            T[pivot] = [p - share * q for p, q in zip(line, rest, strict=True)]
        T[new] = rest
    pivots = sorted(T)
    gram = [[inner(T[a], T[b]) for b in pivots] for a in pivots]
    return [[row[k] for k in pivots] for row in X], inverse(gram)


def inverse(M: list) -> list:
    """Invert a positive definite matrix by Gauss and Jordan; no pivot is zero."""
    n = len(M)
    work = [list(row) + [Fraction(i == j) for j in range(n)] for i, row in enumerate(M)]
    for k in range(n):
        work[k] = [entry / work[k][k] for entry in work[k]]
        for i in range(n):
            if i != k:
                share = work[i][k]
                pairs = zip(work[i], work[k], strict=True)
                work[i] = [p - share * q for p, q in pairs]
    return [row[n:] for row in work]


def copositive(M: list) -> bool:
    """Decide ``t^T M t >= 0`` for ``t >= 0`` by completing the square in ``t_0``.

    With ``a = M_00 > 0`` the least value over ``t_0 >= 0`` is ``y^T C y`` where ``b . y
    >= 0`` and ``y^T (C - b b^T / a) y`` where ``b . y <= 0``.
    """
    a, b = M[0][0], M[0][1:]
    C = [row[1:] for row in M[1:]]
    if a < 0 or (a == 0 and any(entry < 0 for entry in b)):
        return False
    if not b:
        return True
    if a == 0:
        return copositive(C)
    n = len(b)
    reduced = [[a * C[i][j] - b[i] * b[j] for j in range(n)] for i in range(n)]
    axes = [tuple(int(i == k) for i in range(n)) for k in range(n)]
    up = [axis for axis in axes if inner(axis, b) >= 0]
    down = [axis for axis in axes if inner(axis, b) <= 0]
    if n == 2 and b[0] * b[1] < 0:
        edge = (abs(b[1]), abs(b[0]))
        up, down = [*up, edge], [*down, edge]
    return all(copositive_on(form, rays) for form, rays in ((C, up), (reduced, down)))


def copositive_on(form: list, rays: list) -> bool:
    """Decide whether a form is nonnegative on the cone of at most two rays."""
    if not rays:
        return True
    images = [[inner(line, ray) for line in form] for ray in rays]
    return copositive([[inner(ray, image) for image in images] for ray in rays])


def inner(a, b):
    """Return the inner product."""
    return sum(p * q for p, q in zip(a, b, strict=True))


def cross(a: tuple, b: tuple) -> tuple[int, int, int]:
    """Return the cross product."""
    return (
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    )


def primitive(vector: tuple) -> tuple[int, ...]:
    """Divide by the common factor."""
    factor = math.gcd(*vector) or 1
    return tuple(entry // factor for entry in vector)


def opposite(vector: tuple) -> tuple[int, ...]:
    """Return ``-vector``."""
    return tuple(-entry for entry in vector)


def main(arguments: list[str]) -> int:
    """Check the files named on the command line; 0 if all prove their claims."""
    if not arguments:
        print("usage: check_certificate.py FILE.json ...", file=sys.stderr)
        return 2
    failed = False
    for name in arguments:
        try:
            with open(name, encoding="utf-8") as file:
                primal, dual = check(json.load(file))
        except (RejectedError, OSError, ValueError, KeyError) as error:
            print(f"{name}: REJECTED, {error}")
            failed = True
        else:
            share = float((primal - dual) / primal) if primal else 0.0
            print(
                f"{name}: proved, {float(dual):.15g} <= p* <= {float(primal):.15g}, "
                f"relative gap {share:.2e}"
            )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
