"""Parameters of a sweep: described by the chapter, checked, and passed on as data."""

import math
import re
import shlex
import subprocess
import sys

import papermill
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from papermill.translators import PythonTranslator

from tools.book import REPOSITORY, Book, BookError, parse_yaml
from tools.chapter import as_data, describe, read_chapter
from tools.sweep.__main__ import main
from tools.sweep.grid import expand, read_grids, read_options

COMPUTING = "raise RuntimeError('computed')"


@pytest.fixture
def checked(new_book):
    """A book whose first chapter says what its parameter must be."""
    book = new_book(one=COMPUTING, other="pass")
    path = book.chapters()["one"]
    declared = "from lib.parameters import Positive\n\nbeta: Positive = 0.5"
    path.write_text(path.read_text().replace("beta = 0.5", declared))
    return book


def test_every_chapter_describes_all_of_its_parameters_as_papermill_does():
    for source in Book().chapters().values():
        known = describe(source)
        told = papermill.inspect_notebook(read_chapter(source))
        assert list(known) == list(told)
        for name, parameter in known.items():
            assert parameter.meaning == told[name]["help"] != ""
            assert told[name]["inferred_type_name"] != "None"
            assert parameter.kind.must != "anything"
            parameter.kind(name, parameter.default)


def test_a_chapter_is_described_without_computing(checked):
    ((name, beta),) = describe(checked.chapters()["one"]).items()
    assert (name, beta.default, beta.meaning) == ("beta", 0.5, "weight decay")
    assert beta.kind.must == "a positive finite number"


def test_only_the_cell_of_parameters_is_run(new_book):
    path = new_book(one="pass").chapters()["one"]
    cell = "```{code-cell} ipython3\nimport no_such_package\n```\n\n"
    place = path.read_text().index("```{code-cell}")
    text = path.read_text().replace("beta = 0.5", "import math\nbeta = math.pi")
    path.write_text(text[:place] + cell + text[place:])
    assert describe(path)["beta"].default == math.pi


def test_a_parameter_without_a_kind_is_of_the_type_of_its_default(new_book):
    known = describe(new_book(one="pass").chapters()["one"])
    assert known["beta"].kind.must == "a number"


def test_cells_that_cannot_be_read_are_named(new_book, rewrite):
    book = new_book(one="pass")
    path = book.chapters()["one"]
    path.write_text(path.read_text().replace("beta = 0.5", "beta = 1 / 0"))
    with pytest.raises(BookError, match=r"one\.md cannot be read .*ZeroDivisionError"):
        describe(path)
    path.write_text(path.read_text().replace("[parameters]", "[other]"))
    with pytest.raises(BookError, match="no cell tagged `parameters`"):
        describe(path)


def test_list_shows_names_defaults_kinds_and_meanings(checked, capsys):
    assert main(["--list", "--root", str(checked.root)]) == 0
    shown = capsys.readouterr().out
    assert "| beta | 0.5 | a positive finite number | weight decay |" in shown
    assert "| beta | 0.5 | a number | weight decay |" in shown
    assert main(["--list", "one", "--root", str(checked.root)]) == 0
    assert "other" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0.01,0.1", [0.01, 0.1]),
        ("1e-2, 1E3, .5", [0.01, 1000.0, 0.5]),
        ("0:3", [0, 1, 2]),
        ("6:0:-2", [6, 4, 2]),
        ("0:2,7", [0, 1, 7]),
        ("torch", ["torch"]),
        ("'0:3'", ["0:3"]),
        ('"a, b","c\\n"', ["a, b", "c\n"]),
        ("[5,10],[20]", [[5, 10], [20]]),
        ("true,null", [True, None]),
        ("010,1:30:20:9", ["010", "1:30:20:9"]),
        ("", []),
        ("3:3", []),
    ],
)
def test_values_of_the_command_line_are_read(text, values):
    read = read_options([f"p={text}"])["p"]
    assert read == values
    assert [type(value) for value in read] == [type(value) for value in values]


def test_numbers_in_yaml_are_those_of_python():
    assert parse_yaml("[1e-2, 1., -3, 1_000]") == [0.01, 1.0, -3, 1000]
    assert parse_yaml("[1:30, 010, e5, 1e]") == ["1:30", "010", "e5", "1e"]
    assert parse_yaml("-.inf") == -math.inf


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["beta"], "takes name=value"),
        (["=1"], "takes name=value"),
        (["beta=1", "beta=2"], "beta is given twice"),
        (["beta=[1"], r"The values of beta cannot be read: '\[1'"),
        (["beta=0:9:0"], "'0:9:0'. A range takes .* step, which is not 0"),
    ],
)
def test_options_that_say_nothing_are_refused(options, word):
    with pytest.raises(BookError, match=word):
        read_options(options)


def test_a_file_holds_a_grid_or_several(tmp_path, new_book):
    path = tmp_path / "grid.yml"
    known = describe(new_book(one="pass").chapters()["one"])
    path.write_text("beta: [1e-2, 1]\n")
    assert expand(read_grids(path), known) == [{"beta": 0.01}, {"beta": 1}]
    path.write_text("beta: {start: 1, stop: 3}\n")
    assert expand(read_grids(path), known) == [{"beta": 1}, {"beta": 2}]
    path.write_text("- beta: 1\n- beta: [3, 2]\n")
    assert expand(read_grids(path), known) == [{"beta": b} for b in (1, 3, 2)]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "must map parameters to lists of values; got None"),
        ("[]", r"must map parameters to lists of values; got \[\]"),
        ("beta: 1\nbeta: 2", "gives beta twice; leave one of the two"),
        ("- {beta: [1], beta: [2]}", "gives beta twice; leave one of the two"),
        ("3", "must map parameters to lists"),
        ("beta: {start: 1}", "values of beta .* A range takes whole numbers"),
        ("beta: {start: 1, stop: a}", "values of beta .* A range takes whole numbers"),
        ("beta: {", "is not valid YAML"),
    ],
)
def test_a_file_that_is_no_grid_is_refused(tmp_path, text, word):
    path = tmp_path / "grid.yml"
    path.write_text(text)
    with pytest.raises(BookError, match=word):
        read_grids(path)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["one"], "No grid: give -p"),
        (["one", "-p", "beta="], "beta has no value, so there is nothing to run"),
        (["one", "-p", "beta=3:3"], "beta has no value"),
        (["one", "-p", "betta="], "Unknown parameter 'betta'; did you mean 'beta'"),
        (["one", "-p", "betta=1"], "Unknown parameter 'betta'; did you mean 'beta'"),
        (["one", "-p", "beta=1,-1"], "'beta' must be a positive finite number; got -1"),
        (["one", "-p", "beta=1,x"], "'beta' must be a positive finite number; got 'x'"),
        (["one", "-p", "beta='1e-1'"], "YAML takes it for text, write 0.1"),
        (["one", "-p", "beta=.inf"], "beta must be a finite number, .*; got inf"),
        (["one", "-p", "beta=1,1"], "beta has the value 1.0 twice"),
        (["one", "-p", "beta=1,1.0"], "beta has the value 1.0 twice"),
        (["one", "-p", "beta=1e-1,0.1"], "beta has the value 0.1 twice"),
        (["one", "-p", "beta=2020-01-01"], "beta must be a finite .* of type date"),
        (["one", "-p", "beta=1:99999,100000:200000"], "more than 100000 runs, the"),
        (["one", "-p", "beta=0:999999999"], "has more than 100000 runs, the most"),
        (["oen", "-p", "beta=1"], "Unknown chapter 'oen'; did you mean 'one'"),
        (["-p", "beta=1"], "Name a chapter: one, other"),
        (["o", "-p", "beta=1"], "Unknown chapter 'o'.* Known: one, other"),
        (["one", "--grid", "nowhere.yml"], "There is no nowhere.yml"),
        (["all", "-p", "betta=1"], "Unknown parameter 'betta'; did you mean 'beta'"),
        (["all", "-p", "beta=-1"], "finite number; got -1 .* It is a parameter of one"),
    ],
)
def test_a_wrong_sweep_is_refused_before_any_run(checked, capsys, options, word):
    assert main([*options, "--root", str(checked.root)]) == 2
    assert re.search(word, capsys.readouterr().err)
    assert not checked.build.exists()


def test_a_name_in_the_file_and_on_the_command_line_is_refused(new_book, capsys):
    book = new_book(one="pass")
    grid = book.root / "grid.yml"
    grid.write_text("beta: 1\n")
    options = ["one", "--grid", str(grid), "-p", "beta=2", "--root", str(book.root)]
    assert main(options) == 2
    assert "beta is both in" in capsys.readouterr().err


def test_a_dry_run_lists_the_runs_and_does_none(new_book, capsys):
    book = new_book(one="pass", other="pass")
    options = ["on", "-p", "beta=1,2", "--dry-run", "--root", str(book.root)]
    assert main(options) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == [
        "missing {'beta': 1.0}",
        "missing {'beta': 2.0}",
    ]
    assert not book.build.exists()


def test_grids_that_meet_share_their_runs(new_book, capsys):
    book = new_book(one="pass")
    grid = book.root / "grid.yml"
    grid.write_text("- {beta: [0.5, 1]}\n- {beta: 1.0}\n- {beta: [1, 2.0]}\n")
    options = ["one", "--grid", str(grid), "--dry-run", "--root", str(book.root)]
    assert main(options) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("beta': ")[2] for line in lines] == ["0.5}", "1.0}", "2.0}"]


@pytest.mark.parametrize("page", ["README.md", "back/sweeps.md"])
def test_the_sweeps_of_a_page_are_ones_that_make_can_do(page, tmp_path, capsys):
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    lines = re.findall(r"^ *(make sweep .*)$", text, re.M)
    counts = []
    for place, line in enumerate(lines):
        command = [*shlex.split(line), "--dry-run", "--no-print-directory"]
        made = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
        (called,) = re.findall(r"-m tools\.sweep (.*)$", made.stdout, re.M)
        out = ["--dry-run", "--out", str(tmp_path / str(place))]
        assert main([*shlex.split(called), *out]) == 0
        said = capsys.readouterr().out.splitlines()
        counts.append(sum(" left out" not in line for line in said))
    # Two weight decays and five seeds; then ten seeds of each chapter that has one.
    chapters = Book().chapters().values()
    seeded = sum("seed" in describe(source) for source in chapters)
    assert counts == [10, 10 * seeded][: 2 if page == "back/sweeps.md" else 1]


@pytest.mark.parametrize("option", [["--workers", "0"], ["--retries", "-1"]])
def test_wrong_counts_are_refused(option, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["one", *option])
    assert "must be a whole number >=" in capsys.readouterr().err


DATA = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(DATA)
@settings(max_examples=100)
def test_data_reach_a_notebook_unharmed(value):
    as_data("value", value)
    namespace = {}
    exec(PythonTranslator.codify({"value": value}), namespace)
    assert namespace["value"] == value
    assert type(namespace["value"]) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        '"; import os; os.abort() #',
        "'''",
        '"""',
        "\\",
        '\\"',
        "a\nb\r\n\u2028\x00",
        "{beta} {{",
        "naïve κ 𝕏 \ud800",
        "$(exit) `x` %s",
    ],
)
def test_strings_are_never_code(text):
    namespace = {}
    exec(PythonTranslator.codify({"value": text}), namespace)
    assert namespace["value"] == text


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, (1, 2), {1}, {1: 2}, [math.nan], b"x", sys],
)
def test_what_would_not_arrive_as_it_is_is_refused(value):
    with pytest.raises(BookError, match="value"):
        as_data("value", value)
