"""Median milliseconds of a training step of the article's network in PyTorch (Debian: python3-torch).

Same layers, loss, optimizer and batch; threads as given; images are random, which costs the same.
"""
import json
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

threads, steps = int(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(threads)
torch.manual_seed(0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.convolutions = nn.ModuleList(nn.Conv2d(3 if i == 0 else 32, 32, 2) for i in range(4))
        self.hidden, self.end = nn.Linear(2048, 512), nn.Linear(512, 10)

    def forward(self, x):
        for block in range(2):
            for layer in self.convolutions[2 * block:2 * block + 2]:
                x = layer(F.pad(x, (0, 1, 0, 1)))  # "same" for a 2 × 2 kernel
            x = F.dropout(F.max_pool2d(F.relu(x), 2), 0.2, self.training)
        return self.end(F.relu(self.hidden(x.flatten(1))))


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
