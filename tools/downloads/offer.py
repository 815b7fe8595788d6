"""The page that offers the downloads; it links only to what is there."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

from tools.book import Book, BookError

PAGE = "back/downloads"
FOLDER = "downloads"
"""Where the PDFs and the zip lie, in `_build` and beside the pages."""

BOOK = "book.pdf"
SITE = "site.zip"

HEAD = """\
# Downloads

Each chapter as it was run, a notebook with its outputs, and as it was written, a text
notebook ([MyST](https://mystmd.org)) that [runs again](reruns.md) in a copy of the
book. Nothing here needs a network.

```{raw} html
"""

BEGIN, END = "<!-- downloads: begin -->", "<!-- downloads: end -->"
OFFER = re.compile(f"{BEGIN}.*{END}", re.DOTALL)

WHOLE = f"""\
<p><strong>The whole book:</strong>
<a href="../{FOLDER}/{BOOK}">as a PDF</a>, whose references are links, and
<a href="../{FOLDER}/{SITE}">as a zip of these pages</a>: unpack it and open
<code>index.html</code>. A PDF of one page refers to those of the others: keep them
in their folders.</p>
"""

ABSENT = """\
<p>The book as a PDF, the PDF of each chapter and a zip of these pages are not beside
this copy. <code>make downloads</code>, in a copy of the repository, makes them in
<code>_build/downloads</code> and lists them here.</p>
"""


def page(book: Book) -> str:
    """Write the page as MyST text, before any PDF is made."""
    return f"{HEAD}{offer(book, made=False)}\n```\n"


def offer(book: Book, *, made: bool) -> str:
    """Write the list of what there is, with the PDFs and the zip if they are made."""
    kinds = ["notebook", "text", *(["PDF"] if made else [])]
    cells = "".join(f"<th>{kind}</th>" for kind in ["chapter", *kinds])
    rows = "".join(
        _row(stem, title_of(path), made) for stem, path in book.chapters().items()
    )
    return (
        f"{BEGIN}\n{WHOLE if made else ABSENT}"
        '<div class="pst-scrollable-table-container"><table class="table">\n'
        f"<thead><tr>{cells}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n"
        f"{END}"
    )


def _row(stem: str, title: str, made: bool) -> str:
    """Write a chapter's line of the table."""
    name = escape(title)
    files = {
        ".ipynb": f"_sources/chapters/{stem}.ipynb",
        ".md": f"_sources/chapters/{stem}.md",
    }
    if made:
        files[".pdf"] = f"{FOLDER}/chapters/{stem}.pdf"
    links = "".join(
        f'<td><a href="../{file}" aria-label="{kind} of {name}">{kind}</a></td>'
        for kind, file in files.items()
    )
    chapter = f'<td><a href="../chapters/{stem}.html">{name}</a></td>'
    return f"<tr>{chapter}{links}</tr>\n"


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
