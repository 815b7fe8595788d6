"""The command: print what has changed, pack the pages, offer both beside the pages."""

from __future__ import annotations

import argparse
import hashlib
import itertools
import logging
import shutil
import signal
import sys
from io import BytesIO
from pathlib import Path

from pypdf import PdfReader
from tqdm import tqdm

from lib.store import replace
from tools.book import (
    REPOSITORY,
    Book,
    BookError,
    attempt,
    exchange,
    only_one,
    read_yaml,
)
from tools.downloads import archive, binding, offer, volume
from tools.downloads.press import PAPERS, Leaf, Press, press

KEY = "made-from"
"""The file, beside the downloads, with the hash of what they were made from."""

VOLUME = "volume.html"

FRONT = 2
"""Sheets before the first page, if the contents take one."""

TRIES = 3


def key(book: Book, paper: str) -> str:
    """Hash all that the downloads are made from: pages, paper, and this program."""
    digest = hashlib.sha256(paper.encode())
    own = sorted(Path(__file__).parent.glob("*.*"))
    pages = [path for path in sorted(book.html.rglob("*")) if path.is_file()]
    for path in [*own, *pages]:
        name = path.name
        if path.is_relative_to(book.html):
            name = path.relative_to(book.html).as_posix()
            if name.startswith((f"{offer.FOLDER}/", offer.PAGE)):
                continue
        read = path.read_bytes()
        digest.update(f"{name} {len(read)}\n".encode() + read)
    return digest.hexdigest()


def printed(book: Book) -> list[str]:
    """List the pages that go on paper: all but the one that offers the downloads."""
    return [page for page in book.pages() if page != offer.PAGE]


def make(book: Book, target: Path, paper: str) -> None:
    """Make all downloads in a folder."""
    config = read_yaml(book.root / "_config.yml")
    base = f"{book.html.as_uri()}/"
    pages = printed(book)
    with press(paper) as running, tqdm(total=len(pages) + 1, desc="printing") as bar:
        leaves = []
        for page in pages:
            leaf = running.leaf(book.html, page, pages)
            leaves.append(leaf)
            content = binding.bind_leaf(leaf, base, author=config["author"])
            replace(target / f"{page}.pdf", content)
            bar.update()
        pdf = print_volume(book, running, leaves)
        bar.update()
    told = {name: config[name] for name in ("title", "author")}
    bound = binding.bind(pdf, volume.outline(book, leaves), **told)
    replace(target / offer.BOOK, binding.to_bytes(bound))
    instead = {f"{offer.PAGE}.html": offer.offered(book, made=False)}
    packed = archive.pack(book.html, without=offer.FOLDER, instead=instead)
    replace(target / offer.SITE, packed)


def print_volume(book: Book, running: Press, leaves: list[Leaf]) -> bytes:
    """Print the whole book, until its contents name the sheets where pages begin.

    The first try takes the lengths of the single pages, after one sheet of the cover
    and one of the contents; if it is wrong, the next takes what came out.
    """
    lengths = [binding.sheets(leaf.pdf) for leaf in leaves]
    starts = itertools.accumulate(lengths, initial=FRONT + 1)
    begin = dict(zip((leaf.page for leaf in leaves), starts, strict=False))
    path = book.build / "print" / VOLUME
    try:
        for _ in range(TRIES):
            replace(path, volume.write(book, leaves, begin).encode())
            pdf = running.volume(path)
            named = binding.places(PdfReader(BytesIO(pdf)))
            true = {page: named[volume.anchor(page)][0] + 1 for page in begin}
            if true == begin:
                return pdf
            begin = true
    finally:
        shutil.rmtree(path.parent, ignore_errors=True)
    raise BookError(
        f"The contents of {offer.BOOK} must name the sheet of each page; after {TRIES} "
        "tries they do not yet. Print again with nothing else running."
    )


def publish(book: Book, made: Path) -> None:
    """Copy the downloads beside the pages, then list them in the page that offers."""
    fresh = book.build / "publish"
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(made, fresh, ignore=shutil.ignore_patterns(KEY))
    exchange(fresh, book.html / offer.FOLDER)
    replace(book.html / f"{offer.PAGE}.html", offer.offered(book, made=True))


def refresh(book: Book, paper: str) -> int:
    """Refresh the downloads, alone in the build folder; return 0."""
    with only_one(book):
        update(book, paper)
    return 0


def update(book: Book, paper: str) -> None:
    """Make the downloads unless they are those of these pages; offer them."""
    for needed in ("index.html", f"{offer.PAGE}.html"):
        if not (book.html / needed).is_file():
            raise BookError(
                f"The downloads are made from the built pages; there is no "
                f"{book.html / needed}. Run `make book`."
            )
    made, now = book.build / offer.FOLDER, key(book, paper)
    kept = made / KEY
    if kept.is_file() and kept.read_text(encoding="utf-8") == now:
        print(f"The downloads are up to date in {made}")
    else:
        fresh = book.build / f"{offer.FOLDER}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        try:
            make(book, fresh, paper)
            replace(fresh / KEY, now.encode())
            exchange(fresh, made)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        print(f"The downloads are in {made}")
    publish(book, made)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.downloads",
        description="Print the built book as PDFs, pack its pages in a zip.",
    )
    add = parser.add_argument
    add("--paper", choices=PAPERS, default=PAPERS[0], help="the sheet (default A4)")
    add("--root", type=Path, default=REPOSITORY, help="the folder of another book")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Make the downloads; return the exit status."""
    options = parse(arguments)
    book = Book(options.root.resolve())
    logging.getLogger("pypdf").setLevel(logging.ERROR)  # Chromium miscounts by one
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    kept = "Stopped; the downloads of before are kept."
    return attempt(lambda: refresh(book, options.paper), refused=1, stopped=kept)
