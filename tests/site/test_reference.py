"""The reference in the built book: entries, sources and equations that lead on."""

import importlib
import inspect
import posixpath
import re
from functools import cache

import pytest
from bs4 import BeautifulSoup

from tools import api
from tools.book import Book

PACKAGES = api.packages(Book())


@cache
def read(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@pytest.mark.parametrize("address", PACKAGES)
def test_every_public_name_has_an_entry_with_text_and_source(html, address):
    page, package = read(html / f"{address}.html"), PACKAGES[address]
    module = importlib.import_module(package)
    listed = {a["href"]: a for a in page.article.select("ul a.reference.internal")}
    for short in module.__all__:
        found = getattr(module, short)
        if not (inspect.isroutine(found) or inspect.isclass(found)):
            continue
        entry = page.find(id=f"{package}.{short}")
        if entry is None:  # handed on: its entry is on another page
            assert not found.__module__.startswith(package)
            assert [href for href in listed if re.search(rf"^\w.*\.{short}$", href)]
            continue
        assert len(entry.parent.dd.get_text().split()) >= 3, short
        assert f"#{package}.{short}" in listed
        target = entry.find("a", string="[source]")["href"]
        file, _, anchor = target.partition("#")
        source = html / posixpath.normpath(posixpath.join(api.FOLDER, file))
        assert read(source).find(id=anchor), target


@pytest.mark.parametrize("address", PACKAGES)
def test_nothing_else_has_an_entry(html, address):
    package = PACKAGES[address]
    entries = read(html / f"{address}.html").select("dl.py > dt")
    names = {entry["id"].removeprefix(f"{package}.") for entry in entries}
    public = importlib.import_module(package).__all__
    assert {name.partition(".")[0] for name in names} <= set(public)


def links_of(html, address, name):
    """Map the words of the links in an entry to where they lead."""
    entry = read(html / api.FOLDER / f"{address}.html").find(id=name).parent
    return {a.get_text(): a["href"] for a in entry.select("a.reference.internal")}


def test_numbers_of_equations_lead_to_the_chapters(html):
    links = links_of(html, "certificate", "lib.certificate.certify")
    assert links["(11)"] == "../../chapters/03_strong_duality.html#equation-eq-11"
    assert links["lib.cone_pca.Oracle"] == "cone_pca.html#lib.cone_pca.Oracle"


def test_a_short_name_of_a_docstring_leads_to_its_entry(html):
    links = links_of(html, "svd", "lib.svd.closed_form")
    assert links["factorize()"] == "recovery.html#lib.recovery.factorize"


def test_the_first_page_leads_to_every_package(html):
    page = read(html / f"{api.INDEX}.html")
    rows = {a["href"]: a.get_text() for a in page.select("table a")}
    assert rows == {
        f"{address.removeprefix(api.FOLDER + '/')}.html": package
        for address, package in PACKAGES.items()
    }
