"""SageMath's regions of a hyperplane arrangement, by exact arithmetic."""

from __future__ import annotations

import time
from typing import Any

import sage.all__sagemath_polyhedra  # noqa: F401  (sets Sage up)
from sage.geometry.hyperplane_arrangement.arrangement import HyperplaneArrangements
from sage.rings.rational_field import QQ


def run(data: dict[str, Any]) -> dict[str, Any]:
    """Count the regions of the hyperplanes orthogonal to the rows of X."""
    rows = [[QQ(a) / QQ(b) for a, b in map(_ratio, row)] for row in data["X"]]
    names = tuple(f"x{k}" for k in range(data["X"].shape[1]))
    space = HyperplaneArrangements(QQ, names)
    start = time.perf_counter()
    arrangement = space(*(_plane(row, space.gens()) for row in rows))
    cells = len(arrangement.regions())
    return {"seconds": time.perf_counter() - start, "cells": cells}


def _ratio(value: float) -> tuple[int, int]:
    """Write a float as the fraction that it is."""
    return float(value).as_integer_ratio()


def _plane(row: list, variables: tuple) -> Any:
    """Return the linear form of a row."""
    return sum(a * x for a, x in zip(row, variables, strict=True))
