"""Rules over all chapters, each of them one test."""

import inspect
from collections.abc import Callable, Iterator
from pprint import pformat

from tools.book import Book

CHAPTERS = Book().chapters()

Rule = Callable[..., Iterator[object]]


def no_chapter(rule: Rule) -> Callable[..., None]:
    """Make a test of a rule, which lists what breaks it in the chapter ``stem``.

    What else the rule takes are fixtures. The message of the test has the whole list.
    """
    _, *fixtures = inspect.signature(rule).parameters.values()

    def test(**given: object) -> None:
        broken = {s: found for s in CHAPTERS if (found := list(rule(s, **given)))}
        assert not broken, pformat(broken)

    test.__signature__ = inspect.Signature(fixtures)
    return test
