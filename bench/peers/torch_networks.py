"""Median milliseconds of a training step (MobileNetV2: of predicting an image) in PyTorch.

Usage: torch_networks.py NAME THREADS STEPS (Debian: python3-torch). The networks of `bench/networks.ts`,
layer by layer, with random images, which cost the same.
"""
import json
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

BATCH, WARM_UP = 128, 2


def block(inputs, filters, kernel=3, stride=1, activation=nn.ReLU, groups=1):
    convolution = nn.Conv2d(inputs, filters, kernel, stride, kernel // 2, groups=groups, bias=False)
    layers = [convolution, nn.BatchNorm2d(filters)]
    return nn.Sequential(*layers, *([activation(inplace=True)] if activation else []))


def keras():
    def convolution(inputs, filters, padding):
        return [nn.Conv2d(inputs, filters, 3, padding=padding), nn.ReLU(inplace=True)]
    return nn.Sequential(
        *convolution(3, 32, 1), *convolution(32, 32, 0), nn.MaxPool2d(2), nn.Dropout(0.25),
        *convolution(32, 64, 1), *convolution(64, 64, 0), nn.MaxPool2d(2), nn.Dropout(0.25),
        nn.Flatten(), nn.Linear(2304, 512), nn.ReLU(inplace=True), nn.Dropout(0.5), nn.Linear(512, 10))


def perceptron():
    return nn.Sequential(nn.Linear(3072, 1024), nn.ReLU(), nn.Linear(1024, 512), nn.ReLU(),
                         nn.Linear(512, 10))


def mnist():
    return nn.Sequential(nn.Conv2d(1, 8, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 5), nn.ReLU(),
                         nn.MaxPool2d(2), nn.Flatten(), nn.Linear(256, 10))


def vgg():
    return nn.Sequential(block(3, 64), block(64, 64), nn.MaxPool2d(2), block(64, 128), block(128, 128),
                         nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 8 * 128, 10))


class Residual(nn.Module):
    def __init__(self, inputs, filters, stride):
        super().__init__()
        self.one, self.two = block(inputs, filters, stride=stride), block(filters, filters, activation=None)
        self.short = block(inputs, filters, 1, stride, None) if stride > 1 else nn.Identity()

    def forward(self, x):
        return F.relu(self.short(x) + self.two(self.one(x)))


def resnet():
    layers, inputs = [block(3, 16)], 16
    for stage, filters in enumerate([16, 32, 64]):
        for i in range(3):
            layers.append(Residual(inputs, filters, 2 if stage > 0 and i == 0 else 1))
            inputs = filters
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def separable():
    layers, inputs = [block(3, 32)], 32
    for filters, stride in [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1)]:
        layers += [block(inputs, inputs, 3, stride, groups=inputs), block(inputs, filters, 1)]
        inputs = filters
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, 10))


class Inverted(nn.Module):
    def __init__(self, inputs, filters, expansion, stride):
        super().__init__()
        middle, act = inputs * expansion, nn.ReLU6
        self.adds = stride == 1 and inputs == filters
        self.layers = nn.Sequential(
            *([block(inputs, middle, 1, 1, act)] if expansion > 1 else []),
            block(middle, middle, 3, stride, act, middle), block(middle, filters, 1, 1, None))

    def forward(self, x):
        return x + self.layers(x) if self.adds else self.layers(x)


def mobilenet():
    layers, inputs = [block(3, 32, 3, 2, nn.ReLU6)], 32
    for expansion, filters, count, stride in [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
                                              (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]:
        for i in range(count):
            layers.append(Inverted(inputs, filters, expansion, stride if i == 0 else 1))
            inputs = filters
    return nn.Sequential(*layers, block(inputs, 1280, 1, 1, nn.ReLU6), nn.AdaptiveAvgPool2d(1),
                         nn.Flatten(), nn.Linear(1280, 1000), nn.Softmax(1))


SHAPES = {"perceptron": (3072,), "mnist": (1, 28, 28)}
name, threads, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
torch.manual_seed(0)
net = globals()[name]()
times = []
if name == "mobilenet":
    net.eval()
    images = torch.rand(8, 3, 224, 224)
    with torch.no_grad():
        for _ in range(WARM_UP + steps):
            start = time.perf_counter()
            net(images)
            times.append(1000 * (time.perf_counter() - start) / len(images))
else:
    optimizer = torch.optim.Adam(net.parameters(), 1e-3, eps=1e-7)
    x, y = torch.rand(BATCH, *SHAPES.get(name, (3, 32, 32))), torch.randint(10, (BATCH,))
    for _ in range(WARM_UP + steps):
        start = time.perf_counter()
        loss = F.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        times.append(1000 * (time.perf_counter() - start))
times = sorted(times[WARM_UP:])
print(json.dumps(times[len(times) // 2]))
