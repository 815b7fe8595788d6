"""The page that offers the downloads; it links only to what is there."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

from tools.book import Book, BookError, filled

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
    words = Path(__file__).with_name("made.html" if made else "absent.html").read_text()
    kinds = {"notebook": "_sources/chapters/{}.ipynb"}
    kinds |= {"text": "_sources/chapters/{}.md"}
    kinds |= {"PDF": f"{FOLDER}/chapters/{{}}.pdf"} if made else {}
    rows = ["".join(f"<th>{kind}</th>" for kind in ["chapter", *kinds])]
    for stem, path in book.chapters().items():
        name = escape(title_of(path))
        cells = [f'<a href="../chapters/{stem}.html">{name}</a>'] + [
            f'<a href="../{file.format(stem)}" aria-label="{kind} of {name}">{kind}</a>'
            for kind, file in kinds.items()
        ]
        rows.append("".join(f"<td>{cell}</td>" for cell in cells))
    head, *body = (f"<tr>{row}</tr>\n" for row in rows)
    return (
        f"{BEGIN}\n{words}"
        '<div class="pst-scrollable-table-container"><table class="table">\n'
        f"<thead>{head}</thead>\n<tbody>\n{''.join(body)}</tbody>\n</table></div>\n{END}"
    )


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
