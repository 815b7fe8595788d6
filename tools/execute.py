"""Execute one chapter in a process of its own.

`python -m tools.execute SCRATCH` reads `SCRATCH/job.json` and leaves the notebook in
`SCRATCH/raw.ipynb` and the result in `SCRATCH/result.json`. A process a chapter
because papermill's working directory is the process's, because its peak memory can
then be told, and because one that is killed takes no other with it.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from tools.book import REPOSITORY

RAW = "raw.ipynb"
RESULT = "result.json"
JOB = "job.json"
LOG = "worker.log"

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


def start(scratch: Path, source: Path, parameters: dict[str, Any]) -> subprocess.Popen:
    """Start the process that executes the text notebook ``source``."""
    scratch.mkdir(parents=True)
    job = {"source": str(source), "parameters": parameters, "parent": os.getpid()}
    (scratch / JOB).write_text(json.dumps(job), encoding="utf-8")
    with (scratch / LOG).open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "tools.execute", str(scratch)],
            cwd=REPOSITORY,
            env=environment(scratch),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def read_result(scratch: Path, status: int) -> dict[str, Any]:
    """Read how a process ended, also when it could not say so itself."""
    try:
        return json.loads((scratch / RESULT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        log = (scratch / LOG).read_text(errors="replace").strip()
        end = f"\n{log[-2000:]}" if log else ""
        return {"error": f"its process ended with exit status {status}{end}"}


def execute(job: dict[str, Any]) -> dict[str, Any]:
    """Execute a job in the current folder and describe how it went."""
    import papermill

    from tools.chapter import read_chapter

    source = Path(job["source"])
    began = time.perf_counter()
    error = None
    try:
        papermill.execute_notebook(
            read_chapter(source),
            RAW,  # relative: papermill would fill in braces of an absolute path
            parameters=job["parameters"],
            kernel_name="python3",
            cwd=str(source.parent),
            progress_bar=False,
            record_timing=False,
            coalesce_streams=True,
        )
    except Exception as failure:
        error = _one_line(failure)
    seconds = time.perf_counter() - began
    return {"error": error, "seconds": seconds, "peak_mib": _peak_of_children()}


def _one_line(failure: Exception) -> str:
    """Name an error and its message, as the notebook saw them."""
    name = getattr(failure, "ename", type(failure).__name__)
    text = getattr(failure, "evalue", str(failure))
    return f"{name}: {text}".strip()


def _peak_of_children() -> float:
    """Tell the peak memory of the kernel, which has ended, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return peak / unit


def _end_with(parent: int) -> None:
    """End this process when the one that started it is gone."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Execute the job in the folder named on the command line."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    os.chdir(sys.argv[1])
    job = json.loads(Path(JOB).read_text(encoding="utf-8"))
    threading.Thread(target=_end_with, args=[job["parent"]], daemon=True).start()
    result = execute(job)
    Path(RESULT).write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main()
