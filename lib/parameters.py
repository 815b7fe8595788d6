"""What a chapter's parameters must be: kinds, declared where the parameters stand.

The cell of parameters gives each a kind, a default and a meaning::

    beta: Positive = 1e-2  # weight decay
    widths: list[Whole[1]] = [5, 10]  # neurons of the networks that are trained

Papermill writes whatever it is told into the notebook, a misspelt name included. Each
chapter therefore calls :func:`check` right after that cell; sweeps and files of
parameters read the same declarations. Kinds are written in names, brackets and whole
numbers, since papermill reads no more of an annotation.
"""

import difflib
import math
import os
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

__all__ = [
    "Between",
    "ExistingPath",
    "Kind",
    "Law",
    "LossName",
    "ParameterError",
    "Positive",
    "Whole",
    "check",
    "kind_of",
]


class ParameterError(ValueError):
    """A parameter of a chapter is missing, unknown or out of range."""


def _why_text(value: Any) -> str:
    """Say why a number came as text: YAML has its own idea of what a number is."""
    try:
        number = float(value) if isinstance(value, str) else None
    except ValueError:
        number = None
    return "." if number is None else f": YAML takes it for text, write {number!r}."


@dataclass(frozen=True)
class Kind:
    """What a parameter must be, in words, and the test of it.

    Parameters
    ----------
    must : str
        Ends the sentence "it must be ...".
    holds : callable
        Tells whether a value is of the kind.
    take : callable
        Makes one form of values that mean the same, such as 1.0 of 1; told the name,
        too.
    hint : callable
        Ends the sentence that refuses a value.
    """

    must: str
    holds: Callable[[Any], bool]
    take: Callable[[str, Any], Any] = lambda _, value: value
    hint: Callable[[Any], str] = _why_text

    def __call__(self, name: str, value: Any) -> Any:
        """Return the value in its one form.

        Raises
        ------
        ParameterError
            If the parameter ``name`` may not have it.
        """
        if not self.holds(value):
            raise ParameterError(
                f"Parameter {name!r} must be {self.must}; got {value!r} of type "
                f"{type(value).__name__}{self.hint(value)}"
            )
        return self.take(name, value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_real(value: Any) -> bool:
    return _is_whole(value) or isinstance(value, float)


def _as_float(_: str, value: Any) -> float:
    return float(value)


Positive = Kind(
    "a positive finite number", lambda v: _is_real(v) and 0 < v < math.inf, _as_float
)


class Whole:
    """Whole numbers: ``Whole[3]`` is one of at least 3."""

    def __class_getitem__(cls, least: int) -> Kind:
        """Make the kind."""
        must = f"a whole number >= {least}"
        return Kind(must, lambda v: _is_whole(v) and v >= least)


class Between:
    """Numbers of a range: ``Between[1, 14, 10]`` is one from 1/10 to 14/10."""

    def __class_getitem__(cls, ends: tuple[int, int, int]) -> Kind:
        """Make the kind."""
        low, high = ends[0] / ends[2], ends[1] / ends[2]
        must = f"a number from {low} to {high}"
        return Kind(must, lambda v: _is_real(v) and low <= v <= high, _as_float)


def _choice(*names: str) -> Kind:
    """Ask for one of some names."""
    must = " or ".join(map(repr, names))
    return Kind(must, lambda v: v in names, hint=lambda v: _nearest(v, names))


Law = _choice("torch", "normal")
LossName = _choice("squared", "huber", "logistic", "softmax")

ExistingPath = Kind(
    "the path of a file that exists, or ''",
    lambda v: isinstance(v, str) and (not v or os.path.exists(v)),
    lambda _, v: v and str(Path(v).resolve()),
    lambda _: f". Relative paths start from {Path.cwd()}.",
)

PLAIN = {
    bool: Kind("True or False", lambda v: isinstance(v, bool)),
    int: Kind("a whole number", _is_whole),
    float: Kind("a number", _is_real, _as_float),
    str: Kind("a string", lambda v: isinstance(v, str)),
    list: Kind("a list", lambda v: isinstance(v, list)),
}
"""Kinds that are types of Python's own."""


def _each(entry: Kind) -> Kind:
    """Ask for a list, not empty, each entry of which is of a kind."""
    return Kind(
        f"a list that is not empty, each {entry.must}",
        lambda v: isinstance(v, list | tuple) and len(v) > 0,
        lambda name, v: [entry(f"{name}[{k}]", value) for k, value in enumerate(v)],
    )


def kind_of(declared: Any) -> Kind:
    """Return the kind that an annotation declares; a type unknown here takes all."""
    if isinstance(declared, Kind):
        return declared
    if get_origin(declared) is list:
        return _each(kind_of(get_args(declared)[0]))
    return PLAIN.get(declared, Kind("anything", lambda _: True))


def check(namespace: Mapping[str, Any]) -> None:
    """Check the parameters of a chapter in its global namespace.

    At this point of a chapter only imports and parameters have run, so any other
    datum in the namespace is a parameter that the chapter does not know.

    Parameters
    ----------
    namespace : mapping
        ``globals()`` of the notebook, whose annotations say what must hold.

    Raises
    ------
    ParameterError
        If a parameter is missing, unknown, of the wrong type or out of range.

    Examples
    --------
    >>> declared = {"beta": Positive}
    >>> check({"beta": 0.5, "__annotations__": declared})
    >>> check({"beta": 0.5, "betta": 1, "__annotations__": declared})
    Traceback (most recent call last):
    lib.parameters.ParameterError: Unknown parameter 'betta'; did you mean 'beta'? ...
    """
    declared = namespace.get("__annotations__", {})
    for name, value in namespace.items():
        if name not in declared and _is_datum(name, value):
            raise ParameterError(
                f"Unknown parameter {name!r}{_nearest(name, declared)} This chapter "
                f"takes {', '.join(sorted(declared)) or 'no parameter'}."
            )
    for name, annotation in declared.items():
        if name not in namespace:
            raise ParameterError(
                f"Parameter {name!r} is missing; the parameters cell must set it."
            )
        kind_of(annotation)(name, namespace[name])


IPYTHON_NAMES = frozenset({"In", "Out", "exit", "quit", "open", "get_ipython"})
"""What a fresh kernel defines beside dunder and underscore names."""


def _is_datum(name: str, value: Any) -> bool:
    """Tell whether a global is data rather than an import or the kernel's own."""
    if name.startswith("_") or name in IPYTHON_NAMES:
        return False
    return not (isinstance(value, types.ModuleType) or callable(value))


def _nearest(name: Any, known: Iterable[str]) -> str:
    """Suggest the nearest known name, if one is near."""
    near = difflib.get_close_matches(str(name), list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else "."
