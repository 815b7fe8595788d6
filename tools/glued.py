"""The values that chapters glue into the text, and where the text shows them."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from tools.book import CHAPTERS, Book

NUMPY = re.compile(r"(?:np|numpy)\.\w+\((.*)\)", re.S)
"""How numpy 2 writes its scalars."""

ROLE = re.compile(
    r"\{glue:(?:text)?\}`(?:(?P<page>[^`:]+)\.ipynb::)?(?P<name>[^`:]+)(?::[^`:]*)?`"
)
"""``{glue:text}`page.ipynb::name:format```; page and format may be left out."""

Scalar = bool | int | float | str


def read_glued(path: Path) -> dict[str, Scalar]:
    """Read the scalars that an executed notebook glued, by their names."""
    return dict(glued(nbformat.read(path, as_version=4)))


def glued(notebook: NotebookNode) -> Iterator[tuple[str, Scalar]]:
    """List the scalars that a notebook glued, entries of lists and mappings too.

    Figures and anything else that is not made of numbers, strings and truth values
    are left out.
    """
    for name, value in whole(notebook):
        yield from _scalars(name, value)


def whole(notebook: NotebookNode) -> Iterator[tuple[str, Any]]:
    """List what a notebook glued as it is; None stands for what is no plain value."""
    for output in (out for cell in notebook.cells for out in cell.get("outputs", [])):
        name = output.get("metadata", {}).get("scrapbook", {}).get("name")
        text = output.get("data", {}).get("text/plain")
        if name and text is not None:
            yield name, _value(text)


def _value(text: str) -> Any:
    """Read back what Python's repr wrote; None if it is no plain value."""
    inner = NUMPY.fullmatch(text.strip())
    text = inner[1] if inner else text.strip()
    try:
        return float(text) if text in ("nan", "inf", "-inf") else ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return None


def _scalars(name: str, value: Any) -> Iterator[tuple[str, Scalar]]:
    """List the scalars in a value: ``name``, ``name[0]``, ``name.key``."""
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from _scalars(f"{name}.{key}", entry)
    elif isinstance(value, list | tuple):
        for place, entry in enumerate(value):
            yield from _scalars(f"{name}[{place}]", entry)
    elif isinstance(value, Scalar):
        yield name, value


def shown_in_prose(book: Book) -> dict[str, list[str]]:
    """Map each chapter to the names of its glued values that some page shows.

    The pages are the written ones; a value that another page takes from a chapter
    counts for that chapter. Names come in the order in which they are first shown.
    """
    shown: dict[str, dict[str, None]] = {stem: {} for stem in book.chapters()}
    for page in book.pages():
        path = book.root / f"{page}.md"
        for match in ROLE.finditer(path.read_text("utf-8") if path.is_file() else ""):
            named = match["page"] or posixpath.basename(page)
            owner = posixpath.normpath(posixpath.join(posixpath.dirname(page), named))
            stem = owner.removeprefix(f"{CHAPTERS}/")
            shown.setdefault(stem, {})[match["name"]] = None
    return {stem: list(names) for stem, names in shown.items()}
