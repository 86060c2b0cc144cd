"""Cases of spectral_normalization.py."""

from tests.layers.cases import Case as C

CASES = [
    C("SpectralNormalization", lambda layers: {"layer": layers.Dense(3)}, (4, 5), training=(False, True)),
    C(
        "SpectralNormalization",
        lambda layers: {"layer": layers.Conv2D(3, 2), "power_iterations": 3},
        (2, 4, 4, 2),
        training=(False, True),
    ),
    C(
        "SpectralNormalization",
        lambda layers: {"layer": layers.Embedding(7, 3)},
        (4,),
        "int32",
        training=(False, True),
        skip=("parity:check_numbers",),  # Keras casts the vectors to the indices' integers
    ),
]
