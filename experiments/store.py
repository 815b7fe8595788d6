"""Results of experiments on disk, found again by what they depend on."""

from __future__ import annotations

import ast
import csv
import inspect
import io
import os
import platform
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np

from experiments.result import Result
from lib import store
from lib.data.paper import DATA

ROOT = Path(__file__).resolve().parents[1]
FOLDER = Path(os.environ.get("BOOK_EXPERIMENTS", ROOT / "_build" / "experiments"))
"""Where results are kept unless told otherwise, by the variable or by ``folder=``."""

PACKAGES = ("numpy", "scipy", "torch", "clarabel")
"""What computes the results."""

OURS = ("lib", "experiments")
"""The packages whose code a result depends on."""

SCALARS = (bool, int, float, str)


@dataclass(frozen=True)
class Run:
    """How a result came about.

    Parameters
    ----------
    key : str
        Hash of the parameters, the code and the data that it depends on.
    sha256 : str
        Of the file with the arrays.
    experiment : str
        The function, by its module and name.
    parameters : dict
        All of them, the seed included, defaults filled in.
    seconds, cpu_seconds : float
        Wall and processor time of the run.
    date : str
        When, in UTC.
    versions, machine : dict
        With what, and where.
    """

    key: str
    sha256: str
    experiment: str
    parameters: dict[str, Any]
    seconds: float
    cpu_seconds: float
    date: str
    versions: dict[str, str]
    machine: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Stored:
    """A result, how it came about, and whether it was found on disk.

    Parameters
    ----------
    result : Result
    run : Run
    found : bool
    """

    result: Any
    run: Run
    found: bool


def cached(
    experiment: Callable[..., Any], *, folder: Path = FOLDER, **parameters: Any
) -> Stored:
    """Run an experiment, or take its result from disk if nothing has changed.

    The result is a :class:`Result` of arrays and plain values. It is kept as
    ``NAME-KEY.npz``, with its :class:`Run` beside it in ``.json`` and its table, tidy
    columns of the same numbers, in ``.csv``. The key hashes the parameters, the source
    of every module of ``lib`` and ``experiments`` that the experiment reaches, the
    hashes of the images, and the versions of the packages. A file that is damaged is
    made again.

    Parameters
    ----------
    experiment : callable
        Of this package; its return annotation is the type of the result.
    folder : Path
        Where results are kept. Long descents leave checkpoints there, too.
    **parameters
        Of the experiment.

    Raises
    ------
    TypeError
        If the experiment has no such parameter, or a result holds other types.
    ValueError
        If the experiment is in neither package.
    """
    bound = inspect.signature(experiment).bind(**parameters)
    bound.apply_defaults()
    told = {k: v for k, v in bound.arguments.items() if k != "checkpoint"}
    key = _key(experiment, told)
    path = folder / f"{experiment.__name__}-{key[:16]}.npz"
    run = store.read_record(Run, path)
    if run is not None and run.key == key:
        kind = get_type_hints(experiment)["return"]
        return Stored(load_result(kind, path), run, True)
    resumable = "checkpoint" in bound.arguments
    resume = {"checkpoint": path.with_suffix("")} if resumable else {}
    wall, cpu = time.perf_counter(), time.process_time()
    result = experiment(**(told | resume))
    times = time.perf_counter() - wall, time.process_time() - cpu
    run = _write(path, result, (experiment, key, told, times))
    if resumable:
        shutil.rmtree(path.with_suffix(""), ignore_errors=True)
    return Stored(result, run, False)


def _write(path: Path, result: Result, about: tuple) -> Run:
    """Save a result with its record and its table."""
    experiment, key, parameters, (seconds, cpu_seconds) = about
    save_result(path, result)
    run = Run(
        key,
        store.sha256(path.read_bytes()),
        f"{experiment.__module__}.{experiment.__name__}",
        {name: _plain(value) for name, value in parameters.items()},
        round(seconds, 2),
        round(cpu_seconds, 2),
        store.now(),
        _versions(),
        store.machine(),
    )
    store.write_record(path, run)
    if columns := result.table():
        _write_table(path.with_suffix(".csv"), columns)
    return run


def save_result(path: Path, result: Any) -> None:
    """Write the fields of a result to an .npz, whole or not at all.

    Raises
    ------
    TypeError
        If a field is neither an array nor a plain value.
    """
    arrays = {}
    for field in fields(result):
        value = getattr(result, field.name)
        if not isinstance(value, (np.ndarray, *SCALARS)) or _is_object(value):
            raise TypeError(
                f"Fields of a result must be arrays or plain values; got "
                f"{field.name} of type {type(value).__name__}. Split it up."
            )
        arrays[field.name] = np.asarray(value)
    store.write_arrays(path, arrays)


def _is_object(value: Any) -> bool:
    """Tell whether an array holds Python objects, which only pickle could save."""
    return isinstance(value, np.ndarray) and value.dtype == object


def load_result(kind: type, path: Path) -> Any:
    """Read a result back, bit for bit.

    Raises
    ------
    ValueError
        If the file is damaged or holds other fields.
    """
    arrays = store.read_arrays(path)
    names = {field.name for field in fields(kind)}
    if set(arrays) != names:
        odd = sorted(names ^ set(arrays))
        raise ValueError(
            f"{path} must hold the fields of {kind.__name__}; it differs in {odd}. "
            "Delete it to run the experiment again."
        )
    hints = get_type_hints(kind)
    plain = {name for name in names if hints[name] in SCALARS}
    return kind(**{k: v.item() if k in plain else v for k, v in arrays.items()})


def _write_table(path: Path, columns: dict[str, Any]) -> None:
    """Write columns of equal length as CSV, numbers in full."""
    with (
        store.written_whole(path) as whole,
        io.TextIOWrapper(whole, newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*(np.asarray(c).tolist() for c in columns.values())))  # noqa: B905


def _plain(value: Any) -> Any:
    """Return a parameter as JSON has it."""
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value.item() if isinstance(value, np.generic) else value


def _versions() -> dict[str, str]:
    """Return the versions of what computes."""
    return store.versions(PACKAGES) | {"python": platform.python_version()}


def _key(experiment: Callable[..., Any], parameters: dict[str, Any]) -> str:
    """Hash everything that a result depends on."""
    told = {name: _plain(value) for name, value in parameters.items()}
    head = [experiment.__name__, told, _versions(), platform.machine()]
    sources = sources_of(experiment.__module__)
    return store.content_keys([*sources, *sorted(DATA.glob("*.json"))], [head])[0]


def sources_of(module: str) -> list[Path]:
    """List the files of a module and of all that it reaches in our packages.

    Parameters
    ----------
    module : str
        Dotted name, in ``lib`` or ``experiments``.

    Raises
    ------
    ValueError
        If it is in neither: its code could change unnoticed.

    Notes
    -----
    A module reaches what it imports, anywhere in it, and the packages within ``lib``
    that hold those modules. The list in ``experiments/__init__.py`` is not reached, so
    that an experiment does not depend on the others.
    """
    if module.split(".")[0] not in OURS or _path(module) is None:
        raise ValueError(
            f"An experiment must be in a module of {' or '.join(OURS)}, whose code its "
            f"key follows; got one in {module!r}. Move it into a file of experiments/."
        )
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = _path(name)
        if name not in found and path is not None:
            found[name] = path
            waiting += _imports(path)
    return sorted(found.values())


def _path(module: str) -> Path | None:
    """Return the file of a module of ours; None if the name is none."""
    stem = ROOT.joinpath(*module.split("."))
    files = stem.with_suffix(".py"), stem / "__init__.py"
    return next((path for path in files if path.is_file()), None)


def _imports(path: Path) -> Iterator[str]:
    """Yield names that a file imports from our packages, and packages that hold them.

    What is imported from a package may be a module of it, so its name is yielded, too.
    """
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for parts in (name.split(".") for name in names):
            if parts[0] in OURS:
                yield from (".".join(parts[:k]) for k in range(2, len(parts) + 1))
