"""Grids of parameters: read from the command line or YAML, checked, multiplied out."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from tools.book import BookError, parse_yaml, read_yaml
from tools.sweep.described import Parameter, check

Values = dict[str, Any]
"""The parameters of one run."""

Grid = dict[str, list[Any]]
"""The values that each parameter takes."""

MOST_RUNS = 100_000
"""A larger grid is a slip; each run takes seconds at the least."""

RANGE = re.compile(r"(-?\d+):(-?\d+)(?::(-?\d+))?")
RANGE_KEYS = ("start", "stop", "step")


def read_options(options: list[str]) -> Grid:
    """Read ``name=values`` options: ``beta=0.01,0.1``, ``seed=0:5``, ``w=[1,2],[3]``.

    Values are separated by commas and written as in YAML: quotes keep a string a
    string, brackets make a list. ``start:stop`` and ``start:stop:step`` count whole
    numbers as Python's range does, without the last.

    Raises
    ------
    BookError
        On text that cannot be read, a name given twice, or no value.
    """
    grid: Grid = {}
    for option in options:
        name, equals, text = option.partition("=")
        name = name.strip()
        if not (equals and name):
            raise BookError(f"-p takes name=value,value,...; got {option!r}.")
        if name in grid:
            raise BookError(f"-p {name} is given twice; separate values by commas.")
        grid[name] = _read_values(name, text)
    return grid


def _read_values(name: str, text: str) -> list[Any]:
    """Read values separated by commas, ranges of numbers among them."""
    parts = [part.strip() for part in text.split(",")]
    if any(RANGE.fullmatch(part) for part in parts):
        return [value for part in parts for value in _read_part(name, part)]
    try:
        return parse_yaml(f"[{text}]")
    except (yaml.YAMLError, ValueError):
        raise BookError(
            f"The values of {name} cannot be read: {text!r}. Put strings with commas, "
            "brackets, colons or quotes between quotes, as in YAML."
        ) from None


def _read_part(name: str, part: str) -> list[Any]:
    """Read a range, or a value beside ranges."""
    match = RANGE.fullmatch(part)
    if match:
        return count(name, *(int(number) for number in match.groups() if number))
    return _read_values(name, part)


def count(name: str, start: int, stop: int, step: int = 1) -> list[int]:
    """Count whole numbers; refuse a step of zero and too many."""
    if step == 0:
        raise BookError(f"The range of {name} has a step of 0.")
    numbers = range(start, stop, step)
    if len(numbers) > MOST_RUNS:
        raise BookError(
            f"The range of {name} has {len(numbers)} values; at most {MOST_RUNS}."
        )
    return list(numbers)


def read_grids(path: Path) -> list[Grid]:
    """Read a YAML file: a grid, or a list of grids whose runs are put together.

    A grid maps names to lists of values, to one value, or to a range written
    ``{start: 0, stop: 5}``.

    Raises
    ------
    BookError
        On a file that is no grid.
    """
    read = read_yaml(path)
    grids = read if isinstance(read, list) else [read]
    if not grids:
        raise BookError(f"{path} has no grid in it.")
    return [_read_grid(path, grid) for grid in grids]


def _read_grid(path: Path, grid: Any) -> Grid:
    """Turn a mapping of YAML into a grid."""
    if not isinstance(grid, dict) or not grid:
        raise BookError(f"{path} must map parameters to lists of values; got {grid!r}.")
    return {str(name): _listed(str(name), values) for name, values in grid.items()}


def _listed(name: str, values: Any) -> list[Any]:
    """Return the values of a parameter as a list."""
    if not isinstance(values, dict):
        return values if isinstance(values, list) else [values]
    known = set(values) <= set(RANGE_KEYS) and {"start", "stop"} <= set(values)
    if not known or not all(type(value) is int for value in values.values()):
        raise BookError(
            f"The range of {name} takes whole numbers start, stop and, if you like, "
            f"step; got {values!r}."
        )
    return count(name, **values)


def expand(grids: list[Grid], known: Mapping[str, Parameter]) -> list[Values]:
    """Check every value of every grid, then return the parameters of each run.

    Raises
    ------
    BookError
        On no grid, an empty one, a value given twice, one too many, or one that
        :func:`check_data` or the chapter refuses.
    """
    if not any(grids):
        raise BookError("No grid: give -p name=value,value or --grid FILE.")
    for grid in grids:
        for name, values in grid.items():
            _check_values(name, values, known)
    total = sum(math.prod(map(len, grid.values())) for grid in grids)
    if total > MOST_RUNS:
        raise BookError(f"The grid has {total} runs; at most {MOST_RUNS}.")
    runs = {}
    for grid in grids:
        for values in product(*grid.values()):
            run = dict(zip(grid, values, strict=True))
            runs.setdefault(json.dumps(run, sort_keys=True), run)
    return list(runs.values())


def _check_values(name: str, values: list[Any], known: Mapping[str, Parameter]) -> None:
    """Refuse an empty list of values, a value given twice, or a wrong one."""
    if not values:
        check(known, name, known[name].default if name in known else None)
        raise BookError(f"{name} has no value, so there is nothing to run.")
    seen = set()
    for value in values:
        check_data(name, value)
        check(known, name, value)
        text = json.dumps(value, sort_keys=True)
        if text in seen:
            raise BookError(f"{name} has the value {value!r} twice.")
        seen.add(text)


def check_data(name: str, value: Any) -> None:
    """Refuse what would not reach a notebook as it is.

    Truth values, finite numbers, strings, null, and lists and mappings of them do;
    papermill turns anything else into a string, and no number is equal to NaN.

    Raises
    ------
    BookError
        With the name and the value.
    """
    if isinstance(value, float) and not math.isfinite(value):
        raise BookError(f"{name} must be finite; got {value!r}.")
    if isinstance(value, list):
        for entry in value:
            check_data(name, entry)
    elif isinstance(value, dict):
        for key, entry in value.items():
            if not isinstance(key, str):
                raise BookError(f"{name}: keys must be strings; got {key!r}.")
            check_data(name, entry)
    elif not isinstance(value, bool | int | float | str | None):
        raise BookError(
            f"{name} must be a number, a string, true, false, null, or a list of "
            f"them; got {value!r} of type {type(value).__name__}. Quotes make a string."
        )
