"""Cases of identity.py, masking.py, rescaling.py, category_encoding.py, lambda_layer.py and normalization_layer.py."""

from tests.layers.cases import Case as C

STATISTICS = {"mean": [1.0, 2.0, 3.0], "variance": [1.0, 4.0, 0.25]}
ADAPTED = (
    "check_half",
    "parity:check_numbers",
)  # a weight that counts; test_core_layers.py and test_layers_core.py adapt

CASES = [
    C("Identity"),
    C("Identity", {}, (4, 2), "int32"),
    C("Masking", {"mask_value": 0.5}, (4, 5, 3)),
    C("Rescaling", {"scale": 0.5, "offset": 1.0}),
    C("Rescaling", {"scale": [1.0, 2.0, 3.0], "offset": [0.0, 1.0, 2.0]}, (4, 3), "uint8"),
    # Keras leaves sparse out.
    C("CategoryEncoding", {"num_tokens": 7, "output_mode": "one_hot"}, (4, 1), "int32", config_differs=("sparse",)),
    C("CategoryEncoding", {"num_tokens": 7, "output_mode": "one_hot"}, (4, 3), "int32", config_differs=("sparse",)),
    C("CategoryEncoding", {"num_tokens": 7}, (4, 3), "int32", config_differs=("sparse",)),
    C("CategoryEncoding", {"num_tokens": 7, "output_mode": "count"}, (4, 3), "int32", config_differs=("sparse",)),
    C("Lambda", lambda layers: {"function": abs, "arguments": {}}, skip=("check_config", "parity:check_config")),
    C("Normalization", STATISTICS),
    C("Normalization", {**STATISTICS, "invert": True}, (4, 2, 3)),
    C("Normalization", {"axis": 1}, (4, 2, 3), skip=ADAPTED),
    C("Normalization", {"axis": None}, (4, 2, 3), skip=ADAPTED),
    C("Normalization", {"axis": (1, 2)}, (4, 2, 3), skip=ADAPTED),
]
