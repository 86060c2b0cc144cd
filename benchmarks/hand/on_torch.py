"""The networks in plain eager PyTorch, with the same weights and data, as one writes them."""

import numpy as np
import torch
from torch import nn

from benchmarks.cases import convnet as convnet_case
from benchmarks.cases import lstm as lstm_case
from benchmarks.cases import mlp as mlp_case
from benchmarks.cases import predict as predict_case
from benchmarks.cases import transformer as transformer_case
from benchmarks.timing import Stopwatch


def trained(network, x, y, batch, steps, epochs, rate=1e-3, fused=False, bfloat16=False, shuffle=False) -> dict:
    """Time per step of ``epochs`` epochs after the first, with the loss and the accuracy that a user would show."""
    x, y = torch.from_numpy(np.ascontiguousarray(x)), torch.from_numpy(np.ascontiguousarray(y)).long()
    optimizer = torch.optim.Adam(network.parameters(), lr=rate, eps=1e-7, fused=fused)

    def epoch():
        order = torch.randperm(len(x)) if shuffle else torch.arange(len(x))
        total, right = torch.zeros(()), torch.zeros(())
        for i in range(steps):
            rows = order[i * batch : (i + 1) * batch]
            here, labels = x[rows], y[rows]
            optimizer.zero_grad()
            with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
                logits = network(here)
                loss = nn.functional.cross_entropy(logits.flatten(0, -2), labels.flatten())
            loss.backward()
            optimizer.step()
            total += loss.detach()
            right += (logits.detach().argmax(-1) == labels).float().mean()
        return (total / steps).item()

    epoch()
    with Stopwatch() as watch:
        for _ in range(epochs):
            last = epoch()
    return {"metrics": {"step": watch.per(epochs * steps)}, "check": last}


@torch.no_grad()
def filled(parameters, arrays):
    """Copy arrays into parameters, in order."""
    for p, a in zip(parameters, arrays, strict=True):
        p.copy_(torch.from_numpy(np.ascontiguousarray(a)))


def dense(w, b):
    """A linear layer with the weights of a Dense layer."""
    layer = nn.Linear(*w.shape)
    filled(layer.parameters(), [w.T, b])
    return layer


def mlp(quick: bool, fused: bool = False, bfloat16: bool = False) -> dict:
    x, y, weights, epochs = mlp_case.setting(quick)
    network = nn.Sequential(dense(*weights[:2]), nn.ReLU(), dense(*weights[2:]))
    return trained(network, x, y, mlp_case.BATCH, mlp_case.STEPS, epochs, fused=fused, bfloat16=bfloat16, shuffle=True)


class Channels(nn.Module):
    """(n, h, w, c) read as PyTorch's (n, c, h, w) in the memory format channels_last; no value moves."""

    def forward(self, x):
        return x.permute(0, 3, 1, 2)


class Rows(nn.Module):
    """Features in the order of (h, w, c)."""

    def forward(self, x):
        return x.permute(0, 2, 3, 1).flatten(1)


def convnet(quick: bool, fused: bool = False, bfloat16: bool = False) -> dict:
    x, y, weights, epochs = convnet_case.setting(quick)
    parts, inputs = [Channels()], 3
    for i, width in enumerate(convnet_case.WIDTHS):
        block = weights[8 * i : 8 * i + 8]
        for k, (kernel, bias) in enumerate((block[:2], block[2:4])):
            conv = nn.Conv2d(inputs if k == 0 else width, width, 3, padding=1)
            filled(conv.parameters(), [kernel.transpose(3, 2, 0, 1), bias])
            parts += [conv, nn.ReLU()]
        parts += [nn.BatchNorm2d(width, eps=1e-3, momentum=0.01), nn.MaxPool2d(2)]
        inputs = width
    network = nn.Sequential(*parts, Rows(), dense(*weights[-2:])).to(memory_format=torch.channels_last)
    case = convnet_case
    return trained(network, x, y, case.BATCH, case.STEPS, epochs, rate=case.RATE, fused=fused, bfloat16=bfloat16)


class Last(nn.Module):
    """The output of a recurrent layer after the last step."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x)[0][:, -1]


def lstm(quick: bool, fused: bool = False, bfloat16: bool = False) -> dict:
    x, y, (kernel, recurrent, bias, *last), epochs = lstm_case.setting(quick)
    layer = nn.LSTM(lstm_case.FEATURES, lstm_case.UNITS, batch_first=True)
    filled(layer.parameters(), [kernel.T, recurrent.T, bias, np.zeros_like(bias)])
    network = nn.Sequential(Last(layer), dense(*last))
    return trained(network, x, y, lstm_case.BATCH, lstm_case.STEPS, epochs, fused=fused, bfloat16=bfloat16)


class Decoder(nn.Module):
    """The decoder, with the weights in the order of the case."""

    def __init__(self, arrays):
        super().__init__()
        case = transformer_case
        self.token, self.place = (nn.Parameter(torch.from_numpy(a)) for a in arrays[:2])
        self.blocks = nn.ModuleList()
        for i in range(case.LAYERS):
            a = arrays[2 + 16 * i : 18 + 16 * i]
            q, k, v = (dense(a[j].reshape(case.WIDTH, -1), a[j + 1].reshape(-1)) for j in (2, 4, 6))
            out = dense(a[8].reshape(-1, case.WIDTH), a[9])
            norms = [nn.LayerNorm(case.WIDTH, eps=1e-5) for _ in range(2)]
            self.blocks.append(nn.ModuleList([norms[0], q, k, v, out, norms[1], dense(*a[12:14]), dense(*a[14:16])]))
        self.norm, self.logits = nn.LayerNorm(case.WIDTH, eps=1e-5), dense(*arrays[-2:])

    def forward(self, tokens):
        heads = transformer_case.HEADS
        x = self.token[tokens] + self.place  # (batch, time, width)
        for first, q, k, v, out, second, wide, narrow in self.blocks:
            normal = first(x)
            q, k, v = (
                f(normal).unflatten(-1, (heads, -1)).transpose(1, 2) for f in (q, k, v)
            )  # (batch, heads, time, size)
            mixed = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + out(mixed.transpose(1, 2).flatten(2))
            x = x + narrow(nn.functional.gelu(wide(second(x))))
        return self.logits(self.norm(x))


def transformer(quick: bool, fused: bool = False, bfloat16: bool = False) -> dict:
    x, y, arrays, epochs = transformer_case.setting(quick)
    case = transformer_case
    return trained(Decoder(arrays), x, y, case.BATCH, case.STEPS, epochs, fused=fused, bfloat16=bfloat16)


def answer(quick: bool) -> dict:
    """Microseconds per call; the same function stands against `predict` and against the model called."""
    x, (w1, b1, w2, b2), calls = predict_case.setting(quick)
    network = nn.Sequential(dense(w1, b1), nn.ReLU(), dense(w2, b2))

    @torch.no_grad()
    def answer(rows):
        return network(torch.from_numpy(rows)).numpy()

    seconds = predict_case.timed(answer, x, calls)
    return {"metrics": {"predict": seconds, "call": seconds}, "check": 2 * float(abs(answer(x[:1])).sum())}
