"""The command: print what has changed, pack the pages, offer both beside the pages."""

from __future__ import annotations

import argparse
import hashlib
import logging
import shutil
from pathlib import Path

from playwright.sync_api import Error
from tqdm import tqdm

from lib.store import replace
from tools.book import (
    Book,
    BookError,
    add_book_option,
    attempt,
    exchange,
    only_one,
    read_yaml,
)
from tools.downloads import archive, binding, offer, volume
from tools.downloads.press import PAPERS, chromium

KEY = "made-from"
"""The file, beside the downloads, with the hash of what they were made from."""


def key(packed: bytes, paper: str) -> str:
    """Hash all that the downloads are made from: pages, paper, and this program."""
    own = sorted(Path(__file__).parent.glob("*.*"))
    parts = [paper.encode(), packed, *(path.read_bytes() for path in own)]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def make(book: Book, target: Path, paper: str) -> None:
    """Print the book and each of its pages into a folder."""
    author = read_yaml(book.root / "_config.yml")["author"]
    base = f"{book.html.as_uri()}/"
    count = len(book.pages())  # one of which is not printed, but the volume is
    try:
        with chromium() as browser, tqdm(total=count, desc="printing") as bar:
            leaves = []
            for leaf in volume.leaves(book, browser, paper):
                bound = binding.bound(leaf.pdf, leaf.page, base, author)
                replace(target / f"{leaf.page}.pdf", bound)
                leaves.append(leaf)
                bar.update()
            whole = volume.printed(book, browser, paper, leaves)
            replace(target / offer.BOOK, binding.bound(whole, "", base, author))
            bar.update()
    except Error as error:
        raise BookError(
            f"Chromium stopped: {error.message.splitlines()[0]}. Try again; if it "
            "does so each time, look whether memory or disk is full."
        ) from None


def publish(book: Book, made: Path) -> None:
    """Copy the downloads beside the pages, then list them in the page that offers."""
    fresh = book.build / "publish"
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(made, fresh, ignore=shutil.ignore_patterns(KEY))
    exchange(fresh, book.html / offer.FOLDER)
    replace(book.html / f"{offer.PAGE}.html", offer.offered(book, made=True))


def refresh(book: Book, paper: str) -> int:
    """Make the downloads unless they are those of these pages; offer them; return 0."""
    for needed in ("index.html", f"{offer.PAGE}.html"):
        if not (book.html / needed).is_file():
            raise BookError(
                f"The downloads are made from the built pages; there is no "
                f"{book.html / needed}. Run `make book`."
            )
    instead = {f"{offer.PAGE}.html": offer.offered(book, made=False)}
    packed = archive.pack(book.html, without=offer.FOLDER, instead=instead)
    made, now = book.build / offer.FOLDER, key(packed, paper)
    kept = made / KEY
    if kept.is_file() and kept.read_text(encoding="utf-8") == now:
        print(f"The downloads are up to date in {made}")
    else:
        fresh = book.build / f"{offer.FOLDER}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        try:
            make(book, fresh, paper)
            replace(fresh / offer.SITE, packed)
            replace(fresh / KEY, now.encode())
            exchange(fresh, made)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        print(f"The downloads are in {made}")
    publish(book, made)
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Make the downloads; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.downloads",
        description="Print the built book as PDFs, pack its pages in a zip.",
    )
    add = parser.add_argument
    add("--paper", choices=PAPERS, default=PAPERS[0], help="the sheet (default A4)")
    add_book_option(parser)
    options = parser.parse_args(arguments)
    logging.getLogger("pypdf").setLevel(logging.ERROR)  # Chromium miscounts by one

    def work() -> int:
        with only_one(options.book):
            return refresh(options.book, options.paper)

    kept = "Stopped; the downloads of before are kept."
    return attempt(work, refused=1, stopped=kept)
