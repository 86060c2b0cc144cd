"""Functions of images: ``(batch, height, width, channels)``, a single image, or with the channels first."""

from keraunos.ops.image.color import hsv_to_rgb, rgb_to_grayscale, rgb_to_hsv
from keraunos.ops.image.elastic import elastic_transform
from keraunos.ops.image.filters import gaussian_blur, sobel_edges, ssim
from keraunos.ops.image.frame import crop_images, extract_patches, extract_patches_3d, pad_images
from keraunos.ops.image.geometry import affine_transform, map_coordinates, perspective_transform
from keraunos.ops.image.resize import resize, scale_and_translate

__all__ = [
    "affine_transform",
    "crop_images",
    "elastic_transform",
    "extract_patches",
    "extract_patches_3d",
    "gaussian_blur",
    "hsv_to_rgb",
    "map_coordinates",
    "pad_images",
    "perspective_transform",
    "resize",
    "rgb_to_grayscale",
    "rgb_to_hsv",
    "scale_and_translate",
    "sobel_edges",
    "ssim",
]
