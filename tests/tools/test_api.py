"""The reference: its pages, what is on them, and how it reads docstrings."""

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from xml.etree import ElementTree

import pytest

import lib
from tools import api, stage
from tools.book import REPOSITORY, Book

PACKAGES = api.packages(Book())
OFTEN_USED = {
    "lib.problem": ["Problem", "Network", "reduce_rank", "patches", "pooled_problem"],
    "lib.losses": ["get_loss"],
    "lib.data": ["gaussian_teacher", "spiral"],
    "lib.networks": ["from_torch", "to_torch"],
    "lib.arrangements": ["enumerate_cells", "planar_walls"],
    "lib.cone_pca": ["oracle", "planar_oracle", "cone_pca"],
    "lib.certificate": ["certify", "beta_max", "exact_certificate", "measure"],
    "lib.frank_wolfe": ["solve", "path", "enclose", "algorithm_1"],
    "lib.cutting_plane": ["solve_dual"],
    "lib.copositive": [
        *("solve_relaxation", "cover_by_simplices", "cover_by_cells"),
        "solve_whitened",
    ],
    "lib.copositive.textbook": ["scalar_program", "literal_program", "gauge_program"],
    "lib.recovery": ["factorize", "recover_from_relaxation", "prune"],
    "lib.svd": ["closed_form", "spike_free", "whiten"],
    "lib.sgd": ["train"],
}


def test_a_package_that_hands_out_names_has_its_place_in_the_reference():
    # A new one gets it in `_toc.yml`; one for inner use alone has no `__all__`.
    inside = [f"lib.{found.name}" for found in pkgutil.iter_modules(lib.__path__)]
    modules = map(importlib.import_module, [*inside, *api.BESIDE_LIB])
    public = [module.__name__ for module in modules if hasattr(module, "__all__")]
    assert sorted(PACKAGES.values()) == sorted(public)


@pytest.mark.parametrize("package", PACKAGES.values())
def test_a_package_hands_out_names_that_are_there_and_documented(package):
    module = importlib.import_module(package)
    assert sorted(set(module.__all__)) == sorted(module.__all__)
    assert api.purpose(package).endswith(".")
    for name in module.__all__:
        found = getattr(module, name)
        if inspect.isroutine(found) or inspect.isclass(found):
            assert inspect.getdoc(found), name


@pytest.mark.parametrize("module", OFTEN_USED)
def test_what_readers_use_most_has_an_example_that_runs(module):
    for name in OFTEN_USED[module]:
        text = inspect.getdoc(getattr(importlib.import_module(module), name))
        assert "Examples\n--------\n" in text, name
        assert ">>> " in text  # pytest runs it


def test_staging_writes_the_reference(done_book):
    toc = done_book.root / "_toc.yml"
    pages = (api.INDEX, f"{api.FOLDER}/problem", f"{api.FOLDER}/experiments")
    lines = "".join(f"  - file: {page}\n" for page in pages)
    toc.write_text(f"{toc.read_text()}{lines}")
    target = done_book.root / f"{api.INDEX}.md"
    target.parent.mkdir()
    target.write_text((REPOSITORY / f"{api.INDEX}.md").read_text())
    stage.stage(done_book)
    index, *others = ((done_book.staged / f"{page}.md").read_text() for page in pages)
    assert "in which data flow: lib.problem, experiments." in index
    assert "| {doc}`lib.problem </back/api/problem>` | The training problem" in index
    for name, page in zip(("lib.problem", "experiments"), others, strict=True):
        assert page.startswith(f"# `{name}`\n")
        assert f".. automodule:: {name}\n   :members:" in page


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


def test_what_a_package_hands_out_is_listed_with_its_first_sentence(hooks):
    def handed() -> None:
        """Do this (5): now.

        And more.
        """

    module = SimpleNamespace(__all__=["LIMIT", "handed"], LIMIT=1.0, handed=handed)
    lines = ["About."]
    hooks.list_names(None, "module", "lib.toy", module, None, lines)
    assert lines == ["About.", "- :py:obj:`~lib.toy.handed`: Do this (5): now.", ""]


def test_what_two_packages_hand_out_has_its_entry_where_it_is_from(hooks, monkeypatch):
    toys = {"lib.toy": ["Toy"], "lib.other": ["Toy", "Other"]}
    for name, handed in toys.items():
        monkeypatch.setitem(sys.modules, name, SimpleNamespace(__all__=handed))
    toy = type("Toy", (), {"__module__": "lib.toy.inside"})
    other = type("Other", (), {"__module__": "lib.toy.inside"})  # not handed out there

    def left_out(package, subject):
        app = SimpleNamespace(
            env=SimpleNamespace(temp_data={"autodoc:module": package})
        )
        return hooks.leave_out_handed_on(app, "module", "", subject, False, None)

    assert left_out("lib.toy", toy) is None
    assert left_out("lib.other", toy) is True
    assert left_out("lib.other", other) is None
    assert hooks.home(toy, "lib.other") == "lib.toy"


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("prune", "lib.recovery.prune"),
        ("lib.recovery.caratheodory.prune", "lib.recovery.prune"),
        ("Inputs.decode", "lib.sgd.Inputs.decode"),
        ("lib.recovery.caratheodory.no_such", None),
        ("no_such", None),
        ("caratheodory", "its words alone"),  # a module that its package keeps
        ("lib.recovery.caratheodory", "its words alone"),
        ("Problem.loss_of", None),
        ("RankReduction.lift", "its words alone"),
    ],
)
def test_short_names_and_private_paths_lead_to_the_public_entry(
    hooks, monkeypatch, target, found
):
    importlib.import_module("lib.recovery")
    names = ("lib.recovery.prune", "lib.sgd.Inputs.decode", "lib.sgd.Outputs.decode")
    objects = {name: SimpleNamespace(docname="", node_id=name) for name in names}
    env = SimpleNamespace(get_domain=lambda _: SimpleNamespace(objects=objects))
    node = {"refdomain": "py", "reftarget": target, "refdoc": ""}
    monkeypatch.setattr(hooks, "make_refnode", lambda *args: args[3])
    app = SimpleNamespace(builder=None)
    assert hooks.resolve_short_name(app, env, node, "its words alone") == found


def test_the_picture_of_the_architecture_is_the_one_that_is_drawn():
    told = {name: api.purpose(name) for name in PACKAGES.values()}
    drawn = api.PICTURE.read_text(encoding="utf-8")
    assert drawn == api.drawing(told), "Draw it again: python -m tools.api"


def test_the_picture_has_a_box_for_each_package_in_reach_of_its_words():
    names = [f"a{place}" for place in range(5)]
    picture = ElementTree.fromstring(api.drawing(dict.fromkeys(names, "What it is.")))
    svg = "{http://www.w3.org/2000/svg}"
    ground, *boxes = picture.iter(f"{svg}rect")
    assert ground.get("class") == "page"  # its own, by day and by night
    corners = [(int(box.get("x")), int(box.get("y"))) for box in boxes]
    assert len(set(corners)) == 5
    assert corners[2][0] == corners[3][0]  # rows run to and fro
    assert max(y for _, y in corners) + api.HEIGHT < int(ground.get("height"))
    words = "".join(picture.itertext())
    assert all(f"{name}What it is." in words for name in names)
