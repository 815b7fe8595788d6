"""The reference in the built book: entries, sources and equations that lead on."""

import posixpath
from functools import cache

import pytest
from bs4 import BeautifulSoup

from tools import api
from tools.book import REPOSITORY

LIB = REPOSITORY / "lib"


@cache
def read(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@pytest.mark.parametrize("name", api.GROUPS)
def test_every_public_name_has_an_entry_with_text_and_source(html, name):
    page = read(html / api.FOLDER / f"{name}.html")
    for module in api.modules_of(api.GROUPS[name], LIB):
        path = REPOSITORY.joinpath(*module.split("."))
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        for _, short, summary in api.public_names(path):
            entry = page.find(id=f"{module}.{short}")
            assert len(entry.parent.dd.get_text().split()) >= 3, short
            assert summary
            target = entry.find("a", string="[source]")["href"]
            file, _, anchor = target.partition("#")
            source = html / posixpath.normpath(posixpath.join(api.FOLDER, file))
            assert read(source).find(id=anchor), target


def test_numbers_of_equations_lead_to_the_chapters(html):
    page = read(html / api.FOLDER / "certificate.html")
    entry = page.find(id="lib.certificate.weak_duality.certify").parent
    links = {a.get_text(): a["href"] for a in entry.select("a.reference.internal")}
    assert links["(11)"] == "../../chapters/03_strong_duality.html#equation-eq-11"
    assert links["lib.cone_pca.kappa.oracle()"].endswith(
        "oracle.html#lib.cone_pca.kappa.oracle"
    )


def test_a_short_name_of_a_docstring_leads_to_its_entry(html):
    page = read(html / api.FOLDER / "closed_form.html")
    entry = page.find(id="lib.svd.soft_threshold.closed_form").parent
    links = {a.get_text(): a["href"] for a in entry.select("a.reference.internal")}
    target = "copositive.html#lib.recovery.completely_positive.factorize"
    assert links["factorize()"] == target
