"""Pictures: the size of their text, and the width that makes it readable."""

import io
from xml.etree.ElementTree import fromstring

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from tools.book import BookError
from tools.pictures import least_width, marked, sizes

WIDTH = 6.0
"""Inches of the pictures below, 432 points."""

BARE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><path/></svg>'


def drawn(text: str, size: float, **style) -> str:
    figure = Figure(figsize=(WIDTH, 1.0))
    figure.text(0.1, 0.5, text, fontsize=size, **style)
    file = io.BytesIO()
    with mpl.rc_context({"svg.fonttype": "path"}):
        figure.savefig(file, format="svg")
    return file.getvalue().decode()


@pytest.mark.parametrize("turned", [0, 90])
def test_letters_have_the_size_of_the_font(turned):
    assert list(sizes(fromstring(drawn("abc", 10, rotation=turned)))) == pytest.approx(
        [10] * 3
    )


def test_an_exponent_is_smaller_than_its_line():
    found = sorted(sizes(fromstring(drawn("$10^{-9}$", 10))))
    assert found == pytest.approx([7.0, 7.0, 10.0, 10.0])


@pytest.mark.parametrize(("text", "smallest"), [("abc", 12), ("$x^2$", 8.4)])
def test_at_the_least_width_the_smallest_text_has_eight_points(text, smallest):
    natural = WIDTH * 96
    assert least_width(drawn(text, 12)) == pytest.approx(natural * 8 / smallest, abs=1)


def test_a_picture_without_text_may_have_any_width():
    assert least_width(BARE) is None


def test_text_without_a_box_is_refused():
    svg = drawn("a", 10).replace("viewBox", "data-box")
    with pytest.raises(BookError, match="must have a viewBox of four numbers"):
        least_width(svg)


def test_pages_say_the_least_width_of_their_pictures(tmp_path):
    (tmp_path / "_images").mkdir()
    (tmp_path / "_images" / "a.svg").write_text(drawn("a", 8))
    (tmp_path / "_images" / "b.svg").write_text(BARE)
    text = '<img alt="A &gt; B" src="../_images/a.svg" /><img src="../_images/b.svg">'
    text += '<img src="../_images/a.svg" style="width: 50%">'
    page = marked(text, "chapters/one.html", tmp_path)
    assert '<img style="--least-width: 576px" alt' in page
    assert '<img src="../_images/b.svg">' in page
    assert 'style="--least-width: 576px; width: 50%"' in page
