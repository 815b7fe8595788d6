"""The whole book as one HTML file: a cover, the contents, and all pages in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from tools.book import Book, read_yaml
from tools.downloads.press import Heading, Leaf, running_head

STYLE = Path(__file__).with_name("volume.css")
CONTENTS = "contents"

DOCUMENT = """\
<!DOCTYPE html>
<html lang="en" data-theme="light">
<head>
<meta charset="utf-8">
<title>{title}</title>
{styles}
<style>
{style}
</style>
</head>
<body>
<main class="bd-main"><div class="bd-content"><div class="bd-article-container">
{cover}
{contents}
{articles}
</div></div></main>
</body>
</html>
"""


@dataclass(frozen=True)
class Entry:
    """A line of the contents: a page, or the caption of a part without a page."""

    text: str
    page: str | None = None


def anchor(page: str) -> str:
    """Give the name of a page's place in the volume."""
    return page.replace("/", "-")


def entries(book: Book, leaves: Iterable[Leaf]) -> Iterator[Entry]:
    """List the printed pages in order, under the captions of their parts."""
    titles = {leaf.page: leaf.title for leaf in leaves}
    toc = book.toc()
    for part in [{"chapters": [{"file": toc["root"]}]}, *_parts(toc)]:
        if "caption" in part:
            yield Entry(part["caption"])
        for chapter in part["chapters"]:
            page = chapter["file"].removesuffix(".md")
            if page in titles:
                yield Entry(titles[page], page)


def _parts(toc: dict[str, Any]) -> list[dict[str, Any]]:
    """List the parts of a table of contents, which may have none."""
    return toc.get("parts") or [{"chapters": toc.get("chapters", [])}]


def outline(book: Book, leaves: list[Leaf]) -> list[Heading]:
    """List the headings of the volume: parts, pages in them, sections in these."""
    inner = {leaf.page: leaf.headings[1:] for leaf in leaves}
    result, depth, caption = [Heading(1, CONTENTS, "Contents")], 1, None
    for entry in entries(book, leaves):
        if entry.page is None:
            depth, caption = 2, entry.text
            continue
        name = anchor(entry.page)
        if caption:
            result.append(Heading(1, name, caption))
        caption = None
        result.append(Heading(depth, name, entry.text))
        result += [
            Heading(depth + h.level - 1, f"{name}--{h.name}", h.text)
            for h in inner[entry.page]
        ]
    return result


def write(book: Book, leaves: list[Leaf], sheets: dict[str, int]) -> str:
    """Write the volume; ``sheets`` says on which sheet each page begins."""
    config = read_yaml(book.root / "_config.yml")
    heads = [running_head(f"p-{anchor(leaf.page)}", leaf.title) for leaf in leaves]
    uses = [
        f"#{anchor(leaf.page)} {{ page: p-{anchor(leaf.page)}; }}\n" for leaf in leaves
    ]
    return DOCUMENT.format(
        title=escape(config["title"]),
        styles=max((leaf.styles for leaf in leaves), key=len),
        style=STYLE.read_text(encoding="utf-8") + "".join(heads + uses),
        cover=_cover(book, config),
        contents=_contents(entries(book, leaves), sheets),
        articles="\n".join(leaf.html for leaf in leaves),
    )


def _cover(book: Book, config: dict[str, Any]) -> str:
    """Write the cover."""
    logo = (book.html / "_static" / "logo.svg").as_uri()
    notes = config.get("sphinx", {}).get("config", {}).get("html_theme_options", {})
    return (
        f'<article class="bd-article cover"><img src="{logo}" alt="">'
        f'<p class="cover-title">{escape(config["title"])}</p>'
        f"<p>{escape(config['author'])}, {escape(str(config['copyright']))}</p>"
        f'<p class="cover-notes">{escape(notes.get("extra_footer", ""))}</p></article>'
    )


def _contents(lines: Iterable[Entry], sheets: dict[str, int]) -> str:
    """Write the contents, with the sheet on which each page begins."""
    rows = []
    for line in lines:
        if line.page is None:
            rows.append(f'<p class="contents-part">{escape(line.text)}</p>')
            continue
        rows.append(
            f'<p class="contents-line"><a href="#{anchor(line.page)}">'
            f"{escape(line.text)}</a><span>{sheets[line.page]}</span></p>"
        )
    return (
        f'<article class="bd-article contents" id="{CONTENTS}"><h1>Contents</h1>'
        f'<a href="#{CONTENTS}"></a>{"".join(rows)}</article>'
    )
