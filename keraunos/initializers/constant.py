"""Initializers without randomness."""

import math

import numpy as np

from keraunos.backend import dispatch
from keraunos.backend.dtypes import numpy_dtype
from keraunos.initializers.initializer import Initializer, from_host
from keraunos.util import registry
from keraunos.util.errors import describe
from keraunos.util.serialization import deserialize_keras_object, serialize_keras_object


@registry.builtin("keras.initializers")
class Constant(Initializer):
    """One value everywhere.

    Args:
        value: a number, or an array that broadcasts to the shape.

    >>> import keraunos as keras
    >>> keras.initializers.Constant(3)((2,)).tolist()
    [3.0, 3.0]
    """

    def __init__(self, value=0.0):
        self.value = value

    def __call__(self, shape, dtype=None):
        shape, dtype = self._checked(shape, dtype)
        value = self.value
        if not isinstance(value, (bool, int, float, complex)):
            value = dispatch.to_host(value)
        try:
            full = np.full(shape, value, numpy_dtype(dtype))
        except ValueError as e:
            raise ValueError(f"Constant: value must broadcast to shape {shape}, got {describe(value)}.") from e
        return from_host(full, dtype)

    def get_config(self):
        return {"value": serialize_keras_object(self.value)}

    @classmethod
    def from_config(cls, config):
        """An initializer from ``get_config()``'s dict."""
        return cls(deserialize_keras_object(config["value"]) if "value" in config else 0.0)


@registry.builtin("keras.initializers")
class Zeros(Initializer):
    """Zeros.

    >>> import keraunos as keras
    >>> keras.initializers.Zeros()((2,)).tolist()
    [0.0, 0.0]
    """

    def __call__(self, shape, dtype=None):
        shape, dtype = self._checked(shape, dtype)
        return from_host(np.zeros(shape, numpy_dtype(dtype)), dtype)


@registry.builtin("keras.initializers")
class Ones(Initializer):
    """Ones.

    >>> import keraunos as keras
    >>> keras.initializers.Ones()((2,)).tolist()
    [1.0, 1.0]
    """

    def __call__(self, shape, dtype=None):
        shape, dtype = self._checked(shape, dtype)
        return from_host(np.ones(shape, numpy_dtype(dtype)), dtype)


@registry.builtin("keras.initializers")
class Identity(Initializer):
    """The identity matrix, times a gain.

    Args:
        gain: factor.

    **Shape:** (rows, columns).

    Raises ``ValueError`` for another number of dimensions.

    >>> import keraunos as keras
    >>> keras.initializers.Identity(2.0)((2, 3)).tolist()
    [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]]
    """

    def __init__(self, gain=1.0):
        self.gain = gain

    def __call__(self, shape, dtype=None):
        shape, dtype = self._checked(shape, dtype)
        if len(shape) != 2:
            raise ValueError(f"Identity: shape must be that of a matrix (2 dimensions), got {shape}.")
        return from_host(np.eye(*shape) * self.gain, dtype)

    def get_config(self):
        return {} if self.gain == 1 else {"gain": self.gain}  # Keras's files have no word for it


@registry.builtin("keras.initializers")
class STFT(Initializer):
    """The kernel of a short-time Fourier transform by convolution: window(t) · cos(2πtf), or sin for the imaginary side.

    Args:
        side: "real" or "imag".
        window: a name that ``scipy.signal.get_window`` knows, an array of as many values as a frame, or None.
        scaling: "density" (divide by the root of the window's energy), "spectrum" (by its sum), or None.
        periodic: whether the window is periodic rather than symmetric.

    **Shape:** (frame_length, 1, fft_length // 2 + 1).

    Raises ``ValueError`` for other values of the arguments, and shapes of other than three dimensions.

    >>> import keraunos as keras
    >>> keras.initializers.STFT("real", window=None)((2, 1, 2)).tolist()
    [[[1.0, 1.0]], [[1.0, -1.0]]]
    """

    def __init__(self, side="real", window="hann", scaling="density", periodic=False):
        if side not in ("real", "imag"):
            raise ValueError(f"STFT: side must be 'real' or 'imag', got {side!r}.")
        if scaling not in ("density", "spectrum", None):
            raise ValueError(f"STFT: scaling must be 'density', 'spectrum' or None, got {scaling!r}.")
        if isinstance(window, str):
            _window(window, 4, periodic)  # an unknown name is an error now
        self.side = side
        self.window = window
        self.scaling = scaling
        self.periodic = periodic

    def __call__(self, shape, dtype=None):
        shape, dtype = self._checked(shape, dtype)
        if len(shape) != 3:
            raise ValueError(f"STFT: shape must be (frame_length, 1, fft_length // 2 + 1), got {shape}.")
        frame, _, bins = shape
        phase = 2 * math.pi * np.outer(np.arange(frame), np.arange(bins)) / (2 * (bins - 1) or 1)  # (frame, bins)
        kernel = np.cos(phase) if self.side == "real" else -np.sin(phase)
        if self.window is not None:
            kernel = kernel * self._weights(frame)[:, None]
        return from_host(np.broadcast_to(kernel[:, None, :], shape), dtype)

    def _weights(self, frame):
        window = (
            _window(self.window, frame, self.periodic)
            if isinstance(self.window, str)
            else np.asarray(self.window, float)
        )
        if window.shape != (frame,):
            raise ValueError(
                f"STFT: window must have shape ({frame},) for frames of {frame} values, got {describe(window)}."
            )
        if self.scaling == "density":
            return window / math.sqrt((window**2).sum())
        return window / window.sum() if self.scaling == "spectrum" else window


def _window(name, frame, periodic):
    import scipy.signal  # half a second, for this alone

    try:
        return scipy.signal.get_window(name, frame, fftbins=periodic)
    except ValueError as e:
        raise ValueError(f"STFT: window must be a name that scipy.signal.get_window knows, got {name!r}: {e}") from e
