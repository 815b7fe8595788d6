"""The methods of other packages, each in a process and an environment of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import environments
from benchmarks.task import Answer, Method, StoppedError, Task, UnsolvedError
from lib.problem import Network


def call(package: str, module: str, seconds: float, data: dict[str, Any]) -> dict:
    """Run ``benchmarks.foreign.MODULE`` on arrays; return the arrays that it wrote.

    UnsolvedError if it fails or does not end within the seconds given.
    """
    with tempfile.TemporaryDirectory() as scratch:
        source, target = Path(scratch, "in.npz"), Path(scratch, "out.npz")
        np.savez(source, **data)
        command = [sys.executable, "-m", "benchmarks.foreign", module]
        command += [str(source), str(target)]
        _finish(command, environments.variables(package), seconds)
        with np.load(target, allow_pickle=False) as result:
            return dict(result)


def _finish(command: list[str], variables: dict[str, str], seconds: float) -> None:
    """Run a command to its end, or say why there was none."""
    try:
        done = subprocess.run(
            command, env=variables, capture_output=True, text=True, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        raise StoppedError(f"no network after {seconds:.0f} s") from None
    if done.returncode:
        words = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        raise UnsolvedError(words[-1])


def trained(task: Task, *, package: str, module: str, **options: str) -> Answer:
    """Train by another package."""
    problem, effort = task.problem, task.effort
    data = {"X": problem.X, "Y": problem.Y, "beta": problem.beta} | options
    data |= {"radius": task.radius, "steps": effort.steps}
    result = call(package, module, effort.seconds, data)
    network = Network(result["U"], result["V"]).balanced()
    return Answer(network, seconds=float(result["seconds"]))


def _scnn(key: str, label: str, solver: str) -> Method:
    """Name one of pyscnn's solvers."""
    run = partial(trained, package="pyscnn", module="scnn_convex", solver=solver)
    return Method(key, label, run, package="pyscnn")


METHODS = (
    Method(
        "copt",
        "copt, radius given",
        partial(trained, package="copt", module="copt_descent"),
        package="copt",
    ),
    _scnn("pyscnn-al", "pyscnn, its own solver", "al"),
    _scnn("pyscnn-scs", "pyscnn, SCS", "scs"),
)
