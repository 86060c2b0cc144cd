"""Cases of reshaping.py, borders.py and up_sampling.py."""

from tests.layers.cases import Case as C

FIRST = "channels_first"
CASES = [
    C("Flatten", {}, (4, 3, 2)),
    C("Flatten", {"data_format": FIRST}, (4, 3, 2, 5)),
    C("Flatten", {}, (4,), "int32"),
    C("Reshape", {"target_shape": (-1, 4)}, (3, 2, 6)),
    C("Reshape", {"target_shape": [12]}, (4, 2, 6), "int32"),
    C("Reshape", {"target_shape": (3, 2, 2)}, (4, 12)),
    C("Permute", {"dims": (2, 1)}, (4, 3, 2)),
    C("Permute", {"dims": (3, 1, 2)}, (4, 3, 2, 5), "int32"),
    C("RepeatVector", {"n": 3}),
    C("ZeroPadding1D", {"padding": 2}, (4, 3, 2)),
    C("ZeroPadding1D", {"padding": (1, 3), "data_format": FIRST}, (4, 3, 2), "int32"),
    C("ZeroPadding2D", {"padding": 2}, (2, 3, 4, 2)),
    C("ZeroPadding2D", {"padding": ((1, 0), (2, 3)), "data_format": FIRST}, (2, 3, 4, 2)),
    C("ZeroPadding2D", {"padding": (1, 2)}, (2, 3, 4, 2)),
    C("ZeroPadding3D", {}, (2, 3, 4, 2, 2)),
    C("ZeroPadding3D", {"padding": (1, 0, 2), "data_format": FIRST}, (2, 2, 3, 4, 2)),
    C("Cropping1D", {}, (4, 5, 2)),
    C("Cropping1D", {"cropping": (0, 3)}, (4, 5, 2), "int32"),
    C("Cropping2D", {}, (2, 5, 6, 2)),
    C("Cropping2D", {"cropping": ((1, 0), (2, 3)), "data_format": FIRST}, (2, 2, 5, 6)),
    C("Cropping3D", {}, (2, 5, 6, 4, 2)),
    C("Cropping3D", {"cropping": (1, 2, 0), "data_format": FIRST}, (2, 2, 5, 6, 4)),
    C("UpSampling1D", {"size": 3}, (2, 3, 2)),
    C("UpSampling2D", {}, (2, 3, 4, 2)),
    C("UpSampling2D", {"size": (2, 3), "data_format": FIRST}, (2, 2, 3, 4)),
    C("UpSampling2D", {"size": (2, 3), "interpolation": "bilinear"}, (2, 3, 4, 2)),
    C("UpSampling2D", {"size": 3, "interpolation": "bicubic"}, (2, 3, 4, 2)),
    C("UpSampling2D", {"size": (1, 2), "interpolation": "lanczos3", "data_format": FIRST}, (2, 2, 3, 7)),
    C("UpSampling2D", {"size": 2, "interpolation": "lanczos5"}, (2, 3, 7, 2)),
    C("UpSampling3D", {}, (2, 3, 2, 2, 2)),
    C("UpSampling3D", {"size": (1, 2, 3), "data_format": FIRST}, (2, 2, 3, 2, 2)),
]
