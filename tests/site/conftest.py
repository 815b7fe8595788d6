"""A browser on the built book, offline but for the book itself."""

import functools
import http.server
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import pytest
from playwright.sync_api import Browser, Page, Route

from tools.book import Book, BookError
from tools.downloads.press import chromium

DOOR = "index.html"

RENDERED = "() => window.MathJax ? MathJax.startup.promise.then(() => true) : true"
"""Wait until the formulas of the page are typeset."""

OPEN_ALL = """() => {
  document.querySelectorAll("details").forEach(node => { node.open = true; });
  document.querySelectorAll(".toggle-hidden").forEach(
    node => node.classList.remove("toggle-hidden"));
}"""


def unavailable(reason: str) -> NoReturn:
    """Skip here, but fail where the browser must be: in continuous integration."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason} (a failure, because CI is set)")
    pytest.skip(reason)


@dataclass
class Seen:
    """What the browser met while a page was open."""

    requests: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@dataclass
class Site:
    """The book at an address, and a browser to look at it."""

    base: str
    browser: Browser

    @contextmanager
    def visit(
        self, address: str, *, width: int = 1280, scheme: str = "light"
    ) -> Iterator[tuple[Page, Seen]]:
        """Open a page of the book in a fresh window and wait until it is whole."""
        size = {"width": width, "height": 900}
        context = self.browser.new_context(viewport=size, color_scheme=scheme)
        seen = Seen()
        page = self._watched(context.new_page(), seen)
        page.goto(self.base + address, wait_until="load")
        if address != DOOR:  # which leads elsewhere at once
            assert page.evaluate(RENDERED)
        yield page, seen
        context.close()

    def _watched(self, page: Page, seen: Seen) -> Page:
        """Note what a page does, and let it reach nothing but the book."""
        page.route("**/*", functools.partial(self._let_through, seen))
        page.on("requestfailed", lambda request: seen.failed.append(request.url))
        page.on("response", lambda answer: self._note(seen, answer))
        page.on("console", lambda message: _listen(seen, message))
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        return page

    def _let_through(self, seen: Seen, route: Route) -> None:
        """Let requests for the book pass; note and stop all others."""
        url = route.request.url
        seen.requests.append(url)
        if url.startswith((self.base, "data:", "blob:")):
            route.continue_()
        else:
            seen.foreign.append(url)
            route.abort()

    def _note(self, seen: Seen, answer) -> None:
        if answer.status >= 400:
            seen.failed.append(f"{answer.status} {answer.url}")


def _listen(seen: Seen, message) -> None:
    """Keep what the console shows as a warning or an error."""
    if message.type in ("error", "warning"):
        seen.complaints.append(message.text)


@pytest.fixture(scope="session")
def html() -> Path:
    """The folder of the built book."""
    folder = Book().html
    if not (folder / "index.html").is_file():
        unavailable("There is no book in _build/html: run `make book`")
    return folder


@pytest.fixture(scope="session")
def browser(html: Path) -> Iterator[Browser]:
    """A headless Chromium."""
    with ExitStack() as stack:
        try:
            launched = stack.enter_context(chromium())
        except BookError as error:
            unavailable(str(error))
        yield launched


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serve files without a word."""

    def log_message(self, *_) -> None:
        pass


@pytest.fixture(scope="session")
def served(html: Path, browser: Browser) -> Iterator[Site]:
    """The book over http."""
    handler = functools.partial(Quiet, directory=str(html))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Site(f"http://127.0.0.1:{server.server_port}/", browser)
    server.shutdown()


@pytest.fixture(scope="session")
def opened(html: Path, browser: Browser) -> Site:
    """The book as files, without a server."""
    return Site(f"{html.as_uri()}/", browser)


@pytest.fixture(scope="session")
def open_all() -> str:
    """Script that opens every proof, solution and hidden cell of a page."""
    return OPEN_ALL
