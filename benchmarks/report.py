"""Write what was measured: the numbers, a table to read, and the figure."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.measure import Row
from lib.store import replace
from tools import benchmark

TITLE = "# Results of `make benchmark`\n\nThe book explains what is compared.\n\n"


def write(results: Row, folder: Path) -> None:
    """Write `results.json`, `results.md` and `results.svg` into a folder."""
    numbers = json.dumps(results, indent=1, ensure_ascii=False, allow_nan=False)
    replace(folder / "results.json", f"{numbers}\n".encode())
    replace(folder / "results.md", (TITLE + benchmark.tables(results)).encode())
    if benchmark.done(results):
        replace(folder / "results.svg", benchmark.draw(results).encode())
