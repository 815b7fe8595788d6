"""Make the downloads."""

import sys

from tools.downloads.command import main

if __name__ == "__main__":
    sys.exit(main())
