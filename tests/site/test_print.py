"""A page as it leaves a reader's printer."""

from io import BytesIO

import pytest
from pypdf import PdfReader

from tools.book import Book

PAGES = [f"{page}.html" for page in Book().pages()]
CHAPTER = "chapters/03_strong_duality.html"
SHEETS = {"A4": 174, "Letter": 179.9}
"""Width of the text, in millimetres: the sheet less 18 mm on both sides."""

PIXELS = 96 / 25.4
"""CSS pixels a millimetre."""

WIDE = """limit => [...document.querySelectorAll("article *")]
  .filter(node => node.checkVisibility() && !node.closest("mjx-assistive-mml"))
  .filter(node => !(node.closest("svg") && node.tagName !== "svg"))
  .filter(node => node.getBoundingClientRect().right > limit + 1)
  .map(node => `${node.tagName} ${node.className} ${node.textContent.slice(0, 40)}`)"""

HIDDEN = [
    *(".bd-header", ".bd-sidebar-primary", ".bd-sidebar-secondary", ".bd-footer"),
    *(".bd-header-article", ".prev-next-footer", ".headerlink", ".copybtn"),
    *(".toggle-button", ".interactive-slider", "#run-here"),
]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("sheet", SHEETS)
def test_nothing_is_wider_than_a_sheet(served, page, sheet):
    # One table that is would make Chromium print the whole page, or book, smaller.
    width = int(SHEETS[sheet] * PIXELS)
    with served.visit(page, width=width) as (window, _):
        window.emulate_media(media="print")
        window.evaluate("Paper.prepare()")
        assert window.evaluate(WIDE, width) == []
        assert window.evaluate("document.documentElement.scrollWidth") <= width


def test_on_paper_only_the_text_is_seen_all_of_it(served):
    with served.visit(CHAPTER) as (window, _):
        window.emulate_media(media="print")
        window.evaluate("Paper.prepare()")
        for what in HIDDEN:
            shown = window.locator(f"{what} >> visible=true").count()
            assert shown == 0, what
        for what in ("details", ".solution section", "h1", "details.hide pre"):
            parts = window.locator(f"article {what}")
            assert parts.count() > 0
            assert parts.first.is_visible()
        assert window.locator("article details:not([open])").count() == 0


def test_a_page_prints_by_night_as_by_day_and_is_dark_again(served):
    printed = {}
    for scheme in ("light", "dark"):
        with served.visit(CHAPTER, scheme=scheme) as (window, _):
            folded = "article details:not([open]), article .toggle-hidden"
            before = window.locator(folded).count()
            sheets = PdfReader(BytesIO(window.pdf(print_background=True))).pages
            printed[scheme] = [sheet.get_contents().get_data() for sheet in sheets]
            assert window.get_attribute("html", "data-theme") == scheme
            assert window.locator(folded).count() == before > 3
    assert printed["light"] == printed["dark"]


@pytest.mark.parametrize("sheet", SHEETS)
def test_the_sheet_is_the_readers_and_bears_its_number(served, sheet):
    with served.visit(CHAPTER) as (window, _):
        pdf = PdfReader(BytesIO(window.pdf(format=sheet)))
    width = {"A4": 595, "Letter": 612}[sheet]
    assert abs(float(pdf.pages[0].mediabox.width) - width) < 1
    assert pdf.pages[1].extract_text().split()[0] == "2"  # read first, printed below
