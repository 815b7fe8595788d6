"""The stand-alone checker, asked in a process of its own."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from lib.certificate.exact import exact_certificate
from lib.problem import Network, Problem

CHECKER = Path(__file__).resolve().parents[2] / "tools" / "check_certificate.py"
"""It reads JSON, uses the standard library only, and imports nothing of ours."""


def ask_checker(problem: Problem, network: Network | Any, path: Path) -> str:
    """Save an exact certificate; return what ``tools/check_certificate.py`` says of it.

    Parameters
    ----------
    problem, network
        As of :func:`lib.certificate.exact_certificate`, whose errors may come.
    path : Path
        Where to save the certificate, a .json file.

    Returns
    -------
    str
        A line that begins with the name of the file and ``proved`` or ``REJECTED``.

    Raises
    ------
    FileNotFoundError
        If the checker is not beside the package, as in an installed copy.

    Notes
    -----
    Cells by flags: instantly at rank 2, half a minute for n = 60 at rank 3.
    """
    exact_certificate(problem, network).save(path)
    return _verdict(path)


def _verdict(path: Path) -> str:
    """Return the checker's line on a file."""
    if not CHECKER.is_file():
        raise FileNotFoundError(
            f"The checker must be at {CHECKER}; got no file there. Run from a copy of "
            "the repository, or check the saved certificate by hand."
        )
    # -I: neither the environment nor the folder adds to what the checker sees.
    command = [sys.executable, "-I", str(CHECKER), path.name]
    run = subprocess.run(command, cwd=path.parent, capture_output=True, text=True)
    return run.stdout.strip() or run.stderr.strip()
