"""Every page for readers who do not see it as others do, or use no pointer."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from bs4 import BeautifulSoup, Tag
from playwright.sync_api import Page

from tools.book import Book

PAGES = [f"{page}.html" for page in Book().pages()]
CHAPTERS = [page for page in PAGES if page.startswith("chapters/")]
MOVING = [page for page in CHAPTERS if "/01_" in page or "/09_" in page]
PHONE = 390
"""Width of a common phone, in CSS pixels."""

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
"""The rules of WCAG 2.2 of levels A and AA that a program can check."""

FORMULAS = ["mjx-container"]
"""Passed over for contrast: they take the colour of the text around them, and are many.
All other rules are asked of them as well."""

STILL = "* { animation: none !important; transition: none !important; }"
"""Colours on their way from one to another would be measured half way."""

CONTRAST = "color-contrast"

AXE = """([runOnly, rules, exclude]) => {
  const options = {runOnly, rules, resultTypes: ["violations"]};
  return axe.run({include: ["html"], exclude}, options).then(
    found => found.violations.flatMap(rule => rule.nodes.map(
      node => [rule.id, node.target.join(" "), node.failureSummary].join(": "))));
}"""


DRAWN = """() => [...document.querySelectorAll("article svg")]
  .filter(svg => !svg.closest("mjx-container, [aria-hidden=true], button, summary, a"))
  .map(svg => [svg.getAttribute("role"), svg.getAttribute("aria-label") || ""])"""
"""Role and name of each drawing of a script that is no sign of a button."""


@pytest.mark.parametrize("address", [*PAGES, "search.html"])
def test_a_page_keeps_the_rules_by_day_and_its_contrast_by_night(
    served, address, open_all
):
    with served.visit(address) as (window, _):
        window.add_style_tag(content=STILL)
        window.evaluate(open_all)
        window.evaluate(AXE_SCRIPT)
        assert broken_rules(window) == []
        for role, name in window.evaluate(DRAWN):
            assert role in ("img", "application")
            assert len(name.split()) >= 5
        window.emulate_media(color_scheme="dark")
        window.locator('html[data-theme="dark"]').wait_for(state="attached")
        assert faint(window) == []


def broken_rules(window: Page) -> list[str]:
    """List what breaks a rule, a line each."""
    others = window.evaluate(AXE, [RULES, {CONTRAST: {"enabled": False}}, []])
    return others + faint(window)


def faint(window: Page) -> list[str]:
    """List what does not stand out from its ground."""
    return window.evaluate(AXE, [[CONTRAST], {}, FORMULAS])


ADD = "html => { document.querySelector('article h1').outerHTML += html; }"


def test_the_check_of_the_rules_finds_what_breaks_them(served):
    broken = '<img src="a.png"><p style="color: #aaa; background: #fff">Faint</p>'
    with served.visit("back/notation.html") as (window, _):
        window.evaluate(ADD, broken)
        window.evaluate(AXE_SCRIPT)
        found = {line.split(":")[0] for line in broken_rules(window)}
    assert {"image-alt", CONTRAST} <= found


# -- pictures


def pictures(html: Path) -> Iterator[tuple[str, Tag]]:
    """List the pictures of the articles, with their pages."""
    for page in PAGES:
        text = (html / page).read_text(encoding="utf-8")
        article = BeautifulSoup(text, "html.parser").article
        yield from ((page, image) for image in article.find_all("img"))


def test_each_picture_says_something_of_its_own(html):
    said = defaultdict(set)
    for page, image in pictures(html):
        text = image.get("alt", "")
        assert len(text.split()) >= 6, (page, text)
        assert Path(image["src"]).name not in text
        said[text].add((html / page).parent.joinpath(image["src"]).resolve())
    assert len(said) > 30
    assert {text: len(files) for text, files in said.items() if len(files) > 1} == {}


LETTERS = """async () => {
  const sizes = [];
  const desk = document.createElement("div");
  desk.style = "position: fixed; contain: strict; width: 1px; height: 1px";
  document.body.append(desk);
  for (const image of document.querySelectorAll("article img")) {
    const text = await (await fetch(image.src)).text();
    const svg = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    const style = getComputedStyle(image);
    const inner = image.clientWidth
      - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    svg.removeAttribute("height");
    svg.setAttribute("width", inner);
    desk.append(svg);
    for (const line of svg.querySelectorAll("g[transform*='scale(']")) {
      for (const letter of line.querySelectorAll(":scope > use")) {
        const {a, b} = letter.getScreenCTM();
        sizes.push([100 * Math.hypot(a, b), image.alt]);
      }
    }
    svg.remove();
  }
  for (const letter of document.querySelectorAll(".interactive text")) {
    const {a, b} = letter.getScreenCTM();
    const size = parseFloat(getComputedStyle(letter).fontSize);
    sizes.push([size * Math.hypot(a, b), letter.textContent]);
  }
  return sizes;
}"""
"""Sizes of all letters of the pictures as drawn, pixels, and whose they are. A letter
is an outline of 100 units to the size of its font, so the browser's own transformation
of it tells how large it is on the screen."""

ILLUSTRATED = ["intro.html", "back/benchmarks.html", *CHAPTERS]
EIGHT_POINTS = 8 * 96 / 72
ROUNDING = 0.01


@pytest.mark.parametrize(
    ("address", "scheme"),
    [
        *((page, "light") for page in ILLUSTRATED),
        *((page, "dark") for page in MOVING),  # by night pictures have a margin
    ],
)
def test_on_a_phone_no_text_of_a_picture_is_below_eight_points(
    served, address, scheme, open_all
):
    with served.visit(address, width=PHONE, scheme=scheme) as (window, _):
        window.evaluate(open_all)
        sizes = window.evaluate(LETTERS)
    assert len(sizes) > 20
    small = {whose: size for size, whose in sizes if size < EIGHT_POINTS - ROUNDING}
    assert small == {}


def test_a_picture_wider_than_a_phone_slides_under_its_caption(served):
    with served.visit("chapters/03_strong_duality.html", width=PHONE) as (window, _):
        figure = window.locator("article figure").first
        caption = figure.locator("figcaption")
        before = caption.bounding_box()
        assert before["x"] + before["width"] <= PHONE
        figure.focus()
        for _ in range(5):
            window.keyboard.press("ArrowRight")
        window.wait_for_timeout(500)
        assert figure.evaluate("node => node.scrollLeft") > 50
        assert caption.bounding_box()["x"] == before["x"]


# -- the keyboard

REACHED = """() => {
  const node = document.activeElement;
  if (!node || node === document.body) return null;
  const style = getComputedStyle(node);
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  const halo = style.boxShadow.split(/,(?![^(]*\\))/).some(
    shadow => /\\b[2-9]px( inset)?$/.test(shadow.trim()));
  node.dataset.reached = "";
  return {
    what: `${node.tagName} ${node.className.baseVal ?? node.className}`,
    shown: node.checkVisibility({opacityProperty: true, visibilityProperty: true}),
    marked: ring || halo,
  };
}"""

MISSED = """() => [...document.querySelectorAll(
    "a[href], button, input, select, summary, [tabindex='0']")]
  .filter(node => node.checkVisibility({visibilityProperty: true}))
  .filter(node => node.tabIndex >= 0 && !("reached" in node.dataset))
  .map(node => node.outerHTML.slice(0, 120))"""

MANY = 1000
"""Stops after which a page has no end for the keyboard."""


def stops(window: Page) -> Iterator[dict]:
    """Go through a page by the tabulator key; tell where it stops."""
    for _ in range(MANY):
        window.keyboard.press("Tab")
        reached = window.evaluate(REACHED)
        if reached is None:
            return
        yield reached
    pytest.fail(f"The focus does not leave the page after {MANY} stops")


@pytest.mark.parametrize("address", ["search.html", *MOVING])
def test_the_keyboard_reaches_every_control_and_shows_where_it_is(served, address):
    with served.visit(address) as (window, _):
        window.add_style_tag(content=STILL)
        found = list(stops(window))
        assert len(found) > 20
        assert [stop["what"] for stop in found if not stop["shown"]] == []
        assert [stop["what"] for stop in found if not stop["marked"]] == []
        assert window.evaluate(MISSED) == []


def test_the_first_stop_skips_to_the_text(served):
    with served.visit(CHAPTERS[0]) as (window, _):
        window.add_style_tag(content=STILL)
        window.keyboard.press("Tab")
        link = window.locator(":focus")
        assert link.inner_text() == "Skip to main content"
        assert link.bounding_box()["y"] >= 0
        window.keyboard.press("Enter")
        assert window.url.endswith("#main-content")
        window.keyboard.press("Tab")
        assert window.locator("main :focus").count() == 1


def test_menus_open_and_close_by_the_keyboard(served):
    with served.visit(CHAPTERS[0]) as (window, _):
        button = window.locator(".dropdown-download-buttons > button")
        entry = window.locator(".dropdown-download-buttons .dropdown-item").first
        button.focus()
        window.keyboard.press("Enter")
        assert button.get_attribute("aria-expanded") == "true"
        window.keyboard.press("ArrowDown")
        assert entry.evaluate("node => node === document.activeElement")
        window.keyboard.press("Escape")
        assert button.get_attribute("aria-expanded") == "false"
        assert not entry.is_visible()


def test_proofs_solutions_and_code_open_by_the_keyboard(served):
    with served.visit("chapters/03_strong_duality.html") as (window, _):
        window.locator("details.sd-dropdown > summary").first.press("Enter")
        assert window.locator("details.sd-dropdown").first.get_attribute("open") == ""
        window.locator("details.hide > summary").first.press("Enter")
        assert window.locator("details.hide pre").first.is_visible()
        solution = window.locator(".solution.dropdown").first
        button = solution.locator("button.toggle-button")
        assert button.get_attribute("aria-expanded") == "false"
        button.press("Enter")
        assert button.get_attribute("aria-expanded") == "true"
        assert solution.locator("section").is_visible()
