"""The page that offers the downloads; it links only to what is there."""

from __future__ import annotations

import re
from pathlib import Path

from tools.book import Book, BookError, filled
from tools.template import written

PAGE = "back/downloads"
FOLDER = "downloads"
"""Where the PDFs and the zip lie, in `_build` and beside the pages."""

BOOK = "book.pdf"
SITE = "site.zip"

BEGIN, END = "<!-- downloads: begin -->", "<!-- downloads: end -->"
OFFER = re.compile(f"{BEGIN}.*{END}", re.DOTALL)


def page(book: Book, text: str) -> str:
    """Fill the text of the page, before any PDF is made."""
    return filled(text, {"downloads": offer(book, made=False)})


def offer(book: Book, *, made: bool) -> str:
    """Write the list of what there is, with the PDFs and the zip if they are made."""
    kinds = {"notebook": "_sources/chapters/{}.ipynb"}
    kinds |= {"text": "_sources/chapters/{}.md"}
    kinds |= {"PDF": f"{FOLDER}/chapters/{{}}.pdf"} if made else {}
    titles = {stem: title_of(path) for stem, path in book.chapters().items()}
    told = {"made": made, "kinds": kinds, "titles": titles}
    text = written(Path(__file__).with_suffix(".html"), **told)
    return f"{BEGIN}\n{text}{END}"


def title_of(path: Path) -> str:
    """Read the title of a chapter in its text."""
    found = re.search(r"^# (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise BookError(f"{path} must begin with a title, a line `# ...`. Add one.")
    return found[1].strip()


def offered(book: Book, *, made: bool) -> bytes:
    """Give the built page, its list being that of `offer`."""
    text = (book.html / f"{PAGE}.html").read_text(encoding="utf-8")
    return OFFER.sub(lambda _: offer(book, made=made), text).encode()
