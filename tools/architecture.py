"""The picture of the architecture: which module stands where, from data to chapter.

`python -m tools.architecture` draws `_assets/architecture.svg` from the pages of the
reference (`tools.api`), so that the two agree. The picture brings its own background:
it reads the same on a light and on a dark page.
"""

from __future__ import annotations

from html import escape
from textwrap import wrap

from lib.store import replace
from tools.api import GROUPS
from tools.api import modules_of as in_pages
from tools.book import REPOSITORY

FILE = REPOSITORY / "_assets" / "architecture.svg"

STAGES = {
    "data": ("data",),
    "problem": ("problem", "tools"),
    "arrangement": ("arrangement",),
    "oracle": ("oracle",),
    "solvers": ("frank_wolfe", "closed_form", "copositive", "recover", "sgd"),
    "certificate": ("certificate",),
    "experiments": ("experiments",),
    "figures": ("figures",),
    "chapter": (),
}
"""The boxes, in the order in which data flow, and their pages of the reference."""

REMARKS = {
    "solvers": "they never import each other",
    "certificate": "imports no solver, so no proof depends on how a network was found",
    "experiments": "solvers side by side, and judged",
    "figures": "draw results, compute nothing",
    "chapter": "MyST text: state, prove, compute, certify, draw, ask",
}

COLUMNS, WIDTH, GAP = 3, 218, 26
LINE, HEAD, FOOT = 19, 52, 12
LETTERS = 24
"""Letters in a line of a box, at most."""

STYLE = """\
text { font-family: sans-serif; fill: #1b1f24; font-size: 15px }
.name { font-size: 19px; font-weight: bold }
.remark { font-style: italic; fill: #3d444d }
.box { fill: #eef3fa; stroke: #2f5d9b; stroke-width: 1.5 }
.page { fill: #ffffff }
.flow { fill: none; stroke: #1b1f24; stroke-width: 2 }
.tip { fill: #1b1f24 }
"""


def drawing() -> str:
    """Draw the picture as SVG."""
    width, height = COLUMNS * (WIDTH + GAP) + GAP, _top(len(STAGES))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'role="img" aria-labelledby="title desc">',
        '<title id="title">The architecture of the book</title>',
        f'<desc id="desc">{escape(" to ".join(STAGES))}.</desc>',
        f"<style>\n{STYLE}</style>",
        f'<rect class="page" width="{width}" height="{height}" rx="10"/>',
    ]
    parts += [_box(place, name) for place, name in enumerate(STAGES)]
    parts += [_arrow(place) for place in range(len(STAGES) - 1)]
    return "\n".join([*parts, "</svg>"]) + "\n"


def modules_of(stage: str) -> list[str]:
    """List the modules and packages in a box, or what is in its only package."""
    groups = [GROUPS[page] for page in STAGES[stage]]
    names = [name for group in groups for name in group.modules]
    if len(names) == 1:
        found = in_pages(groups[0], REPOSITORY / "lib")
        return [
            name.rpartition(".")[2] for name in found if name.count(".") > 1
        ] or names
    return names


def _lines(name: str) -> list[tuple[str, str]]:
    """List the lines of a box: their style and their text."""
    remark = wrap(REMARKS.get(name, ""), LETTERS)
    modules = wrap(", ".join(modules_of(name)), LETTERS, break_on_hyphens=False)
    return [*(("remark", line) for line in remark), *(("", line) for line in modules)]


def _height(row: int) -> int:
    """Return the height of the boxes of a row, that of the fullest."""
    names = list(STAGES)[row * COLUMNS : (row + 1) * COLUMNS]
    return HEAD + LINE * (max(len(_lines(name)) for name in names) - 1) + FOOT


def _top(place: int) -> int:
    """Return where the row of a box begins; past the last one, where the page ends."""
    rows = -(-place // COLUMNS) if place == len(STAGES) else place // COLUMNS
    return GAP + sum(_height(row) + GAP for row in range(rows))


def _corner(place: int) -> tuple[int, int]:
    """Return the upper left corner of a box."""
    return GAP + place % COLUMNS * (WIDTH + GAP), _top(place)


def _box(place: int, name: str) -> str:
    """Draw a box with the remark on it and its modules."""
    (x, y), height = _corner(place), _height(place // COLUMNS)
    text = "\n".join(
        f'<text class="{kind}" x="{x + 14}" y="{y + HEAD + LINE * k}">'
        f"{escape(line)}</text>"
        for k, (kind, line) in enumerate(_lines(name))
    )
    size = f'width="{WIDTH}" height="{height}"'
    frame = f'<rect class="box" x="{x}" y="{y}" {size} rx="6"/>'
    return (
        f'{frame}\n<text class="name" x="{x + 14}" y="{y + 28}">{name}</text>\n{text}'
    )


def _arrow(place: int) -> str:
    """Draw the arrow from a box to the next, around the end of a row if need be."""
    (x, y), height = _corner(place), _height(place // COLUMNS)
    to_x, to_y = _corner(place + 1)
    if to_y == y:
        middle = y + height // 2
        path = f"M{x + WIDTH} {middle} H{to_x - 9}"
        tip = f"M{to_x - 1} {middle} l-10 -5 v10 z"
    else:
        into = to_x + WIDTH // 2
        path = f"M{x + WIDTH // 2} {y + height} v{GAP // 2} H{into} V{to_y - 9}"
        tip = f"M{into} {to_y - 1} l-5 -10 h10 z"
    return f'<path class="flow" d="{path}"/><path class="tip" d="{tip}"/>'


def main() -> None:
    """Write the picture."""
    replace(FILE, drawing().encode())
    print(f"Drawn: {FILE.relative_to(REPOSITORY)}")


if __name__ == "__main__":
    main()
