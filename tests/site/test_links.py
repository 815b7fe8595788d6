"""Every link of the built book, followed without a browser."""

import posixpath
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup

from tools import record
from tools.book import REPOSITORY, Book

PAGES = [f"{page}.html" for page in Book().pages()]
CHAPTERS = list(Book().chapters())


@cache
def read(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def addresses(page: BeautifulSoup) -> Iterator[str]:
    """List what a page links to or loads."""
    for name in ("href", "src"):
        yield from (tag[name] for tag in page.find_all(attrs={name: True}))


def inside(html: Path, page: str, address: str) -> tuple[Path, str] | None:
    """Find the file and the anchor that an address of the book means."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return None
    folder = posixpath.dirname(page)
    path = posixpath.normpath(posixpath.join(folder, unquote(parts.path)))
    return html / (path if parts.path else page), unquote(parts.fragment)


@pytest.mark.parametrize("page", [*PAGES, "search.html"])
def test_every_internal_link_and_anchor_resolves(html, page):
    links = [inside(html, page, a) for a in addresses(read(html / page))]
    links = [link for link in links if link]
    assert len(links) > 20
    missing = {str(file) for file, _ in links if not file.is_file()}
    assert missing == set()
    anchors = {(file, anchor) for file, anchor in links if anchor}
    lost = [(f.name, a) for f, a in anchors if not read(f).find(id=a)]
    assert lost == []


@pytest.mark.parametrize("page", PAGES)
def test_external_addresses_are_links_and_never_loaded(html, page):
    tags = read(html / page).find_all(["script", "link", "img", "iframe", "source"])
    loaded = [tag.get("src") or tag.get("href") or "" for tag in tags]
    assert [a for a in loaded if urlsplit(a).netloc] == []


@pytest.mark.parametrize("page", PAGES)
def test_an_id_stands_once_in_a_page(html, page):
    ids = [tag["id"] for tag in read(html / page).find_all(id=True)]
    assert sorted(ids) == sorted(set(ids))


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_a_language_one_heading_and_a_description(html, page):
    document = read(html / page)
    assert document.html["lang"] == "en"
    assert len(document.article.find_all("h1")) == 1
    assert document.find("meta", property="og:title")["content"]


@pytest.mark.parametrize("stem", CHAPTERS)
def test_a_chapters_notebook_and_text_are_offered_for_download(html, stem):
    page = read(html / "chapters" / f"{stem}.html")
    offered = {tag["href"] for tag in page.select(".dropdown-download-buttons a")}
    assert f"../_sources/chapters/{stem}.ipynb" in offered
    assert f"../_sources/chapters/{stem}.md" in offered
    sources = html / "_sources" / "chapters"
    notebook, _ = record.paths(Book().executed, stem)
    text = REPOSITORY / "chapters" / f"{stem}.md"
    assert (sources / f"{stem}.ipynb").read_bytes() == notebook.read_bytes()
    assert (sources / f"{stem}.md").read_bytes() == text.read_bytes()


def test_mathjax_comes_with_its_licence(html):
    licence = (html / "_static" / "mathjax" / "LICENSE").read_text()
    assert "Apache License" in licence


def test_no_button_leads_to_a_repository_that_is_not_there(html):
    for page in PAGES:
        document = read(html / page)
        assert not document.select(".dropdown-launch-buttons, .dropdown-source-buttons")


@pytest.mark.parametrize("stem", CHAPTERS)
def test_a_chapter_says_how_long_it_takes_and_leads_to_the_notation(html, stem):
    page = f"chapters/{stem}.html"
    line = read(html / page).select_one("p.chapter-length")
    assert re.match(r"Reading time \d+ min · run time \d+ (s|min) · ", line.text)
    file, _ = inside(html, page, line.a["href"])
    assert file.name == "notation.html"


@pytest.mark.parametrize("page", PAGES)
def test_no_formula_or_role_is_left_as_it_was_written(html, page):
    # A line of a formula that begins with "- " would be read as an item of a list.
    article = BeautifulSoup(str(read(html / page).article), "html.parser")
    for node in article.select("pre, code, script, style, .math"):
        node.decompose()
    assert (
        re.findall(r"\$|\\[a-z]{2,}|\{(?:glue|doc|ref|eq|cite)\}", article.text) == []
    )
