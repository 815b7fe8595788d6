"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

__all__ = [
    "replace",
    "written_whole",
]


@contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """Open a file to write aside; move it into place if nothing fails.

    Folders are made as needed. Readers see the old file or the new one, never a part.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with aside.open("wb") as file:
            yield file
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def replace(path: Path, content: bytes) -> None:
    """Write a file aside and move it into place."""
    with written_whole(path) as file:
        file.write(content)
