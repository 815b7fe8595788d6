"""The status page: how the numbers of the book were computed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tools.record import Record

PAGE = "back/status"

HEAD = """\
# How the numbers of this book were computed

This page is made with the book, from the records that the runs of the chapters
left. A chapter is run again when its text, its parameters, the library, the data or
the pinned packages change, and at no other time; *date* says when that last was.
"""

PEAK_NOTE = """\
Peak memory is that of the chapter's own process. Each ran with one thread of linear
algebra, so that sums are taken in the same order every time.
"""


def page(records: Mapping[str, Record]) -> str:
    """Write the status page as MyST text.

    Parameters
    ----------
    records : mapping
        The stem of each chapter, in the order of the book, to the record of its run.
    """
    if not records:
        return f"{HEAD}\nNo chapter has been run.\n"
    parts = [HEAD, "## The chapters", _chapters(records), PEAK_NOTE]
    parts += ["## The machine", _distinct(records, "machine")]
    parts += ["## The versions", _distinct(records, "versions")]
    return "\n".join(parts)


def _chapters(records: Mapping[str, Record]) -> str:
    """Make the table of the runs."""
    head = ["chapter", "run time", "peak memory", "date", "parameters set"]
    rows = [
        [
            f"{{doc}}`/chapters/{stem}`",
            f"{done.seconds:.1f} s",
            f"{done.peak_mib:.0f} MiB",
            done.date,
            _parameters(done.parameters),
        ]
        for stem, done in records.items()
    ]
    total = sum(done.seconds for done in records.values())
    peak = max(done.peak_mib for done in records.values())
    rows.append(["**all**", f"**{total:.1f} s**", f"**{peak:.0f} MiB**", "", ""])
    return table(head, rows)


def _parameters(parameters: Mapping[str, Any]) -> str:
    """Write the parameters that were set from outside."""
    return (
        ", ".join(f"`{k} = {json.dumps(v)}`" for k, v in parameters.items()) or "none"
    )


def _distinct(records: Mapping[str, Record], field: str) -> str:
    """Make a table of each value that a field has, and say of which chapters."""
    chapters: dict[str, list[str]] = {}
    for stem, done in records.items():
        chapters.setdefault(json.dumps(getattr(done, field)), []).append(stem)
    tables = []
    for value, stems in chapters.items():
        if len(chapters) > 1:
            tables.append("Of " + ", ".join(f"{{doc}}`/chapters/{s}`" for s in stems))
        rows = [[name, f"{entry}"] for name, entry in json.loads(value).items()]
        tables.append(table(["what", "which"], rows))
    return "\n".join(tables)


def table(head: list[str], rows: list[list[str]]) -> str:
    """Write a table as MyST text."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
