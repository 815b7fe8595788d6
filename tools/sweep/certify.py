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

from lib.certificate import Certificate, certify
from lib.cone_pca import Limits, Oracle
from lib.problem import Network, Problem
from tools.book import BookError, attempt
from tools.sweep.options import add_engine_options, engine_of

NAMES = ("X", "Y", "beta", "U", "V")


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.sweep.certify", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add("file", type=Path, help=".npz with X, Y, beta, U and V")
    add("--seconds", type=float, default=np.inf, help="most time (no limit)")
    add(
        "--tolerance",
        type=float,
        default=1e-6,
        help="how far above beta, relatively, kappa need not be told from it (1e-6)",
    )
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
            arrays = {name: file[name] for name in NAMES}
        problem = Problem(arrays["X"], arrays["Y"], float(arrays["beta"]))
        return problem, Network(arrays["U"], arrays["V"])
    except (OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise BookError(
            f"{path} must be a .npz file with {', '.join(NAMES)}: {error}"
        ) from None


def shared_certificate(
    problem: Problem, network: Network, options: argparse.Namespace
) -> Certificate:
    """Certify a network on the workers that the options name."""
    from tools.sweep.engine import connected

    level = problem.beta * (1 + options.tolerance)
    limits = Limits(level=level, seconds=options.seconds)
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        connected(engine_of(options, Path(folder))) as client,
    ):
        print(f"dashboard: {client.dashboard_link}", flush=True)
        bound = Oracle(problem.X, limits=limits, executor=client.get_executor())
        return certify(problem, network, bound=bound)


def main(arguments: list[str] | None = None) -> int:
    """Print the certificate; return the exit status."""
    options = parse(arguments)
    return attempt(lambda: show(options))


def show(options: argparse.Namespace) -> int:
    """Prove and print."""
    print(shared_certificate(*read(options.file), options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
