"""The state of a run on disk: written whole or not at all, checked before use."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lib.numerics import Array
from lib.store import read_arrays, write_arrays


@dataclass(frozen=True)
class Checkpoint:
    """The file of some trials, and the hash of the run that it must be of."""

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
