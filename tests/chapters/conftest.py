"""The chapters as they are written, and as they were executed."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

from tools import record
from tools.book import REPOSITORY, Book
from tools.glued import whole


@pytest.fixture
def executed() -> Callable[[str], NotebookNode]:
    """Read an executed chapter: ``executed(stem)``."""

    def read(stem: str) -> NotebookNode:
        path, _ = record.paths(Book().executed, stem)
        if not path.is_file():
            pytest.fail(f"{stem} has not been executed: run `make book`")
        return nbformat.read(path, as_version=4)

    return read


@pytest.fixture
def glued(executed: Callable[[str], NotebookNode]) -> Callable[[str], dict[str, Any]]:
    """Read the values that a chapter glued into its text: ``glued(stem)``."""

    def read(stem: str) -> dict[str, Any]:
        return dict(whole(executed(stem)))

    return read


@pytest.fixture
def values(
    request: pytest.FixtureRequest, glued: Callable[[str], dict[str, Any]]
) -> dict[str, Any]:
    """Read the values that the chapter of a test's module glued, which is its STEM."""
    return glued(request.module.STEM)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder that looks like the repository, in which commands may write."""
    folder = tmp_path / "checkout"
    shutil.copytree(REPOSITORY / "chapters", folder / "chapters")
    (folder / ".venv").symlink_to(REPOSITORY / ".venv")
    (folder / "_build").mkdir()
    return folder
