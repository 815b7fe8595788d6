"""The runner: what runs, what is skipped, and what happens when something breaks."""

import fcntl
import json
import re
import subprocess
import sys
import time

import nbformat
import psutil
import pytest
import torch

from tools import execute, record
from tools.book import REPOSITORY, Book, BookError
from tools.chapter import describe, find, read_parameters
from tools.run_notebooks import parse, plan

SOON = 60
"""Seconds after which a process that should have started or ended never will."""


def executed(book: Book, stem: str) -> nbformat.NotebookNode:
    return nbformat.read(book.executed / f"{stem}.ipynb", as_version=4)


def outputs(notebook: nbformat.NotebookNode) -> str:
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return "".join(output.get("text", "") for cell in cells for output in cell.outputs)


def command(book: Book, *options: str) -> list[str]:
    module = [sys.executable, "-m", "tools.run_notebooks"]
    return [*module, "--root", str(book.root), *options]


def test_every_chapter_is_executed_and_its_run_recorded(done_book):
    book = done_book
    assert outputs(executed(book, "one")) == "42\n"
    assert outputs(executed(book, "two")) == "0.5\n"
    done = record.read(book.executed, "one")
    assert done.seconds > 0
    assert 20 < done.peak_mib < 2000  # a bare kernel takes some 70 MiB
    assert done.machine["cores"] >= 1
    assert (done.machine["GPU"] == "none") is not torch.cuda.is_available()
    assert not (book.build / "scratch").exists()


def test_no_process_of_the_tools_compiles_a_grammar_that_it_never_asks():
    # It took two seconds of each chapter's run, however small.
    load = "import sys, papermill, tools.chapter; sys.exit('lark' in sys.modules)"
    line = [sys.executable, "-c", f"import tools; {load}"]
    assert subprocess.run(line, cwd=REPOSITORY).returncode == 0


def test_parameters_of_the_file_reach_the_chapter(new_book, run):
    book = new_book(one="print(beta)")
    (book.root / "params" / "ci.yml").write_text("one: {beta: 2.5}\n")
    assert run(book) == 0
    assert outputs(executed(book, "one")) == "2.5\n"
    assert record.read(book.executed, "one").parameters == {"beta": 2.5}


@pytest.mark.parametrize(
    ("text", "set_from_outside"),
    [("0.5", {}), ("5.0e-1", {}), ("1", {"beta": 1.0}), ("1.0", {"beta": 1.0})],
)
def test_a_value_that_the_chapter_has_anyway_is_not_set(
    new_book, text, set_from_outside
):
    # It would repeat the cell of parameters on the page.
    book = new_book(one="print(beta)")
    path = book.root / "params" / "ci.yml"
    path.write_text(f"one: {{beta: {text}}}\n")
    assert read_parameters(path, book) == {"one": set_from_outside}


def test_numbers_that_are_the_same_are_one_run(new_book):
    book = new_book(one="print(beta)")
    path, runs = book.root / "params" / "ci.yml", []
    for text in ("2", "2.0"):
        path.write_text(f"one: {{beta: {text}}}\n")
        (values,) = read_parameters(path, book).values()
        runs.append((repr(values), record.key(book, book.chapters()["one"], values)))
    assert runs[0] == runs[1]


def test_a_default_that_is_given_is_no_other_run(new_book):
    book = new_book(one="pass")
    source = book.chapters()["one"]
    first, second, third = record.keys(book, source, [{}, {"beta": 0.5}, {"beta": 1.0}])
    assert first == second != third


def test_a_second_run_does_nothing_and_a_forced_one_something(done_book, run, capsys):
    notebook = done_book.executed / "one.ipynb"
    before = notebook.stat().st_mtime_ns
    assert run(done_book) == 0
    assert notebook.stat().st_mtime_ns == before
    assert "0 chapters to run, 2 up to date" in capsys.readouterr().out
    assert run(done_book, "--force", "--only", "one") == 0
    assert notebook.stat().st_mtime_ns > before


def test_only_the_chapter_that_changed_runs_again(done_book, run, rewrite, capsys):
    book = done_book
    rewrite(book, "two", "print(22)")
    assert run(book) == 0
    assert "1 chapters to run, 1 up to date" in capsys.readouterr().out
    assert outputs(executed(book, "two")) == "22\n"


INPUTS = ("lib/part.py", "lib/new.py", "figures/new.py", "figures/look.mplstyle")


@pytest.mark.parametrize("name", [*INPUTS, "requirements.lock"])
def test_what_a_chapter_depends_on_changes_its_key(new_book, name):
    book = new_book(one="pass")
    source = book.chapters()["one"]
    before = record.key(book, source, {})
    (book.root / name).write_text("OTHER = 2\n")
    assert record.key(book, source, {}) != before


PATH = "from lib.parameters import ExistingPath\n\ntable: ExistingPath = ''\n```"


def reading_book(new_book, cell="print(open(table).read())"):
    """Return a book whose chapter takes the path of a file."""
    book = new_book(one=cell)
    source = book.chapters()["one"]
    text = source.read_text().replace("beta = 0.5  # weight decay\n```", PATH)
    source.write_text(text)
    return book


def test_the_content_of_a_file_that_a_parameter_names_counts_not_its_place(
    new_book, tmp_path
):
    book = reading_book(new_book)
    source = book.chapters()["one"]
    here, there = tmp_path / "mine.csv", tmp_path / "other" / "mine.csv"
    there.parent.mkdir()
    for path in (here, there):
        path.write_text("x,y\n")
    keys = record.keys(book, source, [{"table": str(p)} for p in (here, there)])
    assert keys[0] == keys[1]
    here.write_text("x,y\n1,2\n")
    assert record.key(book, source, {"table": str(here)}) != keys[0]
    folder = record.key(book, source, {"table": str(there.parent)})
    there.write_text("x,y\n3,4\n")
    assert record.key(book, source, {"table": str(there.parent)}) != folder


@pytest.mark.parametrize("default", ["'mine.csv'", "['mine.csv']", "{'a': 'mine.csv'}"])
def test_a_file_counts_also_if_it_is_a_default_and_no_kind_says_so(new_book, default):
    book = new_book(one="pass")
    source = book.chapters()["one"]
    source.write_text(source.read_text().replace("= 0.5", f"= {default}"))
    table = source.with_name("mine.csv")
    table.write_text("1")
    before = record.key(book, source, {})
    table.write_text("2")
    assert record.key(book, source, {}) != before


def test_a_changed_file_runs_the_chapter_that_reads_it_again(
    new_book, run, monkeypatch, tmp_path, capsys
):
    book = reading_book(new_book)
    monkeypatch.chdir(tmp_path)  # from where the path of the file starts
    (tmp_path / "mine.csv").write_text("first")
    (tmp_path / "mine.yml").write_text("one: {table: mine.csv}\n")
    for content, count in (("first", 1), ("first", 0), ("second", 1)):
        (tmp_path / "mine.csv").write_text(content)
        assert run(book, "--params", "mine.yml") == 0
        assert f"{count} chapters to run" in capsys.readouterr().out
        assert outputs(executed(book, "one")) == f"{content}\n"


def test_a_file_that_is_not_there_stops_before_anything_runs(
    new_book, run, monkeypatch, tmp_path, capsys
):
    book = reading_book(new_book)
    monkeypatch.chdir(tmp_path)
    (book.root / "chapters" / "mine.csv").write_text("not meant")
    (tmp_path / "mine.yml").write_text("one: {table: mine.csv}\n")
    assert run(book, "--params", "mine.yml") == 2
    assert f"Relative paths start from {tmp_path}" in capsys.readouterr().err


def test_text_and_parameters_change_the_key_and_time_does_not(new_book, rewrite):
    book = new_book(one="pass")
    source = book.chapters()["one"]
    before = record.key(book, source, {})
    source.touch()
    assert record.key(book, source, {}) == before
    assert record.key(book, source, {"beta": 1}) != before
    rewrite(book, "one", "pass  # now")
    assert record.key(book, source, {}) != before


def test_a_failing_chapter_keeps_its_part_and_the_others_finish(new_book, run, capsys):
    book = new_book(bad=["print('so far')", "1 / 0", "print('never')"], good="print(1)")
    assert run(book) == 1
    assert outputs(executed(book, "good")) == "1\n"
    assert not (book.executed / "bad.ipynb").exists()
    partial = nbformat.read(book.build / "failed" / "bad.ipynb", as_version=4)
    assert "so far" in outputs(partial)
    assert "never" not in outputs(partial)
    assert "ZeroDivisionError" in json.dumps(partial)
    errors = capsys.readouterr().err
    assert "bad failed: ZeroDivisionError: division by zero" in errors
    assert "Its notebook up to there" in errors


FAILING = {
    "assert beta > 1": "AssertionError, at `assert beta > 1`",
    "x = 1\nassert (\n    beta\n    > x\n), 'a word'\nprint(x)": (
        "AssertionError: a word, at `assert ( beta > x ), 'a word'`"
    ),
    "for k in range(3):\n    if k == 2:\n        [].pop()": (
        "IndexError: pop from empty list, at `[].pop()`"
    ),
    "for k in 1:\n    pass": (
        "TypeError: 'int' object is not iterable, at `for k in 1:`"
    ),
    "print(1)\nx = = 2": ", line 2), at `x = = 2`",
    "def f():\n    assert beta > 2\n\nf()": "AssertionError, at `f()`",
}


@pytest.fixture(scope="module")
def failures(tmp_path_factory, small_book):
    """What was said of chapters that fail, each in a cell of its own."""
    cells = {f"c{k}": cell for k, cell in enumerate(FAILING)}
    book = small_book(tmp_path_factory.mktemp("failing") / "book", **cells)
    done = subprocess.run(command(book), cwd=REPOSITORY, capture_output=True, text=True)
    return [line for line in done.stderr.splitlines() if " failed: " in line]


@pytest.mark.parametrize("place", range(len(FAILING)))
def test_the_statement_that_failed_is_named(failures, place):
    (line,) = (line for line in failures if line.startswith(f"error: c{place} "))
    assert line.endswith(list(FAILING.values())[place])


def test_the_line_that_failed_is_named_in_code_that_is_not_all_python():
    assert execute._statement("%time\n  1 / 0\n", 2) == "1 / 0"


def test_a_run_whose_folder_is_gone_leaves_nothing_in_the_book(new_book, run, capsys):
    # As when a worker is killed: its folder is cleared while the chapter runs.
    vanish = "import os, shutil\nfrom pathlib import Path\n"
    vanish += "shutil.rmtree(Path(os.environ['IPYTHONDIR']).parent)"
    book = new_book(one=vanish)
    before = sorted(book.root.rglob("*"))
    assert run(book) == 1
    assert "one failed: " in capsys.readouterr().err
    left = [path for path in sorted(book.root.rglob("*")) if path not in before]
    assert all(book.build in (path, *path.parents) for path in left)
    assert not (REPOSITORY / execute.RESULT).exists()


def test_a_mended_chapter_leaves_no_failed_notebook(new_book, run):
    book = new_book(one="pass")
    failed = book.build / "failed" / "one.ipynb"
    failed.parent.mkdir(parents=True)
    failed.write_text("of an earlier run")
    assert run(book) == 0
    assert not failed.exists()


@pytest.mark.parametrize(
    ("victim", "word"),
    [
        ("os.getpid()", "DeadKernelError"),
        ("os.getppid()", "ended with exit status -9"),
    ],
)
def test_a_killed_chapter_takes_no_other_with_it(new_book, run, capsys, victim, word):
    murder = f"import os, signal\nos.kill({victim}, signal.SIGKILL)"
    book = new_book(bad=["print('so far')", murder], good="print(1)")
    assert run(book) == 1
    assert outputs(executed(book, "good")) == "1\n"
    assert not (book.executed / "bad.ipynb").exists()
    assert word in capsys.readouterr().err


def damage_by_cutting(notebook, sidecar):
    notebook.write_bytes(notebook.read_bytes()[:200])


def damage_by_editing(notebook, sidecar):
    notebook.write_bytes(notebook.read_bytes().replace(b"42", b"43"))


def damage_by_losing_the_record(notebook, sidecar):
    sidecar.unlink()


def damage_by_spoiling_the_record(notebook, sidecar):
    sidecar.write_text("{")


def damage_by_a_record_of_another_make(notebook, sidecar):
    sidecar.write_text('{"key": "1"}')


DAMAGES = [
    damage_by_cutting,
    damage_by_editing,
    damage_by_losing_the_record,
    damage_by_spoiling_the_record,
    damage_by_a_record_of_another_make,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_result_is_to_be_made_again(done_book, damage):
    options = parse(["--root", str(done_book.root)])
    assert plan(done_book, options) == []
    damage(*record.paths(done_book.executed, "one"))
    assert [task.stem for task in plan(done_book, options)] == ["one"]


def test_a_damaged_result_made_again_is_the_same_to_the_byte(done_book, run):
    notebook, sidecar = record.paths(done_book.executed, "one")
    whole = notebook.read_bytes()
    damage_by_editing(notebook, sidecar)
    assert run(done_book) == 0
    assert notebook.read_bytes() == whole


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("oen: {}", "Unknown chapter in .*'oen'; did you mean 'one'"),
        ("one: {betta: 1}", "Unknown parameter of one in .*'betta'; did you mean"),
        ("one: 3", "one must map names to values; got 3"),
        ("- one", "must map chapters to parameters"),
        ("one: {", "is not valid YAML"),
        (
            "one: {beta: '1'}",
            "must be a number; .*YAML .* a parameter of one in",
        ),
        ("one: {beta: .nan}", "beta must be a finite number"),
        ("one: {beta: 1, beta: 2}", r"ci\.yml gives beta twice; leave one"),
        ("one: {beta: 1}\none: {}", r"ci\.yml gives one twice"),
    ],
)
def test_wrong_parameter_files_stop_before_anything_runs(
    new_book, run, capsys, text, word
):
    book = new_book(one="print(1)")
    (book.root / "params" / "ci.yml").write_text(text)
    assert run(book) == 2
    assert not book.executed.exists()

    assert re.search(word, capsys.readouterr().err)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--only", "oen"], "Unknown chapter 'oen'; did you mean 'one'"),
        (["--params", "nowhere.yml"], "There is no nowhere.yml"),
    ],
)
def test_wrong_options_stop_before_anything_runs(new_book, run, capsys, options, word):
    book = new_book(one="print(1)")
    assert run(book, *options) == 2
    assert word in capsys.readouterr().err
    assert not book.executed.exists()


def test_a_missing_chapter_is_named(new_book, run, capsys):
    book = new_book(one="print(1)")
    (book.root / "chapters" / "one.md").unlink()
    assert run(book) == 2
    assert "_toc.yml names chapters/one, but there is no" in capsys.readouterr().err


def test_no_jobs_are_refused(new_book, run, capsys):
    with pytest.raises(SystemExit, match="2"):
        run(new_book(one="pass"), "--jobs", "0")
    assert "--jobs: must be a whole number >= 1; got '0'" in capsys.readouterr().err


def test_folders_with_spaces_braces_and_accents_work(new_book, run):
    book = new_book("Bücher {x} und mehr", one="print('straße')")
    assert run(book) == 0
    assert outputs(executed(book, "one")) == "straße\n"


def test_a_second_run_at_the_same_time_is_told_so(done_book, run, capsys):
    book = done_book
    with (book.build / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert run(book) == 2
    assert "Another run is at work in" in capsys.readouterr().err
    assert run(book) == 0


def test_of_two_runs_at_once_one_works_and_one_gives_way(new_book):
    book = new_book(one="import time\ntime.sleep(2)\nprint(1)")
    both = [
        subprocess.Popen(command(book), cwd=REPOSITORY, stderr=subprocess.DEVNULL)
        for _ in range(2)
    ]
    assert sorted(process.wait(SOON) for process in both) == [0, 2]
    assert record.read(book.executed, "one") is not None
    assert outputs(executed(book, "one")) == "1\n"


def test_a_run_that_is_stopped_leaves_no_process(new_book, tmp_path):
    mark = tmp_path / "started"
    tell = f"import pathlib, time\npathlib.Path({str(mark)!r}).touch()"
    book = new_book(one=f"{tell}\ntime.sleep(300)")
    process = subprocess.Popen(command(book), cwd=REPOSITORY, stderr=subprocess.DEVNULL)
    wait_for(mark.exists)
    family = psutil.Process(process.pid).children(recursive=True)
    assert len(family) >= 2  # the worker and its kernel
    process.terminate()
    assert process.wait(SOON) != 0
    wait_for(lambda: not any(alive(child) for child in family))
    assert record.read(book.executed, "one") is None


def alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def wait_for(condition) -> None:
    deadline = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_parameters_are_the_names_their_cell_assigns(new_book):
    path = new_book(one="gamma = 2").chapters()["one"]
    assert list(describe(path)) == ["beta"]


@pytest.mark.parametrize("name", ["3", "03", "03_strong", "03_strong_duality"])
@pytest.mark.parametrize("form", ["{}", "{}.md", "chapters/{}.md"])
def test_a_chapter_has_many_names(name, form):
    assert find(Book(), form.format(name)) == "03_strong_duality"


@pytest.mark.parametrize("name", ["0", "77", "4_", "stage", ""])
def test_a_name_that_is_no_chapters_is_refused(name):
    with pytest.raises(BookError, match=f"Unknown chapter '{name}'"):
        find(Book(), name)


def test_one_is_the_first_chapter_and_not_the_tenth():
    assert find(Book(), "1").startswith("01_")


def test_numbers_of_chapters_do_wherever_chapters_are_named(new_book, run, capsys):
    book = new_book(**{"01_one": "print(beta)", "02_two": "print(2)"})
    (book.root / "params" / "ci.yml").write_text("1: {beta: 7.5}\n")
    assert run(book, "--only", "1", "--only", "01_one.md") == 0
    assert "1 chapters to run, 0 up to date" in capsys.readouterr().out
    assert outputs(executed(book, "01_one")) == "7.5\n"
    assert not (book.executed / "02_two.ipynb").exists()
    (book.root / "params" / "ci.yml").write_text("1: {beta: 7.5}\n01: {beta: 8}\n")
    assert run(book) == 2
    assert "names a chapter twice: 1, 01" in capsys.readouterr().err


def test_a_chapter_reads_no_one_elses_code(new_book, run, monkeypatch, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('foreign code')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    book = new_book(one="import os\nprint(os.environ.get('PYTHONPATH'))")
    assert run(book) == 0
    assert outputs(executed(book, "one")) == "None\n"
