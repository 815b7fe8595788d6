"""The button that says how to run a chapter at home."""

from tools.book import Book

STEM = next(iter(Book().chapters()))
BUTTON = "button.btn-run-here-button >> visible=true"


def test_a_click_shows_the_command_and_another_hides_it(served):
    with served.visit(f"chapters/{STEM}.html") as (window, seen):
        dialog = window.locator("dialog#run-here")
        assert not dialog.is_visible()
        window.click(BUTTON)
        assert f"make lab CHAPTER={STEM}" in dialog.inner_text()
        dialog.get_by_role("button", name="Close").click()
        assert not dialog.is_visible()
        window.click(BUTTON)
        window.keyboard.press("Escape")
        dialog.wait_for(state="hidden")
        assert seen.complaints == []


def test_pages_without_code_have_no_such_button(served):
    with served.visit("back/notation.html") as (window, _):
        assert window.locator(BUTTON).count() == 0
