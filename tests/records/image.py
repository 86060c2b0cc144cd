"""Rows of keraunos/ops/image."""

import colorsys

import numpy as np

from tests.records import A, R, V

IMAGES = A("n", 6, 5, 3)
COLORS = A("n", 2, 3, 3, low=0, high=1)
BYTES = A(2, 6, 5, 3, dtype="uint8", low=0, high=255)
WARP = V([1.0, 0.1, 0.5, -0.2, 0.9, 0.3, 0.0, 0.0])
WARPS = V([[1.0, 0.1, 0.5, -0.2, 0.9, 0.3, 0.0, 0.0], [0.8, 0.0, 1.1, 0.3, 1.2, -0.4, 0.0, 0.0]])
PROJECTIVE = V([1.0, 0.1, 0.5, -0.2, 0.9, 0.3, 0.02, 0.01])
POINTS = V([[0.0, 0.0], [0.0, 3.0], [3.0, 0.0], [3.0, 3.0]])
MOVED = V([[0.1, 0.3], [0.2, 3.2], [2.7, 0.1], [3.3, 2.8]])


def colors(fn):
    return lambda x: np.apply_along_axis(lambda c: fn(*c), -1, x)


def blurred(x):
    bell = np.exp(-(np.arange(-1, 2) ** 2) / 2)
    bell /= bell.sum()
    for axis in (1, 2):
        x = np.apply_along_axis(np.convolve, axis, x, bell, "same")
    return x


RECORDS = [
    R("image.rgb_to_grayscale", COLORS).check(
        want=lambda x: (x @ [0.2989, 0.587, 0.114])[..., None], dtypes="float", grad=True
    ),
    R("image.rgb_to_grayscale", A("n", 3, 2, 4), data_format="channels_first"),
    R("image.rgb_to_hsv", COLORS).check(want=colors(colorsys.rgb_to_hsv), dtypes="float"),
    R("image.rgb_to_hsv", V([[[0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0.9, 0.1, 0.1]]])).check(
        want=colors(colorsys.rgb_to_hsv)
    ),
    R("image.hsv_to_rgb", COLORS).check(want=colors(colorsys.hsv_to_rgb), dtypes="float"),
    *(
        R("image.resize", IMAGES, (3, 7), how).check(tol=1e-4)
        for how in ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")
    ),
    R("image.resize", IMAGES, (3, 2), antialias=True).check(grad=True),
    R("image.resize", BYTES, (4, 9)).check(tol=1),  # halves may round either way
    R("image.resize", IMAGES, (9, 4), crop_to_aspect_ratio=True),
    R("image.resize", IMAGES, (9, 4), pad_to_aspect_ratio=True, fill_value=2.0),
    R("image.resize", A("n", 3, 6, 5), (4, 4), data_format="channels_first"),
    R("image.scale_and_translate", A(2, 6, 5), (2, 9, 4), V([1.5, 0.7]), V([0.3, -0.5]), (1, 2), "cubic").check(
        tol=1e-4, grad=True
    ),
    R("image.pad_images", IMAGES, 1, 2, target_height=9, right_padding=3),
    R("image.crop_images", IMAGES, 1, 2, target_height=3, right_cropping=1).check(
        want=lambda x, *_, **__: x[:, 1:4, 2:4]
    ),
    R("image.extract_patches", IMAGES, 2),
    R("image.extract_patches", IMAGES, (3, 2), strides=1, dilation_rate=1, padding="same"),
    R("image.extract_patches", A(3, 6, 5), 2, data_format="channels_first"),
    R("image.extract_patches_3d", A("n", 4, 5, 6, 2), 2),
    R("image.gaussian_blur", IMAGES).check(want=blurred, keras=False, grad=True),  # Keras on JAX blurs across channels
    R("image.sobel_edges", IMAGES),
    R("image.ssim", A(2, 12, 13, 3, low=0, high=1), A(2, 12, 13, 3, low=0, high=1)).check(tol=1e-4, grad=True),
    *(
        R("image.affine_transform", A(5, 6, 2), WARP, how, mode, 7.0).check(tol=1e-4)
        for mode in ("constant", "nearest", "wrap", "mirror", "reflect")
        for how in ("nearest", "bilinear")
    ),
    R("image.affine_transform", A(2, 6, 5, 3), WARPS).check(tol=1e-4),
    R("image.affine_transform", A(4, 6, 5, 3), PROJECTIVE).check(
        keras=False
    ),  # Keras on JAX leaves the last two numbers out
    *(
        R("image.map_coordinates", A(5, 6), A(2, 7, low=-3, high=9), order, mode)
        for mode in ("constant", "nearest", "wrap", "mirror", "reflect")
        for order in (0, 1)
    ),
    R("image.perspective_transform", A(6, 5, 2), POINTS, MOVED).check(tol=1e-3),
    *(
        R("image.elastic_transform", IMAGES, alpha=3.0, sigma=0.7, interpolation=how, fill_mode=mode, seed=3)
        for mode in ("constant", "wrap", "reflect")
        for how in ("nearest", "bilinear")
    ),
    R("image.elastic_transform", A(3, 6, 5), seed=3, data_format="channels_first").check(tol=1e-4),
]
