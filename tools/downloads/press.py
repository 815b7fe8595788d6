"""Chromium, as a press: pages of the built book go in, PDFs come out."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tools.book import BookError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update"),
    "--disable-sync",
)
PATIENCE_MS = 600_000
"""The whole book is one page of 15 MB, which takes its time on a busy machine."""

PAPERS = ("A4", "Letter")

READY = Path(__file__).with_name("ready.js").read_text(encoding="utf-8")


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
def opened(browser: Browser, address: str) -> Iterator[Page]:
    """Open a page by day, and refuse it if it is not whole."""
    context = browser.new_context(color_scheme="light", offline=True)
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


def to_pdf(window: Page, paper: str, heads: str) -> bytes:
    """Print an open page on sheets with running heads; its outline is its headings'."""
    window.add_style_tag(content=f"@page {{ size: {paper}; }}\n{heads}")
    how = {"tagged": True, "outline": True, "print_background": True}
    return window.pdf(prefer_css_page_size=True, **how)


def running_head(name: str, title: str) -> str:
    """Write the style of the sheets called ``name``: their title stands at the top."""
    text = title.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return (
        f'@page {name} {{ @top-center {{ content: "{text}"; color: #444; '
        "font: 8pt sans-serif; } }\n"
    )
