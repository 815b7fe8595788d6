"""Recompute the numbers that the book states, and compare.

`python -m tools.reproduce` runs the chapters anew in `_build/reproduce`, with no stored
result of an experiment at hand, compares what they glue with `numbers.yml`, and writes
`_build/reproduce/report.md`. The exit status is 1 if a number differs.

`python -m tools.reproduce --write` does the opposite: it takes the values from the
executed book into `numbers.yml`, adds what the text shows anew, and keeps the
tolerances, limits and reasons there.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any

from lib.store import replace
from tools import numbers, record
from tools.book import REPOSITORY, Book, BookError, add_book_option, attempt
from tools.chapter import find, read_data, read_parameters
from tools.glued import read_glued, shown_in_prose
from tools.numbers import Stated, Values, Verdict
from tools.run_notebooks import at_least
from tools.status import distinct
from tools.template import written

EXPERIMENTS = "BOOK_EXPERIMENTS"
"""The variable that names the folder where experiments keep results."""

REFUSED = (2, 130)
"""Exit statuses of `tools.run_notebooks` that leave nothing to compare."""

PLAIN_KEY = re.compile(r"[A-Za-z_]\w*")


def run(book: Book, stems: list[str], jobs: int) -> Path:
    """Run chapters anew; return the folder with those that did not fail."""
    folder = book.build / "reproduce"
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "tools.run_notebooks", "--force"]
    command += ["--root", str(book.root), "--out", str(folder / "executed")]
    command += ["--params", str(book.root / numbers.PARAMETERS), "--jobs", str(jobs)]
    command += [word for stem in stems for word in ("--only", stem)]
    fresh = os.environ | {EXPERIMENTS: str(folder / "experiments")}
    status = subprocess.run(command, cwd=REPOSITORY, env=fresh).returncode
    if status in REFUSED:
        raise BookError("The chapters were not run; the lines above say why.")
    return folder / "executed"


def values_in(folder: Path, stems: Iterable[str]) -> dict[str, Values]:
    """Read what executed chapters glued; those that failed are left out."""
    paths = {stem: record.paths(folder, stem)[0] for stem in stems}
    return {stem: read_glued(path) for stem, path in paths.items() if path.is_file()}


def reproduce(book: Book, stems: list[str], jobs: int) -> int:
    """Run, compare, report; return the exit status."""
    stated = numbers.read(book)
    folder = run(book, stems, jobs)
    values = values_in(folder, stems)
    verdicts = {
        stem: [numbers.judge(one, values.get(stem, {})) for one in stated.of(stem)]
        for stem in stems
    }
    failed = [stem for stem in stems if stem not in values]
    records = {stem: record.read(folder, stem) for stem in values}
    path = folder.parent / "report.md"
    replace(path, report(stated, verdicts, failed, records).encode())
    print(report(stated, verdicts, failed, records, "summary"))
    print(f"Report: {path}")
    bad = [one for many in verdicts.values() for one in many if not one.good]
    return 1 if bad or failed else 0


def report(
    stated: Stated,
    verdicts: Mapping[str, list[Verdict]],
    failed: list[str],
    records: Mapping[str, record.Record],
    block: str | None = None,
) -> str:
    """Write the report as Markdown, or one block of it."""
    told = {"verdicts": verdicts, "failed": failed, "records": records}
    told |= {"rules": stated.tolerances, "distinct": distinct}
    return written(Path(__file__).with_suffix(".md"), block, **told)


def write(book: Book, stems: list[str]) -> int:
    """Take the values of the executed book into `numbers.yml`; say what changed."""
    numbers.read(book)  # which refuses a file that is wrong
    path = book.root / numbers.FILE
    stated, shown = read_data(path), shown_in_prose(book)
    own = read_parameters(book.root / numbers.PARAMETERS, book)
    for stem in stems:
        done = record.read(book.executed, stem)
        key = record.key(book, book.chapters()[stem], own[stem])
        if done is None or done.key != key:
            raise BookError(
                f"{stem} must have been executed as it stands, with "
                f"{numbers.PARAMETERS}; it has not, or has changed since. Run `make "
                "book`."
            )
    changes = []
    for stem, values in values_in(book.executed, stems).items():
        old = stated["chapters"].get(stem) or {}
        limited = (name for name, entry in old.items() if "limit" in entry)
        names = dict.fromkeys([*shown[stem], *limited])
        new = {name: _renewed(stem, name, old, values) for name in names}
        changes += _changes(stem, old, new)
        stated["chapters"][stem] = new
    stated["chapters"] = {k: v for k in shown if (v := stated["chapters"].get(k))}
    head = takewhile(lambda line: line[:1] == "#", path.read_text("utf-8").splitlines())
    replace(path, "\n".join([*head, *text(stated), ""]).encode())
    print(*(changes or ["Nothing changed."]), sep="\n")
    return 0


def _renewed(stem: str, name: str, old: dict, values: Values) -> dict[str, Any]:
    """Give a number its new value; a new one the tolerance that its kind suggests."""
    if name not in values:
        raise BookError(
            f"{stem} must glue {name}, which the text shows or {numbers.FILE} limits; "
            "it does not. Glue it, or take it out there."
        )
    rule = "exact" if isinstance(values[name], int) else "printed"
    return {"tolerance": rule} | old.get(name, {}) | {"value": values[name]}


def _changes(stem: str, old: dict, new: dict) -> Iterator[str]:
    """Say what changed in a chapter."""
    for name, entry in new.items():
        value = entry["value"]
        if name not in old:
            rule = entry["tolerance"]
            yield f"{stem}: new: {name} = {value}; is '{rule}' right for it?"
        elif old[name]["value"] != value:
            yield f"{stem}: {name}: {old[name]['value']} -> {value}"
    yield from (f"{stem}: gone: {name}" for name in old if name not in new)


def text(stated: Mapping[str, Any]) -> Iterator[str]:
    """Write what is stated as lines of YAML, a line a number."""
    for part in ("tolerances", "uncertified", "chapters"):
        yield from ("", f"{part}:")
        for name, entry in (stated.get(part) or {}).items():
            lines = entry if part == "chapters" else {}
            yield f"  {name}:{'' if lines else f' {_flow(entry)}'}"
            for key, fields in lines.items():
                named = key if PLAIN_KEY.fullmatch(key) else _flow(key)
                yield f"    {named}: {_flow(fields)}"


def _flow(entry: Any) -> str:
    """Write a value, or fields and their values, so that YAML reads them back."""
    if isinstance(entry, dict):
        return "{" + ", ".join(f"{k}: {_flow(v)}" for k, v in entry.items()) + "}"
    return json.dumps(entry, ensure_ascii=False)


def main(arguments: list[str] | None = None) -> int:
    """Reproduce or write; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("chapters", nargs="*", help="numbers or starts of them (default: all)")
    add("--write", action="store_true", help="update numbers.yml from the book")
    add("--jobs", type=at_least(1), default=2, help="chapters at a time (default 2)")
    add_book_option(parser)
    options = parser.parse_args(arguments)
    return attempt(lambda: choose(options.book, options))


def choose(book: Book, options: argparse.Namespace) -> int:
    """Reproduce or write the chapters that are asked for."""
    named = [find(book, name) for name in options.chapters] or book.chapters()
    stems = list(dict.fromkeys(named))
    if options.write:
        return write(book, stems)
    return reproduce(book, stems, options.jobs)


if __name__ == "__main__":
    sys.exit(main())
