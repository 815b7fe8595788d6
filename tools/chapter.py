"""A chapter as a notebook: read it, find its parameters, make it reproducible."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbformat import NotebookNode

from tools.book import Book, BookError, read_yaml, unknown

PARAMETERS_TAG = "parameters"
Parameters = Mapping[str, Any]


def read_chapter(path: Path) -> NotebookNode:
    """Read a MyST text notebook as a notebook whose cell ids do not change."""
    notebook = jupytext.read(path)
    return with_fixed_ids(notebook)


def with_fixed_ids(notebook: NotebookNode) -> NotebookNode:
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


def parameter_names(notebook: NotebookNode) -> list[str]:
    """List the names that the cell tagged `parameters` assigns."""
    cells = [c for c in code_cells(notebook) if has_tag(c, PARAMETERS_TAG)]
    return [name for cell in cells for name in _assigned(cell.source)]


def _assigned(source: str) -> Iterator[str]:
    """List the names assigned at the top level of some code."""
    yield from (name for name, _ in _assignments(source))


def _assignments(source: str) -> Iterator[tuple[str, ast.expr | None]]:
    """List the names assigned at the top level of some code, with what they get."""
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        else:
            continue
        names = (target.id for target in targets if isinstance(target, ast.Name))
        yield from ((name, statement.value) for name in names)


def other_values(notebook: NotebookNode, values: Parameters) -> dict[str, Any]:
    """Keep those values that differ from what the cell tagged `parameters` assigns.

    The others would only repeat that cell on the page. 1 and 1.0 differ; values that
    are not literals count as different.
    """
    cells = [c for c in code_cells(notebook) if has_tag(c, PARAMETERS_TAG)]
    own = dict(pair for cell in cells for pair in _assignments(cell.source))
    return {k: v for k, v in values.items() if _literal(own.get(k)) != repr(v)}


def _literal(expression: ast.expr | None) -> str:
    """Write the value of a literal as Python does, or nothing for anything else."""
    try:
        return "" if expression is None else repr(ast.literal_eval(expression))
    except ValueError:
        return ""


def read_parameters(path: Path, book: Book) -> dict[str, dict[str, Any]]:
    """Read a file of parameters and check every name in it against the chapters.

    Parameters
    ----------
    path : Path
        YAML: the stem of a chapter to ``{name: value}``; chapters may be left out.
    book : Book
        The book whose chapters they are.

    Returns
    -------
    dict
        One entry a chapter, in the order of the book, with the values that the chapter
        does not have anyway.

    Raises
    ------
    BookError
        On an unknown chapter or a parameter that its chapter does not have.
    """
    given = read_yaml(path) or {}
    if not isinstance(given, dict):
        raise BookError(f"{path} must map chapters to parameters; got {given!r}.")
    chapters = book.chapters()
    found: dict[str, dict[str, Any]] = {stem: {} for stem in chapters}
    for stem, values in given.items():
        if stem not in chapters:
            raise unknown(f"chapter in {path}", str(stem), chapters)
        notebook = read_chapter(chapters[stem])
        _check_names(path, stem, values, notebook)
        found[stem] = other_values(notebook, values or {})
    return found


def _check_names(path: Path, stem: str, values: Any, notebook: NotebookNode) -> None:
    """Refuse parameters that the chapter's `parameters` cell does not assign."""
    if not isinstance(values, dict | None):
        raise BookError(f"{path}: {stem} must map names to values; got {values!r}.")
    known = parameter_names(notebook)
    for name in values or {}:
        if name not in known:
            raise unknown(f"parameter of {stem} in {path}", str(name), known)


def reproducible(notebook: NotebookNode) -> NotebookNode:
    """Take out of an executed notebook what changes from run to run.

    Only clocks, random ids and tool versions go; sources and outputs stay as they
    are, so that a real difference between two runs shows.
    """
    kept = ("kernelspec", "language_info")
    notebook.metadata = NotebookNode(
        {name: notebook.metadata[name] for name in kept if name in notebook.metadata}
    )
    notebook.metadata.get("language_info", {}).pop("version", None)
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
    return with_fixed_ids(notebook)


def to_bytes(notebook: NotebookNode) -> bytes:
    """Write a notebook as its file's bytes, after checking that it is valid."""
    nbformat.validate(notebook)
    return (nbformat.writes(notebook).rstrip("\n") + "\n").encode("utf-8")
