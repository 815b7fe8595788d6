"""The policy of the pages: what it allows, and what is refused before it is written."""

import pytest

from tools.book import BookError
from tools.policy import guarded, policy

HEAD = '<html><head><meta charset="utf-8" /><title>A page</title>{}</head>'
BODY = "<body>{}</body></html>"


def page(head: str = "", body: str = "") -> str:
    return HEAD.format(head) + BODY.format(body)


def directives(text: str) -> dict[str, list[str]]:
    parts = (part.split() for part in policy(text).split(";"))
    return {name: sources for name, *sources in parts}


def test_a_script_in_the_page_is_allowed_by_its_hash():
    # The hash of this script stands in the Content Security Policy Level 2 text.
    text = page("<script>alert('Hello, world.');</script>")
    known = "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"
    assert directives(text)["script-src"] == ["'self'", known]


def test_nothing_is_allowed_that_is_not_named():
    allowed = directives(page())
    assert allowed["default-src"] == ["'none'"]
    assert allowed["script-src"] == ["'self'"]
    for name, sources in allowed.items():
        assert "'unsafe-eval'" not in sources
        assert name == "style-src" or "'unsafe-inline'" not in sources
        assert not [
            s for s in sources if "//" in s or (s.endswith(":") and s != "data:")
        ]


def test_files_and_data_need_no_hash():
    loaded = '<script src="a.js">ignored()</script>'
    data = '<script type="application/json">{"a": "<script>"}</script>'
    assert directives(page(loaded + data))["script-src"] == ["'self'"]


def test_hashes_are_sorted_and_stand_once():
    scripts = [f"<script>let name{k} = {k};</script>" for k in (1, 2, 3, 2)]
    forwards, backwards = page("".join(scripts)), page("".join(reversed(scripts)))
    assert policy(forwards) == policy(backwards)
    assert len(directives(forwards)["script-src"]) == 1 + 3


def test_line_ends_are_hashed_as_browsers_read_them():
    texts = [page(f"<script>a();{end}b();</script>") for end in ("\n", "\r\n", "\r")]
    assert len({policy(text) for text in texts}) == 1


def test_the_policy_stands_before_all_that_it_governs():
    text = guarded(page('<script>a()</script><link href="a.css">'), "a.html")
    place = text.index("Content-Security-Policy")
    assert text.index("<meta charset") < place < text.index("<script>")
    assert text.count("Content-Security-Policy") == 1


def test_handlers_of_the_theme_become_actions():
    text = guarded(page(body='<button onclick="window.print()">PDF</button>'), "a.html")
    assert '<button data-action="print">PDF</button>' in text


@pytest.mark.parametrize(
    "body",
    ['<b onclick="other()">b</b>', "<img onerror='a()' src=''>", "<b onload=a()>b</b>"],
)
def test_other_handlers_are_refused(body):
    with pytest.raises(BookError, match=r"No element of a\.html may have a handler"):
        guarded(page(body=body), "a.html")


def test_a_page_without_an_encoding_is_refused():
    with pytest.raises(BookError, match=r"The head of a\.html must say its encoding"):
        guarded("<html><head></head></html>", "a.html")
