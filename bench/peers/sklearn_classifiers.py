"""Seconds of scikit-learn's classifiers on features, and their test accuracy (Debian: python3-sklearn).

Arguments: a file of float32 features [n, columns], one of uint8 labels, the same for the test set, the
number of columns, and threads. All run on so many threads.
"""
import json
import os
import sys
import time

threads = int(sys.argv[6])
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = str(threads)
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

train, y_train, test, y_test, columns = sys.argv[1:6]
X = np.fromfile(train, np.float32).reshape(-1, int(columns))
y = np.fromfile(y_train, np.uint8)
Xt = np.fromfile(test, np.float32).reshape(-1, int(columns))
yt = np.fromfile(y_test, np.uint8)
results = {}
for name, classifier in {
    "forest": RandomForestClassifier(100, random_state=0, n_jobs=threads),
    "logistic": LogisticRegression(max_iter=200),
    "neighbors": KNeighborsClassifier(n_jobs=threads),
}.items():
    start = time.perf_counter()
    classifier.fit(X, y)
    fit = time.perf_counter() - start
    start = time.perf_counter()
    accuracy = float((classifier.predict(Xt) == yt).mean())
    results[name] = {"fit": fit, "predict": time.perf_counter() - start, "accuracy": accuracy}
print(json.dumps(results))
