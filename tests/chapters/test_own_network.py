"""Chapter 15 with a reader's files: it judges them, or says what is wrong with them."""

import subprocess
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch

from tools.book import REPOSITORY
from tools.chapter import code_cells, read_chapter

pytestmark = pytest.mark.slow

STEM = "15_how_far_is_my_network"
QUICK = {"trials": 1, "epochs": 50, "rounds": 5, "seconds": 0.2, "neurons": 4}
"""Sizes at which the chapter is a matter of seconds."""

PAPERMILL = REPOSITORY / ".venv" / "bin" / "papermill"


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The chapter as papermill reads it."""
    path = tmp_path_factory.mktemp("chapter") / "chapter.ipynb"
    nbformat.write(read_chapter(REPOSITORY / "chapters" / f"{STEM}.md"), path)
    return path


def run(notebook: Path, folder: Path, **given) -> tuple[str, list]:
    """Execute the chapter in a folder; return what went wrong, and its cells."""
    options = []
    for name, value in (QUICK | given).items():
        options += ["-p", name, str(value)]
    command = [PAPERMILL, notebook, folder / "out.ipynb", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    cells = code_cells(nbformat.read(folder / "out.ipynb", as_version=4))
    return (done.stderr if done.returncode else ""), cells


def printed(cells: list) -> str:
    """Return what the cells printed."""
    outputs = [o for cell in cells for o in cell.outputs if o.output_type == "stream"]
    return "".join(output.text for output in outputs)


def test_a_table_and_a_saved_state_dict_are_judged(notebook, tmp_path):
    rng = np.random.default_rng(5)
    X, labels = rng.standard_normal((12, 2)), rng.integers(0, 3, 12)
    rows = [f"{a!r},{b!r},{k}" for (a, b), k in zip(X.tolist(), labels, strict=True)]
    (tmp_path / "mine.csv").write_text("\n".join(["x1,x2,y", *rows]) + "\n")
    torch.manual_seed(1)
    first, last = torch.nn.Linear(2, 7), torch.nn.Linear(7, 3, bias=False)
    model = torch.nn.Sequential(first, torch.nn.ReLU(), last)
    state = {name: w.numpy() for name, w in model.state_dict().items()}
    np.savez(tmp_path / "mine.npz", **state)
    wrong, cells = run(
        notebook,
        tmp_path,
        data="mine.csv",
        weights="mine.npz",
        loss="softmax",
        beta=0.5,
    )
    assert wrong == ""
    assert all(cell.execution_count for cell in cells)
    assert "12 samples, 3 inputs, 3 outputs" in printed(cells)
    # By hand, from PyTorch's own loss and weights.
    scores = model(torch.tensor(X, dtype=torch.float32))
    loss = torch.nn.functional.cross_entropy(
        scores, torch.tensor(labels), reduction="sum"
    )
    decay = sum(float((w.detach() ** 2).sum()) for w in model.parameters())
    value = float(printed(cells).split("objective ")[1].split(",")[0])
    assert value == pytest.approx(float(loss.detach()) + 0.25 * decay, rel=1e-4)


def test_an_archive_without_a_bias_is_judged_in_exact_arithmetic(notebook, tmp_path):
    rng = np.random.default_rng(6)
    X, Y = rng.standard_normal((9, 2)), rng.standard_normal((9, 2))
    np.savez(tmp_path / "mine.npz", X=X, Y=Y)
    wrong, cells = run(notebook, tmp_path, data="mine.npz", bias=False)
    assert wrong == ""
    assert "9 samples, 2 inputs, 2 outputs" in printed(cells)
    assert "trained.json:\n  proved, " in printed(cells)


def test_a_table_with_a_gap_in_it_stops_the_chapter(notebook, tmp_path):
    (tmp_path / "mine.csv").write_text("x1,y1\n1,2\n3,nan\n")
    wrong, cells = run(notebook, tmp_path, data="mine.csv")
    assert "ValueError: Y of mine.csv must be finite; got nan at row 1" in wrong
    failed = next(k for k, c in enumerate(cells) if "read_data(" in c.source)
    assert all(cell.execution_count is None for cell in cells[failed + 1 :])


def test_a_file_that_is_not_there_stops_the_chapter_at_once(notebook, tmp_path):
    wrong, _ = run(notebook, tmp_path, weights="gone.npz")
    assert "ParameterError: Parameter 'weights' must be the path of a file" in wrong
