"""`python -m benchmarks.foreign MODULE IN OUT`: run one module on the arrays of IN."""

import importlib
import sys

import numpy as np


def main() -> None:
    """Read the arrays, run, write what came."""
    name, source, target = sys.argv[1:]
    module = importlib.import_module(f"benchmarks.foreign.{name}")
    with np.load(source, allow_pickle=False) as data:
        result = module.run(dict(data))
    np.savez(target, **result)


if __name__ == "__main__":
    main()
