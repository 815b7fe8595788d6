"""Results on disk: files written whole, keys of their content, records beside them."""

import hashlib
import json
import os
import platform
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np

from lib.numerics import Array

Record = TypeVar("Record")
"""A dataclass of plain values, with the ``key`` and the ``sha256`` of its file."""

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


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write arrays to an .npz, whole or not at all."""
    with written_whole(path) as file:
        np.savez(file, **arrays)


def read_arrays(
    path: Path, remedy: str = "Delete it to start afresh."
) -> dict[str, Array]:
    """Read an .npz, or an .npy by its own name; nothing in it is ever executed.

    Raises
    ------
    ValueError
        If the file is cut short, damaged or of another kind; ``remedy`` ends the
        message.
    """
    try:
        stored = np.load(path, allow_pickle=False)
        if isinstance(stored, np.ndarray):
            return {path.stem: stored}
        with stored:
            return dict(stored)
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path} must be a whole {path.suffix} file of numbers; got one that "
            f"cannot be read ({error}). {remedy}"
        ) from error


def fingerprint(parts: Iterable[Array | str]) -> str:
    """Hash arrays and words, with their shapes and types."""
    digest = hashlib.sha256()
    for part in parts:
        array = np.ascontiguousarray(part)
        digest.update(f"{array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def content_keys(files: Iterable[Path], many: Iterable[Any]) -> list[str]:
    """Hash files, by name and content, and what JSON can say of the rest.

    Parameters
    ----------
    files : iterable of Path
        In an order that does not depend on the machine; read once.
    many : iterable of object
        For each run its parameters and versions: all else that a result depends on.
    """
    content = hashlib.sha256()
    for path in files:
        read = path.read_bytes()
        content.update(f"{path.name} {len(read)}\n".encode() + read)
    found = []
    for told in many:
        digest = content.copy()
        digest.update(json.dumps(told, sort_keys=True).encode())
        found.append(digest.hexdigest())
    return found


def sha256(content: bytes) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def write_record(path: Path, record: Any) -> None:
    """Write a dataclass of plain values beside a file, with the suffix .json."""
    text = json.dumps(asdict(record), indent=1) + "\n"
    replace(path.with_suffix(".json"), text.encode())


def read_record(kind: type[Record], path: Path) -> Record | None:
    """Read the record beside a file; None unless it is whole and fits the file.

    A file that was cut short or edited does not match the ``sha256`` of its record,
    one that is missing counts as empty, and a record that cannot be read is none; each
    way the run is to be made again.
    """
    try:
        record = kind(**json.loads(path.with_suffix(".json").read_text("utf-8")))
        content = path.read_bytes() if path.exists() else b""
    except (OSError, ValueError, TypeError):
        return None
    return record if record.sha256 == sha256(content) else None


def now() -> str:
    """Return date and time in UTC, to the minute."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Return the installed version of each package."""
    return {name: metadata.version(name) for name in packages}


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
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    name = re.search(r"model name\s*: (.+)", text)
    return name[1].strip() if name else platform.processor() or "unknown"
