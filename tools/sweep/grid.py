"""Grids of parameters: read from the command line or YAML, checked, multiplied out."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import islice, product
from pathlib import Path
from typing import Any

import yaml

from tools.book import BookError, parse_yaml, unknown
from tools.chapter import Parameter, read_data, settled

Grid = dict[str, list[Any]]
"""The values that each parameter takes."""

MOST_RUNS = 100_000
"""A larger grid is a slip; each run takes seconds at the least."""

RANGE = re.compile(r"\s*(-?\d+):(-?\d+)(?::(-?\d+))?\s*")


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
        name, equals, text = (part.strip() for part in option.partition("="))
        if not (equals and name):
            raise BookError(f"-p takes name=value,value,...; got {option!r}.")
        if name in grid:
            raise BookError(f"-p {name} is given twice; separate values by commas.")
        grid[name] = _values(name, text, _parsed)
    return grid


def _values(name: str, given: Any, read: Callable[[Any], list[Any]]) -> list[Any]:
    """Read the values of a parameter, or say how they are written."""
    try:
        return read(given)
    except (yaml.YAMLError, TypeError, ValueError):
        raise BookError(
            f"The values of {name} cannot be read: {given!r}. A range takes whole "
            "numbers start, stop and, if you like, step, which is not 0. Put strings "
            "with commas, brackets, colons or quotes between quotes, as in YAML."
        ) from None


def _parsed(text: str) -> list[Any]:
    """Read values separated by commas, ranges of numbers among them."""
    parts = text.split(",")
    if match := RANGE.fullmatch(text):
        return _count(*(int(number) for number in match.groups() if number))
    if any(map(RANGE.fullmatch, parts)):
        return [value for part in parts for value in _parsed(part)]
    return parse_yaml(f"[{text}]")


def _listed(values: Any) -> list[Any]:
    """Return what YAML holds as a list of values."""
    if isinstance(values, dict):
        return _count(**values)
    return values if isinstance(values, list) else [values]


def _count(start: int, stop: int, step: int = 1) -> list[int]:
    """Count whole numbers; of too many, one more than may be."""
    return list(islice(range(start, stop, step), MOST_RUNS + 1))


def read_grids(path: Path) -> list[Grid]:
    """Read a YAML file: a grid, or a list of grids whose runs are put together.

    A grid maps names to lists of values, to one value, or to a range written
    ``{start: 0, stop: 5}``.

    Raises
    ------
    BookError
        On a file that is no grid.
    """
    read = read_data(path)
    grids = read if isinstance(read, list) else [read]
    if not grids or not all(isinstance(grid, dict) and grid for grid in grids):
        raise BookError(f"{path} must map parameters to lists of values; got {read!r}.")
    return [{f"{k}": _values(k, v, _listed) for k, v in grid.items()} for grid in grids]


def expand(
    grids: list[Grid], known: Mapping[str, Parameter], where: str = ""
) -> list[dict[str, Any]]:
    """Check every value of every grid, then return the parameters of each run.

    Raises
    ------
    BookError
        On no grid, an empty one, a value given twice, one too many, or one that
        would not reach the chapter or that it refuses.
    """
    if not any(grids):
        raise BookError("No grid: give -p name=value,value or --grid FILE.")
    if sum(math.prod(map(len, grid.values())) for grid in grids) > MOST_RUNS:
        raise BookError(f"The grid has more than {MOST_RUNS} runs, the most there are.")
    runs = []
    for grid in grids:
        values = [_checked(name, grid[name], known, where) for name in grid]
        runs += [dict(zip(grid, run, strict=True)) for run in product(*values)]
    return runs


def _checked(
    name: str, values: list[Any], known: Mapping[str, Parameter], where: str
) -> list[Any]:
    """Return values in their one form; refuse none, one twice, or a wrong one."""
    if name not in known:
        raise unknown(f"parameter{where}", name, known)
    if not values:
        raise BookError(f"{name} has no value, so there is nothing to run.")
    fresh = [settled(known, {name: value}, where)[name] for value in values]
    (text, times), *_ = Counter(map(json.dumps, fresh)).most_common(1)
    if times > 1:
        raise BookError(f"{name} has the value {text} twice.")
    return fresh
