"""The reference: its pages, what is on them, and how it reads docstrings."""

import ast
import importlib
import inspect
import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from xml.etree import ElementTree

import pytest

from tools import api, architecture, record, stage
from tools.book import REPOSITORY, Book

LIB = REPOSITORY / "lib"
MODULES = sorted(
    ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)
    for path in LIB.rglob("*.py")
    if path.parent != LIB or path.stem != "__init__"
)
OFTEN_USED = {
    "lib.problem.problem": ["Problem", "Network", "reduce_rank"],
    "lib.frank_wolfe.solver": ["solve"],
    "lib.certificate.weak_duality": ["certify", "beta_max"],
    "lib.cone_pca.kappa": ["oracle"],
    "lib.cone_pca.planar": ["planar_oracle"],
    "lib.arrangements.cells": ["enumerate_cells", "planar_walls"],
    "lib.cone_pca.faces": ["cone_pca"],
    "lib.frank_wolfe.regularisation_path": ["path", "enclose"],
    "lib.svd.soft_threshold": ["closed_form"],
    "lib.svd.spike_freeness": ["spike_free"],
    "lib.svd.whitening": ["whiten"],
    "lib.copositive": [
        "solve_relaxation",
        "cover_by_simplices",
        "cover_by_cells",
        "pentagon",
        "solve_whitened",
    ],
    "lib.copositive.textbook": ["scalar_program", "literal_program", "gauge_program"],
    "lib.recovery.completely_positive": ["factorize"],
    "lib.recovery.recover": ["recover_from_relaxation"],
    "lib.recovery.caratheodory": ["prune"],
    "lib.sgd": ["train"],
    "lib.cutting_plane.method": ["solve_dual"],
    "lib.frank_wolfe.as_printed": ["algorithm_1"],
    "lib.certificate.exact": ["exact_certificate"],
    "lib.networks.torch_networks": ["from_torch", "to_torch"],
    "lib.certificate.distance": ["measure"],
    "lib.data.paper": ["gaussian_teacher", "spiral"],
    "lib.problem.convolution": ["patches", "pooled_problem"],
    "lib.losses": ["get_loss"],
}


def listed() -> list[str]:
    """List the modules of all pages of the reference."""
    return [m for group in api.GROUPS.values() for m in api.modules_of(group, LIB)]


def public(module: str) -> list[str]:
    """List the functions and classes that a module defines under a public name."""
    path = REPOSITORY.joinpath(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    nodes = ast.parse(path.read_text(encoding="utf-8")).body
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    names = [node.name for node in nodes if isinstance(node, kinds)]
    return [name for name in names if not name.startswith("_")]


def test_every_module_of_lib_is_in_the_reference_once():
    modules = [name.removesuffix(".__init__") for name in MODULES]
    assert sorted(listed()) == sorted(modules)


def test_every_public_name_has_an_entry():
    text = "\n".join(api.page(page, LIB) for page in api.PAGES)
    for module in listed():
        for name in public(module):
            entries = [f".. auto{k}:: {module}.{name}\n" for k in ("function", "class")]
            assert sum(text.count(entry) for entry in entries) == 1, name


def test_private_names_and_constants_have_none(tmp_path):
    path = tmp_path / "toy.py"
    path.write_text('X = 1\ndef _f(): ...\ndef g():\n    """Do."""\nclass C: ...\n')
    assert list(api.public_names(path)) == [
        ("function", "g", "Do."),
        ("class", "C", ""),
    ]


def test_the_pages_are_in_the_table_of_contents_in_their_order():
    pages = [page for page in Book().pages() if page.startswith(f"{api.FOLDER}/")]
    assert pages == api.PAGES


@pytest.mark.parametrize("module", OFTEN_USED)
def test_what_readers_use_most_has_an_example_that_runs(module):
    for name in OFTEN_USED[module]:
        text = inspect.getdoc(getattr(importlib.import_module(module), name))
        assert "Examples\n--------\n" in text, name
        assert ">>> " in text  # pytest runs it


def test_staging_writes_the_reference(done_book):
    toc = done_book.root / "_toc.yml"
    toc.write_text(f"{toc.read_text()}  - file: {api.FOLDER}/problem\n")
    for name in api.GROUPS["problem"].modules:
        (done_book.root / "lib" / f"{name}.py").write_text('"""Say."""\n')
    for stem in ("one", "two"):  # lib has changed
        _refresh(done_book, stem)
    stage.stage(done_book)
    page = (done_book.staged / api.FOLDER / "problem.md").read_text()
    assert ".. automodule:: lib.problem.problem" in page


def _refresh(book: Book, stem: str) -> None:
    """Let the record of a chapter say that it was executed as all now is."""
    done = record.read(book.executed, stem)
    notebook, _ = record.paths(book.executed, stem)
    key = record.key(book, book.chapters()[stem], {})
    fresh = record.Record(**{**vars(done), "key": key})
    record.write(book.executed, stem, notebook.read_bytes(), fresh)


@pytest.fixture(scope="module")
def hooks() -> ModuleType:
    sys.path.insert(0, str(REPOSITORY / "_ext"))
    try:
        return importlib.import_module("api_hooks")
    finally:
        sys.path.pop(0)


@pytest.fixture
def read(hooks) -> Callable[..., list[str]]:
    """Let the hooks read a docstring in a book that states some equations."""

    def call(*lines: str, what: str = "function") -> list[str]:
        app, text = SimpleNamespace(stated_equations={"eq-11", "eq-a3"}), list(lines)
        hooks.keep_sentence(app, what, "", None, None, text)
        hooks.lead_to_equations(app, what, "", None, None, text)
        return text

    return call


def test_numbers_of_equations_become_references_where_the_book_has_them(read):
    assert read("Equation (11), (A3) and (12).") == [
        "Equation :eq:`eq-11`, :eq:`eq-a3` and (12)."
    ]


def test_what_only_looks_like_an_equation_stays(read):
    lines = ["O(11), ``f (11)``, f(11), (11, 2), `x (11)`", ">>> g (11)"]
    assert read(*lines) == lines


def test_the_sentence_of_a_property_keeps_its_colon(read):
    assert read("True: it holds.", what="property") == [
        ".. property",
        "",
        "True: it holds.",
    ]


def test_equations_are_found_where_the_chapters_state_them(hooks, tmp_path):
    (tmp_path / "chapters").mkdir()
    (tmp_path / "chapters" / "a.ipynb").write_text(r'"$$ (eq-5)\n", ":label: eq-a3\n"')
    (tmp_path / "chapters" / "b.md").write_text("$$ (eq-ours)\n\n$$ (eq-11)\n")
    app = SimpleNamespace(srcdir=tmp_path)
    hooks.find_equations(app)
    assert app.stated_equations == {"eq-5", "eq-a3", "eq-11"}


def test_fields_of_dataclasses_are_left_to_their_class(hooks):
    class Sample:
        field = 1.0
        work = map

        @property
        def size(self): ...

        def method(self): ...

        @classmethod
        def make(cls): ...

    def left_out(name: str) -> bool | None:
        subject = getattr(Sample, name)
        return hooks.leave_out_fields(None, "class", name, subject, False, None)

    assert [left_out(n) for n in ("field", "work")] == [True, True]
    assert [left_out(n) for n in ("size", "method", "make")] == [None] * 3


def test_the_picture_of_the_architecture_is_the_one_that_is_drawn():
    assert architecture.FILE.read_text(encoding="utf-8") == architecture.drawing()


def test_the_picture_names_every_module_of_the_reference_and_brings_its_ground():
    picture = ElementTree.fromstring(architecture.drawing())
    words = {w for text in picture.itertext() for w in text.replace(",", " ").split()}
    for group in api.GROUPS.values():
        names = [m.split(".")[1] for m in api.modules_of(group, LIB)]
        packages = {"experiments", "figures"}  # boxes of their own
        assert set(names) <= words | packages
    grounds = [node for node in picture if node.get("class") == "page"]
    assert len(grounds) == 1
    assert {page for pages in architecture.STAGES.values() for page in pages} == {
        *api.GROUPS
    }
