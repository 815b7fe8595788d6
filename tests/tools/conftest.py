"""A small book to try the tools on."""

import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tools.book import REPOSITORY, Book
from tools.run_notebooks import main

FRONT = """\
---
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# A chapter

```{code-cell} ipython3
:tags: [parameters]

beta = 0.5  # weight decay
```
"""

PRINTING = {"one": "print(6 * 7)", "two": "print(beta)"}

TOC = """\
format: jb-book
root: intro
chapters:
"""


def write_chapter(book: Book, stem: str, *cells: str) -> Path:
    """Write a chapter with a parameter and some cells; return its path."""
    blocks = [f"```{{code-cell}} ipython3\n{cell}\n```\n" for cell in cells]
    path = book.root / "chapters" / f"{stem}.md"
    path.write_text("\n".join([FRONT, *blocks]), encoding="utf-8")
    return path


def make_book(root: Path, **chapters: str | list[str]) -> Book:
    """Make a book of one page and some chapters, each given by its cells."""
    for folder in ("chapters", "params", "lib", "figures", "_assets", "back"):
        (root / folder).mkdir(parents=True)
    entries = "".join(f"  - file: chapters/{stem}\n" for stem in chapters)
    (root / "_toc.yml").write_text(f"{TOC}{entries}  - file: back/status\n")
    (root / "intro.md").write_text("# A small book\n\nOf few words.\n")
    shutil.copyfile(REPOSITORY / "back" / "status.md", root / "back" / "status.md")
    (root / "references.bib").write_text("")
    (root / "requirements.lock").write_text("numpy==1\n")
    (root / "lib" / "part.py").write_text("VALUE = 1\n")
    (root / "params" / "ci.yml").write_text("{}\n")
    (root / "numbers.yml").write_text("chapters: {}\n")
    book = Book(root)
    for stem, cells in chapters.items():
        write_chapter(book, stem, *([cells] if isinstance(cells, str) else cells))
    return book


@pytest.fixture(scope="session")
def small_book() -> Callable[..., Book]:
    """Make small books anywhere: ``small_book(root, name_of_chapter=cells)``."""
    return make_book


@pytest.fixture
def new_book(tmp_path: Path) -> Callable[..., Book]:
    """Make small books in this test's folder: ``new_book(name_of_chapter=cells)``."""

    def make(folder: str = "book", **chapters: str | list[str]) -> Book:
        return make_book(tmp_path / folder, **chapters)

    return make


@pytest.fixture(scope="session")
def _executed_once(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """A book whose two chapters have been executed."""
    book = make_book(tmp_path_factory.mktemp("once") / "book", **PRINTING)
    assert main(["--root", str(book.root)]) == 0
    return book


@pytest.fixture
def done_book(_executed_once: Book, tmp_path: Path) -> Book:
    """A copy, to be changed at will, of a book whose chapters have been executed."""
    shutil.copytree(_executed_once.root, tmp_path / "done")
    return Book(tmp_path / "done")


@pytest.fixture(autouse=True)
def _signals_as_before() -> Iterator[None]:
    """Undo what a command does to this process, which it takes for its own."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def run() -> Callable[..., int]:
    """Run the chapters of a book by the command; return its exit status."""

    def command(book: Book, *options: str) -> int:
        return main(["--root", str(book.root), *options])

    return command


@pytest.fixture
def rewrite() -> Callable[..., Path]:
    """Write a chapter of a small book anew: ``rewrite(book, stem, *cells)``."""
    return write_chapter


@pytest.fixture(scope="session")
def copy_whole(_executed_once: Book) -> Callable[[Path], Book]:
    """Copy a small executed book that has the real one's configuration and look."""

    def copy(root: Path) -> Book:
        shutil.copytree(_executed_once.root, root)
        for name in ("_ext", "_assets"):
            shutil.copytree(REPOSITORY / name, root / name, dirs_exist_ok=True)
        shutil.copyfile(REPOSITORY / "_config.yml", root / "_config.yml")
        return Book(root)

    return copy


@pytest.fixture
def whole_book(copy_whole: Callable[[Path], Book], tmp_path: Path) -> Book:
    """A small book with the configuration, hooks and look of the real one."""
    return copy_whole(tmp_path / "done")
