"""Cases of batch_normalization.py and normalization.py."""

from tests.layers.cases import Case as C

BOTH = (None, False, True)
CASES = [
    C("BatchNormalization", {}, (6, 3), training=BOTH),
    C("BatchNormalization", {"momentum": 0.7, "epsilon": 0.01, "gamma_regularizer": "l2"}, (3, 4, 5, 2), training=BOTH),
    C("BatchNormalization", {"axis": 1}, (3, 4, 5), training=BOTH),
    C("BatchNormalization", {"center": False}, (6, 3), training=BOTH),
    C("BatchNormalization", {"scale": False, "beta_initializer": "normal"}, (6, 3), training=BOTH),
    C("BatchNormalization", {"trainable": False}, (6, 3), training=BOTH),
    C("BatchNormalization", {}, (4, 5, 3), training=BOTH, mask=(4, 5)),
    C("BatchNormalization", {"renorm": True, "renorm_momentum": 0.8}, (6, 3), training=BOTH, half=0.1),
    C(
        "BatchNormalization",
        {"renorm": True, "renorm_clipping": {"rmax": 1.1, "rmin": 0.9, "dmax": 0.2}, "scale": False},
        (4, 5, 3),
        training=BOTH,
        half=0.1,
    ),
    C("LayerNormalization", {}, (4, 5, 3)),
    C("LayerNormalization", {"axis": (2, 1), "epsilon": 0.01, "gamma_initializer": "uniform"}, (4, 5, 3)),
    C("LayerNormalization", {"axis": 1, "center": False, "beta_regularizer": "l2"}, (4, 5, 3)),
    C("LayerNormalization", {"axis": [-1], "scale": False}, (4, 5, 3)),
    C("GroupNormalization", {"groups": 2}, (3, 5, 4)),
    C("GroupNormalization", {"groups": -1, "axis": 1}, (3, 4, 5)),
    C("GroupNormalization", {"groups": 1, "center": False}, (3, 2, 2, 4)),
    C("GroupNormalization", {"groups": 3, "axis": 2, "scale": False, "epsilon": 0.1}, (3, 2, 6, 4)),
    C("RMSNormalization", {}, (4, 5, 3)),
    C("RMSNormalization", {"axis": (1, 2), "epsilon": 0.01}, (4, 5, 3)),
    C("UnitNormalization", {}, (4, 5, 3)),
    C("UnitNormalization", {"axis": (1, 2)}, (4, 5, 3)),
]
