"""The audit of the lock: safe, vulnerable and unknown are told apart."""

import json
import sys
from pathlib import Path

import pytest

from tools.audit import main

SAFE = {"name": "safe", "version": "1.0", "vulns": []}
FLAWED = {
    **{"name": "flawed", "version": "2.0"},
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"], "aliases": []}],
}
UNKNOWN = {"name": "unknown", "skip_reason": "Dependency not found on PyPI"}


@pytest.fixture
def audit(tmp_path: Path):
    """Audit a lock by a program that prints and ends as it is told."""
    lock = tmp_path / "requirements.lock"
    lock.write_text("safe==1.0\n")

    def run(printed: str, status: int = 0, error: str = "") -> int:
        code = "import sys; print(sys.argv[1]); print(sys.argv[2], file=sys.stderr); "
        code += "sys.exit(int(sys.argv[3]))"
        program = [sys.executable, "-c", code, printed, error, str(status)]
        return main(["--lock", str(lock), "--", *program])

    return run


def answer(*packages: dict) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


def test_a_lock_without_known_flaws_passes(audit, capsys):
    assert audit(answer(SAFE)) == 0
    assert "No known vulnerability in 1 packages" in capsys.readouterr().out


def test_a_known_flaw_fails_and_says_what_mends_it(audit, capsys):
    assert audit(answer(SAFE, FLAWED), status=1) == 1
    said = capsys.readouterr()
    assert "vulnerable: flawed 2.0: PYSEC-1, mended in 2.1" in said.err
    assert "make lock" in said.out


def test_a_package_that_the_service_does_not_know_is_not_called_safe(audit, capsys):
    # pip-audit itself ends with status 0 and "No known vulnerabilities found" here.
    assert audit(answer(SAFE, UNKNOWN)) == 3
    assert "it knows 1 and not unknown" in capsys.readouterr().err


def test_of_many_unknown_packages_a_few_are_named(audit, capsys):
    many = [UNKNOWN | {"name": f"unknown-{k}"} for k in range(100)]
    assert audit(answer(*many)) == 3
    said = capsys.readouterr().err
    assert "it knows 0 and not unknown-0, " in said
    assert "unknown-4 and 95 more." in said
    assert "unknown-5" not in said


def test_a_flaw_outweighs_what_is_unknown(audit):
    assert audit(answer(FLAWED, UNKNOWN), status=1) == 1


@pytest.mark.parametrize("printed", ["", "Traceback", "{}", answer()])
def test_no_answer_is_neither_safe_nor_vulnerable(audit, printed):
    assert audit(printed, status=1, error="ConnectionError: no route") == 3


def test_no_answer_says_why(audit, capsys):
    audit("", status=1, error="ConnectionError: no route")
    assert "ConnectionError: no route. Check the network" in capsys.readouterr().err


def test_a_missing_lock_is_named(tmp_path, capsys):
    assert main(["--lock", str(tmp_path / "none.lock")]) == 3
    assert "There must be a lock" in capsys.readouterr().err
