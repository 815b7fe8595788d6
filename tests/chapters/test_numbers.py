"""The numbers that the text shows are the stated ones, and are computed again."""

import pytest

from tests.chapters.rules import CHAPTERS, no_chapter
from tools import numbers, record
from tools.book import REPOSITORY, Book
from tools.chapter import read_parameters
from tools.glued import glued, shown_in_prose
from tools.numbers import judge

STATED = numbers.read(Book())
SHOWN = shown_in_prose(Book())


@no_chapter
def test_every_glued_number_of_the_text_is_stated_and_no_other(stem):
    named = {n.name for n in STATED.of(stem)}
    limited = {n.name for n in STATED.gaps(stem)}
    yield from set(SHOWN[stem]) - named
    yield from named - set(SHOWN[stem]) - limited


def has_other_parameters(stem):
    """Tell whether a chapter was run with other parameters than the book's."""
    done = record.read(Book().executed, stem)
    own = read_parameters(REPOSITORY / numbers.PARAMETERS, Book())
    return done is not None and done.parameters != own[stem]


@no_chapter
def test_the_executed_chapter_has_the_stated_numbers(stem, executed):
    values = dict(glued(executed(stem)))
    if not has_other_parameters(stem):
        verdicts = (judge(number, values) for number in STATED.of(stem))
        yield from (one for one in verdicts if not one.good)


def test_every_chapter_was_executed_with_the_books_parameters():
    other = [stem for stem in CHAPTERS if has_other_parameters(stem)]
    if other:
        pytest.skip(f"Run with other parameters, so not compared: {other}")


@no_chapter
def test_a_chapter_has_a_certificate_or_says_why_not(stem):
    if bool(STATED.gaps(stem)) == bool(STATED.uncertified.get(stem)):
        yield STATED.uncertified.get(stem)


def test_every_tolerance_has_a_reason_and_a_use():
    used = {n.tolerance.name for many in STATED.chapters.values() for n in many}
    assert used == set(STATED.tolerances)
    for tolerance in STATED.tolerances.values():
        assert len(tolerance.why) > 20


def test_what_is_not_compared_says_why():
    for many in STATED.chapters.values():
        for number in many:
            assert number.tolerance.compared or len(number.why) > 5
