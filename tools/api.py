"""The reference, a page for each package, and the picture of them all.

`_toc.yml` lists the pages, in the order in which data flow; a package hands out the
names in its ``__all__``, and Sphinx writes the entries (autodoc, `_ext/api_hooks.py`).
`python -m tools.api` draws `_assets/architecture.svg`. The picture brings its own
background: it reads the same on a light and on a dark page.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from itertools import pairwise
from textwrap import wrap

from lib.store import replace
from tools.book import REPOSITORY, Book
from tools.status import table
from tools.template import written

FOLDER = "back/api"
INDEX = f"{FOLDER}/index"
PICTURE = REPOSITORY / "_assets" / "architecture.svg"
TEMPLATE = REPOSITORY / "tools" / "architecture.svg"

BESIDE_LIB = ("experiments", "figures")
"""The packages with a page that are not rooms of the library."""

PAGE = """\
# `{name}`

```{{eval-rst}}
.. automodule:: {name}
   :members:
```
"""


def packages(book: Book) -> dict[str, str]:
    """Map the pages of the reference, in their order, to the packages they show."""
    pages = [page for page in book.pages() if page.startswith(f"{FOLDER}/")]
    names = {page: page.rpartition("/")[2] for page in pages if page != INDEX}
    return {p: n if n in BESIDE_LIB else f"lib.{n}" for p, n in names.items()}


def page(package: str) -> str:
    """Write the page of a package as MyST text."""
    return PAGE.format(name=package)


def index(book: Book) -> dict[str, str]:
    """Write the parts of the first page: the packages, and what each is for."""
    pages = packages(book)
    rows = [
        [f"{{doc}}`{name} </{page}>`", purpose(name)] for page, name in pages.items()
    ]
    names = ", ".join(pages.values())
    return {"names": names, "packages": table(["package", "what"], rows)}


def purpose(package: str) -> str:
    """Return the first sentence of a package's docstring."""
    path = REPOSITORY.joinpath(*package.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0]


COLUMNS, WIDTH, HEIGHT, GAP = 3, 232, 118, 28
LETTERS = 26
"""The most in a line of a box."""


def drawing(told: Mapping[str, str]) -> str:
    """Draw packages, and what each is for, as SVG: rows run to and fro."""
    corners = [_corner(place) for place in range(len(told))]
    middles = [(x + WIDTH / 2, y + HEIGHT / 2) for x, y in corners]
    lines = [wrap(what, LETTERS, break_on_hyphens=False) for what in told.values()]
    size = {"box": (WIDTH, HEIGHT), "width": COLUMNS * (WIDTH + GAP) + GAP}
    size["height"] = corners[-1][1] + HEIGHT + GAP
    boxes, steps = list(zip(corners, told, lines, strict=True)), list(pairwise(middles))
    return written(TEMPLATE, boxes=boxes, steps=steps, **size)


def _corner(place: int) -> tuple[int, int]:
    """Return the upper left corner of a box."""
    row, column = divmod(place, COLUMNS)
    if row % 2:
        column = COLUMNS - 1 - column
    return GAP + column * (WIDTH + GAP), GAP + row * (HEIGHT + GAP)


def main() -> None:
    """Draw the picture."""
    names = packages(Book()).values()
    replace(PICTURE, drawing({name: purpose(name) for name in names}).encode())


if __name__ == "__main__":
    main()
