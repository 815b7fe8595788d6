"""Certify a network with the branch and bound shared among workers.

``python -m tools.sweep.certify FILE.npz`` reads X (n, d), Y (n, c), beta, U (m, d) and
V (m, c) and prints the primal value, the proved dual bound and their gap, as
`lib.certificate.certify` does alone. For data of rank 3 and above, where that takes
long; from rank 6 on the search on signs comes first, on this machine.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from lib.certificate import certify
from lib.cone_pca import Limits, Oracle
from lib.problem import Network, Problem
from tools.book import BookError, attempt
from tools.sweep.engine import add_engine_options, connected

NAMES = ("X", "Y", "beta", "U", "V")

PARTS = 4
"""Parts of a search for each thread: so many that none is idle for long."""


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.sweep.certify", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add("file", type=Path, help=".npz with X, Y, beta, U and V")
    add("--seconds", type=float, default=np.inf, help="most time (no limit)")
    told = "how far above beta, relatively, kappa need not be told from it (1e-6)"
    add("--tolerance", type=float, default=1e-6, help=told)
    add_engine_options(parser)
    return parser.parse_args(arguments)


def read(path: Path) -> tuple[Problem, Network]:
    """Read a problem and a network.

    Raises
    ------
    BookError
        If there is no such file, an array is missing, or the shapes do not fit.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            X, Y, beta, U, V = (file[name] for name in NAMES)
        return Problem(X, Y, float(beta)), Network(U, V)
    except (OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise BookError(
            f"{path} must be a .npz file with {', '.join(NAMES)}: {error}"
        ) from None


def show(options: argparse.Namespace) -> int:
    """Prove and print, on the workers that the options name."""
    problem, network = read(options.file)
    level = problem.beta * (1 + options.tolerance)
    limits = Limits(level=level, seconds=options.seconds)
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        connected(options, Path(folder)) as client,
    ):
        executor = client.get_executor(pure=False)
        bound = Oracle(problem.X, limits=limits, executor=executor)
        print(certify(problem, network, bound=bound))
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Print the certificate; return the exit status."""
    options = parse(arguments)
    return attempt(lambda: show(options))


if __name__ == "__main__":
    sys.exit(main())
