"""A reader's own samples and trained weights, read from files without running them.

Only plain numbers are read: CSV, ``.npy`` and ``.npz`` without pickled objects. The
files in which PyTorch saves models are pickles, which can run code when loaded.
"""

import csv
from pathlib import Path

import numpy as np

from lib.networks.torch_networks import SAVE_WEIGHTS, from_state
from lib.numerics import Array
from lib.problem import Network, as_matrix
from lib.store import read_arrays

FORMS = "a .csv, an .npz with X and Y, or a folder with X.npy and Y.npy"

SAVE_ARRAYS = "Save float arrays with numpy, not objects."


def read_data(path: str | Path) -> tuple[Array, Array]:
    """Read samples and targets from files.

    Parameters
    ----------
    path : str or Path
        A CSV file whose header names its columns ``x...`` and ``y...``, in any order;
        an ``.npz`` with arrays X and Y; or a folder with ``X.npy`` and ``Y.npy``.

    Returns
    -------
    X : (n, d) array
        Columns in the order of the file.
    Y : (n, c) array

    Raises
    ------
    FileNotFoundError
        If the file, or one of the two, does not exist.
    ValueError
        If the form is another, a column has no place, an entry is no finite number,
        an array holds Python objects, or the numbers of rows differ.
    """
    path = _existing(path, FORMS)
    if path.is_dir():
        files = [_existing(path / f"{k}.npy", f"array {k}") for k in "XY"]
        X, Y = (read_arrays(file, SAVE_ARRAYS)[file.stem] for file in files)
    elif path.suffix == ".npz":
        X, Y = _read_archive(path)
    elif path.suffix == ".csv":
        X, Y = _read_table(path)
    else:
        raise ValueError(f"Data must be {FORMS}; got {path}. Convert the file.")
    X, Y = as_matrix(f"X of {path.name}", X), as_matrix(f"Y of {path.name}", Y)
    if len(X) != len(Y):
        raise ValueError(
            f"X and Y of {path.name} must have one row per sample each; got X "
            f"{X.shape} and Y {Y.shape}. Transpose one of them or drop rows."
        )
    return X, Y


def read_network(path: str | Path) -> Network:
    """Read the weights of a two-layer ReLU network from an ``.npz``.

    Parameters
    ----------
    path : str or Path
        Either arrays U, (m, d), and V, (m, c), or the state dict of
        ``torch.nn.Sequential(Linear, ReLU, Linear)``. A bias of its first layer
        becomes the weight of a last input that is one.

    Returns
    -------
    Network

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no ``.npz`` of numbers, holds other layers, the shapes do not fit, or
        the last layer has a bias that is not zero.
    """
    path = _existing(path, "an .npz with weights")
    if path.suffix != ".npz":
        raise ValueError(
            f"Weights must be an .npz of numbers; got {path}. PyTorch's own files are "
            f"pickles, which can run code. {SAVE_WEIGHTS}"
        )
    arrays = read_arrays(path, SAVE_ARRAYS)
    if {"U", "V"} <= set(arrays):
        return Network(arrays["U"], arrays["V"])
    return from_state(dict(sorted(arrays.items())), path.name)


def _existing(path: str | Path, what: str) -> Path:
    """Return the path if there is something, else say what was looked for."""
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(
            f"There must be {what} at the path; got {str(path)!r}, where nothing is. "
            f"Relative paths start from {Path.cwd()}."
        )
    return path


def _read_archive(path: Path) -> tuple[Array, Array]:
    """Return X and Y of an archive, or say which arrays there are."""
    arrays = read_arrays(path, SAVE_ARRAYS)
    if not {"X", "Y"} <= set(arrays):
        raise ValueError(
            f"{path.name} must hold arrays X and Y; got "
            f"{', '.join(sorted(arrays)) or 'nothing'}. Write it with np.savez(path, "
            "X=X, Y=Y)."
        )
    return arrays["X"], arrays["Y"]


def _read_table(path: Path) -> tuple[Array, Array]:
    """Read a CSV file with a header of x and y columns."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = [row for row in csv.reader(file) if row]
    names = [name.strip() for name in rows[0]] if rows else []
    kinds = [name[:1].lower() for name in names]
    if not {"x", "y"} == set(kinds):
        raise ValueError(
            f"The header of {path.name} must name columns x... and y..., such as "
            f"x1,x2,y; got {', '.join(names) or 'nothing'}. Rename or drop columns."
        )
    table = np.array([_numbers(row, names, k) for k, row in enumerate(rows[1:], 2)])
    if len(table) == 0:
        raise ValueError(f"{path.name} must have rows below its header; got none.")
    pick = np.array(kinds)
    return table[:, pick == "x"], table[:, pick == "y"]


def _numbers(row: list[str], names: list[str], line: int) -> list[float]:
    """Return the numbers of a row, or say where there is none."""
    if len(row) != len(names):
        raise ValueError(
            f"Each row must have {len(names)} entries, as the header has; got "
            f"{len(row)} in row {line}. Quote entries that contain commas."
        )
    numbers = []
    for name, entry in zip(names, row, strict=True):
        try:
            numbers.append(float(entry))
        except ValueError as error:
            raise ValueError(
                f"Every entry must be a number; got {entry!r} in row {line}, column "
                f"{name}. Encode words as numbers and fill or drop what is missing."
            ) from error
    return numbers
