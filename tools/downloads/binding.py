"""PDFs as Chromium makes them, bound: outline, data about them, links that work."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from io import BytesIO
from urllib.parse import unquote

from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    Fit,
    NameObject,
    NumberObject,
    TextStringObject,
)

from tools.downloads.press import Heading, Leaf


def sheets(pdf: bytes) -> int:
    """Count the sheets of a PDF."""
    return len(PdfReader(BytesIO(pdf)).pages)


def places(writer: PdfReader | PdfWriter) -> dict[str, tuple[int, float, float]]:
    """Map each name in a PDF to its sheet, counted from 0, and its left and top.

    Chromium measures from the corner of the printed area, not of the sheet, so a link
    lands a margin above its target, which leaves some of what is before in sight.
    """
    numbers = {
        page.indirect_reference.idnum: number
        for number, page in enumerate(writer.pages)
    }
    root = writer.root_object
    names = root["/Dests"].get_object() if "/Dests" in root else {}
    found = {}
    for name, place in names.items():
        page, _, left, top, *_ = place.get_object()
        found[unquote(name[1:])] = (numbers[page.idnum], float(left), float(top))
    return found


def bind(
    pdf: bytes, headings: Iterable[Heading], *, title: str, author: str
) -> PdfWriter:
    """Give a PDF its outline, shown when it is opened, its title and its author."""
    writer = PdfWriter(clone_from=BytesIO(pdf))
    named = places(writer)
    above: list[tuple[int, object]] = []  # the headings that are still open
    for heading in headings:
        sheet, left, top = named[heading.name]
        above = [entry for entry in above if entry[0] < heading.level]
        parent = above[-1][1] if above else None
        item = writer.add_outline_item(
            heading.text, sheet, parent, fit=Fit.xyz(left, top), is_open=False
        )
        above.append((heading.level, item))
    writer.page_mode = "/UseOutlines"
    writer.add_metadata({"/Title": title, "/Author": author, "/Creator": "the book"})
    return writer


def bind_leaf(leaf: Leaf, base: str, *, author: str) -> bytes:
    """Bind one page; links to other pages lead to their PDFs beside it."""
    writer = bind(leaf.pdf, leaf.headings, title=leaf.title, author=author)
    for page in writer.pages:
        for reference in page.get("/Annots", []):
            action = reference.get_object().get("/A")
            if action is not None and action.get("/URI", "").startswith(base):
                _lead_to_sibling(action, leaf.page, action["/URI"].removeprefix(base))
    return to_bytes(writer)


def _lead_to_sibling(action: DictionaryObject, page: str, address: str) -> None:
    """Turn a link to a page of the site into one to that page's PDF."""
    path, _, name = address.partition("#")
    file = f"{unquote(path).removesuffix('.html')}.pdf"
    del action["/URI"]
    action[NameObject("/S")] = NameObject("/GoToR")
    action[NameObject("/F")] = TextStringObject(
        posixpath.relpath(file, posixpath.dirname(page) or ".")
    )
    top = ArrayObject([NumberObject(0), NameObject("/Fit")])
    action[NameObject("/D")] = NameObject(f"/{name}") if name else top


def to_bytes(writer: PdfWriter) -> bytes:
    """Write a PDF."""
    with BytesIO() as stream:
        writer.write(stream)
        return stream.getvalue()
