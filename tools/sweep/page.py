"""The summary of a sweep: one page of HTML with its plots, which needs nothing else."""

from __future__ import annotations

import io
import statistics
from collections import Counter, defaultdict
from html import escape
from itertools import product
from typing import Any

import matplotlib.pyplot as plt

from lib.figures import COLOURS, use_book_style
from lib.store import replace
from tools.sweep.folder import SHORT, STATES, Folder
from tools.sweep.gather import Row, columns, number

MOST_PANELS = 48
"""Plots on a page; the table has the rest."""

DECADES = 100
"""Positive values that differ by more than this factor get a logarithmic axis."""

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 75em; margin: 2em auto;
  padding: 0 1em; color: #1a1a1a; background: #fff; }
table { border-collapse: collapse; font-size: 14px; }
th, td { border-bottom: 1px solid #ccc; padding: .2em .7em; text-align: left;
  vertical-align: top; white-space: pre-wrap; }
div.wide { overflow-x: auto; }
figure { display: inline-block; margin: 0 1em 1em 0; }
.failed, .lost { color: #a00; }
"""


def write_page(folder: Folder, stem: str, rows: list[Row]) -> None:
    """Write index.html: how many runs there are, the plots, and the table."""
    plt.switch_backend("Agg")  # there may be no screen
    counts = Counter(row.status for row in rows)
    told = ", ".join(f"{counts[s]} {s}" for s in STATES if counts[s])
    title = f"Sweep of {stem}"
    page = f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>
<style>{STYLE}</style></head><body>
<h1>{escape(title)}</h1>
<p>{len(rows)} runs: {told}. The same as <a href="table.csv">table.csv</a>.</p>
{_plots(rows)}
<h2>Runs</h2>
<div class="wide" tabindex="0">{_table(folder, rows)}</div>
</body></html>
"""
    content = page.encode("utf-8", "backslashreplace")
    replace(folder.root / "index.html", content)


def _table(folder: Folder, rows: list[Row]) -> str:
    """Write the table of runs, the key a link to the notebook if there is one."""
    table = columns(rows)
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in table[0])
    lines = []
    for row in table:
        cells = [f"<td>{escape(_shown(value))}</td>" for value in row.values()]
        cells[0] = f"<td>{_link(folder, row['key'])}</td>"
        lines.append(f'<tr class="{row["status"]}">{"".join(cells)}</tr>')
    return f"<table><tr>{head}</tr>\n{chr(10).join(lines)}</table>"


def _link(folder: Folder, key: str) -> str:
    """Write the short key, linked to its notebook."""
    path = folder.notebook(key)
    if path is None:
        return key[:SHORT]
    return f'<a href="{path.relative_to(folder.root).as_posix()}">{key[:SHORT]}</a>'


def _shown(value: Any) -> str:
    """Write a value for a reader."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _plots(rows: list[Row]) -> str:
    """Draw each glued number against each parameter that varies."""
    done = [row for row in rows if row.results]
    results = _varying([row.results for row in done])
    parameters = _varying([row.parameters for row in done])
    pairs = list(product(results, parameters))
    if not pairs:
        return "<p>No glued number varies with a parameter: nothing to plot.</p>"
    figures = [_figure(done, *pair) for pair in pairs[:MOST_PANELS]]
    left = len(pairs) - MOST_PANELS
    rest = f"<p>{left} more plots are left out; the table has all.</p>" * (left > 0)
    caption = "A dot is a run; the line joins the medians."
    return f"<h2>Plots</h2><p>{caption}</p>{''.join(figures)}{rest}"


def _varying(mappings: list[dict[str, Any]]) -> list[str]:
    """List the names with at least two different numbers."""
    values = defaultdict(set)
    for mapping in mappings:
        for name, value in mapping.items():
            if number(value):
                values[name].add(value)
    return [name for name, different in values.items() if len(different) > 1]


def _figure(rows: list[Row], result: str, parameter: str) -> str:
    """Draw a number against a parameter as SVG, described in words."""
    points = sorted(
        (row.parameters[parameter], row.results[result])
        for row in rows
        if number(row.parameters[parameter]) and number(row.results.get(result))
    )
    use_book_style()
    fig, ax = plt.subplots(figsize=(4, 3))
    _draw(ax, points)
    ax.set_xlabel(parameter)
    ax.set_ylabel(result)
    text = io.StringIO()
    fig.savefig(text, format="svg", metadata={"Date": None})
    plt.close(fig)
    svg = text.getvalue()[text.getvalue().index("<svg") :]
    x, y = (list(side) for side in zip(*points, strict=True))
    alt = (
        f"{result} against {parameter}: {len(points)} runs, {parameter} from "
        f"{min(x):.6g} to {max(x):.6g}, {result} from {min(y):.6g} to {max(y):.6g}."
    )
    label = f'<svg role="img" aria-label="{escape(alt)}"'
    return f"<figure>{svg.replace('<svg', label, 1)}</figure>\n"


def _draw(ax: plt.Axes, points: list[tuple[float, float]]) -> None:
    """Draw the runs as dots and a line through the medians."""
    at = defaultdict(list)
    for x, y in points:
        at[x].append(y)
    middles = [statistics.median(ys) for ys in at.values()]
    ax.plot(*zip(*points, strict=True), "o", color=COLOURS["bound"], markersize=4)
    ax.plot(list(at), middles, color=COLOURS["frank_wolfe"])
    for axis, values in (("x", list(at)), ("y", [y for _, y in points])):
        if min(values) > 0 and max(values) / min(values) > DECADES:
            ax.set(**{f"{axis}scale": "log"})
