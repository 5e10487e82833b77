"""Median milliseconds of a training step of the article's network in PyTorch (Debian: python3-torch).

Same layers, loss, optimizer and batch; threads as given; images are random, which costs the same.
"""
import json
import sys
import time

import torch
import torch.nn.functional as F
from torch_article_net import Net

threads, steps = int(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(threads)
torch.manual_seed(0)

net = Net()
optimizer = torch.optim.Adam(net.parameters(), 1e-3, eps=1e-7)
images, labels = torch.rand(steps + 5, 128, 3, 32, 32), torch.randint(10, (steps + 5, 128))
times = []
for x, y in zip(images, labels):
    start = time.perf_counter()
    loss = F.cross_entropy(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    times.append(1000 * (time.perf_counter() - start))
times = sorted(times[5:])
print(json.dumps(times[len(times) // 2]))
