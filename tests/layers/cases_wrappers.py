"""Cases of wrapper.py, time_distributed.py and bidirectional.py."""

from tests.layers.cases import Case as C

X, MASK = (3, 5, 4), (3, 5)
ALL = {"return_sequences": True, "return_state": True}
FEW = ("check_shapes", "check_half", "check_rows")


def pair(layer, merge_mode="concat", **more):
    """Two of a layer of 6 units; ``more`` goes to the layer."""
    return lambda layers: {"layer": getattr(layers, layer)(6, **more), "merge_mode": merge_mode}


def with_backward_layer(layers):
    """Two different layers."""
    return {
        "layer": layers.LSTM(3, **ALL, name="one"),
        "backward_layer": layers.GRU(3, go_backwards=True, **ALL),
        "merge_mode": "ave",
    }


CASES = [
    C("Bidirectional", pair("LSTM"), X, skip=("check_half",)),
    C("Bidirectional", pair("GRU", "sum", return_sequences=True), X, mask=MASK, skip=FEW),
    C(
        "Bidirectional",
        pair("SimpleRNN", "mul", **ALL),
        X,
        mask=MASK,
        skip=FEW,
        config_differs=("layer", "backward_layer"),
    ),
    C("Bidirectional", pair("GRU", None, return_sequences=True), X, mask=MASK, skip=FEW),
    C("Bidirectional", pair("GRU", None, return_state=True), X, mask=MASK, skip=FEW),
    C("Bidirectional", pair("LSTM", "ave"), X, skip=FEW),
    C(
        "Bidirectional", with_backward_layer, X, skip=(*FEW[1:], "parity:check_shapes")
    ),  # Keras counts the first layer's states twice
    C("TimeDistributed", lambda layers: {"layer": layers.Dense(6, activation="relu")}, X, skip=("check_half",)),
    C("TimeDistributed", lambda layers: {"layer": layers.Conv2D(2, 3)}, (2, 3, 6, 5, 1), skip=("check_half",)),
    C("TimeDistributed", lambda layers: {"layer": layers.LSTM(3)}, (2, 3, 5, 4), skip=FEW[1:]),
    C(
        "TimeDistributed",
        lambda layers: {"layer": layers.Flatten()},
        (2, 3, 5, 4),
        skip=("check_half",),
        config_differs=("layer",),
    ),
    C("TimeDistributed", lambda layers: {"layer": layers.Dense(6)}, X, mask=MASK, skip=("check_half",)),
]
