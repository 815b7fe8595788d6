"""The buttons of a chapter lead to files of the repository, once it has a home."""

import json
import re
import shutil
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup

from tools import record
from tools.book import REPOSITORY, Book
from tools.stage import main

HOME = "https://github.com/someone/book"
STEMS = list(Book().chapters())
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def add_chapter(book: Book, stem: str) -> None:
    """Add a chapter of one line, as if it had been executed."""
    text = f"# {stem}\n\nWords.\n"
    source = book.root / "chapters" / f"{stem}.md"
    source.write_text(text)
    with (book.root / "_toc.yml").open("a") as toc:
        toc.write(f"  - file: chapters/{stem}\n")
    cell = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": text}
    notebook = {"cells": [cell], "metadata": {"kernelspec": KERNEL}}
    content = json.dumps(notebook | {"nbformat": 4, "nbformat_minor": 5}).encode()
    result = {"seconds": 1.0, "peak_mib": 100.0}
    done = record.describe(record.key(book, source, {}), content, {}, result)
    record.write(book.executed, stem, content, done)


@pytest.fixture(scope="module")
def published(tmp_path_factory, small_book) -> Book:
    """Pages with the names of all chapters, built with the address of a repository."""
    book = small_book(tmp_path_factory.mktemp("published") / "book")
    for name in ("_ext", "_assets"):
        shutil.copytree(REPOSITORY / name, book.root / name, dirs_exist_ok=True)
    config = (REPOSITORY / "_config.yml").read_text()
    (book.root / "_config.yml").write_text(config.replace('url: ""', f"url: {HOME}"))
    for stem in STEMS:
        add_chapter(book, stem)
    assert main(["--root", str(book.root)]) == 0
    return book


def buttons(book: Book, stem: str) -> BeautifulSoup:
    text = (book.html / "chapters" / f"{stem}.html").read_text("utf-8")
    return BeautifulSoup(text, "html.parser").select_one(".article-header-buttons")


@pytest.mark.parametrize("stem", STEMS)
def test_binder_opens_the_text_of_the_chapter(published, stem):
    links = [
        a["href"] for a in buttons(published, stem).select(".dropdown-launch-buttons a")
    ]
    (binder,) = [urlsplit(link) for link in links]
    config = yaml.safe_load((REPOSITORY / "_config.yml").read_text())
    assert binder.netloc == "mybinder.org"
    assert binder.path == f"/v2/gh/someone/book/{config['repository']['branch']}"
    (place,) = parse_qs(binder.query)["urlpath"]
    opened = place.removeprefix("lab/tree/")
    assert opened != place
    assert (REPOSITORY / opened).samefile(Book().chapters()[stem])


def test_buttons_lead_to_texts_and_not_to_notebooks(published):
    html = (published.html / "chapters" / f"{STEMS[0]}.html").read_text()
    assert f'href="{HOME}"' in html
    assert f"blob/main/chapters/{STEMS[0]}.ipynb" not in html


def test_binder_finds_what_it_builds_from():
    for name in ("environment.yml", "postBuild", "requirements.lock", "pyproject.toml"):
        assert (REPOSITORY / name).is_file()
    # Binder looks into these folders first and would not see the files above.
    assert not [name for name in ("binder", ".binder") if (REPOSITORY / name).exists()]


@pytest.mark.parametrize("stem", STEMS)
def test_no_button_leads_to_a_file_that_is_not_in_the_repository(published, stem):
    for link in buttons(published, stem).select("a[href^=http]"):
        parts = urlsplit(link["href"])
        if parts.netloc != "github.com":
            continue
        assert parts.path.startswith("/someone/book")
        inside = re.fullmatch(r"/someone/book/(?:blob|edit|raw)/main/(.+)", parts.path)
        assert inside is None or (REPOSITORY / inside[1]).is_file()
        assert not parts.path.endswith(".ipynb")


def test_colab_which_opens_no_text_notebook_is_not_offered(published):
    text = (published.html / "chapters" / f"{STEMS[0]}.html").read_text("utf-8")
    assert "colab" not in text.lower()
    assert not list(REPOSITORY.glob("chapters/*.ipynb"))
    for page in ("back/reruns.md", "_config.yml"):
        assert "Colab" in (REPOSITORY / page).read_text("utf-8")


@pytest.mark.parametrize("stem", STEMS)
def test_a_chapter_says_the_command_and_the_address_that_run_it_at_home(
    published, stem
):
    text = (published.html / "chapters" / f"{stem}.html").read_text("utf-8")
    document = BeautifulSoup(text, "html.parser")
    button = document.select_one("button.btn-run-here-button")
    assert button["title"] == "Run this chapter on your computer"
    dialog = document.select_one("dialog#run-here")
    assert dialog.pre.get_text() == f"make lab CHAPTER={stem}"
    address = dialog.a["href"]
    path = Path(address.removeprefix("http://localhost:8888/lab/tree/"))
    assert (REPOSITORY / path).is_file()
    assert dialog.a.get_text() == address
