"""What a run of gradient descent is told: trials, how to run them, their starts."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lib.numerics import Array, require_count

MEMORY = 4 << 30
"""Bytes that weights, momentum and buffers may take together, unless told otherwise."""

CHOICES = {
    "device": ("auto", "cpu", "cuda"),
    "precision": ("float64", "float32"),
    "activation": ("relu", "linear"),
    "outputs": ("all", "row_space"),
    "start": ("he", "torch"),
}


@dataclass(frozen=True, eq=False)
class Grid:
    """Independent trials, each with its own width, weight decay, rate and start.

    Parameters
    ----------
    widths : int or (k,) array_like
        Neurons of each trial.
    betas : float or (k,) array_like
        Weight decay.
    rates : float or (k,) array_like
        First learning rate.
    starts : int or (k,) array_like
        Number of the random start; trials with the same number and width begin
        with the same weights.

    Raises
    ------
    ValueError
        If the lengths differ or a value is out of range.
    """

    widths: np.ndarray
    betas: Array
    rates: Array
    starts: np.ndarray

    def __post_init__(self) -> None:
        """Bring all to one length and check the values."""
        names = ("widths", "betas", "rates", "starts")
        given = [np.atleast_1d(getattr(self, name)) for name in names]
        try:
            columns = np.broadcast_arrays(*given)
        except ValueError as error:
            lengths = ", ".join(f"{n} {g.shape}" for n, g in zip(names, given))  # noqa: B905
            raise ValueError(
                f"widths, betas, rates and starts must have one length, or 1; got "
                f"{lengths}."
            ) from error
        for name, column, kind in zip(names, columns, "iffi", strict=True):
            _require(name, column, kind)
            column = column.astype(np.int64 if kind == "i" else np.float64)
            column.setflags(write=False)
            object.__setattr__(self, name, column)

    def __len__(self) -> int:
        """Return the number of trials."""
        return len(self.widths)


def _require(name: str, column: np.ndarray, kind: str) -> None:
    """Refuse a column of the wrong shape, kind or range."""
    least = 0 if name == "starts" else 1
    if column.ndim != 1:
        raise ValueError(f"{name} must be a number or a list; got {column.shape}.")
    if kind == "i" and (column.dtype.kind not in "iu" or column.min() < least):
        raise ValueError(f"{name} must be whole numbers >= {least}; got {column}.")
    if kind == "f" and not (np.isfinite(column).all() and column.min() > 0):
        raise ValueError(f"{name} must be positive and finite; got {column}.")


@dataclass(frozen=True)
class Settings:
    """How to run gradient descent.

    Parameters
    ----------
    epochs : int
        Most gradient steps.
    patience : int
        Epochs without a relative decrease of ``PLATEAU`` before a rate is halved.
    tolerance : float
        A trial has converged when its least objective fell by less than this
        share of it over ``patience`` epochs; 0 to make all epochs.
    points : int
        About how many objectives to record; evenly spaced epochs.
    device : {"auto", "cpu", "cuda"}
        ``"auto"`` takes CUDA where present.
    precision : {"float64", "float32"}
        Of weights and sums. In single precision recorded objectives are off by their
        rounding, about 1e-6; evaluate the networks for more.
    activation : {"relu", "linear"}
        The linear one for comparison (Figure 5).
    outputs : {"all", "row_space"}
        ``"row_space"`` projects the starting output weights onto the row space of
        Y, where they then stay, and trains in its coordinates.
    start : {"he", "torch"}
        Kaiming uniform weights: on ``+-sqrt(6 / fan_in)``, as of He et al. (2015), or
        on ``+-1 / sqrt(fan_in)``, which PyTorch draws for a linear layer by the same
        name.
    memory : int
        Most bytes for weights, momentum and buffers.
    checkpoint : Path, optional
        A folder in which the state is kept, and from which it is resumed.
    checkpoint_every : int
        Epochs between two checkpoints.

    Raises
    ------
    ValueError
        If a count is below 1, the tolerance negative, or a choice unknown.
    """

    epochs: int
    patience: int = 1000
    tolerance: float = 0.0
    points: int = 400
    device: str = "auto"
    precision: str = "float64"
    activation: str = "relu"
    outputs: str = "all"
    start: str = "he"
    memory: int = MEMORY
    checkpoint: Path | None = None
    checkpoint_every: int = 1000

    def __post_init__(self) -> None:
        """Check every value."""
        for name in ("epochs", "patience", "points", "memory", "checkpoint_every"):
            require_count(name, getattr(self, name))
        if not (np.isfinite(self.tolerance) and self.tolerance >= 0):
            raise ValueError(f"tolerance must be >= 0; got {self.tolerance!r}.")
        for name, known in CHOICES.items():
            if getattr(self, name) not in known:
                options = ", ".join(map(repr, known[:-1])) + f" or {known[-1]!r}"
                raise ValueError(
                    f"{name} must be {options}; got {getattr(self, name)!r}."
                )

    @property
    def marks(self) -> np.ndarray:
        """The epochs to record."""
        stride = max(1, self.epochs // self.points)
        return np.append(np.arange(0, self.epochs, stride), self.epochs)

    @property
    def place(self) -> dict[str, Any]:
        """Where the weights are, and of which type, as torch is told."""
        return {
            "device": find_device(self.device),
            "dtype": getattr(torch, self.precision),
        }


def find_device(name: str) -> torch.device:
    """Return the device to train on, or say why it cannot be had."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("device='cuda' needs a CUDA device; none is visible.")
    return torch.device(name)


StartOf = Callable[[int], tuple[Array, Array]]
"""Gives U, (m, d), and V, (m, c), of trial k; asked in the order of the trials."""

LAWS = {"he": 1.0, "torch": 1 / np.sqrt(6)}
"""Bound of the uniform law of each name, over ``sqrt(6 / fan_in)``. PyTorch's default
for a linear layer is ``kaiming_uniform_(a=sqrt(5))``, whose gain is that much less."""


def kaiming_uniform(
    neurons: int, d: int, c: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Draw starting weights, uniform on ``+-sqrt(6 / fan_in)`` (He et al. 2015).

    Returns U, (neurons, d), drawn first, and V, (neurons, c).
    """
    U, V = rng.uniform(-1, 1, (neurons, d)), rng.uniform(-1, 1, (neurons, c))
    return np.sqrt(6 / d) * U, np.sqrt(6 / neurons) * V


def by_name(
    grid: Grid, d: int, c: int, rng: np.random.Generator, *, law: str = "he"
) -> StartOf:
    """Draw the start that a trial's number names; equal numbers, equal starts.

    Each start has its own generator, spawned from ``rng``, so that it does not
    depend on which others are drawn. ``law`` is that of :class:`lib.sgd.Settings`.
    """
    streams = rng.bit_generator.seed_seq.spawn(int(grid.starts.max()) + 1)

    def draw(trial: int) -> tuple[Array, Array]:
        stream = np.random.default_rng(streams[grid.starts[trial]])
        U, V = kaiming_uniform(int(grid.widths[trial]), d, c, stream)
        return LAWS[law] * U, LAWS[law] * V

    return draw
