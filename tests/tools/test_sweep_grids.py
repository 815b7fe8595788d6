"""Parameters of a sweep: described by the chapter, checked, and passed on as data."""

import math
import re
import shlex
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from papermill.translators import PythonTranslator

from tools.book import REPOSITORY, Book, BookError, parse_yaml
from tools.chapter import parameter_names, read_chapter
from tools.sweep.command import main
from tools.sweep.described import describe, like
from tools.sweep.grid import check_data, expand, read_grids, read_options

CHECKED = """\
from lib import parameters
positive = parameters.positive
parameters.check(globals(), beta=positive())
raise RuntimeError('computed')
"""


def test_every_chapter_describes_all_of_its_parameters():
    for source in Book().chapters().values():
        known = describe(source)
        assert list(known) == parameter_names(read_chapter(source))
        for parameter in known.values():
            assert parameter.meaning
            assert parameter.spec.must != "anything"
            parameter.spec(parameter.name, parameter.default)


def test_a_chapter_is_described_without_computing(new_book):
    book = new_book(one=CHECKED)
    (beta,) = describe(book.chapters()["one"]).values()
    assert (beta.name, beta.default, beta.meaning) == ("beta", 0.5, "weight decay")
    assert beta.spec.must == "a positive finite number"


def test_only_the_imports_that_are_needed_are_done(new_book, rewrite):
    book = new_book(one="pass")
    path = book.chapters()["one"]
    cell = "```{code-cell} ipython3\nimport no_such_package\nimport math\n```\n\n"
    place = path.read_text().index("```{code-cell}")
    text = path.read_text().replace("beta = 0.5", "beta = math.pi")
    path.write_text(text[:place] + cell + text[place:])
    assert describe(path)["beta"].default == math.pi


def test_a_parameter_that_is_not_checked_is_of_the_kind_of_its_default(new_book):
    known = describe(new_book(one="pass").chapters()["one"])
    assert known["beta"].spec.must == "a number"


@pytest.mark.parametrize(
    ("default", "good", "bad"),
    [
        (True, False, 1),
        (3, 4, 4.5),
        (3, 4, True),
        (0.5, 1, "1"),
        ("a", "b", 1),
        ([1], [], "ab"),
    ],
)
def test_values_are_taken_or_refused_by_their_kind(default, good, bad):
    like(default)("name", good)
    with pytest.raises(ValueError, match="'name' must be"):
        like(default)("name", bad)


def test_cells_that_cannot_be_read_are_named(new_book, rewrite):
    book = new_book(one="pass")
    path = book.chapters()["one"]
    path.write_text(path.read_text().replace("beta = 0.5", "beta = 1 / 0"))
    with pytest.raises(BookError, match=r"one\.md cannot be read .*ZeroDivisionError"):
        describe(path)
    path.write_text(path.read_text().replace("[parameters]", "[other]"))
    with pytest.raises(BookError, match="no cell tagged `parameters`"):
        describe(path)


def test_list_shows_names_defaults_kinds_and_meanings(new_book, capsys):
    book = new_book(one=CHECKED, two="pass")
    assert main(["--list", "--root", str(book.root)]) == 0
    shown = capsys.readouterr().out
    assert "| beta | 0.5 | a positive finite number | weight decay |" in shown
    assert "| beta | 0.5 | a number | weight decay |" in shown
    assert main(["--list", "one", "--root", str(book.root)]) == 0
    assert "two" not in capsys.readouterr().out


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
        (["beta=0:9:0"], "has a step of 0"),
        (["beta=0:999999999"], "has 999999999 values; at most"),
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
    path.write_text("- beta: 1\n- beta: [1, 2]\n")
    assert expand(read_grids(path), known) == [{"beta": 1}, {"beta": 2}]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "must map parameters to lists of values; got None"),
        ("[]", "has no grid in it"),
        ("3", "must map parameters to lists"),
        ("beta: {start: 1}", "The range of beta takes whole numbers"),
        ("beta: {start: 1, stop: a}", "The range of beta takes whole numbers"),
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
        (["one", "-p", "beta=.inf"], "beta must be finite; got inf"),
        (["one", "-p", "beta=1,1"], "beta has the value 1 twice"),
        (["one", "-p", "beta=2020-01-01"], "beta must be a number, .* of type date"),
        (["one", "-p", "beta=1:99999,100000:200000"], "has 199998 runs; at most"),
        (["oen", "-p", "beta=1"], "Unknown chapter 'oen'; did you mean 'one'"),
        (["-p", "beta=1"], "Name a chapter: one, other"),
        (["o", "-p", "beta=1"], "Unknown chapter 'o'.* Known: one, other"),
        (["one", "--grid", "nowhere.yml"], "There is no nowhere.yml"),
    ],
)
def test_a_wrong_sweep_is_refused_before_any_run(new_book, capsys, options, word):
    book = new_book(one=CHECKED, other="pass")
    assert main([*options, "--root", str(book.root)]) == 2
    assert re.search(word, capsys.readouterr().err)
    assert not book.build.exists()


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
        "missing {'beta': 1}",
        "missing {'beta': 2}",
    ]
    assert not book.build.exists()


@pytest.mark.parametrize("page", ["README.md", "back/sweeps.md"])
def test_the_sweep_of_a_page_is_one_that_make_can_do(page, tmp_path, capsys):
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    (line,) = re.findall(r"^ *(make sweep .*)$", text, re.M)
    command = [*shlex.split(line), "--dry-run", "--no-print-directory"]
    made = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    (called,) = re.findall(r"-m tools\.sweep (.*)$", made.stdout, re.M)
    assert main([*shlex.split(called), "--dry-run", "--out", str(tmp_path)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 10


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
    check_data("value", value)
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
        check_data("value", value)
