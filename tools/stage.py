"""Stage the pages of the book and build its HTML.

`python -m tools.stage` gathers in `_build/src` what jupyter-book reads: the written
pages, the executed chapters, the status page made from their records, the benchmark
page made from its results, the reference made from the docstrings, and the page that
offers the downloads. It refuses a book in which a certificate is above the gap that
`numbers.yml` allows. It then builds the pages beside the old ones and exchanges the two
when all went well, so that a reader never meets a half-built book.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from benchmarks import page as benchmark
from lib.store import replace
from tools import api, numbers, pictures, policy, record, status
from tools.book import (
    CHAPTERS,
    Book,
    BookError,
    add_book_option,
    attempt,
    exchange,
    filled,
    only_one,
    read_yaml,
)
from tools.chapter import code_cells, read_parameters
from tools.downloads import offer
from tools.glued import glued
from tools.template import written

ASSETS = "_assets"
COPIED = (ASSETS, "references.bib", "_toc.yml")
FIGURES = "_figures"
"""Where a page finds the figures of the chapters, by their names."""

RUNS = "runs.json"
"""The run time of each chapter, seconds, for the line at its head."""

EXTRA = Path("_extra", "_sources")
"""Sphinx copies what is in `_extra` beside the pages, here beside their sources."""

FRESH = "fresh-"
"""How the folders are called in which pages are built."""

ANYWHERE = {"TZ": "UTC", "LC_ALL": "C.UTF-8"}
"""Dates and numbers of the pages do not depend on where they are built."""

DOOR = Path(__file__).with_name("door.html")
"""The page `index.html`, in place of jupyter-book's, which is no whole document."""

BESIDE = ("_static", "_sources", "_images")
"""Folders of the built book whose files are no pages."""


def stage(book: Book) -> None:
    """Fill `_build/src` anew with all that jupyter-book reads."""
    chapters = book.chapters()
    done = {stem: _executed(book, stem, source) for stem, source in chapters.items()}
    notebooks = {stem: _notebook(book, stem) for stem in chapters}
    values = {stem: dict(glued(notebook)) for stem, notebook in notebooks.items()}
    stated = numbers.read(book)
    numbers.require_gaps(stated, values, _changed(book, done))
    shutil.rmtree(book.staged, ignore_errors=True)
    for name in COPIED:
        _copy(book.root / name, book.staged / name)
    runs = {stem: run.seconds for stem, run in done.items()}
    _write(book, RUNS, json.dumps(runs))
    for stem, notebook in notebooks.items():
        _stage_chapter(book, f"{CHAPTERS}/{stem}", notebook)
    told = status.parts(done, stated, values, book.data)
    reference = api.packages(book)
    made = {
        api.INDEX: lambda text: filled(text, api.index(book)),
        status.PAGE: lambda text: filled(text, told),
        benchmark.PAGE: partial(_benchmark, book),
        offer.PAGE: partial(offer.page, book),
    }
    for page in book.pages():
        if page in reference:
            _write(book, f"{page}.md", api.page(reference[page]))
        elif not page.startswith(f"{CHAPTERS}/"):
            _write(book, f"{page}.md", made.get(page, str)(_text(book, page)))


def _executed(book: Book, stem: str, source: Path) -> record.Record:
    """Read how a chapter was executed; refuse one that has changed since."""
    done = record.read(book.executed, stem)
    if done is None:
        raise BookError(f"{stem} has not been executed yet. Run `make book`.")
    if done.key != record.key(book, source, done.parameters):
        raise BookError(
            f"{stem}, or what it depends on, has changed since it was executed. Run "
            "`make book`."
        )
    return done


def _notebook(book: Book, stem: str) -> NotebookNode:
    """Read an executed chapter."""
    notebook, _ = record.paths(book.executed, stem)
    return nbformat.read(notebook, as_version=4)


def _changed(book: Book, done: dict[str, record.Record]) -> set[str]:
    """Name the chapters that ran with other parameters than the book's own."""
    own = read_parameters(book.root / numbers.PARAMETERS, book)
    return {stem for stem, run in done.items() if run.parameters != own[stem]}


def _stage_chapter(book: Book, page: str, notebook: NotebookNode) -> None:
    """Put an executed chapter in place, its figures and its text beside it."""
    path, _ = record.paths(book.executed, Path(page).name)
    _copy(path, book.staged / f"{page}.ipynb")
    for name, picture in named_figures(notebook):
        _write(book, f"{FIGURES}/{name}.svg", picture)
    _copy(book.root / f"{page}.md", book.staged / EXTRA / f"{page}.md")


def _benchmark(book: Book, text: str) -> str:
    """Fill the benchmark page; put its figure, from the stored results, in place."""
    results = benchmark.read(book.root)
    if results is not None:
        _write(book, f"{FIGURES}/{benchmark.PICTURE}.svg", benchmark.draw(results))
    return benchmark.page(text, results)


def named_figures(notebook: NotebookNode) -> Iterator[tuple[str, str]]:
    """List the figures that have a name, with their SVG, for other pages to show."""
    for cell in code_cells(notebook):
        name = cell.metadata.get("mystnb", {}).get("figure", {}).get("name")
        pictures = [o.get("data", {}).get("image/svg+xml") for o in cell.outputs]
        yield from ((name, picture) for picture in pictures if name and picture)


def _needed(path: Path) -> Path:
    """Return the path of a file or a folder, or say that it is missing."""
    if not path.exists():
        raise BookError(f"There is no {path}, which the book needs.")
    return path


def _text(book: Book, page: str) -> str:
    """Read a written page."""
    return _needed(book.root / f"{page}.md").read_text(encoding="utf-8")


def _write(book: Book, name: str, text: str) -> None:
    """Write a staged file."""
    replace(book.staged / name, text.encode())


def _copy(source: Path, target: Path) -> None:
    """Copy a file or a folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    copy = shutil.copytree if _needed(source).is_dir() else shutil.copyfile
    copy(source, target)


def build_html(book: Book) -> None:
    """Build the staged pages, warnings being errors, and put them in `_build/html`."""
    for left in book.build.glob(f"{FRESH}*"):
        shutil.rmtree(left, ignore_errors=True)
    # Its own folder a run: a build whose parent was killed may still write to its.
    fresh = Path(tempfile.mkdtemp(prefix=FRESH, dir=book.build))
    options = ["-W", "-n", "--keep-going", "--all", "--quiet"]
    options += ["--config", str(book.root / "_config.yml")]
    options += ["--toc", str(book.staged / "_toc.yml"), "--path-output", str(fresh)]
    jupyter_book = Path(sys.executable).with_name("jupyter-book")
    command = [str(jupyter_book), "build", str(book.staged), *options]
    # Its chatter names the folder that is about to be renamed; warnings do come out.
    silent = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    if subprocess.run(command, **silent, env=os.environ | ANYWHERE).returncode:
        raise BookError("The pages were not built; jupyter-book says above why.")
    html = fresh / "_build" / "html"
    title = read_yaml(book.root / "_config.yml")["title"]
    door = written(DOOR, title=title, first=f"{book.pages()[0]}.html")
    (html / "index.html").write_text(door, encoding="utf-8")
    finish_pages(html)
    exchange(html, book.html)
    shutil.rmtree(fresh)


def finish_pages(html: Path) -> None:
    """Give every page its policy, and its pictures the width that they need."""
    for path in sorted(html.rglob("*.html")):
        page = path.relative_to(html)
        if page.parts[0] not in BESIDE:
            text = pictures.marked(path.read_text(encoding="utf-8"), str(page), html)
            path.write_text(policy.guarded(text, str(page)), encoding="utf-8")


def refresh(book: Book) -> int:
    """Stage and build, alone in the build folder; return 0."""
    with only_one(book):
        stage(book)
        build_html(book)
    print(f"The book is in {book.html.relative_to(book.root)}/index.html")
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Stage the book and build its pages; return the exit status."""
    parser = argparse.ArgumentParser(description="Stage the book, build its HTML.")
    add_book_option(parser)
    book = parser.parse_args(arguments).book
    kept = "Stopped; the pages of before are kept."
    return attempt(lambda: refresh(book), refused=1, stopped=kept)


if __name__ == "__main__":
    sys.exit(main())
