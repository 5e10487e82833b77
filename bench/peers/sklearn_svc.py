"""Seconds of SVC's fit and predict on features, and what it predicts (Debian: python3-sklearn).

Arguments: a file of float32 features [n, columns], one of uint8 labels, the same for the test set,
the number of columns, and SVC's parameters as JSON. Writes the predictions beside the test features.
"""
import json
import sys
import time

import numpy as np
from sklearn.svm import SVC

train, y_train, test, columns, parameters, out = sys.argv[1:7]
X = np.fromfile(train, np.float32).reshape(-1, int(columns))
y = np.fromfile(y_train, np.uint8)
Xt = np.fromfile(test, np.float32).reshape(-1, int(columns))
svc = SVC(cache_size=1000, **json.loads(parameters))
start = time.perf_counter()
svc.fit(X, y)
fit = time.perf_counter() - start
start = time.perf_counter()
predicted = svc.predict(Xt)
predict = time.perf_counter() - start
predicted.astype(np.uint8).tofile(out)
print(json.dumps({"fit": fit, "predict": predict, "vectors": int(svc.n_support_.sum())}))
