"""Command line entry point: `python -m fracture_core COMMAND …`."""

import sys

from fracture_core.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
