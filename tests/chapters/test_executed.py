"""What every chapter shows after it was executed."""

import re
from xml.etree import ElementTree

from tests.chapters.rules import CHAPTERS, no_chapter
from tools import record
from tools.book import Book
from tools.chapter import code_cells, has_tag


@no_chapter
def test_it_was_executed_whole_and_as_it_stands(stem, executed):
    executed(stem)
    done = record.read(Book().executed, stem)
    if done is None or done.key != record.key(Book(), CHAPTERS[stem], done.parameters):
        yield done


@no_chapter
def test_no_cell_failed_or_warned(stem, executed):
    for cell in code_cells(executed(stem)):
        if not cell.execution_count:
            yield cell.source
        for output in cell.outputs:
            if output.output_type == "error" or output.get("name") == "stderr":
                yield output


@no_chapter
def test_every_figure_has_a_name_a_caption_and_a_description(stem, executed):
    figures = [cell for cell in code_cells(executed(stem)) if shows_picture(cell)]
    if not figures:
        yield "no figure"
    for cell in figures:
        shown = cell.metadata["mystnb"]
        name, caption = shown["figure"]["name"], shown["figure"]["caption"].strip()
        if not (name.startswith("fig-") and caption.endswith(".")):
            yield name, caption
        if len(shown["image"]["alt"]) <= 20:
            yield name, shown["image"]["alt"]


def shows_picture(cell) -> bool:
    kinds = {kind for output in cell.outputs for kind in output.get("data", {})}
    hidden = has_tag(cell, "remove-cell") or has_tag(cell, "remove-output")
    return not hidden and any(kind.startswith("image/") for kind in kinds)


@no_chapter
def test_figures_are_drawings_and_carry_no_clock(stem, executed):
    for cell in code_cells(executed(stem)):
        for output in cell.outputs:
            picture = output.get("data", {}).get("image/svg+xml")
            if picture:
                clock = re.search(r"<dc:date>|20\d\d-\d\d-\d\dT", picture)
                if clock or not ElementTree.fromstring(picture).get("viewBox"):
                    yield cell.metadata["mystnb"]["figure"]["name"], clock
