"""Write `numbers.yml`: new values, and what was set by hand kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, replace
from typing import Any

from tools.book import BookError
from tools.glued import Scalar
from tools.numbers import FILE, Number, Stated, Tolerance, Values

HEAD = """\
# The numbers that the book states, as its chapters glue them, and how far recomputed
# ones may lie from them. `make reproduce` recomputes and compares; `python -m
# tools.reproduce --write` takes values from the executed book and adds what the text
# shows anew. Tolerances, limits and reasons are set here, by hand, and are kept;
# comments are not.
#
# A tolerance is relative, absolute, or in units of the last printed digit; the largest
# counts, and one without any asks for the same. A number with a limit is the gap of a
# certificate: the book is not built when it is above, whatever the parameters.
"""

PLAIN_KEY = re.compile(r"[A-Za-z_]\w*")


def updated(
    stated: Stated, values: Mapping[str, Values], shown: Mapping[str, list[str]]
) -> tuple[Stated, list[str]]:
    """Take new values into what is stated; return it and what changed, in lines.

    Chapters without values stay as they are. Of the others, numbers that the text
    no longer shows go, unless they have a limit.
    """
    chapters, changes = {}, []
    for stem in shown:
        old = {number.name: number for number in stated.of(stem)}
        if stem not in values:
            chapters[stem] = list(old.values())
            continue
        names = [*shown[stem], *(n for n, v in old.items() if v.limit is not None)]
        kept = [
            _updated(stem, name, old, values[stem]) for name in dict.fromkeys(names)
        ]
        chapters[stem] = [_guessed(stated, number) for number in kept]
        new = {number.name: number for number in chapters[stem]}
        changes += _changes(stem, old, new)
    filled = {stem: many for stem, many in chapters.items() if many}
    return Stated(stated.tolerances, filled, stated.uncertified), changes


def _updated(stem: str, name: str, old: Mapping[str, Number], values: Values) -> Number:
    """Give a number its new value."""
    if name not in values:
        raise BookError(
            f"{stem} must glue {name}, which the text shows or {FILE} limits; it does "
            "not. Glue it, or take it out there."
        )
    if name in old:
        return replace(old[name], value=values[name])
    return Number(name, values[name], Tolerance("", ""))


def _guessed(stated: Stated, number: Number) -> Number:
    """Give a new number the tolerance that its kind suggests, to be looked at."""
    if number.tolerance.name:
        return number
    name = "exact" if isinstance(number.value, int) else "printed"
    if name not in stated.tolerances:
        raise BookError(f"{FILE} must have a tolerance called {name}; add it.")
    return replace(number, tolerance=stated.tolerances[name])


def _changes(
    stem: str, old: Mapping[str, Number], new: Mapping[str, Number]
) -> Iterator[str]:
    """Say what changed in a chapter."""
    for name, number in new.items():
        if name not in old:
            rule = number.tolerance.name
            yield f"{stem}: new: {name} = {number.value}; is '{rule}' right for it?"
        elif old[name].value != number.value:
            yield f"{stem}: {name}: {old[name].value} -> {number.value}"
    yield from (f"{stem}: gone: {name}" for name in old if name not in new)


def text(stated: Stated) -> str:
    """Write the file, a line a number."""
    lines = [HEAD, "tolerances:"]
    for name, tolerance in stated.tolerances.items():
        lines.append(f"  {_key(name)}: {_entry(tolerance, leave=('name',))}")
    lines += ["", "uncertified:"]
    lines += [f"  {stem}: {_scalar(why)}" for stem, why in stated.uncertified.items()]
    lines += ["", "chapters:"]
    for stem, many in stated.chapters.items():
        lines.append(f"  {stem}:")
        lines += [f"    {_key(n.name)}: {_entry(n, leave=('name',))}" for n in many]
    return "\n".join(lines) + "\n"


def _entry(item: Tolerance | Number, leave: tuple[str, ...]) -> str:
    """Write the fields of an item that are not the defaults, on a line."""
    pairs = []
    for field in fields(item):
        value = getattr(item, field.name)
        default = None if field.default is MISSING else field.default
        if field.name not in leave and value != default:
            named = value.name if isinstance(value, Tolerance) else value
            pairs.append(f"{field.name}: {_scalar(named)}")
    return "{" + ", ".join(pairs) + "}"


def _scalar(value: Scalar | Any) -> str:
    """Write a value so that YAML reads it back as it is."""
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    """Write a name as a key of YAML."""
    return name if PLAIN_KEY.fullmatch(name) else _scalar(name)
