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

from tools import record
from tools.book import REPOSITORY, Book
from tools.chapter import parameter_names, read_chapter, read_parameters
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


def test_parameters_of_the_file_reach_the_chapter(new_book, run):
    book = new_book(one="print(beta)")
    (book.root / "params" / "ci.yml").write_text("one: {beta: 2.5}\n")
    assert run(book) == 0
    assert outputs(executed(book, "one")) == "2.5\n"
    assert record.read(book.executed, "one").parameters == {"beta": 2.5}


@pytest.mark.parametrize(
    ("text", "set_from_outside"),
    [("0.5", {}), ("5.0e-1", {}), ("1", {"beta": 1}), ("'0.5'", {"beta": "0.5"})],
)
def test_a_value_that_the_chapter_has_anyway_is_not_set(
    new_book, text, set_from_outside
):
    # It would repeat the cell of parameters on the page.
    book = new_book(one="print(beta)")
    path = book.root / "params" / "ci.yml"
    path.write_text(f"one: {{beta: {text}}}\n")
    assert read_parameters(path, book) == {"one": set_from_outside}


def test_a_value_that_is_computed_counts_as_different(new_book):
    book = new_book(one="print(beta)")
    source = book.root / "chapters" / "one.md"
    computed = source.read_text().replace("beta = 0.5", "beta = 1 / 2")
    source.write_text(computed)
    path = book.root / "params" / "ci.yml"
    path.write_text("one: {beta: 0.5}\n")
    assert read_parameters(path, book) == {"one": {"beta": 0.5}}


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


@pytest.mark.parametrize("name", ["lib/part.py", "requirements.lock", "lib/new.py"])
def test_what_a_chapter_depends_on_changes_its_key(new_book, name):
    book = new_book(one="pass")
    source = book.chapters()["one"]
    before = record.key(book, source, {})
    (book.root / name).write_text("OTHER = 2\n")
    assert record.key(book, source, {}) != before


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
    assert "--jobs must be at least 1; got 0" in capsys.readouterr().err


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
    assert parameter_names(read_chapter(path)) == ["beta"]


def test_a_chapter_reads_no_one_elses_code(new_book, run, monkeypatch, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('foreign code')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    book = new_book(one="import os\nprint(os.environ.get('PYTHONPATH'))")
    assert run(book) == 0
    assert outputs(executed(book, "one")) == "None\n"
