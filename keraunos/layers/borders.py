"""Layers that add a border or take one off."""

from keraunos import ops
from keraunos.layers.input_spec import InputSpec, who
from keraunos.layers.same_dtype import SameDtype
from keraunos.layers.spatial import pairs, spatial_shape
from keraunos.util import registry
from keraunos.util.settings import standardize_data_format


class Border(SameDtype):
    """Base of the layers here; ``rank`` is the number of spatial dimensions."""

    rank = None

    def __init__(self, data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.data_format = standardize_data_format(data_format, who(self))
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _everywhere(self, spatial, other):
        """What holds for each dimension, batch and channels included."""
        return (other, other, *spatial) if self.data_format == "channels_first" else (other, *spatial, other)


class ZeroPadding(Border):
    """Base of the layers that add zeros around the spatial dimensions."""

    def __init__(self, padding, data_format=None, **kwargs):
        super().__init__(data_format, **kwargs)
        found = pairs(self, "padding", padding, self.rank)
        self.padding = found[0] if self.rank == 1 else found

    def _pairs(self):
        return (self.padding,) if self.rank == 1 else self.padding

    def call(self, inputs):
        return ops.pad(inputs, self._everywhere(self._pairs(), (0, 0)))

    def compute_output_shape(self, input_shape):
        pads = self._pairs()
        return spatial_shape(input_shape, self.data_format, lambda i, n: None if n is None else n + sum(pads[i]))


class Cropping(Border):
    """Base of the layers that take positions off the ends of the spatial dimensions."""

    def __init__(self, cropping, data_format=None, **kwargs):
        super().__init__(data_format, **kwargs)
        found = pairs(self, "cropping", cropping, self.rank)
        self.cropping = found[0] if self.rank == 1 else found

    def _pairs(self):
        return (self.cropping,) if self.rank == 1 else self.cropping

    def call(self, inputs):
        self.compute_output_shape(inputs.shape)
        cuts = [slice(before, -after or None) for before, after in self._pairs()]
        return inputs[self._everywhere(cuts, slice(None))]

    def compute_output_shape(self, input_shape):
        def rest(i, n):
            if n is not None and sum(self._pairs()[i]) >= n:
                raise ValueError(
                    f"{who(self)}: cropping {self.cropping} leaves nothing of an input of shape {tuple(input_shape)} "
                    f"({self.data_format})."
                )
            return None if n is None else n - sum(self._pairs()[i])

        return spatial_shape(input_shape, self.data_format, rest)


@registry.builtin("keras.layers")
class ZeroPadding1D(ZeroPadding):
    """Zeros before and after a sequence.

    Args:
        padding: an int, or (before, after).
        data_format: "channels_last" or "channels_first".

    **Shape:** ``(batch, steps, features)`` to ``(batch, before + steps + after, features)``.

    >>> import keraunos as keras
    >>> keras.layers.ZeroPadding1D((1, 0))(keras.ops.ones((1, 2, 1))).tolist()
    [[[0.0], [1.0], [1.0]]]
    """

    rank = 1

    def __init__(self, padding=1, data_format=None, **kwargs):
        super().__init__(padding, data_format, **kwargs)


@registry.builtin("keras.layers")
class ZeroPadding2D(ZeroPadding):
    """Zeros around images.

    Args:
        padding: an int, (height, width), or ((top, bottom), (left, right)).
        data_format: "channels_last" or "channels_first".

    **Shape:** ``(batch, height, width, channels)``, or ``(batch, channels, height, width)``; height and width grow.

    >>> import keraunos as keras
    >>> keras.layers.ZeroPadding2D(((1, 2), 3))(keras.ops.ones((1, 4, 5, 1))).shape
    (1, 7, 11, 1)
    """

    rank = 2

    def __init__(self, padding=(1, 1), data_format=None, **kwargs):
        super().__init__(padding, data_format, **kwargs)


@registry.builtin("keras.layers")
class ZeroPadding3D(ZeroPadding):
    """Zeros around volumes.

    Args:
        padding: an int, three ints, or three pairs (before, after).
        data_format: "channels_last" or "channels_first".

    **Shape:** ``(batch, d1, d2, d3, channels)``, or ``(batch, channels, d1, d2, d3)``; d1, d2, d3 grow.

    >>> import keraunos as keras
    >>> keras.layers.ZeroPadding3D(1)(keras.ops.ones((1, 2, 3, 4, 1))).shape
    (1, 4, 5, 6, 1)
    """

    rank = 3

    def __init__(self, padding=((1, 1), (1, 1), (1, 1)), data_format=None, **kwargs):
        super().__init__(padding, data_format, **kwargs)


@registry.builtin("keras.layers")
class Cropping1D(Cropping):
    """A sequence without its ends.

    Args:
        cropping: an int, or (before, after).

    **Shape:** ``(batch, steps, features)`` to ``(batch, steps - before - after, features)``.

    >>> import keraunos as keras
    >>> keras.layers.Cropping1D((0, 1))(keras.ops.ones((1, 3, 1))).shape
    (1, 2, 1)
    """

    rank = 1

    def __init__(self, cropping=(1, 1), **kwargs):
        super().__init__(cropping, "channels_last", **kwargs)


@registry.builtin("keras.layers")
class Cropping2D(Cropping):
    """Images without their borders.

    Args:
        cropping: an int, (height, width), or ((top, bottom), (left, right)).
        data_format: "channels_last" or "channels_first".

    **Shape:** ``(batch, height, width, channels)``, or ``(batch, channels, height, width)``; height and width shrink.

    >>> import keraunos as keras
    >>> keras.layers.Cropping2D(((1, 2), 1))(keras.ops.ones((1, 5, 5, 1))).shape
    (1, 2, 3, 1)
    """

    rank = 2

    def __init__(self, cropping=((0, 0), (0, 0)), data_format=None, **kwargs):
        super().__init__(cropping, data_format, **kwargs)


@registry.builtin("keras.layers")
class Cropping3D(Cropping):
    """Volumes without their borders.

    Args:
        cropping: an int, three ints, or three pairs (before, after).
        data_format: "channels_last" or "channels_first".

    **Shape:** ``(batch, d1, d2, d3, channels)``, or ``(batch, channels, d1, d2, d3)``; d1, d2, d3 shrink.

    >>> import keraunos as keras
    >>> keras.layers.Cropping3D(1)(keras.ops.ones((1, 4, 5, 6, 1))).shape
    (1, 2, 3, 4, 1)
    """

    rank = 3

    def __init__(self, cropping=((1, 1), (1, 1), (1, 1)), data_format=None, **kwargs):
        super().__init__(cropping, data_format, **kwargs)
