"""The stand-alone checker, asked about a proof."""

import json

import numpy as np
import pytest

from lib.certificate import exact
from lib.frank_wolfe import solve
from lib.problem import Network, Problem

PROBLEM = Problem(np.eye(2), [[1.0], [-1.0]], 0.5)


def test_the_checker_proves_an_optimum_and_a_poor_network(tmp_path):
    for name, network in (
        ("best", solve(PROBLEM).network),
        ("poor", Network.zero(2, 1)),
    ):
        line = exact.ask_checker(PROBLEM, network, tmp_path / f"{name}.json")
        assert line.startswith(f"{name}.json: proved, ")


def test_the_checker_rejects_a_file_that_was_changed(tmp_path, monkeypatch):
    path = tmp_path / "best.json"
    exact.ask_checker(PROBLEM, solve(PROBLEM).network, path)
    document = json.loads(path.read_text(encoding="utf-8"))
    document["beta"] = (0.4).hex()
    path.write_text(json.dumps(document), encoding="utf-8")
    assert exact._verdict(path).startswith("best.json: REJECTED, ")


def test_a_checker_that_is_not_there_is_missed(tmp_path, monkeypatch):
    monkeypatch.setattr(exact, "CHECKER", tmp_path / "none.py")
    with pytest.raises(
        FileNotFoundError, match=r"The checker must be at .*none.py; got"
    ):
        exact.ask_checker(PROBLEM, Network.zero(2, 1), tmp_path / "a.json")
