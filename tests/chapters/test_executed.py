"""What every chapter shows after it was executed."""

import re
from xml.etree import ElementTree

import pytest

from tools import record
from tools.book import Book
from tools.chapter import code_cells, has_tag

CHAPTERS = Book().chapters()

pytestmark = pytest.mark.parametrize("stem", CHAPTERS)


def test_it_was_executed_whole_and_as_it_stands(stem, executed):
    executed(stem)
    done = record.read(Book().executed, stem)
    assert done is not None
    assert done.key == record.key(Book(), CHAPTERS[stem], done.parameters)


def test_no_cell_failed_or_warned(stem, executed):
    for cell in code_cells(executed(stem)):
        assert cell.execution_count
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr"


def test_every_figure_has_a_name_a_caption_and_a_description(stem, executed):
    figures = [cell for cell in code_cells(executed(stem)) if shows_picture(cell)]
    assert figures
    for cell in figures:
        shown = cell.metadata["mystnb"]
        assert shown["figure"]["name"].startswith("fig-")
        assert shown["figure"]["caption"].strip().endswith(".")
        assert len(shown["image"]["alt"]) > 20


def shows_picture(cell) -> bool:
    kinds = {kind for output in cell.outputs for kind in output.get("data", {})}
    hidden = has_tag(cell, "remove-cell") or has_tag(cell, "remove-output")
    return not hidden and any(kind.startswith("image/") for kind in kinds)


def test_figures_are_drawings_and_carry_no_clock(stem, executed):
    for cell in code_cells(executed(stem)):
        for output in cell.outputs:
            picture = output.get("data", {}).get("image/svg+xml")
            if picture:
                assert not re.search(r"<dc:date>|20\d\d-\d\d-\d\dT", picture)
                assert ElementTree.fromstring(picture).get("viewBox")
