"""Figures that move, as a notebook carries them."""

import json
import re
from html import unescape

import pytest

from figures import interactive
from figures.interactive import KINDS
from tools.book import REPOSITORY


def test_values_survive_the_way_into_the_page():
    values = {"points": [[0.1, -2.0]], "label": "a \"quoted\" <b> & 'c'"}
    page = interactive("planar", **values)._repr_html_()
    (text,) = re.findall(r'data-values="([^"]*)"', page)
    assert json.loads(unescape(text)) == values


def test_a_notebook_says_where_the_figure_is():
    assert "online book" in interactive("sphere", count=3)._repr_html_()
    assert "sphere" in repr(interactive("sphere", count=3))


def test_each_kind_has_a_script_that_every_page_loads():
    config = (REPOSITORY / "_config.yml").read_text(encoding="utf-8")
    for kind in KINDS:
        script = REPOSITORY / "_assets" / "interactive" / f"{kind}.js"
        assert f"kinds.{kind} = " in script.read_text(encoding="utf-8")
        assert f"interactive/{kind}.js" in config


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="kind must be one of landscape, sphere"):
        interactive("torus")


@pytest.mark.parametrize("value", [float("nan"), {1, 2}])
def test_what_json_cannot_say_is_refused(value):
    with pytest.raises(ValueError, match="must be finite numbers, strings"):
        interactive("planar", points=value)
