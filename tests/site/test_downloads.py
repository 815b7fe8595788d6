"""The downloads of the built book: PDFs that read like the pages, a zip that opens."""

import dataclasses
import json
import posixpath
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from functools import cache
from pathlib import Path
from zipfile import ZipFile

import pytest
from bs4 import BeautifulSoup
from pypdf import PdfReader
from pypdf.generic import DecodedStreamObject, NameObject

from tools.book import REPOSITORY, Book
from tools.downloads import archive, binding, offer, volume

PAGES = [page for _, pages in volume.parts(Book()) for page in pages]
CHAPTERS = [page for page in PAGES if page.startswith("chapters/")]
NAVIGATION = ["Search the book", "Show source", "Hide source", "Back to top", "Ctrl+K"]
FILLED = re.compile(rb"\bf\*?\s")
"""The operator that fills a path: a glyph of a formula is one, or more."""

PATHS = re.compile(rb"^(?:[-\d. ]+ (?:m|l|c|v|y|re)|h|f\*?|n|S|s|B)\n", re.MULTILINE)
"""What draws and fills paths, as Chromium writes it: an operator a line."""

HEAD = re.compile(r"\A.*\n\d+\n")
"""A title and a number, which stand above and below, but are read first."""

WRITTEN_TEX = re.compile(r"\\[(\[]|\\(frac|mathbb|begin|lVert|sum|kappa|beta)\b")


@pytest.fixture(scope="module")
def made(html, browser) -> Path:
    """The folder of the downloads, made anew if the pages have changed."""
    # In a process of its own: `browser` has this one's event loop.
    command = [sys.executable, "-m", "tools.downloads"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Book().build / offer.FOLDER


@cache
def read(path: Path) -> PdfReader:
    return PdfReader(path)


@cache
def sheets(path: Path) -> list[str]:
    """The sheets of a PDF as they read, without what draws formulas and figures."""
    pdf = PdfReader(path)
    for sheet in pdf.pages:
        stream = DecodedStreamObject()
        stream.set_data(PATHS.sub(b"", sheet.get_contents().get_data()))
        sheet[NameObject("/Contents")] = stream  # ten times as fast to read
    return [sheet.extract_text() for sheet in pdf.pages]


@cache
def text(path: Path) -> str:
    """The text of a PDF without its running heads, spaces and signs for two letters."""
    return "".join(bare(HEAD.sub("", sheet)) for sheet in sheets(path))


def bare(words: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", words))


def says(written: str, words: str) -> bool:
    """Tell whether a PDF has some words, of which a new sheet may part two halves."""
    cuts = range(len(words) + 1)
    whole = words in written
    return whole or any(words[:k] in written and words[k:] in written for k in cuts)


@cache
def article(html: Path, page: str) -> BeautifulSoup:
    """What a page says, without formulas, which are drawn, and signs of the screen."""
    document = BeautifulSoup((html / f"{page}.html").read_text("utf-8"), "html.parser")
    for sign in document.select(".headerlink, dialog, script"):
        sign.decompose()
    return document.article


@cache
def places(path: Path) -> dict[str, int]:
    """The sheets of the names in a PDF."""
    return binding.places(path.read_bytes())


def titles(outline: list) -> list[str]:
    """The titles of an outline, those inside after the one that they are in."""
    return [
        title
        for entry in outline
        for title in (titles(entry) if isinstance(entry, list) else [entry.title])
    ]


def first_words(tag) -> str:
    """Some letters that a place shows on paper: of an equation its number."""
    number = tag.select_one(":scope > .eqno")
    if number:
        return bare(number.get_text())
    strings = tag.find_all(string=True)
    shown = [s for s in strings if not s.find_parent(class_=["math", "label"])]
    return next(words[:12] for words in map(bare, shown) if len(words) > 2)


def runs(tag) -> list[str]:
    """The words between formulas, longest first."""
    strings = [s for s in tag.find_all(string=True) if not s.find_parent(class_="math")]
    return sorted((bare(s) for s in strings), key=len, reverse=True)


def links(path: Path) -> list[dict]:
    """The links of a PDF, each with its sheet."""
    sheets = enumerate(read(path).pages)
    notes = [(k, ref.get_object()) for k, s in sheets for ref in s.get("/Annots", [])]
    return [{"sheet": k, **note} for k, note in notes if note["/Subtype"] == "/Link"]


def drawn(path: Path) -> int:
    """How many paths a PDF fills."""
    sheets = read(path).pages
    return sum(len(FILLED.findall(sheet.get_contents().get_data())) for sheet in sheets)


@pytest.mark.parametrize("page", PAGES)
def test_a_pages_pdf_has_every_heading_paragraph_and_caption(made, html, page):
    written = text(made / f"{page}.pdf")
    tags = article(html, page).find_all(["h1", "h2", "h3", "p", "figcaption", "pre"])
    tags = [tag for tag in tags if not tag.find_parent(class_="interactive")]
    wanted = [
        runs(tag)[0] for tag in tags if runs(tag) and not tag.find_parent("summary")
    ]
    missing = [words for words in wanted if not says(written, words)]
    assert missing == []


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_chapters_pdf_has_its_proofs_and_solutions_unfolded(made, html, page):
    written = text(made / f"{page}.pdf")
    folded = article(html, page).select("details .sd-card-body p, .solution section p")
    assert len(folded) > 3
    missing = [p for p in folded if runs(p) and not says(written, runs(p)[0])]
    assert missing == []


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_chapters_pdf_has_formulas_drawn_and_none_as_tex(made, html, page):
    document = article(html, page)
    formulas = len(document.select(".math"))
    assert drawn(made / f"{page}.pdf") > formulas > 20
    code = bare(" ".join(tag.get_text() for tag in document.select("pre, code")))
    found = WRITTEN_TEX.findall(text(made / f"{page}.pdf"))
    assert not [tex for tex in found if tex not in code]


@pytest.mark.parametrize("page", PAGES)
def test_a_pdf_is_without_navigation(made, page):
    written = text(made / f"{page}.pdf")
    assert [words for words in NAVIGATION if bare(words) in written] == []
    captions = [part["caption"] for part in Book().toc()["parts"]]
    if page != PAGES[0]:  # which lists the parts itself
        assert [words for words in captions if bare(words) in written] == []


def test_figures_that_move_are_printed_with_what_they_say(made, html, served):
    homes = [page for page in CHAPTERS if article(html, page).select(".interactive")]
    assert homes
    for page in homes:
        with served.visit(f"{page}.html") as (window, _):
            said = window.locator(".interactive-readout").first.inner_text()
        for pdf in (f"{page}.pdf", offer.BOOK):
            assert bare(said) in text(made / pdf), pdf


@pytest.mark.parametrize("page", PAGES)
def test_links_of_a_pages_pdf_lead_to_its_places_and_to_pdfs_beside_it(made, page):
    path = made / f"{page}.pdf"
    for link in links(path):
        action = link.get("/A")
        if action is None:
            assert link["/Dest"][1:] in places(path)
        elif action["/S"] == "/GoToR":
            beside = posixpath.normpath(
                posixpath.join(posixpath.dirname(page), action["/F"])
            )
            assert beside.removesuffix(".pdf") in PAGES
            name = action["/D"]
            assert name == [0, "/Fit"] or name[1:] in places(made / beside)
        else:
            assert re.match(r"https?://(?!localhost|127)", action["/URI"])


def test_the_books_links_between_pages_are_internal(made, html):
    book = made / offer.BOOK
    inner = [link["/Dest"][1:] for link in links(book) if "/Dest" in link]
    assert [name for name in inner if name not in places(book)] == []
    counted = Counter(inner)
    for page in CHAPTERS:
        own = page.replace("/", "-")
        for tag in article(html, page).select("a.reference.internal[href*='.html']"):
            address, _, place = tag["href"].partition("#")
            target = posixpath.normpath(posixpath.join("chapters", address))
            name = target.removesuffix(".html").replace("/", "-")
            assert counted[f"{name}--{place}" if place else name] > 0, (own, tag)
    outer = [link["/A"]["/URI"] for link in links(book) if "/A" in link]
    assert all(re.match(r"https?://", address) for address in outer)


def test_a_link_to_a_place_in_another_chapter_arrives_at_its_words(made, html):
    book = made / offer.BOOK
    written = sheets(book)
    arrived = 0
    for page in CHAPTERS:
        for tag in article(html, page).select("a[href*='.html#']"):
            address, _, place = tag["href"].partition("#")
            path = posixpath.normpath(posixpath.join("chapters", address))
            target = path.removesuffix(".html")
            there = article(html, target).find(id=place)
            words = first_words(there)
            sheet = places(book)[f"{volume.anchor(target)}--{place}"]
            assert words in bare(written[sheet]), (page, tag)
            arrived += 1
    assert arrived > 20


def test_the_contents_name_the_sheet_on_which_each_page_begins(made, html):
    book = made / offer.BOOK
    written = [bare(s) for s in sheets(book)]
    begins = {page: places(book)[volume.anchor(page)] for page in PAGES}
    first = begins[PAGES[0]]
    contents = "".join(written[1:first])
    for page in PAGES:
        title = bare(article(html, page).h1.get_text())
        number = begins[page] + 1
        assert f"{title}{number}" in contents
        head, rest = f"{title}{number}", written[number - 1]
        assert rest.startswith(head)
        assert title in rest.removeprefix(head)


def test_the_outline_has_parts_chapters_and_sections(made, html):
    outline = read(made / offer.BOOK).outline
    tops = [entry for entry in outline if not isinstance(entry, list)]
    captions = [part["caption"] for part in Book().toc()["parts"]]
    assert [entry.title for entry in tops][2:] == captions
    (first,) = [outline[k + 1] for k, e in enumerate(outline) if e == tops[2]]
    chapters = [entry.title for entry in first if not isinstance(entry, list)]
    assert chapters == [
        article(html, p).h1.get_text() for p in CHAPTERS[: len(chapters)]
    ]
    assert any(isinstance(entry, list) for entry in first)


@pytest.mark.parametrize("page", PAGES)
def test_the_outline_of_a_page_has_its_headings(made, html, page):
    headings = article(html, page).find_all(["h1", "h2", "h3"])
    said = [
        "".join(s for s in h.strings if not s.find_parent(class_="math"))
        for h in headings
    ]
    inside = titles(read(made / f"{page}.pdf").outline)
    whole = titles(read(made / offer.BOOK).outline)
    assert list(map(bare, inside)) == list(map(bare, said))
    assert set(map(bare, said)) <= set(map(bare, whole))


@pytest.mark.parametrize("page", PAGES)
def test_each_sheet_bears_the_title_and_its_number(made, html, page):
    title = bare(article(html, page).h1.get_text())
    for number, sheet in enumerate(sheets(made / f"{page}.pdf"), start=1):
        assert bare(sheet).startswith(f"{title}{number}")


def test_a_pdf_says_what_it_is_and_shows_its_outline(made, html):
    for page in PAGES:
        pdf = read(made / f"{page}.pdf")
        assert bare(pdf.metadata.title) == bare(article(html, page).h1.get_text())
        assert pdf.metadata.author
        assert pdf.trailer["/Root"]["/PageMode"] == "/UseOutlines"
        assert pdf.trailer["/Root"]["/MarkInfo"]["/Marked"]  # for screen readers
        assert pdf.trailer["/Root"]["/Lang"] == "en"


@pytest.fixture(scope="module")
def unpacked(made, tmp_path_factory) -> Path:
    """The one folder that the zip unpacks to."""
    place = tmp_path_factory.mktemp("zip with spaces")
    with ZipFile(made / offer.SITE) as file:
        names = file.namelist()
        assert file.testzip() is None
        file.extractall(place)
    assert {name.split("/")[0] for name in names} == {archive.FOLDER}
    assert not [n for n in names if n.startswith("/") or ".." in n or "\\" in n]
    return place / archive.FOLDER


def test_the_zip_holds_every_file_of_the_site_but_the_downloads(unpacked, html):
    def files(root):
        return {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()}

    own = {name for name in files(html) if not name.startswith(f"{offer.FOLDER}/")}
    assert files(unpacked) == own


@pytest.mark.parametrize("page", ["index", "intro", CHAPTERS[1], offer.PAGE])
def test_pages_of_the_zip_open_from_disk_without_a_network(opened, unpacked, page):
    site = dataclasses.replace(opened, base=f"{unpacked.as_uri()}/")
    with site.visit(f"{page}.html") as (window, seen):
        window.wait_for_load_state("networkidle")
        assert seen.requests
        assert seen.foreign == seen.failed == seen.complaints == []
        links = "all => all.map(link => link.href)"
        offered = window.eval_on_selector_all("article a[href*='downloads/']", links)
        assert offered == []


def test_what_the_page_of_downloads_offers_is_there(made, html):
    page = html / f"{offer.PAGE}.html"
    hrefs = [a["href"] for a in article(html, offer.PAGE).select("table a")]
    hrefs += [a["href"] for a in article(html, offer.PAGE).select("p a[href^='..']")]
    offered = {(page.parent / href).resolve() for href in hrefs}
    assert [path for path in offered if not path.is_file()] == []
    assert {html / offer.FOLDER / f"{chapter}.pdf" for chapter in CHAPTERS} < offered
    assert {html / offer.FOLDER / name for name in (offer.BOOK, offer.SITE)} < offered
    for chapter in CHAPTERS:
        for kind in ("ipynb", "md"):
            assert html / "_sources" / f"{chapter}.{kind}" in offered


@pytest.mark.parametrize("page", CHAPTERS)
def test_the_notebook_that_is_offered_holds_outputs(html, page):
    notebook = json.loads((html / "_sources" / f"{page}.ipynb").read_text("utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert any(cell["outputs"] for cell in code)
