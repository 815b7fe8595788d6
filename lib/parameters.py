"""Checks of a chapter's parameters, before anything is computed.

Papermill writes whatever it is told into the notebook, a misspelt name included.
Each chapter therefore calls :func:`check` right after its `parameters` cell.
"""

from __future__ import annotations

import difflib
import math
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = [
    "ParameterError",
    "Spec",
    "between",
    "check",
    "choice",
    "each",
    "flag",
    "natural",
    "path",
    "positive",
]


@dataclass(frozen=True)
class Spec:
    """What a parameter must be, in words, and the test of it.

    Parameters
    ----------
    must : str
        Ends the sentence "it must be ...".
    test : callable
        ``test(name, value)`` raises :class:`ParameterError` unless it holds.
    """

    must: str
    test: Callable[[str, Any], None]

    def __call__(self, name: str, value: Any) -> None:
        """Raise :class:`ParameterError` unless the value is what it must be."""
        self.test(name, value)


IPYTHON_NAMES = frozenset({"In", "Out", "exit", "quit", "open", "get_ipython"})
"""What a fresh kernel defines beside dunder and underscore names."""


class ParameterError(ValueError):
    """A parameter of a chapter is missing, unknown or out of range."""


def check(namespace: Mapping[str, Any], **specs: Spec) -> None:
    """Check the parameters of a chapter in its global namespace.

    At this point of a chapter only imports and parameters have run, so any other
    datum in the namespace is a parameter that the chapter does not know.

    Parameters
    ----------
    namespace : mapping
        ``globals()`` of the notebook.
    **specs
        For each parameter what must hold: :func:`positive`, :func:`natural`,
        :func:`choice`, :func:`flag`, :func:`path`, :func:`each`.

    Raises
    ------
    ParameterError
        If a parameter is missing, unknown, of the wrong type or out of range.

    Examples
    --------
    >>> check({"beta": 0.5}, beta=positive())
    >>> check({"beta": 0.5, "betta": 1}, beta=positive())
    Traceback (most recent call last):
    lib.parameters.ParameterError: Unknown parameter 'betta'; did you mean 'beta'? ...
    """
    for name in namespace:
        if name not in specs and _is_datum(name, namespace[name]):
            raise ParameterError(
                f"Unknown parameter {name!r}{_nearest(name, specs)} This chapter "
                f"takes {', '.join(sorted(specs)) or 'no parameter'}."
            )
    for name, spec in specs.items():
        if name not in namespace:
            raise ParameterError(
                f"Parameter {name!r} is missing; the parameters cell must set it."
            )
        spec(name, namespace[name])


def _is_datum(name: str, value: Any) -> bool:
    """Tell whether a global is data rather than an import or the kernel's own."""
    if name.startswith("_") or name in IPYTHON_NAMES:
        return False
    return not (isinstance(value, types.ModuleType) or callable(value))


def _nearest(name: str, known: Mapping[str, Any] | tuple[str, ...]) -> str:
    """Suggest the nearest known name, if one is near."""
    near = difflib.get_close_matches(str(name), list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else "."


def _refuse(name: str, must: str, value: Any) -> None:
    """Raise with what must hold and what came."""
    raise ParameterError(
        f"Parameter {name!r} must be {must}; got {value!r} of type "
        f"{type(value).__name__}."
    )


def positive() -> Spec:
    """Ask for a positive finite number."""
    must = "a positive finite number"

    def test(name: str, value: Any) -> None:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (number and math.isfinite(value) and value > 0):
            _refuse(name, must, value)

    return Spec(must, test)


def between(low: float, high: float) -> Spec:
    """Ask for a number from ``low`` to ``high``, both allowed."""
    must = f"a number from {low} to {high}"

    def test(name: str, value: Any) -> None:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (number and low <= value <= high):
            _refuse(name, must, value)

    return Spec(must, test)


def natural(minimum: int = 0) -> Spec:
    """Ask for a whole number of at least ``minimum``."""
    must = f"a whole number >= {minimum}"

    def test(name: str, value: Any) -> None:
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not (whole and value >= minimum):
            _refuse(name, must, value)

    return Spec(must, test)


def each(spec: Spec) -> Spec:
    """Ask for a list, not empty, each entry of which meets ``spec``."""

    def test(name: str, values: Any) -> None:
        if not (isinstance(values, list | tuple) and len(values) > 0):
            _refuse(name, "a list that is not empty", values)
        for place, value in enumerate(values):
            spec(f"{name}[{place}]", value)

    return Spec(f"a list that is not empty, each {spec.must}", test)


def flag() -> Spec:
    """Ask for true or false."""
    must = "True or False"

    def test(name: str, value: Any) -> None:
        if not isinstance(value, bool):
            _refuse(name, must, value)

    return Spec(must, test)


def path() -> Spec:
    """Ask for the path of something that exists, or for none, ``""``."""
    must = "a path, or '' for none"

    def test(name: str, value: Any) -> None:
        if not isinstance(value, str):
            _refuse(name, must, value)
        if value and not Path(value).exists():
            raise ParameterError(
                f"Parameter {name!r} must be the path of a file that exists, or ''; "
                f"got {value!r}. Relative paths start from {Path.cwd()}."
            )

    return Spec(must, test)


def choice(*names: str) -> Spec:
    """Ask for one of some names."""
    must = " or ".join(repr(option) for option in names)

    def test(name: str, value: Any) -> None:
        if value not in names:
            raise ParameterError(
                f"Parameter {name!r} must be {must}; got {value!r}"
                f"{_nearest(value, names)}"
            )

    return Spec(must, test)
