"""Ask whether a package of the lock has a known vulnerability.

`make audit` makes an environment of its own for pip-audit and calls this with it. The
answer needs the network and changes from day to day, so it belongs to no test. A
package of which the service knows nothing is not a safe one: pip-audit would pass over
it and say that all is well.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

LOCK = Path("requirements.lock")
OPTIONS = (
    "--no-deps",
    "--disable-pip",
    "--progress-spinner",
    "off",
    "--format",
    "json",
)

SHOWN = 5
"""Packages of which nothing is known that are named; of the others, how many."""

CLEAN, VULNERABLE, UNANSWERED = 0, 1, 3
"""Exit statuses; 2 is a wrong command line."""


@dataclass(frozen=True)
class Answer:
    """What the service said.

    Attributes
    ----------
    asked : int
        Packages about which it knows.
    vulnerable : tuple of str
        A line for each known vulnerability.
    unknown : tuple of str
        Packages about which it said nothing.
    """

    asked: int
    vulnerable: tuple[str, ...]
    unknown: tuple[str, ...]


class UnansweredError(Exception):
    """The service could not be asked; the message says why and what to do."""


def ask(program: list[str], lock: Path) -> Answer:
    """Run pip-audit on a lock.

    Raises
    ------
    UnansweredError
        If the lock is missing, or pip-audit ended without an answer.
    """
    if not lock.is_file():
        raise UnansweredError(
            f"There must be a lock; got no file {lock}. Check it out."
        )
    command = [*program, "--requirement", str(lock), *OPTIONS]
    done = subprocess.run(command, capture_output=True, text=True)
    try:
        return read(done.stdout)
    except (ValueError, KeyError, TypeError):
        words = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        raise UnansweredError(
            f"pip-audit must answer; got: {words[-1]}. Check the network and whether "
            "https://pypi.org can be reached, then try again."
        ) from None


def read(text: str) -> Answer:
    """Read pip-audit's JSON."""
    packages = json.loads(text)["dependencies"]
    known = [package for package in packages if "skip_reason" not in package]
    found = [
        f"{package['name']} {package['version']}: {flaw['id']}, mended in "
        f"{', '.join(flaw['fix_versions']) or 'no version yet'}"
        for package in known
        for flaw in package["vulns"]
    ]
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    return Answer(len(known), tuple(found), tuple(unknown))


def report(answer: Answer) -> int:
    """Print what was found; return the exit status."""
    for line in answer.vulnerable:
        print(f"vulnerable: {line}", file=sys.stderr)
    if answer.vulnerable:
        print("Raise what is pinned in requirements.in, then `make lock`.")
        return VULNERABLE
    if answer.unknown or not answer.asked:
        names, more = answer.unknown[:SHOWN], len(answer.unknown) - SHOWN
        missing = ", ".join(names) + (f" and {more} more" if more > 0 else "")
        print(
            f"error: every package must be known to the service; it knows "
            f"{answer.asked} and not {missing or 'any'}. Ask where "
            "https://pypi.org can be reached.",
            file=sys.stderr,
        )
        return UNANSWERED
    print(f"No known vulnerability in {answer.asked} packages.")
    return CLEAN


def main(arguments: list[str] | None = None) -> int:
    """Audit the lock; return the exit status."""
    parser = argparse.ArgumentParser(description="Audit the lock of the book.")
    add = parser.add_argument
    add("--lock", type=Path, default=LOCK, help="default requirements.lock")
    add("program", nargs="*", help="pip-audit (default: of this Python)")
    options = parser.parse_args(arguments)
    try:
        program = options.program or [sys.executable, "-m", "pip_audit"]
        return report(ask(program, options.lock))
    except UnansweredError as error:
        print(f"error: {error}", file=sys.stderr)
        return UNANSWERED


if __name__ == "__main__":
    sys.exit(main())
