"""Convolutions in one, two and three dimensions: checks and padding rules here, the sums in the engine's ``xp.conv``.

``xp.conv(x, w, strides, padding, input_dilation, kernel_dilation, groups)`` has x ``(batch, *positions, channels)``, w
``(*kernel, channels / groups, filters)`` and padding as a list of pairs.
"""

import functools

from keraunos.ops.op import op
from keraunos.util.errors import near
from keraunos.util.settings import standardize_data_format

_PADDINGS = ("valid", "same", "causal")


def per_dimension(value, rank, name, argument):
    """An int for all dimensions, or one for each, as a tuple of positive ints."""
    values = (value,) * rank if isinstance(value, int) else tuple(value)
    if len(values) == 1:
        values *= rank
    if len(values) != rank or any(int(v) != v or v < 1 for v in values):
        raise ValueError(f"{name}: {argument} must be a positive int or {rank} of them, got {value!r}.")
    return tuple(int(v) for v in values)


def check_padding(padding, name, allowed=("valid", "same")):
    """The padding's name in lower case, or an error that lists what is allowed."""
    found = padding.lower() if isinstance(padding, str) else padding
    if found not in allowed:
        raise ValueError(f"{name}: padding must be one of {allowed}, got {padding!r}.{near(padding, allowed)}")
    return found


def pads(padding, sizes, windows, strides):
    """(before, after) for each dimension; ``windows`` are the dilated sizes of the kernel."""
    if padding == "valid":
        return [(0, 0)] * len(sizes)
    if padding == "causal":
        return [(k - 1, 0) for k in windows]
    total = [max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in zip(sizes, windows, strides, strict=True)]
    return [(t // 2, t - t // 2) for t in total]


def channels_last(xp, x, data_format):
    """x with the channels moved from place 1 to the end, if they are not there."""
    return x if data_format == "channels_last" else xp.moveaxis(x, 1, -1)


def channels_back(xp, x, data_format):
    """The inverse of ``channels_last``."""
    return x if data_format == "channels_last" else xp.moveaxis(x, -1, 1)


def _ranks(name, inputs, kernel):
    """Number of spatial dimensions."""
    if not 3 <= inputs.ndim <= 5:
        raise ValueError(
            f"{name}: inputs must have rank 3, 4 or 5 (batch, 1 to 3 spatial dimensions, channels), got shape "
            f"{tuple(inputs.shape)}."
        )
    if kernel.ndim != inputs.ndim:
        raise ValueError(
            f"{name}: kernel must have the rank of inputs, {inputs.ndim}, got kernel {tuple(kernel.shape)} for inputs "
            f"{tuple(inputs.shape)}."
        )
    return inputs.ndim - 2


def _nonempty(name, sizes, windows, padding):
    if padding == "valid" and any(n < k for n, k in zip(sizes, windows, strict=True)):
        raise ValueError(
            f"{name}: the kernel, {windows} positions with its dilation, does not fit into the inputs' {tuple(sizes)}. Use "
            "padding='same', a smaller kernel or larger inputs."
        )


def _convolve(xp, name, x, w, strides, padding, dilation, groups):
    """The convolution of channels-last x, its padding resolved."""
    rank = x.ndim - 2
    plan = _plan(name, tuple(x.shape[1:-1]), tuple(w.shape[:rank]), hashable(strides), padding, hashable(dilation))
    strides, resolved, dilation = plan
    return xp.conv(x, w, strides, resolved, (1,) * rank, dilation, groups)


def hashable(value):
    """A list as a tuple."""
    return tuple(value) if isinstance(value, list) else value


@functools.lru_cache(maxsize=4096)
def _plan(name, sizes, kernel, strides, padding, dilation):
    """Strides, padding and dilation for each dimension."""
    rank = len(sizes)
    strides = per_dimension(strides, rank, name, "strides")
    dilation = per_dimension(dilation, rank, name, "dilation_rate")
    if max(strides) > 1 and max(dilation) > 1:
        raise ValueError(f"{name}: strides {strides} and dilation_rate {dilation} can't both be greater than 1.")
    padding = check_padding(padding, name, _PADDINGS if rank == 1 else _PADDINGS[:2])
    windows = tuple((k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True))
    _nonempty(name, sizes, windows, padding)
    return strides, tuple(pads(padding, sizes, windows, strides)), dilation


@op("inputs kernel")
def conv(xp, inputs, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    """Convolution (cross-correlation) over 1, 2 or 3 spatial dimensions.

    **Shape:** inputs ``(batch, *positions, channels)`` or, with "channels_first", ``(batch, channels, *positions)``; kernel
    ``(*kernel, channels / groups, filters)``, where groups follows from the channels; result like inputs, with filters in
    place of channels. padding is "valid", "same", or in one dimension "causal" (output t sees inputs up to t).
    Raises ValueError when ranks, channels or padding don't fit.

    >>> from keraunos import ops
    >>> ops.conv(ops.convert_to_tensor([[[1.0], [2.0], [3.0]]]), [[[1.0]], [[1.0]]]).tolist()
    [[[3.0], [5.0]]]
    """
    return _conv(xp, inputs, kernel, None, strides, padding, data_format, dilation_rate)


@op("inputs kernel bias")
def biased_conv(xp, inputs, kernel, bias, strides=1, padding="valid", data_format=None, dilation_rate=1):
    """``conv`` with a number added for each filter, which PyTorch's kernel does by itself.

    **Shape:** as for ``conv``; bias ``(filters,)``. Raises ValueError when ranks, channels, padding or the bias don't fit.

    >>> from keraunos.ops.conv import biased_conv
    >>> biased_conv([[[1.0], [2.0], [3.0]]], [[[1.0]], [[1.0]]], [0.5]).tolist()
    [[[3.5], [5.5]]]
    """
    return _conv(xp, inputs, kernel, bias, strides, padding, data_format, dilation_rate)


def _conv(xp, inputs, kernel, bias, strides, padding, data_format, dilation_rate):
    data_format = standardize_data_format(data_format, "conv")
    _ranks("conv", inputs, kernel)
    x = channels_last(xp, inputs, data_format)
    channels, (part, filters) = x.shape[-1], kernel.shape[-2:]
    if part < 1 or channels % part:
        raise ValueError(
            f"conv: the inputs' {channels} channels must be a multiple of the kernel's {part} input channels; inputs "
            f"{tuple(inputs.shape)} ({data_format}), kernel {tuple(kernel.shape)}."
        )
    groups = channels // part
    if filters % groups:
        raise ValueError(
            f"conv: the {groups} groups ({channels} channels, {part} in a group) must divide the {filters} filters."
        )
    if bias is not None and tuple(bias.shape) != (filters,):
        raise ValueError(f"biased_conv: bias must have shape ({filters},), got {tuple(bias.shape)}.")
    out = _convolve(xp, "conv", x, kernel, strides, padding, dilation_rate, groups)
    return channels_back(xp, out if bias is None else out + bias, data_format)


def _depthwise(xp, name, x, kernel, strides, padding, dilation):
    channels = x.shape[-1]
    if kernel.shape[-2] != channels:
        raise ValueError(
            f"{name}: the depthwise kernel must have the inputs' {channels} channels in its last but one dimension, got kernel "
            f"{tuple(kernel.shape)}."
        )
    w = xp.reshape(kernel, (*kernel.shape[:-2], 1, -1))
    return _convolve(xp, name, x, w, strides, padding, dilation, channels)


@op("inputs kernel")
def depthwise_conv(xp, inputs, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    """Convolution of each channel by itself, with ``multiplier`` kernels for each.

    **Shape:** inputs as in ``conv``; kernel ``(*kernel, channels, multiplier)``; the result has channels * multiplier
    channels, those of one input channel side by side. Raises ValueError when ranks, channels or padding don't fit.

    >>> from keraunos import ops
    >>> ops.depthwise_conv(ops.convert_to_tensor([[[1.0, 2.0]]]), [[[3.0], [5.0]]]).tolist()
    [[[3.0, 10.0]]]
    """
    data_format = standardize_data_format(data_format, "depthwise_conv")
    _ranks("depthwise_conv", inputs, kernel)
    x = channels_last(xp, inputs, data_format)
    out = _depthwise(xp, "depthwise_conv", x, kernel, strides, padding, dilation_rate)
    return channels_back(xp, out, data_format)


@op("inputs depthwise_kernel pointwise_kernel")
def separable_conv(
    xp, inputs, depthwise_kernel, pointwise_kernel, strides=1, padding="valid", data_format=None, dilation_rate=1
):
    """A depthwise convolution, then a convolution by kernels of size 1 that mixes the channels.

    **Shape:** inputs as in ``conv``; depthwise_kernel ``(*kernel, channels, multiplier)``; pointwise_kernel
    ``(1, ..., channels * multiplier, filters)``. Raises ValueError when ranks, channels or padding don't fit.

    >>> from keraunos import ops
    >>> ops.separable_conv(ops.convert_to_tensor([[[1.0, 2.0]]]), [[[3.0], [5.0]]], [[[1.0], [1.0]]]).tolist()
    [[[13.0]]]
    """
    data_format = standardize_data_format(data_format, "separable_conv")
    rank = _ranks("separable_conv", inputs, depthwise_kernel)
    x = channels_last(xp, inputs, data_format)
    x = _depthwise(xp, "separable_conv", x, depthwise_kernel, strides, padding, dilation_rate)
    if tuple(pointwise_kernel.shape[:-1]) != (1,) * rank + (x.shape[-1],):
        raise ValueError(
            f"separable_conv: pointwise_kernel must have shape {(1,) * rank + (x.shape[-1],)} and the filters, got "
            f"{tuple(pointwise_kernel.shape)}."
        )
    out = _convolve(xp, "separable_conv", x, pointwise_kernel, 1, "valid", 1, 1)
    return channels_back(xp, out, data_format)


def transpose_pads(window, stride, padding, output_padding):
    """Padding of the dilated input such that the convolution by the turned kernel is the transposed one."""
    if padding == "valid":
        extra = max(stride - window, 0) if output_padding is None else output_padding
        return window - 1, window - 1 + extra
    total = stride + window - 2 if output_padding is None else window + window % 2 - 2 + output_padding
    before = min(total - total // 2, window - 1)
    return before, total - before


@op("inputs kernel")
def conv_transpose(
    xp, inputs, kernel, strides=1, padding="valid", output_padding=None, data_format=None, dilation_rate=1
):
    """The transposed convolution: the linear map whose matrix is that of ``conv`` transposed; it enlarges by ``strides``.

    **Shape:** inputs as in ``conv``; kernel ``(*kernel, filters, channels)``; positions become n * stride with "same", and
    (n - 1) * stride + max(kernel, stride) with "valid"; with ``output_padding`` p they become (n - 1) * stride + kernel + p,
    less 2 * (kernel // 2) with "same". Raises ValueError when ranks, channels or padding don't fit.

    >>> from keraunos import ops
    >>> ops.conv_transpose(ops.convert_to_tensor([[[1.0], [2.0]]]), [[[1.0]], [[10.0]]], strides=2).tolist()
    [[[1.0], [10.0], [2.0], [20.0]]]
    """
    data_format = standardize_data_format(data_format, "conv_transpose")
    rank = _ranks("conv_transpose", inputs, kernel)
    padding = check_padding(padding, "conv_transpose")
    strides = per_dimension(strides, rank, "conv_transpose", "strides")
    dilation = per_dimension(dilation_rate, rank, "conv_transpose", "dilation_rate")
    extra = (None,) * rank if output_padding is None else output_padding
    extra = (extra,) * rank if isinstance(extra, int) else tuple(extra)
    if len(extra) != rank or any(e is not None and not 0 <= e < s for e, s in zip(extra, strides, strict=True)):
        raise ValueError(
            f"conv_transpose: output_padding must be None, or {rank} ints from 0 to less than strides {strides}, got "
            f"{output_padding!r}."
        )
    x = channels_last(xp, inputs, data_format)
    if kernel.shape[-1] != x.shape[-1]:
        raise ValueError(
            f"conv_transpose: the kernel's last dimension must be the inputs' {x.shape[-1]} channels, got kernel "
            f"{tuple(kernel.shape)}: it is (*kernel, filters, channels)."
        )
    windows = [(k - 1) * d + 1 for k, d in zip(kernel.shape[:rank], dilation, strict=True)]
    resolved = [transpose_pads(k, s, padding, e) for k, s, e in zip(windows, strides, extra, strict=True)]
    w = xp.swapaxes(xp.flip(kernel, axis=tuple(range(rank))), -1, -2)
    out = xp.conv(x, w, (1,) * rank, resolved, strides, dilation, 1)
    return channels_back(xp, out, data_format)
