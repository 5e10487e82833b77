"""Seconds of umap-learn's fit and transform on features, compilation excluded (Debian: umap-learn).

Arguments: a file of float32 features [n, columns], one of new rows, the columns, n, how often to fit, and
a path that, with the number of the run behind it, each run's embedding is written to.
"""
import json
import resource
import sys
import time
import warnings

import numpy as np

warnings.filterwarnings("ignore")
import umap

path, new, columns, n, runs, out = sys.argv[1:]
X = np.fromfile(path, np.float32).reshape(-1, int(columns))[:int(n)]
rows = np.fromfile(new, np.float32).reshape(-1, int(columns))
umap.UMAP(n_epochs=5).fit(X[:5000]).transform(rows[:100])  # compiles
fit = []
for run in range(int(runs)):
    start = time.perf_counter()
    estimator = umap.UMAP().fit(X)  # with a seed it would use one thread only
    fit.append(time.perf_counter() - start)
    estimator.embedding_.astype(np.float32).tofile(out + str(run))
start = time.perf_counter()
estimator.transform(rows)
transform = time.perf_counter() - start
print(json.dumps({
    "fit": fit, "transform": transform,
    "peakGiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
}))
