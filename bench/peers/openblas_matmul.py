"""Median seconds of C = A·B, float32, n × n, by NumPy on OpenBLAS (Debian: python3-numpy)."""
import json
import sys
import time

import numpy as np

n, repeats = int(sys.argv[1]), int(sys.argv[2])
rng = np.random.default_rng(0)
a, b = rng.random((n, n), np.float32), rng.random((n, n), np.float32)
a @ b
times = []
for _ in range(repeats):
    start = time.perf_counter()
    a @ b
    times.append(time.perf_counter() - start)
print(json.dumps(sorted(times)[len(times) // 2]))
