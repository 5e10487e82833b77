"""The article's work in Python: PyTorch, umap-learn and scikit-learn. Seconds of each part as JSON.

Arguments: a folder with images (uint8 [n, 32, 32, 3]) and labels (uint8) of the training set, features of
the training and the test set (float32 [n, 512]), the number of epochs, and the grid search as JSON:
rows, folds, C, gamma. The SVM and UMAP work on the features given, so that both sides do the same.
(Debian: python3-torch, python3-sklearn, umap-learn.)
"""
import json
import sys
import time
import warnings

import numpy as np
import torch
import torch.nn.functional as F
from torch_article_net import Net

warnings.filterwarnings("ignore")
folder, epochs, grid = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
read = lambda name, dtype: np.fromfile(f"{folder}/{name}", dtype)
images = torch.from_numpy(read("images", np.uint8).reshape(-1, 32, 32, 3))
labels = torch.from_numpy(read("labels", np.uint8).astype(np.int64))
X, Xt = (read(name, np.float32).reshape(-1, 512) for name in ("features", "test_features"))
y = labels.numpy()
seconds = {}
say = lambda name: print(name, round(seconds[name], 1), file=sys.stderr, flush=True)


def timed(name, work):
    start = time.perf_counter()
    result = work()
    seconds[name] = time.perf_counter() - start
    say(name)
    return result


torch.manual_seed(0)
torch.set_num_threads(grid["threads"])
net = Net()
optimizer = torch.optim.Adam(net.parameters(), 1e-3, eps=1e-7)
batch = lambda rows: images[rows].permute(0, 3, 1, 2).float() / 255
part = len(images) * 4 // 5


def train():
    for _ in range(epochs):
        net.train()
        for rows in torch.randperm(part).split(128):
            loss = F.cross_entropy(net(batch(rows)), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        net.eval()
        with torch.no_grad():
            for rows in torch.arange(part, len(images)).split(500):
                net(batch(rows)).argmax(1)


def features():
    net.eval()
    with torch.no_grad():
        return [net.features(batch(rows)) for rows in torch.arange(len(images)).split(500)]


timed("train", train)
timed("features", features)

import umap
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.svm import SVC

umap.UMAP(n_epochs=5).fit(X[:5000])  # compiles
timed("umap", lambda: umap.UMAP().fit(X))
svc = SVC(cache_size=1000)
timed("fit", lambda: svc.fit(X, y))
timed("predict", lambda: svc.predict(Xt))
search = GridSearchCV(
    SVC(cache_size=400),
    {"C": grid["C"], "gamma": grid["gamma"]},
    cv=StratifiedKFold(grid["folds"], shuffle=True, random_state=0),
    n_jobs=grid["threads"],
    refit=False,
)
timed("grid", lambda: search.fit(X[:grid["rows"]], y[:grid["rows"]]))
print(json.dumps({"seconds": seconds, "vectors": int(svc.n_support_.sum())}))
