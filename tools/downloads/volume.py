"""The whole book as one HTML file: a cover, the contents, and all pages in order."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser

from lib.store import replace
from tools.book import Book, BookError, read_yaml
from tools.downloads import binding, offer
from tools.downloads.press import opened, running_head, to_pdf
from tools.template import written

ARTICLE = Path(__file__).with_name("article.js").read_text(encoding="utf-8")
STYLE = Path(__file__).with_name("volume.css").read_text(encoding="utf-8")

NUMBER = """begins => document.querySelectorAll("[data-page]").forEach(
  span => { span.textContent = begins[span.dataset.page]; })"""
"""Write into the contents where pages begin."""

FRONT = 2
"""Sheets before the first page, if the contents take one."""

TRIES = 3


@dataclass(frozen=True)
class Leaf:
    """A page of the book, printed.

    Attributes
    ----------
    page, title : str
        Its name, as in `_toc.yml`, and its title.
    html, styles : str
        Its article, typeset, with names that no other page has, and what it needs.
    pdf : bytes
        As Chromium made it; links to other pages still lead to files of the site.
    """

    page: str
    title: str
    html: str
    styles: str
    pdf: bytes


def parts(book: Book) -> list[tuple[str, list[str]]]:
    """List the parts and their pages that go on paper: not the one of the downloads."""
    return [
        (caption, [page for page in pages if page != offer.PAGE])
        for caption, pages in book.parts()
    ]


def leaves(book: Book, browser: Browser, paper: str) -> Iterator[Leaf]:
    """Print the pages one by one; links to what is not on paper go."""
    base = f"{book.html.as_uri()}/"
    every = [page for _, pages in parts(book) for page in pages]
    for caption, pages in parts(book):
        for place, page in enumerate(pages):
            told = {"pages": every, "base": base, "own": page, "inPart": bool(caption)}
            told["part"] = caption if place == 0 else ""
            with opened(browser, f"{base}{page}.html") as window:
                read = window.evaluate(ARTICLE, told)
                pdf = to_pdf(window, paper, running_head("", read["title"]))
            yield Leaf(page, **read, pdf=pdf)


def anchor(page: str) -> str:
    """Give the name of a page's place in the volume."""
    return page.replace("/", "-")


def printed(book: Book, browser: Browser, paper: str, leaves: list[Leaf]) -> bytes:
    """Print the whole book, until its contents name the sheets where pages begin.

    The first try takes the lengths of the single pages, after one sheet of the cover
    and one of the contents; if it is wrong, the next takes what came out.
    """
    places = [anchor(leaf.page) for leaf in leaves]
    lengths = [binding.sheets(leaf.pdf) for leaf in leaves]
    starts = itertools.accumulate(lengths, initial=FRONT + 1)
    begin = dict(zip(places, starts, strict=False))
    path = book.build / "print" / "volume.html"
    try:
        replace(path, write(book, leaves).encode())
        with opened(browser, path.as_uri()) as window:
            for _ in range(TRIES):
                window.evaluate(NUMBER, begin)
                pdf = to_pdf(window, paper, heads(leaves))
                named = binding.places(pdf)
                true = {place: named[place] + 1 for place in places}
                if true == begin:
                    return pdf
                begin = true
    finally:
        shutil.rmtree(path.parent, ignore_errors=True)
    raise BookError(
        f"The contents of {offer.BOOK} must name the sheet of each page; after {TRIES} "
        "tries they do not yet. Print again with nothing else running."
    )


def heads(leaves: Iterable[Leaf]) -> str:
    """Write the style by which the sheets of each page bear its title."""
    names = {f"p-{anchor(leaf.page)}": leaf for leaf in leaves}
    return "".join(
        f"#{anchor(leaf.page)} {{ page: {name}; }}\n{running_head(name, leaf.title)}"
        for name, leaf in names.items()
    )


def write(book: Book, leaves: list[Leaf]) -> str:
    """Write the volume, whose contents do not yet say where pages begin."""
    config = read_yaml(book.root / "_config.yml")
    notes = config.get("sphinx", {}).get("config", {}).get("html_theme_options", {})
    told = {"book": config, "style": STYLE, "leaves": leaves, "anchor": anchor}
    return written(
        Path(__file__).with_suffix(".html"),
        notes=notes.get("extra_footer", ""),
        logo=(book.html / "_static" / "logo.svg").as_uri(),
        styles=max((leaf.styles for leaf in leaves), key=len),
        parts=parts(book),
        titles={leaf.page: leaf.title for leaf in leaves},
        **told,
    )
