"""Run the benchmarks: `python benchmarks/run.py [--cases import,mlp] [--repeats N] [--quick]`."""

import sys
from pathlib import Path

# The checkout instead of benchmarks/ in front of the path: its keraunos is the one to measure.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks.command import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
