"""The status page: how the numbers of the book were computed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from tools.numbers import Stated, Values
from tools.record import Record
from tools.template import written

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
    packs = [json.loads(p.read_text("utf-8")) for p in sorted(data.glob("*.json"))]
    told = {"records": records, "stated": stated, "values": values, "packs": packs}
    told |= {"distinct": distinct, "json": json.dumps}
    names = ("chapters", "certificates", "uncertified", "images", "machine", "versions")
    return {
        name: written(Path(__file__).with_suffix(".md"), name, **told) for name in names
    }


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
