"""The report on the numbers that were recomputed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal

from tools.numbers import ABOVE, ASIDE, HELD, MISSING, Verdict
from tools.record import Record
from tools.status import distinct, table

HEAD = """\
# The numbers of the book, recomputed

Each chapter was run again, without the stored results of its experiments, and what it
glued into its text was compared with `numbers.yml`.
"""

Verdicts = Mapping[str, list[Verdict]]


def page(verdicts: Verdicts, records: Mapping[str, Record]) -> str:
    """Write the report as Markdown.

    Parameters
    ----------
    verdicts : mapping
        The stem of each chapter to what became of its numbers.
    records : mapping
        The stem of each chapter that ran to the record of its run.
    """
    failed = [stem for stem in verdicts if stem not in records]
    parts = [HEAD, summary(verdicts, failed).replace("\n", "\n- ") + "\n"]
    parts += [_chapter(stem, many) for stem, many in verdicts.items() if many]
    parts += [_not_compared(verdicts)]
    if records:
        parts += ["## The machine\n", distinct(records, "machine", "`{}`")]
        parts += ["## The versions\n", distinct(records, "versions", "`{}`")]
    return "\n".join(parts)


def summary(verdicts: Verdicts, failed: list[str]) -> str:
    """Count the verdicts in a line, and add one for each number that is wrong."""
    every = [(stem, one) for stem, many in verdicts.items() for one in many]
    count = Counter(one.status for _, one in every)
    counted = ", ".join(f"{n} {status}" for status, n in sorted(count.items()))
    lines = [f"{len(every)} numbers of {len(verdicts)} chapters: {counted or 'none'}."]
    lines += [f"{stem} failed: nothing of it was recomputed." for stem in failed]
    wrong = [(stem, one) for stem, one in every if not one.good and stem not in failed]
    return "\n".join(lines + [f"{stem}: {_sentence(one)}" for stem, one in wrong])


def _sentence(one: Verdict) -> str:
    """Say what is wrong with a number, and by how much."""
    name, number = one.number.name, one.number
    if one.status == MISSING:
        return f"{name} is {number.value!r} in the book and was not glued."
    if one.status == ABOVE:
        return f"{name} = {one.found} is above its limit {number.limit}{number.unit}."
    apart = ""
    if one.difference is not None:
        apart = f", apart by {_short(one.difference)}, allowed {_short(one.allowed)}"
    rule = number.tolerance.name
    return f"{name} is {number.value} in the book, now {one.found}{apart} ({rule})."


def _chapter(stem: str, many: list[Verdict]) -> str:
    """Make the table of a chapter."""
    head = [
        "number",
        "stated",
        "recomputed",
        "apart",
        "allowed",
        "tolerance",
        "verdict",
    ]
    return f"## {stem}\n\n" + table(head, [_row(one) for one in many])


def _row(one: Verdict) -> list[str]:
    """Write a number's line."""
    number = one.number
    limit = f"limit {number.limit}{number.unit}" if number.limit is not None else ""
    return [
        f"`{number.name}`",
        f"{number.value}",
        "" if one.found is None else f"{one.found}",
        "" if one.difference is None else _short(one.difference),
        limit if one.allowed is None else _short(one.allowed),
        number.tolerance.name,
        one.status if one.good else f"**{one.status}**",
    ]


def _not_compared(verdicts: Verdicts) -> str:
    """Name the tolerances that were met with, their reasons and their use."""
    used = {o.number.tolerance.name: o.number.tolerance for o in _all(verdicts)}
    rows = [[name, tolerance.why] for name, tolerance in sorted(used.items())]
    aside = [
        f"`{stem}`: `{one.number.name}`. {one.number.why}".strip()
        for stem, many in verdicts.items()
        for one in many
        if one.status in (ASIDE, HELD) and one.number.why
    ]
    listed = "".join(f"- {line}\n" for line in aside)
    text = "## The tolerances\n\n" + table(["tolerance", "reason"], rows)
    return f"{text}\nHeld to a limit, or not compared:\n\n{listed}" if aside else text


def _all(verdicts: Verdicts) -> list[Verdict]:
    """List the verdicts of all chapters."""
    return [one for many in verdicts.values() for one in many]


def _short(value: Decimal) -> str:
    """Write a distance in three digits."""
    return f"{float(value):.3g}"
