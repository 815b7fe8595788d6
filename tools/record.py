"""What is kept beside an executed chapter: its key, and how the run went."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from lib.store import replace
from tools import chapter, execute
from tools.book import Book
from tools.chapter import Parameters

INPUTS = (
    "lib/**/*.py",
    "lib/**/*.mplstyle",
    "experiments/*.py",
    "data/*.json",  # these name the sha256 of the images
    "requirements.lock",
)
PACKAGES = (
    *("numpy", "scipy", "clarabel", "cvxpy", "torch", "matplotlib"),
    *("ipykernel", "papermill", "jupytext", "jupyter-book"),
)


@dataclass(frozen=True)
class Record:
    """How one chapter was executed.

    Attributes
    ----------
    key : str
        Hash of all that the notebook depends on.
    sha256 : str
        Hash of the notebook itself.
    parameters : dict
        What was set from outside.
    seconds, peak_mib : float
        Run time and the kernel's peak memory.
    date : str
        When, in UTC.
    machine, versions : dict
        Where, and with what.
    """

    key: str
    sha256: str
    parameters: dict[str, Any]
    seconds: float
    peak_mib: float
    date: str
    machine: dict[str, Any]
    versions: dict[str, str]


def key(book: Book, source: Path, parameters: Parameters) -> str:
    """Hash everything that the executed notebook of a chapter depends on."""
    return keys(book, source, [parameters])[0]


def keys(book: Book, source: Path, many: Iterable[Parameters]) -> list[str]:
    """Hash everything that runs of a chapter depend on, reading the files once."""
    content = hashlib.sha256(sys.version.encode())
    for path in [source, *_inputs(book)]:
        read = path.read_bytes()
        content.update(f"{path.name} {len(read)}\n".encode() + read)
    found = []
    for parameters in many:
        digest = content.copy()
        digest.update(json.dumps(parameters, sort_keys=True).encode())
        found.append(digest.hexdigest())
    return found


def _inputs(book: Book) -> Iterator[Path]:
    """List the files, besides its own, that a chapter depends on."""
    for pattern in INPUTS:
        yield from sorted(book.root.glob(pattern))
    yield from (Path(module.__file__) for module in (chapter, execute))


def describe(key: str, content: bytes, parameters: Parameters, result: dict) -> Record:
    """Describe a run that has just ended on this machine."""
    return Record(
        key=key,
        sha256=hashlib.sha256(content).hexdigest(),
        parameters=dict(parameters),
        seconds=round(result["seconds"], 1),
        peak_mib=round(result["peak_mib"]),
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        machine=machine(),
        versions={name: metadata.version(name) for name in PACKAGES},
    )


def machine() -> dict[str, Any]:
    """Describe the machine in words that a reader can compare with their own."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "GPU": _gpu(),
        "platform": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


@cache
def _gpu() -> str:
    """Tell the GPU that PyTorch sees, on which gradient descent then runs."""
    if metadata.version("torch").endswith("+cpu"):
        return "none"
    import torch  # here, because it takes a second and 200 MB of each worker

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "none"


def _processor() -> str:
    """Tell the processor's model name, or what the platform knows of it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if "model name" in line]
    return names[0] if names else platform.processor() or "unknown"


def paths(out: Path, stem: str) -> tuple[Path, Path]:
    """Name the files of an executed chapter: the notebook and its record."""
    return out / f"{stem}.ipynb", out / f"{stem}.json"


def read(out: Path, stem: str) -> Record | None:
    """Read the record of an executed chapter, if there is one that fits its notebook.

    A notebook that was cut short or edited does not match its hash, and a record that
    cannot be read is none; either way the chapter is run again.
    """
    notebook, sidecar = paths(out, stem)
    try:
        record = Record(**json.loads(sidecar.read_text(encoding="utf-8")))
        content = notebook.read_bytes()
    except (OSError, ValueError, TypeError):
        return None
    return record if record.sha256 == hashlib.sha256(content).hexdigest() else None


def write(out: Path, stem: str, content: bytes, record: Record) -> None:
    """Put a notebook and its record in place, each whole or not at all."""
    notebook, sidecar = paths(out, stem)
    replace(notebook, content)
    replace(sidecar, (json.dumps(asdict(record), indent=1) + "\n").encode())
