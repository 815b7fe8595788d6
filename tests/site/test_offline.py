"""The book opened as files, without a server or a network."""

import pytest

from tools.book import Book

PAGES = [f"{page}.html" for page in Book().pages()]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_opens_whole_without_a_server(opened, page):
    with opened.visit(page) as (window, seen):
        assert seen.foreign == []
        assert seen.failed == []
        assert seen.complaints == []
        broken = window.eval_on_selector_all(
            "article img", "all => all.filter(i => !i.naturalWidth).map(i => i.src)"
        )
        assert broken == []
        assert window.locator("mjx-merror").count() == 0
        if page.startswith("chapters/"):
            assert window.locator("mjx-container svg").count() > 20


def test_a_search_finds_a_theorem_without_a_server(opened):
    with opened.visit("search.html?q=strong+duality") as (window, seen):
        window.wait_for_selector("#search-results li a")
        links = "all => all.map(link => link.href)"
        found = window.eval_on_selector_all("#search-results li a", links)
        assert any("chapters/03_strong_duality.html" in link for link in found)
        assert seen.foreign == []


def test_the_door_leads_to_the_first_page_without_a_server(opened):
    with opened.visit("index.html") as (window, seen):
        window.wait_for_url(f"**/{PAGES[0]}")
        window.wait_for_load_state("networkidle")
        assert seen.foreign == seen.failed == seen.complaints == []
