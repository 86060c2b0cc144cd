"""Cases of pooling.py, global_pooling.py and adaptive_pooling.py."""

from tests.layers.cases import Case as C

FIRST = "channels_first"
WINDOWS = [
    C(f"{kind}Pooling{rank}D", {"pool_size": 2, **kwargs}, shape)
    for kind in ("Max", "Average")
    for rank, kwargs, shape in (
        (1, {"strides": 1, "padding": "same"}, (2, 7, 3)),
        (1, {"data_format": FIRST}, (2, 3, 7)),
        (2, {"pool_size": (3, 2), "strides": (2, 1), "padding": "same"}, (2, 6, 7, 3)),
        (2, {"data_format": FIRST}, (2, 3, 5, 7)),
        (3, {"pool_size": (2, 1, 3)}, (2, 4, 5, 6, 3)),
    )
]
GLOBAL = [
    C(f"Global{kind}Pooling{rank}D", kwargs, (2, 4, 5, 6, 3)[: rank + 2])
    for kind in ("Max", "Average")
    for rank, kwargs in ((1, {"data_format": FIRST, "keepdims": True}), (2, {}), (3, {"data_format": FIRST}))
]
ADAPTIVE = [
    C(f"Adaptive{kind}Pooling{rank}D", {"output_size": size, **kwargs}, shape)
    for kind in ("Max", "Average")
    for rank, size, kwargs, shape in (
        (1, 9, {"data_format": FIRST}, (2, 3, 7)),
        (2, (2, 3), {}, (2, 6, 7, 3)),
        (3, 2, {}, (2, 3, 4, 3, 2)),
    )
]
CASES = [
    *WINDOWS,
    *GLOBAL,
    *ADAPTIVE,
    C("MaxPooling2D", {}, (2, 4, 4, 1)),
    C("GlobalAveragePooling1D", {}, (3, 4, 2), mask=(3, 4)),
    C("GlobalAveragePooling1D", {"data_format": FIRST, "keepdims": True}, (3, 2, 4), mask=(3, 4)),
]
