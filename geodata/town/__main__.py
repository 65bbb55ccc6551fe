"""`python -m geodata.town --write-samples`: writes the sample files anew."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from geodata.town import samples

FOLDER = Path(__file__).parents[1] / "samples"


def main() -> int:
    """Exit code 0; 2 when told nothing to do or to write into a folder that does not exist."""
    parser = argparse.ArgumentParser(prog="python -m geodata.town", description="the invented town")
    parser.add_argument("--write-samples", action="store_true", help="write the sample files")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to (default: %(default)s)")
    asked = parser.parse_args()
    if not asked.write_samples:
        parser.error("nothing to do: give --write-samples")
    if not asked.folder.is_dir():
        parser.error(f"no such folder: {asked.folder}")
    for path in samples.write(asked.folder):
        sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
