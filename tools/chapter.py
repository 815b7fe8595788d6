"""A chapter as a notebook: find and read it, its parameters, make it reproducible.

Nothing is imported from the future here: `exec` would hand it on to the chapters.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import yaml
from nbformat import NotebookNode

from lib import parameters
from tools.book import CHAPTERS, Book, BookError, read_yaml, unknown

PARAMETERS_TAG = "parameters"
MEANING = re.compile(r"^(\w+)\b[^#\n]*=.*#\s*(.+)$", re.M)
"""An assignment with a comment."""

Parameters = Mapping[str, Any]


def find(book: Book, name: str, where: str = "") -> str:
    """Return the stem of the chapter that is meant by 3, 03, 03_strong or its file."""
    chapters = list(book.chapters())
    meant = name.removeprefix(f"{CHAPTERS}/").removesuffix(".md")
    start = f"{int(meant):02d}" if meant.isdecimal() else meant
    near = [stem for stem in chapters if stem.startswith(start)]
    if meant in chapters:
        return meant
    if len(near) != 1:
        raise unknown(f"chapter{where}", name, near or chapters)
    return near[0]


def read_chapter(path: Path) -> NotebookNode:
    """Read a MyST text notebook as a notebook whose cell ids do not change."""
    return _with_fixed_ids(jupytext.read(path))


def _with_fixed_ids(notebook: NotebookNode) -> NotebookNode:
    """Set ids that count the cells, in place of the random ones of the format."""
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for position, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{position:03d}"
    return notebook


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """List the code cells."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def has_tag(cell: NotebookNode, tag: str) -> bool:
    """Tell whether a cell carries a tag."""
    return tag in cell.metadata.get("tags", [])


@dataclass(frozen=True)
class Parameter:
    """A parameter of a chapter: its default, its meaning, and what it must be."""

    default: Any
    meaning: str
    kind: parameters.Kind


def describe(source: Path) -> dict[str, Parameter]:
    """Return the parameters of a chapter by name, in the order of their cell.

    Only that cell is run, so no data are read and nothing is computed. A parameter
    without a kind must be of the type of its default.

    Raises
    ------
    BookError
        If there is no such cell, or it cannot be run.
    """
    found = (c for c in code_cells(read_chapter(source)) if has_tag(c, PARAMETERS_TAG))
    cell = "\n".join(cell.source for cell in found)
    if not cell:
        raise BookError(f"{source} has no cell tagged `{PARAMETERS_TAG}`.")
    kinds = {k: v for k, v in vars(parameters).items() if not k.startswith("_")}
    namespace = dict(kinds)
    try:
        exec(cell, namespace)
    except Exception as error:
        raise BookError(
            f"The parameters of {source} cannot be read without running it: "
            f"{type(error).__name__}: {error}"
        ) from error
    declared = namespace.get("__annotations__", {})
    meanings = dict(MEANING.findall(cell))
    found = {}
    for name, value in namespace.items():
        if not name.startswith("__") and value is not kinds.get(name, kinds):
            kind = parameters.kind_of(declared.get(name, type(value)))
            found[name] = Parameter(value, meanings.get(name, ""), kind)
    return found


def settled(
    known: Mapping[str, Parameter], values: Parameters, where: str = ""
) -> dict[str, Any]:
    """Return values in the one form that their kinds have: 1.0 for 1, whole paths.

    Raises
    ------
    BookError
        On a parameter that the chapter does not have or could not use.
    """
    for name in values:
        if name not in known:
            raise unknown(f"parameter{where}", str(name), known)
    try:
        return {k: known[k].kind(k, as_data(k, v)) for k, v in values.items()}
    except parameters.ParameterError as error:
        raise BookError(f"{error}{where and f' It is a parameter{where}.'}") from None


def as_data(name: str, value: Any) -> Any:
    """Refuse what would not reach a notebook as it is; no number is equal to NaN."""
    with suppress(TypeError, ValueError):
        plain = json.loads(json.dumps(value, allow_nan=False))
        if plain == value or isinstance(value, str):
            return plain
    raise BookError(
        f"{name} must be a finite number, a string, true, false, null, or a list or "
        f"mapping of them; got {value!r} of type {type(value).__name__}. Quotes make a "
        "string."
    )


def read_data(path: Path) -> Any:
    """Read a YAML file; refuse a key that is given twice, of which one would be lost.

    Raises
    ------
    BookError
        If the file is missing, broken, or has such a key.
    """
    read = read_yaml(path)
    twice = list(_twice(yaml.compose(path.read_text("utf-8"), yaml.SafeLoader)))
    if twice:
        raise BookError(f"{path} gives {', '.join(twice)} twice; leave one of the two.")
    return read


def _twice(node: yaml.Node | None) -> Iterator[str]:
    """List the keys that a mapping in some YAML has twice."""
    if isinstance(node, yaml.MappingNode):
        names = [str(name.value) for name, _ in node.value]
        yield from {name: None for name in names if names.count(name) > 1}
    for child in node.value if isinstance(node, yaml.CollectionNode) else []:
        yield from _twice(child[1] if isinstance(child, tuple) else child)


def read_parameters(path: Path, book: Book) -> dict[str, dict[str, Any]]:
    """Read a file of parameters and check all of it against the chapters.

    Parameters
    ----------
    path : Path
        YAML: a chapter to ``{name: value}``; chapters may be left out.
    book : Book
        The book whose chapters they are.

    Returns
    -------
    dict
        One entry a chapter, in the order of the book, with the values that the chapter
        does not have anyway; those would only repeat its cell on the page.

    Raises
    ------
    BookError
        On an unknown chapter or a parameter that its chapter does not have.
    """
    given = read_data(path) or {}
    if not isinstance(given, dict):
        raise BookError(f"{path} must map chapters to parameters; got {given!r}.")
    found: dict[str, dict[str, Any]] = {stem: {} for stem in book.chapters()}
    stems = [find(book, str(name), f" in {path}") for name in given]
    if len(set(stems)) < len(stems):
        raise BookError(f"{path} names a chapter twice: {', '.join(map(str, given))}.")
    for stem, values in zip(stems, given.values(), strict=True):
        if not isinstance(values, dict | None):
            raise BookError(f"{path}: {stem} must map names to values; got {values!r}.")
        known = describe(book.chapters()[stem])
        values = settled(known, values or {}, f" of {stem} in {path}")
        same = {k for k, v in values.items() if repr(v) == repr(known[k].default)}
        found[stem] = {k: v for k, v in values.items() if k not in same}
    return found


def reproducible(notebook: NotebookNode) -> NotebookNode:
    """Take out of an executed notebook what changes from run to run.

    Only clocks, random ids and tool versions go; sources and outputs stay as they
    are, so that a real difference between two runs shows.
    """
    for name in set(notebook.metadata) - {"kernelspec", "language_info"}:
        del notebook.metadata[name]
    notebook.metadata.get("language_info", {}).pop("version", None)
    for cell in notebook.cells:
        for name in ("papermill", "execution"):
            cell.metadata.pop(name, None)
    return _with_fixed_ids(notebook)


def to_bytes(notebook: NotebookNode) -> bytes:
    """Write a notebook as its file's bytes, after checking that it is valid."""
    nbformat.validate(notebook)
    return (nbformat.writes(notebook).rstrip("\n") + "\n").encode("utf-8")
