"""The audit of the lock: safe, vulnerable and unknown are told apart."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tools.book import REPOSITORY

PYTHON = """\
#!/bin/sh
# Makes an environment in which pip does nothing and pip-audit is the one below.
test "$2" = venv || exit 0
mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && cp pip-audit "$3/bin"
"""
AUDIT = """\
#!/bin/sh
# As pip-audit: a package that the service does not know counts only if told so.
case "$*" in *--strict*) exit {strict} ;; *) echo "$*"; exit {plain} ;; esac
"""


@pytest.mark.parametrize(
    ("plain", "strict", "told"), [(0, 0, ""), (1, 1, "Error 1"), (0, 1, "Error 3")]
)
def test_safe_vulnerable_and_unknown_packages_are_told_apart(
    tmp_path: Path, plain: int, strict: int, told: str
):
    shutil.copy(REPOSITORY / "Makefile", tmp_path)
    (tmp_path / "requirements.lock").touch()
    scripts = {
        "python3.11": PYTHON,
        "pip-audit": AUDIT.format(plain=plain, strict=strict),
    }
    for name, text in scripts.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        ["make", "audit", "PYTHON=./python3.11"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert "--requirement requirements.lock" in done.stdout
    assert (done.returncode == 0) is (told == "")
    assert told in done.stderr
