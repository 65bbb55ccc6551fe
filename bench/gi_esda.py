"""One call of esda's Gi* with permutations in a process of its own: `python -m bench.gi_esda FILE N N_JOBS` says JSON.

Its simulations are not kept, which is its least memory. p is one-sided there: doubled here.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import warnings

import numpy as np
from esda.getisord import G_Local
from libpysal.graph import Graph
from scipy.sparse import coo_array, csr_array


def peak_mb() -> float:
    """The most memory this process and any it started ever held."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(resource.getrusage(one).ru_maxrss for one in who) / 1024


def main() -> None:
    """Prints z, p, the seconds of the call, and the peak before and after it."""
    with np.load(sys.argv[1]) as had:
        x = had["x"]
        near = csr_array((had["data"], had["indices"], had["indptr"]), shape=(len(x), len(x)))
    graph = Graph.from_sparse(coo_array(near))
    given = {"permutations": int(sys.argv[2]), "n_jobs": int(sys.argv[3]), "keep_simulations": False, "seed": 1}
    before = peak_mb()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the side its p takes
        began = time.perf_counter()
        found = G_Local(x, graph, transform="B", star=True, **given)
        seconds = time.perf_counter() - began
    told = {"seconds": seconds, "before_mb": before, "peak_mb": peak_mb()}
    print(json.dumps(told | {"z": found.Zs.tolist(), "p": np.minimum(2 * found.p_sim, 1).tolist()}))


if __name__ == "__main__":
    main()
