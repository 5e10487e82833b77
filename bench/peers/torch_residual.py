"""The residual network of notebook 06 in PyTorch, trained alike: images, rates, penalties, augmentation.

Arguments: a folder with images (uint8 [n, 32, 32, 3]) and labels (uint8) of the training set and test_images
and test_labels, and as JSON the training as the library has it, with threads. Prints the seconds of each epoch
and the test accuracy as JSON. (Debian: python3-torch.)
"""
import json
import sys
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

FIRST, STAGES = 24, [48, 96, 192]

folder, settings = sys.argv[1], json.loads(sys.argv[2])
cycle, augment = settings["learningRate"], settings["augment"]
assert cycle["name"] == "oneCycle" and augment["flip"]
torch.manual_seed(0)
torch.set_num_threads(settings["threads"])


def read(name):
    values = np.fromfile(f"{folder}/{name}", np.uint8)
    if "labels" in name:
        return torch.from_numpy(values.astype(np.int64))
    return torch.from_numpy(values.reshape(-1, 32, 32, 3)).permute(0, 3, 1, 2)


class Block(nn.Module):
    def __init__(self, inputs, filters):
        super().__init__()
        self.convolution = nn.Conv2d(inputs, filters, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(filters, eps=1e-3)

    def forward(self, x, pool=False):
        x = self.convolution(x)
        return F.relu(self.norm(F.max_pool2d(x, 2) if pool else x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = Block(3, FIRST)
        inputs = [FIRST] + STAGES[:-1]
        self.widening = nn.ModuleList(Block(a, b) for a, b in zip(inputs, STAGES))
        self.residual = nn.ModuleList(Block(width, width) for width in STAGES)
        self.end = nn.Linear(STAGES[-1], 10)

    def forward(self, x):
        x = self.first(x)
        for widening, residual in zip(self.widening, self.residual):
            x = widening(x, pool=True)
            x = x + residual(x)
        return self.end(x.amax((2, 3)) / 8)


def augmented(images):
    """Mirrors every second image, moves each and cuts a square out, by chance."""
    shift, side, count = augment["shift"], augment["cutout"], len(images)
    images = torch.where(torch.rand(count, 1, 1, 1) < 0.5, images.flip(3), images)
    padded = F.pad(images, (shift,) * 4)
    places = torch.randint(0, 2 * shift + 1, (count, 2))
    images = torch.stack([p[:, y:y + 32, x:x + 32] for p, (y, x) in zip(padded, places.tolist())])
    for image, (y, x) in zip(images, torch.randint(0, 32, (count, 2)).tolist()):
        top, left = y - side // 2, x - side // 2
        image[:, max(0, top):max(0, top + side), max(0, left):max(0, left + side)] = 0
    return images


images, labels = read("images"), read("labels")
part = len(images) * 4 // 5
net = Net()
optimizer = torch.optim.SGD(net.parameters(), cycle["max"], momentum=0.9, nesterov=True)
batch = settings["batchSize"]
steps = settings["epochs"] * -(-part // batch)
schedule = torch.optim.lr_scheduler.OneCycleLR(
    optimizer, cycle["max"], total_steps=steps, pct_start=cycle["warmUp"], cycle_momentum=False)
kernels = [weights for weights in net.parameters() if weights.ndim > 1]


def predicted(images):
    net.eval()
    with torch.no_grad():
        return torch.cat([net(rows.float() / 255).argmax(1) for rows in images.split(500)])


seconds = []
for epoch in range(settings["epochs"]):
    start = time.perf_counter()
    net.train()
    for rows in torch.randperm(part).split(batch):
        outputs = net(augmented(images[rows].float() / 255))
        loss = F.cross_entropy(outputs, labels[rows], label_smoothing=settings["labelSmoothing"])
        optimizer.zero_grad()
        loss.backward()
        rate = schedule.get_last_lr()[0]
        optimizer.step()
        with torch.no_grad():
            for weights in kernels:
                weights.mul_(1 - rate * settings["weightDecay"])
        schedule.step()
    right = (predicted(images[part:]) == labels[part:]).float().mean().item()
    seconds.append(time.perf_counter() - start)
    print(f"epoch {epoch + 1}: {right:.4f}, {seconds[-1]:.1f} s", file=sys.stderr, flush=True)

test = (predicted(read("test_images")) == read("test_labels")).float().mean().item()
print(json.dumps({"seconds": seconds, "test": test}))
