"""Environments of other packages: pinned, whole or none, apart from the book's."""

import re

import pytest

from benchmarks import environments

each_package = pytest.mark.parametrize("package", environments.PACKAGES)


@each_package
def test_every_requirement_is_pinned(package):
    text = (environments.REQUIREMENTS / f"{package}.txt").read_text()
    lines = [re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines()]
    names = [line.partition("==")[0] for line in lines if line]
    assert all("==" in line for line in lines if line)
    assert environments.MAIN[package] in names


@each_package
def test_the_books_lock_does_not_have_it(package):
    lock = (environments.REPOSITORY / "requirements.lock").read_text()
    assert f"\n{environments.MAIN[package]}==" not in lock


@each_package
def test_nothing_is_there_before_it_is_installed(package, nothing_installed):
    assert not environments.is_installed(package)
    assert environments.version(package) == "not installed"


def test_a_broken_or_outdated_install_is_none(nothing_installed):
    folder = environments.folder("copt")
    folder.mkdir()
    assert not environments.is_installed("copt")
    (folder / environments.STAMP).write_text("copt==0.1\n")
    assert not environments.is_installed("copt")
    wanted = (environments.REQUIREMENTS / "copt.txt").read_text()
    (folder / environments.STAMP).write_text(wanted)
    assert environments.is_installed("copt")


def test_a_process_sees_the_book_and_one_package_only(monkeypatch, nothing_installed):
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    variables = environments.variables("copt")
    path = [str(environments.REPOSITORY), str(environments.folder("copt"))]
    assert variables["PYTHONPATH"].split(":") == path
    assert variables["OMP_NUM_THREADS"] == "1"


def test_an_unknown_package_is_refused_and_those_known_are_named(capsys):
    assert environments.main(["no-such"]) == 1
    said = capsys.readouterr()
    assert "copt, gurobi, passagemath, pyscnn, scip" in said.out
    assert "not installed: no-such" in said.err


def test_a_failing_install_is_reported(monkeypatch, nothing_installed, capsys):
    monkeypatch.setattr("sys.executable", "/bin/false")
    assert environments.main(["copt"]) == 1
    assert "pip ended with status 1" in capsys.readouterr().out
    assert not environments.is_installed("copt")
