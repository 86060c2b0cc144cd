"""Images bent at random."""

import random

import numpy as np

from keraunos.backend import dispatch
from keraunos.backend.dtypes import is_float_dtype, standardize_dtype
from keraunos.ops import checks
from keraunos.ops.image.color import check_images
from keraunos.ops.image.filters import blurred
from keraunos.ops.image.geometry import check_mode, check_order, planes, resample
from keraunos.ops.op import op


@op(promote=None, compiled=False)
def elastic_transform(
    xp,
    images,
    alpha=20.0,
    sigma=5.0,
    interpolation="bilinear",
    fill_mode="reflect",
    fill_value=0.0,
    seed=None,
    data_format=None,
):
    """Images whose points move by smooth random distances: alpha · (Gaussian of width sigma) * (sigma · noise), in pixels.

    **Shape:** ``(..., height, width, channels)``, or with the channels first, kept. fill_mode as in ``map_coordinates``. seed is an
    int (the same distances at each call), a ``SeedGenerator``, or None; compiled functions and symbolic images need a seed.
    Raises ValueError for a sigma that isn't positive. Source: Simard et al., 2003, https://doi.org/10.1109/ICDAR.2003.1227801.

    >>> from keraunos import ops
    >>> ops.image.elastic_transform(ops.ones((8, 8, 1)), seed=1).shape
    (8, 8, 1)
    """
    data_format = check_images("elastic_transform", images, data_format)
    check_mode("elastic_transform", fill_mode)
    order = check_order("elastic_transform", interpolation)
    if not sigma > 0:
        raise ValueError(f"elastic_transform: sigma must be positive, got {sigma}.")
    x = planes(xp, images, data_format)
    batch, h, w, _ = x.shape
    name = standardize_dtype(images.dtype)
    engine = dispatch.engine_of(images)
    noise = engine.random.normal(_key(engine, seed), (batch, h, w), name if is_float_dtype(name) else "float32")
    noise = xp.expand_dims(noise * sigma, axis=-1)
    size = int(6 * sigma) | 1
    moved = alpha * blurred(xp, noise, (size, size), (sigma, sigma))  # (batch, h, w, 1), of rows and of columns
    row = xp.reshape(xp.astype(xp.arange(h), moved.dtype), (1, h, 1, 1)) + moved
    column = xp.reshape(xp.astype(xp.arange(w), moved.dtype), (1, 1, w, 1)) + moved
    return resample(xp, images, x, row, column, order, fill_mode, fill_value, data_format)


def _key(engine, seed):
    """A raw key from an int, a generator, or None: then from Python's ``random``, which ``set_random_seed`` makes known."""
    if hasattr(seed, "next"):
        return seed.next()
    if seed is None:
        if engine.in_trace():
            raise ValueError(
                "elastic_transform: seed must be given (an int or a SeedGenerator) in a compiled function and for symbolic "
                "images; with None each call of the function would bend alike."
            )
        seed = random.randint(1, 10**9)
    return np.array([checks.integer("elastic_transform", seed, "seed", 0), 0], np.uint32)
