"""Whole recurrent layers by PyTorch's own kernels; ``x`` is (batch, time, features), states are (batch, units), in Keras's layout."""

import torch


def lstm(x, states, kernel, recurrent_kernel, bias):
    """LSTM with tanh and sigmoid: (outputs (batch, time, units), [h, c]). The columns are in PyTorch's order already: i, f, g, o."""
    if bias is None:
        bias = torch.zeros(kernel.shape[1], dtype=kernel.dtype, device=kernel.device)
    weights = [kernel.t(), recurrent_kernel.t(), bias, torch.zeros_like(bias)]
    first = [s.unsqueeze(0) for s in states]
    outputs, h, c = torch.lstm(x, first, weights, True, 1, 0.0, torch.is_grad_enabled(), False, True)
    return outputs, [h[0], c[0]]


def gru(x, states, kernel, recurrent_kernel, bias):
    """GRU with tanh and sigmoid that resets after the product: (outputs (batch, time, units), [h]); columns z, r, h to r, z, h."""

    def turned(w):
        z, r, h = w.chunk(3, dim=-1)
        return torch.cat([r, z, h], dim=-1)

    if bias is None:
        bias = torch.zeros(2, kernel.shape[1], dtype=kernel.dtype, device=kernel.device)
    weights = [turned(kernel).t(), turned(recurrent_kernel).t(), *turned(bias)]
    outputs, h = torch.gru(x, states[0].unsqueeze(0), weights, True, 1, 0.0, torch.is_grad_enabled(), False, True)
    return outputs, [h[0]]


def simple(x, states, kernel, recurrent_kernel, bias):
    """A simple recurrent layer with tanh: (outputs (batch, time, units), [h])."""
    if bias is None:
        bias = torch.zeros(kernel.shape[1], dtype=kernel.dtype, device=kernel.device)
    weights = [kernel.t(), recurrent_kernel.t(), bias, torch.zeros_like(bias)]
    outputs, h = torch.rnn_tanh(x, states[0].unsqueeze(0), weights, True, 1, 0.0, torch.is_grad_enabled(), False, True)
    return outputs, [h[0]]


TABLE = {"lstm": lstm, "gru": gru, "simple_rnn": simple}
