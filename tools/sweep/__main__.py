"""Run a sweep from the command line."""

import sys

from tools.sweep.command import main

if __name__ == "__main__":
    sys.exit(main())
