"""The numbers that the text shows are the stated ones, and are computed again."""

import pytest

from tools import numbers, record
from tools.book import REPOSITORY, Book
from tools.chapter import read_parameters
from tools.glued import glued, shown_in_prose
from tools.numbers import judge

CHAPTERS = Book().chapters()
STATED = numbers.read(Book())
SHOWN = shown_in_prose(Book())
each_chapter = pytest.mark.parametrize("stem", CHAPTERS)


@each_chapter
def test_every_glued_number_of_the_text_is_stated_and_no_other(stem):
    named = {n.name for n in STATED.of(stem)}
    limited = {n.name for n in STATED.gaps(stem)}
    assert set(SHOWN[stem]) <= named
    assert named <= set(SHOWN[stem]) | limited


@each_chapter
def test_the_executed_chapter_has_the_stated_numbers(stem, executed):
    done = record.read(Book().executed, stem)
    own = read_parameters(REPOSITORY / numbers.PARAMETERS, Book())
    if done is not None and done.parameters != own[stem]:
        pytest.skip("This chapter was run with other parameters than the book's")
    values = dict(glued(executed(stem)))
    verdicts = [judge(number, values) for number in STATED.of(stem)]
    assert [one for one in verdicts if not one.good] == []


@each_chapter
def test_a_chapter_has_a_certificate_or_says_why_not(stem):
    assert bool(STATED.gaps(stem)) != bool(STATED.uncertified.get(stem))


def test_every_tolerance_has_a_reason_and_a_use():
    used = {n.tolerance.name for many in STATED.chapters.values() for n in many}
    assert used == set(STATED.tolerances)
    for tolerance in STATED.tolerances.values():
        assert len(tolerance.why) > 20


def test_what_is_not_compared_says_why():
    for many in STATED.chapters.values():
        for number in many:
            assert number.tolerance.compared or len(number.why) > 5
