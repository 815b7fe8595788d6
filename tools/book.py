"""Where the parts of the book are, read from `_toc.yml`, and its lock."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import errno
import fcntl
import re
import shutil
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import yaml

REPOSITORY = Path(__file__).resolve().parent.parent
CHAPTERS = "chapters"


class BookError(Exception):
    """Something in the book's own files is wrong; the message says what to do."""


@dataclass(frozen=True)
class Book:
    """The book whose `_toc.yml` lies in ``root``."""

    root: Path = REPOSITORY

    @property
    def build(self) -> Path:
        """The folder that everything made goes to."""
        return self.root / "_build"

    @property
    def executed(self) -> Path:
        """The folder of the executed chapters and their records."""
        return self.build / "executed"

    @property
    def staged(self) -> Path:
        """The folder that jupyter-book reads."""
        return self.build / "src"

    @property
    def html(self) -> Path:
        """The folder of the built pages."""
        return self.build / "html"

    @property
    def data(self) -> Path:
        """The folder of the image packs."""
        return self.root / "data"

    def toc(self) -> dict[str, Any]:
        """Read the table of contents."""
        path = self.root / "_toc.yml"
        toc = read_yaml(path)
        if not isinstance(toc, dict) or "root" not in toc:
            raise BookError(f"{path} must be a mapping with a `root` page.")
        return toc

    def parts(self) -> list[tuple[str, list[str]]]:
        """List the parts in reading order: caption, which may be empty, and pages."""
        toc = self.toc()
        parts = [{"file": toc["root"]}, *toc.get("parts", [toc])]
        return [(part.get("caption", ""), list(_files(part))) for part in parts]

    def pages(self) -> list[str]:
        """List the pages in reading order, without their suffixes."""
        return [page for _, pages in self.parts() for page in pages]

    def chapters(self) -> dict[str, Path]:
        """Map the stem of each chapter, in reading order, to its text notebook."""
        names = [page for page in self.pages() if page.startswith(f"{CHAPTERS}/")]
        found = {Path(name).name: self.root / f"{name}.md" for name in names}
        for stem, path in found.items():
            if not path.is_file():
                raise BookError(
                    f"_toc.yml names {CHAPTERS}/{stem}, but there is no {path}. "
                    "Write it, or take it out of _toc.yml."
                )
        return found


def _files(node: dict[str, Any]) -> Iterator[str]:
    """Walk a part or a page of a table of contents in reading order."""
    if "file" in node:
        yield node["file"].removesuffix(".md")
    for name in ("chapters", "sections"):
        for child in node.get(name, []):
            yield from _files(child)


def only_one(book: Book) -> contextlib.AbstractContextManager[None]:
    """Hold the lock of the book's build folder, or say that another run holds it."""
    return alone_in(book.build)


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, made if need be, or say that another run holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BookError(
                f"Another run is at work in {folder}. Wait until it ends, or stop "
                "it, then try again."
            ) from None
        yield


def exchange(fresh: Path, place: Path) -> None:
    """Put a finished folder in the place of the old one."""
    before = fresh.with_name(f"{fresh.name}.before")
    shutil.rmtree(before, ignore_errors=True)
    if place.exists():
        place.rename(before)
    fresh.rename(place)
    shutil.rmtree(before, ignore_errors=True)


REMEDIES = {
    (errno.ENOSPC, errno.EDQUOT, errno.EFBIG): "Make room there",
    (errno.EACCES, errno.EPERM, errno.EROFS): "Allow writing there, or move the book",
}


def in_words(error: BookError | OSError) -> str:
    """Say what went wrong with a file, and what to do; the book's own errors do so."""
    if isinstance(error, BookError):
        return str(error)
    named = (word for codes, word in REMEDIES.items() if error.errno in codes)
    place = error.filename2 or error.filename or "a file"
    return (
        f"{place} must be readable and writable; got: {error.strerror or error}. "
        f"{next(named, 'Check the path and the disk')}, then try again. What was "
        "finished is kept."
    )


def add_book_option(parser: argparse.ArgumentParser) -> None:
    """Add the option of another book than this one; it is there as ``book``."""
    how = {"dest": "book", "default": Book(), "metavar": "FOLDER"}
    how["type"] = lambda folder: Book(Path(folder).resolve())
    parser.add_argument("--root", help="the folder of another book", **how)


STOPPED = "Stopped; what was finished is kept."


def attempt(
    work: Callable[[], int], *, refused: int = 2, stopped: str = STOPPED
) -> int:
    """Do the work of a command; return its exit status, or say what came between.

    Errors with a remedy are told in a sentence and give the status ``refused``; an
    interruption gives 130, as a shell has it. A request to end lets what is open be
    closed.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        return work()
    except (BookError, OSError) as error:
        print(f"error: {in_words(error)}", file=sys.stderr)
        return refused
    except KeyboardInterrupt:
        print(stopped, file=sys.stderr)
        return 130


def read_yaml(path: Path) -> Any:
    """Read a YAML file, safely; say which file is missing or broken."""
    try:
        return parse_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BookError(f"There is no {path}. Check the path.") from None
    except yaml.YAMLError as error:
        raise BookError(f"{path} is not valid YAML: {error}") from None


DECIMAL = r"(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)"
POWER = r"[eE][-+]?[0-9]+"
NUMBERS = {
    "int": r"[-+]?(0|[1-9][0-9_]*)",
    "float": rf"[-+]?({DECIMAL}({POWER})?|[0-9][0-9_]*{POWER}|\.(inf|Inf|INF))"
    r"|\.(nan|NaN|NAN)",
}
"""Numbers as Python writes them, and YAML's words for infinity and for none."""


class _Loader(yaml.SafeLoader):
    """YAML whose numbers are Python's: 1e-2 is one, while 1:30 and 010 are words."""

    yaml_implicit_resolvers: ClassVar = {
        first: [pair for pair in pairs if not pair[0].endswith((":int", ":float"))]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


for _kind, _pattern in NUMBERS.items():
    _tag, _whole = f"tag:yaml.org,2002:{_kind}", re.compile(rf"^(?:{_pattern})$")
    _Loader.add_implicit_resolver(_tag, _whole, list("-+.0123456789"))


def parse_yaml(text: str) -> Any:
    """Read YAML text, safely."""
    return yaml.load(text, Loader=_Loader)


MARK = re.compile(r"<!-- (.+?) -->")


def filled(text: str, parts: Mapping[str, str]) -> str:
    """Put parts into a text in place of the comments with their names."""
    return MARK.sub(lambda mark: parts.get(mark[1], mark[0]).rstrip(), text)


def unknown(kind: str, name: str, known: Iterable[str]) -> BookError:
    """Say that a name is unknown, which one was perhaps meant and which there are."""
    known = list(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    return BookError(
        f"Unknown {kind} {name!r}{hint} Known: {', '.join(known) or 'none'}."
    )
