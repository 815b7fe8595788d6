"""The pages of the book as one zip, to be unpacked and opened from disk."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

FOLDER = "copositive-relu-book"
"""The one folder that the zip unpacks to."""

EPOCH = (1980, 1, 1, 0, 0, 0)
READABLE = 0o644 << 16


def pack(html: Path, *, without: str, instead: Mapping[str, bytes]) -> bytes:
    """Zip a site, the same bytes for the same pages.

    Parameters
    ----------
    html : Path
        The folder of the pages.
    without : str
        A folder in it that is left out.
    instead : mapping
        Paths in it, and what is packed instead of what is there.
    """
    paths = [path for path in sorted(html.rglob("*")) if path.is_file()]
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as file:
        for path in paths:
            name = path.relative_to(html).as_posix()
            if name.startswith(f"{without}/"):
                continue
            entry = ZipInfo(f"{FOLDER}/{name}", EPOCH)
            entry.compress_type = ZIP_DEFLATED
            entry.external_attr = READABLE
            file.writestr(entry, instead.get(name) or path.read_bytes())
    return buffer.getvalue()
