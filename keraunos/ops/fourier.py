"""Fourier transforms and short sequences of signals. Complex arrays are pairs (real, imaginary)."""

import operator

import numpy as np

from keraunos.ops import checks
from keraunos.ops.op import op


def _complex(xp, who, x):
    """A complex array of a pair."""
    if len(x) != 2:
        raise ValueError(f"{who}: x must be a pair (real, imaginary), got {len(x)} arrays.")
    real, imaginary = (_wide(xp, a) for a in x)
    if real.shape != imaginary.shape:
        raise ValueError(
            f"{who}: the real and the imaginary part must have one shape, got {tuple(real.shape)} and {tuple(imaginary.shape)}."
        )
    return real + 1j * imaginary


def _wide(xp, x):
    """x in float32 at least; transforms know no 16-bit floats."""
    return xp.astype(x, "float32") if x.dtype.itemsize < 4 else x


def _pair(xp, z):
    return xp.real(z), xp.imag(z)


@op("x[]", promote="float")
def fft(xp, x):
    """The Fourier transform Σₙ x[n]·e^(-2πikn/N) along the last axis.

    **Shape:** a pair of (..., n) → a pair of (..., n).

    >>> from keraunos import ops
    >>> real, imag = ops.fft(([1.0, 2.0], [0.0, 1.0]))
    >>> real.tolist(), imag.tolist()
    ([3.0, -1.0], [1.0, -1.0])
    """
    z = _complex(xp, "fft", x)
    checks.min_rank("fft", z, 1)
    return _pair(xp, xp.fft.fft(z))


@op("x[]", promote="float")
def fft2(xp, x):
    """The Fourier transform along the last two axes.

    **Shape:** a pair of (..., n, m) → a pair of (..., n, m).

    >>> from keraunos import ops
    >>> real, imag = ops.fft2((ops.ones((2, 2)), ops.zeros((2, 2))))
    >>> real.tolist()
    [[4.0, 0.0], [0.0, 0.0]]
    """
    z = _complex(xp, "fft2", x)
    checks.min_rank("fft2", z, 2)
    return _pair(xp, xp.fft.fft2(z))


@op("x[]", promote="float")
def ifft2(xp, x):
    """The inverse of ``fft2``.

    **Shape:** a pair of (..., n, m) → a pair of (..., n, m).

    >>> from keraunos import ops
    >>> real, imag = ops.ifft2((ops.ones((2, 2)), ops.zeros((2, 2))))
    >>> real.tolist()
    [[1.0, 0.0], [0.0, 0.0]]
    """
    z = _complex(xp, "ifft2", x)
    checks.min_rank("ifft2", z, 2)
    return _pair(xp, xp.fft.ifft2(z))


@op(promote="float")
def rfft(xp, x, fft_length=None):
    """The Fourier transform of a real signal along the last axis: its frequencies from 0 to n/2.

    **Shape:** (..., n) → a pair of (..., ⌊n/2⌋ + 1); with ``fft_length`` the signal is cut or filled with zeros to that n.

    >>> from keraunos import ops
    >>> real, imag = ops.rfft([1.0, 2.0, 3.0, 4.0])
    >>> real.tolist(), imag.tolist()
    ([10.0, -2.0, -2.0], [0.0, 2.0, 0.0])
    """
    checks.min_rank("rfft", x, 1)
    return _pair(xp, xp.fft.rfft(_wide(xp, x), n=fft_length))


@op("x[]", promote="float")
def irfft(xp, x, fft_length=None):
    """The inverse of ``rfft``; an odd ``fft_length`` must be given.

    **Shape:** a pair of (..., k) → (..., fft_length), by default 2(k - 1).

    >>> from keraunos import ops
    >>> ops.irfft(ops.rfft([1.0, 2.0, 3.0], 3), 3).tolist()
    [1.0, 2.0, 3.0]
    """
    z = _complex(xp, "irfft", x)
    checks.min_rank("irfft", z, 1)
    return xp.fft.irfft(z, n=fft_length)


@op
def extract_sequences(xp, x, sequence_length, sequence_stride):
    """Windows of ``sequence_length`` elements along the last axis, each starting ``sequence_stride`` after the one before.

    **Shape:** (..., n) → (..., 1 + ⌊(n - length) / stride⌋, length).

    >>> from keraunos import ops
    >>> ops.extract_sequences([1, 2, 3, 4, 5], 3, 2).tolist()
    [[1, 2, 3], [3, 4, 5]]
    """
    checks.min_rank("extract_sequences", x, 1)
    return _frames(xp, "extract_sequences", x, sequence_length, sequence_stride)


def _frames(xp, who, x, length, stride):
    length, stride = operator.index(length), operator.index(stride)
    n = x.shape[-1]
    if length <= 0 or stride <= 0:
        raise ValueError(f"{who}: sequence_length and sequence_stride must be positive, got {length} and {stride}.")
    if length > n:
        raise ValueError(f"{who}: sequence_length must be at most the size of the last dimension, {n}, got {length}.")
    starts = np.arange(1 + (n - length) // stride) * stride
    return xp.take(x, xp.asarray((starts[:, None] + np.arange(length)).astype(np.int32)), axis=-1)


def _window(xp, who, window, sequence_length, fft_length, dtype):
    """The window, filled with zeros on both sides to fft_length."""
    if fft_length < sequence_length:
        raise ValueError(f"{who}: fft_length must be at least sequence_length {sequence_length}, got {fft_length}.")
    if isinstance(window, str):
        checks.choice(who, window, ("hann", "hamming"), "window")
        t = np.arange(sequence_length) / sequence_length  # periodic: the point after the last is the first of the next
        a = 0.5 if window == "hann" else 0.54
        window = xp.asarray(a - (1 - a) * np.cos(2 * np.pi * t), dtype)
    elif window is None:
        return xp.ones((fft_length,), dtype=dtype)
    else:
        window = xp.astype(xp.asarray(window), dtype)
        if window.shape != (sequence_length,):
            raise ValueError(f"{who}: window must have shape ({sequence_length},), got {tuple(window.shape)}.")
    left = (fft_length - sequence_length) // 2
    return xp.pad(window, ((left, fft_length - sequence_length - left),))


@op(promote="float")
def stft(xp, x, sequence_length, sequence_stride, fft_length, window="hann", center=True):
    """The Fourier transforms of overlapping windows of a signal along the last axis.

    ``window``: "hann", "hamming", an array (sequence_length,) or None. With ``center`` the signal is continued by reflection, so
    that window t is centred at t · sequence_stride.

    **Shape:** (..., n) → a pair of (..., windows, fft_length // 2 + 1).

    >>> from keraunos import ops
    >>> real, imag = ops.stft([0.0, 1.0, 2.0, 3.0, 4.0], 3, 2, 3)
    >>> real.shape
    (3, 2)
    """
    checks.min_rank("stft", x, 1)
    x = _wide(xp, x)
    taper = _window(xp, "stft", window, sequence_length, fft_length, x.dtype)
    if center:
        x = xp.pad(x, ((0, 0),) * (x.ndim - 1) + ((fft_length // 2,) * 2,), mode="reflect")
    return _pair(xp, xp.fft.rfft(_frames(xp, "stft", x, fft_length, sequence_stride) * taper))


@op("x[]", promote="float")
def istft(xp, x, sequence_length, sequence_stride, fft_length, length=None, window="hann", center=True):
    """The signal of which ``stft`` with the same arguments is x: windows are added up and divided by their squared tapers.

    **Shape:** a pair of (..., windows, fft_length // 2 + 1) → (..., n), cut to ``length``.

    >>> from keraunos import ops
    >>> signal = [0.0, 1.0, 2.0, 3.0, 4.0]
    >>> ops.round(ops.istft(ops.stft(signal, 3, 1, 3), 3, 1, 3), 4).tolist()
    [0.0, 1.0, 2.0, 3.0, 4.0]
    """
    z = _complex(xp, "istft", x)
    checks.min_rank("istft", z, 2, "each part of x")
    frames = xp.fft.irfft(z, n=fft_length)  # (..., windows, fft_length)
    taper = _window(xp, "istft", window, sequence_length, fft_length, frames.dtype)
    total = _overlap_add(xp, frames * taper, sequence_stride)
    weight = _overlap_add(xp, xp.broadcast_to(xp.square(taper), frames.shape[-2:]), sequence_stride)
    signal = xp.where(weight > 1e-10, total / xp.where(weight > 1e-10, weight, 1), total)
    start = fft_length // 2 if center else 0
    n = signal.shape[-1]
    end = start + length if length is not None else n - start
    signal = signal[..., start:end]
    missing = 0 if length is None else length - signal.shape[-1]
    return xp.pad(signal, ((0, 0),) * (signal.ndim - 1) + ((0, missing),)) if missing > 0 else signal


def _overlap_add(xp, frames, stride):
    """The sum of frames (..., k, length), each ``stride`` after the one before: (..., length + stride (k - 1))."""
    k, length = frames.shape[-2:]
    pieces = -(-length // stride)  # of a frame, each `stride` long
    lead = ((0, 0),) * (frames.ndim - 2)
    frames = xp.pad(frames, (*lead, (0, 0), (0, pieces * stride - length)))
    frames = xp.reshape(frames, (*frames.shape[:-1], pieces, stride))
    total = None
    for j in range(pieces):  # piece j of frame i goes to block i + j
        moved = xp.pad(frames[..., j, :], (*lead, (j, pieces - 1 - j), (0, 0)))
        total = moved if total is None else total + moved
    return xp.reshape(total, (*total.shape[:-2], total.shape[-2] * stride))[..., : length + stride * (k - 1)]
