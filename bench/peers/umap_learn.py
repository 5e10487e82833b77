"""Seconds of umap-learn on features, compilation excluded, and its trustworthiness (Debian: umap-learn).

Arguments: a file of float32 features [n, columns], the columns, n, a seed, and embeddings to score too.
"""
import json
import sys
import time
import warnings

import numpy as np

warnings.filterwarnings("ignore")
import umap
from sklearn.manifold import trustworthiness

path, columns, n, seed, *others = sys.argv[1:]
X = np.fromfile(path, np.float32).reshape(-1, int(columns))[:int(n)]
umap.UMAP(n_epochs=5).fit(X[:5000])  # compiles
start = time.perf_counter()
embedding = umap.UMAP().fit(X).embedding_  # with a seed it would use one thread only
seconds = time.perf_counter() - start
rows = min(len(X), 10_000)
score = lambda points: float(trustworthiness(X[:rows], points[:rows], n_neighbors=15))
scores = [score(np.fromfile(other, np.float32).reshape(-1, 2)) for other in others]
print(json.dumps({"seconds": seconds, "score": score(embedding), "others": scores}))
