"""`python -m benchmarks [--quick]`: measure, and write the results beside this file."""

import os
import sys

from tools.execute import ONE_THREAD

# Before numpy is loaded: every method has one thread.
os.environ.update(ONE_THREAD)
os.environ.update(RAYON_NUM_THREADS="1", NUMBA_NUM_THREADS="1")

from benchmarks.run import main

if __name__ == "__main__":
    sys.exit(main())
