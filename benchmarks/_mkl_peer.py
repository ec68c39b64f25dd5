"""Times the normals of Intel's MKL through mkl_random; runs in an environment of its own that has nothing of ours.

Prints one line of JSON: nanoseconds a normal in float64 by generator and transform.
"""

from __future__ import annotations

import json
import time

import mkl_random

COUNT = 500_000
GENERATORS = ("MCG59", "SFMT19937", "PHILOX4X32X10")

found = {}
for generator in GENERATORS:
    state = mkl_random.MKLRandomState(1, brng=generator)
    best = float("inf")
    for _ in range(4):
        start = time.thread_time()
        state.standard_normal(COUNT, method="ICDF")
        best = min(best, time.thread_time() - start)
    found[f"{generator}, ICDF"] = best / COUNT * 1e9
print(json.dumps(found))
