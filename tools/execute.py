"""Execute one chapter in a process of its own.

`python -m tools.execute SCRATCH JOB` leaves the notebook in `SCRATCH/raw.ipynb` and
the result in `SCRATCH/result.json`. A process a chapter because papermill's working
directory is the process's, because its peak memory can then be told, and because one
that is killed takes no other with it.
"""

from __future__ import annotations

import ast
import json
import os
import re
import resource
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tools.book import REPOSITORY

RAW = "raw.ipynb"
RESULT = "result.json"

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)
"""One thread of linear algebra, so that sums are taken in the same order each time."""

REPRODUCIBLE = {
    "SOURCE_DATE_EPOCH": "0",  # matplotlib's date in SVG
    "PYTHONHASHSEED": "0",
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
    "TQDM_DISABLE": "1",  # a bar is for a reader at the keyboard, not for the page
}
FOREIGN = ("PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME")
"""Settings of the user that would let other code into the chapters."""

PERIOD = 0.5
"""Seconds between looks at whether a run is still wanted."""

PATIENCE = 5
"""Seconds that a process has to end when it is asked to."""


def environment(scratch: Path) -> dict[str, str]:
    """Make the environment variables under which a chapter runs."""
    own = {
        "PYTHONNOUSERSITE": "1",
        "IPYTHONDIR": str(scratch / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(scratch / "runtime"),
        # first on Jupyter's path, so that `python3` is this environment's kernel
        "JUPYTER_PATH": str(Path(sys.prefix) / "share" / "jupyter"),
    }
    inherited = {k: v for k, v in os.environ.items() if k not in FOREIGN}
    return inherited | ONE_THREAD | REPRODUCIBLE | own


def run(
    scratch: Path, source: Path, parameters: dict[str, Any], wanted: Callable[[], bool]
) -> tuple[bytes | None, dict[str, Any]]:
    """Execute a text notebook in a process; return its notebook and how it ended.

    The process is ended when the run is no longer ``wanted``, and with this one.
    """
    job = json.dumps([str(source), parameters, os.getpid()])
    with (scratch / "worker.log").open("w+b") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tools.execute", str(scratch), job],
            cwd=REPOSITORY,
            env=environment(scratch),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        status = _wait(process, wanted)
        log.seek(0)
        said = log.read().decode(errors="replace").strip()[-2000:]
    try:
        result = json.loads((scratch / RESULT).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # it could not say so itself
        error = f"its process ended with exit status {status}\n{said}"
        result = {"error": error.strip()}
    raw = scratch / RAW
    return raw.read_bytes() if raw.exists() else None, result


def _wait(process: subprocess.Popen, wanted: Callable[[], bool]) -> int:
    """Wait for a process while it is wanted; leave none behind."""
    while process.poll() is None and wanted():
        with suppress(subprocess.TimeoutExpired):
            process.wait(PERIOD)
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        return process.wait(PATIENCE)
    process.kill()
    return process.wait()


def execute(source: Path, parameters: dict[str, Any], raw: Path) -> dict[str, Any]:
    """Execute a text notebook, write it as it grows, and describe how it went."""
    import papermill

    from tools.chapter import read_chapter

    began = time.perf_counter()
    error = None
    try:
        papermill.execute_notebook(
            read_chapter(source),
            # papermill fills in what stands between braces
            str(raw).replace("{", "{{").replace("}", "}}"),
            parameters=parameters,
            kernel_name="python3",
            cwd=str(source.parent),
            progress_bar=False,
            record_timing=False,
            coalesce_streams=True,
        )
    except Exception as failure:
        error = _in_words(failure)
    seconds = time.perf_counter() - began
    return {"error": error, "seconds": seconds, "peak_mib": _peak_of_children()}


def _in_words(failure: Exception) -> str:
    """Name an error, its message, and the statement of the cell that raised it."""
    name = getattr(failure, "ename", type(failure).__name__)
    text = getattr(failure, "evalue", str(failure))
    said = f"{name}: {text}" if text else name
    place = re.search(r"Cell In\[\d+\], line (\d+)", str(failure))
    at = place and f", at `{_statement(failure.source, int(place[1]))}`"
    return f"{said}{at or ''}"


def _statement(source: str, line: int) -> str:
    """Return the statement of a line of a cell, put in one line."""
    code = source.splitlines()[line - 1]
    with suppress(SyntaxError):  # not all of a cell need be Python
        for node in ast.walk(ast.parse(source)):
            simple = isinstance(node, ast.stmt) and not hasattr(node, "body")
            if simple and node.lineno <= line <= node.end_lineno:
                code = ast.get_source_segment(source, node)
    return textwrap.shorten(code, 200)


def _peak_of_children() -> float:
    """Tell the peak memory of the kernel, which has ended, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return peak / unit


def _end_with(parent: int) -> None:
    """End this process when the one that started it is gone."""
    while os.getppid() == parent:
        time.sleep(PERIOD)
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Execute the job of the command line.

    Its paths are absolute: what is written never depends on where papermill is.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    scratch, (source, parameters, parent) = Path(sys.argv[1]), json.loads(sys.argv[2])
    threading.Thread(target=_end_with, args=[parent], daemon=True).start()
    result = execute(Path(source), parameters, scratch / RAW)
    (scratch / RESULT).write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main()
