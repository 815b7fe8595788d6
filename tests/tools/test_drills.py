"""What goes wrong on real machines: the book says so, and the next run is right."""

import errno
import locale
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat
import psutil
import pytest

from lib import store
from tools import record, stage
from tools.book import REPOSITORY, Book, in_words
from tools.run_notebooks import main

SOON = 60
"""Seconds after which a process that should have started or ended never will."""


def start(book: Book, tool: str = "run_notebooks", **options) -> subprocess.Popen:
    """Start a tool on a book in a process of its own."""
    command = [sys.executable, "-m", f"tools.{tool}", "--root", str(book.root)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=REPOSITORY, **pipes, **options)


def finished(process: subprocess.Popen) -> tuple[int, str, str]:
    """Wait for a process; return its status and what it said."""
    output, errors = process.communicate(timeout=4 * SOON)
    return process.returncode, output, errors


def printed(book: Book, stem: str) -> str:
    notebook = nbformat.read(book.executed / f"{stem}.ipynb", as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return "".join(output.get("text", "") for cell in cells for output in cell.outputs)


def wait_for(condition) -> None:
    deadline = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


# -- power cuts


def waiting_chapter(folder: Path) -> str:
    """Write a cell that says that it began, then waits for the file `go`."""
    return (
        "import pathlib, time\n"
        f"folder = pathlib.Path({str(folder)!r})\n"
        "(folder / 'began').touch()\n"
        "while not (folder / 'go').exists():\n"
        "    time.sleep(0.05)\n"
        "print('whole')"
    )


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_run_cut_off_in_a_chapter_is_taken_up_by_the_next(new_book, tmp_path, how):
    book = new_book(first="print(1)", second=waiting_chapter(tmp_path))
    process = start(book)
    wait_for((tmp_path / "began").exists)
    wait_for((book.executed / "first.json").exists)
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(how)
    status, _, _ = finished(process)
    assert status != 0
    assert record.read(book.executed, "second") is None
    (tmp_path / "go").touch()
    status, output, errors = finished(start(book))  # what was cut off may still live
    assert status == 0, errors
    assert "1 chapters to run, 1 up to date" in output
    assert printed(book, "second") == "whole\n"
    assert not (book.build / "scratch").exists()
    wait_for(lambda: not any(alive(child) for child in family))


def test_pages_cut_off_while_they_are_built_leave_the_old_ones(whole_book):
    old = whole_book.html / "index.html"
    old.parent.mkdir()
    old.write_text("before")
    process = start(whole_book, "stage")
    wait_for(lambda: list(whole_book.build.glob("fresh-*/_build")))
    family = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    # What it says is read later: the builder holds the other end until it ends.
    assert process.wait(SOON) == -signal.SIGKILL
    assert old.read_text() == "before"
    # The builder lives on, as after a real kill, while the next one is at work.
    assert any(alive(child) for child in family)
    status, _, errors = finished(start(whole_book, "stage"))
    assert status == 0, errors
    assert "A small book" in (whole_book.html / "intro.html").read_text()
    wait_for(lambda: not any(alive(child) for child in family))
    finished(process)


def test_building_pages_ends_with_its_builder_when_it_is_asked_to(whole_book):
    process = start(whole_book, "stage")
    wait_for(lambda: psutil.Process(process.pid).children())
    family = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    assert finished(process)[0] == 128 + signal.SIGTERM
    wait_for(lambda: not any(alive(child) for child in family))


# -- disks


def full(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "a/file")


def test_a_full_disk_is_named_and_what_was_done_is_kept(
    done_book, rewrite, monkeypatch, capsys
):
    book = done_book
    rewrite(book, "two", "print(22)")
    before = (book.executed / "two.ipynb").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(store, "replace", full)
        assert main(["--root", str(book.root)]) == 2
    said = capsys.readouterr().err
    assert "a/file must be readable and writable; got: No space left on device" in said
    assert "Make room there, then try again. What was finished is kept." in said
    assert (book.executed / "two.ipynb").read_bytes() == before
    assert not (book.build / "scratch").exists()
    assert main(["--root", str(book.root)]) == 0
    assert printed(book, "one") == "42\n"
    assert printed(book, "two") == "22\n"


def small_files() -> None:
    """Let this process and its children write no file over 64 KiB."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, 2**16))


def test_a_chapter_that_cannot_be_written_fails_and_the_others_finish(new_book):
    book = new_book(long="print('a line\\n' * 30_000)", short="print(1)")
    status, _, errors = finished(start(book, preexec_fn=small_files))
    assert status != 0
    assert "File too large" in errors
    assert record.read(book.executed, "long") is None
    assert printed(book, "short") == "1\n"
    status, output, errors = finished(start(book))
    assert status == 0, errors
    assert "1 chapters to run, 1 up to date" in output
    assert printed(book, "long") == "a line\n" * 30_000 + "\n"


def test_a_full_disk_while_pages_are_gathered_leaves_the_old_ones(
    done_book, monkeypatch, capsys
):
    old = done_book.html / "index.html"
    old.parent.mkdir()
    old.write_text("before")
    monkeypatch.setattr(stage, "replace", full)
    assert stage.main(["--root", str(done_book.root)]) == 1
    assert "No space left on device. Make room there" in capsys.readouterr().err
    assert old.read_text() == "before"


def test_a_folder_that_cannot_be_written_is_named(new_book, capsys):
    closed = Path("/sys/kernel")  # not even the superuser makes files there
    if not closed.is_dir():
        pytest.skip("This system has no folder that is closed to everyone")
    book = new_book(one="print(1)")
    book.build.symlink_to(closed)
    for command in (main, stage.main):
        assert command(["--root", str(book.root)]) != 0
        said = capsys.readouterr().err
        assert f"{book.build / '.lock'} must be readable and writable" in said
        assert "Allow writing there, or move the book" in said
    book.build.unlink()
    assert main(["--root", str(book.root)]) == 0
    assert printed(book, "one") == "1\n"


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (errno.ENOSPC, "Make room there"),
        (errno.EROFS, "Allow writing there, or move the book"),
        (errno.EIO, "Check the path and the disk"),
    ],
)
def test_errors_of_files_say_what_to_do(code, remedy):
    words = in_words(OSError(code, os.strerror(code), "a/file"))
    assert words.startswith(
        f"a/file must be readable and writable; got: {os.strerror(code)}"
    )
    assert f"{remedy}, then try again" in words


def test_a_truncated_pack_of_images_stops_its_chapter_and_says_how_to_mend_it(
    new_book, run, capsys
):
    load = "from lib.data.paper import load_images\nfrom pathlib import Path\n"
    load += "print(len(load_images('mnist_train_100', Path('../data')).images))"
    book = new_book(one=load, two="print(2)")
    shutil.copytree(REPOSITORY / "data", book.root / "data", ignore=but_for("mnist"))
    sheet = book.root / "data" / "mnist_train_100.png"
    whole = sheet.read_bytes()
    sheet.write_bytes(whole[: len(whole) // 2])
    assert run(book) == 1
    said = capsys.readouterr().err
    assert (
        "one failed: ValueError: The file mnist_train_100.png must have sha256" in said
    )
    assert "truncated or changed: restore them with `git checkout -- data`" in said
    assert printed(book, "two") == "2\n"
    sheet.write_bytes(whole)
    assert run(book) == 0
    assert printed(book, "one") == "100\n"


def but_for(start_of_name: str):
    """Ignore all files but those whose names begin so."""
    return lambda _, names: [n for n in names if not n.startswith(start_of_name)]


# -- two at once


def test_pages_are_not_gathered_while_chapters_run(new_book, tmp_path):
    book = new_book(one=waiting_chapter(tmp_path))
    running = start(book)
    wait_for((tmp_path / "began").exists)
    status, _, errors = finished(start(book, "stage"))
    assert status == 1
    assert "Another run is at work in" in errors
    assert not book.staged.exists()
    (tmp_path / "go").touch()
    assert finished(running)[0] == 0
    assert printed(book, "one") == "whole\n"


# -- other places


@pytest.fixture
def decimal_comma(tmp_path: Path) -> dict[str, str]:
    """Settings of a place where one half is 0,5: a locale made for the purpose."""
    source = tmp_path / "comma.src"
    source.write_text(
        "comment_char %\nescape_char /\n"
        'LC_NUMERIC\ndecimal_point ","\nthousands_sep "."\ngrouping 3;3\n'
        'END LC_NUMERIC\nLC_CTYPE\ncopy "POSIX"\nEND LC_CTYPE\n'
    )
    places = tmp_path / "places"
    places.mkdir()
    if not shutil.which("localedef"):
        pytest.skip("No localedef, the C library's program that makes locales")
    command = ["localedef", "--no-archive", "-c", "-i", source, places / "comma"]
    subprocess.run(command, capture_output=True)
    settings = {"LOCPATH": str(places), "LC_ALL": "comma", "LANG": "comma"}
    code = "import locale; locale.setlocale(locale.LC_ALL, ''); print(locale.str(0.5))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | settings, capture_output=True
    )
    if done.stdout.strip() != b"0,5":
        pytest.skip(f"This system has no other locales: {done.stderr.decode()[-200:]}")
    return settings


PLACE = "import locale, time\nlocale.setlocale(locale.LC_ALL, '')\n"
PLACE += "print(locale.str(0.5), f'{1234.5:n}', time.tzname[0])"


def test_a_book_in_a_far_place_and_an_odd_folder_has_the_same_numbers_and_dates(
    whole_book, rewrite, decimal_comma, tmp_path
):
    book = Book(tmp_path / "a folder" / "ünï çode")
    shutil.copytree(whole_book.root, book.root)
    rewrite(book, "one", PLACE)
    far = os.environ | decimal_comma | {"TZ": "Pacific/Auckland"}
    status, _, errors = finished(start(book, env=far))
    assert status == 0, errors
    assert printed(book, "one") == "0.5 1234.5 UTC\n"
    said = record.read(book.executed, "one").date
    written = datetime.strptime(said, "%Y-%m-%d %H:%M UTC").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - written) < timedelta(minutes=5)
    status, _, errors = finished(start(book, "stage", env=far))
    assert status == 0, errors
    page = (book.html / "back" / "status.html").read_text(encoding="utf-8")
    assert f"{record.read(book.executed, 'one').seconds:.1f} s" in page
    assert said in page
    today = {f"{d:%b %d, %Y}" for d in (written, datetime.now(UTC))}
    assert any(f'docbuild:last-update" content="{day}"' in page for day in today)
    assert locale.localeconv()["decimal_point"] == "."  # here nothing was changed
