"""Chromium, as a press: pages of the built book go in, PDFs come out."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Error, Page, sync_playwright

from tools.book import BookError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 600_000
"""The whole book is one page of 15 MB, which takes its time on a busy machine."""

PAPERS = ("A4", "Letter")
ARTICLE = Path(__file__).with_name("article.js")

READY = """async () => {
  if (window.MathJax) await MathJax.startup.promise;
  await document.fonts.ready;
  return {
    formulas: [...document.querySelectorAll("article .math")]
      .filter(node => !node.querySelector("mjx-container")).length,
    pictures: [...document.querySelectorAll("article img")]
      .filter(image => !image.naturalWidth).length,
  };
}"""
"""Wait until the page is whole, then count what is missing all the same."""


@dataclass(frozen=True)
class Heading:
    """A heading of an article, and the name of its place."""

    level: int
    name: str
    text: str


@dataclass(frozen=True)
class Leaf:
    """A page of the book, printed.

    Attributes
    ----------
    page : str
        Its name, as in `_toc.yml`.
    html : str
        Its article, typeset, with names that no other page has.
    styles : str
        The styles that the article needs.
    headings : list of Heading
        The first is its title.
    pdf : bytes
        As Chromium made it; links to other pages still lead to files of the site.
    """

    page: str
    html: str
    styles: str
    headings: list[Heading]
    pdf: bytes

    @property
    def title(self) -> str:
        """The page's title."""
        return self.headings[0].text


def find_chromium() -> str:
    """Find the browser, or say how to get one."""
    asked = os.environ.get("CHROMIUM")
    found = [shutil.which(name) for name in ([asked] if asked else NAMES)]
    program = next(filter(None, found), None)
    if program is None:
        came = f"CHROMIUM={asked!r} is none" if asked else f"no {' or '.join(NAMES)}"
        raise BookError(
            f"Printing needs Chromium; {came}. Install it (Debian: `apt-get install "
            "chromium`) or say where it is: CHROMIUM=/path/to/chromium make downloads."
        )
    return program


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium, and stop it in the end; say what it lacks if it cannot start."""
    program = find_chromium()
    with ExitStack() as stack:
        try:
            playwright = stack.enter_context(sync_playwright())
            browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        except Exception as error:  # the driver's are of no class of its own
            raise BookError(
                f"{program} and Playwright's driver of it must start; they did not: "
                f"{str(error).splitlines()[0]} Try `{program} --version`; the driver "
                "needs libatomic (Debian: `apt-get install libatomic1`)."
            ) from None
        stack.callback(browser.close)
        yield browser


@contextmanager
def press(paper: str) -> Iterator[Press]:
    """Start Chromium to print on sheets of one size, and stop it in the end."""
    with chromium() as browser:
        try:
            yield Press(browser, paper)
        except Error as error:
            raise BookError(
                f"Chromium stopped: {error.message.splitlines()[0]}. Try again; if it "
                "does so each time, look whether memory or disk is full."
            ) from None


@dataclass(frozen=True)
class Press:
    """A running browser that prints on sheets of one size."""

    browser: Browser
    paper: str

    @contextmanager
    def _window(self, address: str) -> Iterator[Page]:
        """Open a page by day, and refuse it if it is not whole."""
        context = self.browser.new_context(color_scheme="light", offline=True)
        window = context.new_page()
        window.set_default_timeout(PATIENCE_MS)
        window.goto(address, wait_until="load")
        missing = window.evaluate(READY)
        if any(missing.values()):
            raise BookError(
                f"{address} must be whole to be printed; formulas not typeset: "
                f"{missing['formulas']}, pictures not loaded: {missing['pictures']}. "
                "Run `make html` and look at the page."
            )
        yield window
        context.close()

    def _print(self, window: Page) -> bytes:
        """Print an open page, with the margins of its own style."""
        window.add_style_tag(content=f"@page {{ size: {self.paper}; }}")
        return window.pdf(tagged=True, prefer_css_page_size=True, print_background=True)

    def leaf(self, html: Path, page: str, pages: list[str]) -> Leaf:
        """Print one page of the book; links to ``pages`` are kept, others inside go."""
        base = f"{html.as_uri()}/"
        with self._window(f"{base}{page}.html") as window:
            told = {"pages": pages, "base": base, "own": page}
            read = window.evaluate(ARTICLE.read_text(encoding="utf-8"), told)
            headings = [Heading(**entry) for entry in read["headings"]]
            window.add_style_tag(content=running_head("", headings[0].text))
            pdf = self._print(window)
        return Leaf(page, read["html"], read["styles"], headings, pdf)

    def volume(self, path: Path) -> bytes:
        """Print a file that holds the whole book."""
        with self._window(path.as_uri()) as window:
            return self._print(window)


def running_head(name: str, title: str) -> str:
    """Write the style of the sheets called ``name``: their title stands at the top."""
    text = title.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return (
        f'@page {name} {{ @top-center {{ content: "{text}"; color: #444; '
        "font: 8pt sans-serif; } }\n"
    )
