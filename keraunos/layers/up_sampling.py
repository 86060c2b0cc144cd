"""Layers that enlarge by whole factors."""

import numpy as np

from keraunos import ops
from keraunos.layers.input_spec import InputSpec, who
from keraunos.layers.same_dtype import SameDtype
from keraunos.layers.spatial import ints, one_of, spatial_shape
from keraunos.util import registry
from keraunos.util.settings import standardize_data_format


class UpSampling(SameDtype):
    """Base of the layers here; ``rank`` is the number of spatial dimensions."""

    rank = None

    def __init__(self, size, data_format=None, **kwargs):
        super().__init__(**kwargs)
        found = ints(self, "size", size, self.rank)
        self.size = found[0] if self.rank == 1 else found
        self.data_format = standardize_data_format(data_format, who(self))
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _sizes(self):
        return (self.size,) if self.rank == 1 else self.size

    def _along_axes(self, x, enlarge):
        first = 2 if self.data_format == "channels_first" else 1
        for axis, size in enumerate(self._sizes(), start=first):
            x = x if size == 1 else enlarge(x, size, axis)
        return x

    def call(self, inputs):
        return self._along_axes(inputs, lambda x, size, axis: ops.repeat(x, size, axis=axis))

    def compute_output_shape(self, input_shape):
        sizes = self._sizes()
        return spatial_shape(input_shape, self.data_format, lambda i, n: None if n is None else n * sizes[i])


@registry.builtin("keras.layers")
class UpSampling1D(UpSampling):
    """Each step of a sequence several times.

    Args:
        size: how often.

    **Shape:** ``(batch, steps, features)`` to ``(batch, steps * size, features)``.

    >>> import keraunos as keras
    >>> keras.layers.UpSampling1D(2)(keras.ops.array([[[1.0], [2.0]]])).tolist()
    [[[1.0], [1.0], [2.0], [2.0]]]
    """

    rank = 1

    def __init__(self, size=2, **kwargs):
        super().__init__(size, "channels_last", **kwargs)


@registry.builtin("keras.layers")
class UpSampling2D(UpSampling):
    """Images enlarged by whole factors.

    Args:
        size: an int, or (height, width).
        data_format: "channels_last" or "channels_first"; None: ``keras.config.image_data_format()``.
        interpolation: "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5".

    **Shape:** ``(batch, height, width, channels)`` or ``(batch, channels, height, width)``; height and width grow by ``size``.

    >>> import keraunos as keras
    >>> keras.layers.UpSampling2D((1, 2), interpolation="bilinear")(keras.ops.array([[[[0.0], [4.0]]]])).tolist()
    [[[[0.0], [1.0], [3.0], [4.0]]]]
    """

    rank = 2

    def __init__(self, size=(2, 2), data_format=None, interpolation="nearest", **kwargs):
        super().__init__(size, data_format, **kwargs)
        self.interpolation = one_of(self, "interpolation", interpolation, ("nearest", *_KERNELS))

    def call(self, inputs):
        if self.interpolation == "nearest":
            return super().call(inputs)

        def enlarge(x, size, axis):
            weights = ops.cast(_weights(x.shape[axis], size, _KERNELS[self.interpolation]), x.dtype)
            return ops.moveaxis(ops.tensordot(x, weights, axes=[[axis], [1]]), -1, axis)

        return self._along_axes(inputs, enlarge)


@registry.builtin("keras.layers")
class UpSampling3D(UpSampling):
    """Each position of a volume several times.

    Args:
        size: an int, or three.
        data_format: "channels_last" or "channels_first"; None: ``keras.config.image_data_format()``.

    **Shape:** ``(batch, d1, d2, d3, channels)`` or ``(batch, channels, d1, d2, d3)``; d1, d2, d3 grow by ``size``.

    >>> import keraunos as keras
    >>> keras.layers.UpSampling3D((1, 2, 3))(keras.ops.ones((1, 2, 2, 2, 1))).shape
    (1, 2, 4, 6, 1)
    """

    rank = 3

    def __init__(self, size=(2, 2, 2), data_format=None, **kwargs):
        super().__init__(size, data_format, **kwargs)


# -- interpolation: the weight of a position by its distance ---------------------------------------------------------


def _triangle(d):
    return np.maximum(1 - d, 0)


def _cubic(d):
    """Keys' cubic convolution with a = -1/2."""
    near, far = ((1.5 * d - 2.5) * d) * d + 1, ((-0.5 * d + 2.5) * d - 4) * d + 2
    return np.where(d < 1, near, np.where(d < 2, far, 0))


def _lanczos(radius):
    return lambda d: np.where(d < radius, np.sinc(d) * np.sinc(d / radius), 0)


_KERNELS = {"bilinear": _triangle, "bicubic": _cubic, "lanczos3": _lanczos(3), "lanczos5": _lanczos(5)}


def _weights(n, size, kernel):
    """What each of n positions adds to each of n * size new ones, ``(n * size, n)``; rows sum to 1."""
    place = (np.arange(n * size) + 0.5) / size - 0.5
    found = kernel(np.abs(place[:, None] - np.arange(n)))
    return (found / found.sum(axis=1, keepdims=True)).astype("float32")
