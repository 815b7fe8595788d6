"""The stated numbers: compared, limited, and written from an executed book."""

import re
from collections.abc import Callable

import nbformat
import pytest

from tools import numbers, record, reproduce, stage
from tools.book import REPOSITORY, Book, BookError
from tools.chapter import read_data
from tools.glued import glued, shown_in_prose
from tools.numbers import Number, Tolerance, judge
from tools.reproduce import main

EXACT = Tolerance("exact", "A count.")
PRINTED = Tolerance("printed", "Rounding.", units=1)
LOOSE = Tolerance("loose", "Descent.", relative=0.1)
CLOCK = Tolerance("clock", "Seconds.", compared=False)

FILE = """\
tolerances:
  exact: {why: "A count."}
  printed: {units: 1, why: "Rounding."}
  clock: {compared: false, why: "Seconds."}
  gap: {compared: false, why: "It has a limit."}
uncertified:
  two: "It only counts."
chapters:
  one:
    cells: {value: 50, tolerance: exact}
    optimum: {value: "0.750", tolerance: printed}
    gap: {value: 1e-9, tolerance: gap, limit: 1e-8, why: "The optimum."}
    seconds: {value: "12", tolerance: clock}
"""
GLUED = {"cells": 50, "optimum": "0.751", "gap": 2e-9, "seconds": "99"}


def put_glued(book: Book, stem: str, values: dict, parameters: dict | None = None):
    """Make up an executed notebook that glued some values."""
    outputs = [
        nbformat.v4.new_output(
            "display_data",
            data={"text/plain": repr(value)},
            metadata={"scrapbook": {"name": name, "mime_prefix": ""}},
        )
        for name, value in values.items()
    ]
    cell = nbformat.v4.new_code_cell(outputs=outputs, execution_count=1)
    content = nbformat.writes(nbformat.v4.new_notebook(cells=[cell])).encode()
    result, given = {"seconds": 1.0, "peak_mib": 100.0}, parameters or {}
    key = record.key(book, book.chapters()[stem], given)
    record.write(
        book.executed, stem, content, record.describe(key, content, given, result)
    )


@pytest.fixture
def stating(new_book: Callable[..., Book]) -> Book:
    """A book with numbers, whose two chapters have been executed."""
    book = new_book(one="print(1)", two="print(2)")
    (book.root / "numbers.yml").write_text(FILE)
    (book.root / "intro.md").write_text(
        "# A book\n\n{glue:text}`chapters/one.ipynb::cells` cells.\n"
    )
    put_glued(book, "one", GLUED)
    put_glued(book, "two", {})
    return book


@pytest.mark.parametrize(
    ("tolerance", "stated", "found", "status"),
    [
        (EXACT, 50, 50, numbers.SAME),
        (EXACT, 50, 51, numbers.DIFFERS),
        (EXACT, "unknown", "unknown", numbers.SAME),
        (EXACT, "unknown", "0.5", numbers.DIFFERS),
        (EXACT, True, True, numbers.SAME),
        (EXACT, True, False, numbers.DIFFERS),
        (PRINTED, "0.750", "0.751", numbers.WITHIN),
        (PRINTED, "0.750", "0.752", numbers.DIFFERS),
        (PRINTED, "9e-09", "1e-08", numbers.WITHIN),
        (PRINTED, "1,000,000", "1,000,001", numbers.WITHIN),
        (PRINTED, 21, 22, numbers.WITHIN),
        (PRINTED, 21, 23, numbers.DIFFERS),
        (PRINTED, 0.5, 0.5000001, numbers.DIFFERS),
        (LOOSE, "1.0", "1.1", numbers.WITHIN),
        (LOOSE, "1.0", "1.2", numbers.DIFFERS),
        (LOOSE, 1.0, float("nan"), numbers.DIFFERS),
        (CLOCK, "12", "99", numbers.ASIDE),
        (CLOCK, "12", None, numbers.MISSING),
    ],
)
def test_a_number_is_judged_by_its_tolerance(tolerance, stated, found, status):
    values = {} if found is None else {"x": found}
    verdict = judge(Number("x", stated, tolerance), values)
    assert verdict.status == status
    assert verdict.good == (status not in (numbers.DIFFERS, numbers.MISSING))


def test_a_rounded_float_is_judged_by_the_step_it_was_rounded_to():
    rounded = Number("x", 0.5, PRINTED, step=1e-3)
    assert judge(rounded, {"x": 0.501}).status == numbers.WITHIN
    assert judge(rounded, {"x": 0.502}).status == numbers.DIFFERS


@pytest.mark.parametrize(
    ("found", "holds"),
    [
        (1e-8, True),
        (1.0001e-8, False),
        ("9e-09", True),
        ("1e-08", False),  # which may be 1.5e-8 before rounding
        ("0e+00", True),
        (0, False),  # a whole number may be 0.5 before rounding
        (float("nan"), False),
        ("nan", False),
        (float("inf"), False),
    ],
)
def test_a_gap_is_held_to_its_limit_before_it_was_rounded(found, holds):
    gap = Number("gap", 1e-9, CLOCK, limit=1e-8, why="The optimum.")
    assert judge(gap, {"gap": found}).good == holds


def test_gaps_below_their_limits_are_on_the_status_page(stating):
    stage.stage(stating)
    page = (stating.staged / "back" / "status.md").read_text()
    assert "| {doc}`/chapters/one` | The optimum. | 2e-09 | 1e-08 |" in page
    assert "- {doc}`/chapters/two`: It only counts." in page


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (2e-8, r"one: gap \(The optimum.\) must be at most 1e-08; got 2e-08"),
        (float("nan"), "got nan"),
        (None, "the chapter glued no such number"),
    ],
)
def test_a_certificate_above_its_gap_fails_the_build(stating, capsys, gap, words):
    put_glued(stating, "one", {} if gap is None else GLUED | {"gap": gap})
    assert stage.main(["--root", str(stating.root)]) == 1
    assert re.search(words, capsys.readouterr().err)
    assert not stating.html.exists()


def test_other_parameters_may_change_numbers_but_gaps_still_hold(stating):
    mine = {"beta": 2}
    put_glued(stating, "one", GLUED | {"cells": 7}, mine)
    stage.stage(stating)
    put_glued(stating, "one", GLUED | {"gap": 1.0}, mine)
    with pytest.raises(BookError, match="Certificates do not hold"):
        stage.stage(stating)


def test_a_limit_for_the_books_own_parameters_does_not_bind_others(stating):
    file = stating.root / "numbers.yml"
    file.write_text(FILE.replace("limit: 1e-8,", "limit: 1e-8, always: false,"))
    put_glued(stating, "one", GLUED | {"gap": 1.0}, {"beta": 2})
    stage.stage(stating)
    put_glued(stating, "one", GLUED | {"gap": 1.0})
    with pytest.raises(BookError, match="Certificates do not hold"):
        stage.stage(stating)


def test_image_packs_are_on_the_status_page_with_their_hashes(stating):
    stating.data.mkdir()
    pack = '{"file": "a.png", "count": 3000, "source": "A set", "file_sha256": "%s"}'
    (stating.data / "a.json").write_text(pack % ("0123456789abcdef" * 4))
    (stating.data / "members.json").write_text("{}")
    put_glued(stating, "one", GLUED)
    put_glued(stating, "two", {})
    stage.stage(stating)
    page = (stating.staged / "back" / "status.md").read_text()
    assert "| `a.png` | 3,000 | A set | `0123456789abcdef…` |" in page


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("tolerance: exact", "tolerance: exakt", "did you mean 'exact'"),
        (', why: "The optimum."', "", "gap of one in numbers.yml must say"),
        ("value: 50,", "valeu: 50,", "cells of one in numbers.yml cannot be read"),
        ("  one:\n", "  onne:\n", "did you mean 'one'"),
        ('  two: "', '  tow: "', "did you mean 'two'"),
        ("uncertified:", "uncertain:", "did you mean 'uncertified'"),
        ("    gap:", "    cells:", "gives cells twice"),
    ],
)
def test_a_slip_in_the_file_is_named(stating, old, new, words):
    (stating.root / "numbers.yml").write_text(FILE.replace(old, new))
    with pytest.raises(BookError, match=words):
        numbers.read(stating)


def test_a_book_without_the_file_is_refused(stating):
    (stating.root / "numbers.yml").unlink()
    with pytest.raises(BookError, match=r"There is no \S*numbers.yml"):
        numbers.read(stating)


def test_values_shown_by_any_page_count_for_their_chapter(stating):
    chapter = stating.root / "chapters" / "one.md"
    text = "{glue:text}`optimum:.3f`, {glue:text}`two.ipynb::a:d`, {glue:}`gap`"
    chapter.write_text(chapter.read_text() + f"\n{text}\n")
    shown = shown_in_prose(stating)
    assert shown == {"one": ["cells", "optimum", "gap"], "two": ["a"]}


def test_writing_keeps_what_was_set_by_hand_and_adds_what_is_shown(stating, capsys):
    file, chapter = stating.root / "numbers.yml", stating.root / "chapters" / "one.md"
    chapter.write_text(chapter.read_text() + "\n{glue:text}`seconds`, {glue:text}`n`\n")
    put_glued(stating, "one", GLUED | {"n": 3})
    assert main(["--write", "--root", str(stating.root)]) == 0
    said = capsys.readouterr().out
    assert "one: gap: 1e-09 -> 2e-09" in said
    assert "one: gone: optimum" in said
    assert "one: new: n = 3; is 'exact' right for it?" in said
    stated = numbers.read(stating)
    kept = {number.name: number for number in stated.of("one")}
    assert list(kept) == ["cells", "seconds", "n", "gap"]
    assert (kept["gap"].value, kept["gap"].limit) == (2e-9, 1e-8)
    assert kept["gap"].why == "The optimum."
    assert kept["seconds"].tolerance.name == "clock"
    assert kept["n"].tolerance.name == "exact"
    assert stated.uncertified == {"two": "It only counts."}
    before = file.read_text()
    assert main(["--write", "--root", str(stating.root)]) == 0
    assert capsys.readouterr().out == "Nothing changed.\n"
    assert file.read_text() == before


def test_what_is_written_is_read_back_the_same(stating):
    odd = {
        "a b": {
            "value": 'of "two" \\ lines: #',
            "tolerance": "printed",
            "why": "Why, {so}?",
        },
        "x[0]": {"value": True, "tolerance": "exact"},
        "tiny": {"value": 1e-300, "tolerance": "loose", "limit": 2.5, "why": "Tiny."},
        "1e5": {"value": 0, "tolerance": "printed", "step": 1e-6},
    }
    rules = {"exact": {"why": "A count."}, "printed": {"units": 1, "why": "Rounding."}}
    rules["loose"] = {"relative": 0.1, "why": "Descent."}
    stated = {"tolerances": rules, "uncertified": {"two": "None: it counts."}}
    stated["chapters"] = {"one": odd}
    path = stating.root / "numbers.yml"
    path.write_text("\n".join(reproduce.text(stated)))
    assert read_data(path) == stated
    assert [number.name for number in numbers.read(stating).of("one")] == list(odd)


def test_the_books_own_file_is_written_as_it_stands():
    path = REPOSITORY / "numbers.yml"
    whole = path.read_text(encoding="utf-8")
    written = "\n".join([*reproduce.text(read_data(path)), ""])
    assert whole.endswith(written)
    assert all(line[:1] == "#" for line in whole.removesuffix(written).splitlines())


def test_writing_refuses_a_book_that_ran_with_other_parameters(stating, capsys):
    put_glued(stating, "one", GLUED, {"beta": 2})
    assert main(["--write", "--root", str(stating.root)]) == 2
    assert "one must have been executed as it stands" in capsys.readouterr().err


def test_writing_refuses_a_number_that_is_not_there(stating, capsys):
    put_glued(stating, "one", {"cells": 50})
    assert main(["--write", "--root", str(stating.root)]) == 2
    assert "one must glue gap" in capsys.readouterr().err


GLUING = """\
from myst_nb import glue
glue("cells", 50)
glue("optimum", "0.750")
glue("gap", 1e-9)
glue("seconds", "3")
"""


def test_reproducing_runs_the_chapters_that_were_asked_for_and_compares(
    new_book, capfd
):
    book = new_book("a book", one=GLUING, two="raise ValueError('not asked for')")
    (book.root / "numbers.yml").write_text(FILE)
    assert main(["on", "--root", str(book.root)]) == 0
    assert "4 numbers of 1 chapters: " in capfd.readouterr().out
    assert not book.executed.exists()  # the book's own runs are left alone


STORE = """
from experiments.store import FOLDER
glue("folder", str(FOLDER))
"""


def test_what_differs_is_said_and_no_stored_result_is_used(new_book, capfd):
    book = new_book(one=GLUING + STORE, two="raise ValueError('no')")
    moved = FILE.replace("0.750", "0.760").replace("limit: 1e-8", "limit: 0")
    (book.root / "numbers.yml").write_text(moved)
    assert main(["--root", str(book.root)]) == 1
    said = capfd.readouterr().out
    assert "optimum is 0.760 in the book, now 0.750, apart by 0.01, allowed" in said
    assert "gap = 1e-09 is above its limit 0" in said
    assert "two failed: nothing of it was recomputed." in said
    folder = book.build / "reproduce"
    notebook = nbformat.read(folder / "executed" / "one.ipynb", as_version=4)
    assert dict(glued(notebook))["folder"] == str(folder / "experiments")
    page = (folder / "report.md").read_text()
    assert (
        "| `optimum` | 0.760 | 0.750 | 0.01 | 0.001 | printed | **different** |" in page
    )
    assert "| `seconds` | 12 | 3 |  |  | clock | not compared |" in page
    assert "| processor |" in page


def test_an_unknown_chapter_is_not_reproduced(stating, capsys):
    assert main(["three", "--root", str(stating.root)]) == 2
    assert "Unknown chapter 'three'" in capsys.readouterr().err


def test_the_report_gives_the_reason_of_each_tolerance(stating):
    stated = numbers.read(stating)
    verdicts = {"one": [judge(number, GLUED) for number in stated.of("one")]}
    page = reproduce.report(stated, verdicts, [], {})
    assert "\n\n4 numbers of 1 chapters: 1 below its limit, 1 near enough," in page
    assert "1 the same.\n\n## one\n\n| number |" in page
    assert "\n| printed | Rounding. |\n" in page
    assert page.endswith(
        "\n\nHeld to a limit, or not compared:\n\n- `one`: `gap`. The optimum.\n"
    )
