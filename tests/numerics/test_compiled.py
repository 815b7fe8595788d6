"""The library works where nothing can be written: numba then keeps no machine code."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

LIB = Path(__file__).resolve().parents[2] / "lib"

PROGRAM = """
from unittest import mock
from numba.core import caching
with mock.patch.object(caching.CacheImpl, "_locator_classes", []):
    from lib.numerics.compiled import compiled, inner
    import numpy as np
    print(inner(np.ones(3), np.ones(3)))
"""


def run(program, folder):
    """Run a program with no home and no place for numba."""
    kept = {"PATH": os.environ["PATH"], "HOME": "/dev/null", "PYTHONPATH": str(folder)}
    command = [sys.executable, "-B", "-c", program]
    return subprocess.run(
        command, cwd=folder, env=kept, capture_output=True, text=True, check=False
    )


def test_kernels_compile_where_no_cache_can_be_kept(tmp_path):
    shutil.copytree(LIB, tmp_path / "lib", ignore=shutil.ignore_patterns("__pycache__"))
    for folder in [tmp_path / "lib", *(tmp_path / "lib").rglob("*/")]:
        folder.chmod(0o555)
    try:
        done = run(PROGRAM, tmp_path)
        assert (done.stdout, done.returncode) == ("3.0\n", 0), done.stderr
        imported = run("import lib.frank_wolfe", tmp_path)
        assert imported.returncode == 0, imported.stderr
    finally:
        for folder in [tmp_path / "lib", *(tmp_path / "lib").rglob("*/")]:
            folder.chmod(0o755)
