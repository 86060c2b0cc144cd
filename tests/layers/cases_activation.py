"""Cases of keraunos/layers/activation_layers.py."""

from tests.layers.cases import Case

C = Case
CASES = [
    C("Activation", {"activation": "relu"}),
    C("Activation", {"activation": "softmax"}, (2, 3, 4)),
    C("ReLU"),
    C("ReLU", {"max_value": 0.8, "negative_slope": 0.1, "threshold": 0.2}),
    C("LeakyReLU"),
    C("LeakyReLU", {"negative_slope": 0.5}, (2, 3, 4)),
    C("PReLU", {}, (4, 3, 2)),
    C("PReLU", {"shared_axes": [1], "alpha_initializer": "uniform", "alpha_regularizer": "l2"}, (4, 3, 2)),
    C("ELU"),
    C("ELU", {"alpha": 0.3}),
    C("Softmax"),
    C("Softmax", {"axis": 1}, (4, 3, 2)),
    C("Softmax", {"axis": [1, 2]}, (4, 3, 2)),
    C("Softmax", {}, (4, 3), mask=(4, 3)),
    C("Softmax", {"axis": [1, 2]}, (4, 3, 2), mask=(4, 3, 2)),
]
