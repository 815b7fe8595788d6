"""Downloads of a small book: what is printed, refused, kept and offered."""

import os
import re
import subprocess
import sys
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote
from zipfile import ZipFile

import pytest
from pypdf import PdfReader

from lib.store import replace
from tools.book import REPOSITORY, Book, BookError
from tools.downloads import archive, binding, command, offer, press, volume
from tools.downloads.volume import Leaf

CONFIG = """\
title: A small book
author: Two authors
copyright: "2026"
"""

TOC = """\
format: jb-book
root: intro
parts:
  - caption: "I  Some & more"
    chapters:
      - file: chapters/01_one
      - file: chapters/02_two
  - caption: Back matter
    chapters:
      - file: back/downloads
"""

PAGE = """\
<!DOCTYPE html>
<html lang="en"><head><title>{title}</title>
<link rel="stylesheet" href="{up}_static/plain.css"></head>
<body><nav>Elsewhere</nav><article class="bd-article">{article}</article></body></html>
"""

ARTICLES = {
    "intro": '<h1 id="top">Begin</h1><p>See <a href="chapters/02_two.html#b">two</a>, '
    'the <a href="back/downloads.html">downloads</a> and <a href="https://a.org/">a</a>.'
    "</p>",
    "chapters/01_one": '<section id="one"><h1>1. "One" \\ 1</h1></section>'
    '<canvas width="9" height="9"></canvas><p><a href="02_two.html">next</a></p>',
    "chapters/02_two": '<section id="two"><h1>2. Two</h1></section>'
    '<details><summary>Proof</summary><p>Hidden words.</p></details><h2 id="b">B</h2>'
    '<p>Back to <a href="#two">the top</a>, <a href="01_one.html#one">one</a>.</p>',
}


@pytest.fixture
def book(tmp_path) -> Book:
    """A book of three pages, built by hand, and the page that offers downloads."""
    root = tmp_path / "a book"
    for name, content in {"_config.yml": CONFIG, "_toc.yml": TOC}.items():
        replace(root / name, content.encode())
    for stem, title in {"01_one": '1. "One" \\ 1', "02_two": "2. <Two>"}.items():
        replace(
            root / "chapters" / f"{stem}.md", f"---\na: b\n---\n\n# {title}\n".encode()
        )
    made = Book(root)
    replace(made.html / "index.html", b"the door")
    replace(made.html / "_static" / "plain.css", b"nav { color: red; }")
    replace(
        made.html / "_static" / "logo.svg",
        (REPOSITORY / "_assets/logo.svg").read_bytes(),
    )
    offering = offer.page(made, "<!-- downloads -->")
    for page, article in {
        **ARTICLES,
        offer.PAGE: f"<h1>Downloads</h1>{offering}",
    }.items():
        up = "../" * page.count("/")
        text = PAGE.format(title=page, up=up, article=article)
        replace(made.html / f"{page}.html", text.encode())
    return made


def run(book: Book, *options: str, **environment: str) -> subprocess.CompletedProcess:
    """Run the command in a process of its own, as a browser needs."""
    line = [sys.executable, "-m", "tools.downloads", "--root", str(book.root), *options]
    variables = os.environ | environment
    return subprocess.run(
        line, cwd=REPOSITORY, env=variables, capture_output=True, text=True
    )


@pytest.fixture
def needs_browser() -> None:
    """Skip without Chromium, but fail in continuous integration."""
    try:
        press.find_chromium()
    except BookError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))


def files(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.usefixtures("needs_browser")
def test_a_small_book_is_printed_packed_and_offered(book):
    done = run(book, "--paper", "Letter")
    assert done.returncode == 0, done.stderr
    made = book.build / "downloads"
    assert files(made) == {
        *("book.pdf", "intro.pdf", "chapters/01_one.pdf", "chapters/02_two.pdf"),
        *("site.zip", "made-from"),
    }
    assert files(book.html / "downloads") == files(made) - {"made-from"}
    assert sorted(path.name for path in book.build.iterdir()) == [
        *(".lock", "downloads", "html")
    ]
    check_leaf(made)
    check_book(made)
    page = (book.html / "back" / "downloads.html").read_text()
    assert 'href="../downloads/chapters/01_one.pdf"' in page
    with ZipFile(made / "site.zip") as file:
        packed = file.read(f"{archive.FOLDER}/back/downloads.html").decode()
    assert "../downloads/" not in packed


def check_leaf(made: Path) -> None:
    intro = PdfReader(made / "intro.pdf")
    assert [round(float(x)) for x in intro.pages[0].mediabox[2:]] == [612, 792]
    actions = [note.get_object().get("/A") for note in intro.pages[0]["/Annots"]]
    there, out = (dict(action) for action in actions)  # the downloads are not on paper
    assert [there["/S"], there["/F"], there["/D"]] == [
        "/GoToR",
        "chapters/02_two.pdf",
        "/b",
    ]
    assert out["/URI"] == "https://a.org/"
    one = PdfReader(made / "chapters" / "01_one.pdf")
    (action,) = [note.get_object()["/A"] for note in one.pages[0]["/Annots"]]
    assert [action["/F"], action["/D"]] == ["02_two.pdf", [0, "/Fit"]]
    assert one.metadata.title == '1. "One" \\ 1'
    assert one.metadata.author == "Two authors"


def check_book(made: Path) -> None:
    pdf = PdfReader(made / "book.pdf")
    sheets = [sheet.extract_text() for sheet in pdf.pages]
    assert len(sheets) == 5  # cover, contents, three pages
    assert "A small book" in sheets[0]
    assert re.search(r"Begin\s+3\s+I  ?Some & more\s+1\. \"One\" \\ 1\s+4", sheets[1])
    assert sheets[3].startswith('1. "One" \\ 1')  # at the head
    assert "Hidden words." in sheets[4]
    assert "Elsewhere" not in "".join(sheets)
    assert list(pdf.pages[3].images)  # what was drawn on the canvas
    places = binding.places((made / "book.pdf").read_bytes())
    notes = [note.get_object() for s in pdf.pages for note in s.get("/Annots", [])]
    inner = [note["/Dest"][1:] for note in notes if "/Dest" in note]
    assert {places[name] for name in inner} == {2, 3, 4}
    assert {"chapters-02_two--b", "chapters-01_one--one", "chapters-02_two"} < set(
        inner
    )
    tops = [entry for entry in pdf.outline if not isinstance(entry, list)]
    titles = [entry.title for entry in tops]
    assert titles == ["Contents", "Begin", "I Some & more"]
    assert [entry.outline_count for entry in tops] == [None, None, -3]  # folded
    (under,) = [entry for entry in pdf.outline if isinstance(entry, list)]
    assert [e.title for e in under[:2]] == ['1. "One" \\ 1', "2. Two"]
    assert [e.title for e in under[2]] == ["B"]


@pytest.mark.usefixtures("needs_browser")
def test_a_page_with_a_missing_picture_is_not_printed(book):
    page = book.html / "intro.html"
    broken = page.read_text().replace("</h1>", '</h1><img src="lost.png" alt="lost">')
    page.write_text(broken)
    replace(book.build / "downloads" / "book.pdf", b"before")
    done = run(book)
    assert done.returncode == 1
    assert re.search(r"intro.html must be whole.*pictures not loaded: 1", done.stderr)
    assert files(book.build / "downloads") == {"book.pdf"}
    assert not (book.build / "downloads.new").exists()


def test_without_chromium_it_says_what_to_install_and_keeps_what_was(book):
    replace(book.build / "downloads" / "book.pdf", b"before")
    done = run(book, CHROMIUM="", PATH=str(book.root))
    assert done.returncode == 1
    assert "Printing needs Chromium" in done.stderr
    assert "apt-get install chromium" in done.stderr
    assert (book.build / "downloads" / "book.pdf").read_bytes() == b"before"
    assert not (book.html / "downloads").exists()


def test_a_chromium_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    with pytest.raises(BookError, match="CHROMIUM='/nowhere/chromium' is none"):
        press.find_chromium()


def test_a_chromium_that_does_not_start_is_told_with_what_to_try(monkeypatch):
    monkeypatch.setenv("CHROMIUM", "/bin/false")
    told = r"must start; they did not: .*/bin/false --version"
    with pytest.raises(BookError, match=told), press.chromium():
        pass


def test_a_driver_that_ends_at_once_is_told_with_what_it_needs(monkeypatch, tmp_path):
    # As on a machine without libatomic: the driver's Node ends, and nothing says why.
    node = tmp_path / "node"
    node.write_text("#!/bin/sh\nexit 127\n")
    node.chmod(0o755)
    monkeypatch.setenv("CHROMIUM", "/bin/true")
    monkeypatch.setenv("PLAYWRIGHT_NODEJS_PATH", str(node))
    told = "apt-get install libatomic1"
    with pytest.raises(BookError, match=told), press.chromium():
        pass


@pytest.mark.parametrize("lost", ["index.html", "back/downloads.html"])
def test_without_built_pages_it_says_what_to_run(book, capsys, lost):
    (book.html / lost).unlink()
    assert command.main(["--root", str(book.root)]) == 1
    assert re.search(rf"no \S.*{lost}. Run `make book`", capsys.readouterr().err)


def test_an_interruption_keeps_the_downloads_of_before(book, monkeypatch, capsys):
    replace(book.build / "downloads" / "book.pdf", b"before")

    def interrupted(_, target, __):
        replace(target / "book.pdf", b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "make", interrupted)
    assert command.main(["--root", str(book.root)]) == 130
    assert "downloads of before are kept" in capsys.readouterr().err
    assert (book.build / "downloads" / "book.pdf").read_bytes() == b"before"
    assert not (book.build / "downloads.new").exists()
    assert not (book.html / "downloads").exists()


@pytest.fixture
def printing(monkeypatch) -> list[str]:
    """Print nothing, but note each time that something would be."""
    times = []

    def note(_, target, paper):
        times.append(paper)
        replace(target / "book.pdf", paper.encode())

    monkeypatch.setattr(command, "make", note)
    return times


def test_downloads_are_made_again_only_when_a_page_or_the_paper_changed(book, printing):
    def call(*options):
        assert command.main(["--root", str(book.root), *options]) == 0

    call()
    call()
    assert printing == ["A4"]
    call("--paper", "Letter")
    assert printing == ["A4", "Letter"]
    with (book.html / "intro.html").open("a") as page:
        page.write("<!-- new -->")
    call("--paper", "Letter")
    assert printing == ["A4", "Letter", "Letter"]


def test_pages_built_anew_are_given_the_downloads_again(book, printing):
    page = book.html / "back" / "downloads.html"
    before = page.read_bytes()
    assert command.main(["--root", str(book.root)]) == 0
    after = page.read_bytes()
    assert b"../downloads/book.pdf" in after
    page.write_bytes(before)
    command.shutil.rmtree(book.html / "downloads")
    assert command.main(["--root", str(book.root)]) == 0
    assert page.read_bytes() == after
    assert (book.html / "downloads" / "book.pdf").is_file()
    assert printing == ["A4"]


def test_the_same_pages_give_the_same_zip(book):
    replace(book.html / "downloads" / "book.pdf", b"not packed")
    packed = [
        archive.pack(book.html, without="downloads", instead={"index.html": b"a door"})
        for _ in range(2)
    ]
    assert packed[0] == packed[1]
    with ZipFile(BytesIO(packed[0])) as file:
        assert file.read(f"{archive.FOLDER}/index.html") == b"a door"
        names = file.namelist()
    assert names == sorted(names)
    assert f"{archive.FOLDER}/downloads/book.pdf" not in names


def test_the_page_links_to_the_pdfs_only_when_they_are_made(book):
    for made in (False, True):
        text = offer.offer(book, made=made)
        assert ("../downloads/book.pdf" in text) is made
        assert ("make downloads" in text) is not made
        assert "2. &lt;Two&gt;" in text
        assert "../_sources/chapters/02_two.ipynb" in text


def test_a_chapter_without_a_title_is_named(tmp_path):
    path = tmp_path / "01_none.md"
    path.write_text("No title.\n")
    with pytest.raises(BookError, match=r"01_none.md must begin with a title"):
        offer.title_of(path)


def test_contents_that_never_settle_are_an_error(book, monkeypatch):
    leaves = [Leaf(page, page, "", "", b"") for page in ARTICLES]
    wandering = iter(range(100))

    def places(_):
        return dict.fromkeys(map(volume.anchor, ARTICLES), next(wandering))

    @contextmanager
    def opened(_, address):
        assert (
            "A small book" in Path(unquote(address.removeprefix("file://"))).read_text()
        )
        yield SimpleNamespace(evaluate=lambda *_: None)

    monkeypatch.setattr(volume, "opened", opened)
    monkeypatch.setattr(volume, "to_pdf", lambda *_: b"")
    monkeypatch.setattr(binding, "sheets", lambda _: 1)
    monkeypatch.setattr(binding, "places", places)
    with pytest.raises(BookError, match="after 3 tries they do not yet"):
        volume.printed(book, None, "A4", leaves)
    assert not (book.build / "print").exists()
