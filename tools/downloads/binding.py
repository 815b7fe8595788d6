"""PDFs as Chromium makes them, bound: data about them, and links between them."""

from __future__ import annotations

import posixpath
from io import BytesIO
from urllib.parse import unquote

from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    TextStringObject,
)


def sheets(pdf: bytes) -> int:
    """Count the sheets of a PDF."""
    return len(PdfReader(BytesIO(pdf)).pages)


def places(pdf: bytes) -> dict[str, int]:
    """Map each name in a PDF to its sheet, counted from 0."""
    reader = PdfReader(BytesIO(pdf))
    return {
        unquote(name[1:]): reader.get_destination_page_number(place)
        for name, place in reader.named_destinations.items()
    }


def bound(pdf: bytes, page: str, base: str, author: str) -> bytes:
    """Name an author, show the outline, folded, and let links lead to PDFs beside it.

    Parameters
    ----------
    pdf : bytes
        As Chromium printed it.
    page, base : str
        The page of the site that it is, and the address of the site.
    author : str
        Whom it names.
    """
    writer = PdfWriter(clone_from=BytesIO(pdf))
    for sheet in writer.pages:
        for reference in sheet.get("/Annots", []):
            action = reference.get_object().get("/A", {})
            if action.get("/URI", "").startswith(base):
                _lead_to_sibling(action, page, action["/URI"].removeprefix(base))
    _fold(writer.root_object["/Outlines"].get("/First"))
    writer.page_mode = "/UseOutlines"
    writer.add_metadata({"/Author": author, "/Creator": "the book"})
    with BytesIO() as stream:
        writer.write(stream)
        return stream.getvalue()


def _fold(item: DictionaryObject | None) -> None:
    """Fold what is below an entry of the outline and the entries after it."""
    while item is not None:
        item = item.get_object()
        if "/Count" in item:
            item[NameObject("/Count")] = NumberObject(-abs(item["/Count"]))
        _fold(item.get("/First"))
        item = item.get("/Next")


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
