"""Shared by all tests: one thread a worker, Hypothesis without surprises, marks."""

import os

# Before numpy is imported: workers share the cores, and sums keep their order.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest
from hypothesis import settings

# The same examples in every run, and no deadline on a busy machine. For a wider
# search: pytest --hypothesis-profile=search; `make check` takes the quick one.
settings.register_profile("book", derandomize=True, deadline=None, max_examples=60)
settings.register_profile("quick", settings.get_profile("book"), max_examples=15)
settings.register_profile("search", deadline=None, max_examples=1000)
settings.load_profile("book")


LONG = ("tools", "site", "chapters")
"""Folders of tests that start processes, browsers or chapters."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what reads the executed chapters, which `make check` can do without.

    Files that take long come first, so that no worker is left with one in the end.
    """
    for item in items:
        if "executed" in getattr(item, "fixturenames", ()):
            item.add_marker("book")
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda i: i.path not in slow and i.path.parent.name not in LONG)
