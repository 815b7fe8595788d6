"""Check a saved certificate of optimality: ``check_certificate.py FILE.json``.

Reads a network, its data and a dual point, and proves in rational arithmetic that
the network is within the stated gap of the global optimum of

    1/2 |F - Y|^2 + beta/2 (|U|^2 + |V|^2),   F = S (X U^T)_+ V,

or says what is wrong. It uses the standard library only and shares neither code nor
method with the package that wrote the file: cells are found from their flags (a ray,
a wall through it, a side of the wall), not by cutting, copositivity is decided by
completing the square, not by determinants, and the rank by orthogonal rows, not by a
choice of samples.

Why this is a proof. By weak duality ``<Z, Y> - |Z|^2 / 2`` is a lower bound of the
optimum if ``|pull(u)| <= beta |u|`` for all u, where ``pull(u) = Z^T S (X u)_+``.
Between the planes ``x_j . u = 0`` and the coordinate planes lie pointed cones. Each has
a ray v, a wall through v and lies on one side of it, so trying all rays, walls and
sides meets every cone with all of its rays. A cone is the union of the cones of three
of its rays (Caratheodory). On each of those the pull is linear, so the inequality is
copositivity of the matrix of ``beta^2 s . t - pull(s) . pull(t)`` for its rays s and t.

X may have more columns than its rank, which is at most 3. Only the part of u in the row
space matters, ``u = w_1 q_1 + w_2 q_2 + w_3 q_3`` with orthogonal q. So the problem in
w has the samples ``(x . q_1, x . q_2, x . q_3)`` and ``|u|^2 = sum |q_k|^2 w_k^2``. Of
lower rank, it is looked at in three dimensions all the same: in those that X does not
see the pull is constant and the norm only grows.
"""

from __future__ import annotations

import json
import math
import sys
from fractions import Fraction
from itertools import combinations, product

FORMAT = "relu-certificate-1"

MOST_RANK = 3

AXES = [(1, 0, 0), (0, 1, 0), (0, 0, 1)]


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
        zeros = [Fraction(0)] * len(targets)
        parts = [fired(data["U"], data["V"], x) for x in data["X"][i * K : i * K + K]]
        outputs = [sum(column) for column in zip(*parts, strict=True)] or zeros
        total += sum((f - y) ** 2 for f, y in zip(outputs, targets, strict=True))
    weights = data["U"] + data["V"]
    return (total + data["beta"] * sum(inner(row, row) for row in weights)) / 2


def fired(directions: list, weights: list, point: list) -> list[Fraction]:
    """Return ``sum_k (direction_k . point)_+ weight_k``; no list if there is no k."""
    heights = [max(inner(direction, point), 0) for direction in directions]
    return [inner(heights, column) for column in zip(*weights, strict=True)]


def dual_value(data: dict) -> Fraction:
    """Return ``<Z, Y> - |Z|^2 / 2``."""
    pairs = zip(data["Z"], data["Y"], strict=True)
    return sum((inner(z, y) - inner(z, z) / 2 for z, y in pairs), Fraction(0))


def require_feasible(data: dict) -> None:
    """Raise unless ``|Z^T S (X u)_+| <= beta |u|`` for all u."""
    X, squares = reduced(data["X"])
    rows = [data["Z"][j // data["pooling"]] for j in range(len(X))]
    cells = flags([primitive(x) for x in X] + AXES)
    pull = {ray: fired(X, rows, ray) for ray in set().union(*cells)}

    def slack(s: tuple, t: tuple) -> Fraction:
        products = (m * p * q for m, p, q in zip(squares, s, t, strict=True))
        return data["beta"] ** 2 * sum(products) - inner(pull[s], pull[t])

    for rays in cells:
        for chosen in combinations(sorted(rays), MOST_RANK):
            if not copositive([[slack(s, t) for t in chosen] for s in chosen]):
                raise RejectedError(
                    "Z is not feasible: a neuron pulls harder than beta"
                )


def reduced(X: list) -> tuple[list, list]:
    """Return the samples in an orthogonal basis of their span, and its squares."""
    basis: list[tuple] = []
    for row in X:
        rest = row
        for q in basis:
            share = Fraction(inner(row, q)) / inner(q, q)
            rest = [p - share * entry for p, entry in zip(rest, q, strict=True)]
        if any(rest):
            basis.append(primitive(rest))
        if len(basis) > MOST_RANK:
            raise RejectedError(f"X has a rank above {MOST_RANK}")
    spare = [0] * (MOST_RANK - len(basis))
    samples = [[inner(row, q) for q in basis] + spare for row in X]
    return samples, [inner(q, q) for q in basis] + [1 for _ in spare]


def flags(planes: list[tuple]) -> list[set]:
    """Return the rays of each cell, through all flags: ray, wall, side of the wall."""
    normals = sorted({plane for plane in planes if any(plane)})
    lines = {primitive(cross(p, q)) for p, q in combinations(normals, 2)}
    cells: dict[tuple, set] = {}
    for ray in (lines | {opposite(line) for line in lines}) - {(0, 0, 0)}:
        for wall in (plane for plane in normals if inner(plane, ray) == 0):
            along = cross(ray, wall)
            ways = (along, opposite(along)), (wall, opposite(wall))
            for chain in product([ray], *ways):
                signs = tuple(sign_off(plane, chain) for plane in normals)
                cells.setdefault(signs, set()).add(ray)
    return list(cells.values())


def sign_off(plane: tuple, chain: tuple) -> bool:
    """Tell the side of a plane just off a ray, along a wall, to a side of the wall."""
    return next(height > 0 for way in chain if (height := inner(plane, way)))


def copositive(M: list) -> bool:
    """Decide ``t^T M t >= 0`` for ``t >= 0`` of order at most 3.

    With ``a = M_00 > 0`` the least value over ``t_0 >= 0`` is ``y^T C y`` where ``b . y
    >= 0`` and ``y^T (C - b b^T / a) y`` where ``b . y <= 0``; that where ``t_0 = 0`` is
    always ``y^T C y``. The second cone has at most two rays.
    """
    a, b, C = M[0][0], M[0][1:], [row[1:] for row in M[1:]]
    if a < 0 or (a == 0 and any(entry < 0 for entry in b)):
        return False
    n = len(b)
    rays = [tuple(int(i == k) for i in range(n)) for k in range(n) if b[k] <= 0]
    if n == 2 and b[0] * b[1] < 0:
        rays.append((abs(b[1]), abs(b[0])))
    form = [[a * C[i][j] - b[i] * b[j] for j in range(n)] for i in range(n)]
    images = [[inner(row, ray) for row in form] for ray in rays]
    gram = [[inner(image, ray) for image in images] for ray in rays]
    return (not C or copositive(C)) and (not rays or copositive(gram))


def inner(a, b):
    """Return the inner product."""
    return sum(p * q for p, q in zip(a, b, strict=True))


def cross(a: tuple, b: tuple) -> tuple[int, int, int]:
    """Return the cross product."""
    pairs = ((1, 2), (2, 0), (0, 1))
    return tuple(a[i] * b[j] - a[j] * b[i] for i, j in pairs)


def primitive(vector) -> tuple[int, ...]:
    """Return the shortest vector of integers that points the same way."""
    common = math.lcm(*(Fraction(entry).denominator for entry in vector))
    numbers = [int(entry * common) for entry in vector]
    factor = math.gcd(*numbers) or 1
    return tuple(number // factor for number in numbers)


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
