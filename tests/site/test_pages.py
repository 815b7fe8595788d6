"""Every page of the built book, as a reader's browser shows it."""

import pytest

from tools.book import Book

PAGES = [f"{page}.html" for page in Book().pages()]
CHAPTERS = [page for page in PAGES if page.startswith("chapters/")]
PHONE = 390
"""Width of a common phone, in CSS pixels."""

READABLE = 4.5
"""Least contrast of text and ground that WCAG AA asks for."""

FORMULAS = """() => ({
  typeset: document.querySelectorAll("mjx-container").length,
  waiting: [...document.querySelectorAll(".math")]
    .filter(node => !node.querySelector("mjx-container")).length,
  wrong: [...document.querySelectorAll("mjx-merror, [data-mjx-error]")]
    .map(node => node.textContent),
})"""

FAINT = """least => {
  const parse = text => {
    const [r, g, b, a = 1] = text.match(/[0-9.]+/g).map(Number);
    return [r, g, b, a];
  };
  const over = (top, below) => [0, 1, 2].map(
    k => top[3] * top[k] + (1 - top[3]) * below[k]).concat(1);
  const ground = node => {
    if (!node) return parse(getComputedStyle(document.body).backgroundColor);
    const own = parse(getComputedStyle(node).backgroundColor);
    return own[3] === 1 ? own : over(own, ground(node.parentElement));
  };
  const light = colour => colour.slice(0, 3)
    .map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, k) => sum + [0.2126, 0.7152, 0.0722][k] * v, 0);
  const walker = document.createTreeWalker(
    document.body, NodeFilter.SHOW_TEXT);
  const faint = new Map();
  let seen = 0;
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !node.checkVisibility()) continue;
    if (node.closest("mjx-assistive-mml, .headerlink, script, style")) continue;
    seen += 1;
    const back = ground(node);
    const front = over(parse(getComputedStyle(node).color), back);
    const [low, high] = [light(front), light(back)].sort((a, b) => a - b);
    const contrast = (high + 0.05) / (low + 0.05);
    const size = parseFloat(getComputedStyle(node).fontSize);
    if (contrast < (size >= 24 ? 3 : least)) {
      const text = walker.currentNode.textContent.trim().slice(0, 40);
      faint.set(text, contrast.toFixed(2));
    }
  }
  return {seen, faint: Object.fromEntries(faint)};
}"""


TORN = """() => {
  const torn = [];
  let seen = 0;
  for (const formula of document.querySelectorAll("article span.math")) {
    const next = formula.nextSibling;
    if (!(next instanceof Text) || !/^\\S/.test(next.data)) continue;
    const range = document.createRange();
    range.setStart(next, 0);
    range.setEnd(next, 1);
    const [box, mark] = [formula, range].map(it => it.getBoundingClientRect());
    seen += 1;
    if (mark.top >= box.bottom) torn.push(formula.parentElement.textContent);
  }
  return {seen, torn};
}"""


@pytest.fixture(scope="module", params=[*PAGES, "search.html"])
def address(request):
    """The address of each page in turn; tests of one page share its windows."""
    return request.param


@pytest.fixture(scope="module")
def light(served, address):
    """A page by day."""
    with served.visit(address) as window:
        yield window


@pytest.fixture(scope="module")
def dark(served, address):
    """A page by night."""
    with served.visit(address, scheme="dark") as window:
        yield window


@pytest.fixture(scope="module")
def phone(served, address, open_all):
    """A page on a phone, with everything on it open."""
    with served.visit(address, width=PHONE) as (window, _):
        window.evaluate(open_all)
        yield window


def test_a_page_asks_for_nothing_outside_and_complains_of_nothing(light):
    window, seen = light
    window.wait_for_load_state("networkidle")
    assert seen.requests
    assert seen.foreign == []
    assert seen.failed == []
    assert seen.complaints == []
    assert window.title()


def test_formulas_are_typeset_without_errors(light, address):
    formulas = light[0].evaluate(FORMULAS)
    assert formulas["wrong"] == []
    assert formulas["waiting"] == 0
    if address in CHAPTERS:
        assert formulas["typeset"] > 20


def test_pictures_load_and_say_what_they_show(light, address):
    pictures = light[0].eval_on_selector_all(
        "article img", "all => all.map(i => [i.alt, i.naturalWidth, i.complete])"
    )
    for alt, width, complete in pictures:
        assert complete
        assert width > 0
        assert len(alt) > 20
        assert "_images/" not in alt
    if address in CHAPTERS:
        assert pictures


def test_text_stands_out_from_its_ground_by_day(light, open_all):
    assert_readable(light[0], "light", open_all)


def test_text_stands_out_from_its_ground_by_night(dark, open_all):
    assert_readable(dark[0], "dark", open_all)


def assert_readable(window, scheme, open_all):
    assert window.get_attribute("html", "data-theme") == scheme
    window.evaluate(open_all)
    # Colours on their way from one to another would be measured half way.
    window.add_style_tag(content="* { transition: none !important; }")
    result = window.evaluate(FAINT, READABLE)
    assert result["seen"] > 1
    assert result["faint"] == {}


def test_by_night_figures_lie_on_white_cards(dark, address):
    cards = dark[0].eval_on_selector_all(
        "article figure img",
        "all => all.map(getComputedStyle).map(s => [s.backgroundColor, s.filter])",
    )
    assert {tuple(card) for card in cards} <= {("rgb(255, 255, 255)", "none")}
    if address in CHAPTERS:
        assert cards


def test_nothing_is_wider_than_a_phone(phone):
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE


def test_no_line_begins_with_the_mark_after_a_formula(phone, address):
    result = phone.evaluate(TORN)
    assert result["torn"] == []
    if address in CHAPTERS:
        assert result["seen"] > 10


def test_the_theme_switch_turns_the_lights_off(served):
    with served.visit(PAGES[0]) as (window, _):
        ground = "getComputedStyle(document.body).backgroundColor"
        assert window.evaluate(ground) == "rgb(255, 255, 255)"
        window.click("button.theme-switch-button >> visible=true")
        assert window.get_attribute("html", "data-theme") == "dark"
        assert window.evaluate(ground) != "rgb(255, 255, 255)"


def test_the_door_leads_to_the_first_page(served):
    with served.visit("index.html") as (window, seen):
        window.wait_for_url(f"**/{PAGES[0]}")
        window.wait_for_load_state("networkidle")
        assert seen.foreign == seen.failed == seen.complaints == []


@pytest.mark.parametrize(
    ("words", "page"),
    [
        ("strong duality", "chapters/03_strong_duality.html"),
        ("hyperplane arrangement", "chapters/02_hyperplane_arrangements.html"),
    ],
)
def test_a_search_finds_a_theorem(served, words, page):
    with served.visit(PAGES[0]) as (window, seen):
        window.keyboard.press("Control+k")
        window.keyboard.type(words)
        window.keyboard.press("Enter")
        window.wait_for_url("**/search.html?q=*")
        window.wait_for_selector("#search-results li a")
        window.wait_for_load_state("networkidle")
        links = "all => all.map(link => link.href)"
        found = window.eval_on_selector_all("#search-results li a", links)
        assert any(page in link for link in found)
        assert seen.foreign == seen.failed == seen.complaints == []


def test_a_proof_opens_at_a_click(served):
    with served.visit("chapters/03_strong_duality.html") as (window, _):
        proof = window.locator("details.sd-dropdown", has_text="Proof").first
        assert proof.get_attribute("open") is None
        proof.locator("summary").click()
        assert proof.get_attribute("open") is not None
        assert proof.locator("mjx-container").first.is_visible()


def test_a_solution_opens_at_a_click(served):
    with served.visit(CHAPTERS[0]) as (window, _):
        solution = window.locator(".solution.dropdown").first
        text = solution.locator("section")
        assert not text.is_visible()
        solution.locator("button.toggle-button").click()
        assert text.is_visible()
