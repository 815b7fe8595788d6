"""Sweeps: what is run, kept, resumed, retried, and what dies on the way."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request

import nbformat
import numpy as np
import psutil
import pytest
from nbformat import v4

from lib.certificate import certify
from lib.cone_pca import Oracle
from lib.frank_wolfe import solve
from lib.problem import Problem
from tools import record
from tools.book import REPOSITORY
from tools.glued import glued
from tools.run_notebooks import as_they_end
from tools.sweep import certify as certify_command
from tools.sweep.__main__ import begin, choose, described, main, plan, state_of
from tools.sweep.__main__ import parse as parse_sweep
from tools.sweep.engine import cluster_of, connected, perform
from tools.sweep.report import SHORT, gather, shelf_of, write_table

SOON = 300
"""Seconds after which a process that should have started or ended never will."""

GLUE = """\
from IPython.display import display
def glue(name, value):
    data = {"text/plain": repr(value)}
    display(data, metadata={"scrapbook": {"name": name}}, raw=True)
"""

COUNTING = """\
import pathlib, time
def mark(name):
    with pathlib.Path({folder!r}, name).open("a") as file:
        file.write("x")
"""


CLUSTER = """\
import pathlib, sys
from distributed import LocalCluster
if __name__ == "__main__":
    cluster = LocalCluster(1, threads_per_worker=1, dashboard_address=None)
    pathlib.Path(sys.argv[1]).write_text(cluster.scheduler_address)
    sys.stdin.read()
"""


def command(book, *options):
    """Return the command that sweeps chapter one of a small book."""
    module = [sys.executable, "-m", "tools.sweep", "one", "--root", str(book.root)]
    return [*module, *options]


@pytest.fixture
def sweep(new_book):
    """Sweep in this process; put SIGTERM back after."""
    before = signal.getsignal(signal.SIGTERM)

    def call(book, *options):
        return main(["one", "--root", str(book.root), *options])

    yield call
    signal.signal(signal.SIGTERM, before)


def folder_of(book, name="one"):
    return book.build / "sweeps" / name


def table(book, name="one"):
    with (folder_of(book, name) / "table.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def jobs_of(book, *options):
    parsed = parse_sweep(["one", "--root", str(book.root), *options])
    return plan(book, described(book, parsed), parsed)


def states(book, jobs):
    return [state_of(folder_of(book), job) for job in jobs]


def notebook(book, key):
    shelf = shelf_of(folder_of(book))
    return shelf.notebook(key[:SHORT], shelf.find(key[:SHORT], key))


def workers(folder, *options):
    """Connect to the workers that the options of the command line name."""
    return connected(parse_sweep(list(options)), folder)


def work(client, task, jobs):
    return as_they_end(client.get_executor(pure=False), task, jobs, "runs")


def wait_for(holds):
    deadline = time.monotonic() + SOON
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """The address of a scheduler with two workers, all in other processes."""
    folder = tmp_path_factory.mktemp("cluster")
    note = folder / "scheduler.json"
    shared = ["--scheduler-file", str(note), "--no-dashboard"]
    here = ["--host", "127.0.0.1", "--port", "0"]
    two = ["--nworkers", "2", "--nthreads", "1", "--local-directory", str(folder)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "dask", *role, *shared],
            cwd=REPOSITORY,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for role in (["scheduler", *here], ["worker", *two])
    ]
    wait_for(note.exists)
    yield json.loads(note.read_text())["address"]
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait(SOON)


def test_a_sweep_on_another_process_scheduler_is_gathered_and_kept(
    new_book, sweep, scheduler, capsys
):
    text = "a, \"b\" 'c'\n\\ {x} 𝕏"
    book = new_book(
        one=[
            GLUE,
            "glue('double', 2 * beta)\nglue('beta', beta)",
            "glue('fit', [1, {'r': 2.5}])",
            f"assert beta < 3, {text!r}\nprint(beta)",
        ]
    )
    options = ["-p", "beta=1,2.5,3", "--scheduler", scheduler]
    assert sweep(book, *options) == 1
    shown = capsys.readouterr()
    assert "3 runs, 3 to do" in shown.out
    assert "dashboard: http" in shown.out
    assert "2 done, 1 failed" in shown.out
    assert "3/3" in shown.err

    first, second, third = table(book)
    assert [row["status"] for row in table(book)] == ["done", "done", "failed"]
    read = [second[name] for name in ("beta", "double", "glued.beta")]
    assert read == ["2.5", "5.0", "2.5"]
    assert (first["fit[0]"], first["fit[1].r"]) == ("1", "2.5")
    why = f"AssertionError: {text}, at `assert beta < 3, {text!r}`"
    assert third["error"] == why
    assert f"| {third['key'][:16]} | {{'beta': 3.0}} | {' '.join(why.split())} |" in (
        shown.out
    )
    assert third["double"] == ""

    assert "AssertionError" in notebook(book, third["key"]).read_text()
    page = (folder_of(book) / "index.html").read_text()
    assert page.count("<svg") == 2  # double and beta; the fit does not vary
    for key, place in ((first["key"], "runs"), (third["key"], "failed")):
        assert f'<a href="{place}/{key[:16]}.ipynb">{key[:16]}</a>' in page
    before = notebook(book, first["key"]).stat().st_mtime_ns

    assert sweep(book, *options) == 1
    assert "3 runs, 0 to do" in capsys.readouterr().out
    assert notebook(book, first["key"]).stat().st_mtime_ns == before


def test_a_string_reaches_the_notebook_as_it_is(new_book, scheduler):
    text = "\"; raise SystemExit #'''\n\\ {x} naïve 𝕏 \u2028 $(x)"
    book = new_book(one="print(ascii(name))")
    path = book.chapters()["one"]
    path.write_text(path.read_text().replace("beta = 0.5", 'name = "x"'))
    grid = book.root / "grid.json"
    grid.write_text(json.dumps({"name": [text]}))  # JSON is YAML
    (job,) = jobs_of(book, "--grid", str(grid))
    with workers(book.root, "--scheduler", scheduler) as client:
        ((_, done, content),) = work(client, perform, [job])
    assert done.error == ""
    cells = nbformat.reads(content.decode(), as_version=4).cells
    assert cells[-1].outputs[0]["text"] == f"{text!a}\n"


def test_a_failed_run_is_retried_alone(new_book, sweep, scheduler, tmp_path, capsys):
    mended = tmp_path / "mended"
    book = new_book(
        one=f"import pathlib\nassert beta < 2 or pathlib.Path({str(mended)!r}).exists()"
    )
    options = ["-p", "beta=1,2,3", "--scheduler", scheduler]
    assert sweep(book, *options) == 1
    _, second, _ = (row["key"] for row in table(book))
    mended.touch()
    assert sweep(book, *options, "--retry", "0123456789") == 2
    assert "Unknown failed run '0123456789'" in capsys.readouterr().err
    assert sweep(book, *options, "--retry", second[:16]) == 1
    assert "3 runs, 1 to do" in capsys.readouterr().out
    assert [row["status"] for row in table(book)] == ["done", "done", "failed"]
    assert not list(shelf_of(folder_of(book)).failed.glob(f"{second[:16]}*"))
    assert sweep(book, *options, "--retry") == 0
    assert "3 runs, 1 to do" in capsys.readouterr().out


def test_a_run_whose_worker_is_killed_is_done_by_another(new_book, scheduler, tmp_path):
    starts, go = COUNTING.format(folder=str(tmp_path)), tmp_path / "go"
    book = new_book(
        one=f"{starts}\nimport psutil\nworker = psutil.Process().parents()[1].pid\n"
        f"if beta == 1:\n    pathlib.Path({str(tmp_path / 'worker')!r})"
        ".write_text(str(worker))\n"
        "mark(f'start-{beta}')\n"
        f"while beta == 1 and not pathlib.Path({str(go)!r}).exists():\n"
        "    time.sleep(0.05)\n"
        "mark(f'end-{beta}')"
    )
    jobs = jobs_of(book, "-p", "beta=1,2,3")
    with workers(tmp_path, "--scheduler", scheduler) as client:
        results = work(client, perform, jobs)
        first = next(results)  # the waiting run has begun by now, or does soon
        wait_for((tmp_path / "start-1.0").exists)
        pids = client.run(os.getpid)
        victim = int((tmp_path / "worker").read_text())
        assert victim in pids.values()
        family = psutil.Process(victim).children(recursive=True)
        os.kill(victim, signal.SIGKILL)
        _gone, alive = psutil.wait_procs(family, timeout=SOON)
        go.touch()
        ended = [first, *results]
    assert [done.error for _, done, _ in ended] == [""] * 3
    assert (tmp_path / "start-1.0").read_text() == "xx"
    assert (tmp_path / "end-1.0").read_text() == "x"
    assert family
    assert not alive


def test_a_run_that_kills_its_workers_is_given_up_and_tried_next_time(
    new_book, sweep, tmp_path, capsys
):
    safe = tmp_path / "safe"
    kill_worker = (
        "import os, pathlib, psutil, signal\n"
        f"if beta == 2 and not pathlib.Path({str(safe)!r}).exists():\n"
        "    worker = psutil.Process().parents()[1]\n"
        "    os.kill(worker.pid, signal.SIGKILL)"
    )
    book = new_book(one=kill_worker)
    options = ["-p", "beta=1,2,3", "--workers", "1", "--retries", "1"]
    assert sweep(book, *options) == 1
    assert "KilledWorker" in capsys.readouterr().err
    states = [row["status"] for row in table(book)]
    assert states[1] == "lost"
    assert states.count("done") >= 1
    safe.touch()
    assert sweep(book, *options) == 0
    assert [row["status"] for row in table(book)] == ["done"] * 3
    assert not (folder_of(book) / "scratch").exists()


def test_a_killed_sweep_leaves_no_process_and_is_resumed(new_book, sweep, tmp_path):
    starts = COUNTING.format(folder=str(tmp_path))
    slow = "time.sleep(300 * (beta > 1 and not pathlib.Path('go').exists()))"
    book = new_book(one=f"{starts}\nmark(f'start-{{beta}}')\n{slow}")
    options = ["-p", "beta=1,2", "--workers", "1"]
    process = subprocess.Popen(
        command(book, *options), cwd=REPOSITORY, stderr=subprocess.DEVNULL
    )
    wait_for((tmp_path / "start-2.0").exists)
    runs = shelf_of(folder_of(book)).done
    wait_for(lambda: list(runs.glob("*.json")))
    family = psutil.Process(process.pid).children(recursive=True)
    assert len(family) >= 3  # the worker, the run, its kernel
    process.kill()
    process.wait(SOON)
    _gone, alive = psutil.wait_procs(family, timeout=SOON)
    assert not alive
    (book.root / "chapters" / "go").touch()
    (runs / ".half.ipynb.123").write_text("half")
    assert sweep(book, *options) == 0
    assert (tmp_path / "start-1.0").read_text() == "x"
    assert (tmp_path / "start-2.0").read_text() == "xx"
    assert not list(runs.glob(".*"))


def test_a_lost_scheduler_ends_the_sweep_and_keeps_what_is_done(new_book, tmp_path):
    note = tmp_path / "scheduler.json"
    script = tmp_path / "cluster.py"
    script.write_text(CLUSTER)
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    cluster = subprocess.Popen(
        [sys.executable, str(script), str(note)],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd=tmp_path,
    )
    wait_for(lambda: note.exists() and note.read_text())
    book = new_book(one="import time\ntime.sleep(300 * (beta > 1))")
    options = ["-p", "beta=1,2", "--scheduler", note.read_text()]
    process = subprocess.Popen(
        command(book, *options), cwd=REPOSITORY, stderr=subprocess.PIPE, text=True
    )
    wait_for(lambda: list(shelf_of(folder_of(book)).done.glob("*.json")))
    cluster.kill()
    cluster.wait(SOON)
    _, errors = process.communicate(timeout=SOON)
    assert process.returncode == 2
    assert "The connection to the scheduler was lost" in errors
    assert [row["status"] for row in table(book)] == ["done", "missing"]


def test_a_scheduler_that_does_not_answer_is_named(
    new_book, sweep, capsys, monkeypatch
):
    monkeypatch.setattr("tools.sweep.engine.CONNECT_SECONDS", 1)
    book = new_book(one="pass")
    assert sweep(book, "-p", "beta=1", "--scheduler", "tcp://127.0.0.1:9") == 2
    assert "No scheduler answers at tcp://127.0.0.1:9" in capsys.readouterr().err


def test_a_file_says_which_cluster_to_start(tmp_path):
    path = tmp_path / "cluster.yml"
    path.write_text(
        "cluster: distributed.LocalCluster\n"
        "options: {n_workers: 0, processes: false, dashboard_address: null}\n"
        "workers: 1\n"
    )
    with workers(tmp_path, "--config", str(path)) as client:
        assert client.submit(abs, -3).result() == 3


def test_workers_of_this_machine_show_themselves_and_have_one_thread(tmp_path, capsys):
    with workers(tmp_path, "--workers", "1") as client:
        assert f"dashboard: {client.dashboard_link}" in capsys.readouterr().out
        assert list(client.nthreads().values()) == [1]
        with urllib.request.urlopen(client.dashboard_link, timeout=SOON) as page:
            assert "bokeh.min.js" in page.read().decode()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("cluster: no_such_package.Cluster", "cannot be had"),
        ("cluster: distributed.NoCluster", "cannot be had"),
        ("cluster: Local", "cannot be had"),
        ("workers: 3", "must have `cluster`"),
        ("{cluster: a.B, sice: 3}", "must have `cluster`"),
    ],
)
def test_a_file_that_names_no_cluster_is_refused(tmp_path, text, word):
    path = tmp_path / "cluster.yml"
    path.write_text(text)
    with pytest.raises(Exception, match=word):
        cluster_of(path)


def test_a_worker_with_another_book_refuses(new_book, scheduler):
    book = new_book(one="pass")
    (job,) = jobs_of(book, "-p", "beta=1")
    (book.root / "lib" / "part.py").write_text("VALUE = 2\n")
    with (
        workers(book.root, "--scheduler", scheduler) as client,
        pytest.raises(Exception, match="of a worker is not the one of the sweep"),
    ):
        list(work(client, perform, [job]))


def test_an_error_of_a_task_is_its_record(new_book, scheduler):
    book = new_book(one="pass")
    jobs = jobs_of(book, "-p", "beta=1")
    with workers(book.root, "--scheduler", scheduler) as client:
        ((_, done, content),) = work(client, len, jobs)
    assert content is None
    assert (done.key, done.lost) == (jobs[0].key, True)
    assert done.error.startswith("TypeError: object of type 'Job' has no len")


def test_workers_share_a_certificate_and_prove_the_same(scheduler, tmp_path, capsys):
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((30, 4)), rng.standard_normal((30, 2))
    problem = Problem(X, Y, beta=1.0)
    network = solve(problem).network
    alone = certify(problem, network)
    with workers(tmp_path, "--scheduler", scheduler) as client:
        bound = Oracle(problem.X, executor=client.get_executor(pure=False))
        shared = certify(problem, network, bound=bound)
    # Both searches stop within 1e-10 of kappa; the dual moves by twice as much.
    assert shared.dual == pytest.approx(alone.dual, rel=4e-10)
    path = tmp_path / "network.npz"
    np.savez(path, X=X, Y=Y, beta=1.0, U=network.U, V=network.V)
    assert certify_command.main([str(path), "--scheduler", scheduler]) == 0
    assert f"primal {alone.primal:.10g}, dual" in capsys.readouterr().out


def test_a_file_without_a_network_is_refused(tmp_path, capsys):
    path = tmp_path / "network.npz"
    np.savez(path, X=np.eye(2))
    assert certify_command.main([str(path)]) == 2
    assert "must be a .npz file with X, Y, beta, U, V" in capsys.readouterr().err


def done_folder(book, jobs):
    """Keep runs of a sweep: the first done, the second failed, the third lost."""
    root = folder_of(book)
    root.mkdir(parents=True)
    begin(root, "one", jobs)
    content = nbformat.writes(v4.new_notebook()).encode()
    for job, error, lost in zip(
        jobs, ("", "E: no", "KilledWorker: x"), (False, False, True), strict=False
    ):
        result = {"seconds": 1.0, "peak_mib": 2.0, "error": error, "lost": lost}
        left = None if lost else content
        run = record.describe(job.key, left, job.parameters, result)
        shelf_of(root).keep(job.key[:SHORT], run, left)
    return root


def test_states_decide_what_is_run_again(new_book):
    book = new_book(one="pass")
    options = ["-p", "beta=1:5"]
    jobs = jobs_of(book, *options)
    root = done_folder(book, jobs)
    assert states(book, jobs) == ["done", "failed", "lost", "missing"]
    keys = [job.key for job in jobs]
    at = dict(zip(keys, states(book, jobs), strict=True))
    assert choose(at, None) == {*keys[2:]}
    assert choose(at, []) == {*keys[1:]}
    assert choose(at, [keys[1][:8]]) == {keys[1]}
    rows = gather(
        root, jobs, described(book, parse_sweep(["one", "--root", str(book.root)]))
    )
    assert [row["error"] for row in rows] == ["", "E: no", "KilledWorker: x", ""]
    short = [key[:SHORT] for key in keys]
    places = [f"runs/{short[0]}.ipynb", f"failed/{short[1]}.ipynb", "", ""]
    assert [row["notebook"] for row in rows] == places


def test_a_damaged_run_is_missing(new_book):
    book = new_book(one="pass")
    jobs = jobs_of(book, "-p", "beta=1:4")
    root = done_folder(book, jobs)
    notebook(book, jobs[0].key).write_bytes(b"{")
    (root / "failed" / f"{jobs[1].key[:16]}.json").write_text("{")
    assert states(book, jobs) == ["missing", "missing", "lost"]


def test_a_changed_library_asks_for_all_runs_again(new_book):
    book = new_book(one="pass")
    done_folder(book, jobs_of(book, "-p", "beta=1:4"))
    (book.root / "lib" / "part.py").write_text("VALUE = 2\n")
    assert states(book, jobs_of(book, "-p", "beta=1:4")) == ["missing"] * 3


def test_a_changed_file_asks_for_its_runs_again(new_book, monkeypatch, tmp_path):
    book = new_book(one="pass")
    source = book.chapters()["one"]
    text = source.read_text().replace("beta = 0.5", "table: ExistingPath = ''")
    source.write_text(text)
    monkeypatch.chdir(tmp_path)
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("first")
    before = jobs_of(book, "-p", "table=a.csv,b.csv")
    assert before[0].parameters == {"table": str(tmp_path / "a.csv")}
    done_folder(book, before[:1])
    assert states(book, before) == ["done", "missing"]
    (tmp_path / "a.csv").write_text("second")
    assert states(book, jobs_of(book, "-p", "table=a.csv,b.csv")) == ["missing"] * 2


def test_other_folders_are_left_alone(new_book, sweep, capsys, tmp_path):
    book = new_book(one="pass", two="pass")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()
    assert sweep(book, "-p", "beta=1", "--out", str(tmp_path / "mine")) == 2
    assert (
        "hold a sweep of one; it holds other files. Give another folder."
        in capsys.readouterr().err
    )
    root = done_folder(book, jobs_of(book, "-p", "beta=1:4"))
    options = ["two", "--root", str(book.root), "-p", "beta=1"]
    assert main([*options, "--out", str(root)]) == 2
    assert (
        "must be empty or hold a sweep of two; it holds a sweep of one."
        in capsys.readouterr().err
    )


GAMMA = "```{code-cell} ipython3\n:tags: [parameters]\n\ngamma = 1\n```\n"


def test_all_chapters_are_swept_and_one_table_says_what_failed(
    new_book, scheduler, capsys
):
    book = new_book(one="assert beta != 2, 'too even'", two="pass", three="pass")
    other = book.chapters()["three"]
    head, _, tail = other.read_text().partition("```{code-cell}")
    other.write_text(head + GAMMA + tail.partition("```\n")[2])
    options = ["all", "-p", "beta=1:3", "--root", str(book.root)]
    assert main([*options, "--scheduler", scheduler]) == 1
    shown = capsys.readouterr().out
    assert "three has none of these parameters and is left out" in shown
    assert "3 done, 1 failed" in shown
    (line,) = (line for line in shown.splitlines() if "too even" in line)
    assert line.startswith("| one | ")
    assert "{'beta': 2.0} | AssertionError: too even, at `assert beta != 2," in line
    rows = table(book, "all")
    assert [row["chapter"] for row in rows] == ["one"] * 2 + ["two"] * 2
    assert [row["status"] for row in rows].index("failed") == 1
    page = (folder_of(book, "all") / "index.html").read_text()
    assert "<h2>one</h2>" in page
    assert "<h2>two</h2>" in page
    assert main([*options, "--scheduler", scheduler]) == 1
    assert "4 runs, 0 to do" in capsys.readouterr().out


def output(name, text):
    metadata = {"scrapbook": {"name": name}}
    return v4.new_output("display_data", {"text/plain": text}, metadata=metadata)


def test_glued_values_are_read_back():
    cell = v4.new_code_cell("")
    cell.outputs = [
        output("a", "3"),
        output("b", "np.float64(1e-07)"),
        output("c", "'x, y'"),
        output("d", "inf"),
        output("e", "{'f': [True, 2]}"),
        output("g", "<Figure size 640x480 with 1 Axes>"),
        v4.new_output("stream", text="3"),
    ]
    assert dict(glued(v4.new_notebook(cells=[cell]))) == {
        "a": 3,
        "b": 1e-07,
        "c": "x, y",
        "d": float("inf"),
        "e.f[0]": True,
        "e.f[1]": 2,
    }


def test_columns_of_the_table_never_meet(new_book):
    book = new_book(one="pass")
    source = book.chapters()["one"]
    source.write_text(source.read_text().replace("beta = 0.5", "beta = status = 0.5"))
    jobs = jobs_of(book, "-p", "beta=1,2")
    root = done_folder(book, jobs[:1])
    cell = v4.new_code_cell("")
    cell.outputs = [output("beta", "7"), output("key", "2"), output("fit", "[1]")]
    content = nbformat.writes(v4.new_notebook(cells=[cell])).encode()
    run = record.describe(jobs[0].key, content, {"beta": 1.0}, {})
    shelf_of(root).keep(jobs[0].key[:SHORT], run, content)
    known = described(book, parse_sweep(["one", "--root", str(book.root)]))
    rows = gather(root, jobs, known)
    first, second = rows
    assert (first["beta"], first["parameter.status"], first["status"]) == (
        1,
        0.5,
        "done",
    )
    assert (first["glued.beta"], first["glued.key"], first["fit[0]"]) == (7, 2, 1)
    assert (second["beta"], second["status"]) == (2.0, "missing")
    write_table(root, rows)
    written, missing = table(book)
    assert (written["glued.beta"], missing["glued.beta"]) == ("7", "")
    assert list(written)[:3] == ["key", "chapter", "status"]
