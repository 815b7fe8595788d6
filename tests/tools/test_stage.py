"""Staging: what goes into the book, what is refused, and what jupyter-book makes."""

import fcntl
import json
import re
import shutil
from pathlib import Path

import nbformat
import pytest

from benchmarks import page as benchmark
from tools import numbers, record, status
from tools.book import MARK, REPOSITORY, Book, BookError
from tools.downloads import offer
from tools.stage import finish_pages, main, named_figures, stage

CHAPTER = """\
# 7. A claim

$$
a = b
$$ (eq-12)

$$
b = c
$$ (eq-ours)

```{prf:lemma} Rescaling; Lemma 4 of the paper
:label: lemma-4
:nonumber:

It follows from {eq}`eq-12`.
```

```{prf:remark} Our own
:label: remark-own
:nonumber:

And {eq}`eq-ours`, {prf:ref}`lemma-4` and {prf:ref}`remark-own` and {numref}`fig-one`.
```

See [the first](one.md), and [here](07_claim.md#far-below).

## Far below

```{figure} ../_assets/logo.svg
:name: fig-one
:alt: The logo

A figure.
```
"""


def build(book: Book) -> int:
    return main(["--root", str(book.root)])


def links(html: str) -> dict[str, str]:
    """Map the text of each internal link of a page to where it goes."""
    found = re.findall(r'<a class="reference internal" href="([^"]*)">(.*?)</a>', html)
    return {re.sub("<[^>]*>", "", text): target for target, text in found}


def test_staging_gathers_pages_notebooks_texts_and_status(done_book):
    (done_book.staged / "chapters").mkdir(parents=True)
    (done_book.staged / "chapters" / "old.ipynb").write_text("{}")
    stage(done_book)
    files = {str(p.relative_to(done_book.staged)) for p in all_files(done_book.staged)}
    assert files == {
        "_toc.yml",
        "references.bib",
        "intro.md",
        "chapters/one.ipynb",
        "chapters/two.ipynb",
        "_extra/_sources/chapters/one.md",
        "_extra/_sources/chapters/two.md",
        "back/status.md",
        "runs.json",
    }
    runs = json.loads((done_book.staged / "runs.json").read_text(encoding="utf-8"))
    for stem in ("one", "two"):
        assert runs[stem] == record.read(done_book.executed, stem).seconds
    notebook, _ = record.paths(done_book.executed, "one")
    staged = done_book.staged / "chapters" / "one.ipynb"
    assert staged.read_bytes() == notebook.read_bytes()


def all_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_named_figures_are_there_for_other_pages():
    data = {"image/svg+xml": "<svg/>", "text/plain": "Figure"}
    shown = nbformat.v4.new_output("display_data", data=data)
    named, other = (nbformat.v4.new_code_cell(outputs=[shown]) for _ in range(2))
    named.metadata["mystnb"] = {"figure": {"name": "fig-one"}}
    notebook = nbformat.v4.new_notebook(cells=[named, other])
    assert list(named_figures(notebook)) == [("fig-one", "<svg/>")]


def test_the_status_page_has_every_chapter_and_the_machine(done_book):
    stage(done_book)
    done = record.read(done_book.executed, "one")
    page = (done_book.staged / "back" / "status.md").read_text()
    for stem in ("one", "two"):
        assert f"{{doc}}`/chapters/{stem}`" in page
    assert f"{done.seconds:.1f} s" in page
    assert done.date in page
    assert f"| numpy | {done.versions['numpy']} |" in page
    assert f"| processor | {done.machine['processor']} |" in page


def test_chapters_run_on_two_machines_have_a_table_each(done_book):
    here = record.read(done_book.executed, "one")
    there = record.Record(**{**vars(here), "machine": {"processor": "Another"}})
    page = status.distinct({"one": here, "two": there}, "machine")
    assert "| processor | Another |" in page
    assert f"| processor | {here.machine['processor']} |" in page
    assert "Of {doc}`/chapters/two`" in page


def test_parameters_that_were_set_are_on_the_status_page(done_book):
    here = record.read(done_book.executed, "one")
    there = record.Record(**{**vars(here), "parameters": {"beta": 2}})
    rows = parts_of(done_book, {"one": here, "two": there})["chapters"].splitlines()
    assert rows[2].endswith("| none |")
    assert rows[3].endswith("| `beta = 2` |")


def parts_of(book: Book, records: dict[str, record.Record]) -> dict[str, str]:
    glued = {stem: {} for stem in records}
    return status.parts(records, numbers.read(book), glued, book.data)


def test_the_texts_of_pages_have_a_place_for_every_part_and_no_other(done_book):
    results = benchmark.read(REPOSITORY)
    parts = {
        status.PAGE: parts_of(done_book, {}),
        benchmark.PAGE: benchmark.tables(results),
        offer.PAGE: {"downloads": ""},
    }
    for page, told in parts.items():
        text = (REPOSITORY / f"{page}.md").read_text(encoding="utf-8")
        assert set(MARK.findall(text)) <= set(told), page
        assert set(told) - set(results["effort"]) <= set(MARK.findall(text)), page


def test_a_chapter_never_executed_is_refused(new_book):
    with pytest.raises(BookError, match="one has not been executed yet"):
        stage(new_book(one="print(1)"))


def test_a_chapter_changed_since_it_was_executed_is_refused(done_book, rewrite):
    rewrite(done_book, "one", "print(2)")
    with pytest.raises(BookError, match="one, or what it depends on, has changed"):
        stage(done_book)


def test_a_page_that_is_missing_is_named(done_book, capsys):
    (done_book.root / "intro.md").unlink()
    assert build(done_book) == 1
    assert re.search(r"There is no \S*intro.md, which", capsys.readouterr().err)


def test_staging_gives_way_to_a_run(done_book, capsys):
    with (done_book.build / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert build(done_book) == 1
    assert "Another run is at work in" in capsys.readouterr().err
    assert not done_book.staged.exists()


@pytest.fixture(scope="module")
def built_book(copy_whole, tmp_path_factory) -> Book:
    """A small book with a claim and with results of the benchmarks, built once."""
    book = copy_whole(tmp_path_factory.mktemp("built") / "book")
    write_page(book, "chapters/07_claim", CHAPTER)
    add_benchmarks(book)
    path = book.root / benchmark.RESULTS
    path.parent.mkdir()
    path.write_text(json.dumps(RESULTS))
    assert build(book) == 0
    return book


def test_numbers_ids_and_downloads_of_a_built_book(built_book):
    html = (built_book.html / "chapters" / "07_claim.html").read_text()
    assert links(html)["(12)"] == "#equation-eq-12"
    assert links(html)["(7.1)"] == "#equation-eq-ours"
    assert links(html)["Lemma 4"] == "#lemma-4"
    assert links(html)["Remark 7.2"] == "#remark-own"
    titles = re.findall(r'<p class="admonition-title">(.*?)</p>', html)
    shown = [re.sub("<[^>]*>", "", title) for title in titles]
    assert shown == [
        "Lemma 7.1 (Rescaling; Lemma 4 of the paper)",
        "Remark 7.2 (Our own)",
    ]
    assert links(html)["Fig. 7.1"] == "#fig-one"
    assert links(html)["the first"] == "one.html"
    assert links(html)["here"] == "#far-below"
    ids = re.findall(r'\bid="([^"]*)"', html)
    assert len(ids) == len(set(ids))
    for name in ("07_claim.ipynb", "07_claim.md"):
        assert f'href="../_sources/chapters/{name}"' in html
        assert (built_book.html / "_sources" / "chapters" / name).is_file()
    assert "launch-buttons" not in html
    assert "repository" not in html
    door = (built_book.html / "index.html").read_text()
    assert 'url=intro.html"' in door


def write_page(book: Book, page: str, text: str) -> None:
    """Add a chapter without code to a book, as if it had been executed."""
    stem = Path(page).name
    toc = (book.root / "_toc.yml").read_text()
    (book.root / "_toc.yml").write_text(toc + f"  - file: {page}\n")
    source = book.root / f"{page}.md"
    source.write_text(text)
    cell = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": text}
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {
        "cells": [cell],
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    content = json.dumps(notebook).encode()
    result = {"seconds": 1.0, "peak_mib": 100.0}
    done = record.describe(record.key(book, source, {}), content, {}, result)
    record.write(book.executed, stem, content, done)


def test_every_page_of_a_folder_is_finished_and_no_other_file(tmp_path):
    names = ("index.html", "chapters/one.html", "_static/macros.html")
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('<head><meta charset="utf-8"></head>')
    finish_pages(tmp_path)
    texts = [(tmp_path / name).read_text() for name in names]
    assert [text.count("Content-Security-Policy") for text in texts] == [1, 1, 0]


RESULTS = {
    "machine": {"processor": "A processor"},
    "versions": {"copt": "not installed"},
    "effort": {"halvings": 10, "directions": 400, "seconds": 25.0},
    "methods": [{"key": "ours", "label": "ours"}, {"key": "copt", "label": "copt"}],
    "problems": [
        {
            "date": "2026-01-02",
            **{"problem": "p", "label": "a problem", "n": 2, "d": 2, "c": 1},
            **{"beta": 0.5, "status": "done", "optimum": 0.75, "bound": 0.75},
            "steps": 7,
            "runs": [
                {
                    **{"method": "ours", "status": "done", "reason": "", "remark": ""},
                    **{"seconds": 0.5, "ratio": 1.0, "excess": 0.0},
                },
                {"method": "copt", "status": "not installed", "reason": "make it"},
            ],
            "reach": None,
        }
    ],
    "enumeration": [],
    "maxima": [],
}


def add_benchmarks(book: Book) -> None:
    """Add the benchmark page, and the chapter that it names, to a book."""
    write_page(book, "chapters/05_frank_wolfe", "# 5. A chapter\n\nOf few words.\n")
    with (book.root / "_toc.yml").open("a") as toc:
        toc.write(f"  - file: {benchmark.PAGE}\n")
    shutil.copy(REPOSITORY / f"{benchmark.PAGE}.md", book.root / "back")


def test_a_book_without_results_says_so(done_book):
    add_benchmarks(done_book)
    stage(done_book)
    page = (done_book.staged / f"{benchmark.PAGE}.md").read_text()
    assert "No benchmark has been run yet." in page


def test_results_become_a_page_with_tables_and_a_figure(built_book):
    html = (built_book.html / f"{benchmark.PAGE}.html").read_text()
    assert "0.5 s (1×)" in html
    assert html.count("not installed") >= 3  # in both tables and the remarks
    assert "Two panels with a row for each method" in html
    picture = re.search(r'src="../(_images/[^"]*\.svg)"', html).group(1)
    assert "<svg" in (built_book.html / picture).read_text()


def test_a_warning_is_an_error_and_keeps_the_pages_of_before(whole_book, capfd):
    whole_book.html.mkdir()
    (whole_book.html / "index.html").write_text("before")
    intro = whole_book.root / "intro.md"
    intro.write_text(intro.read_text() + "\nSee {eq}`nowhere`.\n")
    assert build(whole_book) == 1
    errors = capfd.readouterr().err
    assert "nowhere" in errors
    assert "The pages were not built" in errors
    assert (whole_book.html / "index.html").read_text() == "before"
