"""Chapters run again: the same bytes, other parameters, and wrong ones."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tools.book import REPOSITORY, Book
from tools.chapter import code_cells, has_tag, read_parameters
from tools.run_notebooks import main
from tools.stage import named_figures

pytestmark = pytest.mark.slow

QUICK = "02_hyperplane_arrangements"
"""A chapter that runs in seconds and draws lines, areas and pixels."""

VENV = REPOSITORY / ".venv" / "bin"
SHELL_BLOCK = re.compile(r"^ *```sh\n(?P<lines>.*?)^ *```", re.M | re.S)


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two runs of one chapter, in two folders."""
    outs = []
    for folder in ("first run", "second"):
        root = tmp_path_factory.mktemp(folder)
        (root / "chapters").mkdir()
        (root / "params").mkdir()
        source = REPOSITORY / "chapters" / f"{QUICK}.md"
        (root / "chapters" / source.name).write_bytes(source.read_bytes())
        toc = f"format: jb-book\nroot: intro\nchapters:\n  - file: chapters/{QUICK}\n"
        (root / "_toc.yml").write_text(toc)
        (root / "params" / "ci.yml").write_text("{}\n")
        assert main(["--root", str(root), "--only", QUICK, "--force"]) == 0
        outs.append(Book(root).executed / f"{QUICK}.ipynb")
    return outs


def test_two_runs_give_the_same_notebook_to_the_byte(twice):
    first, second = (path.read_bytes() for path in twice)
    assert first == second


def test_two_runs_give_the_same_figures_to_the_byte(twice):
    first, second = (dict(named_figures(nbformat.read(p, 4))) for p in twice)
    assert len(first) >= 3
    assert first == second


def papermill(source: Path, target: Path, *options: str) -> subprocess.CompletedProcess:
    """Execute a notebook as the README says, with other parameters."""
    command = [VENV / "papermill", source, target, *options]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The quick chapter as jupytext makes a notebook of it."""
    target = tmp_path_factory.mktemp("ipynb") / "chapter.ipynb"
    source = REPOSITORY / "chapters" / f"{QUICK}.md"
    command = [VENV / "jupytext", "--to", "ipynb", "--output", target, source]
    subprocess.run(command, check=True, capture_output=True)
    return target


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["-p", "sead", "3"], "Unknown parameter 'sead'; did you mean 'seed'?"),
        (["-p", "samples", "-1"], "'samples' must be a whole number >= 3; got -1"),
        (["-p", "seed", "many"], "'seed' must be a whole number >= 0; got 'many'"),
    ],
)
def test_wrong_parameters_stop_before_anything_is_computed(
    notebook, tmp_path, options, sentence
):
    target = tmp_path / "out.ipynb"
    run = papermill(notebook, target, *options)
    assert run.returncode != 0
    assert "ParameterError: " in run.stderr
    assert sentence in run.stderr
    cells = code_cells(nbformat.read(target, as_version=4))
    failed = next(
        k for k, cell in enumerate(cells) if "parameters.check" in cell.source
    )
    assert cells[failed].outputs[-1].ename == "ParameterError"
    later = cells[failed + 1 :]
    assert later
    assert all(not c.outputs and c.execution_count is None for c in later)


@pytest.mark.parametrize("page", ["README.md", "back/reruns.md"])
def test_the_commands_of_a_page_rerun_a_chapter(page, checkout):
    blocks = SHELL_BLOCK.finditer((REPOSITORY / page).read_text(encoding="utf-8"))
    (block,) = [m["lines"] for m in blocks if "papermill" in m["lines"]]
    command = ["bash", "-euc", block]
    run = subprocess.run(command, cwd=checkout, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    source, target = re.search(r"papermill (\S+) (\S+)", block).groups()
    assert (checkout / source).is_file()
    cells = code_cells(nbformat.read(checkout / target, as_version=4))
    (injected,) = [c.source for c in cells if has_tag(c, "injected-parameters")]
    given = dict(re.findall(r"-p (\w+) (\S+)", block))
    assert given
    for name, value in given.items():
        assert f"{name} = {value}" in injected
    assert all(cell.execution_count for cell in cells)


@pytest.mark.parametrize("name", ["ci.yml", "paper.yml"])
def test_the_books_own_parameter_files_name_what_there_is(name):
    given = read_parameters(REPOSITORY / "params" / name, Book())
    assert list(given) == list(Book().chapters())


def test_papermill_is_the_one_of_this_environment():
    assert Path(sys.prefix).resolve() == (REPOSITORY / ".venv").resolve()
