"""Cases of dropout.py."""

from tests.layers.cases import Case as C

FIRST, BOTH = "channels_first", (None, False, True)
CASES = [
    C("Dropout", {"rate": 0.4}, (6, 5), training=BOTH),
    C("Dropout", {"rate": 0.4, "seed": 3, "noise_shape": (None, 1, None)}, (3, 4, 5), training=BOTH),
    C("Dropout", {"rate": 0.0}, training=BOTH),
    C("Dropout", {"rate": 1}, training=(True,)),
    C("SpatialDropout1D", {"rate": 0.4}, (3, 4, 5), training=BOTH),
    C("SpatialDropout2D", {"rate": 0.4, "data_format": FIRST}, (3, 4, 2, 2), training=BOTH),
    C("SpatialDropout3D", {"rate": 0.4, "seed": 1}, (3, 2, 2, 2, 4), training=BOTH),
    C("GaussianNoise", {"stddev": 0.3}, (6, 5), training=BOTH),
    C("GaussianNoise", {"stddev": 0}, (6, 5), training=(True,)),
    C("GaussianDropout", {"rate": 0.3, "seed": 5}, (6, 5), training=BOTH),
    C("AlphaDropout", {"rate": 0.3}, (6, 5), training=BOTH),
    C("AlphaDropout", {"rate": 0.3, "noise_shape": (None, 1)}, (6, 5), training=BOTH),
    C("ActivityRegularization", {"l1": 0.1, "l2": 0.2}),
]
