"""Environments of their own for the other packages, under `_build/benchmarks`.

`python -m benchmarks.environments` makes those that are missing. Each is a folder of
packages laid over the book's own environment, so that numpy, PyTorch and Python are
the same for all that is compared, and nothing of it enters the book's lock.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from tools.book import REPOSITORY
from tools.execute import FOREIGN, ONE_THREAD

REQUIREMENTS = Path(__file__).with_name("requirements")
HOME = REPOSITORY / "_build" / "benchmarks"

STAMP = "installed.txt"
"""Written last, a copy of the requirements: a broken install is none."""

PACKAGES = tuple(sorted(path.stem for path in REQUIREMENTS.glob("*.txt")))
MAIN = {
    **{"copt": "copt", "pyscnn": "pyscnn", "passagemath": "passagemath-polyhedra"},
    **{"scip": "pyscipopt", "gurobi": "gurobipy"},
}
"""The distribution whose version stands for its environment."""


def folder(package: str) -> Path:
    """Return where an environment lies, or would."""
    return HOME / package


def is_installed(package: str) -> bool:
    """Tell whether an environment is complete and of the requirements of today."""
    stamp = folder(package) / STAMP
    wanted = (REQUIREMENTS / f"{package}.txt").read_bytes()
    return stamp.is_file() and stamp.read_bytes() == wanted


def version(package: str) -> str:
    """Return the version installed, or "not installed"."""
    if not is_installed(package):
        return "not installed"
    found = metadata.distributions(name=MAIN[package], path=[str(folder(package))])
    return next(iter(found)).version


def variables(package: str) -> dict[str, str]:
    """Return the variables of a process that sees the book and one other package."""
    own = {k: v for k, v in os.environ.items() if k not in FOREIGN}
    path = os.pathsep.join([str(REPOSITORY), str(folder(package))])
    return own | ONE_THREAD | {"PYTHONPATH": path, "PYTHONNOUSERSITE": "1"}


def install(package: str) -> None:
    """Install an environment anew; CalledProcessError if pip cannot."""
    target, wanted = folder(package), REQUIREMENTS / f"{package}.txt"
    shutil.rmtree(target, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    pip += ["--disable-pip-version-check", "--target", str(target), "-r", str(wanted)]
    subprocess.run(pip, check=True)
    shutil.copyfile(wanted, target / STAMP)


def main(arguments: list[str] | None = None) -> int:
    """Install what is missing; return the exit status."""
    parser = argparse.ArgumentParser(description="Install what ours is compared with.")
    parser.add_argument("package", nargs="*", help="; ".join(PACKAGES))
    wanted = parser.parse_args(arguments).package or PACKAGES
    failed = [package for package in wanted if not _is_made(package)]
    if failed:
        print(f"error: not installed: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


def _is_made(package: str) -> bool:
    """Install an environment unless it is there; tell whether it is there now."""
    if package not in PACKAGES:
        print(f"{package}: unknown; known are {', '.join(PACKAGES)}")
        return False
    if not is_installed(package):
        print(f"{package}: installing")
        try:
            install(package)
        except subprocess.CalledProcessError as error:
            print(f"{package}: pip ended with status {error.returncode}")
            return False
    print(f"{package}: {version(package)}")
    return True


if __name__ == "__main__":
    sys.exit(main())
