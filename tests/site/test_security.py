"""The policy of the pages: what it stops, and that readers miss nothing.

That no page breaks its own policy is told by the tests that open all pages, with and
without a server: a browser complains of every breach in its console.
"""

import functools
import re

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Route

from tools.book import Book

PAGES = [f"{page}.html" for page in Book().pages()]
CHAPTER = "chapters/02_hyperplane_arrangements.html"

PLANTED = "window.planted = true"

PLANT = """code => {
  const script = document.createElement("script");
  script.textContent = code;
  document.body.append(script);
  const frame = document.createElement("div");
  frame.innerHTML = `<img alt="" src="data:," onerror="${code}">`;
  document.body.append(frame);
}"""


SEND = """() => fetch("https://example.org/?q=1").then(
  () => "sent", () => "stopped")"""


@pytest.fixture(params=["served", "opened"])
def site(request):
    """The book over http, then as files."""
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("page", [*PAGES, "search.html", "index.html"])
def test_every_page_has_a_policy_without_loopholes(html, page):
    document = BeautifulSoup((html / page).read_text(encoding="utf-8"), "html.parser")
    (meta,) = document.select('meta[http-equiv="Content-Security-Policy"]')
    scripts = re.search(r"script-src ([^;]*)", meta["content"])[1].split()
    assert all(re.fullmatch(r"'self'|'sha256-.{44}'", source) for source in scripts)
    assert "default-src 'none'" in meta["content"]
    first = document.head.find(["script", "link", "style"])
    assert first is None or meta.sourceline < first.sourceline
    handlers = [k for tag in document.find_all() for k in tag.attrs if k[:2] == "on"]
    assert handlers == []


def test_a_script_that_the_page_itself_writes_is_not_run(site):
    with site.visit(CHAPTER) as (window, seen):
        assert seen.complaints == []
        window.evaluate(PLANT, PLANTED)
        window.wait_for_timeout(300)
        assert window.evaluate("window.planted") is None
        breaches = [
            text for text in seen.complaints if "Content Security Policy" in text
        ]
        assert len(breaches) == 2


def test_a_script_slipped_into_the_file_of_a_page_is_not_run(served, html):
    whole = (html / CHAPTER).read_text(encoding="utf-8")
    spoiled = whole.replace("</h1>", f"</h1><script>{PLANTED}</script>", 1)
    with served.visit("search.html") as (window, seen):
        for text, run in ((spoiled, None), (unguarded(spoiled), True)):
            give = functools.partial(answer, text)
            window.route(f"**/{CHAPTER}", give)
            window.goto(served.base + CHAPTER)
            assert window.evaluate("window.planted") is run
        assert breaches(seen)


def breaches(seen) -> list[str]:
    """List what the browser said about the policy."""
    return [text for text in seen.complaints if "Content Security Policy" in text]


def answer(text: str, route: Route) -> None:
    """Give a page of our own for the one asked for."""
    route.fulfill(body=text, content_type="text/html")


def unguarded(text: str) -> str:
    """Take the policy out of a page."""
    return re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)


def test_nothing_is_sent_to_a_stranger(site):
    with site.visit(CHAPTER) as (window, seen):
        assert window.evaluate(SEND) == "stopped"
        assert seen.requests
        assert seen.foreign == []  # it did not even come to the network
        assert any("connect-src" in text for text in seen.complaints)


def test_code_is_copied_at_a_click(served):
    with served.visit(CHAPTER) as (window, seen):
        window.context.grant_permissions(["clipboard-read", "clipboard-write"])
        cell = window.locator("div.highlight", has_text="import").first
        cell.hover()
        cell.locator("button.copybtn").click()
        copied = window.evaluate("navigator.clipboard.readText()")
        assert copied.splitlines()[0] == cell.inner_text().splitlines()[0]
        assert "import" in copied
        assert seen.complaints == []


def test_the_buttons_that_print_and_fill_the_screen_do_so(site):
    with site.visit(CHAPTER) as (window, seen):
        window.evaluate("window.print = () => { window.printed = true; }")
        window.locator(".dropdown-download-buttons > button").click()
        window.locator(".btn-download-pdf-button").click()
        assert window.evaluate("window.printed") is True
        window.locator(".btn-fullscreen-button").click()
        window.wait_for_function("document.fullscreenElement !== null")
        assert seen.complaints == []


def test_the_menu_of_a_formula_opens(site):
    with site.visit(CHAPTER) as (window, seen):
        window.locator("mjx-container").first.click(button="right")
        assert window.locator(".CtxtMenu_Menu").first.is_visible()
        assert seen.complaints == []
