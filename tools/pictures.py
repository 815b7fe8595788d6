"""How wide a picture must be drawn for its smallest text to be read.

On a phone a picture as wide as the screen has text too small to read. Each picture of
the built pages gets, as `--least-width`, the width at which no text of it is below
eight points; `_assets/book.css` draws it so on narrow screens, and lets it scroll.
"""

from __future__ import annotations

import math
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

from tools.book import BookError

LEAST_POINTS = 8.0
PIXELS_A_POINT = 96 / 72
GLYPH_UNITS = 100
"""Units that matplotlib's outlines of letters have to the size of the font."""

SVG = "{http://www.w3.org/2000/svg}"
PICTURE = re.compile(r'<img\b[^>]*\bsrc="(?P<path>[^":]*\.svg)"[^>]*>')
MIRRORED = re.compile(r"scale\((?P<size>[\d.]+) -[\d.]+\)")
"""Scale of a line of text: letters point up, while the page's y points down."""

SHRUNK = re.compile(r"scale\((?P<size>[\d.]+)\)")
"""Scale of a letter in its line: of an index or an exponent."""


def sizes(picture: ElementTree.Element) -> Iterator[float]:
    """List the sizes of the letters of a picture made by matplotlib, in its units."""
    for line in picture.iter(f"{SVG}g"):
        found = MIRRORED.search(line.get("transform", ""))
        for letter in line.iter(f"{SVG}use") if found else ():
            shrunk = SHRUNK.search(letter.get("transform", ""))
            relative = float(shrunk["size"]) if shrunk else 1.0
            yield GLYPH_UNITS * float(found["size"]) * relative


def least_width(svg: str) -> int | None:
    """Return the width at which the smallest text has 8 points, in CSS pixels.

    None if the picture has no text, of which its logo is an example. Indices and
    exponents count, which are 0.7 of the line's size.
    """
    picture = ElementTree.fromstring(svg)
    smallest = min(sizes(picture), default=None)
    if smallest is None:
        return None
    box = picture.get("viewBox", "").split()
    if len(box) != 4:
        raise BookError(
            "A picture with text must have a viewBox of four numbers; got "
            f"{' '.join(box) or 'none'}. Save it with matplotlib."
        )
    return math.ceil(float(box[2]) * LEAST_POINTS / smallest * PIXELS_A_POINT)


def marked(text: str, page: str, html: Path) -> str:
    """Return the HTML of a page with the least width of each of its pictures."""

    def mark(image: re.Match[str]) -> str:
        path = posixpath.join(posixpath.dirname(page), unquote(image["path"]))
        picture = html / posixpath.normpath(path)
        width = least_width(picture.read_text(encoding="utf-8"))
        return image[0] if width is None else _styled(image[0], width)

    return PICTURE.sub(mark, text)


def _styled(image: str, width: int) -> str:
    """Add the width to the style of an image."""
    style = f"--least-width: {width}px"
    if ' style="' in image:
        return image.replace(' style="', f' style="{style}; ', 1)
    return image.replace("<img", f'<img style="{style}"', 1)
