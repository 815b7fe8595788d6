"""The status page: how the numbers of the book were computed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.numbers import Stated, Values
from tools.record import Record

PAGE = "back/status"
CHAPTER = "{{doc}}`/chapters/{}`"
"""A link to a chapter, by its stem."""

Records = Mapping[str, Record]
"""The stem of each chapter, in the order of the book, to the record of its run."""


def parts(
    records: Records, stated: Stated, values: Mapping[str, Values], data: Path
) -> dict[str, str]:
    """Write the tables of the page as MyST text, by the names of their places.

    Parameters
    ----------
    records : mapping
        How each chapter was run.
    stated : Stated
        The limits of the gaps, and the chapters without a certificate.
    values : mapping
        The stem of each chapter to what it glued, among that every gap.
    data : Path
        The folder of the image packs, with a ``.json`` beside each.
    """
    none = [
        f"- {CHAPTER.format(stem)}: {why}\n" for stem, why in stated.uncertified.items()
    ]
    return {
        "chapters": _chapters(records),
        "certificates": certificates(stated, values),
        "uncertified": "".join(none) or "none.",
        "images": _images(data),
        "machine": distinct(records, "machine"),
        "versions": distinct(records, "versions"),
    }


def certificates(stated: Stated, values: Mapping[str, Values]) -> str:
    """Make the table that shows each gap beside its limit."""
    rows = [
        [
            *(CHAPTER.format(stem), gap.why),
            *(_digits(x, gap.unit) for x in (values[stem][gap.name], gap.limit)),
        ]
        for stem in values
        for gap in stated.gaps(stem)
    ]
    return table(["chapter", "of what", "gap", "limit"], rows)


def _digits(value: Any, unit: str) -> str:
    """Write a gap: floats in two digits, what is formatted already as it is."""
    text = f"{value:.2g}" if isinstance(value, float) else f"{value}"
    return f"{text} {unit}".strip()


def _images(folder: Path) -> str:
    """Make the table of the image packs and the hashes of their files."""
    read = [json.loads(p.read_text("utf-8")) for p in sorted(folder.glob("*.json"))]
    rows = [
        [
            *(f"`{p['file']}`", f"{p['count']:,}", p["source"]),
            f"`{p['file_sha256'][:16]}…`",
        ]
        for p in read
        if "file_sha256" in p
    ]
    return table(["pack", "images", "what", "sha256 of the file"], rows)


def _chapters(records: Records) -> str:
    """Make the table of the runs."""
    rows = [
        [
            *(CHAPTER.format(stem), f"{done.seconds:.1f} s"),
            *(f"{done.peak_mib:.0f} MiB", done.date, _set(done.parameters)),
        ]
        for stem, done in records.items()
    ]
    total = sum(done.seconds for done in records.values())
    peak = max((done.peak_mib for done in records.values()), default=0)
    rows.append(["**all**", f"**{total:.1f} s**", f"**{peak:.0f} MiB**", "", ""])
    head = ["chapter", "run time", "peak memory", "date", "parameters set"]
    return table(head, rows)


def _set(parameters: Mapping[str, Any]) -> str:
    """Write the parameters that were set from outside."""
    words = [f"`{name} = {json.dumps(value)}`" for name, value in parameters.items()]
    return ", ".join(words) or "none"


def distinct(records: Records, field: str, link: str = CHAPTER) -> str:
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
