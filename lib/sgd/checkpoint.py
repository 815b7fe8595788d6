"""The state of a run on disk: written whole or not at all, checked before use."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lib.numerics import Array
from lib.store import written_whole


def fingerprint(parts: Iterable[Array | str]) -> str:
    """Hash arrays and words, with their shapes and types."""
    digest = hashlib.sha256()
    for part in parts:
        array = np.ascontiguousarray(part)
        digest.update(f"{array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def write_arrays(path: Path, arrays: dict[str, Array]) -> None:
    """Write an .npz aside and move it into place."""
    with written_whole(path) as file:
        np.savez(file, **arrays)


def read_arrays(path: Path) -> dict[str, Array]:
    """Read an .npz; nothing in it is ever executed.

    Raises
    ------
    ValueError
        If the file is cut short, damaged or no .npz.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path} must be a whole .npz file; got one that cannot be read "
            f"({error}). Delete it to start afresh."
        ) from error


@dataclass(frozen=True)
class Store:
    """The file of some trials, and what it must be a checkpoint of."""

    path: Path
    key: str

    def save(self, state: dict[str, Array]) -> None:
        """Replace the checkpoint."""
        write_arrays(self.path, state | {"key": np.array(self.key)})

    def load(self) -> dict[str, Array] | None:
        """Return the state saved, None if there is none.

        Raises
        ------
        ValueError
            If it is of another run, or damaged.
        """
        if not self.path.exists():
            return None
        state = read_arrays(self.path)
        found = str(state.pop("key", ""))
        if found != self.key:
            raise ValueError(
                f"{self.path} must be a checkpoint of this run, {self.key[:12]}...; "
                f"got {found[:12] or 'none'}.... Data, grid, starts and settings must "
                "be the same, but for the number of epochs between checkpoints. "
                "Delete it or choose another folder."
            )
        return state
