"""The program: `convcost`, or `python -m convcost`."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line and exit: 0 fine, 1 an answer that fails, 2 bad input, 130 interrupted."""
    if sys.argv[1:] == ["--version"]:  # asked by scripts: without the option parser it is there at once
        from . import __version__

        print(f"convcost {__version__}")
        return
    # While modules load nothing becomes garbage, but the collector looks for it: 6 of 97 ms.
    gc.disable()
    from .cli.main import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
