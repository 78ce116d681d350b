"""``python -m cronkit``: the same program as ``cronkit``."""

import sys

from cronkit.cli import main

if __name__ == "__main__":
    sys.exit(main())
