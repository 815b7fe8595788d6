"""`python -m tools.reproduce`."""

import sys

from tools.reproduce.command import main

if __name__ == "__main__":
    sys.exit(main())
