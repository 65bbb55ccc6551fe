"""One call of our Gi* with permutations in a process of its own: `python -m bench.gi_ours FILE N`; prints JSON."""

from __future__ import annotations

import json
import resource
import sys
import time

import numpy as np
from scipy.sparse import csr_array

from geodata.hotspots import find


def peak_mb() -> float:
    """The most memory this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Prints z, p, the seconds of the call, and the peak before and after it."""
    with np.load(sys.argv[1]) as had:
        x = had["x"]
        near = csr_array((had["data"], had["indices"], had["indptr"]), shape=(len(x), len(x)))
    before = peak_mb()
    began = time.perf_counter()
    found = find(x, near, n_permutations=int(sys.argv[2]))
    told = {"seconds": time.perf_counter() - began, "before_mb": before, "peak_mb": peak_mb()}
    print(json.dumps(told | {"z": found.z.tolist(), "p": found.p.tolist()}))


if __name__ == "__main__":
    main()
