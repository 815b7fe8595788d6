"""The status page: how the numbers of the book were computed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.numbers import Stated, Values
from tools.record import Record

PAGE = "back/status"

HEAD = """\
# How the numbers of this book were computed

This page is made with the book, from the records that the runs of the chapters
left. A chapter is run again when its text, its parameters, the library, the data or
the pinned packages change, and at no other time; *date* says when that last was.
"""

GAPS_HEAD = """\
A certificate proves how far a network can be from the best one: its gap. Each must be
below the limit that `numbers.yml` states; if one is above, or missing, the book is not
built. Gaps are relative unless said otherwise.
"""

IMAGES_HEAD = """\
The images were taken from the official archives and lie in `data/`. Before use the code
compares file and pixels with these hashes; the sources are named in `data/README.md`.
"""

PEAK_NOTE = """\
Peak memory is that of the chapter's own process. Each ran with one thread of linear
algebra, so that sums are taken in the same order every time.
"""


def page(records: Mapping[str, Record], *sections: str) -> str:
    """Write the status page as MyST text.

    Parameters
    ----------
    records : mapping
        The stem of each chapter, in the order of the book, to the record of its run.
    *sections : str
        Such as :func:`certificates` and :func:`images`, to stand after the chapters.
    """
    if not records:
        return f"{HEAD}\nNo chapter has been run.\n"
    parts = [HEAD, "## The chapters", _chapters(records), PEAK_NOTE, *sections]
    parts += ["## The machine", distinct(records, "machine")]
    parts += ["## The versions", distinct(records, "versions")]
    return "\n".join(parts)


def certificates(stated: Stated, values: Mapping[str, Values]) -> str:
    """Write the section that shows each gap beside its limit.

    Parameters
    ----------
    stated : Stated
        The limits, and the chapters without a certificate.
    values : mapping
        The stem of each chapter to what it glued, among that every gap.
    """
    rows = [
        [
            f"{{doc}}`/chapters/{stem}`",
            gap.why,
            _digits(values[stem][gap.name], gap.unit),
            _digits(gap.limit, gap.unit),
        ]
        for stem in values
        for gap in stated.gaps(stem)
    ]
    none = [
        f"- {{doc}}`/chapters/{stem}`: {why}\n"
        for stem, why in stated.uncertified.items()
    ]
    parts = ["## The certificates", GAPS_HEAD]
    parts += [table(["chapter", "of what", "gap", "limit"], rows)] if rows else []
    parts += ["Without a certificate:", "".join(none)] if none else []
    return "\n".join(parts)


def _digits(value: Any, unit: str) -> str:
    """Write a gap: floats in two digits, what is formatted already as it is."""
    text = f"{value:.2g}" if isinstance(value, float) else f"{value}"
    return f"{text} {unit}".strip()


def images(folder: Path) -> str:
    """Write the section that names the image packs and the hashes of their files.

    Parameters
    ----------
    folder : Path
        With a ``.json`` beside each pack.
    """
    read = [json.loads(p.read_text("utf-8")) for p in sorted(folder.glob("*.json"))]
    rows = [
        [
            f"`{p['file']}`",
            f"{p['count']:,}",
            p["source"],
            f"`{p['file_sha256'][:16]}…`",
        ]
        for p in read
        if "file_sha256" in p
    ]
    head = ["pack", "images", "what", "sha256 of the file"]
    return "\n".join(["## The images", IMAGES_HEAD, table(head, rows)]) if rows else ""


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


def distinct(
    records: Mapping[str, Record], field: str, link: str = "{{doc}}`/chapters/{}`"
) -> str:
    """Make a table of each value that a field has, and say of which chapters."""
    chapters: dict[str, list[str]] = {}
    for stem, done in records.items():
        chapters.setdefault(json.dumps(getattr(done, field)), []).append(stem)
    tables = []
    for value, stems in chapters.items():
        if len(chapters) > 1:
            tables.append("Of " + ", ".join(map(link.format, stems)))
        rows = [[name, f"{entry}"] for name, entry in json.loads(value).items()]
        tables.append(table(["what", "which"], rows))
    return "\n".join(tables)


def table(head: list[str], rows: list[list[str]]) -> str:
    """Write a table as MyST text."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
